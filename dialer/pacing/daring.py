"""How much may be dared with the next call, so that in the long run the target is kept and used.

Two accounts, both fading, both in people:

* What was allowed and not spent. A call is placed in whole numbers, so most are placed at less risk than allowed; what
  they leave may be spent by later ones. The account counts *expected* abandonments, known at once and smooth.
* What was expected and what came. Real abandonments are rare, so they only trim: a Gamma prior (`_TRUST` people's
  worth, `_EXCESS` of them for one expected) is worn down by what came, and no single one of them moves much.

Neither compounds: both are sums over a window, and the bound is a function of them between fixed limits.

Source: Gamma-Poisson shrinkage as in Gelman et al., Bayesian Data Analysis (3rd ed. 2013), section 2.6.
"""

from __future__ import annotations

_AIM = 0.88
"""Share of the target that is aimed at."""
_TRUST = 5.0
"""Expected abandonments that the prior counts as."""
_EXCESS = 1.25
"""How many came for one expected, before anything was seen: the forecast takes the worst moment for all moments, and
knows nothing of sudden changes. Source: `dialer simulate pacing` over the shipped scenarios, 1.0 to 1.6."""
_SPENT_HALF_LIFE = 200.0
_CAME_HALF_LIFE = 2_000.0
"""Answers after which one counts half."""
_SWING = 0.15
"""People unspent that double the bound."""
_LEAST, _MOST = 0.2, 6.0


class Daring:
    """The accounts of one campaign.

    Args:
        target: people abandoned over people who answered, 0..1.
    """

    def __init__(self, target: float) -> None:
        self._target = target
        self._unspent = 0.0
        self._expected = 0.0
        self._came = 0.0

    def placed(self, answers: float, abandoned: float) -> None:
        """Calls were placed from which so many answers and abandoned people are expected."""
        self._unspent *= 0.5 ** (answers / _SPENT_HALF_LIFE)
        self._unspent += answers * self._aim - abandoned
        fade = 0.5 ** (answers / _CAME_HALF_LIFE)
        self._expected, self._came = self._expected * fade + abandoned, self._came * fade

    def abandoned(self) -> None:
        """Somebody was."""
        self._came += 1.0

    @property
    def excess(self) -> float:
        """How many people are abandoned for one expected; 1 = the forecast is right."""
        return (self._came + _EXCESS * _TRUST) / (self._expected + _TRUST)

    @property
    def _aim(self) -> float:
        return _AIM * self._target / self.excess

    def bound(self) -> float:
        """Expected abandonments per answer that the next call may cost."""
        return self._aim * min(_MOST, max(_LEAST, 1.0 + self._unspent / _SWING))
