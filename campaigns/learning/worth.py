"""What a call now is worth, for each line and kind of hour: the index by which the list is sorted.

Every kind of hour has the price at which demand fits the calls that are left of it (``prices.py``). The value of
calling a line now in the kind of hour w is

    p_w · stake + (1 − p_w) · V(after a miss)  −  V(left alone now)

V is the worth of the best plan for the sessions that follow, at those prices (``plans.py``). So somebody who answers
only in the evening is not worth much on a weekday, even if p is not small there; and of two who answer equally well,
the one with fewer chances still to come is called first.

Decides the order, not who may be called (``campaigns/rules.py``), nor the floor and the lots
(``campaigns/grading/grades.py``).

Invariant: with no session to come after this one, the order is that of p_w · stake.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from campaigns.learning.evidence import Floats
from campaigns.learning.horizon import Limits, Slots, Timeline, timeline_of
from campaigns.learning.plans import Stakes, look_back
from campaigns.learning.prices import find_prices
from campaigns.learning.survival import Survival

__all__ = ["ALL", "Limits", "Ranking", "Slots", "Timeline", "dual_bound", "find_prices", "rank", "values_at"]

ALL = (0, 1, 2)
"""Every kind of hour, as places in `WINDOWS`."""

_BLOCK = 1_000  # lines that are looked at in one go: their tables stay near the processor


@dataclass(frozen=True, slots=True)
class Ranking:
    """The index of n lines.

    Args:
        values: (n, 3) value of a call by kind of hour, in its next session; −inf where it can't be called any more.
        prices: (3,) price of a call by kind of hour, in the unit of the stakes; 0 where no session is left.
    """

    values: Floats
    prices: Floats


def rank(
    survival: Survival, ahead: Slots | Timeline, stakes: Floats, *, limits: Limits | None = None,
    start: Floats | None = None, windows: tuple[int, ...] = ALL,
) -> Ranking:  # fmt: skip
    """Prices for the sessions that are left, and each line's value in each kind of hour.

    Args:
        survival: n lines that may still be called within the horizon.
        ahead: what is left; a timeline if the days are known.
        stakes: (n,) what a contact with each is worth, > 0; 1 for everybody counts contacts.
        limits: how often each line can still be called; None = once a session.
        start: prices of the last time, to go on from; None = from scratch.
        windows: kinds of hour for which values are wanted.

    Raises:
        ValueError: survival and stakes don't fit, or a stake isn't positive.
    """
    if stakes.shape != (len(survival),) or not (stakes > 0).all():
        raise ValueError("survival and stakes don't fit together, or a stake isn't positive")
    prices = find_prices(survival, ahead, stakes, limits=limits, start=start)
    return Ranking(values_at(survival, ahead, stakes, prices, limits=limits, windows=windows), prices)


def values_at(
    survival: Survival, ahead: Slots | Timeline, stakes: Floats, prices: Floats, *, limits: Limits | None = None,
    windows: tuple[int, ...] = ALL,
) -> Floats:  # fmt: skip
    """(n, 3) values at given prices (3,), in the unit of the stakes; −inf where no call is possible."""
    timeline, n = timeline_of(ahead), len(survival)
    values = np.full((n, 3), -np.inf)
    for begin in range(0, n, _BLOCK):
        some = slice(begin, begin + _BLOCK)
        bounds = None if limits is None else limits.of(some)
        values[some] = _values(survival.sample(some), stakes[some], bounds, prices, timeline, windows)
    return values


def _values(
    survival: Survival, stakes: Floats, limits: Limits | None, prices: Floats, timeline: Timeline,
    windows: tuple[int, ...],
) -> Floats:  # fmt: skip
    """(n, 3) values of one block of lines."""
    values = np.full((len(survival), 3), -np.inf)
    bounds = Limits.of_sessions(timeline, len(survival)) if limits is None else limits
    worth = look_back(Stakes.of(survival, stakes, bounds.now, barred=bounds.barred), prices, timeline)
    # without limits of their own, lines that are left alone lose a session, which the timeline knows
    left_alone = Stakes.of(survival, stakes, bounds.later, barred=bounds.barred)
    alone = worth if limits is None else look_back(left_alone, prices, timeline)
    for w in windows:
        if w not in timeline.windows or survival.caps[w] == 0:
            continue
        next_ = int(np.argmax(timeline.windows == w))
        once = tuple(int(axis == w) for axis in range(3))
        contact = stakes * (1 - survival.block[once])
        value = contact + worth[timeline.next_day(next_)][once] - alone[next_ + 1][0, 0, 0]
        values[:, w] = np.where(bounds.now[:, w] > 0, value, -np.inf)
    return values


def dual_bound(survival: Survival, timeline: Timeline, stakes: Floats, prices: Floats, limits: Limits) -> float:
    """An upper bound, in the unit of the stakes, of what any policy with this knowledge can expect to win.

    Weak duality: whatever keeps to the slots is worth at most the sum of the best plans at any prices, plus what the
    slots cost at them. It holds as far as the table's caps and the limits are those of the truth.
    """
    total = float((prices[timeline.windows] * timeline.calls).sum())
    for begin in range(0, len(survival), _BLOCK):
        some = slice(begin, begin + _BLOCK)
        here = limits.of(some)
        gains = Stakes.of(survival.sample(some), stakes[some], here.now, barred=here.barred)
        total += float(look_back(gains, prices, timeline, served=1.0)[0][0, 0, 0].sum(dtype=np.float64))
    return total
