"""``import_file``: one file, read, checked and applied in one transaction, or not at all.

Decides nothing about rows; it carries chunks from the reader through the checker into the merge. A thread reads and
checks one chunk ahead, because PostgreSQL is busy with the one before it for about as long. At the first error merging
stops, while the checking goes on to the end of the file so that the report is complete.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg

from campaigns.calendar import jst_date
from campaigns.importing.applying import Changes, Merge, log_file
from campaigns.importing.checking import Batch, Checker
from campaigns.importing.columns import bind
from campaigns.importing.mapping import Mapping
from campaigns.importing.problems import Problems
from campaigns.importing.reading import TableFile
from campaigns.listing import refresh_progress

CHECK_ROWS = 1024  # checked at a time: what fits the processor's cache
MERGE_ROWS = 20_000  # merged at a time: PostgreSQL is busy with them while the next are checked


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is.

    Attributes:
        phase: ``checking`` (rows are read and staged), then ``merging``.
        done_bytes, total_bytes: of the file.
        rows: read so far.
    """

    phase: str
    done_bytes: int
    total_bytes: int
    rows: int


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


class _RollBack(Exception):  # no error: it only leaves the transaction
    pass


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


async def _ahead(batches: Iterator[Batch]) -> AsyncGenerator[Batch, None]:
    """`batches`, each made in a thread while the one before it is merged."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, "import") as pool:  # leaving it waits for the thread
        upcoming = loop.run_in_executor(pool, next, batches, None)
        try:
            while (batch := await upcoming) is not None:
                upcoming = loop.run_in_executor(pool, next, batches, None)
                yield batch
        finally:
            upcoming.cancel()


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Without the cycle collector: rows make no cycles, but it would walk all that is kept of them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


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
        TooManyAbsent: see ``applying.merge``.
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
        changes = Changes()
        with suppress(_RollBack), _no_garbage():
            async with conn.transaction():
                merge = Merge(conn, mapping, now=now, today=today)
                await merge.begin()
                async with aclosing(_ahead(_batches(table, checker))) as ahead:
                    async for batch in ahead:
                        if not problems.errors:
                            await merge.add(batch)
                        progress(Progress("checking", table.position, table.size, checker.rows))
                if problems.errors:
                    raise _RollBack
                progress(Progress("merging", table.size, table.size, checker.rows))
                await merge.finish(checker)
                changes = Changes(**merge.changes)
                await log_file(
                    conn, sha256=table.sha256, mapping=mapping.name, file_name=path.name, rows=checker.rows,
                    changed=changes.any, now=now,
                )  # fmt: skip
                if changes.any:
                    await refresh_progress(conn, None)  # last, because it keeps other writers of the lists waiting
                if dry_run:
                    raise _RollBack
    applied = not dry_run and not problems.errors
    return ImportResult(
        path.name, mapping.name, table.encoding, applied, dry_run, checker.rows, len(checker.persons),
        columns.unused, problems, changes,
    )  # fmt: skip
