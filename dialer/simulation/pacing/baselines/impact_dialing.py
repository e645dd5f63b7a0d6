"""Impact Dialing: every minute the last calls are replayed at six ratios, and the best that abandons little wins.

The replay lasts four minutes in steps of a second and begins with all agents idle; a call rings 10 s if it was
answered and 15 s if not, talks last as long as real ones did, wrap-up 5 s.

Source: app/models/predictive.rb, app/models/simulated_values.rb and lib/scheduler/predictive.rb of Impact Dialing.
Assumed: the half hour's window slides (in the published source it is fixed when the process starts, a mistake); the
real abandon rate is that of the same half hour; the acceptable rate is the target of the comparison.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dialer.pacing.observed import Abandoned, Observed, RingEnded, Talked
from dialer.simulation.pacing.baselines.rhythm import Every, Window
from dialer.simulation.pacing.dialers import Moment

_HALF_HOUR_S = 1_800.0
_SAMPLE = 100
_LEAST_ATTEMPTS = 50
_LEAST_AGENTS = 5
_RATIOS = 6
_REPLAY_S = 240
_RING_S, _VAIN_RING_S, _WRAP_S = 10, 15, 5
_QUIET_S = 600.0
_CAREFUL = 0.75


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay brought: utilisation and abandonment, 0..1."""

    utilisation: float
    abandonment: float


def replay(agents: int, ratio: float, talks_s: Sequence[float | None], chance: np.random.Generator) -> Replayed:
    """Replay calls drawn from a sample.

    Args:
        agents: all idle at the start.
        ratio: calls for each idle agent.
        talks_s: of each call of the sample its talk (seconds), None = not answered; not empty.
        chance: draws the calls.
    """
    freed, rings = [0] * (_REPLAY_S + 1), [0] * (_REPLAY_S + 1)
    answers: list[list[float]] = [[] for _ in range(_REPLAY_S + 1)]
    idle, ringing, answered, abandoned, idle_s = agents, 0, 0, 0, 0
    for now in range(_REPLAY_S):
        idle += freed[now]
        ringing -= rings[now]
        answered += len(answers[now])
        for talk_s in answers[now]:
            if not idle:
                abandoned += 1
                continue
            idle -= 1
            freed[min(_REPLAY_S, now + max(1, round(talk_s) + _WRAP_S))] += 1
        placed = max(0, int(idle * ratio) - ringing)
        for number in chance.integers(0, len(talks_s), placed).tolist() if placed else ():
            talk = talks_s[number]
            ends = min(_REPLAY_S, now + (_VAIN_RING_S if talk is None else _RING_S))
            rings[ends] += 1
            if talk is not None:
                answers[ends].append(talk)
        ringing += placed
        idle_s += idle
    return Replayed(1.0 - idle_s / (agents * _REPLAY_S), abandoned / answered if answered else 0.0)


def best_ratio(agents: int, talks_s: Sequence[float | None], acceptable: float, chance: np.random.Generator) -> float:
    """Of six ratios up to calls per answer, the one that keeps agents busiest and abandons less than `acceptable`."""
    answered = sum(talk is not None for talk in talks_s)
    if not answered:
        return 1.0
    whole = len(talks_s) / answered
    best, most = 1.0, -1.0
    for part in range(1, _RATIOS + 1):
        ratio = max(1.0, whole * part / _RATIOS)
        came = replay(agents, ratio, talks_s, chance)
        if came.abandonment < acceptable and came.utilisation > most:
            best, most = ratio, came.utilisation
    return best


class ImpactDialing:
    """One campaign.

    Args:
        acceptable: abandonment, 0..1.
        seed: of the replays.
    """

    def __init__(self, acceptable: float, seed: int) -> None:
        self._acceptable = acceptable
        self._chance = np.random.default_rng(seed)
        self._refresh, self._turn = Every(60.0), Every(1.0)
        self._attempts: deque[tuple[float, bool]] = deque(maxlen=_SAMPLE)
        self._talks_s: deque[float] = deque(maxlen=_SAMPLE)
        self._answered, self._abandoned = Window(_HALF_HOUR_S), Window(_HALF_HOUR_S)
        self._dialed_at_s = 0.0
        self._best = 1.0

    def observe(self, seen: Observed) -> None:
        """Keep the last hundred calls and talks."""
        match seen:
            case RingEnded():
                self._attempts.append((seen.at_s, seen.answered))
                if seen.answered:
                    self._answered.add(seen.at_s)
            case Talked():
                self._talks_s.append(seen.talk_s)
            case Abandoned():
                self._abandoned.add(seen.at_s)
            case _:
                pass

    def place(self, moment: Moment) -> int:
        """Calls to place now, every second."""
        now_s = moment.now_s
        if self._refresh.due(now_s):
            self._best = self._look(moment)
        if not self._turn.due(now_s):
            return 0
        calls = int(self._factor(now_s) * moment.ready) - moment.ringing - moment.waiting - moment.waiting_inbound
        if calls > 0:
            self._dialed_at_s = now_s
        return max(0, calls)

    def _factor(self, now_s: float) -> float:
        if now_s - self._dialed_at_s > _QUIET_S:
            return 1.0
        if self._abandoned.count(now_s) > self._acceptable * self._answered.count(now_s):
            return max(1.0, _CAREFUL * self._best)
        return self._best

    def _look(self, moment: Moment) -> float:
        recent = [answered for at_s, answered in self._attempts if at_s > moment.now_s - _HALF_HOUR_S]
        if moment.logged_in < _LEAST_AGENTS or len(recent) < _LEAST_ATTEMPTS or not self._talks_s:
            return 1.0
        talks = list(self._talks_s)
        drawn = iter(self._chance.integers(0, len(talks), len(recent)).tolist())
        sample = [talks[next(drawn)] if answered else None for answered in recent]
        return best_ratio(moment.logged_in, sample, self._acceptable, self._chance)
