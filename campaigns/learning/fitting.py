"""Fitting the pick-up model: the shares of the sorts of people, first of the population, then of each segment.

Maximum a posteriori by expectation–maximisation. The population's shares lean on the stated prior as if `PRIOR_LINES`
more lines were known through and through; a segment's lean as if `SEGMENT_LINES` were on what its marks let expect
(``pooling.py``), which lean on the population's. So a segment with few tries is like those that share its marks, a mark
with few tries is like everybody, and what has many is itself (shrinkage).

Invariant: the same evidence gives the same model.

Source: Dempster, Laird & Rubin 1977, JRSS B 39:1; Laird 1978, JASA 73:805.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from campaigns.learning.evidence import Evidence, Floats, Ints, grouped
from campaigns.learning.model import PickUpModel, log_likelihood
from campaigns.learning.pooling import Pooled, every_segment
from campaigns.learning.sorts import PRIOR_LINES, grid, prior_shares

SEGMENT_LINES = 60.0
"""How many lines' worth of what its marks let expect a segment's own shares start from."""

ROUNDS = 60
"""Rounds of expectation and maximisation. To stop here holds back, too: many more fit chance (docs/learning.md)."""

MOST_LINES = 60_000
"""Of more lines a sample is looked at: the shares are known well enough, and the rest only costs time."""

_LOT = 20_260_403
_LEAST_SHARE = 2e-5  # sorts rarer than this everywhere are left out of the finished model


def fit(
    evidence: Evidence,
    *,
    mark_sizes: Sequence[int] = (),
    prior: Floats | None = None,
    prior_lines: float = PRIOR_LINES,
    segment_lines: float = SEGMENT_LINES,
    rounds: int = ROUNDS,
) -> PickUpModel:
    """The model that fits the evidence best, given the prior.

    Args:
        evidence: all lines, called or not; without any try the result is the prior.
        mark_sizes: of which marks a segment's number is made (``pooling.py``), ≥ 1 each; () = segments have nothing
            in common but the population.
        prior: (K,) shares of the sorts of ``sorts.grid()`` before any call; default: the stated ones.
        prior_lines: how much the prior counts, in lines; > 0.
        segment_lines: how much what its marks let expect counts for a segment, in lines; > 0.
        rounds: of expectation and maximisation, ≥ 0.

    Raises:
        ValueError: a weight or size isn't positive, or the prior has another length than the grid.
    """
    sorts = grid()
    start = prior_shares() if prior is None else prior
    if start.shape != (len(sorts),) or min(prior_lines, segment_lines, *mark_sizes) <= 0:
        raise ValueError("the prior must have a share for each sort, and weights and sizes must be positive")
    called = np.flatnonzero(evidence.tries.sum(axis=1) > 0)
    if len(called) > MOST_LINES:
        called = np.sort(np.random.default_rng(_LOT).choice(called, MOST_LINES, replace=False))
    rows, count = grouped(Evidence(evidence.hits[called], evidence.misses[called], evidence.segments[called]))
    population, ids, segments = start.copy(), np.zeros(0, dtype=np.int64), np.zeros((0, len(sorts)))
    if len(rows):
        seen = _Seen.of(rows, count, sorts)
        ids = every_segment(seen.segments, mark_sizes)
        pooled = Pooled(ids, mark_sizes, len(sorts))
        place = np.searchsorted(ids, seen.segments)
        population, segments = _maximise(seen, place, pooled, start, prior_lines, segment_lines, rounds)
    return _pruned(sorts, population, ids, segments, len(evidence), float(evidence.tries.sum()))


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen, segment by segment.

    Args:
        likelihood: (n, K) of each row, if it were of each sort, up to a factor.
        count: (n,) lines that each row stands for.
        segments: (S,) that were called, ascending.
        starts: (S,) where the rows of each begin.
    """

    likelihood: Floats
    count: Floats
    segments: Ints
    starts: Ints

    @staticmethod
    def of(rows: Evidence, count: Floats, sorts: Floats) -> _Seen:
        likelihood = log_likelihood(rows, sorts)
        likelihood = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
        # rows come sorted by their evidence; the sums want them by segment
        order = np.argsort(rows.segments, kind="stable")
        segments, starts = np.unique(rows.segments[order], return_index=True)
        return _Seen(likelihood[order], count[order], segments, starts.astype(np.int64))

    def lines(self) -> Floats:
        """(S,) called lines of each segment."""
        result: Floats = np.add.reduceat(self.count, self.starts)
        return result

    def members(self, shares: Floats) -> Floats:
        """(S, K) lines of each sort, by Bayes' rule, if these (S, K) are the shares of the sorts."""
        rows_of = np.diff(self.starts, append=len(self.count))
        belongs = self.likelihood * np.repeat(shares, rows_of, axis=0)
        belongs *= (self.count / belongs.sum(axis=1))[:, None]
        result: Floats = np.add.reduceat(belongs, self.starts, axis=0)
        return result


def _maximise(
    seen: _Seen, place: Ints, pooled: Pooled, prior: Floats, prior_lines: float, segment_lines: float, rounds: int
) -> tuple[Floats, Floats]:
    """Shares of the population (K,) and of each segment (S, K); `place` is that of the called ones among them."""
    lines, members = np.zeros((len(pooled), 1)), np.zeros((len(pooled), len(prior)))
    lines[place, 0] = seen.lines()
    population = prior.copy()
    segments = np.repeat(population[None], len(pooled), axis=0)
    for _ in range(rounds):
        members[place] = seen.members(segments[place])
        population = (members.sum(axis=0) + prior_lines * prior) / (lines.sum() + prior_lines)
        expected = pooled.expected(members, lines, population)
        segments = (members + segment_lines * expected) / (lines + segment_lines)
    return population, segments


def _pruned(sorts: Floats, population: Floats, ids: Ints, segments: Floats, lines: int, tries: float) -> PickUpModel:
    """The model without sorts that hardly anybody is of: a smaller table and quicker posteriors."""
    keep = np.vstack([population, segments]).max(axis=0) >= _LEAST_SHARE
    known = ids >= 0  # an unknown segment is the population
    return PickUpModel(
        sorts=sorts[keep],
        population=population[keep] / population[keep].sum(),
        segment_ids=tuple(int(i) for i in ids[known]),
        segments=segments[known][:, keep] / segments[known][:, keep].sum(axis=1, keepdims=True),
        lines=lines,
        tries=tries,
    )
