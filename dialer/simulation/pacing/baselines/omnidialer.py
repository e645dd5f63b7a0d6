"""OMniDialer's predictive pacer: free and soon free agents over a smoothed answer rate, damped by smoothed drops.

Busy agents count by 1 − exp(−ring time / (mean − elapsed)), so one whose talk is longer than the mean counts as free.
Answer rate and drops are exponential averages with weight .1 for the newest call: one drop raises the latter to .1,
far above any limit, and the pacer goes back to 1:1 until it has decayed.

Source: predictive_pacer.py and docs/dialer_modes.md of OMniDialer (2026).
Assumed: no detection of machines; calls per second aren't capped; its ring time is the mean of the answered calls; its
drop limit is the target of the comparison instead of the shipped 3%.
"""

from __future__ import annotations

import math

from dialer.agents.machine import AgentState
from dialer.pacing.observed import Abandoned, Joined, Observed, RingEnded, Talked, WrappedUp
from dialer.simulation.pacing.baselines.rhythm import Every
from dialer.simulation.pacing.dialers import Moment

_WEIGHT = 0.1
_LEAST_RATE = 0.05
_RING_S = 15.0
_SLOWEST = 0.2
_LATCH_AFTER = 5
_UNLATCH_AT = 0.8
_WARM_UP_CALLS = 50
_PROGRESSIVE_EVERY_S = 3.0


def calls(free: float, expected: float, ringing: int, rate: float, damping: float) -> int:
    """Calls to place now.

    Args:
        free, expected: agents who are free, and who are expected to be.
        ringing: calls not answered yet.
        rate: of answers, 0..1.
        damping: factor on the calls, positive.
    """
    return max(0, math.floor((free + expected - ringing * rate) / rate * damping))


def free_by(ring_s: float, mean_s: float, elapsed_s: float) -> float:
    """The chance that an agent is free within a ring time, as it is taken there."""
    return 1.0 - math.exp(-ring_s / max(1.0, mean_s - elapsed_s))


def damping_of(drops: float, most: float, boost: float = 1.0) -> float:
    """The factor for a smoothed share of drops: `boost` up to half of `most`, then falling to .2."""
    if drops <= most / 2:
        return boost
    if drops >= most:
        return _SLOWEST
    return boost + (drops - most / 2) / (most / 2) * (_SLOWEST - boost)


class _Mean:
    def __init__(self) -> None:
        self._count, self._sum = 0, 0.0

    def add(self, value: float) -> None:
        self._count += 1
        self._sum += value

    def value(self, without: float) -> float:
        return self._sum / self._count if self._count else without


class OmniDialer:
    """One campaign.

    Args:
        limit_ratio: of dropped calls, 0..1.
    """

    def __init__(self, limit_ratio: float) -> None:
        self._limit_ratio = limit_ratio
        self._turn, self._progressive_turn = Every(1.0), Every(_PROGRESSIVE_EVERY_S)
        self._rate: float | None = None
        self._drops = 0.0
        self._ring, self._talk, self._wrap = _Mean(), _Mean(), _Mean()
        self._handled = 0
        self._over_for = 0
        self._latched = False

    def observe(self, seen: Observed) -> None:
        """Smooth answers and drops, keep means."""
        match seen:
            case RingEnded():
                hit = float(seen.answered)
                self._rate = hit if self._rate is None else self._rate + _WEIGHT * (hit - self._rate)
                if seen.answered:
                    self._ring.add(seen.after_s)
            case Joined():
                self._drops *= 1 - _WEIGHT
            case Abandoned():
                self._drops += _WEIGHT * (1 - self._drops)
            case Talked():
                self._talk.add(seen.talk_s)
            case WrappedUp():
                self._wrap.add(seen.wrap_s)
                self._handled += 1

    def place(self, moment: Moment) -> int:
        """Calls to place now, every second; every third while progressive."""
        if not self._turn.due(moment.now_s):
            return 0
        self._latch()
        if self._handled < _WARM_UP_CALLS or self._rate is None or self._latched:
            return self._progressive(moment)
        rate = max(_LEAST_RATE, self._rate)
        damping = damping_of(self._drops, self._limit_ratio)
        return calls(moment.ready, self._expected(moment), moment.ringing, rate, damping)

    def _latch(self) -> None:
        self._over_for = self._over_for + 1 if self._drops >= self._limit_ratio else 0
        if self._over_for >= _LATCH_AFTER:
            self._latched = True
        elif self._drops < _UNLATCH_AT * self._limit_ratio:
            self._latched = False

    def _progressive(self, moment: Moment) -> int:
        if not self._progressive_turn.due(moment.now_s):
            return 0
        return max(0, moment.ready - moment.ringing - moment.waiting - moment.waiting_inbound)

    def _expected(self, moment: Moment) -> float:
        ring_s, wrap_s = self._ring.value(_RING_S), self._wrap.value(0.0)
        whole_s = self._talk.value(0.0) + wrap_s
        means = {AgentState.TALKING: whole_s, AgentState.WRAP_UP: wrap_s}
        return sum(
            free_by(ring_s, means[agent.state], agent.elapsed_s) for agent in moment.agents() if agent.state in means
        )
