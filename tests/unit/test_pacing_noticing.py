"""What the pacing learns from the changes of calls and agents."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from campaigns.campaign import Campaign, CampaignState
from campaigns.detection import AbandonFrom
from campaigns.inbound_calls import NewInbound
from campaigns.model import E164, AttemptState, Outcome
from dialer.agents.agent import Agent
from dialer.agents.machine import AgentState, AgentStatus
from dialer.calls.live_call import LiveCall, live_inbound_of
from dialer.pacing.learning import LONGEST_WRAP_S, Learning
from dialer.pacing.noticing import Noticing
from dialer.pacing.observed import Abandoned, CameIn, Joined, Observed, RingEnded, Talked, WrappedUp
from tests.fixtures_people import TUESDAY

S = AttemptState
CALL_ID = UUID(int=7)


def seconds(at: datetime) -> float:
    return (at - TUESDAY).total_seconds()


@dataclass
class Watched:
    """One call, moved from state to state, and what was noticed of it."""

    heard: list[Observed] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.noticing = Noticing(self._of_campaign, self._of_group, seconds=seconds, threshold_s=lambda _: 2.0)
        self.agent = Agent(1, "", "north", ("ja",), AgentStatus(AgentState.READY, leg_up=True), TUESDAY)
        self.call = LiveCall(
            CALL_ID, 5, 1, E164("+81900000001"), E164("+81250000001"), "north", 25, S.CLAIMED, TUESDAY, TUESDAY,
            answer_probability=0.4,
        )  # fmt: skip

    def _of_campaign(self, campaign_id: int, seen: RingEnded | Joined | Abandoned, _: datetime) -> None:
        assert campaign_id == 5
        self.heard.append(seen)

    def _of_group(self, group: str, seen: Talked | WrappedUp) -> None:
        self.groups.append(group)
        self.heard.append(seen)

    def goes(self, *steps: tuple[AttemptState, float]) -> list[Observed]:
        """Through states at seconds; each is told twice, as late and repeated news are."""
        for state, at_s in steps:
            at = TUESDAY + timedelta(seconds=at_s)
            self.call.state, self.call.since = state, at
            match state:
                case S.ANSWERED | S.JOINING if self.call.answered_at is None:
                    self.call.answered_at = at
                case S.TALKING:
                    self.call.joined_at, self.call.agent = at, self.agent
                case _:
                    pass
            self.noticing.call_changed(self.call)
            if state is not S.ENDED:
                self.noticing.call_changed(self.call)
        return self.heard


@pytest.fixture
async def watched() -> Watched:
    return Watched()


RUNG = [(S.CLAIMED, 0.0), (S.DIALING, 0.1), (S.RINGING, 1.0)]

CASES: list[tuple[str, list[tuple[AttemptState, float]], list[Observed]]] = [
    ("nobody picks up", [*RUNG, (S.ENDED, 25.0)], [RingEnded(25.0, False, 25.0, 0.4)]),
    ("refused by the network at once", [*RUNG[:2], (S.ENDED, 0.2)], [RingEnded(0.2, False, 0.2, 0.4)]),
    ("never dialed", [(S.CLAIMED, 0.0), (S.ENDED, 0.2)], []),
    (
        "a talk",
        [*RUNG, (S.JOINING, 9.0), (S.TALKING, 9.5), (S.ENDED, 69.5)],
        [RingEnded(9.0, True, 9.0, 0.4), Joined(9.5, 0.5), Talked(69.5, 60.0)],
    ),
    (
        "joined too late",
        [*RUNG, (S.ANSWERED, 9.0), (S.JOINING, 10.9), (S.TALKING, 11.5), (S.ENDED, 12.0)],
        [RingEnded(9.0, True, 9.0, 0.4), Abandoned(11.5), Talked(12.0, 0.5)],
    ),
    (
        "abandoned",
        [*RUNG, (S.ANSWERED, 9.0), (S.ABANDONING, 11.0), (S.ENDED, 15.0)],
        [RingEnded(9.0, True, 9.0, 0.4), Abandoned(11.0)],
    ),
    ("gone at once", [*RUNG, (S.ANSWERED, 9.0), (S.ENDED, 10.0)], [RingEnded(9.0, True, 9.0, 0.4)]),
    (
        "gone without an agent after the threshold",
        [*RUNG, (S.ANSWERED, 9.0), (S.ENDED, 11.5)],
        [RingEnded(9.0, True, 9.0, 0.4), Abandoned(11.5)],
    ),
]


@pytest.mark.parametrize(("steps", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
async def test_each_way_of_a_call_is_noticed_once(
    watched: Watched, steps: list[tuple[AttemptState, float]], expected: list[Observed]
) -> None:
    """With the times that the call itself has."""
    assert watched.goes(*steps) == expected


def _held(watched: Watched) -> None:
    watched.call.agent = watched.agent


def _adopted(watched: Watched) -> None:
    watched.call.adopted = True


@pytest.mark.parametrize("prepare", [_held, _adopted], ids=["an agent was held", "of an engine before us"])
async def test_rings_that_say_nothing_about_the_list_are_left_out(
    watched: Watched, prepare: Callable[[Watched], None]
) -> None:
    """A preview rings when its agent has read the page; how long an adopted call was up is not known."""
    prepare(watched)
    assert watched.goes(*RUNG, (S.ENDED, 25.0)) == []


async def test_a_wrap_up_is_noticed_when_it_is_over(watched: Watched) -> None:
    """Whatever she is then."""
    for state, at_s in [(AgentState.WRAP_UP, 60.0), (AgentState.WRAP_UP, 60.0), (AgentState.NOT_READY, 85.0)]:
        watched.agent.status = AgentStatus(state, leg_up=True)
        watched.agent.state_at = TUESDAY + timedelta(seconds=at_s)
        watched.noticing.agent_changed(watched.agent)
    assert watched.heard == [WrappedUp(85.0, 25.0)]
    assert watched.groups == ["north"]


async def test_a_call_that_came_in_teaches_how_many_do_and_how_long_agents_talk(watched: Watched) -> None:
    """Once, with the groups whose agents may take it; nothing of it is an answer of the list, or abandoned."""
    came: list[tuple[frozenset[str], CameIn]] = []
    watched.noticing = Noticing(
        watched._of_campaign, watched._of_group, seconds=seconds, threshold_s=lambda _: 2.0,
        came_in=lambda groups, seen: came.append((groups, seen)),
    )  # fmt: skip
    new = NewInbound(CALL_ID, "1795210673.1", E164("+81250000001"), None, 5, ("north", "south"))
    watched.call = live_inbound_of(new, "north", TUESDAY)
    seen = watched.goes((S.ANSWERED, 0.0), (S.JOINING, 39.0), (S.TALKING, 40.0), (S.ENDED, 100.0))
    assert seen == [Talked(100.0, 60.0)]
    assert came == [(frozenset({"north", "south"}), CameIn(0.0))]


async def test_a_caller_of_an_engine_before_us_is_not_counted_again(watched: Watched) -> None:
    """A restart is no rush of callers."""
    came: list[CameIn] = []
    watched.noticing = Noticing(
        watched._of_campaign, watched._of_group, seconds=seconds, threshold_s=lambda _: 2.0,
        came_in=lambda groups, seen: came.append(seen),
    )  # fmt: skip
    new = NewInbound(CALL_ID, "1795210673.1", E164("+81250000001"), None, 5, ("north",))
    watched.call = live_inbound_of(new, "north", TUESDAY)
    watched.call.adopted = True
    assert watched.goes((S.ANSWERED, 0.0), (S.ABANDONING, 180.0), (S.ENDED, 190.0)) == []
    assert came == []


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CONGESTION, Outcome.CANCELLED])
async def test_an_outage_of_the_trunk_teaches_nothing_about_the_list(outcome: Outcome) -> None:
    """Hundreds of calls that never reached a telephone, and the forecast's shift stays where people had put it."""
    learning = Learning(TUESDAY)
    one = Campaign("市税", ("city_tax",), campaign_id=5, state=CampaignState.RUNNING)
    learning.begin(one, learning.made_from(one, []))
    noticing = Noticing(
        lambda campaign_id, seen, _: learning.observe(campaign_id, seen),
        learning.observe_group,
        seconds=learning.seconds,
        threshold_s=lambda _: 2.0,
    )

    def rings(ends: Outcome, times: int) -> tuple[float, float]:
        for n in range(times):
            call = LiveCall(
                UUID(int=n), 5, 1, E164("+81900000001"), E164("+81250000001"), "north", 25, S.DIALING, TUESDAY, TUESDAY,
                answer_probability=0.3,
            )  # fmt: skip
            noticing.call_changed(call)
            call.state, call.since, call.outcome = S.ENDED, TUESDAY + timedelta(seconds=1), ends
            noticing.call_changed(call)
        forecast = learning.forecast(5, TUESDAY + timedelta(minutes=len(looks) + 1))
        looks.append(ends)
        assert forecast is not None
        return forecast.shift, forecast.shift_sd

    looks: list[Outcome] = []
    before = rings(Outcome.NO_ANSWER, 30)
    assert rings(outcome, 300) == before
    assert rings(Outcome.BUSY, 30) != before


