"""How well predicted probabilities fit what was seen: calibration, Brier score, log loss (pure).

Predictions are taken in as they come and only sums are kept, so five million attempts take no more room than ten.

Source: Brier 1950, Mon. Weather Rev. 78:1; Wilson 1927, JASA 22:209; expected calibration error: Naeini, Cooper &
Hauskrecht 2015, AAAI 29:2901.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from campaigns.learning.evidence import Floats

BINS = 10
_Z = 1.959964  # of a two-sided 95 % interval
_EDGE = 1e-6  # a prediction of 0 or 1 that is wrong would cost an infinite log loss


def wilson(seen: float, of: float) -> tuple[float, float]:
    """The 95 % interval of a share; (0, 1) of nothing.

    Source: Wilson 1927.
    """
    if of <= 0:
        return 0.0, 1.0
    share = seen / of
    centre = share + _Z**2 / (2 * of)
    far = _Z * np.sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    scale = 1 + _Z**2 / of
    return max(0.0, float((centre - far) / scale)), min(1.0, float((centre + far) / scale))


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions between two tenths.

    Args:
        from_p, to_p: the tenths; attempts: predictions in it.
        predicted: their mean; picked_up: share of the attempts that were picked up; low, high: its 95 % interval.
    """

    from_p: float
    to_p: float
    attempts: int
    predicted: float
    picked_up: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Score:
    """How predictions did.

    Args:
        attempts: that were predicted.
        picked_up, predicted: share that was picked up, and mean prediction.
        brier, log_loss: of the predictions; less is better.
        brier_of_rate, log_loss_of_rate: of one number for all: the share itself, known with hindsight.
        calibration_error: mean distance of predicted and seen over the bins, weighed by their attempts.
        bins: those that hold something.
    """

    attempts: int
    picked_up: float
    predicted: float
    brier: float
    log_loss: float
    brier_of_rate: float
    log_loss_of_rate: float
    calibration_error: float
    bins: tuple[Bin, ...]


@dataclass(slots=True)
class Tally:
    """Sums over predictions; `add` takes them, `score` says how they did."""

    count: Floats = field(default_factory=lambda: np.zeros(BINS))
    predicted: Floats = field(default_factory=lambda: np.zeros(BINS))
    hits: Floats = field(default_factory=lambda: np.zeros(BINS))
    squares: float = 0.0
    logs: float = 0.0

    def add(self, predicted: Floats, hit: NDArray[np.bool_]) -> None:
        """Take in (n,) probabilities and whether somebody picked up."""
        # stored as single precision: .7 comes back as .69999999
        place = np.minimum((predicted * BINS + 1e-5).astype(np.int64), BINS - 1)
        self.count += np.bincount(place, minlength=BINS)
        self.predicted += np.bincount(place, predicted, minlength=BINS)
        self.hits += np.bincount(place, hit.astype(np.float64), minlength=BINS)
        self.squares += float(((predicted - hit) ** 2).sum())
        p = predicted.clip(_EDGE, 1 - _EDGE)
        self.logs -= float(np.log(np.where(hit, p, 1 - p)).sum())

    def __len__(self) -> int:
        return int(self.count.sum())

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(
            self.count + other.count,
            self.predicted + other.predicted,
            self.hits + other.hits,
            self.squares + other.squares,
            self.logs + other.logs,
        )

    def score(self) -> Score | None:
        """How the predictions did; None when there were none."""
        n = len(self)
        if n == 0:
            return None
        rate = float(self.hits.sum()) / n
        return Score(
            attempts=n,
            picked_up=rate,
            predicted=float(self.predicted.sum()) / n,
            brier=self.squares / n,
            log_loss=self.logs / n,
            brier_of_rate=rate * (1 - rate),
            log_loss_of_rate=_entropy(rate),
            calibration_error=float(np.abs(self.predicted - self.hits).sum()) / n,
            bins=tuple(self._bin(k) for k in range(BINS) if self.count[k]),
        )

    def _bin(self, k: int) -> Bin:
        n = float(self.count[k])
        low, high = wilson(float(self.hits[k]), n)
        seen = float(self.hits[k]) / n
        return Bin(k / BINS, (k + 1) / BINS, int(n), float(self.predicted[k]) / n, seen, low, high)


def of_rates(tallies: list[Tally]) -> tuple[float, float]:
    """Brier score and log loss of one number for each tally: its own share, known with hindsight."""
    n = sum(len(t) for t in tallies)
    rates = [(len(t), float(t.hits.sum()) / len(t)) for t in tallies if len(t)]
    return sum(k * r * (1 - r) for k, r in rates) / n, sum(k * _entropy(r) for k, r in rates) / n


def _entropy(rate: float) -> float:
    """Log loss of always predicting the rate itself."""
    return -sum(p * float(np.log(p)) for p in (rate, 1 - rate) if p > 0)
