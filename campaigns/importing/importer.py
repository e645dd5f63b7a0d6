"""``import_file``: one file, read, checked and applied in one transaction, or not at all.

Decides nothing about rows; it carries chunks from the reader through the checker into the merge (``pipeline``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg

from campaigns.calendar import jst_date
from campaigns.importing.applying import Changes, Merge, log_file
from campaigns.importing.checking import Batch, Checker
from campaigns.importing.columns import bind
from campaigns.importing.mapping import Mapping
from campaigns.importing.pipeline import CHECK_ROWS, Progress, drive
from campaigns.importing.problems import Problems
from campaigns.importing.reading import TableFile
from campaigns.listing import refresh_progress

__all__ = ["ImportResult", "Progress", "import_file"]

MERGE_ROWS = 20_000  # merged at a time: PostgreSQL is busy with them while the next are checked


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of one file.

    Attributes:
        applied: the file is in the database (also when it changed nothing); False on any error and on a dry run.
        rows: below the header; `problems.bad_rows` of them are bad.
        persons: different addressee numbers in good rows.
        unused_columns: columns of the file that the mapping does not name.
    """

    file_name: str
    mapping: str
    encoding: str
    applied: bool
    dry_run: bool
    rows: int
    persons: int
    unused_columns: list[str]
    problems: Problems
    changes: Changes = field(default_factory=Changes)

    @property
    def ok(self) -> bool:
        """No error; there may be warnings."""
        return self.problems.errors == 0

    @property
    def good_rows(self) -> int:
        """Rows without an error."""
        return self.rows - self.problems.bad_rows


def _batches(table: TableFile, checker: Checker) -> Iterator[Batch]:
    """The checked rows of `table`, ``MERGE_ROWS`` at a time."""
    batch, done = Batch([], [], []), 0
    for chunk in table.chunks(CHECK_ROWS):
        part = checker.check(chunk)
        batch.persons.extend(part.persons)
        batch.phones.extend(part.phones)
        batch.debts.extend(part.debts)
        if checker.rows - done >= MERGE_ROWS:
            yield batch
            batch, done = Batch([], [], []), checker.rows
    if checker.rows > done:
        yield batch


async def import_file(
    conn: asyncpg.Connection,
    path: Path,
    mapping: Mapping,
    *,
    now: datetime,
    progress: Callable[[Progress], None],
    dry_run: bool = False,
) -> ImportResult:
    """Read, check and apply the file at `path`.

    Args:
        conn: outside a transaction; its command timeout should allow for the merge (some seconds for 60,000 rows).
        path: the city's file.
        mapping: from ``load_mapping``.
        now: aware; the moment of the import.
        progress: called after each ``MERGE_ROWS`` rows.
        dry_run: do all of it, then roll back; the counts are those of a real run.

    Returns:
        The result; when `problems` has errors, nothing was changed.

    Raises:
        FileFault: the file can't be read as a table.
        ImportBusy: another import runs.
        TooManyAbsent: see ``applying.Merge.finish``.
        asyncpg.PostgresError: the database refused; nothing was changed.

    Source: DATA-1, DATA-3, CALL-9.
    """
    today = jst_date(now)
    problems = Problems()
    with TableFile(path, mapping.encoding, mapping.delimiter) as table:
        columns, missing = bind(mapping, table.header, today)
        problems.extend(missing)
        if missing:
            return ImportResult(path.name, mapping.name, table.encoding, False, dry_run, 0, 0, [], problems)
        checker = Checker(mapping, columns, problems)
        merge = Merge(conn, mapping, now=now, today=today)

        async def finish() -> None:
            progress(Progress("merging", table.size, table.size, checker.rows))
            await merge.finish(checker)
            changed = Changes(**merge.changes).any
            await log_file(
                conn, sha256=table.sha256, mapping=mapping.name, file_name=path.name, rows=checker.rows,
                changed=changed, now=now,
            )  # fmt: skip
            if changed:
                await refresh_progress(conn, None)  # last, because it keeps other writers of the lists waiting

        applied = await drive(
            conn, table, _batches(table, checker), problems, begin=merge.begin, add=merge.add, finish=finish,
            rows=lambda: checker.rows, progress=progress, dry_run=dry_run,
        )  # fmt: skip
        changes = Changes() if problems.errors else Changes(**merge.changes)
    return ImportResult(
        path.name, mapping.name, table.encoding, applied, dry_run, checker.rows, len(checker.persons),
        columns.unused, problems, changes,
    )  # fmt: skip
