"""What share of the calls is answered: a shift, in log odds, of what the pick-up model says, followed as it drifts.

Without a model every call is taken for the same stranger, and the shift alone says how many answer. The belief is a
weight on each of a grid of shifts. Every outcome multiplies the weights by its likelihood; every minute spreads them a
little, and mixes in a little of "anything is possible", so that a jump (evening begins, another list) is followed
within some dozens of calls while a steady hour is known ever better.

Source: Bayes filter on a grid with a change point, Adams & MacKay 2007, arXiv:0710.3742, in its simplest form.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STRANGER = 0.3
"""The answer probability of a call about which no model says anything (docs: Kulka & Weeks 1988 find .2 to .4)."""

_SHIFTS: Floats = np.linspace(-4.0, 3.5, 76)
_PRIOR: Floats = np.exp(-0.5 * (_SHIFTS / 1.2) ** 2) / np.exp(-0.5 * (_SHIFTS / 1.2) ** 2).sum()
_STEP_S = 15.0
_DRIFT = 0.003
"""Variance of the shift per minute: half a log odd in an hour and a half. Steps are left to `_JUMPS`; a livelier drift
keeps a steady hour from being known well."""
_JUMPS = 0.004
"""Share of the belief that each minute begins anew."""
_FORGOTTEN_S = 24 * 3_600.0
"""After so long without a call nearly all of the belief has begun anew."""


def shifted(probability: Floats, shift: float) -> Floats:
    """`probability` (any shape, 0..1) moved by `shift` in log odds."""
    odds = np.exp(shift) * probability / np.maximum(1.0 - probability, 1e-9)
    result: Floats = odds / (1.0 + odds)
    return result


class AnswerShift:
    """Follows the shift."""

    def __init__(self, at_s: float = 0.0) -> None:
        self._weights = _PRIOR.copy()
        self._at_s = at_s
        spread = np.exp(-0.5 * (np.arange(-4, 5) * 0.1) ** 2 / (_DRIFT * _STEP_S / 60.0))
        self._kernel = spread / spread.sum()
        self.seen = 0

    def observe(self, at_s: float, answered: bool, told: float | None) -> None:
        """Learn from one call that is answered or over."""
        if at_s - self._at_s > _FORGOTTEN_S:
            self._weights, self._at_s = _PRIOR.copy(), at_s
        while at_s - self._at_s >= _STEP_S:
            self._at_s += _STEP_S
            jumps = _JUMPS * _STEP_S / 60.0
            self._weights = (1 - jumps) * np.convolve(self._weights, self._kernel, mode="same") + jumps * _PRIOR
        base = STRANGER if told is None else min(max(told, 1e-4), 1 - 1e-4)
        chance = 1.0 / (1.0 + np.exp(-_SHIFTS) * (1.0 - base) / base)
        self._weights *= chance if answered else 1.0 - chance
        self._weights /= self._weights.sum()
        self.seen += 1

    def belief(self) -> tuple[float, float]:
        """Mean and standard deviation of the shift, log odds."""
        mean = float(self._weights @ _SHIFTS)
        return mean, float(np.sqrt(self._weights @ (_SHIFTS - mean) ** 2))
