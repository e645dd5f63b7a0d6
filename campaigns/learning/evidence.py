"""What is known of each line: how often it was picked up and how often not, by kind of hour.

A *line* is one person's number (person × number). A *hit* is a call that somebody picked up, a *miss* one that rang in
vain or that a machine took; a busy or dead line is neither. Both fade with time, so they are real numbers. This module
decides what evidence is and how it fades; what counts as a hit is decided where attempts end.

Invariant: the arrays of one `Evidence` have equally many rows, and no count is negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from campaigns.evidence import HALF_LIFE_DAYS
from campaigns.model import Window

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDOWS = (Window.WEEKDAY, Window.EVENING, Window.WEEKEND)
"""The order of axis 1 in every array by kind of hour."""

HALF_LIFE = timedelta(days=HALF_LIFE_DAYS)
"""After this time a try counts half."""

_GRAIN = 0.25  # counts are rounded to this where lines are grouped for fitting


@dataclass(frozen=True, slots=True)
class Evidence:
    """Hits and misses of n lines.

    Args:
        hits: (n, 3) decayed calls that were picked up, ≥ 0.
        misses: (n, 3) decayed calls that were not, ≥ 0.
        segments: (n,) small whole numbers that name the segment (debt type, age band, phone kind) of each line; −1 =
            unknown.

    Raises:
        ValueError: shapes don't fit together, or a count is negative or not finite.
    """

    hits: Floats
    misses: Floats
    segments: Ints

    def __post_init__(self) -> None:
        n = len(self.segments)
        if self.hits.shape != (n, 3) or self.misses.shape != (n, 3):
            raise ValueError(f"hits {self.hits.shape}, misses {self.misses.shape}: both must be ({n}, 3)")
        if not all(np.isfinite(a).all() and (a >= 0).all() for a in (self.hits, self.misses)):
            raise ValueError("hits and misses must be finite and not negative")

    def __len__(self) -> int:
        return len(self.segments)

    @staticmethod
    def none(segments: Ints) -> Evidence:
        """Lines that were never called."""
        return Evidence(np.zeros((len(segments), 3)), np.zeros((len(segments), 3)), segments)

    @property
    def tries(self) -> Floats:
        """(n, 3) hits and misses together."""
        return self.hits + self.misses


def decayed(value: float, from_at: datetime, to_at: datetime, half_life: timedelta = HALF_LIFE) -> float:
    """What `value`, a decayed count as of `from_at`, counts at `to_at`.

    Exponential forgetting needs no history: one number and its moment are kept, and a new try adds 1 to what is left.
    Earlier moments leave the value as it is: evidence never grows by itself.

    Raises:
        ValueError: the half-life isn't positive.

    Source: discounting of past observations, West & Harrison, Bayesian Forecasting and Dynamic Models, 1997, §2.4.
    """
    if half_life <= timedelta(0):
        raise ValueError("a half-life must be positive")
    age = max(timedelta(0), to_at - from_at)
    return float(value * 0.5 ** (age / half_life))


def grouped(evidence: Evidence) -> tuple[Evidence, Floats]:
    """Lines with nearly equal evidence as one row, and how many lines each row stands for.

    Counts are rounded to a quarter of a try. Fitting needs no more, and 300,000 lines become some thousand rows.
    """
    table = np.column_stack([np.rint(evidence.hits / _GRAIN), np.rint(evidence.misses / _GRAIN), evidence.segments])
    rows, count = np.unique(table.astype(np.int64), axis=0, return_counts=True)
    counts: Floats = rows[:, :6] * np.float64(_GRAIN)
    return Evidence(counts[:, :3], counts[:, 3:], rows[:, 6]), count.astype(np.float64)
