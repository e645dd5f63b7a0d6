"""Whom to call next: claims people, one attempt row each, before anything is sent.

The choice is one SQL statement (``sql/claiming.sql``: claim), safe for any number of workers at once:
they never wait for each other, never fail, and never hold one person, household or number twice. How
many to claim is decided by the engine; whether a claimed person may still be called, by `rules`.

Invariant: what was claimed is in the database before the caller knows of it; it ends through
`cancel` here or through ``attempts.end``, never by being forgotten.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from campaigns.calendar import ROTATION_DAYS, hour_of_week, jst_date, month_start, windows_ahead
from campaigns.campaign import Campaign, load_calendar_days, load_campaign
from campaigns.errors import StaleState
from campaigns.facts import read_facts
from campaigns.listing import refresh_progress
from campaigns.model import E164, Window
from campaigns.queries import queries
from campaigns.rules import Verdict, may_call


@dataclass(frozen=True, slots=True)
class Claim:
    """One person to be called on one number.

    Args:
        caller_id: the number of the debt type of which this person owes most: the largest sum of unpaid
            principal among the campaign's types that are overdue and not promised (CALL-3).
        wants_waiting_agent: an abandoned call touched this person; dial only while an agent waits.
    """

    attempt_id: UUID
    campaign_id: int
    debtor_id: int
    number: E164
    caller_id: E164
    call_window: Window
    wants_waiting_agent: bool


async def claim(
    conn: asyncpg.Connection,
    campaign: Campaign,
    limit: int,
    window: Window,
    now: datetime,
    *,
    ready_agents: int,
    agent_id: int | None = None,
) -> list[Claim]:
    """Claim up to `limit` people for `campaign`, best first; their attempts are written as ``claimed``.

    Order: fewest tries in this window, then fewest in all, then longest callable. Whether the campaign
    runs and the window is open is the caller's to know (`calendar.window_at`); all else is asked here.

    Args:
        limit: people, 1 or more; 0 claims nobody.
        window: the one that is open at `now`.
        ready_agents: agents ready now. No more people who need a waiting agent are under way than that,
            those of earlier claims that no agent has taken yet included.
        agent_id: preview only: the agent for whom the person is claimed.
    """
    if limit < 1:
        return []
    ahead = windows_ahead(campaign.windows, await load_calendar_days(conn, now, ROTATION_DAYS), now)
    rows = queries.claim(
        conn,
        campaign_id=campaign.campaign_id,
        debt_types=list(campaign.debt_types),
        call_window=window,
        windows_ahead=[w for w in ahead if w is not window],
        now=now,
        today=jst_date(now),
        month_start=month_start(now),
        hour_of_week=hour_of_week(now),
        ready_agents=ready_agents,
        agent_id=agent_id,
        limit=limit,
    )
    return [
        Claim(
            attempt_id=row["attempt_id"],
            campaign_id=campaign.campaign_id,
            debtor_id=row["debtor_id"],
            number=row["number"],
            caller_id=row["caller_id"],
            call_window=window,
            wants_waiting_agent=row["wants_waiting_agent"],
        )
        async for row in rows
    ]


async def still_allowed(
    conn: asyncpg.Connection, attempt_id: UUID, now: datetime, *, ready_agents: int | None = None
) -> Verdict:
    """The second check, right before Originate: all rules once more, with facts read now.

    Args:
        ready_agents: agents ready now; None = the rule about waiting agents is not asked.

    Raises:
        StaleState: the attempt has ended, or there is none.
    """
    row = await queries.claimed_attempt(conn, attempt_id=attempt_id)
    if row is None:
        raise StaleState(f"attempt {attempt_id} is not open")
    campaign = await load_campaign(conn, row["campaign_id"])
    facts = await read_facts(
        conn,
        campaign,
        row["debtor_id"],
        now,
        number=row["number"],
        except_attempt=attempt_id,
        ready_agents=ready_agents,
    )
    return may_call(facts, now)


async def cancel(conn: asyncpg.Connection, attempt_id: UUID, now: datetime, *, again_after_s: float = 0.0) -> None:
    """End an attempt that was claimed and never dialed, as ``cancelled``; it counts as no try.

    Args:
        again_after_s: seconds for which this person is left alone: 0 after a refusal of the second
            check (the same facts keep the person out), more when an agent skips a preview.

    Raises:
        StaleState: it is not ``claimed`` (any more).
    """
    async with conn.transaction():
        row = await queries.cancel_attempt(conn, attempt_id=attempt_id, at=now)
        if row is None:
            raise StaleState(f"attempt {attempt_id} is not claimed")
        if again_after_s > 0:
            until = now + timedelta(seconds=again_after_s)
            await queries.postpone(conn, debtor_id=row["debtor_id"], until=until)
            await refresh_progress(conn, [row["debtor_id"]])
