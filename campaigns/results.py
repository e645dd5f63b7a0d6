"""What an ended attempt and an agent's disposition change: the next moment, the rotation, holds on lines.

The one place where progress changes. `after_attempt` and `after_disposition` are pure and decide;
`record_attempt` and `record_disposition` read, apply and write in the caller's transaction.

A try of a window is an attempt that could have reached somebody: it rang or was picked up. A busy line,
a fault of the network, a dead number and a call that we abandoned are no tries, so the person keeps the
turn in this window; three of the first two in a row count as one, so that a line that is always busy
doesn't stay at the head of the list.

Invariant: the next moment is never before the end of the attempt. Invariant: nothing here removes a
contact stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import asyncpg

from campaigns.calendar import hour_of_week
from campaigns.listing import refresh_progress
from campaigns.model import E164, Disposition, Outcome, Window
from campaigns.queries import queries

_MIN_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400

DEFAULT_RETRY_DELAY_S: Mapping[Outcome, int] = {
    Outcome.BUSY: 5 * _MIN_S,
    Outcome.NO_ANSWER: 1 * _HOUR_S,
    Outcome.CONGESTION: 10 * _MIN_S,
    Outcome.FAILED: 10 * _MIN_S,
    Outcome.REJECTED: 1 * _DAY_S,
    Outcome.MACHINE: 4 * _HOUR_S,
    Outcome.HUNG_UP_EARLY: 4 * _HOUR_S,
    Outcome.ANSWERED: 4 * _HOUR_S,  # until the disposition says more
    Outcome.ABANDONED: 1 * _HOUR_S,  # and then only with an agent already waiting
    Outcome.INVALID_NUMBER: 0,  # the next number may be called at once
}
"""Seconds from the end of an attempt to the next one; a row of ``retry_rule`` overrides.

Source: busy 5 minutes and absent 1 hour are the prompts of ITFOR CARS. Abandoned: Ofcom's 72 hours
("unless a dedicated operator is available") are met for good, because such a person is never called
without a waiting agent.
"""

DISPOSED_DELAY_S: Mapping[Disposition, int] = {
    Disposition.WRONG_NUMBER: 0,
    Disposition.VOICEMAIL: 4 * _HOUR_S,
    Disposition.NO_CONVERSATION: 4 * _HOUR_S,
    Disposition.CONTACT_THIRD_PARTY: 1 * _DAY_S,
    Disposition.CALL_BACK: 1 * _DAY_S,
}
"""Seconds from a disposition that leaves the person on this month's list to the next attempt."""

RANG_IN_VAIN = frozenset({Outcome.NO_ANSWER, Outcome.MACHINE, Outcome.HUNG_UP_EARLY})
"""Not repeated in the same hour of the same weekday (CALL-7)."""

UNRUNG = frozenset({Outcome.BUSY, Outcome.CONGESTION, Outcome.FAILED})
UNRUNG_COUNT_AS_TRY = 3

_TRIES = RANG_IN_VAIN | {Outcome.REJECTED, Outcome.ANSWERED}


@dataclass(frozen=True, slots=True)
class Progress:
    """What the attempts of one person add up to; the columns of ``debtor_progress``. None = never."""

    weekday_attempts: int = 0
    evening_attempts: int = 0
    weekend_attempts: int = 0
    unrung_in_a_row: int = 0
    last_attempt_at: datetime | None = None
    last_window: Window | None = None
    last_outcome: Outcome | None = None
    missed_hour_of_week: int | None = None
    next_attempt_at: datetime | None = None
    contacted_at: datetime | None = None
    wants_waiting_agent: bool = False


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """An attempt that was dialed and is over.

    Args:
        dialed_at, ended_at: aware.
        delay_s: retry delay of this outcome in this campaign, seconds, 0 or more.
    """

    window: Window
    outcome: Outcome
    dialed_at: datetime
    ended_at: datetime
    delay_s: float


def after_attempt(before: Progress, ended: EndedAttempt) -> Progress:
    """What the person's progress is after one more attempt.

    Source: requirements CALL-5, CALL-7.
    """
    outcome = ended.outcome
    if outcome is Outcome.CANCELLED:
        return before
    unrung = before.unrung_in_a_row + 1 if outcome in UNRUNG else 0
    delay_s = ended.delay_s
    tried = outcome in _TRIES
    if unrung >= UNRUNG_COUNT_AS_TRY:
        unrung, tried, delay_s = 0, True, max(delay_s, DEFAULT_RETRY_DELAY_S[Outcome.NO_ANSWER])
    counted = {f"{ended.window}_attempts": getattr(before, f"{ended.window}_attempts") + 1} if tried else {}
    return replace(
        before,
        **counted,
        unrung_in_a_row=unrung,
        last_attempt_at=ended.dialed_at,
        last_window=ended.window,
        last_outcome=outcome,
        missed_hour_of_week=hour_of_week(ended.dialed_at) if outcome in RANG_IN_VAIN else None,
        next_attempt_at=ended.ended_at + timedelta(seconds=delay_s),
        wants_waiting_agent=outcome is Outcome.ABANDONED or (before.wants_waiting_agent and outcome in UNRUNG),
    )


