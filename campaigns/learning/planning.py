"""A month ahead: how many contacts to expect in each kind of hour from a staffing, and what a floor of attempts costs.

A supervisor moves sessions or calls in the timeline and sees what becomes of the contact rate. The figures are those of
everybody's best plan at the prices that fit the staffing, from a sample of the lines.

Decides nothing: it says what would come. Invariant: no more calls are planned than the staffing has.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from campaigns.learning.evidence import Floats, Ints
from campaigns.learning.horizon import Slots, Timeline, timeline_of
from campaigns.learning.plans import Stakes, expected
from campaigns.learning.prices import LOWEST, blurred, find_prices
from campaigns.learning.survival import Survival, cells

_SAMPLE = 1_500
_LOT = 20_260_402
_ROUNDS_WITH_FLOOR = 90  # where the floor asks for more calls than there are, prices have a long way to go
_PENALTY = 3.0  # × the stake for each line that ends below the floor: more than any contact is worth


@dataclass(frozen=True, slots=True)
class Floor:
    """Equal treatment: what everybody who isn't reached gets in a month, before anything is weighed.

    Args:
        attempts: at least so many, ≥ 0.
        each_window: and at least one in each kind of hour that the timeline has.

    Source: Kasukabe's specification (two calls on different weekdays and at different times); requirement CALL-7.
    """

    attempts: int = 0
    each_window: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What a staffing brings.

    Args:
        prices: (3,) of a call by kind of hour, in mean stakes: where another session would pay most.
        calls: (3,) expected calls.
        contacts: (3,) expected contacts.
        below_floor: expected number of lines that end unreached and below the floor.
    """

    prices: Floats
    calls: Floats
    contacts: Floats
    below_floor: float


def plan(
    survival: Survival,
    ahead: Slots | Timeline,
    stakes: Floats,
    *,
    floor: Floor | None = None,
    tried: Ints | None = None,
) -> Plan:
    """What the staffing in `ahead` brings.

    Args:
        survival: n lines at the start.
        ahead: the staffing.
        stakes: (n,) as ``worth.rank``.
        floor: None = none.
        tried: (n, 3) attempts that they had in this month already; None = none.
    """
    timeline, n = timeline_of(ahead), len(survival)
    if n == 0 or len(timeline) == 0:
        return Plan(np.zeros(3), np.zeros(3), np.zeros(3), 0.0)
    lines = np.arange(n)
    if n > _SAMPLE:
        lines = np.random.default_rng(_LOT).choice(n, _SAMPLE, replace=False)
    scale = n / len(lines)
    some, stake = survival.sample(lines), stakes[lines] / stakes.mean()
    staffed = Timeline(timeline.windows, timeline.calls / scale, timeline.days)
    had = np.zeros((len(lines), 3), dtype=np.int64) if tried is None else tried[lines]
    missing = _below(some, timeline, floor or Floor(), had)
    end = (-_PENALTY * stake * missing * some.block).astype(np.float32)
    highest = 1.0 + (_PENALTY if missing.any() else 0.0)
    rounds = _ROUNDS_WITH_FLOOR if missing.any() else None
    prices = find_prices(some, staffed, stake, sample=_SAMPLE, rounds=rounds, end=end, highest=highest)
    limits = np.tile(timeline.sessions, (len(lines), 1))
    came = expected(Stakes.of(some, stake, limits, end), blurred(prices, len(lines)), staffed)
    calls: Floats = np.bincount(timeline.windows, came.calls.sum(axis=1), minlength=3).astype(np.float64)
    contacts: Floats = np.bincount(timeline.windows, came.contacts.sum(axis=1), minlength=3).astype(np.float64)
    # prices leave a little too much or too little asked for; the last calls are worth their price, in contacts
    # at most what calls are worth on average
    off = np.where(prices > LOWEST * 1.5, staffed.attempts - calls, np.minimum(0.0, staffed.attempts - calls))
    contacts = contacts + off * np.minimum(prices, contacts / np.maximum(calls, 1e-9))
    ended_below = float(came.unreached[missing].sum()) + max(0.0, -float(off.sum())) * float(missing.any())
    return Plan(prices, (calls + off) * scale, contacts * scale, ended_below * scale)


def price_of_floor(
    survival: Survival, ahead: Slots | Timeline, stakes: Floats, floor: Floor, *, tried: Ints | None = None
) -> float:
    """Expected contacts that the floor costs; never negative."""
    free = plan(survival, ahead, stakes, tried=tried).contacts.sum()
    return float(max(0.0, free - plan(survival, ahead, stakes, floor=floor, tried=tried).contacts.sum()))


def _below(survival: Survival, timeline: Timeline, floor: Floor, tried: Ints) -> np.ndarray:
    """(a, b, c, n) whether a line that ends in a cell has had less than the floor."""
    numbers = cells(survival.caps)[:, None, :] + tried[None]
    below: np.ndarray = numbers.sum(axis=2) < floor.attempts
    if floor.each_window:
        below |= ((numbers == 0) & (timeline.sessions > 0)).any(axis=2)
    return below.reshape(survival.block.shape)
