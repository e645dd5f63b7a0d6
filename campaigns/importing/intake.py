"""A file of payments or past records, taken in: opened, checked, staged and merged in one transaction, or not at all.

Decides what all such files have in common: the lock, the log of files, the dry run, what is counted. What a row means
is decided in ``payments/`` and ``history/``. Unlike a debts' file, rows are first staged to the end of the file and
then merged by a few statements, because rows alike must be counted over the whole file.

Invariants: a file with one error changes nothing; the same file again changes nothing, and is not logged again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from campaigns.importing.applying import COPY_TIMEOUT_S, take_lock
from campaigns.importing.pipeline import Progress, drive
from campaigns.importing.problems import Problem, Problems
from campaigns.importing.queries import queries
from campaigns.importing.reading import Chunk, TableFile

Record = tuple[Any, ...]
Batch = dict[str, list[Record]]
"""Rows for staging tables, by the table's name."""

CHECK_ROWS = 1024  # checked at a time: what fits the processor's cache
STAGE_ROWS = 20_000  # staged at a time


@dataclass(frozen=True, slots=True)
class IntakeResult:
    """What became of one file.

    Attributes:
        mapping: kind and name, for example ``payments/niigata``.
        applied: the file is in the database (also when it changed nothing); False on any error and on a dry run.
        rows: below the header; `problems.bad_rows` of them are bad.
        left_out: good rows that were not used, each with a warning.
        skipped: rows that the mapping itself leaves out.
        unused_columns: columns of the file that the mapping does not name.
        changes: rows changed, by name.
    """

    file_name: str
    mapping: str
    encoding: str
    applied: bool
    dry_run: bool
    rows: int
    left_out: int
    skipped: int
    unused_columns: list[str]
    problems: Problems
    changes: Mapping[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """No error; there may be warnings."""
        return self.problems.errors == 0

    @property
    def changed(self) -> bool:
        """Something in the database is (or, on a dry run, would be) different now."""
        return any(self.changes.values())


class Format(Protocol):
    """How a file is read; part of every mapping."""

    @property
    def encoding(self) -> str: ...
    @property
    def delimiter(self) -> str: ...


class Intake(Protocol):
    """One kind of file."""

    @property
    def mapping_name(self) -> str:
        """Kind and name, for the log of files."""
        ...

    @property
    def stages(self) -> Mapping[str, Sequence[str]]:
        """Staging tables and their columns, in the order of a record."""
        ...

    @property
    def rows(self) -> int:
        """Seen so far, good and bad."""
        ...

    @property
    def left_out(self) -> int: ...

    @property
    def skipped(self) -> int: ...

    def bind(self, header: Sequence[str], problems: Problems) -> list[str]:
        """Find the mapping's columns; return those that are not used. `problems` takes all that are found later."""
        ...

    def check(self, chunk: Chunk) -> Batch:
        """What the good rows of `chunk` add. Called in a thread."""
        ...

    async def begin(self, conn: asyncpg.Connection) -> None:
        """Make the staging tables."""
        ...

    async def merge(self, conn: asyncpg.Connection, import_id: int, tell: Callable[[float], None]) -> Mapping[str, int]:
        """Bring what is staged into the tables; return the changes. `tell`: the share of the merge that is done."""
        ...


async def take_in(
    conn: asyncpg.Connection,
    path: Path,
    form: Format,
    intake: Intake,
    *,
    now: datetime,
    progress: Callable[[Progress], None],
    dry_run: bool,
) -> IntakeResult:
    """Read, check and apply the file at `path`.

    Args:
        conn: outside a transaction.
        form: of the mapping.
        intake: fresh, of the file's kind.
        now: aware; the moment of the import.
        progress: called now and then.
        dry_run: do all of it, then roll back; the counts are those of a real run.

    Raises:
        FileFault: the file can't be read as a table.
        ImportBusy: another import runs.
        asyncpg.PostgresError: the database refused; nothing was changed.
    """
    problems = Problems()
    changes: Mapping[str, int] = {}
    applied = False
    with TableFile(path, form.encoding, form.delimiter) as table:
        unused = intake.bind(table.header, problems)

        async def begin() -> None:
            await take_lock(conn)
            await intake.begin(conn)

        async def stage(batch: Batch) -> None:
            for name, records in batch.items():
                await conn.copy_records_to_table(
                    name, records=records, columns=intake.stages[name], schema_name="pg_temp", timeout=COPY_TIMEOUT_S
                )  # fmt: skip

        async def finish() -> None:
            nonlocal changes
            of_file = {"sha256": table.sha256, "mapping": intake.mapping_name}
            import_id = await queries.open_file(conn, **of_file, file_name=path.name, rows=intake.rows, now=now)

            def tell(share: float) -> None:
                progress(Progress("merging", int(share * table.size), table.size, intake.rows))

            tell(0.0)
            changes = await intake.merge(conn, import_id, tell)
            if not any(changes.values()):
                await queries.forget_file(conn, **of_file, import_id=import_id)

        if not problems.errors:
            applied = await drive(
                conn, table, _batches(table, intake), problems, begin=begin, add=stage, finish=finish,
                rows=lambda: intake.rows, progress=progress, dry_run=dry_run,
            )  # fmt: skip
    return IntakeResult(
        path.name, intake.mapping_name, table.encoding, applied, dry_run, intake.rows, intake.left_out,
        intake.skipped, unused, problems, {} if problems.errors else changes,
    )  # fmt: skip


def _batches(table: TableFile, intake: Intake) -> Iterator[Batch]:
    """The checked rows of `table`, about ``STAGE_ROWS`` at a time."""
    batch: Batch = {name: [] for name in intake.stages}
    done = 0
    for chunk in table.chunks(CHECK_ROWS):
        for name, records in intake.check(chunk).items():
            batch[name].extend(records)
        if intake.rows - done >= STAGE_ROWS:
            yield batch
            batch, done = {name: [] for name in intake.stages}, intake.rows
    if intake.rows > done:
        yield batch


def report(problems: Problems, found: list[Problem]) -> None:
    """Add what one chunk had, in the order of its lines."""
    problems.bad_rows += len({problem.line for problem in found if not problem.is_warning})
    problems.extend(sorted(found, key=lambda problem: problem.line))
