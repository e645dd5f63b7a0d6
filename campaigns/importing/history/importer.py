"""``import_history``: a former system's negotiation records into the database in one transaction, or not at all.

Decides what a record changes besides being kept: it is evidence about an hour, a contact of this month takes the
person off this month's list, it may bring a number that the person lacked, and, only where the mapping says so, it may
tell that a number is dead.

Invariant: evidence is counted in the transaction that stores its record, and only when the record is new. Invariant: a
record undoes nothing that came after it. Invariant: people's progress is locked before their evidence, as an ended
attempt does it, so that the two never wait for each other in a circle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import asyncpg

from campaigns.calendar import jst_date, month_start
from campaigns.evidence import Seen, add_many
from campaigns.importing.applying import rows_of
from campaigns.importing.history.checking import Checker
from campaigns.importing.history.fields import STAGES
from campaigns.importing.history.mapping import HistoryMapping
from campaigns.importing.history.results import CONTACTS, HITS, MISSES, NOT_THEIRS
from campaigns.importing.intake import Intake, IntakeResult, take_in
from campaigns.importing.pipeline import Progress
from campaigns.importing.problems import Problems
from campaigns.importing.queries import queries
from campaigns.listing import refresh_progress
from campaigns.model import Window
from campaigns.numbers import borrow_household_numbers

EVIDENCE_ROWS = 10_000  # counted at a time

# Shares of the merge that are done when the calls are stored, and when their evidence is counted.
_STORED, _COUNTED = 0.3, 0.9


async def import_history(
    conn: asyncpg.Connection,
    path: Path,
    mapping: HistoryMapping,
    *,
    now: datetime,
    progress: Callable[[Progress], None],
    dry_run: bool = False,
    strict: bool = False,
) -> IntakeResult:
    """Read, check and apply the file at `path`.

    Args:
        conn: outside a transaction.
        mapping: from ``load_history_mapping``.
        now: aware; the moment of the import.
        progress: called now and then.
        dry_run: do all of it, then roll back; the counts are those of a real run.
        strict: a row that would be left out (unknown person, no time …) is an error.

    Returns:
        The result; when `problems` has errors, nothing was changed. Changes: ``past_calls_new``, ``evidence_new``,
        ``contacted_new`` (people), ``links_new``, ``numbers_dead``.

    Raises:
        FileFault: the file can't be read as a table.
        ImportBusy: another import runs.
        asyncpg.PostgresError: the database refused; nothing was changed.

    Source: CALL-5, CALL-6, CALL-7, CALL-9.
    """

    def opened(header: Sequence[str], problems: Problems) -> _History:
        return _History(Checker(mapping, header, jst_date(now), problems, strict=strict), mapping, now)

    return await take_in(
        conn, path, mapping, opened, mapping_name=f"history/{mapping.name}", now=now, progress=progress,
        dry_run=dry_run,
    )  # fmt: skip


class _History(Intake[Checker]):
    """One file of past records."""

    stages = STAGES

    def __init__(self, checker: Checker, mapping: HistoryMapping, now: datetime) -> None:
        super().__init__(checker)
        self._mapping = mapping
        self._now = now

    async def begin(self, conn: asyncpg.Connection) -> None:
        await queries.create_history_stage(conn)

    async def merge(self, conn: asyncpg.Connection, import_id: int, tell: Callable[[float], None]) -> Mapping[str, int]:
        await queries.match_past_calls(conn)
        header = self.checker.columns.header_of("addressee_no")
        await self.checker.leave_out(queries.lines_without_person(conn), header, "person_unknown")
        if self.checker.problems.errors:
            return {}
        await queries.insert_past_phones(conn)
        linked = [r["debtor_id"] async for r in queries.link_past_phones(conn, not_theirs=sorted(NOT_THEIRS))]
        stored = await queries.insert_past_calls(conn, source=self._mapping.name, import_id=import_id)
        contacted = await self._mark_contacted(conn)
        tell(_STORED)
        counted = await self._count_evidence(conn, tell)
        dead, affected = 0, set(linked)
        if self._mapping.mark_dead:
            dead = rows_of(await queries.kill_past_numbers(conn))
            affected |= {r["debtor_id"] async for r in queries.debtors_of_killed(conn)} if dead else set()
        if affected:  # by numbers, which the household may borrow
            concerned = [r["debtor_id"] async for r in queries.people_of_households(conn, debtor_ids=sorted(affected))]
            await borrow_household_numbers(conn, concerned, self._now)
        if affected or contacted:  # last: it keeps other writers of the lists waiting
            await refresh_progress(conn, sorted(affected.union(contacted)))
        tell(1.0)
        changes = {"past_calls_new": rows_of(stored), "evidence_new": counted, "contacted_new": len(contacted)}
        return changes | {"links_new": len(linked), "numbers_dead": dead}

    async def _mark_contacted(self, conn: asyncpg.Connection) -> list[int]:
        """Whoever was contacted this month, later than was known, is so from now on; return whom it concerns.

        Asked of the whole file, not only of what is new in it: records that were kept by a release in which contacts
        did not count are made good by the same file.
        """
        rows = queries.mark_contacted(
            conn, contacts=sorted(CONTACTS), month_start=month_start(self._now), now=self._now
        )  # fmt: skip
        return [row["debtor_id"] async for row in rows]

    async def _count_evidence(self, conn: asyncpg.Connection, tell: Callable[[float], None]) -> int:
        """Hand the evidence of the new records on, some thousand at a time; return how many there were."""
        made = rows_of(await queries.make_evidence(conn, hits=sorted(HITS), misses=sorted(MISSES)))
        counted = 0
        async with queries.evidence_cursor(conn) as prepared:
            cursor = await prepared
            while rows := await cursor.fetch(EVIDENCE_ROWS):
                await add_many(conn, [_seen(row) for row in rows])
                counted += len(rows)
                tell(_STORED + (_COUNTED - _STORED) * counted / made)
        return made


def _seen(row: asyncpg.Record) -> Seen:
    hit = float(row["hit"])
    window = Window(row["call_window"])
    return Seen(row["debtor_id"], row["number"], window, row["at"], hits=hit, misses=1.0 - hit)
