"""Writes what an ended attempt and an agent's disposition change: progress, holds on lines, evidence, the list.

Decides nothing: `progress` and `caps` do, `evidence` says what a call teaches. An ended attempt is applied in six
statements, because the engine waits for it.

Invariant: whoever writes a person's results locks ``debtor_progress`` first, then number, household, and last the
list; so two results never wait for each other in a circle. Invariant: nothing here removes a contact stop.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import asyncpg

from campaigns.caps import CapScope, Counts, capped_until, counted
from campaigns.evidence import Seen, add, seen_in, take_back_hit
from campaigns.limits import caps_of
from campaigns.listing import refresh_progress, relist
from campaigns.model import E164, Disposition, Outcome, Urgency, Window
from campaigns.progress import (
    DEFAULT_RETRY_DELAY_S,
    EndedAttempt,
    Progress,
    after_attempt,
    after_disposition,
)
from campaigns.queries import queries


async def record_attempt(
    conn: asyncpg.Connection, *, campaign_id: int, debtor_id: int, household_id: int | None, number: E164,
    window: Window, outcome: Outcome, dialed_at: datetime, ended_at: datetime,
) -> None:  # fmt: skip
    """Apply an ended attempt to person, household, number, evidence and list. Call it inside a transaction."""
    held_against = {"campaign_id": campaign_id, "outcome": outcome, "number": number, "household_id": household_id}
    row = await queries.lock_for_result(conn, debtor_id=debtor_id, **held_against)
    if row is None:  # never listed, so not claimed from a list
        await queries.add_missing_progress(conn, debtor_ids=[debtor_id])
        row = await queries.lock_for_result(conn, debtor_id=debtor_id, **held_against)
    caps, before = caps_of(row["caps"]), _progress(row)
    delay_s = DEFAULT_RETRY_DELAY_S[outcome] if row["delay_s"] is None else row["delay_s"]
    ended = EndedAttempt(window, outcome, dialed_at, ended_at, delay_s, row["at_latest_s"], caps[CapScope.PERSON])
    after = after_attempt(before, ended)
    await _write(conn, debtor_id, after)
    if before.urgency is Urgency.CALLBACK and after.urgency is Urgency.NONE:
        await queries.close_callback(conn, debtor_id=debtor_id, at=ended_at, closed_as="called")
    if (learnt := seen_in(outcome)) is not None:
        await add(conn, Seen(debtor_id, number, window, dialed_at, *learnt))
    if outcome is Outcome.INVALID_NUMBER:
        await queries.kill_number(conn, number=number, at=ended_at)
        await relist(conn, debtor_id)
        await queries.unlist_sharers(conn, number=number, debtor_id=debtor_id)  # last: never waits
        return
    held: dict[str, object] = {"last_attempt_at": dialed_at, "next_attempt_at": after.next_attempt_at}
    for scope in (CapScope.NUMBER, CapScope.HOUSEHOLD):
        counts = counted(_counts(row, f"{scope}_"), ended.dialed_on)
        held[f"{scope}_capped_until"] = capped_until(counts, caps[scope], ended_at)
        held |= {f"{scope}_{name}": value for name, value in asdict(counts).items() if name != "counted_on"}
    await queries.hold_lines(conn, number=number, household_id=household_id, counted_on=ended.dialed_on, **held)
    await relist(conn, debtor_id)
    await queries.hold_sharers(conn, number=number, household_id=household_id, debtor_id=debtor_id)  # last: never waits


async def record_disposition(
    conn: asyncpg.Connection,
    debtor_id: int,
    disposition: Disposition,
    answered_at: datetime,
    now: datetime,
    *,
    number: E164 | None = None,
    window: Window | None = None,
) -> None:
    """Apply an agent's result to person, evidence and list. Call it inside a transaction, after promise and number.

    Args:
        number, window: of the attempt that was answered; None on an inbound call.
    """
    row = await queries.lock_progress(conn, debtor_id=debtor_id)
    before = Progress() if row is None else _progress(row)
    await _write(conn, debtor_id, after_disposition(before, disposition, answered_at, now, window))
    if disposition.ends_month:
        await queries.close_callback(conn, debtor_id=debtor_id, at=now, closed_as="contacted")
    if disposition is Disposition.VOICEMAIL and number is not None and window is not None:
        await add(conn, Seen(debtor_id, number, window, answered_at, hits=0.0, misses=1.0))
        await take_back_hit(conn, debtor_id, number, window, answered_at)
    await refresh_progress(conn, [debtor_id])


def _progress(row: asyncpg.Record) -> Progress:
    taken = Progress.__dataclass_fields__.keys() - {"counts", "last_window", "last_outcome", "urgency"}
    return Progress(
        **{name: row[name] for name in taken},
        counts=_counts(row),
        last_window=None if row["last_window"] is None else Window(row["last_window"]),
        last_outcome=None if row["last_outcome"] is None else Outcome(row["last_outcome"]),
        urgency=Urgency(row["urgency"]),
    )


def _counts(row: asyncpg.Record, whose: str = "") -> Counts:
    """The counts of the person, or of the number or household, which may have none yet."""
    if row[f"{whose}counted_on"] is None:
        return Counts()
    return Counts(**{name: row[f"{whose}{name}"] for name in Counts.__dataclass_fields__})


async def _write(conn: asyncpg.Connection, debtor_id: int, progress: Progress) -> None:
    fields = {name: getattr(progress, name) for name in Progress.__dataclass_fields__ if name != "counts"}
    await queries.write_progress(conn, debtor_id=debtor_id, **fields, **asdict(progress.counts))
