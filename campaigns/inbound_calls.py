"""Writes what happens to calls that come in; the persisted side of the engine's call state machine, as `attempts` is.

Decides no transition. The states are those of an attempt from ``answered`` on: a caller is on the line from the
beginning and waits for an agent.

Invariant: while a person's row is open nobody dials this person: the claim and the second check ask for it.
Invariant: whoever has talked with an agent isn't dialed before the result can be known.
Invariant: an ended call never changes again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from campaigns.errors import StaleState
from campaigns.model import E164, AttemptState, Outcome
from campaigns.progress import DEFAULT_RETRY_DELAY_S
from campaigns.queries import queries


@dataclass(frozen=True, slots=True)
class NewInbound:
    """A call that came in.

    Args:
        uniqueid: Asterisk's name of its channel.
        dialled: the number of ours that was called.
        debtor_id: None = nobody knows who calls.
        campaign_id: whose hours, wrap-up and debt types it goes by.
        agent_groups: whose agents may take it, at least one.
        wanted_agent_id: who had better take it; anybody is better than nobody.
        wants: a language, ``language:ne``; as above.
    """

    call_id: UUID
    uniqueid: str
    dialled: E164
    debtor_id: int | None
    campaign_id: int
    agent_groups: tuple[str, ...]
    wanted_agent_id: int | None = None
    wants: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenInbound(NewInbound):
    """One that has not ended, as a restarted engine finds it.

    Args:
        taken: an agent took it; then it is recorded.
    """

    state: AttemptState
    state_at: datetime
    came_at: datetime
    taken: bool
    joined_at: datetime | None


async def begin(conn: asyncpg.Connection, new: NewInbound, came_at: datetime) -> None:
    """Write a call that came in at `came_at` (aware); it waits for an agent.

    Raises:
        asyncpg.UniqueViolationError: it is written already.
    """
    await queries.insert_inbound(
        conn,
        call_id=new.call_id,
        uniqueid=new.uniqueid,
        dialled=new.dialled,
        debtor_id=new.debtor_id,
        campaign_id=new.campaign_id,
        agent_groups=list(new.agent_groups),
        wanted_agent_id=new.wanted_agent_id,
        wants=new.wants,
        came_at=came_at,
    )


async def move(conn: asyncpg.Connection, call_id: UUID, *, frm: AttemptState, to: AttemptState, at: datetime) -> None:
    """Write one transition; ``ended`` is one of them.

    Raises:
        StaleState: the row is not in `frm`; nothing is changed.
    """
    if await queries.move_inbound(conn, call_id=call_id, frm=frm, to=to, at=at) is None:
        raise StaleState(f"inbound call {call_id} is not {frm}")


async def rest_after_talk(conn: asyncpg.Connection, debtor_id: int, ended_at: datetime) -> None:
    """Dial the person no sooner after a talk that ended at `ended_at` (aware) than after an answered call of ours.

    The agent's result says more; until she has entered it nothing else would keep the person from the next claim.
    """
    until = ended_at + timedelta(seconds=DEFAULT_RETRY_DELAY_S[Outcome.ANSWERED])
    await queries.rest_after_talk(conn, until=until, debtor_id=debtor_id)


async def state_of(conn: asyncpg.Connection, call_id: UUID) -> tuple[AttemptState, datetime] | None:
    """The state of a call and since when, ended ones too; None when there is none. See ``attempts.state_of``."""
    row = await queries.state_of_inbound(conn, call_id=call_id)
    return None if row is None else (AttemptState(row["state"]), row["state_at"])


async def open_inbound(conn: asyncpg.Connection) -> list[OpenInbound]:
    """Every call that came in and has not ended, the longest waiting first."""
    return [
        OpenInbound(**{**row, "agent_groups": tuple(row["agent_groups"]), "state": AttemptState(row["state"])})
        async for row in queries.open_inbound(conn)
    ]
