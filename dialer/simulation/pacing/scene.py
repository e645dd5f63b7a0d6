"""The state of a simulated centre, and what a dialer may ask of it.

Decides nothing: ``world.py`` changes it. Everything that a dialer of the real world can see is asked here too; what
only an oracle may know says "the truth". Counts cost the same however large the team is; lists cost their length.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np

from dialer.agents.machine import AgentState
from dialer.pacing.policy import AgentView, PendingCall
from dialer.simulation.pacing.calls import Call, Calls, Levels
from dialer.simulation.pacing.dialers import NextCall
from dialer.simulation.pacing.played import Tally
from dialer.simulation.pacing.scenario_file import Scenario
from dialer.simulation.pacing.team import Team

HOUR_S = 3_600.0
_LINES_PER_AGENT = 12
_AHEAD = 12
"""Calls of which a dialer is told the probability before they are placed."""


class Scene:
    """One run's present (a `dialers.Moment`)."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self._scenario = scenario
        self._from_s = scenario.warm_up_h * HOUR_S
        self._until_s = self._from_s + scenario.hours * HOUR_S
        self.now_s = 0.0
        self.threshold_s = scenario.threshold_s
        self._tally = Tally(self._from_s, self._until_s)
        self._team = Team.begin(scenario, self._tally, self._from_s, seed)
        self._levels = Levels(scenario)
        self._calls = Calls(scenario, np.random.default_rng([seed, 1]))
        self._inbound_calls = Calls(scenario, np.random.default_rng([seed, 2]))
        self._arrivals = _arrivals(scenario.inbound_per_h, self._until_s, np.random.default_rng([seed, 4]))
        self._ringing: dict[int, Call] = {}
        self._queue: deque[Call] = deque()
        self._queue_in: deque[Call] = deque()
        self._lines = _LINES_PER_AGENT * scenario.agents

    @property
    def lines_free(self) -> int:
        """Lines that may still be taken."""
        return max(0, self._lines - len(self._ringing) - len(self._queue) - self.talking)

    @property
    def waiting(self) -> int:
        """Answered calls without an agent."""
        return len(self._queue)

    @property
    def waiting_inbound(self) -> int:
        """Inbound calls without an agent."""
        return len(self._queue_in)

    @property
    def ready(self) -> int:
        """Agents who can take a call this instant."""
        return len(self._team.idle)

    @property
    def talking(self) -> int:
        """Agents in talk."""
        return self._team.count[AgentState.TALKING]

    @property
    def wrapping(self) -> int:
        """Agents in wrap-up."""
        return self._team.count[AgentState.WRAP_UP]

    @property
    def logged_in(self) -> int:
        """All agents, those on a break too."""
        return self._team.logged_in

    @property
    def ringing(self) -> int:
        """Calls not answered yet."""
        return len(self._ringing)

    def agents(self) -> Sequence[AgentView]:
        """Everyone logged in."""
        now_s = self.now_s
        return [AgentView(agent.state, now_s - agent.since, agent.leaving) for agent in self._team.present()]

    def pending(self) -> Sequence[PendingCall]:
        """Calls not answered yet."""
        told = self._scenario.told
        return [
            PendingCall(self.now_s - call.placed_at, self._told(call) if told else None)
            for call in self._ringing.values()
        ]

    def next_probabilities(self) -> Sequence[float]:
        """Of the calls to be placed next, when the dialer is told."""
        if not self._scenario.told:
            return ()
        return [self._told(self._calls.ahead(n, self._level())) for n in range(_AHEAD)]

    def free_in_s(self) -> Sequence[float]:
        """When each of `agents` is ready again."""
        return [self._team.free_in_s(agent, self.now_s) for agent in self._team.present()]

    def leaves_in_s(self) -> Sequence[float]:
        """When each of `agents` takes no more calls."""
        return [min(agent.break_at, agent.ends_at) - self.now_s for agent in self._team.present()]

    def next_call(self, ahead: int) -> NextCall:
        """The call that would be placed after `ahead` others."""
        call = self._calls.ahead(ahead, self._level())
        return NextCall(call.answered, call.rings_s)

    def answers_in_s(self) -> Sequence[float]:
        """When those pending calls answer that do."""
        return [c.placed_at + c.rings_s - self.now_s for c in self._ringing.values() if c.answered]

    def arrivals_in_s(self, within_s: float) -> Sequence[float]:
        """When the next inbound calls come."""
        found = []
        for at_s in self._arrivals:
            if at_s - self.now_s > within_s:
                break
            found.append(at_s - self.now_s)
        return found

    def _level(self) -> float:
        """The mean answer probability now."""
        return self._levels.at((self.now_s - self._from_s) / HOUR_S)

    def _told(self, call: Call) -> float:
        odds = self._scenario.told_bias * call.probability / (1 - call.probability)
        return odds / (1 + odds)


def _arrivals(per_h: float, until_s: float, chance: np.random.Generator) -> deque[float]:
    """When inbound calls come, up to the end."""
    arrivals: deque[float] = deque()
    at_s = 0.0
    while per_h:
        at_s += float(chance.exponential(HOUR_S / per_h))
        if at_s >= until_s:
            break
        arrivals.append(at_s)
    return arrivals
