"""One month of calls: who may be called in each session, what comes of it, what is remembered.

Decides the rules that every policy obeys, as in production: whoever was contacted leaves the month's list; a person and
a number are called at most once a day; a weekday and kind of hour in which a person was missed isn't repeated until the
other weekdays of that kind were tried (requirements CALL-5, CALL-7). Which of those who may be called are called, a
`Policy` decides.

Invariant: the coins are those of (seed, month, session, number) whatever the policy, so policies are compared on
the same luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import numpy as np

from campaigns.learning.evidence import HALF_LIFE, Evidence, Floats, Ints
from campaigns.learning.horizon import Limits, Timeline
from campaigns.learning.spread import Spread
from dialer.simulation.scheduling.centre import Session
from dialer.simulation.scheduling.town import People

_LONG_AGO = date(2000, 1, 1).toordinal()
_KEEPS_A_DAY = 0.5 ** (1 / HALF_LIFE.days)


@dataclass(slots=True)
class Memory:
    """What a centre remembers of a town.

    Args:
        hits, misses: (numbers, 3) decayed.
        tries: (people, 3) calls ever, by kind of hour.
        called: (people,) ordinal of the day of the last call.
        number_called: (numbers,) the same of each number.
        missed: (people, 3) bit mask of the weekdays (bit 0 = Monday) missed since the last full round.
        as_of: ordinal of the day to which hits and misses are decayed.
    """

    hits: Floats
    misses: Floats
    tries: Ints
    called: Ints
    number_called: Ints
    missed: Ints
    as_of: int = _LONG_AGO

    @staticmethod
    def blank(people: People) -> Memory:
        """Nothing is known."""
        return Memory(
            np.zeros((people.numbers, 3)),
            np.zeros((people.numbers, 3)),
            np.zeros((people.debtors, 3), dtype=np.int64),
            np.full(people.debtors, _LONG_AGO),
            np.full(people.numbers, _LONG_AGO),
            np.zeros((people.debtors, 3), dtype=np.int64),
        )

    def copy(self) -> Memory:
        """One that can be changed without changing this one."""
        return Memory(
            self.hits.copy(), self.misses.copy(), self.tries.copy(), self.called.copy(), self.number_called.copy(),
            self.missed.copy(), self.as_of,
        )  # fmt: skip

    def fade_to(self, day: int) -> None:
        """Let hits and misses decay to the day with this ordinal."""
        if self.as_of != _LONG_AGO:
            left = _KEEPS_A_DAY ** (day - self.as_of)
            self.hits *= left
            self.misses *= left
        self.as_of = day


@dataclass(frozen=True, slots=True)
class View:
    """What a policy may see at the start of a session.

    Args:
        people: persons, numbers, segments.
        memory: what was seen so far.
        month_tries: (people, 3) calls in this month.
        contacted: (people,) who has left the list.
        allowed: (rows,) which rows may be called in this session.
        session: which one.
        to_come: this session and all after it in the month.
        spread: the spread rule over the sessions.
        place: of this session among them.
        chance: for lots.
    """

    people: People
    memory: Memory
    month_tries: Ints
    contacted: np.ndarray
    allowed: np.ndarray
    session: Session
    to_come: Sequence[Session]
    spread: Spread
    place: int
    chance: np.random.Generator

    def timeline(self) -> Timeline:
        """What is left of the month."""
        return timeline_of(self.to_come)

    def limits(self, rows: Ints) -> Limits:
        """How often each of these rows can still be called in this month."""
        return self.spread.limits(self.place, len(self.to_come), self.memory.missed[self.people.person[rows]])

    def evidence(self, rows: Ints) -> Evidence:
        """What is known of these rows."""
        number = self.people.number[rows]
        return Evidence(self.memory.hits[number], self.memory.misses[number], self.people.segment[rows])


def timeline_of(sessions: Sequence[Session]) -> Timeline:
    """Sessions as the index looks at them."""
    return Timeline(
        np.array([s.window for s in sessions], dtype=np.int64),
        np.array([s.calls for s in sessions], dtype=np.float64),
        np.array([s.day_on.toordinal() for s in sessions], dtype=np.int64),
    )


def spread_of(sessions: Sequence[Session]) -> Spread:
    """The spread rule over sessions."""
    return Spread([s.day_on for s in sessions], [s.window for s in sessions])


class Policy(Protocol):
    """Decides whom to call first."""

    def order(self, view: View) -> Floats:
        """(rows,) a figure for each row of the town; of those allowed, the highest are called."""


@dataclass(slots=True)
class Month:
    """What a month brought.

    Args:
        contacts: persons contacted.
        calls: calls placed, by kind of hour.
        picked_up: of those, picked up.
        called: persons called at least once.
    """

    contacts: int = 0
    calls: Ints = field(default_factory=lambda: np.zeros(3, dtype=np.int64))
    picked_up: Ints = field(default_factory=lambda: np.zeros(3, dtype=np.int64))
    called: int = 0


def run_month(
    people: People, truth: Floats, sessions: Sequence[Session], afterwards: Sequence[Session], policy: Policy,
    memory: Memory, seed: Sequence[int],
) -> Month:  # fmt: skip
    """Simulate a month; `memory` goes on being written.

    Args:
        truth: (numbers, 3) pick-up probabilities of this month.
        sessions: of the month, in order.
        afterwards: the sessions after the month, which the spread rule looks ahead to.
        seed: of the coins and the lots.
    """
    month, month_tries = Month(), np.zeros((people.debtors, 3), dtype=np.int64)
    contacted = np.zeros(people.debtors, dtype=bool)
    spread = spread_of([*sessions, *afterwards])
    lots = np.random.default_rng([*seed, 999_983])
    for place, session in enumerate(sessions):
        day, window = session.day_on.toordinal(), session.window
        memory.fade_to(day)
        # from 1 on: a seed that ends in zeros is that of the town itself, and its people would be their own coins
        coins = np.random.default_rng([*seed, place + 1]).random(people.numbers)
        may = ~contacted & (memory.called < day) & spread.allows(place, memory.missed[:, window])
        allowed = may[people.person] & (memory.number_called < day)[people.number]
        view = View(people, memory, month_tries, contacted, allowed, session, sessions[place:], spread, place, lots)
        rows = _chosen(people, policy.order(view), allowed, session.calls)
        person, number = people.person[rows], people.number[rows]
        up = coins[number] < truth[number, window]
        memory.hits[number, window] += up
        memory.misses[number, window] += ~up
        memory.tries[person, window] += 1
        month_tries[person, window] += 1
        memory.called[person] = day
        memory.number_called[number] = day
        memory.missed[person[~up], window] = spread.after_miss(place, memory.missed[person[~up], window])
        memory.missed[person[up]] = 0
        contacted[person[up]] = True
        month.calls[window] += len(rows)
        month.picked_up[window] += int(up.sum())
    month.contacts, month.called = int(contacted.sum()), int((month_tries.sum(axis=1) > 0).sum())
    return month


def _chosen(people: People, order: Floats, allowed: np.ndarray, calls: int) -> Ints:
    """The rows to call: the highest of those allowed, one for each person and each number."""
    rows = np.flatnonzero(allowed)
    rows = rows[np.argsort(-order[rows], kind="stable")]
    if len(people.person) > people.debtors or people.numbers > len(np.unique(people.number)):
        rows = rows[np.sort(np.unique(people.person[rows], return_index=True)[1])]
        rows = rows[np.sort(np.unique(people.number[rows], return_index=True)[1])]
    return rows[:calls]
