"""Calls at an agreed hour: agreed at the end of a talk, kept for one agent or for anyone, let go when they are missed.

Decides which hours can be agreed and when an agreement is given up. That the person comes first when the hour has come,
whatever was tried before, is the claim's doing (``Urgency.CALLBACK``); how it ends, `results` writes.

Invariant: one open callback a person. Invariant: an agreed hour lies in the future and within opening hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

import asyncpg

from campaigns.calendar import to_jst
from campaigns.campaign import load_campaigns
from campaigns.errors import DispositionRefused
from campaigns.listing import refresh_progress
from campaigns.model import Urgency
from campaigns.opening.hours import Hours
from campaigns.opening.store import load_openings
from campaigns.queries import queries

LONGEST_AHEAD = timedelta(days=60)
"""Nobody's memory of an agreement reaches further."""

GRACE = timedelta(minutes=10)
"""For so long after the hour it is kept for the named agent; then anyone calls. She may be in a talk, which takes about
four minutes, or on a break; for the person the hour matters more than the voice."""

EXPIRES_AFTER = timedelta(days=4)
"""An hour that passed so long ago without a call is no agreement any more: the person is called in turn. Friday evening
and a weekend of three days lie within it."""

_WEEKDAYS = "月火水木金土日"


class CallbackInvalid(DispositionRefused):
    """The hour can't be agreed; the message says why and, where there is one, which hour could be."""

    code: ClassVar[str] = "callback_invalid"


@dataclass(frozen=True, slots=True)
class NewCallback:
    """A call that was agreed.

    Args:
        due_at: when, aware.
        named: by the agent who agreed it; else by anyone.
    """

    due_at: datetime
    named: bool = False


@dataclass(frozen=True, slots=True)
class AgreedCall:
    """One of an agent's own callbacks, for her screen only: it holds a name."""

    due_at: datetime
    debtor_id: int
    name: str


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did: callbacks left to anyone, and given up."""

    freed: int = 0
    expired: int = 0


def check_hour(due_at: datetime, hours: Sequence[Hours], now: datetime) -> None:
    """Refuse an hour at which nobody will call.

    Args:
        hours: opening hours of the campaigns that may place the call; one that is open is enough. Empty = any hour.

    Raises:
        CallbackInvalid: past, too far ahead, or closed; the message is Japanese.
        ValueError: a moment is naive.
    """
    if due_at <= now:
        raise CallbackInvalid("折り返しの日時が過ぎています。")
    if due_at - now > LONGEST_AHEAD:
        raise CallbackInvalid(f"折り返しの日時は{LONGEST_AHEAD.days}日以内にしてください。")
    if not hours or any(one.window_at(due_at) is not None for one in hours):
        return
    openings = [opens_at for one in hours if (opens_at := one.next_opening(due_at)) is not None]
    if not openings:
        raise CallbackInvalid("その日時は架電時間外です。")
    raise CallbackInvalid(f"その日時は架電時間外です。次に架電できるのは{_in_words(min(openings))}からです。")


def _in_words(moment: datetime) -> str:
    local = to_jst(moment)
    return f"{local.month}月{local.day}日({_WEEKDAYS[local.weekday()]}) {local.hour}:{local.minute:02}"


async def check_callback(
    conn: asyncpg.Connection, callback: NewCallback, debtor_id: int, campaign_id: int | None, now: datetime
) -> None:
    """Refuse an hour outside the opening hours of the call's campaign; of an inbound call, of the person's campaigns.

    Raises:
        CallbackInvalid: see `check_hour`.
    """
    wanted = {campaign_id}
    if campaign_id is None:
        wanted = {row["campaign_id"] async for row in queries.campaigns_of_person(conn, debtor_id=debtor_id)}
    openings = await load_openings(conn)
    placing = [campaign for campaign in await load_campaigns(conn) if campaign.campaign_id in wanted]
    check_hour(callback.due_at, [openings.hours_of(campaign) for campaign in placing], now)


async def agree(
    conn: asyncpg.Connection,
    debtor_id: int,
    due_at: datetime,
    agent_id: int | None,
    call_id: UUID | None,
    now: datetime,
) -> None:
    """Write that this person is called at `due_at`, first of all and though contacted this month.

    An older callback is replaced. The rest that the numbers and the household still had to have ends at that hour:
    the person asked for the call.

    Args:
        due_at: checked by `check_callback`.
        agent_id: who calls; None = anyone.
        call_id: on which it was agreed; None = on no call.
    """
    async with conn.transaction():
        await queries.lock_person(conn, debtor_id=debtor_id)
        await queries.close_callback(conn, debtor_id=debtor_id, at=now, closed_as="replaced")
        await queries.insert_callback(
            conn, debtor_id=debtor_id, due_at=due_at, agent_id=agent_id, now=now, call_id=call_id
        )
        await queries.expect_call(conn, debtor_id=debtor_id, due_at=due_at, urgency=Urgency.CALLBACK, now=now)
        await queries.free_lines(conn, debtor_id=debtor_id, due_at=due_at)
        await refresh_progress(conn, [debtor_id])
        await queries.advance_sharers(conn, debtor_id=debtor_id)  # last: never waits


async def agreed_with(conn: asyncpg.Connection, agent_id: int, at_most: int) -> list[AgreedCall]:
    """The open callbacks that this agent has taken upon herself, the next one first."""
    rows = queries.callbacks_of_agent(conn, agent_id=agent_id, limit=at_most)
    return [AgreedCall(row["due_at"], row["debtor_id"], row["name"]) async for row in rows]


async def sweep_callbacks(conn: asyncpg.Connection, now: datetime) -> Swept:
    """Leave to anyone what the named agent did not get to in time, and give up what nobody did.

    One person a transaction, so that a talk that ends meanwhile waits for nothing. A second sweep changes nothing.
    """
    freed = expired = 0
    before = now - EXPIRES_AFTER
    for debtor_id in [row["debtor_id"] async for row in queries.callbacks_to_expire(conn, before=before)]:
        async with conn.transaction():
            await queries.lock_person(conn, debtor_id=debtor_id)
            if await queries.expire_callback(conn, debtor_id=debtor_id, now=now, before=before) is not None:
                await queries.calm_down(conn, debtor_id=debtor_id, urgency=Urgency.CALLBACK)
                await refresh_progress(conn, [debtor_id])
                expired += 1
    before = now - GRACE
    for debtor_id in [row["debtor_id"] async for row in queries.callbacks_to_free(conn, before=before)]:
        async with conn.transaction():
            await queries.lock_person(conn, debtor_id=debtor_id)
            if await queries.free_callback(conn, debtor_id=debtor_id, before=before) is not None:
                await refresh_progress(conn, [debtor_id])
                freed += 1
    return Swept(freed, expired)
