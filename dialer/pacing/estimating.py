"""Makes the forecast of one campaign from what is seen, call by call.

Starts from priors, so the first forecast is sensible; it is called sure once enough calls and talks were seen to place
more calls than there are ready agents. Not pure, but knows no clock: every observation says when it was.
"""

from __future__ import annotations

import math
from dataclasses import replace

from dialer.pacing.answering import AnswerShift
from dialer.pacing.daring import Daring
from dialer.pacing.forecast import Forecast
from dialer.pacing.hazard import HazardEstimate
from dialer.pacing.observed import Abandoned, CameIn, Joined, Observed, Placed, RingEnded, Talked, WrappedUp

_TALK_S = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0)
_WRAP_S = (0.0, 3.0, 6.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0)
_ANSWER_S = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 18.0, 21.0, 25.0, 30.0)
_FAILURE_S = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 25.0, 28.0, 29.0, 31.0, 35.0, 45.0)

_SURE_AFTER_CALLS = 30
_SURE_AFTER_TALKS = 7.5
"""Faded: the eighth."""
_SURE_WITHIN = 0.6
"""Standard deviation of the shift of the answers, log odds."""
_RENEWED_S = 10.0
_INBOUND_WINDOW_S = 1_800.0
_LONGEST_RING_S = 30.0
"""How long the longest ring lasts, until longer ones were seen."""
_SHORTER = 0.999
"""By how much each call shortens what is believed to be the longest ring."""
_SAME_S = 2.0
"""By how much two reports of one moment may differ."""
_LONGEST_TALK_S, _LONGEST_WRAP_S = 3_600.0, 1_800.0
"""What has lasted longer than this ended without being heard, and is forgotten."""


class Estimates:
    """What a campaign's calls have taught so far.

    Args:
        target: abandonment to keep to, people abandoned over people who answered, 0..1.
    """

    def __init__(self, target: float) -> None:
        self._talk = HazardEstimate(_TALK_S, prior_mean_s=100.0)
        self._wrap = HazardEstimate(_WRAP_S, prior_mean_s=40.0)
        self._answer = HazardEstimate(_ANSWER_S, prior_mean_s=10.0)
        self._failure = HazardEstimate(_FAILURE_S, prior_mean_s=25.0)
        self._shift = AnswerShift()
        self._outcomes = _Outcomes()
        self._daring = Daring(target)
        self._inbound = _Rate()
        self._talking, self._wrapping = _Ongoing(_LONGEST_TALK_S), _Ongoing(_LONGEST_WRAP_S)
        self._laws: tuple[float, Forecast] | None = None

    def remember(self, expected: float, came: float) -> None:
        """Take in, before anything else, how many people were expected to be abandoned, and how many were."""
        self._daring.remember(expected, came)

    def aim_at(self, target: float) -> None:
        """Keep to another target from now on; nothing that was learnt is lost."""
        self._daring.aim_at(target)

    def observe(self, seen: Observed) -> None:
        """Learn from one thing that happened; in the order in which they happened."""
        match seen:
            case RingEnded():
                (self._answer if seen.answered else self._failure).observe(seen.after_s)
                self._outcomes.came(seen)
                self._learn_outcomes(seen.at_s)
            case Joined():
                self._talking.began(seen.at_s)
            case Talked():
                self._talk.observe(seen.talk_s)
                self._talking.ended(seen.at_s - seen.talk_s)
                self._wrapping.began(seen.at_s)
            case WrappedUp():
                self._wrap.observe(seen.wrap_s)
                self._wrapping.ended(seen.at_s - seen.wrap_s)
            case Placed():
                self._daring.placed(seen.answers, seen.abandoned)
            case CameIn():
                self._inbound.observe(seen.at_s)
            case Abandoned():
                self._daring.abandoned()
            case _:
                pass

    def forecast(self, now_s: float) -> Forecast:
        """The present forecast; the laws in it are renewed every ten seconds, the bound at once."""
        if self._laws is None or not 0.0 <= now_s - self._laws[0] < _RENEWED_S:
            self._laws = (now_s, self._look(now_s))
        return replace(self._laws[1], risk=self._daring.bound())

    def _learn_outcomes(self, now_s: float) -> None:
        for due in self._outcomes.due(now_s):
            self._shift.observe(*due)

    def _look(self, now_s: float) -> Forecast:
        self._learn_outcomes(now_s)
        shift, shift_sd = self._shift.belief()
        return Forecast(
            talk=self._talk.hazard(self._talking.ages_s(now_s)),
            wrap=self._wrap.hazard(self._wrapping.ages_s(now_s)),
            answer=self._answer.hazard(),
            failure=self._failure.hazard(),
            shift=shift,
            shift_sd=shift_sd,
            inbound_per_s=self._inbound.per_s(now_s),
            risk=self._daring.bound(),
            sure=self._shift.seen >= _SURE_AFTER_CALLS
            and self._talk.seen >= _SURE_AFTER_TALKS
            and shift_sd <= _SURE_WITHIN,
        )


class _Outcomes:
    """Outcomes in the order of the calls, each when the longest ring would have ended.

    People answer within seconds and those who don't ring on: learnt as they come, every burst of calls would first
    look as if everybody answered, and then nobody.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[float, bool, float | None]] = []
        self._longest_s = _LONGEST_RING_S

    def came(self, seen: RingEnded) -> None:
        self._longest_s = max(self._longest_s * _SHORTER, seen.after_s)
        self._waiting.append((seen.at_s - seen.after_s, seen.answered, seen.told))

    def due(self, now_s: float) -> list[tuple[float, bool, float | None]]:
        """(moment, answered, told) of those whose time has come; they are forgotten."""
        until_s = now_s - self._longest_s
        due = [one for one in self._waiting if one[0] <= until_s]
        self._waiting = [one for one in self._waiting if one[0] > until_s]
        return [(now_s, answered, told) for _, answered, told in sorted(due, key=lambda one: one[0])]


class _Ongoing:
    """What has begun and is not over, as far as it was seen: a talk that another campaign began is not."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s = longest_s
        self._began_at_s: list[float] = []

    def began(self, at_s: float) -> None:
        self._began_at_s.append(at_s)

    def ended(self, began_at_s: float) -> None:
        """One that began at about this moment is over; none did = it was never seen to begin."""
        nearest = min(self._began_at_s, key=lambda at_s: abs(at_s - began_at_s), default=None)
        if nearest is not None and abs(nearest - began_at_s) <= _SAME_S:
            self._began_at_s.remove(nearest)

    def ages_s(self, now_s: float) -> list[float]:
        self._began_at_s = [at_s for at_s in self._began_at_s if now_s - at_s < self._longest_s]
        return [max(0.0, now_s - at_s) for at_s in self._began_at_s]


class _Rate:
    """Calls that came in per second, over a fading window of half an hour."""

    def __init__(self) -> None:
        self._count, self._at_s = 0.0, 0.0
        self._since_s: float | None = None

    def observe(self, at_s: float) -> None:
        self._count = self._count * self._kept(at_s) + 1.0
        self._at_s = at_s
        if self._since_s is None:
            self._since_s = at_s

    def per_s(self, now_s: float) -> float:
        if self._since_s is None:
            return 0.0
        seen_s = _INBOUND_WINDOW_S * (1.0 - math.exp(-(now_s - self._since_s) / _INBOUND_WINDOW_S))
        return self._count * self._kept(now_s) / max(seen_s, _INBOUND_WINDOW_S / 4)

    def _kept(self, at_s: float) -> float:
        return math.exp(-(at_s - self._at_s) / _INBOUND_WINDOW_S)
