"""``import_payments``: a file of payments, promises or both, into the database in one transaction, or not at all.

Decides what completes an instalment (see the package) and what a row means for which no debt is held: it is left out
with a warning, because a city's daily file holds payments of people whom nobody calls; the clerk may ask for an error.

Invariants: the lists of who may be called change in the same transaction; a payment that was taken back opens only
what no other payment and no debts' file has paid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import asyncpg

from campaigns.calendar import jst_date
from campaigns.importing.applying import rows_of
from campaigns.importing.intake import Intake, IntakeResult, take_in
from campaigns.importing.payments.checking import Checker
from campaigns.importing.payments.fields import STAGES
from campaigns.importing.payments.mapping import PaymentMapping
from campaigns.importing.pipeline import Progress
from campaigns.importing.problems import Problem, Problems
from campaigns.importing.queries import queries
from campaigns.listing import refresh_progress


async def import_payments(
    conn: asyncpg.Connection,
    path: Path,
    mapping: PaymentMapping,
    *,
    now: datetime,
    progress: Callable[[Progress], None],
    dry_run: bool = False,
    strict: bool = False,
) -> IntakeResult:
    """Read, check and apply the file at `path`.

    Args:
        conn: outside a transaction.
        mapping: from ``load_payment_mapping``.
        now: aware; the moment of the import.
        progress: called now and then.
        dry_run: do all of it, then roll back; the counts are those of a real run.
        strict: a row that would be left out (unknown debt, unknown person …) is an error.

    Returns:
        The result; when `problems` has errors, nothing was changed. Changes: ``payments_new``, ``payments_settled``,
        ``payments_taken_back``, ``items_paid``, ``items_reopened``, ``promises_new``, ``promises_replaced``.

    Raises:
        FileFault: the file can't be read as a table.
        ImportBusy: another import runs.
        asyncpg.PostgresError: the database refused; nothing was changed.

    Source: DATA-1, CALL-7, CALL-8, CALL-10.
    """
    today = jst_date(now)

    def opened(header: Sequence[str], problems: Problems) -> _Payments:
        return _Payments(Checker(mapping, header, today, problems, strict=strict), mapping, today)

    return await take_in(
        conn, path, mapping, opened, mapping_name=f"payments/{mapping.name}", now=now, progress=progress,
        dry_run=dry_run,
    )  # fmt: skip


class _Payments(Intake[Checker]):
    """One file of payments, promises or both."""

    stages = STAGES

    def __init__(self, checker: Checker, mapping: PaymentMapping, today: date) -> None:
        super().__init__(checker)
        self._mapping = mapping
        self._today = today

    async def begin(self, conn: asyncpg.Connection) -> None:
        await queries.create_payment_stage(conn)

    async def merge(self, conn: asyncpg.Connection, import_id: int, tell: Callable[[float], None]) -> Mapping[str, int]:
        changes: Counter[str] = Counter()
        debtor_ids: set[int] = set()
        if self._mapping.payments:
            debtor_ids |= await self._merge_payments(conn, import_id, changes)
            tell(0.6)
        if self._mapping.promises:
            debtor_ids |= await self._merge_promises(conn, import_id, changes)
            tell(0.8)
        if debtor_ids and not self.checker.problems.errors:
            await refresh_progress(conn, sorted(debtor_ids))  # last: it keeps other writers of the lists waiting
        tell(1.0)
        return changes

    async def _merge_payments(self, conn: asyncpg.Connection, import_id: int, changes: Counter[str]) -> set[int]:
        """Store and judge; return whose instalments are paid or open again."""
        await queries.match_payments(conn)
        notice = self.checker.columns["payment"].header_of("notice_no")
        await self.checker.leave_out(queries.lines_without_item(conn), notice, "item_unknown")
        async for row in queries.lines_alike(conn):
            self.checker.problems.add(Problem(row["line"], "", "payment_twice", True))
        changes["payments_settled"] = rows_of(await queries.settle_known(conn))
        changes["payments_new"] = rows_of(await queries.insert_payments(conn, import_id=import_id))
        await self.checker.leave_out(queries.lines_without_payment(conn), notice, "payment_unknown")
        changes["payments_taken_back"] = rows_of(await queries.take_back(conn, import_id=import_id))
        await queries.judge_items(conn, principal_is=self._mapping.principal_is)
        reopened = [row["debtor_id"] async for row in queries.reopen_items(conn)]
        paid = [row["debtor_id"] async for row in queries.pay_items(conn)]
        await queries.mark_completing(conn)
        changes["items_reopened"], changes["items_paid"] = len(reopened), len(paid)
        return {*reopened, *paid}

    async def _merge_promises(self, conn: asyncpg.Connection, import_id: int, changes: Counter[str]) -> set[int]:
        """Store; return who promised."""
        await queries.match_promises(conn)
        columns = self.checker.columns["promise"]
        strangers, foreign = queries.lines_of_strangers(conn), queries.lines_of_foreign_types(conn)
        await self.checker.leave_out(strangers, columns.header_of("addressee_no"), "person_unknown")
        await self.checker.leave_out(foreign, columns.header_of("debt_type"), "debt_type_not_held")
        replaced = await queries.replace_older_promises(conn, today=self._today)
        changes["promises_replaced"] = rows_of(replaced)
        made = [row["debtor_id"] async for row in queries.insert_promises(conn, import_id=import_id, today=self._today)]
        changes["promises_new"] = len(made)
        return set(made)
