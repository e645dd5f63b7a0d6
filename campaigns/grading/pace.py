"""The pace of calling: attempts an hour, agents, attempts an agent hour, by kind of hour, as they were seen lately.

The one estimate, for the prices of the lists (``prices.py``) and for plans (``planning.py``). A kind of hour in which
nobody called goes by the others together, and before the first call by the figures stated here.

Invariant: every quotient is that of sums, so an hour with many attempts counts more than one with few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from campaigns.model import Window
from campaigns.queries import queries

PACE_DAYS = 28
"""How far back it is looked: four weeks hold days off of most calendars, two often hold none."""

FIRST_AGENTS = 7
"""Agents in a session before any were seen. Source: seed N."""

FIRST_CALLS = 10.0
"""Attempts an agent hour before any were seen. Source: seed N, 11,300 calls a month in 160 hours of 7 agents."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How calls were placed lately in one kind of hour.

    Args:
        attempts: placed; clock_hours: in which there was at least one.
        agents: who talked in a session, on average; 0 = none seen.
    """

    attempts: int
    clock_hours: int
    agents: float

    @property
    def agent_hours(self) -> float:
        """Agents × clock hours; 0 = none seen."""
        return self.agents * self.clock_hours


async def read_pace(conn: asyncpg.Connection, campaign_id: int, now: datetime) -> dict[Window, Pace]:
    """The pace of the last `PACE_DAYS` days; a kind of hour without attempts is left out."""
    rows = queries.pace_by_window(conn, campaign_id=campaign_id, since=now - timedelta(days=PACE_DAYS), until=now)
    return {Window(r["call_window"]): Pace(r["attempts"], r["clock_hours"], r["agents"]) async for r in rows}


def attempts_an_hour(seen: Mapping[Window, Pace]) -> dict[Window, float]:
    """Attempts a clock hour of all agents together, > 0."""
    return _quotients({w: (p.attempts, p.clock_hours) for w, p in seen.items()}, FIRST_AGENTS * FIRST_CALLS)


def agents_in_a_session(seen: Mapping[Window, Pace]) -> dict[Window, float]:
    """Agents who talk, on average, > 0."""
    return _quotients({w: (p.agent_hours, p.clock_hours) for w, p in seen.items() if p.agents}, FIRST_AGENTS)


def attempts_an_agent_hour(seen: Mapping[Window, Pace]) -> dict[Window, float]:
    """Attempts ÷ (agents × clock hours), of the kinds of hour in which agents were seen; > 0."""
    return _quotients({w: (p.attempts, p.agent_hours) for w, p in seen.items() if p.agents}, FIRST_CALLS)


def _quotients(parts: Mapping[Window, tuple[float, float]], first: float) -> dict[Window, float]:
    """Each kind of hour's own quotient; that of all together where it has none, `first` where nobody has."""
    of, by = (sum(part[place] for part in parts.values()) for place in (0, 1))
    overall = of / by if by else first
    return {w: parts[w][0] / parts[w][1] if w in parts and parts[w][1] else overall for w in Window}
