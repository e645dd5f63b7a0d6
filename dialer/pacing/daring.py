"""How much may be dared with the next call, so that in the long run the target is kept and used.

Three accounts, all fading, all in people:

* What was allowed and not spent. A call is placed in whole numbers, so most are placed at less risk than allowed; what
  they leave may be spent by later ones. The account counts *expected* abandonments, known at once and smooth.
* What was expected and what came. It says by how much the forecast is too hopeful. Real abandonments are rare, so they
  only trim: a Gamma prior (`_TRUST` people's worth, `EXCESS` of them for one expected) is worn down by what came.
* What was aimed at and what came. A wrong forecast that is put right has still cost people (answers that step up are
  believed a minute late); what follows makes up for them, and for lucky hours too, slowly: `_LEEWAY` people.

No single person moves the bound much, and nothing compounds: all are sums over a window, and the bound is a function of
them between fixed limits.

Source: Gamma-Poisson shrinkage as in Gelman et al., Bayesian Data Analysis (3rd ed. 2013), section 2.6.
"""

from __future__ import annotations

import math

AIM = 0.92
"""Share of the target that is aimed at."""
_TRUST = 10.0
"""Expected abandonments that the prior counts as."""
EXCESS = 1.25
"""How many came for one expected, before anything was seen: the forecast takes the worst moment for all moments, and
knows nothing of sudden changes. Source: `dialer simulate pacing` over the shipped scenarios, 1.1 to 1.7."""
_SPENT_HALF_LIFE = 200.0
_CAME_HALF_LIFE = 2_000.0
"""Answers after which one counts half."""
_SWING = 0.15
"""People unspent that double the bound."""
_LEAST, _MOST = 0.2, 6.0
"""The bound's own bounds: a share of the aim, and times the target."""
_LEEWAY = 6.0
"""People fewer than aimed at that double what is aimed at. Less steers harder, and costs work by being unsteady."""
_MOST_SAVED = 4.0
"""However long nobody was abandoned: when lines were short, that says nothing of what may be dared when they aren't."""
_LEAST_AIM = 0.5
"""Share of the aim that is left however many were abandoned; then the hard limits decide."""


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
        self._saved = 0.0

    def placed(self, answers: float, abandoned: float) -> None:
        """Calls were placed from which so many answers and abandoned people are expected."""
        self._unspent *= 0.5 ** (answers / _SPENT_HALF_LIFE)
        self._unspent += answers * self._aim - abandoned
        fade = 0.5 ** (answers / _CAME_HALF_LIFE)
        self._expected, self._came = self._expected * fade + abandoned, self._came * fade
        self._saved = min(_MOST_SAVED, self._saved * fade + answers * AIM * self._target)

    def remember(self, expected: float, came: float) -> None:
        """Take in what was before: so many people were expected to be abandoned, so many were. Faded as if evenly.

        It corrects the forecast; nobody makes up for people of another day.
        """
        if expected <= 0.0:
            return
        half_lives = expected / (AIM * self._target) / _CAME_HALF_LIFE
        kept = (1.0 - 0.5**half_lives) / (math.log(2.0) * half_lives)
        self._expected += expected * kept
        self._came += came * kept

    def aim_at(self, target: float) -> None:
        """Another target, 0..1, from now on; what was learnt of the forecast stays."""
        self._target = target

    def abandoned(self) -> None:
        """Somebody was."""
        self._came += 1.0
        self._saved -= 1.0

    @property
    def excess(self) -> float:
        """How many people are abandoned for one expected; 1 = the forecast is right."""
        return (self._came + EXCESS * _TRUST) / (self._expected + _TRUST)

    @property
    def _aim(self) -> float:
        """Expected abandonments per answer that are right on average now."""
        return AIM * self._target * max(_LEAST_AIM, 1.0 + self._saved / _LEEWAY) / self.excess

    def bound(self) -> float:
        """Expected abandonments per answer that the next call may cost."""
        return min(_MOST * self._target, self._aim * max(_LEAST, 1.0 + self._unspent / _SWING))
