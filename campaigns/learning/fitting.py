"""Fitting the pick-up model: the shares of the sorts of people, first of the population, then of each segment.

Maximum a posteriori by expectation–maximisation. The population's shares lean on the stated prior as if `PRIOR_LINES`
more lines were known through and through; a segment's shares lean on the population's as if `SEGMENT_LINES` were. So a
segment with few tries is like everybody, and one with many is itself (shrinkage).

Invariant: the same evidence gives the same model. More rounds never lower the posterior density.

Source: Dempster, Laird & Rubin 1977, JRSS B 39:1; Laird 1978, JASA 73:805.
"""

from __future__ import annotations

import numpy as np

from campaigns.learning.evidence import Evidence, Floats, Ints, grouped
from campaigns.learning.model import PickUpModel, log_likelihood
from campaigns.learning.sorts import PRIOR_LINES, grid, prior_shares

SEGMENT_LINES = 60.0
"""How many lines' worth of the population's shares a segment's own shares start from."""

ROUNDS = 60
"""Rounds of expectation and maximisation; the shares hardly move after them."""

MOST_LINES = 60_000
"""Of more lines a sample is looked at: the shares are known well enough, and the rest only costs time."""

_LOT = 20_260_403
_LEAST_SHARE = 2e-5  # sorts rarer than this everywhere are left out of the finished model


def fit(
    evidence: Evidence,
    *,
    prior: Floats | None = None,
    prior_lines: float = PRIOR_LINES,
    segment_lines: float = SEGMENT_LINES,
    rounds: int = ROUNDS,
) -> PickUpModel:
    """The model that fits the evidence best, given the prior.

    Args:
        evidence: all lines, called or not; without any try the result is the prior.
        prior: (K,) shares of the sorts of ``sorts.grid()`` before any call; default: the stated ones.
        prior_lines: how much the prior counts, in lines; > 0.
        segment_lines: how much the population counts for a segment, in lines; > 0.
        rounds: of expectation and maximisation, ≥ 0.

    Raises:
        ValueError: a weight isn't positive, or the prior has another length than the grid.
    """
    sorts = grid()
    start = prior_shares() if prior is None else prior
    if start.shape != (len(sorts),) or min(prior_lines, segment_lines) <= 0:
        raise ValueError("the prior must have a share for each sort, and weights must be positive")
    called = np.flatnonzero(evidence.tries.sum(axis=1) > 0)
    if len(called) > MOST_LINES:
        called = np.sort(np.random.default_rng(_LOT).choice(called, MOST_LINES, replace=False))
    rows, count = grouped(Evidence(evidence.hits[called], evidence.misses[called], evidence.segments[called]))
    population, ids, segments = start.copy(), np.zeros(0, dtype=np.int64), np.zeros((0, len(sorts)))
    if len(rows):
        likelihood = log_likelihood(rows, sorts)
        likelihood = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
        # rows come sorted by their evidence; the sums below want them by segment
        order = np.argsort(rows.segments, kind="stable")
        ids, starts, of_row = _runs(rows.segments[order])
        population, segments = _maximise(
            likelihood[order], count[order], starts, of_row, start, prior_lines, segment_lines, rounds
        )
    return _pruned(sorts, population, ids, segments, len(evidence), float(evidence.tries.sum()))


def _runs(segments: Ints) -> tuple[Ints, Ints, Ints]:
    """Of sorted segments: which there are, where each begins, and the place of each row's segment among them."""
    ids, starts, of_row = np.unique(segments, return_index=True, return_inverse=True)
    return ids, starts, of_row


def _maximise(
    likelihood: Floats, count: Floats, starts: Ints, of_row: Ints, prior: Floats,
    prior_lines: float, segment_lines: float, rounds: int,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Shares of the population (K,) and of each segment (S, K)."""
    lines = np.add.reduceat(count, starts)[:, None]
    population = prior.copy()
    segments = np.repeat(population[None], len(starts), axis=0)
    for _ in range(rounds):
        belongs = likelihood * segments[of_row]
        belongs *= (count / belongs.sum(axis=1))[:, None]
        members = np.add.reduceat(belongs, starts, axis=0)
        population = (members.sum(axis=0) + prior_lines * prior) / (lines.sum() + prior_lines)
        segments = (members + segment_lines * population) / (lines + segment_lines)
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
