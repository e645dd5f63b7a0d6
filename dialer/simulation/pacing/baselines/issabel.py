"""Issabel's call centre: free agents, and busy ones whose talk would have ended had it the mean's exponential law.

A busy agent counts as free soon when 1 − exp(−(talk so far + mean answer time) / mean talk) reaches the quality of
service, .97 as shipped: 3.5 mean talks into a talk. So it hardly ever looks ahead. The option *overcommit* divides the
calls by the share of answers of the last half hour, without looking at what is abandoned.

Source: setup/dialer_process/dialer/CampaignProcess.class.php and Predictor.class.php, IssabelFoundation/callcenter
861d284. Assumed: an agent in wrap-up is neither free nor busy; the mean talk is over the whole run.
"""

from __future__ import annotations

import math
from collections import deque

from dialer.agents.machine import AgentState
from dialer.pacing.observed import Observed, RingEnded, Talked
from dialer.simulation.pacing.baselines.rhythm import Every, Window
from dialer.simulation.pacing.dialers import Moment

_EVERY_S = 5.0
_ENOUGH = 10
_ANSWERS_KEPT = 20
_PADDING_S = 8.0
_HALF_HOUR_S = 1_800.0
_LEAST_SHARE = 0.20
QUALITY = 0.97


def free_soon(talked_s: float, answer_s: float, mean_talk_s: float, quality: float = QUALITY) -> bool:
    """Whether a busy agent counts as free.

    Args:
        talked_s: her talk so far.
        answer_s: mean time to an answer.
        mean_talk_s: mean talk, positive.
        quality: 0..1.
    """
    return 1.0 - math.exp(-(talked_s + answer_s) / mean_talk_s) >= quality


def overcommitted(calls: int, answered: int, ended: int) -> int:
    """`calls` divided by the share of answers among the calls that ended, at least .20 of them."""
    return round(calls / max(_LEAST_SHARE, answered / ended))


class Issabel:
    """One campaign.

    Args:
        overcommit: divide by the share of answers.
    """

    def __init__(self, *, overcommit: bool) -> None:
        self._overcommit = overcommit
        self._turn = Every(_EVERY_S)
        self._answer_s: deque[float] = deque([_PADDING_S] * _ANSWERS_KEPT, maxlen=_ANSWERS_KEPT)
        self._talks, self._talk_s = 0, 0.0
        self._ended, self._answered = Window(_HALF_HOUR_S), Window(_HALF_HOUR_S)

    def observe(self, seen: Observed) -> None:
        """Keep answer times, talks and the half hour's answers."""
        match seen:
            case RingEnded():
                self._ended.add(seen.at_s)
                if seen.answered:
                    self._answered.add(seen.at_s)
                    self._answer_s.append(seen.after_s)
            case Talked():
                self._talks += 1
                self._talk_s += seen.talk_s
            case _:
                pass

    def place(self, moment: Moment) -> int:
        """Calls to place now, every five seconds."""
        if not self._turn.due(moment.now_s):
            return 0
        wanted = max(0, moment.ready + self._soon(moment) - moment.waiting - moment.waiting_inbound)
        calls = max(0, wanted - moment.ringing)
        ended = self._ended.count(moment.now_s)
        if self._overcommit and ended >= _ENOUGH:
            calls = overcommitted(calls, self._answered.count(moment.now_s), ended)
        return calls

    def _soon(self, moment: Moment) -> int:
        if self._talks < _ENOUGH:
            return 0
        answer_s, mean_talk_s = sum(self._answer_s) / _ANSWERS_KEPT, self._talk_s / self._talks
        return sum(
            agent.state is AgentState.TALKING and free_soon(agent.elapsed_s, answer_s, mean_talk_s)
            for agent in moment.agents()
        )
