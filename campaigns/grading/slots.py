"""How many calls are left in each kind of hour until the month ends (pure).

From the opening hours that are still to come and from the pace at which calls were placed lately. A pace that is not
known yet is that of the other kinds of hour, and before the first call the one given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from campaigns.calendar import jst_date
from campaigns.learning.evidence import WINDOWS
from campaigns.learning.horizon import Timeline
from campaigns.model import Window
from campaigns.opening.hours import Hours, Session

FIRST_PACE = 70.0
"""Attempts an hour before any were seen. Source: seed N, 11,300 calls a month in 160 open hours (7 agents)."""

LEAST_DAYS = 3
"""Near the end of the month the horizon reaches at least so many days into the next one."""


def horizon_ends(now: datetime) -> date:
    """The last JST day that a call now competes with: the end of this month, or a few days more."""
    today = jst_date(now)
    last = (today.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return max(last, today + timedelta(days=LEAST_DAYS))


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of the horizon, session by session.

    Args:
        sessions: in order of time, the one that is open now first.
        timeline: the same for the arithmetic: kinds of hour, calls, days.
    """

    sessions: tuple[Session, ...]
    timeline: Timeline


def left_of(hours: Hours, now: datetime, per_hour: Mapping[Window, float]) -> Left:
    """The sessions from `now` to the end of the horizon, with the calls that can be placed in each.

    Args:
        per_hour: attempts an hour by kind of hour.
    """
    sessions = tuple(s for s in hours.sessions(jst_date(now), horizon_ends(now)) if s.ends_at > now)
    calls = [per_hour[s.window] * (s.ends_at - max(s.starts_at, now)).total_seconds() / 3600 for s in sessions]
    timeline = Timeline(
        windows=np.array([WINDOWS.index(s.window) for s in sessions], dtype=np.int64),
        calls=np.array(calls, dtype=np.float64),
        days=np.array([s.day.toordinal() for s in sessions], dtype=np.int64),
    )
    return Left(sessions, timeline)


def pace_of(seen: Mapping[Window, tuple[int, int]], first_pace: float = FIRST_PACE) -> dict[Window, float]:
    """Attempts an hour by kind of hour.

    Args:
        seen: attempts and clock hours in which they were placed, lately.
        first_pace: while nothing is known; > 0.
    """
    attempts, clock_hours = (sum(one[i] for one in seen.values()) for i in (0, 1))
    overall = attempts / clock_hours if clock_hours else first_pace
    return {w: seen[w][0] / seen[w][1] if seen.get(w, (0, 0))[1] else overall for w in Window}
