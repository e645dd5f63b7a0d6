"""The sorts of people that the model can tell apart, and what is believed of them before any call.

A *sort* is a vector of pick-up probabilities (weekday, evening, weekend). The sorts form a fixed grid, so that fitting
only has to find their shares: a nonparametric mixture, which can take the form of types, of smooth differences or of
both, and whose likelihood has one maximum. Correlation between the kinds of hour is in the shares: who misses two
weekday calls is more likely of a sort that answers in the evening, or never.

The prior is weak (`PRIOR_LINES` made-up lines) and stated: published figures, one half from the landline years, one
half from the years of the mobile telephone.

Source: Kiefer & Wolfowitz 1956, Ann. Math. Stat. 27:887; Laird 1978, JASA 73:805; on a grid: Koenker & Mizera 2014,
JASA 109:674.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from campaigns.learning.evidence import Floats

LEVELS = (0.015, 0.07, 0.17, 0.32, 0.52, 0.72, 0.90)
"""Pick-up probabilities that a sort may have in a kind of hour; about equally far apart in what a call tells."""

PRIOR_LINES = 30.0
"""How many lines' worth of fully known behaviour the stated prior counts as."""

_TYPES = (
    # (share, (weekday, evening, weekend), spread in logits)
    # National Tax Agency, fiscal year 2005: 23/34/41 % after two weekday misses, 15/26/29 % after three, fitted
    (0.32, (0.72, 0.72, 0.80), 0.8),
    (0.09, (0.34, 0.67, 0.67), 0.8),
    (0.09, (0.03, 0.04, 0.05), 0.8),
    # surveys of 2021 and later: about 40 % hardly ever answer an unknown number; the others a little more in the
    # evening and at weekends (Japan 2021, n = 1,000; first dials to mobiles, PMC5875189, table 3)
    (0.20, (0.02, 0.02, 0.02), 0.8),
    (0.20, (0.33, 0.37, 0.37), 1.0),
    # and one tenth of anything, so that no sort is ruled out
    (0.10, (0.30, 0.35, 0.35), 3.0),
)


def grid() -> Floats:
    """(K, 3) every combination of `LEVELS`."""
    weekday, evening, weekend = np.meshgrid(LEVELS, LEVELS, LEVELS, indexing="ij")
    return np.column_stack([weekday.ravel(), evening.ravel(), weekend.ravel()])


@cache
def _prior() -> Floats:
    logits = _logit(grid())
    shares = np.zeros(len(logits))
    for share, centre, spread in _TYPES:
        density = np.exp(-0.5 * (((logits - _logit(np.array(centre))) / spread) ** 2).sum(axis=1))
        shares += share * density / density.sum()
    shares /= shares.sum()
    return shares


def prior_shares() -> Floats:
    """(K,) share of each sort of `grid()` before any call; sums to 1."""
    return _prior().copy()


def _logit(p: Floats) -> Floats:
    result: Floats = np.log(p / (1 - p))
    return result
