"""What segments have in common: each of their marks (debt type, age band, kind of telephone) has an effect of its own.

There are many segments and few marks: what was seen of the old in one segment says something of the old in all others.
So a segment is expected to have the population's shares of the sorts, times one factor for each of its marks and each
sort; one that was never called is known by its marks alone. Decides what is *expected* of each segment; how far its
own lines may lead away from that is decided in ``fitting.py``.

A factor is the quotient of the lines of that sort that have the mark, and those that the other marks let expect, both
with `MARK_LINES` lines of the population added. With a single mark this would be a plain shrinkage towards the
population.

A segment's number is made of its marks as a number of seconds is of hours, minutes and seconds. *Sizes* are the numbers
of levels of all marks but the first, which needs none; the last mark changes first.

Invariant: expected shares of a segment sum to 1.

Source: log-linear main effects by proportional fitting, Deming & Stephan 1940, Ann. Math. Stat. 11:427; Darroch &
Ratcliff 1972, Ann. Math. Stat. 43:1470. Factors shrunk by a gamma prior: Clayton & Kaldor 1987, Biometrics 43:671.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from campaigns.learning.evidence import Floats, Ints

MARK_LINES = 60.0
"""How many lines' worth of the population a mark starts from."""

_UNKNOWN = -1


def marks_of(segments: Ints, sizes: Sequence[int]) -> Ints:
    """(S, 1 + len(sizes)) the level of each mark of these segments (S,); −1 in the row of an unknown one."""
    rest, told = segments, []
    for size in reversed(sizes):
        rest, level = np.divmod(rest, size)
        told.append(level)
    marks = np.column_stack([rest, *reversed(told)])
    marks[segments == _UNKNOWN] = _UNKNOWN
    return marks


def every_segment(called: Ints, sizes: Sequence[int]) -> Ints:
    """The segments that were called (S,), and all others whose marks were met in them, ascending."""
    marks = marks_of(called[called != _UNKNOWN], sizes)
    combined = np.zeros(1, dtype=np.int64)
    for mark, size in enumerate((1, *sizes)):
        combined = np.add.outer(combined * size, np.unique(marks[:, mark])).ravel()
    return np.union1d(called, combined)


class Pooled:
    """The factors of all marks, which get better with each round of a fit.

    Args:
        segments: (S,) their numbers, ascending; −1 = unknown.
        sizes: see above; () = nothing is known of what segments have in common.
        sorts: how many sorts there are.
    """

    def __init__(self, segments: Ints, sizes: Sequence[int], sorts: int) -> None:
        self._has = []  # of each mark (S, levels): 1 = the segment has this level
        for marks in marks_of(segments, sizes).T if sizes else ():
            levels, level = np.unique(marks, return_inverse=True)
            self._has.append(np.eye(len(levels))[level])
        self._factors = [np.ones((has.shape[1], sorts)) for has in self._has]
        self._segments = len(segments)

    def __len__(self) -> int:
        return self._segments

    def expected(self, members: Floats, lines: Floats, population: Floats) -> Floats:
        """(S, K) the shares that each segment's marks let expect, after one more round.

        Args:
            members: (S, K) called lines of each sort that each segment has, as far as is known.
            lines: (S, 1) their sums.
            population: (K,) shares in the population.
        """
        lean = MARK_LINES * population
        shares = self._shares(population)
        for mark, has in enumerate(self._has):
            by_the_others = lines * shares / (has @ self._factors[mark])
            self._factors[mark] = (has.T @ members + lean) / (has.T @ by_the_others + lean)
            shares = self._shares(population)
        return shares

    def _shares(self, population: Floats) -> Floats:
        """(S, K) the population's shares times the factors, each row brought back to a sum of 1."""
        shares = np.repeat(population[None], self._segments, axis=0)
        for has, factors in zip(self._has, self._factors, strict=True):
            shares *= has @ factors
        shares /= shares.sum(axis=1, keepdims=True)
        return shares
