"""Where a person's numbers come from besides the city's file: the household, and calls (CALL-9).

Decides who borrows whose number and what becomes of a number that somebody told us on a call. Which of several
numbers is called is decided by the claim; that a number is dead or wrong is written by `results` and `dispositions`.

A number of the household is *borrowed*: it ranks after every number of one's own and goes again as soon as one's own
number is live. The number of a member under a contact stop is never borrowed.

Invariant: a number that an agent marked as wrong for a person never comes back to that person by borrowing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg

from campaigns.attempts import own_call
from campaigns.errors import AlreadyDisposed, CampaignError
from campaigns.importing.phones import Phone, read_phone
from campaigns.importing.problems import Flaw
from campaigns.listing import refresh_progress
from campaigns.model import E164
from campaigns.queries import queries

_NO_AREA = Flaw("phone_no_area")


class NumberRefused(CampaignError):
    """What was typed can't be called. The message is Japanese, for the agent, and doesn't hold the number."""

    code = "number_refused"


async def borrow_household_numbers(
    conn: asyncpg.Connection, debtor_ids: Sequence[int] | None, now: datetime
) -> frozenset[int]:
    """Let people without a live number of their own borrow those of their household; give back what isn't needed.

    Idempotent: a second run changes nothing. The lists of everybody concerned are brought up to date.

    Args:
        debtor_ids: who is looked at, None = everyone. Whoever changes the numbers or the contact stop of one person
            gives the whole household (`household_of`).

    Returns:
        The people for whom something changed.

    Source: requirement CALL-9 (N 8(1)エ).
    """
    async with conn.transaction():
        changed = await share_household_numbers(conn, debtor_ids, now)
        if changed:
            await refresh_progress(conn, sorted(changed))
    return changed


async def share_household_numbers(
    conn: asyncpg.Connection, debtor_ids: Sequence[int] | None, now: datetime
) -> frozenset[int]:
    """`borrow_household_numbers` for a caller who brings the lists up to date last in the same transaction."""
    ids = None if debtor_ids is None else list(debtor_ids)
    rows = queries.borrow_household_numbers(conn, debtor_ids=ids, now=now)
    return frozenset([int(row["debtor_id"]) async for row in rows])


async def household_of(conn: asyncpg.Connection, debtor_id: int) -> list[int]:
    """This person and everyone of the same household, ascending; empty when there is no such person."""
    return [int(row["debtor_id"]) async for row in queries.household_of(conn, debtor_id=debtor_id)]


async def learn_number(
    conn: asyncpg.Connection, debtor_id: int, number: str, now: datetime, call_id: UUID | None, *, area_code: str = ""
) -> E164:
    """Write down a number that somebody told us on a call: it is this person's first one from now on.

    A number that was dead, or was taken off this person, is live again: the newest word counts. Who borrowed from
    the household is looked at again.

    Args:
        number: as typed, with or without hyphens, digits of any width.
        call_id: the call on which it was told; None = not on a call.
        area_code: put before a local number, for example ``025``.

    Raises:
        NumberRefused: it is no number that may be called.
        LookupError: there is no such person.

    Source: requirement CALL-9 (N 9(4)).
    """
    phone = read_phone(number, area_code)
    if phone == _NO_AREA:
        raise NumberRefused("市外局番から入力してください。")
    if not isinstance(phone, Phone):
        raise NumberRefused("電話番号として読めないか、架電できない番号です。")
    async with conn.transaction():
        if not await household_of(conn, debtor_id):
            raise LookupError(f"no debtor {debtor_id}")
        await queries.lock_person(conn, debtor_id=debtor_id)
        await queries.revive_phone(conn, number=phone.number, kind=phone.kind)
        await queries.learn_number(conn, debtor_id=debtor_id, number=phone.number, now=now, call_id=call_id)
        await queries.rank_others_lower(conn, debtor_id=debtor_id, number=phone.number)
        concerned = [int(row["debtor_id"]) async for row in queries.households_on(conn, number=phone.number)]
        await borrow_household_numbers(conn, concerned, now)
        await refresh_progress(conn, concerned)
    return E164(phone.number)


async def learn_number_on_call(
    conn: asyncpg.Connection, call_id: UUID, agent_id: int, number: str, now: datetime
) -> E164:
    """Write down a number that the person told the agent of this call; see `learn_number`.

    Args:
        agent_id: who asks for it: the one who talks, or talked, on this call.
        number: as typed, with the area code.

    Raises:
        CallUnknown: there is no such call.
        NotYourCall: another agent talked on it, or nobody.
        AlreadyDisposed: its result is written; the person is no longer on the agent's screen.
        NumberRefused: it is no number that may be called, or nobody knows who is on the line.

    Source: requirement CALL-9 (N 9(4)).
    """
    async with conn.transaction():
        call = await own_call(conn, call_id, agent_id)
        if call["disposition"] is not None:
            raise AlreadyDisposed("この通話の結果はすでに登録されています。")
        if call["debtor_id"] is None:
            raise NumberRefused("対象者が特定されていない通話に電話番号は登録できません。")
        return await learn_number(conn, call["debtor_id"], number, now, call_id)


class Told(StrEnum):
    """What a call taught about a number."""

    NEW = "new"
    DEAD = "dead"
    WRONG = "wrong"  # it is in service, but not this person's


@dataclass(frozen=True, slots=True)
class NumberNews:
    """One line of what is told to the city. Personal data.

    Args:
        at: when it was learnt, aware.
        source: where the number had come from: ``import``, ``call``.
    """

    told: Told
    at: datetime
    addressee_no: str
    number: E164
    kind: str
    source: str


async def numbers_told(conn: asyncpg.Connection, since: datetime) -> list[NumberNews]:
    """New, dead and wrong numbers learnt since a moment (aware), oldest first.

    Source: requirements CALL-9, DATA-2.
    """
    return [
        NumberNews(Told(row["what"]), row["at"], row["addressee_no"], row["number"], row["kind"], row["source"])
        async for row in queries.numbers_told(conn, since=since)
    ]
