"""Agents and their legs on a real PostgreSQL: who is chosen, who is refused, what a lost or late leg does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from dialer.accounts.users import set_languages
from dialer.agents.machine import AgentEvent, AgentState, Details
from dialer.errors import RequestRefused
from tests.deadline import until
from tests.fixtures_floor import SmallEngine, small_engine


@pytest.fixture
async def engine(dsn: str) -> AsyncIterator[SmallEngine]:
    async with small_engine(dsn) as made:
        made.start(dialing=False, looking=False)
        yield made


async def test_the_longest_idle_agent_is_held_first_and_nobody_twice(engine: SmallEngine) -> None:
    """Held is taken: the next one gets the next call, until nobody is left."""
    agents = await engine.add_agents(3)
    await engine.requests.not_ready(agents[0].agent_id, "lunch")
    await engine.requests.ready(agents[0].agent_id)
    order = [engine.floor.hold("all") for _ in range(4)]
    assert order == [agents[1], agents[2], agents[0], None]


async def test_a_preferred_agent_is_held_only_when_she_is_free(engine: SmallEngine) -> None:
    """She who knows the person first, else the longest idle."""
    agents = await engine.add_agents(3)
    assert engine.floor.hold("all", preferred=agents[2].agent_id) is agents[2]
    assert engine.floor.hold("all", preferred=agents[2].agent_id) is agents[0]


async def test_an_agent_for_a_language_or_by_name_is_held_when_she_is_free_and_nobody_else(engine: SmallEngine) -> None:
    """The longest idle of those who fit."""
    agents = await engine.add_agents(3)
    agents[2].languages = ("ja", "ne")
    assert engine.floor.hold_fitting("all", ["language:vi"]) is None
    assert engine.floor.hold_fitting("all", ["language:ne"]) is agents[2]
    assert engine.floor.hold_fitting("all", ["language:ne"]) is None
    assert engine.floor.hold_fitting("all", [f"agent:{agents[1].agent_id}", "language:vi"]) is agents[1]
    assert engine.floor.hold_fitting("all", []) is None
    assert engine.floor.hold_fitting("all", ["any"]) is agents[0]


async def test_who_fits_is_preferred_for_an_answered_call_and_anybody_is_better_than_nobody(
    engine: SmallEngine,
) -> None:
    """Her own agent was lost while it rang."""
    agents = await engine.add_agents(2)
    agents[1].languages = ("ja", "ne")
    assert engine.floor.hold("all", wants="language:ne") is agents[1]
    assert engine.floor.hold("all", wants="language:ne") is agents[0]


async def test_languages_that_an_administrator_sets_are_known_at_the_next_look(engine: SmallEngine) -> None:
    """Nobody has to log in anew."""
    (agent,) = await engine.add_agents(1)
    assert "vi" not in agent.languages
    login = f"agent{agent.extension}"
    await set_languages(engine.db, login=login, languages=["ja", "vi"], now=engine.clock.now(), done_by="tests")
    await engine.reconciliation.compare()
    assert "vi" in agent.languages


async def test_agents_of_the_group_are_taken_before_those_who_serve_all(engine: SmallEngine) -> None:
    """Another group may need her; for a campaign that anybody serves the longest idle is taken."""
    (anyone,) = await engine.add_agents(1, group="all")
    (north,) = await engine.add_agents(1, group="north")
    assert engine.floor.hold("north") is north
    north.held = False
    assert engine.floor.hold_fitting("north", ["any"]) is north
    assert engine.floor.hold("north") is anyone
    north.held = anyone.held = False
    assert engine.floor.hold("all") is anyone


async def test_groups_keep_to_themselves_and_all_serves_everyone(engine: SmallEngine) -> None:
    """An agent of ``all`` takes any campaign's calls, a campaign of ``all`` takes any agent."""
    (north,) = await engine.add_agents(1, group="north")
    (anyone,) = await engine.add_agents(1, group="all")
    assert engine.floor.of_group("south") == [anyone]
    assert engine.floor.of_group("north") == [north, anyone]
    assert engine.floor.of_group("all") == [north, anyone]


