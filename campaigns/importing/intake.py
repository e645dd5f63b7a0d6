"""A file of payments or past records, taken in: opened, checked, staged and merged in one transaction, or not at all.

Decides what all such files have in common: the lock, the log of files, the dry run, what is counted. What a row means
is decided in ``payments/`` and ``history/``. Unlike a debts' file, rows are first staged to the end of the file and
then merged by a few statements, because rows alike must be counted over the whole file.

Invariants: a file with one error changes nothing; the same file again changes nothing, and is not logged again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Generic, Protocol, TypeVar

import asyncpg

from campaigns.importing.applying import COPY_TIMEOUT_S, take_lock
from campaigns.importing.intake_checking import Batch, RowChecker
from campaigns.importing.pipeline import CHECK_ROWS, Progress, drive
from campaigns.importing.problems import Problems
from campaigns.importing.queries import queries
from campaigns.importing.reading import TableFile

CheckerT = TypeVar("CheckerT", bound=RowChecker)

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


class Intake(ABC, Generic[CheckerT]):
    """One file of one kind: its checker, and how what it staged is brought into the tables.

    Args:
        checker: of this file, fresh.

    Attributes:
        stages: staging tables and their columns, in the order of a record.
        checker: as given.
    """

    stages: ClassVar[Mapping[str, Sequence[str]]]

    def __init__(self, checker: CheckerT) -> None:
        self.checker = checker

    @abstractmethod
    async def begin(self, conn: asyncpg.Connection) -> None:
        """Make the staging tables."""

    @abstractmethod
    async def merge(self, conn: asyncpg.Connection, import_id: int, tell: Callable[[float], None]) -> Mapping[str, int]:
        """Bring what is staged into the tables; return the changes. `tell`: the share of the merge that is done."""


async def take_in(
    conn: asyncpg.Connection,
    path: Path,
    form: Format,
    open_intake: Callable[[Sequence[str], Problems], Intake[CheckerT]],
    *,
    mapping_name: str,
    now: datetime,
    progress: Callable[[Progress], None],
    dry_run: bool,
) -> IntakeResult:
    """Read, check and apply the file at `path`.

    Args:
        conn: outside a transaction.
        form: of the mapping.
        open_intake: given the file's header, and the problems that take all that is wrong with it.
        mapping_name: kind and name, for the log of files.
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
        intake = open_intake(table.header, problems)
        checker = intake.checker

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
            of_file = {"sha256": table.sha256, "mapping": mapping_name}
            import_id = await queries.open_file(conn, **of_file, file_name=path.name, rows=checker.rows, now=now)

            def tell(share: float) -> None:
                progress(Progress("merging", int(share * table.size), table.size, checker.rows))

            tell(0.0)
            changes = await intake.merge(conn, import_id, tell)
            if not any(changes.values()):
                await queries.forget_file(conn, **of_file, import_id=import_id)

        if not problems.errors:
            applied = await drive(
                conn, table, _batches(table, intake.stages, checker), problems, begin=begin, add=stage, finish=finish,
                rows=lambda: checker.rows, progress=progress, dry_run=dry_run,
            )  # fmt: skip
    return IntakeResult(
        path.name, mapping_name, table.encoding, applied, dry_run, checker.rows, checker.left_out,
        checker.skipped, checker.unused, problems, {} if problems.errors else changes,
    )  # fmt: skip


def _batches(table: TableFile, stages: Iterable[str], checker: RowChecker) -> Iterator[Batch]:
    """The checked rows of `table`, about ``STAGE_ROWS`` at a time."""
    batch: Batch = {name: [] for name in stages}
    done = 0
    for chunk in table.chunks(CHECK_ROWS):
        for name, records in checker.check(chunk).items():
            batch[name].extend(records)
        if checker.rows - done >= STAGE_ROWS:
            yield batch
            batch, done = {name: [] for name in stages}, checker.rows
    if checker.rows > done:
        yield batch
