"""A file's bytes → rows of text with the line on which each begins.

Decides the encoding: the mapping's if it fixes one, else by byte order mark, else UTF-8 if every byte fits, else
CP932. Bytes that fit nowhere become U+FFFD and are reported by the converters with line and column. The quoting is
RFC 4180's, read strictly; cells may hold line breaks.

Invariant: the file is read in blocks; no more than one chunk of rows is in memory.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from campaigns.importing.faults import FileFault

MAX_BYTES = 2**30
MAX_ROWS = 2_000_000
MAX_COLUMNS = 500
_BLOCK = 2**20
_END_OF_FILE = "\x1a"  # some hosts end a text file with it
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows in the order of the file.

    Attributes:
        rows: cells of each row.
        lines: physical line on which each row begins.
        broken: lines on which the quoting broke; their rows are left out.
    """

    rows: list[list[str]]
    lines: list[int]
    broken: list[int]


class TableFile:
    """An opened file; a context manager.

    Attributes:
        header: the first row, as written.
        encoding: Python's name of the encoding found.
        size: bytes.
        sha256: of the whole file, hexadecimal.

    Raises:
        FileFault: on opening: missing, empty, too large, no text; see the message.
    """

    def __init__(self, path: Path, encoding: str = "auto", delimiter: str = ",") -> None:
        try:
            self._raw = path.open("rb")
        except OSError as error:
            raise FileFault(f"ファイルを開けません: {error.strerror}") from error
        try:
            self.size = path.stat().st_size
            if self.size > MAX_BYTES:
                raise FileFault(f"ファイルが大きすぎます（上限 {MAX_BYTES // 2**20} MB）")
            self.sha256 = hashlib.file_digest(self._raw, "sha256").hexdigest()
            self._raw.seek(0)
            self.encoding = _probe(self._raw, encoding)
            self._raw.seek(0)
            text = io.TextIOWrapper(self._raw, encoding=self.encoding, errors="replace", newline="")
            self._reader = csv.reader(text, delimiter=delimiter, strict=True)
            self.header = self._first_row()
        except BaseException:
            self._raw.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._raw.close()

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._raw.tell()

    def _first_row(self) -> list[str]:
        try:
            header = next(self._reader, None)
        except csv.Error as error:
            raise FileFault("見出しの行を読めません（引用符の閉じ方を確かめてください）") from error
        if not header:
            raise FileFault("ファイルが空か、1行目に見出しがありません")
        if len(header) > MAX_COLUMNS:
            raise FileFault(f"列が多すぎます（上限 {MAX_COLUMNS}）")
        if any("\0" in name for name in header):
            raise FileFault(
                "文字の並びが UTF-8・CP932 ではありません（BOM のない UTF-16 なら対応表で encoding を指定）"
            )
        return header

    def chunks(self, size: int) -> Iterator[Chunk]:
        """The rows below the header, `size` at a time; blank lines are left out.

        Raises:
            FileFault: more than ``MAX_ROWS`` rows.
        """
        reader = self._reader
        total = 0
        while True:
            chunk = Chunk([], [], [])
            begins = reader.line_num + 1
            more = True
            while len(chunk.rows) < size:
                try:
                    row = next(reader)
                except StopIteration:
                    more = False
                    break
                except csv.Error:
                    chunk.broken.append(begins)
                else:
                    if row and row != [_END_OF_FILE]:
                        chunk.rows.append(row)
                        chunk.lines.append(begins)
                begins = reader.line_num + 1
            total += len(chunk.rows)
            if total > MAX_ROWS:
                raise FileFault(f"行が多すぎます（上限 {MAX_ROWS:,} 行）")
            if chunk.rows or chunk.broken:
                yield chunk
            if not more:
                return


def _probe(raw: BinaryIO, wanted: str) -> str:
    """The encoding to decode with."""
    start = raw.read(len(codecs.BOM_UTF8))
    by_bom = next((name for bom, name in _BOMS if start.startswith(bom)), None)
    if by_bom is not None and wanted in ("auto", "utf-8", "utf-16"):
        return by_bom
    if wanted == "utf-16":
        raise FileFault("UTF-16 の BOM がありません（対応表で utf-16-le か utf-16-be を指定してください）")
    if wanted != "auto":
        return wanted
    utf8_until = _fits_until(raw, "utf-8")
    if utf8_until is None:
        return "utf-8"
    cp932_until = _fits_until(raw, "cp932")
    # Neither fits: the one that broke later is the likelier; its broken bytes are reported row by row.
    return "cp932" if cp932_until is None or cp932_until > utf8_until else "utf-8"


def _fits_until(raw: BinaryIO, encoding: str) -> int | None:
    """Offset up to which `encoding` fits strictly; None when it fits to the end."""
    raw.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    offset = 0
    while block := raw.read(_BLOCK):
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            return offset + error.start
        offset += len(block)
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return offset
    return None
