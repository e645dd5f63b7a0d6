"""Writes what happens to attempts and calls; the persisted side of the engine's call state machine.

Decides no transition: the engine's machine does, and passes the state in which it believes the row to
be. A row that is in another one is left alone and the caller is told (`StaleState`).

Invariant: an ended attempt never changes again. Invariant: a call's end and its attempt's end may come
in either order, and a repeated one changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg

from campaigns.errors import CallUnknown, NotYourCall, StaleState
from campaigns.model import E164, AttemptState, Disposition, Outcome, Window
from campaigns.queries import queries
from campaigns.results import record_attempt

EndedBy = Literal["callee", "agent", "engine", "lost"]


@dataclass(frozen=True, slots=True)
class OpenAttempt:
    """An attempt that has not ended, with its call if it was answered, as a restarted engine finds it."""

    attempt_id: UUID
    campaign_id: int
    debtor_id: int
    number: E164
    caller_id: E164
    call_window: Window
    state: AttemptState
    state_at: datetime
    claimed_at: datetime
    dialed_at: datetime | None
    answered_at: datetime | None
    preview_agent_id: int | None
    wants_waiting_agent: bool
    call_agent_id: int | None  # who talks
    joined_at: datetime | None
    amd_status: str | None  # see `campaigns.detection.write_verdict`
    amd_cause: str | None
    amd_s: float | None


async def move(
    conn: asyncpg.Connection,
    attempt_id: UUID,
    *,
    frm: AttemptState,
    to: AttemptState,
    at: datetime,
    dialed_at: datetime | None = None,
    answered_at: datetime | None = None,
) -> None:
    """Write one transition that does not end the attempt; `to` is any state but ENDED.

    Args:
        at: when it happened, aware.
        dialed_at, answered_at: set once, with the transition that reaches it.

    Raises:
        StaleState: the row is not in `frm`; nothing is changed.
    """
    if to is AttemptState.ENDED:
        raise ValueError("an attempt is ended by end(), with its outcome")
    moved = await queries.move_attempt(
        conn, attempt_id=attempt_id, frm=frm, to=to, at=at, dialed_at=dialed_at, answered_at=answered_at
    )
    if moved is None:
        raise StaleState(f"attempt {attempt_id} is not {frm}")


async def end(
    conn: asyncpg.Connection,
    attempt_id: UUID,
    *,
    frm: AttemptState,
    at: datetime,
    outcome: Outcome,
    hangup_cause: int | None,
) -> None:
    """End an attempt and apply its outcome to the person's progress, in one transaction.

    An attempt that was never dialed, or that ends as CANCELLED, changes no progress.

    Args:
        at: when it ended, aware.
        hangup_cause: Q.850 cause (0–127) of the callee's channel, or None when it is not known.

    Raises:
        StaleState: the row is not in `frm`; nothing is changed.
    """
    async with conn.transaction():
        row = await queries.end_attempt(
            conn, attempt_id=attempt_id, frm=frm, at=at, outcome=outcome, hangup_cause=hangup_cause
        )
        if row is None:
            raise StaleState(f"attempt {attempt_id} is not {frm}")
        if outcome is Outcome.CANCELLED or row["dialed_at"] is None:
            return
        await record_attempt(
            conn,
            campaign_id=row["campaign_id"],
            debtor_id=row["debtor_id"],
            household_id=row["household_id"],
            number=row["number"],
            window=Window(row["call_window"]),
            outcome=outcome,
            dialed_at=row["dialed_at"],
            ended_at=at,
        )


async def state_of(conn: asyncpg.Connection, attempt_id: UUID) -> tuple[AttemptState, datetime] | None:
    """The state of an attempt and since when, ended ones too; None when there is none.

    For a writer that doesn't know whether its last transaction was committed.
    """
    row = await queries.state_of_attempt(conn, attempt_id=attempt_id)
    return None if row is None else (AttemptState(row["state"]), row["state_at"])


async def open_call(conn: asyncpg.Connection, call_id: UUID, *, answered_at: datetime) -> None:
    """Write the call of an answered attempt (`call_id` is the attempt's id); a second time changes nothing.

    Raises:
        LookupError: there is no such attempt.
    """
    if await queries.open_call(conn, call_id=call_id, answered_at=answered_at) is None:
        raise LookupError(f"no attempt {call_id}")


async def open_inbound_call(
    conn: asyncpg.Connection,
    call_id: UUID,
    *,
    answered_at: datetime,
    debtor_id: int | None = None,
    campaign_id: int | None = None,
) -> None:
    """Write an inbound call; `debtor_id` is None while nobody knows who calls. A second time changes nothing."""
    await queries.open_inbound_call(
        conn, call_id=call_id, answered_at=answered_at, debtor_id=debtor_id, campaign_id=campaign_id
    )


async def join_call(
    conn: asyncpg.Connection, call_id: UUID, agent_id: int, joined_at: datetime, answered_at: datetime | None = None
) -> None:
    """Write that the callee and this agent are in one bridge since `joined_at` (Asterisk's time stamp).

    Args:
        answered_at: when the callee came up, as known now; an earlier stamp replaces the first one.

    Raises:
        StaleState: the call has another agent already, has ended, or does not exist.
    """
    if (
        await queries.join_call(conn, call_id=call_id, agent_id=agent_id, joined_at=joined_at, answered_at=answered_at)
        is None
    ):
        raise StaleState(f"call {call_id} can't be joined")


async def own_call(conn: asyncpg.Connection, call_id: UUID, agent_id: int) -> asyncpg.Record:
    """The call that this agent talks or talked on, locked until the transaction ends.

    Raises:
        CallUnknown: there is no such call.
        NotYourCall: another agent talked on it, or nobody.
    """
    call = await queries.lock_call(conn, call_id=call_id)
    if call is None:
        raise CallUnknown("この通話は見つかりません。")
    if call["agent_id"] != agent_id:
        raise NotYourCall("ほかのオペレーターの通話です。")
    return call


async def end_call(conn: asyncpg.Connection, call_id: UUID, *, at: datetime, ended_by: EndedBy) -> None:
    """Write a call's end; the first end stands. There may be no call: the attempt wasn't answered."""
    await queries.end_call(conn, call_id=call_id, at=at, ended_by=ended_by)


async def open_attempts(conn: asyncpg.Connection) -> list[OpenAttempt]:
    """Every attempt that has not ended, oldest first: what a restarted engine compares with Asterisk."""
    return [
        OpenAttempt(
            **{
                **row,
                "call_window": Window(row["call_window"]),
                "state": AttemptState(row["state"]),
            }
        )
        async for row in queries.open_attempts(conn)
    ]


async def counts_since(conn: asyncpg.Connection, since: datetime) -> dict[str, int]:
    """What was counted since `since` (aware).

    ``dialed``, ``answered`` (the callee picked up, machine or not) and each outcome but ``answered``
    count outbound attempts claimed since then; ``connected`` (joined to an agent) the outbound calls
    answered since then; ``inbound`` the calls that came in for agents since then, ``inbound_taken`` those of
    them that were joined to one; ``contacts`` all calls answered since then, inbound too, whose disposition
    is a contact (CR-2).
    """
    row = await queries.counts_since(
        conn, since=since, contacts=[disposition for disposition in Disposition if disposition.is_contact]
    )
    counts = dict.fromkeys((outcome.value for outcome in Outcome), 0) | dict(row)
    outcomes = [(r["outcome"], r["attempts"]) async for r in queries.outcomes_since(conn, since=since)]
    return counts | {outcome: attempts for outcome, attempts in outcomes if outcome != Outcome.ANSWERED}
