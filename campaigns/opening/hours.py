"""Every question about time that is asked of something that opens and closes.

Whoever can say the sessions of one day (``Hours.sessions_on``) gets the answers to all of them: what is open
now, when the next opening is, which kinds of hour are still to come. Decides nothing about which day is which:
``operating`` and ``campaign_hours`` do.

Invariant: a moment is open exactly when it lies in a session, start included, end excluded.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from campaigns.calendar import ROTATION_DAYS, cell_of, jst_date
from campaigns.model import Window

SEARCH_DAYS = 400
"""Further ahead no opening is looked for: longer than any year's closure."""


@dataclass(frozen=True, slots=True)
class Session:
    """One unbroken stretch of a day in which calls may be placed, all of it counted as one kind of hour.

    Args:
        day: the JST date.
        window: what attempts in it are counted as.
        starts_at: UTC, included.
        ends_at: UTC, excluded; at the latest 24:00 JST of `day`.
    """

    day: date
    window: Window
    starts_at: datetime
    ends_at: datetime

    @property
    def length_s(self) -> int:
        """Its length in seconds, more than 0."""
        return int((self.ends_at - self.starts_at).total_seconds())


class Hours(ABC):
    """Something that opens and closes. Every moment given is aware, every moment returned is in UTC."""

    __slots__ = ()

    @abstractmethod
    def sessions_on(self, day: date) -> tuple[Session, ...]:
        """The sessions of the JST date `day`, in order of time, none overlapping another; empty = closed."""

    def window_at(self, now: datetime) -> Window | None:
        """The kind of hour that is open at `now`, or None while it is closed.

        Raises:
            ValueError: `now` is naive.
        """
        for session in self.sessions_on(jst_date(now)):
            if session.starts_at <= now < session.ends_at:
                return session.window
        return None

    def next_opening(self, now: datetime) -> datetime | None:
        """The first open moment from `now` on: `now` itself while it is open; None = none within 400 days.

        Raises:
            ValueError: `now` is naive.
        """
        if self.window_at(now) is not None:
            return now
        return next((session.starts_at for session in self.openings(now, SEARCH_DAYS)), None)

    def openings(self, now: datetime, days: int = ROTATION_DAYS) -> Iterator[Session]:
        """The sessions that start after `now` and at most `days` times 24 hours later, in order of time.

        Raises:
            ValueError: `now` is naive.
        """
        today = jst_date(now)
        until = now + timedelta(days=days)
        for ahead in range(days + 1):
            for session in self.sessions_on(today + timedelta(days=ahead)):
                if now < session.starts_at <= until:
                    yield session

    def sessions(self, first_on: date, last_on: date) -> list[Session]:
        """Every session of the JST days from `first_on` to `last_on`, both included, in order of time."""
        days = (first_on + timedelta(days=n) for n in range((last_on - first_on).days + 1))
        return [session for day in days for session in self.sessions_on(day)]

    def windows_ahead(self, now: datetime, days: int = ROTATION_DAYS) -> frozenset[Window]:
        """The kinds of hour that are open at `now` or open within `days` times 24 hours.

        The rotation waits for these only: who can't be tried on a day off isn't held back for one.

        Raises:
            ValueError: `now` is naive.
        """
        ahead = {session.window for session in self.openings(now, days)}
        if (open_now := self.window_at(now)) is not None:
            ahead.add(open_now)
        return frozenset(ahead)

    def cells_ahead(self, now: datetime, window: Window, days: int = ROTATION_DAYS) -> int:
        """The cells of `window` that open after the JST day of `now`, within `days` times 24 hours, as bits.

        A cell is one kind of hour on one day of the week, Monday first (``calendar.cell_of``); a public
        holiday keeps its own day of the week.

        Raises:
            ValueError: `now` is naive.
        """
        today = jst_date(now)
        cells = 0
        for session in self.openings(now, days):
            if session.window is window and session.day != today:
                cells |= cell_of(window, session.day)
        return cells


def open_s(sessions: Iterable[Session], *, since: datetime | None = None) -> dict[Window, int]:
    """How long the sessions last in all, in seconds for each kind of hour; 0 for a kind that has none.

    Args:
        since: aware; what lies before it isn't counted (what is left of a month that has begun). None = all.
    """
    total = dict.fromkeys(Window, 0)
    for session in sessions:
        starts_at = session.starts_at if since is None else max(session.starts_at, since)
        total[session.window] += max(0, int((session.ends_at - starts_at).total_seconds()))
    return total
