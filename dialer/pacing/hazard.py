"""How long something still lasts, given how long it has lasted: learnt from finished durations, fading with time.

A duration (talk, wrap-up, ringing) is described by its hazard, the chance per second of ending now, constant within
fixed intervals of its age. Each interval keeps two fading numbers: how many ended in it, and how many seconds were
spent in it. Their quotient is the hazard; a Gamma prior stands in while there is little data, so the first call of a
new campaign is forecast too. No shape is assumed, and what has lasted unusually long is forecast by those that did.

Source: piecewise exponential model with Gamma prior, Ibrahim, Chen & Sinha, Bayesian Survival Analysis (2001), ch. 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hazard:
    """A duration's law.

    Args:
        starts_s: (n,) where the intervals begin, ascending from 0; the last one has no end.
        per_s: (n,) hazard within each, 1/s, positive.
    """

    starts_s: tuple[float, ...]
    per_s: tuple[float, ...]

    def survival(self, age_s: Floats) -> Floats:
        """Probability of lasting longer than `age_s` (any shape, seconds ≥ 0)."""
        starts, rates = np.asarray(self.starts_s), np.asarray(self.per_s)
        total = np.concatenate(([0.0], np.cumsum(rates[:-1] * np.diff(starts))))
        last = np.maximum(age_s - starts[-1], 0.0) * rates[-1]
        summed: Floats = np.interp(age_s, starts, total) + last
        return np.exp(-summed)

    def ended(self, age_s: Floats) -> Floats:
        """Probability of being over by `age_s`."""
        return 1.0 - self.survival(age_s)


class HazardEstimate:
    """Learns a `Hazard`.

    Args:
        starts_s: where the intervals begin.
        prior_mean_s: what is believed before anything was seen.
        prior_weight: how many durations that belief counts as.
        half_life: durations after which one counts half.
    """

    def __init__(
        self, starts_s: Sequence[float], *, prior_mean_s: float, prior_weight: float = 4.0, half_life: float = 400.0
    ) -> None:
        self._starts = np.asarray(starts_s, dtype=np.float64)
        prior = Hazard(tuple(starts_s), (1.0 / prior_mean_s,) * len(starts_s))
        self._prior_ended = prior_weight * -np.diff(np.append(prior.survival(self._starts), 0.0))
        self._prior_s = self._prior_ended * prior_mean_s
        self._ended = np.zeros(len(starts_s))
        self._spent_s = np.zeros(len(starts_s))
        self._fade = 0.5 ** (1.0 / half_life)
        self._widths = np.append(np.diff(self._starts), np.inf)

    @property
    def seen(self) -> float:
        """Durations seen, faded."""
        return float(self._ended.sum())

    def observe(self, duration_s: float) -> None:
        """Learn from one that ended after `duration_s` ≥ 0."""
        self._ended *= self._fade
        self._spent_s *= self._fade
        self._spent_s += np.clip(duration_s - self._starts, 0.0, self._widths)
        self._ended[int(np.searchsorted(self._starts, duration_s, side="right")) - 1] += 1.0

    def hazard(self, ongoing_s: Sequence[float] = ()) -> Hazard:
        """The present estimate.

        Args:
            ongoing_s: how long those have lasted that aren't over. Without them the first talks of a day, which are the
                short ones, would be taken for all talks.
        """
        ages_s = np.asarray(ongoing_s, dtype=np.float64).reshape(-1, 1)
        spent_s = self._spent_s + np.clip(ages_s - self._starts, 0.0, self._widths).sum(axis=0)
        rates = (self._ended + self._prior_ended) / (spent_s + self._prior_s)
        return Hazard(tuple(self._starts.tolist()), tuple(np.maximum(rates, 1e-9).tolist()))