async def test_a_call_that_is_found_abandoned_without_a_verdict_is_abandoned(watched: Watched) -> None:
    """An engine before us died while the callee was listened to: nobody knows since when she waited."""
    watched.call.detects, watched.call.abandon_from = True, AbandonFrom.VERDICT
    watched.goes(*RUNG, (S.DETECTING, 9.0))
    watched.call.answered_at, watched.call.outcome = TUESDAY + timedelta(seconds=9), Outcome.ABANDONED
    assert watched.goes((S.ENDED, 15.0)) == [RingEnded(15.0, False, 15.0, 0.4), Abandoned(15.0)]


async def test_a_call_that_is_given_up_before_its_end_leaves_nothing_behind() -> None:
    """Its row is elsewhere: the desk forgets it while it rings, and so do we."""
    watched = Watched()
    watched.goes(*RUNG)
    gone = weakref.ref(watched.call)
    del watched.call
    gc.collect()
    assert gone() is None
    assert len(watched.noticing._told) == 0


async def test_whoever_left_her_seat_in_wrap_up_teaches_nothing(watched: Watched) -> None:
    """As in what is read of the past: so long a wrap-up was none."""
    for state, at_s in [(AgentState.WRAP_UP, 60.0), (AgentState.READY, 61.0 + LONGEST_WRAP_S)]:
        watched.agent.status = AgentStatus(state, leg_up=True)
        watched.agent.state_at = TUESDAY + timedelta(seconds=at_s)
        watched.noticing.agent_changed(watched.agent)
    assert watched.heard == []
