"""Calls of the past for tests of the pacing: rows as the engine leaves them."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import asyncpg

from campaigns.model import AttemptState


async def past_attempt(
    db: asyncpg.Connection,
    campaign_id: int,
    debtor_id: int,
    at: datetime,
    *,
    outcome: str | None,
    answered_after_s: float | None = None,
    joined_after_s: float | None = None,
    lasted_s: float = 20.0,
    wrap_s: float = 15.0,
    disposition: str | None = None,
    state: AttemptState = AttemptState.ENDED,
    dialed: bool = True,
    probability: float | None = None,
    times: int = 1,
) -> None:
    """Attempts claimed at `at`, and their calls if they were answered.

    Args:
        times: how many of them; more than one only if they are over.
        answered_after_s: from the claim; None = nobody picked up.
        joined_after_s: from the answer; None = no agent.
        lasted_s: from the answer, or else from the claim, to the end.
    """

    def later(seconds: float | None, since: datetime | None = at) -> datetime | None:
        return None if seconds is None or since is None else since + timedelta(seconds=seconds)

    answered = later(answered_after_s)
    joined = later(joined_after_s, answered)
    ended = None if outcome is None else later(lasted_s, answered or at)
    ids = [uuid4() for _ in range(times)]
    await db.execute(
        "INSERT INTO attempt (attempt_id, campaign_id, debtor_id, number, caller_id, call_window, state, state_at,"
        " claimed_at, dialed_at, answered_at, ended_at, outcome, answer_probability)"
        " SELECT made.attempt_id, $2, $3, link.number, '+81250000001', 'weekday', $4, $5, $5, $6, $7, $8, $9, $10"
        " FROM unnest($1::uuid[]) AS made (attempt_id)"
        " JOIN debtor_phone AS link ON link.debtor_id = $3 AND link.rank = 1",
        ids, campaign_id, debtor_id, state, at, at if dialed else None, answered, ended, outcome, probability,
    )  # fmt: skip
    if answered is None:
        return
    given = disposition or ("contact_person" if joined and ended else None)
    await db.execute(
        "INSERT INTO call (call_id, attempt_id, direction, debtor_id, campaign_id, answered_at, joined_at, ended_at,"
        " disposition, disposed_at)"
        " SELECT made.id, made.id, 'outbound', $2, $3, $4, $5, $6, $7, $8 FROM unnest($1::uuid[]) AS made (id)",
        ids, debtor_id, campaign_id, answered, joined, ended, given, later(wrap_s, ended) if given else None,
    )  # fmt: skip
