"""Records of a former system, as Niigata's writes them, and their import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg

from campaigns.importing.history.importer import import_history
from campaigns.importing.history.mapping import HistoryMapping, load_history_mapping
from campaigns.importing.intake import IntakeResult
from tests.fixtures_people import TUESDAY

NIIGATA = load_history_mapping("niigata")
HEADER = "宛名番号,処理日,処理時刻,区分,架電番号,結果\n"


def call(
    no: str, day: str = "20261119", time: str = "1000", way: str = "架電", number: str = "", result: str = "不在"
) -> str:
    """One record; 2026-11-19 is a Thursday."""
    return f"{no},{day},{time},{way},{number},{result}\n"


async def import_rows(
    conn: asyncpg.Connection, folder: Path, *rows: str, mapping: HistoryMapping = NIIGATA, **options: Any
) -> IntakeResult:
    """Import these rows as one file."""
    file = folder / "history.csv"
    file.write_text(HEADER + "".join(rows), encoding="utf-8")
    return await import_history(conn, file, mapping, now=TUESDAY, progress=lambda _: None, **options)
