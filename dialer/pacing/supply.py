"""How agents and answers meet in the seconds to come: the chance that whoever answers then finds nobody.

Pure arithmetic on a grid of moments. Up to a moment t each busy agent is free with some probability, each call that
rings is answered with some probability, independently. The number of answers less the agents who became free is a sum
of independent yes/no's; agents run out when it exceeds those who are ready.

Source: Poisson-binomial law, Hong 2013, Comput. Stat. Data Anal. 59:41 (exact recursion, and the refined normal
approximation used for large teams).
"""

from __future__ import annotations

from math import erf, sqrt

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_EXACT_UP_TO = 90
"""Yes/no's up to which the recursion is used; above, their sum is close enough to normal (error < 1e-3)."""


class Meeting:
    """Answers against agents, at each moment of the grid.

    Args:
        capacity: agents who are ready, less the callers who wait for one.
        freed: (b, j) probability that the i-th busy agent is ready by the j-th moment.
        answered: (m, j) probability that the i-th ringing call is answered by then.
    """

    def __init__(self, capacity: int, freed: Floats, answered: Floats) -> None:
        busy = 1.0 - freed[freed[:, -1] > 1e-4] if freed.size else freed
        self._moments = answered.shape[1]
        self._room = capacity + len(busy)
        """Agents have run out at a moment when the sum reaches this."""
        chances = np.concatenate((busy, answered)) if len(busy) else answered
        kind = _Exact if len(chances) + 20 <= _EXACT_UP_TO else _Normal
        self._sum: _Exact | _Normal = kind(max(self._room, 0), self._moments)
        self._sum.add(chances)

    def add(self, answered: Floats) -> None:
        """One more call that rings: (j,) probability of being answered by each moment."""
        self._sum.add(answered[None])

    def run_out(self) -> Floats:
        """(j,) probability that at the moment nobody is free for one more answer."""
        return np.ones(self._moments) if self._room <= 0 else self._sum.reaching()


class _Exact:
    def __init__(self, room: int, moments: int) -> None:
        self._below = np.zeros((room + 1, moments))
        self._below[0] = 1.0

    def add(self, chances: Floats) -> None:
        below = self._below
        for chance in chances:
            moved = below[:-1] * chance
            below *= 1.0 - chance
            below[1:] += moved

    def reaching(self) -> Floats:
        result: Floats = np.clip(1.0 - self._below[:-1].sum(axis=0), 0.0, 1.0)
        return result


class _Normal:
    def __init__(self, room: int, moments: int) -> None:
        self._room = room
        self._mean, self._variance, self._third = np.zeros(moments), np.full(moments, 1e-12), np.zeros(moments)

    def add(self, chances: Floats) -> None:
        spread = chances * (1.0 - chances)
        self._mean += chances.sum(axis=0)
        self._variance += spread.sum(axis=0)
        self._third += (spread * (1.0 - 2.0 * chances)).sum(axis=0)

    def reaching(self) -> Floats:
        deviation = np.sqrt(self._variance)
        x = (self._room - 0.5 - self._mean) / deviation
        density = np.exp(-0.5 * x * x) / sqrt(2.0 * np.pi)
        below = 0.5 * (1.0 + np.array([erf(v) for v in x / sqrt(2.0)]))
        result: Floats = np.clip(1.0 - (below + self._third / deviation**3 * (1.0 - x * x) * density / 6.0), 0.0, 1.0)
        return result
