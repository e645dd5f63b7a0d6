"""A call centre in simulated time: agents, calls that ring, people who answer or don't, breaks, inbound calls.

Decides what happens next, from a scenario and a seed; a dialer only says how many calls to place, after every event and
every second. What becomes of the k-th call, when inbound calls come and when an agent wants a break is the same for
every dialer of one seed. Knows nothing of telephony.

Invariants: an answered call gets the agent who has been ready for longest, at once; inbound calls that wait go first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from enum import IntEnum
from functools import partial

from dialer.agents.machine import AgentState
from dialer.pacing.observed import Abandoned, CameIn, Joined, RingEnded, Talked, WrappedUp
from dialer.simulation.pacing.calls import Call
from dialer.simulation.pacing.dialers import Dialer
from dialer.simulation.pacing.played import Played
from dialer.simulation.pacing.scenario_file import Scenario
from dialer.simulation.pacing.scene import Scene
from dialer.simulation.pacing.team import Agent

_TICK_S = 1.0


class Kind(IntEnum):
    """What happens next; smaller first at the same moment."""

    RING_ENDS = 0
    TALK_ENDS = 1
    WRAP_ENDS = 2
    GIVEN_UP = 3
    INBOUND = 4
    WANTS_BREAK = 5
    BREAK_ENDS = 6
    SHIFT_ENDS = 7
    TICK = 8


class World(Scene):
    """One run of a scenario."""

    def __init__(self, scenario: Scenario, dialer: Dialer, seed: int, *, tick_s: float = _TICK_S) -> None:
        super().__init__(scenario, seed)
        self._dialer = dialer
        self._tick_s = tick_s
        self._heap: list[tuple[float, int, int, Callable[[], None]]] = []
        self._serial = 0

    def play(self) -> Played:
        """Run to the end."""
        self._begin()
        while self._heap[0][0] < self._until_s:
            self.now_s, _, _, happens = heapq.heappop(self._heap)
            happens()
            self._dial()
        self.now_s = self._until_s
        for agent in self._team.everyone:
            self._team.book(agent, self.now_s)
        return self._tally.result(sum(call.answered_at >= self._from_s for call in self._queue))

    def _begin(self) -> None:
        self._ticks()
        self._plan_arrival()
        for agent in self._team.everyone:
            self._later(agent.ends_at, Kind.SHIFT_ENDS, partial(self._shift_ends, agent))
            self._later(agent.break_at, Kind.WANTS_BREAK, partial(self._wants_break, agent))

    def _later(self, at_s: float, kind: Kind, happens: Callable[[], None]) -> None:
        if at_s < self._until_s or kind is Kind.TICK:
            self._serial += 1
            heapq.heappush(self._heap, (at_s, int(kind), self._serial, happens))

    def _ticks(self) -> None:
        self._later(self.now_s + self._tick_s, Kind.TICK, self._ticks)

    # Calls

    def _dial(self) -> None:
        for _ in range(min(self._dialer.place(self), self.lines_free)):
            call = self._calls.take(self._level())
            call.placed_at = self.now_s
            self._ringing[id(call)] = call
            self._later(self.now_s + call.rings_s, Kind.RING_ENDS, partial(self._ring_ends, call))
            self._tally.placed(self.now_s)

    def _ring_ends(self, call: Call) -> None:
        del self._ringing[id(call)]
        told = self._told(call) if self._scenario.told else None
        self._dialer.observe(RingEnded(self.now_s, call.answered, call.rings_s, told))
        if not call.answered:
            return
        self._tally.answered(self.now_s)
        call.answered_at = self.now_s
        if self._team.idle:
            self._join(self._team.idle.popleft(), call)
            return
        call.waits = True
        self._queue.append(call)
        self._later(self.now_s + self.threshold_s, Kind.GIVEN_UP, partial(self._give_up, call))

    def _give_up(self, call: Call) -> None:
        if not call.waits:
            return
        call.waits = False
        self._queue.popleft()  # all wait equally long, so this one came first
        self._tally.abandoned(call.answered_at)
        self._dialer.observe(Abandoned(self.now_s))

    def _plan_arrival(self) -> None:
        if self._arrivals:
            self._later(self._arrivals[0], Kind.INBOUND, self._comes_in)

    def _comes_in(self) -> None:
        self._arrivals.popleft()
        self._plan_arrival()
        call = self._inbound_calls.take(self._level())
        call.inbound, call.answered_at = True, self.now_s
        self._tally.came_in(self.now_s)
        self._dialer.observe(CameIn(self.now_s))
        if self._team.idle:
            self._join(self._team.idle.popleft(), call)
        else:
            self._queue_in.append(call)

    def _join(self, agent: Agent, call: Call) -> None:
        assert agent.call is None
        waited_s = self.now_s - call.answered_at
        call.waits = False
        if call.inbound:
            self._tally.inbound_joined(call.answered_at, waited_s)
        else:
            self._tally.joined(call.answered_at)
            self._dialer.observe(Joined(self.now_s, waited_s))
        self._team.turn(agent, AgentState.TALKING, self.now_s)
        agent.call = call
        self._later(self.now_s + call.talk_s, Kind.TALK_ENDS, partial(self._talk_ends, agent, call))

    def _talk_ends(self, agent: Agent, call: Call) -> None:
        self._dialer.observe(Talked(self.now_s, call.talk_s))
        self._team.turn(agent, AgentState.WRAP_UP, self.now_s)
        self._later(self.now_s + call.wrap_s, Kind.WRAP_ENDS, partial(self._wrap_ends, agent, call))

    def _wrap_ends(self, agent: Agent, call: Call) -> None:
        self._dialer.observe(WrappedUp(self.now_s, call.wrap_s))
        agent.call = None
        self._free(agent)

    # Agents

    def _wants_break(self, agent: Agent) -> None:
        agent.wants_break = True
        self._leave_if_ready(agent)

    def _shift_ends(self, agent: Agent) -> None:
        agent.goes = True
        self._leave_if_ready(agent)

    def _break_ends(self, agent: Agent) -> None:
        self._team.plan_break(agent, self.now_s)
        self._later(agent.break_at, Kind.WANTS_BREAK, partial(self._wants_break, agent))
        self._free(agent)

    def _leave_if_ready(self, agent: Agent) -> None:
        if agent.state is AgentState.READY:
            self._team.idle.remove(agent)
            self._free(agent)

    def _free(self, agent: Agent) -> None:
        """An agent has nothing to do: she goes, has her break, takes who waits, or is ready."""
        if agent.goes:
            self._team.turn(agent, AgentState.LOGGED_OUT, self.now_s)
        elif agent.wants_break:
            agent.wants_break = False
            self._team.turn(agent, AgentState.NOT_READY, self.now_s)
            self._later(self.now_s + self._scenario.break_s, Kind.BREAK_ENDS, partial(self._break_ends, agent))
        elif self._queue_in or self._queue:
            self._join(agent, (self._queue_in or self._queue).popleft())
        else:
            self._team.turn(agent, AgentState.READY, self.now_s)
            self._team.idle.append(agent)
