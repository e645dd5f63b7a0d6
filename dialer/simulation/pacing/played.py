"""The figures of one run: time of the agents, calls, and what became of them; the warm-up left out.

Decides what is counted when. A call belongs to the measured time when it was answered in it; agents' time is cut at
its ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_HOUR_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one run.

    Args:
        busy_s, paid_s: agents' time in talk and wrap-up, and logged in without breaks.
        placed, answered: calls placed, and calls of ours that somebody answered.
        abandoned: answered and not joined within the threshold.
        joined: of the answered ones, with an agent; answered = joined + abandoned + those who wait at the end.
        waiting: answered ones without an agent at the end.
        inbound: calls that came in; inbound_wait_s: their mean wait.
        per_hour: utilisation of each measured hour.
    """

    busy_s: float
    paid_s: float
    placed: int
    answered: int
    abandoned: int
    joined: int
    waiting: int
    inbound: int
    inbound_wait_s: float
    per_hour: tuple[float, ...]

    @property
    def utilisation(self) -> float:
        """Share of the paid time in talk or wrap-up, 0..1."""
        return self.busy_s / self.paid_s if self.paid_s else 0.0

    @property
    def abandonment(self) -> float:
        """Abandoned over answered, 0..1."""
        return self.abandoned / self.answered if self.answered else 0.0


class Tally:
    """Counts while a run is played.

    Args:
        from_s, until_s: the measured time, seconds of the run.
    """

    def __init__(self, from_s: float, until_s: float) -> None:
        self._from_s, self._until_s = from_s, until_s
        hours = math.ceil((until_s - from_s) / _HOUR_S)
        self._paid, self._busy = [0.0] * hours, [0.0] * hours
        self._placed = self._answered = self._abandoned = self._joined = 0
        self._inbound = self._inbound_joined = 0
        self._inbound_wait_s = 0.0

    def placed(self, at_s: float) -> None:
        """A call was placed."""
        self._placed += at_s >= self._from_s

    def answered(self, at_s: float) -> None:
        """Somebody answered one."""
        self._answered += at_s >= self._from_s

    def abandoned(self, answered_at_s: float) -> None:
        """One answered then got nobody."""
        self._abandoned += answered_at_s >= self._from_s

    def joined(self, answered_at_s: float) -> None:
        """One answered then got its agent."""
        self._joined += answered_at_s >= self._from_s

    def came_in(self, at_s: float) -> None:
        """An inbound call came."""
        self._inbound += at_s >= self._from_s

    def inbound_joined(self, came_at_s: float, waited_s: float) -> None:
        """One that came then got its agent."""
        if came_at_s >= self._from_s:
            self._inbound_joined += 1
            self._inbound_wait_s += waited_s

    def spent(self, since_s: float, now_s: float, busy: bool) -> None:
        """An agent was busy, or ready, between two moments."""
        begin, end = max(since_s, self._from_s), min(now_s, self._until_s)
        while begin < end:
            hour = int((begin - self._from_s) / _HOUR_S)
            upto = min(end, self._from_s + (hour + 1) * _HOUR_S)
            self._paid[hour] += upto - begin
            if busy:
                self._busy[hour] += upto - begin
            begin = upto

    def result(self, waiting: int) -> Played:
        """The figures; `waiting` is the number of answered calls without an agent at the end."""
        hours = np.array(self._busy) / np.maximum(np.array(self._paid), 1e-9)
        return Played(
            sum(self._busy), sum(self._paid), self._placed, self._answered, self._abandoned, self._joined, waiting,
            self._inbound, self._inbound_wait_s / max(1, self._inbound_joined), tuple(hours.tolist()),
        )  # fmt: skip
