"""The chain of steps that a happening makes, and what each means for the agent."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from campaigns.model import E164, AttemptState, Outcome
from dialer.agents.agent import Agent
from dialer.agents.machine import AgentEvent, AgentState, AgentStatus
from dialer.calls.live_call import Happening, LiveCall
from dialer.calls.machine import Effect, Event
from dialer.calls.steps import PlannedStep, steps_for

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
S = AttemptState


def agent(state: AgentState = AgentState.READY) -> Agent:
    return Agent(1, "担当 1", "all", ("ja",), AgentStatus(state, leg_up=True), NOW, "1001", "leg-1001-0")


async def call(state: AttemptState, whose: Agent | None = None, answered: bool = False) -> LiveCall:
    return LiveCall(
        uuid4(), 1, 1, E164("+819000000001"), E164("+81250000001"), "all", 20, state, NOW, NOW,
        answered_at=NOW if answered else None, agent=whose,
    )  # fmt: skip


def steps(of: LiveCall, event: Event, free: Agent | None = None, **given: object) -> list[PlannedStep]:
    return steps_for(of, Happening(event, NOW + timedelta(seconds=1), **given), free, 2.0)  # type: ignore[arg-type]


async def test_an_answer_with_a_free_agent_is_two_steps_written_together() -> None:
    """The callee never waits for a second transaction."""
    free = agent()
    first, second = steps(await call(S.RINGING), Event.ANSWERED, free)
    assert [first.to, second.to] == [S.ANSWERED, S.JOINING]
    assert second.effects == (Effect.GIVE_ROOM,)
    assert (second.agent, second.agent_event) == (free, AgentEvent.RESERVED)


async def test_an_answer_without_an_agent_waits() -> None:
    """One step: who becomes free, or the threshold, makes the next."""
    (only,) = steps(await call(S.RINGING), Event.ANSWERED)
    assert (only.to, only.effects) == (S.ANSWERED, (Effect.FIND_AGENT,))


async def test_an_answer_that_nobody_asks_about_takes_no_agent() -> None:
    """It was found afterwards: the dialplan has long apologised, even if somebody is free."""
    first, second = steps(await call(S.RINGING), Event.ANSWERED, agent(), nobody_asks=True)
    assert [first.to, second.to] == [S.ANSWERED, S.ABANDONING]
    assert second.agent_event is None


async def test_a_previewed_answer_does_not_reserve_its_agent_again() -> None:
    """She is reserved since the claim."""
    hers = agent(AgentState.RESERVED)
    _, second = steps(await call(S.RINGING, hers), Event.ANSWERED, hers)
    assert (second.agent, second.agent_event) == (hers, None)


@pytest.mark.parametrize("state", [S.DIALING, S.RINGING])
async def test_a_previewing_agent_who_is_lost_while_it_rings_is_let_go(state: AttemptState) -> None:
    """The call goes on without her; she must not stay reserved for it."""
    (only,) = steps(await call(state, agent(AgentState.RESERVED)), Event.AGENT_LOST)
    assert (only.to, only.agent_event) == (state, AgentEvent.CALL_GONE)


@pytest.mark.parametrize(
    ("state", "event", "expected"),
    [
        (S.JOINING, Event.JOINED, AgentEvent.JOINED),
        (S.JOINING, Event.AGENT_LOST, AgentEvent.CALL_GONE),
        (S.JOINING, Event.HUNG_UP, AgentEvent.CALL_GONE),
        (S.TALKING, Event.HUNG_UP, AgentEvent.CALL_ENDED),
        (S.TALKING, Event.VANISHED, AgentEvent.CALL_ENDED),
        (S.CLAIMED, Event.REFUSED, AgentEvent.CALL_GONE),
        (S.RINGING, Event.HUNG_UP, AgentEvent.CALL_GONE),
        (S.ABANDONING, Event.HUNG_UP, None),
    ],
)
async def test_what_a_step_means_for_its_agent(state: AttemptState, event: Event, expected: AgentEvent | None) -> None:
    """Only a talk leads to a wrap-up; whoever had none is free again."""
    (only,) = steps(await call(state, agent(AgentState.RESERVED), answered=True), event)
    assert expected is only.agent_event


@pytest.mark.parametrize(
    ("flag", "event", "expected"),
    [
        ("hung_up_by_agent", Event.HUNG_UP, "agent"),
        ("agent_lost", Event.HUNG_UP, "agent"),
        (None, Event.HUNG_UP, "callee"),
        ("hung_up_by_agent", Event.VANISHED, "lost"),
    ],
)
async def test_who_ended_a_talk(flag: str | None, event: Event, expected: str) -> None:
    """The agent's wish, her lost telephone, the callee, or nobody knows."""
    talking = await call(S.TALKING, agent(AgentState.TALKING), answered=True)
    if flag is not None:
        setattr(talking, flag, True)
    (only,) = steps(talking, event)
    assert expected == only.ended_by
    assert only.outcome is Outcome.ANSWERED


async def test_a_late_event_makes_no_step() -> None:
    """Asterisk repeats itself."""
    assert steps(await call(S.TALKING, agent()), Event.JOINED) == []
    assert not asyncio.all_tasks() - {asyncio.current_task()}
