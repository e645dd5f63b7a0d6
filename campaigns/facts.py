"""Reads from the database what the never-dial rules ask about one person.

Decides nothing: `rules.may_call` does. Always fresh from the tables of facts, never from the list that
is derived from them.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from campaigns.calendar import jst_date
from campaigns.campaign import Campaign, CampaignState
from campaigns.model import E164, Rotation, Urgency, Window
from campaigns.opening.store import load_openings
from campaigns.queries import queries
from campaigns.rules import CallFacts, OpenDebt, OpenPromise


async def read_facts(
    conn: asyncpg.Connection,
    campaign: Campaign,
    debtor_id: int,
    now: datetime,
    *,
    number: E164 | None = None,
    except_attempt: UUID | None = None,
    reserved: bool | None = None,
) -> CallFacts:
    """The facts about one person in one campaign.

    Args:
        now: aware; the calendars are read from its day on.
        number: the one that is to be called; None = the one that the claim would take.
        except_attempt: the attempt that asks, which does not stand in its own way.
        reserved: an agent is reserved for this call; None = the rules about agents are not asked.

    Raises:
        LookupError: there is no such person.
    """
    openings = await load_openings(conn, first_on=jst_date(now), campaign_id=campaign.campaign_id)
    hours = openings.hours_of(campaign)
    row = await queries.facts(
        conn,
        campaign_id=campaign.campaign_id,
        debtor_id=debtor_id,
        number=number,
        except_attempt=except_attempt,
        now=now,
        call_window=hours.window_at(now),
    )
    if row is None:
        raise LookupError(f"no debtor {debtor_id}")
    return CallFacts(
        campaign_running=row["campaign_state"] == CampaignState.RUNNING,
        hours=hours,
        debts=tuple(OpenDebt(debt_type, due_on) for debt_type, due_on in row["debts"]),
        promises=tuple(OpenPromise(debt_type, due_on) for debt_type, due_on in row["promises"]),
        contact_stop=row["contact_stop"],
        number=row["number"],
        number_dead=bool(row["number_dead"]),
        attempts={window: row[f"{window}_attempts"] for window in Window},
        next_attempt_at=row["next_attempt_at"],
        missed_hour_of_week=row["missed_hour_of_week"],
        missed_cells=row["missed_cells"],
        contacted_at=row["contacted_at"],
        recall_from=row["recall_from"],
        capped_until=row["capped_until"],
        urgency=Urgency(row["urgency"]),
        strict_rotation=campaign.choosing.rotation is Rotation.STRICT,
        person_open=row["person_open"],
        household_open=row["household_open"],
        household_next_attempt_at=row["household_next_attempt_at"],
        household_capped_until=row["household_capped_until"],
        number_open=bool(row["number_open"]),
        number_next_attempt_at=row["number_next_attempt_at"],
        number_capped_until=row["number_capped_until"],
        wants=row["wants"],
        reserved=reserved,
    )
