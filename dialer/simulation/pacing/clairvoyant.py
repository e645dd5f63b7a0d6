"""The bound that nobody can beat: a dialer that knows who will answer and when, and when each agent will be free.

It places the next call at once when nobody will answer it, and else at the first second at which an agent will surely
be there for the answer: at each moment up to the ring time-out, no more answers and inbound calls than agents who are
ready by then. Whoever leaves within that time isn't counted, nor who is freed by a call that isn't joined yet.

Invariant: nobody is abandoned.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence

from dialer.pacing.observed import Observed
from dialer.simulation.pacing.baselines.rhythm import Every
from dialer.simulation.pacing.dialers import Moment

_EVERY_S = 0.5
"""Between two looks; a shorter time gains nothing that can be seen, and looking costs most of the run."""


class Clairvoyant:
    """Args: ring_timeout_s: no answer takes longer, seconds."""

    def __init__(self, ring_timeout_s: float) -> None:
        self._horizon_s = ring_timeout_s
        self._turn = Every(_EVERY_S)

    def observe(self, seen: Observed) -> None:
        """It knows."""

    def place(self, moment: Moment) -> int:
        """Calls to place now."""
        if not self._turn.due(moment.now_s):
            return 0
        lines, placed = moment.lines_free, 0
        free: list[float] | None = None
        wanted: list[float] = []
        while placed < lines:
            call = moment.next_call(placed)
            if call.answered:
                if free is None:
                    free, wanted = self._free(moment), self._wanted(moment)
                insort(wanted, call.after_s)
                if not met(free, wanted):
                    break
            placed += 1
        return placed

    def _free(self, moment: Moment) -> list[float]:
        """When agents are ready who stay."""
        pairs = zip(moment.free_in_s(), moment.leaves_in_s(), strict=True)
        return sorted(free_s for free_s, leaves_s in pairs if free_s <= self._horizon_s < leaves_s)

    def _wanted(self, moment: Moment) -> list[float]:
        """When agents are taken by those who wait, will answer or will call."""
        here = [0.0] * (moment.waiting + moment.waiting_inbound)
        return sorted([*here, *moment.answers_in_s(), *moment.arrivals_in_s(self._horizon_s)])


def met(free: Sequence[float], wanted: Sequence[float]) -> bool:
    """Whether each finds an agent at once; both ascending, seconds from now."""
    return len(wanted) <= len(free) and all(at >= ready for ready, at in zip(free, wanted, strict=False))
