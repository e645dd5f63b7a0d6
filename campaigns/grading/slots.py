"""How many calls are left in each kind of hour until the month ends (pure).

From the opening hours that are still to come and the pace given (``pace.py``); and how often one person can still be
called in them, as the spread rule lets it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from campaigns.calendar import jst_date
from campaigns.learning.evidence import WINDOWS, Ints
from campaigns.learning.horizon import Limits, Timeline
from campaigns.learning.spread import Spread
from campaigns.model import Window
from campaigns.opening.hours import Hours

LEAST_DAYS = 3
"""Near the end of the month the horizon reaches at least so many days into the next one."""


def horizon_ends(now: datetime) -> date:
    """The last JST day that a call now competes with: the end of this month, or a few days more."""
    today = jst_date(now)
    last = (today.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return max(last, today + timedelta(days=LEAST_DAYS))


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of the horizon, session by session, in order of time; the one that is open now is the first.

    Args:
        timeline: kinds of hour, calls, days.
        spread: the spread rule over the same sessions.
    """

    timeline: Timeline
    spread: Spread

    def limits(self, missed_cells: Ints) -> Limits:
        """How often each person with these cells (n,) can still be called; there must be a session left."""
        masks = np.column_stack([missed_cells >> 7 * w & 0b1111111 for w in range(3)])
        return self.spread.limits(0, len(self.timeline), masks)


def left_of(hours: Hours, now: datetime, per_hour: Mapping[Window, float]) -> Left:
    """The sessions from `now` to the end of the horizon, with the calls that can be placed in each.

    Args:
        per_hour: attempts an hour by kind of hour.
    """
    sessions = [s for s in hours.sessions(jst_date(now), horizon_ends(now)) if s.ends_at > now]
    calls = [per_hour[s.window] * (s.ends_at - max(s.starts_at, now)).total_seconds() / 3600 for s in sessions]
    windows = [WINDOWS.index(s.window) for s in sessions]
    timeline = Timeline(
        windows=np.array(windows, dtype=np.int64),
        calls=np.array(calls, dtype=np.float64),
        days=np.array([s.day.toordinal() for s in sessions], dtype=np.int64),
    )
    return Left(timeline, Spread([s.day for s in sessions], windows))
