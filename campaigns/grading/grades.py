"""Values to grades, the whole numbers by which the claim walks a list (pure).

| grade | who |
|---|---|
| 0 | not in this kind of hour before the next grading: the rules of spread would refuse it there now |
| 1–200 | by what a call now is worth, more first (``learning.grades``, in coarser steps) |
| 201–230 | below the floor of equal treatment, by worth among themselves |
| 240 | the retry rule's latest moment is over |
| 241 | drawn by lot |

Above them all come agreed hours and broken promises (``model.Urgency``).

Invariant: the order of two people within a band is that of their values, up to the width of a step.
"""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from campaigns.learning.grades import HIGHEST
from campaigns.model import Window

OUT, WORTH, FLOOR, OVERDUE, LOT = 0, 1, 201, 240, 241
_WORTH_STEPS, _FLOOR_STEPS = 200, 30

Grades = NDArray[np.int16]
Bools = NDArray[np.bool_]


def grades_of(worth: Grades, *, out: Bools, below_floor: Bools, overdue: Bools, drawn: Bools) -> Grades:
    """(n, 3) grades.

    Args:
        worth: (n, 3) of ``learning.grades``, 0..1000.
        out: (n, 3) the rules of spread refuse the next session of this kind.
        below_floor: (n, 3) a call in this kind of hour would bring the person nearer to the floor.
        overdue: (n,) the retry rule's latest moment is over.
        drawn: (n, 3) drawn by lot for this kind of hour.
    """
    grades = _steps(worth, _WORTH_STEPS) + WORTH
    grades = np.where(below_floor, _steps(worth, _FLOOR_STEPS) + FLOOR, grades)
    grades = np.where(overdue[:, None], OVERDUE, grades)
    grades = np.where(drawn, LOT, grades)
    return np.where(out, OUT, grades).astype(np.int16)


def _steps(worth: Grades, steps: int) -> NDArray[np.int64]:
    """The step, 0..steps − 1, of each grade of worth."""
    return worth.astype(np.int64) * steps // (HIGHEST + 1)


def below_floor(
    values: NDArray[np.float64], tries: NDArray[np.int64], windows_tried: Bools, *,
    floor_attempts: int, each_window: bool, open_windows: Bools,
) -> Bools:  # fmt: skip
    """(n, 3) in which kinds of hour a call brings each person nearer to the floor (requirement CALL-7).

    Kinds of hour not tried this month first; whoever only lacks attempts gets them where they are worth most.

    Args:
        values: (n, 3) worth by kind of hour.
        tries: (n,) attempts this month.
        windows_tried: (n, 3) kinds of hour tried this month.
        floor_attempts: everybody's least attempts in a month; 0 = none.
        each_window: at least one in each kind of hour.
        open_windows: (3,) kinds of hour that open again this month.
    """
    short = (tries < floor_attempts)[:, None]
    best = np.where(open_windows[None, :], values, -np.inf)
    at_best = best == best.max(axis=1, keepdims=True, initial=-np.inf)
    needed: Bools = short & at_best & open_windows
    if each_window:
        untried = ~windows_tried & open_windows
        needed = np.where(untried.any(axis=1, keepdims=True), untried, needed)
    return needed


def drawn_by_lot(debtor_ids: NDArray[np.int64], day: date, window: Window, chance: float) -> Bools:
    """(n,) who is drawn for one kind of hour on one JST day; the same all day, and independent of everything known.

    Args:
        chance: of each person, 0..1: the share of lots × calls of the session ÷ people on the list.
    """
    turn = day.toordinal() * 3 + list(Window).index(window)
    salt = np.uint64(turn * 0xBF58476D1CE4E5B9 % 2**64)
    mixed = debtor_ids.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + salt
    mixed ^= mixed >> np.uint64(31)  # the finaliser of SplitMix64 (Steele, Lea & Flood 2014)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(29)
    result: Bools = mixed.astype(np.float64) / 2.0**64 < chance
    return result
