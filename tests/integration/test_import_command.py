"""``dialer import`` and ``dialer generate`` as a person runs them; of every kind of import, what is refused."""

from __future__ import annotations

from pathlib import Path

import asyncpg
import pytest

from campaigns.importing.mapping import MAPPINGS
from tests.fixtures_commands import Dialer


async def test_a_generated_file_is_imported_and_again_without_change(dialer: Dialer, db: asyncpg.Connection) -> None:
    """The whole way of `make demo`'s people, with plain lines of progress where there is no terminal."""
    made = dialer("generate", "people.csv", "--rows", "500", "--seed", "5", "--script", "--population", "pop.csv")
    assert made.returncode == 0, made.stderr
    first = dialer("import", "people.csv", "--mapping", "niigata")
    assert first.returncode == 0, first.stderr
    assert "正しい行: 500" in first.stdout
    assert "取り込みました" in first.stdout
    assert "読込・検査 100%" in first.stderr
    assert await db.fetchval("SELECT count(*) FROM debt_item") == 500
    again = dialer("import", "people.csv", "--mapping", "niigata")
    assert again.returncode == 0
    assert "何も変わりませんでした" in again.stdout


async def test_a_bad_file_ends_with_status_1_and_a_report(
    dialer: Dialer, db: asyncpg.Connection, tmp_path: Path
) -> None:
    """The report goes to the city; it holds neither names nor numbers."""
    sample = (MAPPINGS / "samples" / "niigata.csv").read_text(encoding="utf-8-sig").splitlines()
    sample[3] = sample[3].replace("2023", "20x3", 1)
    sample[5] = sample[5].replace("090-", "0990-").replace("070-", "0990-").replace("060-", "0990-")
    (tmp_path / "bad.csv").write_text("\r\n".join(sample), encoding="cp932", errors="replace")
    result = dialer("import", "bad.csv", "--mapping", "niigata", "--report", "report.csv")
    assert result.returncode == 1
    assert "取り込みませんでした" in result.stdout
    assert "4行目 調定: 年度として読めません" in result.stdout
    report = (tmp_path / "report.csv").read_text(encoding="utf-8-sig")
    assert "year_invalid" in report
    for text in (report, result.stdout, result.stderr):
        assert "0990" not in text
        assert not any(line.split(",")[2] in text for line in sample[1:])
    assert await db.fetchval("SELECT count(*) FROM debtor") == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("import", "none.csv", "--mapping", "niigata"), "none.csv"),
        (("import", "empty.csv", "--mapping", "niigata"), "見出し"),
        (("import", "empty.csv", "--mapping", "tokyo"), "tokyo"),
        (("import-payments", "none.csv", "--mapping", "niigata"), "none.csv"),
        (("import-history", "empty.csv", "--mapping", "niigata"), "見出し"),
        (("import-history", "empty.csv", "--mapping", "tokyo"), "tokyo"),
        (("generate", "people.csv", "--rows", "0"), "rows"),
        (("generate", "none/people.csv"), "No such file"),
    ],
)
def test_what_is_wrong_is_one_clear_line(dialer: Dialer, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """No trace on the screen of a clerk."""
    (tmp_path / "empty.csv").touch()
    result = dialer(*arguments)
    assert result.returncode != 0
    assert said in result.stderr
    assert "Traceback" not in result.stderr
