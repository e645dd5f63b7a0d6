"""``dialer import-payments``, ``import-history`` and the files that ``dialer generate`` makes for them."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from tests.fixtures_commands import Dialer


async def test_what_is_generated_can_be_imported(dialer: Dialer, db: asyncpg.Connection) -> None:
    """People, their past and their payments, all from one seed; progress on stderr, the result on stdout."""
    made = dialer("generate", "people.csv", "--rows", "400", "--mapping", "sendai",
                  "--history", "history.csv", "--payments", "payments.csv", "--until", "2026-01-31")  # fmt: skip
    assert made.returncode == 0, made.stderr
    assert dialer("import", "people.csv", "--mapping", "sendai").returncode == 0
    history = dialer("import-history", "history.csv", "--mapping", "sendai")
    assert (history.returncode, "取り込みました（過去の通話 新規" in history.stdout) == (0, True), history.stderr
    assert "反映 100%" in history.stderr
    payments = dialer("import-payments", "payments.csv", "--mapping", "sendai", "--report", "report.csv")
    assert (payments.returncode, "納付済になった期別" in payments.stdout) == (0, True), payments.stderr
    assert await db.fetchval("SELECT count(*) FROM pick_up") > 50
    assert await db.fetchval("SELECT count(*) FROM debt_item WHERE paid_on IS NOT NULL") > 5


async def test_a_file_that_is_refused_ends_with_status_1_and_a_report(
    dialer: Dialer, db: asyncpg.Connection, tmp_path: Path
) -> None:
    """Payments of debts that nobody handed over, with --strict; the report holds no value of the file."""
    (tmp_path / "payments.csv").write_text(
        "税目(料),賦課,通知書番号,期別,納付日,納付額\n市税,2025,X123456,1,20260110,1000\n", encoding="utf-8"
    )
    result = dialer("import-payments", "payments.csv", "--mapping", "niigata", "--strict", "--report", "report.csv")
    assert result.returncode == 1
    assert "取り込みませんでした" in result.stdout
    report = (tmp_path / "report.csv").read_text(encoding="utf-8-sig")
    assert "2,通知書番号,誤り,item_unknown" in report
    for text in (report, result.stdout, result.stderr):
        assert "X123456" not in text
    assert await db.fetchval("SELECT count(*) FROM import_file") == 0
