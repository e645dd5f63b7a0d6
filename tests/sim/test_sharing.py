"""Two campaigns with groups of ten and one agent who serves both: she is promised once, and nobody idles for her."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from uuid import UUID

import numpy as np

from campaigns.campaign import Campaign, CampaignState
from campaigns.model import E164, AttemptState, DialMode
from dialer.agents.agent import Agent
from dialer.agents.floor import Floor
from dialer.agents.machine import AgentState, AgentStatus
from dialer.calls.live_call import LiveCall
from dialer.clock import SystemClock
from dialer.pacing.learning import Learning
from dialer.pacing.modes import policy_for
from dialer.pacing.moment import own_agents, snapshot_of
from dialer.pacing.observed import Abandoned, Joined, Placed, RingEnded, Talked, WrappedUp
from tests.fixtures_people import TUESDAY

_STEP_S = 0.5
_ANYBODY = E164("+81250000001")


class TwoGroups:
    """Floor, calls, laws and snapshots are the engine's; telephones and people are made up.

    Args:
        weighs: also sees the agents without her who is shared, as the engine does; else only with her.
    """

    def __init__(self, mode: DialMode, seed: int, *, weighs: bool) -> None:
        self.mode, self.weighs, self.chance = mode, weighs, np.random.default_rng(seed)
        self.floor = Floor(SystemClock(), lambda agent: None)
        for n, group in enumerate(["north"] * 10 + ["south"] * 10 + ["all"]):
            ready = AgentStatus(AgentState.READY, leg_up=True)
            self.floor._agents[n] = Agent(n, "", group, ("ja",), ready, TUESDAY)
        self.campaigns = [self.campaign(n, group) for n, group in enumerate(("north", "south"), 1)]
        self.learning = Learning(TUESDAY)
        for one in self.campaigns:
            self.learning.begin(one, self.learning.made_from(one, []))
        self.calls: dict[UUID, LiveCall] = {}
        self.room = asyncio.get_running_loop().create_future()
        self.numbers, self.to_come = count(), list[tuple[float, int, Callable[[], None]]]()
        self.s, self.worked_s = 0.0, 0.0
        self.answered = self.abandoned = 0

    def campaign(self, campaign_id: int, group: str) -> Campaign:
        return Campaign(
            campaign_id=campaign_id, name=group, debt_types=("city_tax",), agent_group=group,
            state=CampaignState.RUNNING, dial_mode=self.mode,
        )  # fmt: skip

    @property
    def now(self) -> datetime:
        return TUESDAY + timedelta(seconds=self.s)

    def play(self, minutes: float) -> None:
        while self.s < 60.0 * minutes:
            self.s += _STEP_S
            while self.to_come and self.to_come[0][0] <= self.s:
                heapq.heappop(self.to_come)[2]()
            self.match()
            for one in self.campaigns if self.chance.random() < 0.5 else self.campaigns[::-1]:
                self.dial(one)
            self.worked_s += _STEP_S * sum(agent.status.state is not AgentState.READY for agent in self.floor)

    def later(self, after_s: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self.to_come, (self.s + after_s, next(self.numbers), happens))

    def dial(self, one: Campaign) -> None:
        present, calls = self.floor.of_group(one.agent_group), list(self.calls.values())
        views = [present, own_agents(one, present, calls) if self.weighs else None]
        decisions = [
            policy_for(self.mode, 2.0).decide(
                snapshot_of(
                    one, self.now, agents=view, calls=calls, callers=0, lines_free=99, next_probabilities=(),
                    forecast_of=lambda campaign_id: self.learning.forecast(campaign_id, self.now),
                )
            )
            for view in views if view is not None
        ]  # fmt: skip
        decided = max(decisions, key=lambda decision: decision.place)
        if decided.chances:
            seen = Placed(self.learning.seconds(self.now), sum(decided.chances), sum(decided.risks))
            self.learning.observe(one.campaign_id, seen)
        for _ in range(decided.place):
            self.place(one)

    def place(self, one: Campaign) -> None:
        n, answers = next(self.numbers), bool(self.chance.random() < 0.25)
        call = LiveCall(
            UUID(int=n), one.campaign_id, n, _ANYBODY, _ANYBODY, one.agent_group, 25, AttemptState.RINGING, self.now,
            self.now, room=self.room,
        )  # fmt: skip
        self.calls[call.call_id] = call
        rings_s = min(25.0, float(self.chance.gamma(4.0, 2.5))) if answers else 25.0
        self.later(rings_s, lambda: self.ring_ends(call, rings_s, answers))

    def ring_ends(self, call: LiveCall, rings_s: float, answers: bool) -> None:
        self.learning.observe(call.campaign_id, RingEnded(self.learning.seconds(self.now), answers, rings_s))
        if not answers:
            del self.calls[call.call_id]
            return
        call.state, call.answered_at = AttemptState.ANSWERED, self.now
        self.answered += 1
        self.later(2.0, lambda: self.give_up(call))
        self.match()

    def match(self) -> None:
        for call in [one for one in self.calls.values() if one.state is AttemptState.ANSWERED]:
            if (agent := self.floor.hold(call.group)) is not None:
                self.join(call, agent)

    def join(self, call: LiveCall, agent: Agent) -> None:
        agent.held, agent.state_at = False, self.now
        agent.status = AgentStatus(AgentState.TALKING, leg_up=True, call_id=call.call_id)
        call.state, call.agent = AttemptState.TALKING, agent
        self.learning.observe(call.campaign_id, Joined(self.learning.seconds(self.now)))
        talk_s, wrap_s = float(self.chance.exponential(90.0)), float(self.chance.gamma(3.0, 10.0))
        self.later(talk_s, lambda: self.talk_ends(call, agent, talk_s, wrap_s))

    def talk_ends(self, call: LiveCall, agent: Agent, talk_s: float, wrap_s: float) -> None:
        del self.calls[call.call_id]
        self.learning.observe_group(agent.group, Talked(self.learning.seconds(self.now), talk_s))
        agent.state_at = self.now
        agent.status = AgentStatus(AgentState.WRAP_UP, leg_up=True, call_id=call.call_id)
        self.later(wrap_s, lambda: self.wrap_ends(agent, wrap_s))

    def wrap_ends(self, agent: Agent, wrap_s: float) -> None:
        self.learning.observe_group(agent.group, WrappedUp(self.learning.seconds(self.now), wrap_s))
        agent.status, agent.state_at = AgentStatus(AgentState.READY, leg_up=True), self.now

    def give_up(self, call: LiveCall) -> None:
        if call.state is AttemptState.ANSWERED:
            del self.calls[call.call_id]
            self.abandoned += 1
            self.learning.observe(call.campaign_id, Abandoned(self.learning.seconds(self.now)))


async def test_one_to_one_nobody_is_abandoned_and_twenty_agents_do_not_work_as_eleven() -> None:
    """Whom the other campaign's calls can't take is not kept free for them."""
    weighing, counting = (TwoGroups(DialMode.PROGRESSIVE, 1, weighs=weighs) for weighs in (True, False))
    for played in (weighing, counting):
        played.play(minutes=20.0)
        assert played.abandoned == 0
    assert weighing.worked_s > 1.1 * counting.worked_s


async def test_predictive_the_abandonment_stays_within_its_limit() -> None:
    """From the first call on: two of a hundred are far above what is aimed at, and nobody comes near it."""
    played = TwoGroups(DialMode.PREDICTIVE, 1, weighs=True)
    played.play(minutes=25.0)
    assert played.answered > 100
    assert played.abandoned <= 0.02 * played.answered
