"""Progressive and fixed ratio: so many calls for each ready agent, whatever happens.

Source: our own `dialer/pacing/modes.py`; the same rule as WombatDialer's boost, with whole calls rounded down.
"""

from __future__ import annotations

import math

from dialer.pacing.observed import Observed
from dialer.simulation.pacing.dialers import Moment


def calls(ratio: float, ready: int, waiting: int, ringing: int) -> int:
    """Calls to place now.

    Args:
        ratio: calls for each ready agent, ≥ 1.
        ready, waiting, ringing: agents who are ready, answered calls without an agent, calls not answered yet.
    """
    return max(0, math.floor(ratio * max(0, ready - waiting) + 1e-9) - ringing)


class FixedRatio:
    """Args: ratio: calls for each ready agent; 1 is progressive."""

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio

    def observe(self, seen: Observed) -> None:
        """Nothing is learnt."""

    def place(self, moment: Moment) -> int:
        """Calls to place now."""
        return calls(self._ratio, moment.ready, moment.waiting + moment.waiting_inbound, moment.ringing)
