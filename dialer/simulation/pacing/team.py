"""The agents of a simulated centre: in which state each is since when, and who is ready for longest.

Decides who takes the next call and who leaves when; what the calls do is decided in ``world.py``.

Invariants: `idle` holds exactly the READY agents, longest first; nobody who is to leave is READY.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from dialer.agents.machine import AgentState
from dialer.simulation.pacing.calls import Call
from dialer.simulation.pacing.played import Tally
from dialer.simulation.pacing.scenario_file import Scenario

_HOUR_S = 3_600.0
_PAID = (AgentState.READY, AgentState.TALKING, AgentState.WRAP_UP)


@dataclass(slots=True, eq=False)
class Agent:
    """One agent.

    Args:
        chance: of her breaks: hers alone, so that the dialer has no influence on the luck of others.
        since: of her state, seconds of the run.
        call: the one that she talks or wraps up.
        break_at, ends_at: when she will want a break, and when her shift ends.
        wants_break, goes: that moment has come, and she takes no further call.
    """

    chance: np.random.Generator
    state: AgentState = AgentState.READY
    since: float = 0.0
    call: Call | None = None
    break_at: float = math.inf
    ends_at: float = math.inf
    wants_break: bool = False
    goes: bool = False

    @property
    def leaving(self) -> bool:
        """She takes no further call for now."""
        return self.goes or self.wants_break


@dataclass(slots=True)
class Team:
    """Everyone who was logged in at the start."""

    scenario: Scenario
    tally: Tally
    everyone: list[Agent]
    idle: deque[Agent] = field(default_factory=deque)
    count: Counter[AgentState] = field(default_factory=Counter)

    @classmethod
    def begin(cls, scenario: Scenario, tally: Tally, from_s: float, seed: int) -> Team:
        """All ready; their first breaks and the ends of their shifts planned."""
        agents = [Agent(np.random.default_rng([seed, 3, number])) for number in range(scenario.agents)]
        team = cls(scenario, tally, agents, deque(agents), Counter({AgentState.READY: len(agents)}))
        for agent, end_h in zip(agents, scenario.shift_ends_h, strict=False):
            agent.ends_at = from_s + end_h * _HOUR_S
        for agent in agents:
            team.plan_break(agent, 0.0)
        return team

    @property
    def logged_in(self) -> int:
        """Everyone who hasn't gone home, breaks included."""
        return len(self.everyone) - self.count[AgentState.LOGGED_OUT]

    def present(self) -> Iterator[Agent]:
        """Everyone logged in."""
        return (agent for agent in self.everyone if agent.state is not AgentState.LOGGED_OUT)

    def plan_break(self, agent: Agent, now_s: float) -> None:
        """Choose when she wants her next break."""
        if self.scenario.break_every_h:
            agent.break_at = now_s + float(agent.chance.exponential(self.scenario.break_every_h * _HOUR_S))

    def turn(self, agent: Agent, state: AgentState, now_s: float) -> None:
        """From `now_s` on she is in that state."""
        self.book(agent, now_s)
        self.count[agent.state] -= 1
        self.count[state] += 1
        agent.state, agent.since = state, now_s

    def book(self, agent: Agent, now_s: float) -> None:
        """Count the time in her present state."""
        if agent.state in _PAID:
            self.tally.spent(agent.since, now_s, agent.state is not AgentState.READY)

    def free_in_s(self, agent: Agent, now_s: float) -> float:
        """The truth: until she is ready again; infinite when she won't be, because she leaves before."""
        if agent.state is AgentState.READY:
            return 0.0
        if agent.state is AgentState.NOT_READY:
            until = agent.since + self.scenario.break_s
            return until - now_s if until < agent.ends_at else math.inf
        if agent.call is None:
            return math.inf
        until = agent.since + agent.call.wrap_s
        if agent.state is AgentState.TALKING:
            until += agent.call.talk_s
        return until - now_s if until < min(agent.break_at, agent.ends_at) else math.inf
