"""What is left of the month: sessions, calls, and how often a line can still be called.

Decides nothing. A `Timeline` knows each session and its day; `Slots` is the shorter form for those who know only sums.

Invariant: days never go back, numbers are never negative.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaigns.learning.evidence import Floats, Ints

MOST_CALLS = (8, 6, 3)
"""Further calls to one line that plans look ahead to, by kind of hour; more hardly ever pay."""

Caps = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The sessions of the horizon, in order, the one that is open now included.

    Args:
        windows: (T,) kind of hour of each (place in `WINDOWS`).
        calls: (T,) calls that can still be placed in each, ≥ 0.
        days: (T,) whole numbers, never falling; sessions of one day have the same. A line gets one call a day.

    Raises:
        ValueError: lengths differ, days go back, or calls are negative.
    """

    windows: Ints
    calls: Floats
    days: Ints

    def __post_init__(self) -> None:
        if not len(self.windows) == len(self.calls) == len(self.days):
            raise ValueError("a timeline needs a kind of hour, calls and a day for each session")
        if (np.diff(self.days) < 0).any() or (self.calls < 0).any():
            raise ValueError("days of a timeline must not go back, calls not be negative")

    def __len__(self) -> int:
        return len(self.windows)

    def next_day(self, place: int) -> int:
        """The place of the first session after the day of the one at `place`."""
        return int(np.searchsorted(self.days, self.days[place], side="right"))

    @property
    def sessions(self) -> Ints:
        """(3,) sessions by kind of hour."""
        return np.bincount(self.windows, minlength=3).astype(np.int64)

    @property
    def attempts(self) -> Floats:
        """(3,) calls by kind of hour."""
        return np.bincount(self.windows, self.calls, minlength=3).astype(np.float64)

    def caps(self, lines: int) -> Caps:
        """How far the table of misses of so many lines should go: further where there are more calls for each."""
        room = 2 + np.ceil(3 * self.attempts / max(lines, 1))
        a, b, c = np.minimum(np.minimum(self.sessions, MOST_CALLS), room).astype(int).tolist()
        return a, b, c


@dataclass(frozen=True, slots=True)
class Slots:
    """What is left, as sums.

    Args:
        attempts: calls that can still be placed, by kind of hour, ≥ 0.
        sessions: how often one line can still be called, by kind of hour (one call a session), ≥ 0.

    Raises:
        ValueError: a number is negative.
    """

    attempts: tuple[float, float, float]
    sessions: Caps

    def __post_init__(self) -> None:
        if min(*self.attempts, *self.sessions) < 0:
            raise ValueError("slots that are left can't be negative")

    @property
    def caps(self) -> Caps:
        """How far tables of misses must go at most."""
        a, b, c = (min(s, most) for s, most in zip(self.sessions, MOST_CALLS, strict=True))
        return a, b, c

    def timeline(self) -> Timeline:
        """Sessions of each kind of hour spread evenly over the horizon, each on a day of its own."""
        moments = sorted(((k + 0.5) / of, w) for w, of in enumerate(self.sessions) for k in range(of))
        windows = np.array([w for _, w in moments], dtype=np.int64)
        per_session = np.array(self.attempts) / np.maximum(self.sessions, 1)
        return Timeline(windows, per_session[windows], np.arange(len(windows)))


@dataclass(frozen=True, slots=True)
class Limits:
    """How often each of n lines can still be called within the horizon, as the spread rules let it.

    Args:
        now: (n, 3) by kind of hour, if it is called in the next session of it (that call included); 0 = it can't be.
        later: (n, 3) if it is not called in that session.
        barred: (T, n) sessions in which no call can be the line's first of that kind of hour; None = there are none.
    """

    now: Ints
    later: Ints
    barred: NDArray[np.bool_] | None = None

    @staticmethod
    def of_sessions(timeline: Timeline, lines: int) -> Limits:
        """One call a session, without other rules."""
        sessions = np.tile(timeline.sessions, (lines, 1))
        return Limits(sessions, np.maximum(sessions - 1, 0))

    def of(self, lines: slice | Ints) -> Limits:
        """The same for some of the lines."""
        return Limits(self.now[lines], self.later[lines], None if self.barred is None else self.barred[:, lines])


def timeline_of(ahead: Slots | Timeline) -> Timeline:
    """The timeline that is meant."""
    return ahead.timeline() if isinstance(ahead, Slots) else ahead
