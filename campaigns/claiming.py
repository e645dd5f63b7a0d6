"""Whom to call next: claims people, one attempt row each, before anything is sent.

The choice is one SQL statement (``sql/claim.template``), safe for any number of workers at once:
they never wait for each other, never fail, and never hold one person, household or number twice. How
many to claim is decided by the engine; whether a claimed person may still be called, by `rules`.

People who want a certain agent, or any agent, reserved before they are dialed are claimed apart, for the
agent who is held for them.

Invariant: what was claimed is in the database before the caller knows of it; it ends through
`cancel` here or through ``attempts.end``, never by being forgotten.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from campaigns.ahead import ahead_of, days_of, turns_of
from campaigns.calendar import cell_of, hour_of_week, jst_date, month_start
from campaigns.campaign import Campaign, load_campaign
from campaigns.errors import StaleState
from campaigns.facts import read_facts
from campaigns.listing import refresh_progress
from campaigns.model import E164, Window
from campaigns.opening.campaign_hours import CampaignHours
from campaigns.opening.store import load_openings
from campaigns.queries import claim_queries, queries
from campaigns.rules import Verdict, may_call

GRADES_HOLD = timedelta(hours=26)
"""For so long the planner's word that somebody is not worth a call in this kind of hour keeps the person out of the
walk; if it has not been heard of for longer, everybody on the list is looked at."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One person to be called on one number.

    Args:
        caller_id: the number of the debt type of which this person owes most: the largest sum of unpaid
            principal among the campaign's types that are overdue and not promised (CALL-3).
        answer_probability: 0..1 as the model has it for this number in this kind of hour; None = not yet known.
        wants: who had to be reserved for this call (``any``, ``language:ne``, ``agent:17``); None = nobody.
    """

    attempt_id: UUID
    campaign_id: int
    debtor_id: int
    number: E164
    caller_id: E164
    call_window: Window
    answer_probability: float | None = None
    wants: str | None = None


async def claim(
    conn: asyncpg.Connection,
    campaign: Campaign,
    limit: int,
    window: Window,
    now: datetime,
    *,
    agent_id: int | None = None,
) -> list[Claim]:
    """Claim up to `limit` people for `campaign`, best first; their attempts are written as ``claimed``.

    Order: agreed hours, broken promises, then by grade (what this hour is worth, see `grading`), then longest
    callable. Whether the campaign runs and the window is open is the caller's to know (its hours: `opening`); all
    else is asked here. People who want an agent reserved are left to `claim_reserved`.

    Args:
        limit: people, 1 or more; 0 claims nobody.
        window: the one that is open at `now`.
        agent_id: preview only: the agent for whom the person is claimed.
    """
    return await _claim(conn, f"claim_{window}", campaign, limit, window, now, agent_id=agent_id, wants=None)


async def claim_reserved(
    conn: asyncpg.Connection,
    campaign: Campaign,
    window: Window,
    now: datetime,
    *,
    agent_id: int,
    languages: Collection[str] = (),
) -> Claim | None:
    """Claim the first of those who want this agent, one who speaks their language, or any agent.

    The agent must be held for the call before (an abandoned call touched some of them: they are never to hear an
    empty line again).

    Args:
        agent_id: the one who is held.
        languages: codes that this agent speaks, Japanese left out.
    """
    wants = [f"agent:{agent_id}", *(f"language:{code}" for code in languages), "any"]
    query = f"claim_reserved_{window}"
    found = await _claim(conn, query, campaign, 1, window, now, agent_id=agent_id, wants=wants)
    return found[0] if found else None


async def reserved_wanted(conn: asyncpg.Connection, campaign_id: int, now: datetime) -> frozenset[str]:
    """What the people of this list want who could be called at `now` with an agent reserved; mostly empty.

    Asked in the words of the claim itself, so that no agent is held for people whom `claim_reserved` would not find:
    not for those whose day, hour or debt this is not, nor for those whose household or line is called or rests.
    """
    wanted = [row["wants"] async for row in queries.reserved_wanted(conn, campaign_id=campaign_id, now=now)]
    if not wanted:
        return frozenset()
    campaign = await load_campaign(conn, campaign_id)
    hours = (await load_openings(conn, first_on=jst_date(now), campaign_id=campaign_id)).hours_of(campaign)
    window = hours.window_at(now)
    if window is None:
        return frozenset()
    asked = _asked(campaign, hours, window, now)
    rows = getattr(claim_queries, f"reserved_in_turn_{window}")(conn, wanted=wanted, **asked)
    return frozenset([row["wants"] async for row in rows])


async def _claim(
    conn: asyncpg.Connection,
    query: str,
    campaign: Campaign,
    limit: int,
    window: Window,
    now: datetime,
    *,
    agent_id: int | None,
    wants: Sequence[str] | None,
) -> list[Claim]:
    if limit < 1:
        return []
    openings = await load_openings(conn, first_on=jst_date(now), campaign_id=campaign.campaign_id)
    hours = openings.hours_of(campaign)
    grades_hold = campaign.graded_at is not None and now - campaign.graded_at < GRADES_HOLD
    least = 1 if grades_hold and wants is None else 0
    rows = getattr(claim_queries, query)(
        conn,
        **_asked(campaign, hours, window, now),
        call_window=window,
        last=_last_band(least),
        wants=wants,
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
            answer_probability=row["answer_probability"],
            wants=row["wants"],
        )
        async for row in rows
    ]


def _asked(campaign: Campaign, hours: CampaignHours, window: Window, now: datetime) -> dict[str, object]:
    """What ``sql/callable.template``, and the walk over the bands, ask of calendar and clock."""
    ahead = ahead_of(hours, now, window, campaign.choosing.rotation)
    cell = cell_of(window, jst_date(now))
    return {
        "campaign_id": campaign.campaign_id,
        "debt_types": list(hours.debt_types_at(now)),
        "cell": cell,
        **ahead.columns(),
        "day": days_of(cell, window),
        "days_ahead": days_of(ahead.for_all.cells, window),
        "turns": turns_of(ahead.for_all.others, window),
        "now": now,
        "today": jst_date(now),
        "month_start": month_start(now),
        "hour_of_week": hour_of_week(now),
    }


def _last_band(least: int) -> int:
    """The last band whose order, 0 to 255, is at least `least`; see ``list_entry`` in the schema."""
    return (255 - least) * 512 + 511


async def still_allowed(conn: asyncpg.Connection, attempt_id: UUID, now: datetime) -> Verdict:
    """The second check, right before Originate: all rules once more, with facts read now.

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
        reserved=row["agent_id"] is not None,
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
