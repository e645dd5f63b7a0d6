"""Makes the forecast of one campaign from what is seen, call by call.

Starts from priors, so the first forecast is sensible; it is called sure once enough calls and talks were seen to place
more calls than there are ready agents. Not pure, but knows no clock: every observation says when it was.
"""

from __future__ import annotations

import math

from dialer.pacing.answering import AnswerShift
from dialer.pacing.daring import Daring
from dialer.pacing.forecast import Forecast
from dialer.pacing.hazard import HazardEstimate
from dialer.pacing.observed import Abandoned, CameIn, Observed, Placed, RingEnded, Talked, WrappedUp

_TALK_S = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 180.0, 300.0, 600.0)
_WRAP_S = (0.0, 3.0, 6.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 90.0, 120.0, 300.0)
_ANSWER_S = (0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 18.0, 21.0, 25.0, 30.0)
_FAILURE_S = (0.0, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 25.0, 28.0, 29.0, 31.0, 35.0, 45.0)

_SURE_AFTER_CALLS = 30
_SURE_AFTER_TALKS = 8
_RENEWED_S = 10.0
_INBOUND_WINDOW_S = 1_800.0


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
        self._daring = Daring(target)
        self._inbound = _Rate()
        self._laws: tuple[float, Forecast] | None = None

    def observe(self, seen: Observed) -> None:
        """Learn from one thing that happened; in the order in which they happened."""
        match seen:
            case RingEnded():
                (self._answer if seen.answered else self._failure).observe(seen.after_s)
                self._shift.observe(seen.at_s, seen.answered, seen.told)
            case Talked():
                self._talk.observe(seen.talk_s)
            case WrappedUp():
                self._wrap.observe(seen.wrap_s)
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
        told = self._laws[1]
        return Forecast(
            told.talk, told.wrap, told.answer, told.failure, told.shift, told.shift_sd, told.inbound_per_s,
            self._daring.bound(), told.sure,
        )  # fmt: skip

    def _look(self, now_s: float) -> Forecast:
        shift, shift_sd = self._shift.belief()
        return Forecast(
            talk=self._talk.hazard(),
            wrap=self._wrap.hazard(),
            answer=self._answer.hazard(),
            failure=self._failure.hazard(),
            shift=shift,
            shift_sd=shift_sd,
            inbound_per_s=self._inbound.per_s(now_s),
            risk=self._daring.bound(),
            sure=self._shift.seen >= _SURE_AFTER_CALLS and self._talk.seen >= _SURE_AFTER_TALKS * 0.98,
        )


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