async def test_nobody_is_held_without_leg_or_readiness(engine: SmallEngine) -> None:
    """Not ready, or the telephone lost: no call."""
    resting, lost = await engine.add_agents(2)
    await engine.requests.not_ready(resting.agent_id, "lunch")
    engine.line.telephones.discard(str(lost.extension))
    engine.line.end(engine.line.legs(lost.room)[0])
    await until(lambda: not lost.status.leg_up, what="her leg is gone")
    assert engine.floor.hold("all") is None


async def test_changes_of_one_agent_come_one_after_the_other(engine: SmallEngine) -> None:
    """Many wishes at once: each is written, and the stretches of her time follow each other without a gap."""
    (agent,) = await engine.add_agents(1)
    wishes = [engine.requests.not_ready(agent.agent_id, f"r{n}") for n in range(5)]
    await asyncio.gather(*wishes, engine.requests.ready(agent.agent_id), *[
        engine.requests.not_ready(agent.agent_id, f"s{n}") for n in range(5)
    ])  # fmt: skip
    stretches = await engine.db.fetch("SELECT * FROM agent_time ORDER BY agent_time_id")
    assert [s["until"] for s in stretches[:-1]] == [s["since"] for s in stretches[1:]]
    await engine.assert_settled()


async def test_a_lost_leg_is_laid_again_and_she_is_not_ready_until_she_says_so(engine: SmallEngine) -> None:
    """Nobody becomes ready by herself after her telephone was lost."""
    (agent,) = await engine.add_agents(1)
    before = agent.leg_id
    engine.line.end(engine.line.legs(agent.room)[0])
    await until(lambda: agent.status.leg_up and agent.leg_id != before, what="a new leg")
    assert (agent.status.state, agent.status.reason) == (AgentState.NOT_READY, "phone_lost")


async def test_a_leg_that_comes_for_who_has_left_is_hung_up(engine: SmallEngine) -> None:
    """She left while her telephone was being called, or in the very instant in which it was answered."""
    (agent,) = await engine.add_agents(1)
    room, extension = agent.room, str(agent.extension)
    async with agent.lock:  # her leaving and a new leg meet: both wait, hers first
        leaving = asyncio.create_task(engine.requests.leave_seat(agent.agent_id))
        await until(lambda: bool(agent.lock._waiters), what="she is leaving")
        agent.leg_id = None
        late = f"leg-{extension}-ffffffff"
        await engine.line.lay_leg(late, extension, room)
        await until(lambda: len(agent.lock._waiters or ()) == 2, what="the leg waits too")
    await leaving
    await until(lambda: late not in engine.line.up, what="the late leg is hung up")
    assert agent.status.state is AgentState.LOGGED_OUT
    (other,) = await engine.add_agents(1)
    assert other.status.leg_up, "legs are still heard"


async def test_a_second_leg_is_hung_up_and_the_first_stays(engine: SmallEngine) -> None:
    """An order without an answer was carried out after all: two legs in one room would echo."""
    (agent,) = await engine.add_agents(1)
    first = agent.leg_id
    await engine.line.lay_leg("leg-1001-ffffffff", "1001", agent.room)
    await until(lambda: engine.line.legs(agent.room) == [first], what="the second is gone")
    assert (agent.leg_id, agent.status.state) == (first, AgentState.READY)


async def test_an_agent_on_a_call_can_not_leave(engine: SmallEngine) -> None:
    """Her callee would be alone."""
    (agent,) = await engine.add_agents(1)
    await engine.floor.change(engine.pool, agent, AgentEvent.RESERVED, Details(call_id=uuid4()))
    with pytest.raises(RequestRefused, match="通話"):
        await engine.requests.leave_seat(agent.agent_id)
    assert agent.extension is not None


async def test_a_leg_whose_telephone_has_gone_meanwhile_is_hung_up(engine: SmallEngine) -> None:
    """The page was closed in the instant in which its leg came up: nobody would hear the callee on it."""
    (agent,) = await engine.add_agents(1, ready=False)
    assert agent.extension is not None
    engine.line.unregister(agent.extension)
    await until(lambda: not agent.status.leg_up, what="her leg is gone")
    await engine.line.lay_leg("leg-1001-ffffffff", agent.extension, agent.room)
    await until(lambda: not engine.line.legs(agent.room), what="the late leg is hung up")
    assert not agent.status.leg_up
