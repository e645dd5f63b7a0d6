"""Reads from the database what the never-dial rules ask about one person.

Decides nothing: `rules.may_call` does. Always fresh from the tables of facts, never from the list that
is derived from them.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from campaigns.calendar import ROTATION_DAYS
from campaigns.campaign import Campaign, CampaignState, load_calendar_days
from campaigns.model import E164, Window
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
    ready_agents: int | None = None,
) -> CallFacts:
    """The facts about one person in one campaign.

    Args:
        now: aware; the editable calendar is read from its day on.
        number: the one that is to be called; None = the one that the claim would take.
        except_attempt: the attempt that asks, which does not stand in its own way.
        ready_agents: passed on; None = the rule about waiting agents is not asked.

    Raises:
        LookupError: there is no such person.
    """
    row = await queries.facts(
        conn,
        campaign_id=campaign.campaign_id,
        debtor_id=debtor_id,
        number=number,
        except_attempt=except_attempt,
        now=now,
    )
    if row is None:
        raise LookupError(f"no debtor {debtor_id}")
    return CallFacts(
        campaign_running=row["campaign_state"] == CampaignState.RUNNING,
        windows=campaign.windows,
        calendar_days=await load_calendar_days(conn, now, ROTATION_DAYS),
        debts=tuple(OpenDebt(debt_type, due_on) for debt_type, due_on in row["debts"]),
        promises=tuple(OpenPromise(debt_type, due_on) for debt_type, due_on in row["promises"]),
        contact_stop=row["contact_stop"],
        number=row["number"],
        number_dead=bool(row["number_dead"]),
        attempts={window: row[f"{window}_attempts"] for window in Window},
        next_attempt_at=row["next_attempt_at"],
        missed_hour_of_week=row["missed_hour_of_week"],
        contacted_at=row["contacted_at"],
        person_open=row["person_open"],
        household_open=row["household_open"],
        household_next_attempt_at=row["household_next_attempt_at"],
        number_open=bool(row["number_open"]),
        number_next_attempt_at=row["number_next_attempt_at"],
        wants_waiting_agent=row["wants_waiting_agent"],
        ready_agents=ready_agents,
    )
