"""Agents and seats in PostgreSQL. Writes what the machine decided; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import aiosql
import asyncpg

from dialer.agents.machine import AgentState, AgentStatus
from dialer.agents.shift_end import ShiftEnd

_sql = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg", mandatory_parameters=False)


@dataclass(frozen=True, slots=True)
class Seat:
    """A telephone place. `kind` is ``web`` (browser) or ``sip`` (telephone)."""

    extension: str
    kind: str
    secret: str


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One agent as PostgreSQL has it."""

    agent_id: int
    name: str
    group: str
    languages: tuple[str, ...]
    status: AgentStatus
    state_at: datetime
    extension: str | None
    seat_kind: str | None
    leg_id: str | None
    debtor_id: int | None
    shift: ShiftEnd


@dataclass(frozen=True, slots=True)
class StaffRow:
    """What an administrator may change of an agent at any time."""

    agent_id: int
    name: str
    group: str
    languages: tuple[str, ...]
    shift: ShiftEnd
    disabled: bool


async def load_agents(conn: asyncpg.Connection) -> list[AgentRow]:
    """Every agent who isn't disabled, and the disabled ones who are still at work."""
    return [_row(r) async for r in _sql.all_agents(conn)]


async def load_staff(conn: asyncpg.Connection) -> list[StaffRow]:
    """What is administered of every agent, whoever is at work."""
    return [
        StaffRow(r["agent_id"], r["display_name"], r["agent_group"], tuple(r["languages"]), _shift(r), r["disabled"])
        async for r in _sql.staff(conn)
    ]


async def load_agent(conn: asyncpg.Connection, agent_id: int) -> AgentRow | None:
    """One agent, or None when there is none (or disabled)."""
    found = await _sql.one_agent(conn, agent_id=agent_id)
    return None if found is None else _row(found)


def _row(r: asyncpg.Record) -> AgentRow:
    return AgentRow(
        agent_id=r["agent_id"],
        name=r["display_name"],
        group=r["agent_group"],
        languages=tuple(r["languages"]),
        status=AgentStatus(AgentState(r["state"]), r["reason"], r["leg_up"], r["call_id"]),
        state_at=r["state_at"],
        extension=r["extension"],
        seat_kind=r["seat_kind"],
        leg_id=r["leg_id"],
        debtor_id=r["debtor_id"],
        shift=_shift(r),
    )


def _shift(r: asyncpg.Record) -> ShiftEnd:
    return ShiftEnd(r["shift_ends"], r["shift_moved_on"], r["shift_moved_to"])


async def write_agent(
    conn: asyncpg.Connection,
    agent_id: int,
    before: AgentStatus,
    status: AgentStatus,
    *,
    at: datetime,
    state_at: datetime,
    extension: str | None,
    leg_id: str | None,
) -> None:
    """Write `status`; when state or reason differ from `before`, close and open a stretch of agent time.

    Raises:
        asyncpg.UniqueViolationError: the seat is taken by another agent.
    """
    await _sql.write_agent(
        conn,
        agent_id=agent_id,
        state=str(status.state),
        reason=status.reason,
        state_at=state_at,
        extension=extension,
        leg_id=leg_id,
        leg_up=status.leg_up,
        call_id=status.call_id,
        at=at,
        new_stretch=(before.state, before.reason) != (status.state, status.reason),
    )


async def move_shift_end(conn: asyncpg.Connection, agent_id: int, on: date, to: time | None) -> None:
    """On the JST day `on` the agent's shift ends at `to` (JST), or not at all."""
    await _sql.move_shift_end(conn, agent_id=agent_id, on=on, to=to)


async def seat_kind(conn: asyncpg.Connection, extension: str) -> str | None:
    """``web`` or ``sip``; None when there is no such seat."""
    row = await _sql.seat(conn, extension=extension)
    return None if row is None else str(row["kind"])


async def load_seats(conn: asyncpg.Connection) -> list[Seat]:
    """All seats by extension."""
    return [Seat(r["extension"], r["kind"], r["secret"]) async for r in _sql.all_seats(conn)]


async def add_seats(conn: asyncpg.Connection, seats: list[Seat]) -> None:
    """Add the seats that are not there yet; those that are keep their secret."""
    for seat in seats:
        await _sql.add_seat(conn, extension=seat.extension, kind=seat.kind, secret=seat.secret)
