"""A checked file → PostgreSQL: batches staged by COPY into temporary tables, then merged by a few set-based statements.

Decides the order of the merge and counts what really changed. All of it happens in the caller's transaction, so that
batches can be merged while the next ones are still being checked: an error found later takes back everything.

Invariants: rows that don't differ are not written (no new row version, no row lock); what calls have taught is
never undone by a file; one import at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import asyncpg

from campaigns.importing.checking import Batch, Checker
from campaigns.importing.faults import ImportBusy, TooManyAbsent
from campaigns.importing.fields import DEBT_FIELDS, PERSON_FIELDS
from campaigns.importing.mapping import Mapping as CityMapping
from campaigns.importing.phones import Phone
from campaigns.importing.queries import LOCK_KEY, queries
from campaigns.importing.rows import Record
from campaigns.numbers import share_household_numbers

COPY_TIMEOUT_S = 60.0
STOP_REASON = "市のファイルによる催告中止"
_PHONE_COLUMNS = ("addressee_no", "number", "kind", "rank")
_FEW_OPEN_DEBTS = 100  # below it a share says nothing


@dataclass(frozen=True, slots=True)
class Changes:
    """How many rows a file has changed; all zero when it was applied before."""

    debt_types: int = 0
    households: int = 0
    persons_new: int = 0
    persons_changed: int = 0
    phones_new: int = 0
    links_new: int = 0
    links_removed: int = 0
    borrowers: int = 0
    debts_new: int = 0
    debts_changed: int = 0
    debts_absent: int = 0
    stops_set: int = 0
    stops_lifted: int = 0

    @property
    def any(self) -> bool:
        """Something changed."""
        return any(getattr(self, name) for name in self.__slots__)


async def take_lock(conn: asyncpg.Connection) -> None:
    """Let no other import run until the transaction of `conn` ends.

    Raises:
        ImportBusy: another one runs.
    """
    if not await queries.try_lock(conn, key=LOCK_KEY):
        raise ImportBusy("ほかの取込が実行中です。終わってからもう一度実行してください")


def rows_of(status: str) -> int:
    """How many rows a command touched, by its status: 12 of ``INSERT 0 12``."""
    return int(status.rsplit(" ", 1)[1])


class Merge:
    """Brings one file into the tables, batch after batch, inside the caller's transaction.

    Args:
        conn: in a transaction that ends with the file.
        mapping: the file's.
        now: aware; becomes ``updated_at`` and ``added_at``.
        today: the day in Japan; becomes ``paid_on`` where the file tells no day.

    Attributes:
        changes: rows changed so far, by the names of ``Changes``.
    """

    def __init__(self, conn: asyncpg.Connection, mapping: CityMapping, *, now: datetime, today: date) -> None:
        self.changes: Counter[str] = Counter()
        self._conn = conn
        self._mapping = mapping
        self._now = now
        self._today = today
        self._batches = 0
        self._knows_payment = (
            mapping.absent_means == "paid" or "paid" in mapping.columns or "paid_on" in mapping.columns
        )

    async def begin(self) -> None:
        """Take the import lock, make the staging tables, and bring the debt types up to date.

        Raises:
            ImportBusy: another import holds the lock.
        """
        conn = self._conn
        await take_lock(conn)
        await queries.create_stage(conn)
        for kind in self._mapping.debt_types:
            status = await queries.put_debt_type(
                conn, code=kind.code, name=kind.name, department=kind.department, caller_id=kind.caller_id
            )
            self._count("debt_types", status)

    async def add(self, batch: Batch) -> None:
        """Merge one batch: new persons with their households, new numbers, debts."""
        conn, now = self._conn, self._now
        self._batches += 1
        if self._batches > 1:
            await queries.empty_batch(conn)
        number = self._batches
        await self._copy("stage_person", ("batch", *PERSON_FIELDS), ((number, *person) for person in batch.persons))
        await self._copy("stage_phone", _PHONE_COLUMNS, batch.phones)
        await self._copy("stage_debt", DEBT_FIELDS, batch.debts)
        if batch.persons:
            self._count("households", await queries.insert_households(conn, batch=number))
            self._count("persons_new", await queries.insert_debtors(conn, batch=number, now=now))
        if batch.phones:
            await self._link_phones()
        if self._mapping.absent_means == "paid":
            await queries.keep_keys(conn)
        status = await queries.update_debts(conn, today=self._today, knows_payment=self._knows_payment)
        self._count("debts_changed", status)
        self._count("debts_new", await queries.insert_debts(conn, today=self._today))

    async def finish(self, checker: Checker) -> None:
        """What only the whole file tells: whose facts changed, what is absent, who is still without a number.

        Raises:
            TooManyAbsent: ``absent_means = "paid"``, and the file lacks a larger share of the known open debts than
                the mapping allows: it is probably cut off.
        """
        conn, now = self._conn, self._now
        if checker.reconciled:
            await queries.forget_persons(conn, addressee_nos=list(checker.reconciled))
            merged = ((self._batches, *checker.persons[number]) for number in checker.reconciled)
            await self._copy("stage_person", ("batch", *PERSON_FIELDS), merged)
            self._count("households", await queries.insert_households(conn, batch=None))
        self._count("persons_changed", await queries.update_debtors(conn, now=now))
        if self._mapping.phones_absent == "remove":
            await queries.empty_batch(conn)
            await self._copy("stage_phone", _PHONE_COLUMNS, _ranked(checker.phones))
            self._count("links_removed", await queries.remove_links(conn, now=now))
        source = f"import:{self._mapping.name}"
        self._count("stops_set", await queries.insert_stops(conn, now=now, reason=STOP_REASON, source=source))
        self._count("stops_lifted", await queries.lift_stops(conn, source=source))
        if self._mapping.household_phones:  # after the stops: nobody is called on the line of a member under a stop
            self.changes["borrowers"] += len(await share_household_numbers(conn, None, now))
        await self._settle_absent()

    async def _link_phones(self) -> None:
        self._count("phones_new", await queries.insert_phones(self._conn))
        self._count("links_new", await queries.revive_links(self._conn))
        self._count("links_new", await queries.own_links(self._conn))
        self._count("links_new", await queries.insert_links(self._conn, now=self._now))

    async def _settle_absent(self) -> None:
        if self._mapping.absent_means != "paid":
            return
        known = await queries.count_absent(self._conn)
        if known["open"] >= _FEW_OPEN_DEBTS and known["absent"] > known["open"] * self._mapping.absent_max_ratio:
            raise TooManyAbsent(
                f"未納 {known['open']:,} 件のうち {known['absent']:,} 件がこのファイルにありません。"
                "途中で切れたファイルではないか確かめてください（対応表の absent_max_ratio）"
            )
        self._count("debts_absent", await queries.pay_absent(self._conn, today=self._today))

    async def _copy(self, table: str, columns: tuple[str, ...], records: Iterable[Record]) -> None:
        await self._conn.copy_records_to_table(
            table, records=records, columns=columns, schema_name="pg_temp", timeout=COPY_TIMEOUT_S
        )

    def _count(self, name: str, status: str) -> None:
        self.changes[name] += rows_of(status)


def _ranked(phones: Mapping[str, tuple[Phone, ...]]) -> Iterable[Record]:
    for addressee_no, numbers in phones.items():
        for rank, phone in enumerate(numbers, start=1):
            yield addressee_no, phone.number, phone.kind, rank


async def log_file(conn: asyncpg.Connection, **facts: Any) -> None:
    """Remember that this file was applied."""
    await queries.log_file(conn, **facts)
