"""Bytes to rows: encodings, quoting, line numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.importing.faults import FileFault
from campaigns.importing.reading import TableFile

TEXT = "番号,氏名\r\n1,髙﨑\r\n2,邉\r\n"


def _read(path: Path, **options: str) -> tuple[list[list[str]], list[int], list[int]]:
    with TableFile(path, **options) as table:
        chunks = list(table.chunks(2))
    return (
        [table.header] + [row for c in chunks for row in c.rows],
        [line for c in chunks for line in c.lines],
        [line for c in chunks for line in c.broken],
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp932"])
def test_each_encoding_is_read_alike(tmp_path: Path, encoding: str) -> None:
    """The "UNICODE CSV" of seed I and the CP932 of older systems are found out without being told."""
    file = tmp_path / "f.csv"
    bom = "\ufeff" if encoding in ("utf-16-le", "utf-16-be") else ""
    file.write_bytes((bom + TEXT).encode(encoding))
    assert _read(file) == ([["番号", "氏名"], ["1", "髙﨑"], ["2", "邉"]], [2, 3], [])


def test_utf16_without_a_mark_needs_the_mapping(tmp_path: Path) -> None:
    """Guessing would read some files wrongly; the error says what to do."""
    file = tmp_path / "f.csv"
    file.write_bytes("no,name\r\n1,A\r\n".encode("utf-16-le"))
    with pytest.raises(FileFault, match="UTF-16"):
        _read(file)
    assert _read(file, encoding="utf-16-le")[0] == [["no", "name"], ["1", "A"]]
    with pytest.raises(FileFault, match="BOM"):
        _read(file, encoding="utf-16")


def test_broken_bytes_stay_in_their_line(tmp_path: Path) -> None:
    """One bad byte in a long UTF-8 file does not turn the whole file into CP932."""
    file = tmp_path / "f.csv"
    file.write_bytes(TEXT.encode() + b"3,\xe9\x82\r\n4,OK\r\n")
    rows, lines, _ = _read(file)
    assert rows[3] == ["3", "\ufffd"]
    assert rows[4] == ["4", "OK"]
    assert lines == [2, 3, 4, 5]


def test_a_cell_may_hold_line_breaks_and_separators(tmp_path: Path) -> None:
    """Line numbers are those that an editor shows."""
    file = tmp_path / "f.csv"
    file.write_text('a,b\r\n1,"x\r\ny"\r\n\r\n2,"p,""q"""\r\n3,z', encoding="utf-8", newline="")
    assert _read(file) == ([["a", "b"], ["1", "x\r\ny"], ["2", 'p,"q"'], ["3", "z"]], [2, 5, 6], [])


def test_tabs_separate_where_the_mapping_says_so(tmp_path: Path) -> None:
    """Excel's "Unicode text"."""
    file = tmp_path / "f.txt"
    file.write_text("a\tb\n1,5\t2\n", encoding="utf-16")
    assert _read(file, delimiter="\t")[0] == [["a", "b"], ["1,5", "2"]]


def test_broken_quoting_is_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    """A stray quote costs its own line only."""
    file = tmp_path / "f.csv"
    file.write_text('a,b\n1,"x"y\n2,z\n3,"open\n', encoding="utf-8")
    rows, lines, broken = _read(file)
    assert rows == [["a", "b"], ["2", "z"]]
    assert lines == [3]
    assert broken == [2, 4]


def test_the_end_sign_of_old_hosts_is_no_row(tmp_path: Path) -> None:
    """Ctrl-Z."""
    file = tmp_path / "f.csv"
    file.write_bytes(b"a,b\r\n1,2\r\n\x1a")
    assert _read(file)[0] == [["a", "b"], ["1", "2"]]


@pytest.mark.parametrize("content", [b"", b"\r\n", b"\xef\xbb\xbf"])
def test_a_file_without_a_header_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty export is a fault of the export."""
    file = tmp_path / "f.csv"
    file.write_bytes(content)
    with pytest.raises(FileFault, match="見出し"):
        _read(file)


def test_a_missing_file_is_one_clear_error(tmp_path: Path) -> None:
    """No trace, no path of the machine."""
    with pytest.raises(FileFault, match="開けません"):
        TableFile(tmp_path / "none.csv")


def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    """Absurd sizes end early."""
    file = tmp_path / "f.csv"
    file.write_text(",".join("c" * 1000) + "\n", encoding="utf-8")
    with pytest.raises(FileFault, match="列が多すぎ"):
        _read(file)
