"""What the engine's pacing reads of calls that are over: live answers by the hour, and the newest attempts.

Decides nothing. What a live answer is and when it counts as abandoned: `campaigns.pacing.Pacing`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from campaigns.model import Outcome
from campaigns.queries import queries

TEACHES_NOTHING = frozenset({Outcome.FAILED, Outcome.CONGESTION, Outcome.CANCELLED})
"""Ends that say nothing about who answers: the trunk or the network failed, or nobody was called."""
LOOKED_AT = 100_000
"""Attempts of all campaigns together among which the newest of each are looked for."""


@dataclass(frozen=True, slots=True)
class AnswersOfHour:
    """Live answers of one campaign in one hour.

    Args:
        starts_at: the hour's beginning.
        abandoned: those of `answers` that met no agent in time.
    """

    campaign_id: int
    starts_at: datetime
    answers: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class RecentAttempt:
    """An attempt that was dialed and is over, and that reached the telephone it was for.

    Args:
        agent_group: of its campaign.
        had_agent: she was held before it was dialed: a preview, or somebody who wanted her.
        answered_at: when it was known that a person answered: with machine detection that is its verdict; None when
            nobody did, for a detected machine, and when the call was over before there was a verdict.
        detected_s: seconds from the answer to the verdict that it is a person; None without detection.
        answer_probability: 0..1, as the model had it at the claim; None = it had none.
        talk_ended_at, disposed_at: when the talk and the wrap-up after it ended.
    """

    campaign_id: int
    agent_group: str
    had_agent: bool
    claimed_at: datetime
    answered_at: datetime | None
    ended_at: datetime
    answer_probability: float | None
    joined_at: datetime | None
    talk_ended_at: datetime | None
    disposed_at: datetime | None
    detected_s: float | None = None


async def live_answers_by_hour(conn: asyncpg.Connection, since: datetime) -> list[AnswersOfHour]:
    """Live answers since `since` (aware), of every campaign, by whole hours."""
    return [AnswersOfHour(**row) async for row in queries.live_answers_by_hour(conn, since=since)]


async def recent_attempts(conn: asyncpg.Connection, since: datetime, at_most: int) -> list[RecentAttempt]:
    """Of each campaign the newest `at_most` attempts claimed since `since` (aware), all together the oldest first.

    Attempts that teach nothing are left out. Of a campaign whose attempts are all older than the newest `LOOKED_AT`
    none are found.
    """
    found = queries.recent_attempts(
        conn, since=since, at_most=at_most, looked_at=LOOKED_AT, without=sorted(TEACHES_NOTHING)
    )
    return [RecentAttempt(**row) async for row in found]
