"""The price of a call in each kind of hour: what the place that it takes is worth to others.

Prices are right when the expected calls of everybody's best plans fit the calls that are left; a kind of hour with
calls to spare costs nothing. They are found by raising what is asked for too much and lowering what is asked for too
little (Walras' tâtonnement: a subgradient step on the logarithm of the prices), on a sample of the lines. Prices differ
a little between lines (`_BLUR`), so that lines that are alike don't all change their plan at once.

Invariant: equal input gives equal prices. None is negative.
"""

from __future__ import annotations

import numpy as np

from campaigns.learning.evidence import Floats
from campaigns.learning.horizon import Limits, Slots, Timeline, timeline_of
from campaigns.learning.plans import SERVED, Stakes, expected
from campaigns.learning.survival import Singles, Survival

SAMPLE = 500
"""Lines that prices are found from."""

_ROUNDS, _ROUNDS_AGAIN = 30, 4  # from scratch; when there are prices of the last time
_STEP, _STEP_AGAIN = 0.4, 0.15
_FIRST, LOWEST, HIGHEST = 0.2, 1e-4, 1.0  # × the mean stake
_BLUR = 0.08
_LOT = 20_260_401  # the same sample and blur every time


def find_prices(
    survival: Survival, ahead: Slots | Timeline, stakes: Floats, *, limits: Limits | None = None,
    start: Floats | None = None, sample: int = SAMPLE, rounds: int | None = None, served: float = SERVED,
    end: Singles | None = None, highest: float = HIGHEST,
) -> Floats:  # fmt: skip
    """(3,) price of a call by kind of hour, in the unit of the stakes.

    Args:
        survival: n lines that may still be called within the horizon.
        ahead: what is left.
        stakes: (n,) what a contact with each is worth, > 0.
        limits: how often each can still be called; None = once a session.
        start: prices of the last time; None = from scratch.
        sample: lines that are looked at.
        rounds: of the search; None = as many as usual.
        served: as ``plans.look_back``.
        end: as ``plans.Stakes``.
        highest: no price is higher than this × the mean stake.
    """
    n, timeline = len(survival), timeline_of(ahead)
    if n == 0 or len(timeline) == 0:
        return np.zeros(3)
    bounds = Limits.of_sessions(timeline, n) if limits is None else limits
    chance = np.random.default_rng(_LOT)
    lines = np.arange(n) if n <= sample else chance.choice(n, sample, replace=False)
    here = bounds.of(lines)
    last = None if end is None else end[..., lines]
    some = Stakes.of(survival.sample(lines), stakes[lines], here.now, last, here.barred)
    unit, scale = float(stakes.mean()), n / len(lines)
    least, most = LOWEST * unit, highest * unit
    logs = np.log(np.full(3, _FIRST * unit) if start is None else start.clip(least, most))
    usual, step = (_ROUNDS, _STEP) if start is None else (_ROUNDS_AGAIN, _STEP_AGAIN)
    kept = []
    for turn in range(usual if rounds is None else rounds):
        calls = expected(some, blurred(np.exp(logs), len(lines)), timeline, served=served).calls
        asked = np.bincount(timeline.windows, calls.sum(axis=1), minlength=3) * scale
        excess = np.log((asked + 1) / (timeline.attempts + 1)).clip(-1, 1)
        logs = (logs + step / (1 + turn / 10) * excess).clip(np.log(least), np.log(most))
        kept.append(logs)
    prices = np.exp(np.mean(kept[len(kept) // 2 :], axis=0))
    result: Floats = np.where(timeline.sessions > 0, prices, 0.0)
    return result


def blurred(prices: Floats, lines: int) -> Floats:
    """(3, lines) the prices (3,) as each line sees them; the same blur every time."""
    chance = np.random.default_rng(_LOT)
    result: Floats = prices[:, None] * (1 + _BLUR * (2 * chance.random((3, lines)) - 1))
    return result
