"""Values to grades for the next session of each kind of hour (pure).

What the calendar says about those sessions, and the supervisor about rotation, floor and lots: who is drawn for a
session, who is below the floor, and whom the rules of spread would refuse in it. What a grade is, is said in
``grades.py``.

Invariant: nobody is drawn for a session in which the rules would refuse the call.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from campaigns.ahead import NOTHING, Ahead, ahead_of
from campaigns.calendar import cell_of, jst_date
from campaigns.campaign import Choosing
from campaigns.grading.grades import Bools, Grades, below_floor, drawn_by_lot, grades_of
from campaigns.grading.people import People
from campaigns.grading.prices import Prices
from campaigns.learning.evidence import WINDOWS, Floats, Ints
from campaigns.learning.grades import of_values
from campaigns.model import Window
from campaigns.opening.campaign_hours import CampaignHours
from campaigns.opening.hours import Session

_DAYS_AHEAD = 31


@dataclass(frozen=True, slots=True)
class Graded:
    """The grades of n people.

    Args:
        grades: (n, 3).
        below_floor: (n,) in any kind of hour; drawn: (n,) by lot, likewise.
    """

    grades: Grades
    below_floor: Bools
    drawn: Bools


@dataclass(frozen=True, slots=True)
class NextSessions:
    """The next session of each kind of hour.

    Args:
        sessions: None = none comes in the next month.
        ahead: what still comes then for whom, by kind of hour, for the rules of spread; NOTHING where none comes.
        chances: of each person to be drawn for the session, 0..1.
        prices: of a call by kind of hour, in mean stakes.
    """

    choosing: Choosing
    sessions: dict[Window, Session | None]
    ahead: dict[Window, Ahead]
    chances: dict[Window, float]
    prices: Floats

    @staticmethod
    def after(now: datetime, hours: CampaignHours, choosing: Choosing, prices: Prices) -> NextSessions:
        """Those that are open at `now` or come next; lots by the calls that fall to one session."""
        days = hours.sessions(jst_date(now), jst_date(now) + timedelta(days=_DAYS_AHEAD))
        coming = {w: next((s for s in days if s.window is w and s.ends_at > now), None) for w in Window}
        per_session = {
            w: attempts / max(sessions, 1)
            for w, attempts, sessions in zip(WINDOWS, prices.attempts_left, prices.sessions_left, strict=True)
        }
        return NextSessions(
            choosing=choosing,
            sessions=coming,
            ahead={
                w: NOTHING if s is None else ahead_of(hours, max(now, s.starts_at), w, choosing.rotation)
                for w, s in coming.items()
            },
            chances={w: choosing.lot_ratio * per_session[w] / max(prices.people, 1) for w in Window},
            prices=np.array(prices.prices),
        )

    def grade(self, people: People, values: Floats) -> Graded:
        """Grades from (n, 3) values, in mean stakes; −inf where no call is possible."""
        floor = below_floor(
            values - self.prices,  # where a call is worth most above what its slot costs
            people.month_tries,
            people.windows_tried,
            floor_attempts=self.choosing.floor_attempts,
            each_window=self.choosing.floor_each_window,
            open_windows=np.array([self.sessions[w] is not None for w in WINDOWS]),
        )
        out: Bools = np.column_stack([self._out(people, w) for w in WINDOWS])
        drawn: Bools = np.column_stack([self._drawn(people, w) for w in WINDOWS]) & ~out
        worth = of_values(values, self.prices)
        grades = grades_of(worth, out=out, below_floor=floor, overdue=people.overdue, drawn=drawn)
        return Graded(grades, np.asarray(floor.any(axis=1)), np.asarray(drawn.any(axis=1)))

    def _drawn(self, people: People, window: Window) -> Bools:
        session = self.sessions[window]
        if session is None:
            return np.zeros(len(people), dtype=np.bool_)
        return drawn_by_lot(people.debtor_ids, session.day, window, self.chances[window])

    def _out(self, people: People, window: Window) -> Bools:
        """Whom the rules of spread would refuse in the next session of this kind (``rules``: same day, same window)."""
        session = self.sessions[window]
        if session is None:
            return np.zeros(len(people), dtype=np.bool_)
        cells, others = _coming(people, self.ahead[window])
        again = people.missed_cells & cell_of(window, session.day) != 0
        out: Bools = again & (cells & ~people.missed_cells != 0)
        here = people.tries[:, WINDOWS.index(window)]
        for place in range(len(WINDOWS)):
            out |= (others >> place & 1 != 0) & (here > people.tries[:, place])
        return out


def _coming(people: People, ahead: Ahead) -> tuple[Ints, Ints]:
    """(n,) each: the cells and the other kinds of hour that still come for each person, by what is owed."""
    if not ahead.by_type:
        return np.full(len(people), ahead.for_any.cells), np.full(len(people), ahead.for_any.others)
    bits = np.array([(coming.cells, coming.others) for coming in ahead.by_type.values()], dtype=np.int64)
    cells, others = (np.bitwise_or.reduce(np.where(people.owed, bits[:, i], 0), axis=1) for i in range(2))
    return cells, others