def after_disposition(before: Progress, disposition: Disposition, answered_at: datetime, now: datetime) -> Progress:
    """What the person's progress is after an agent's result.

    A contact leaves this month's list from the moment of the answer; one who asked to be called back
    stays on it, though the talk counts as a contact.

    Source: requirements CALL-7, CR-2.
    """
    if disposition.is_contact and disposition is not Disposition.CALL_BACK:
        contacted_at = answered_at if before.contacted_at is None else max(before.contacted_at, answered_at)
        return replace(before, contacted_at=contacted_at, wants_waiting_agent=False)
    again_at = now + timedelta(seconds=DISPOSED_DELAY_S[disposition])
    return replace(before, next_attempt_at=again_at, wants_waiting_agent=False)


async def record_attempt(
    conn: asyncpg.Connection, *, campaign_id: int, debtor_id: int, household_id: int | None, number: E164,
    window: Window, outcome: Outcome, dialed_at: datetime, ended_at: datetime,
) -> None:  # fmt: skip
    """Apply an ended attempt to person, household, number and list. Call it inside a transaction."""
    before = await _read(conn, debtor_id)
    delay_s = await retry_delay_s(conn, campaign_id, outcome)
    after = after_attempt(before, EndedAttempt(window, outcome, dialed_at, ended_at, delay_s))
    await _write(conn, debtor_id, after)
    if outcome is Outcome.INVALID_NUMBER:
        await queries.kill_number(conn, number=number, at=ended_at)
        await refresh_progress(conn, [debtor_id])
        await queries.unlist_sharers(conn, number=number, debtor_id=debtor_id)  # last: never waits
        return
    held = {"last_attempt_at": dialed_at, "next_attempt_at": after.next_attempt_at}
    await queries.hold_number(conn, number=number, **held)
    if household_id is not None:
        await queries.hold_household(conn, household_id=household_id, **held)
    await refresh_progress(conn, [debtor_id])
    await queries.hold_sharers(conn, number=number, household_id=household_id, debtor_id=debtor_id)  # last: never waits


async def record_disposition(
    conn: asyncpg.Connection, debtor_id: int, disposition: Disposition, answered_at: datetime, now: datetime
) -> None:
    """Apply an agent's result to person and list. Call it inside a transaction, after promise and number."""
    before = await _read(conn, debtor_id)
    await _write(conn, debtor_id, after_disposition(before, disposition, answered_at, now))
    await refresh_progress(conn, [debtor_id])


async def retry_delay_s(conn: asyncpg.Connection, campaign_id: int, outcome: Outcome) -> int:
    """Seconds until the next attempt after `outcome`: the campaign's own, or the default."""
    own = await queries.retry_delay_s(conn, campaign_id=campaign_id, outcome=outcome)
    return DEFAULT_RETRY_DELAY_S[outcome] if own is None else int(own)


async def _read(conn: asyncpg.Connection, debtor_id: int) -> Progress:
    row = await queries.lock_progress(conn, debtor_id=debtor_id)
    if row is None:
        return Progress()
    window, outcome = row["last_window"], row["last_outcome"]
    return Progress(
        **{
            **row,
            "last_window": None if window is None else Window(window),
            "last_outcome": None if outcome is None else Outcome(outcome),
        }
    )


async def _write(conn: asyncpg.Connection, debtor_id: int, progress: Progress) -> None:
    await queries.write_progress(
        conn,
        debtor_id=debtor_id,
        weekday_attempts=progress.weekday_attempts,
        evening_attempts=progress.evening_attempts,
        weekend_attempts=progress.weekend_attempts,
        unrung_in_a_row=progress.unrung_in_a_row,
        last_attempt_at=progress.last_attempt_at,
        last_window=progress.last_window,
        last_outcome=progress.last_outcome,
        missed_hour_of_week=progress.missed_hour_of_week,
        next_attempt_at=progress.next_attempt_at,
        contacted_at=progress.contacted_at,
        wants_waiting_agent=progress.wants_waiting_agent,
    )
