"""What becomes of each call of a run: answered or not, when, how long the talk and the wrap-up.

Decides the k-th call from the scenario and the seed alone: the dialer only decides when it is placed. So two dialers
of one seed differ by what they do and not by luck. Where the mean answer probability changes over time, a call placed
at another hour may fare differently, because its hour is another; its luck and durations stay.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dialer.simulation.pacing.scenario_file import Law, Scenario

Floats = npt.NDArray[np.float64]

_DRAWN_AT_ONCE = 2_048
_LOG_ODDS: Floats = np.linspace(-25.0, 25.0, 2_001)


@dataclass(slots=True, eq=False)
class Call:
    """One call.

    Args:
        luck: 0..1; it is answered when this is below its probability.
        rank: 0..1, where it stands among the calls of that hour by answer probability.
        answer_s, failure_s: from the Originate to the answer if it is answered, to the end if not.
        talk_s, wrap_s: if it is joined.
        probability: of being answered, 0..1, at the hour at which it was last looked at.
        placed_at, answered_at: seconds of the run.
        inbound: it came in.
        waits: it is answered and has no agent yet.
    """

    luck: float
    rank: float
    answer_s: float
    failure_s: float
    talk_s: float
    wrap_s: float
    probability: float = 0.0
    placed_at: float = 0.0
    answered_at: float = -1.0
    inbound: bool = False
    waits: bool = False

    @property
    def answered(self) -> bool:
        """Somebody picks up, or has."""
        return self.luck < self.probability

    @property
    def rings_s(self) -> float:
        """From the Originate to the answer, or to the end without one."""
        return self.answer_s if self.answered else self.failure_s


class Calls:
    """The calls of one run, in their order."""

    def __init__(self, scenario: Scenario, chance: np.random.Generator) -> None:
        self._scenario = scenario
        self._chance = chance
        self._drawn: deque[Call] = deque()
        self._differ = _Differ(scenario.spread) if scenario.spread else None

    def take(self, level: float) -> Call:
        """The next call; `level` is the mean answer probability now."""
        self.ahead(0, level)
        return self._drawn.popleft()

    def ahead(self, count: int, level: float) -> Call:
        """The call after `count` others, as it would be now."""
        while len(self._drawn) <= count:
            self._draw()
        call = self._drawn[count]
        call.probability = level if self._differ is None else self._differ.probability(level, call.rank)
        return call

    def _draw(self) -> None:
        count, scenario, chance = _DRAWN_AT_ONCE, self._scenario, self._chance
        quick = chance.random(count) < scenario.quick_failures
        failure = np.where(quick, chance.uniform(0.5, 1.5, count) * scenario.quick_failure_s, scenario.ring_timeout_s)
        answer = np.minimum(durations(scenario.answer, chance, count), scenario.ring_timeout_s - 0.01)
        talk, wrap = durations(scenario.talk, chance, count), durations(scenario.wrap, chance, count)
        columns = (chance.random(count), chance.random(count), answer, failure, talk, wrap)
        self._drawn.extend(Call(*row) for row in zip(*(column.tolist() for column in columns), strict=True))


class _Differ:
    """Quantiles of the Beta laws with a + b fixed, one for each mean."""

    def __init__(self, concentration: float) -> None:
        self._concentration = concentration
        self._quantiles: dict[float, tuple[list[float], list[float]]] = {}

    def probability(self, mean: float, rank: float) -> float:
        """The answer probability below which a share `rank` of the calls stays."""
        mean = round(mean, 3)
        if mean not in self._quantiles:
            self._quantiles[mean] = self._table(mean)
        below, values = self._quantiles[mean]
        place = min(max(bisect_right(below, rank), 1), len(below) - 1)
        step = below[place] - below[place - 1]
        part = (rank - below[place - 1]) / step if step > 0 else 0.0
        return values[place - 1] + part * (values[place] - values[place - 1])

    def _table(self, mean: float) -> tuple[list[float], list[float]]:
        """Numerically in log odds, where the density has no poles at 0 and 1."""
        a, b = mean * self._concentration, (1.0 - mean) * self._concentration
        density = np.exp(-a * np.logaddexp(0.0, -_LOG_ODDS) - b * np.logaddexp(0.0, _LOG_ODDS))
        below = np.concatenate(([0.0], np.cumsum(density[1:] + density[:-1])))
        return (below / below[-1]).tolist(), (1.0 / (1.0 + np.exp(-_LOG_ODDS))).tolist()


class Levels:
    """The mean answer probability over time."""

    def __init__(self, scenario: Scenario) -> None:
        self._hours = [level.from_h for level in scenario.levels]
        self._values = [level.probability for level in scenario.levels]
        self._drifts = scenario.change == "drifts"

    def at(self, hour: float) -> float:
        """At `hour` since the measured start; before it, what holds at the start."""
        place = bisect_right(self._hours, hour) - 1
        if place < 0:
            return self._values[0]
        if self._drifts and place + 1 < len(self._hours):
            (begin, end), (low, high) = self._hours[place : place + 2], self._values[place : place + 2]
            return low + (high - low) * (hour - begin) / (end - begin)
        return self._values[place]


def durations(laws: Sequence[Law], chance: np.random.Generator, count: int) -> Floats:
    """`count` durations (seconds) of a mixture."""
    weights = np.array([law.weight for law in laws])
    which = chance.choice(len(laws), size=count, p=weights / weights.sum())
    drawn = np.zeros(count)
    for place, law in enumerate(laws):
        mine = which == place
        size = int(mine.sum())
        if law.sigma:
            values = chance.lognormal(math.log(law.mean_s) - law.sigma**2 / 2, law.sigma, size)
        else:
            values = chance.gamma(law.shape, law.mean_s / law.shape, size)
        drawn[mine] = law.least_s + values
    return drawn
