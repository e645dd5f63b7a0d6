"""Staffing of a month: how many sessions of each kind of hour, with how many agents (pure).

A session is one kind of hour on one day. Decides what a staffing may be, in which order its sessions lie in a month,
and which other staffings are worth looking at beside it; what comes of one is decided in ``expecting.py``.

Invariant: every tuple of three is by kind of hour, in the order of ``WINDOWS``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from campaigns.errors import CampaignInvalid
from campaigns.grading.pace import Pace, agents_in_a_session, attempts_an_agent_hour, attempts_an_hour
from campaigns.learning.evidence import WINDOWS
from campaigns.learning.horizon import Timeline
from campaigns.model import Window
from campaigns.opening.hours import Session, open_s

Three = tuple[float, float, float]
"""By kind of hour."""

MOST_SESSIONS = 31
MOST_AGENTS = 300
MOST_CALLS = 200.0

_FIRST_HOURS = {Window.WEEKDAY: 8.0, Window.EVENING: 3.0, Window.WEEKEND: 8.0}  # N 7(1)ア


@dataclass(frozen=True, slots=True)
class Staffing:
    """The sessions of a month.

    Args:
        sessions: of each kind of hour, 0–31.
        hours: how long one lasts, 0 < hours ≤ 24.
        agents: in each, 0–300.
        calls: attempts an agent places in an hour, 0 < calls ≤ 200.
    """

    sessions: tuple[int, int, int]
    hours: Three
    agents: tuple[int, int, int]
    calls: Three

    @property
    def attempts(self) -> Three:
        """That can be placed in all sessions of each kind of hour."""
        return three(n * per for n, per in zip(self.sessions, self.attempts_a_session, strict=True))

    @property
    def attempts_a_session(self) -> Three:
        """That can be placed in one session of each kind of hour."""
        return three(h * a * c for h, a, c in zip(self.hours, self.agents, self.calls, strict=True))

    @property
    def agent_hours(self) -> float:
        """Paid for, all kinds of hour together."""
        return sum(n * h * a for n, h, a in zip(self.sessions, self.hours, self.agents, strict=True))

    def moved(self, by: tuple[int, int, int]) -> Staffing | None:
        """With so many sessions more or fewer of each kind; None where there can't be so many."""
        sessions = _whole(n + m for n, m in zip(self.sessions, by, strict=True))
        if not all(0 <= n <= MOST_SESSIONS for n in sessions):
            return None
        return replace(self, sessions=sessions)

    def timeline(self, share: float = 1.0) -> Timeline:
        """The sessions spread evenly over the month; evenings lie on the days of weekday sessions.

        Args:
            share: of the attempts that is meant: a sample of the list gets its share of them.
        """
        weekdays, evenings, days_off = self.sessions
        working_days = max(weekdays, evenings)
        placed = [
            (int((k + 0.5) * working_days / n) / max(working_days, 1), 0, w)
            for w, n in enumerate((weekdays, evenings))
            for k in range(n)
        ]
        placed += [((k + 0.5) / days_off, 1, 2) for k in range(days_off)]
        placed.sort()
        days = {place: number for number, place in enumerate(sorted({(at, off) for at, off, _ in placed}))}
        windows = np.array([w for _, _, w in placed], dtype=np.int64)
        return Timeline(
            windows,
            np.array(self.attempts_a_session)[windows] * share,
            np.array([days[at, off] for at, off, _ in placed], dtype=np.int64),
        )


def check(staffing: Staffing) -> None:
    """Refuse what can't be.

    Raises:
        CampaignInvalid: the first wrong field and why.
    """
    for field, values, least, most in (
        ("sessions", staffing.sessions, 0, MOST_SESSIONS),
        ("agents", staffing.agents, 0, MOST_AGENTS),
        ("hours", staffing.hours, 0.25, 24),
        ("calls", staffing.calls, 0.1, MOST_CALLS),
    ):
        for window, value in zip(WINDOWS, values, strict=True):
            if not least <= value <= most:
                raise CampaignInvalid(f"{field} ({window})", f"{value:g} is not between {least:g} and {most:g}")


def usual_staffing(sessions: list[Session], seen: Mapping[Window, Pace]) -> Staffing:
    """The staffing that the calendar's sessions and the pace seen come to; agents are whole."""
    open_for_s = open_s(sessions)
    days = {w: len({s.day for s in sessions if s.window is w}) for w in Window}
    agents = {w: max(1, min(MOST_AGENTS, round(n))) for w, n in agents_in_a_session(seen).items()}
    an_hour, an_agent_hour = attempts_an_hour(seen), attempts_an_agent_hour(seen)

    def calls(w: Window) -> float:
        # by the whole agents, so that together they place what was placed
        told = an_hour[w] / agents[w] if w in seen and seen[w].agent_hours else an_agent_hour[w]
        return min(MOST_CALLS, max(0.1, round(told, 1)))

    return Staffing(
        sessions=_whole(days[w] for w in WINDOWS),
        hours=three(round(open_for_s[w] / 3600 / days[w], 2) if days[w] else _FIRST_HOURS[w] for w in WINDOWS),
        agents=_whole(agents[w] for w in WINDOWS),
        calls=three(calls(w) for w in WINDOWS),
    )


_MOVES: tuple[tuple[int, int, int], ...] = (
    (1, 0, 0),
    (0, 1, 0),
    (0, 0, 1),
    (-1, 1, 0),
    (-1, 0, 1),
    (0, -1, 1),
    (1, -1, 0),
    (1, 0, -1),
    (0, 1, -1),
)


def alternatives(staffing: Staffing) -> list[tuple[tuple[int, int, int], Staffing]]:
    """One session more of each kind, and one of each kind instead of another: (what is moved, the staffing)."""
    return [(move, other) for move in _MOVES if (other := staffing.moved(move)) is not None]


def three(values: Iterable[float]) -> Three:
    """By kind of hour, as plain numbers."""
    first, second, third = (float(v) for v in values)
    return first, second, third


def _whole(values: Iterable[int]) -> tuple[int, int, int]:
    first, second, third = values
    return first, second, third
