"""Section ``import``: 60,000 rows with validation against bare parsing and COPY (``bench/import_bench.py``)."""

from __future__ import annotations

from pathlib import Path

from bench import import_bench
from bench.bench_site import Report
from bench.figures import Figure, at_most

ROWS = 60_000
ROUNDS = 3


async def run(folder: Path, report: Report, *, rows: int = ROWS, rounds: int = ROUNDS) -> list[Figure]:
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    report(f"{rounds} rounds of {rows:,} rows, each way in turns")
    found = await import_bench.measure(rows, rounds, folder)
    goal = at_most(import_bench.LIMIT_RATIO)
    return [
        Figure("import", f"{rows:,} rows, bare parse and COPY", found["bare_s"], "s"),
        Figure("import", f"{rows:,} rows, import of new people", found["first_import_s"], "s"),
        Figure("import", "new people ÷ bare", found["ratio_first"], "", goal, "bare parse and COPY: 1"),
        Figure("import", "the same file again ÷ bare", found["ratio_again"], "", goal),
    ]
