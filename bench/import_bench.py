"""Import of a city's file against the least that any import must do, side by side on one private PostgreSQL.

The bare script decodes the file, parses its CSV, makes dates and integers, and COPYs the rows into one table with a
primary key; it checks nothing and merges nothing. It is run twice: with ``strptime`` for its dates, as
one would write it (the limit is set against this one), and with dates cut out by hand, as fast as Python goes. Ours
validates every cell and merges households, persons, numbers and debts into six tables with foreign keys. They take
turns; the medians are compared. Printed as a table, or with ``--json`` as one JSON object.

    .venv/bin/python bench/import_bench.py [--rows 60000] [--rounds 3] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import asyncpg

from campaigns.importing.importer import Progress, import_file
from campaigns.importing.mapping import load_mapping
from dialer.clock import SystemClock
from dialer.db.migrate import migrate
from dialer.simulation.people_file import write_people
from dialer.site.postgres import PrivatePostgres

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
LIMIT_RATIO = 3.0
BARE_TABLE = """
CREATE TABLE bare (
    addressee_no text, household_no text, name text, kana text, postal_code text, address text, born_on date,
    debt_type text, assessment_year smallint, levy_year smallint, notice_no text, instalment smallint, due_on date,
    principal_yen bigint, late_charge_yen bigint, remark text, paid_on date, contact_stop smallint,
    phone1 text, phone2 text, phone3 text,
    PRIMARY KEY (debt_type, levy_year, notice_no, instalment))
"""


Day = Callable[[str], date | None]


def _plain_day(text: str) -> date | None:
    return datetime.strptime(text, "%Y%m%d").date() if text else None  # noqa: DTZ007  # a day has no time zone


def _tuned_day(text: str) -> date | None:
    return date(int(text[:4]), int(text[4:6]), int(text[6:])) if text else None


def _bare_rows(path: Path, day: Day) -> list[tuple[object, ...]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        reader = csv.reader(source)
        next(reader)
        return [
            (
                *r[:6], day(r[6]), r[7], int(r[8]), int(r[9]), r[10], int(r[11]), day(r[12]), int(r[13]),
                int(r[14]) if r[14].isdigit() else None, r[15], day(r[16]), int(r[17]), *r[18:],
            )
            for r in reader
        ]  # fmt: skip


async def _bare(conn: asyncpg.Connection, path: Path, day: Day) -> float:
    begun = time.perf_counter()
    await conn.execute(BARE_TABLE)
    await conn.copy_records_to_table("bare", records=_bare_rows(path, day))
    took_s = time.perf_counter() - begun
    await conn.execute("DROP TABLE bare")
    return took_s


async def _ours(conn: asyncpg.Connection, path: Path) -> float:
    def silent(progress: Progress) -> None:
        pass

    begun = time.perf_counter()
    result = await import_file(conn, path, load_mapping("niigata"), now=NOW, progress=silent)
    took_s = time.perf_counter() - begun
    assert result.applied, result.problems.kept[:5]
    return took_s


async def measure(rows: int, rounds: int, folder: Path) -> dict[str, float]:
    """Median seconds of each, and their ratio."""
    server = PrivatePostgres(folder / "pg", SystemClock())
    path = folder / "people.csv"
    write_people(path, load_mapping("niigata"), rows, seed=1)
    await server.start()
    try:
        template = await asyncpg.connect(server.dsn())
        await migrate(template, SystemClock())
        await template.close()
        times: dict[str, list[float]] = {
            "bare_s": [],
            "bare_tuned_s": [],
            "first_import_s": [],
            "same_file_again_s": [],
        }
        for turn in range(rounds):
            admin = await asyncpg.connect(server.dsn("postgres"))
            await admin.execute(f"CREATE DATABASE turn{turn} TEMPLATE tsunagu")
            await admin.close()
            conn = await asyncpg.connect(server.dsn(f"turn{turn}"), server_settings={"timezone": "UTC"})
            times["bare_s"].append(await _bare(conn, path, _plain_day))
            times["bare_tuned_s"].append(await _bare(conn, path, _tuned_day))
            times["first_import_s"].append(await _ours(conn, path))
            times["same_file_again_s"].append(await _ours(conn, path))
            await conn.close()
    finally:
        await server.stop()
    found = {name: statistics.median(values) for name, values in times.items()}
    return {
        "rows": rows,
        "file_mb": path.stat().st_size / 1e6,
        **found,
        "ratio_first": found["first_import_s"] / found["bare_s"],
        "ratio_again": found["same_file_again_s"] / found["bare_s"],
        "ratio_first_to_tuned": found["first_import_s"] / found["bare_tuned_s"],
        "ratio_again_to_tuned": found["same_file_again_s"] / found["bare_tuned_s"],
        "limit_ratio": LIMIT_RATIO,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tsunagu-bench-") as folder:
        Path(folder).chmod(0o755)
        found = asyncio.run(measure(options.rows, options.rounds, Path(folder)))
    if options.json:
        print(json.dumps(found))
        return
    print(f"{found['rows']:,} rows, {found['file_mb']:.1f} MB, median of {options.rounds}")
    print(f"{'':26}{'seconds':>10}{'of bare':>10}{'of tuned':>10}")
    for label, key in (
        ("bare parse + COPY", "bare_s"),
        ("bare, tuned dates", "bare_tuned_s"),
        ("import, new people", "first_import_s"),
        ("import, same file again", "same_file_again_s"),
    ):
        took_s = found[key]
        print(f"{label:26}{took_s:>10.2f}{took_s / found['bare_s']:>10.2f}{took_s / found['bare_tuned_s']:>10.2f}")
    print(f"limit: {LIMIT_RATIO:.0f} times bare")


if __name__ == "__main__":
    main()
