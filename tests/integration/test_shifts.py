"""The end of a shift in the engine: who is counted out, who takes which calls still, who goes home when."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from campaigns.calendar import to_jst
from dialer.agents.agent import Agent
from dialer.agents.machine import SHIFT_OVER, AgentState
from dialer.agents.shift_end import Nearing
from dialer.live import agent_view
from tests.deadline import until
from tests.fixtures_floor import SmallEngine
from tests.integration.test_placing import campaign, settle, tick
from tests.integration.test_placing_held import touched
from tests.integration.test_predictive import talk


async def ends_in(engine: SmallEngine, agent: Agent, left: timedelta) -> datetime:
    """Her shift ends so long after now, in whole minutes of the clock; the clock is set so that it is exact."""
    ends_at = (engine.clock.now() + timedelta(hours=1)).replace(second=0, microsecond=0)
    await engine.db.execute(
        "UPDATE agent SET shift_ends = $2 WHERE agent_id = $1", agent.agent_id, to_jst(ends_at).time()
    )
    await engine.floor.refresh(engine.db)
    engine.clock.shift += ends_at - left - engine.clock.now()
    return ends_at


def nearings(engine: SmallEngine) -> list[Nearing]:
    return [agent.nearing for agent in engine.floor]


async def test_no_call_is_dialed_for_her_that_would_last_beyond_her_shift(engine: SmallEngine) -> None:
    """A minute before the end, a call takes longer: only the other one counts. She is ready still."""
    made = await campaign(engine, 9)
    going, staying = await engine.add_agents(2)
    await ends_in(engine, going, timedelta(minutes=1))
    await tick(engine)
    await settle(engine)
    assert len(engine.line.dialed) == 1
    assert [view.leaving for view in engine.placing.snapshot(made).agents] == [True, False]
    assert (going.status.state, staying.status.state) == (AgentState.READY, AgentState.READY)
    await engine.everybody_hangs_up()


async def test_an_hour_before_the_end_she_counts_as_anybody(engine: SmallEngine) -> None:
    """Her page knows the end."""
    await campaign(engine, 9)
    (agent,) = await engine.add_agents(1)
    ends_at = await ends_in(engine, agent, timedelta(minutes=59))
    await tick(engine)
    await settle(engine)
    assert len(engine.line.dialed) == 1
    assert datetime.fromisoformat(agent_view(agent)["shift_ends_at"]) == ends_at
    await engine.everybody_hangs_up()


async def test_who_was_dialed_while_she_was_counted_on_gets_her(engine: SmallEngine) -> None:
    """It rings when her last minutes begin; a ring later she takes no answer any more."""
    await campaign(engine, 9)
    (agent,) = await engine.add_agents(1)
    await ends_in(engine, agent, timedelta(minutes=5))
    await tick(engine)
    await settle(engine)
    call_s = engine.placing._deciding.call_s("all", engine.placing.campaigns.values())
    assert 60.0 < call_s < 200.0
    engine.clock.shift += timedelta(minutes=5, seconds=-call_s + 1)
    await tick(engine)
    assert nearings(engine) == [Nearing.NOTHING_DIALED]
    assert await talk(engine) is agent
    await engine.everybody_hangs_up()
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="the wrap-up")
    await engine.dispose(agent)
    assert agent.is_free
    engine.clock.shift += timedelta(seconds=31)
    await tick(engine)
    assert nearings(engine) == [Nearing.NOTHING_ANSWERED]
    assert engine.floor.hold("all") is None
    await engine.assert_settled()


async def test_she_is_not_held_for_a_call_that_is_yet_to_be_dialed(engine: SmallEngine) -> None:
    """Neither for somebody who wants an agent nor for a preview, though she is the longest idle."""
    await touched(engine)
    await campaign(engine, 0)
    going, staying = await engine.add_agents(2)
    await ends_in(engine, going, timedelta(minutes=1))
    await tick(engine)
    assert (going.status.state, staying.status.state) == (AgentState.READY, AgentState.RESERVED)
    await engine.everybody_hangs_up()
    await campaign(engine, 3, "二", dial_mode="preview")
    await until(lambda: staying.is_free, what="she is free again")
    await tick(engine)
    assert (going.status.state, staying.status.state) == (AgentState.READY, AgentState.RESERVED)
    await engine.requests.preview_skip(staying.agent_id)
    await engine.everybody_hangs_up()


async def test_at_the_end_who_is_ready_is_sent_home_at_once_and_who_talks_after_the_call(engine: SmallEngine) -> None:
    """The call is not cut, and its result can be sent with 次を待つ: she isn't ready all the same."""
    await campaign(engine, 9)
    talking, ready = await engine.add_agents(2)
    await tick(engine)
    await settle(engine)
    assert await talk(engine) is talking
    engine.line.end(engine.line.ringing[0], 19)
    for agent in (talking, ready):
        await ends_in(engine, agent, timedelta(seconds=-1))
    await tick(engine)
    assert (ready.status.state, ready.status.reason) == (AgentState.NOT_READY, SHIFT_OVER)
    assert talking.status.state is AgentState.TALKING
    await engine.everybody_hangs_up()
    await until(lambda: talking.status.state is AgentState.WRAP_UP, what="the wrap-up")
    await engine.dispose(talking)
    assert (talking.status.state, talking.status.reason) == (AgentState.NOT_READY, SHIFT_OVER)
    stretch = "SELECT reason FROM agent_time WHERE agent_id = $1 AND until IS NULL"
    assert await engine.db.fetchval(stretch, talking.agent_id) == SHIFT_OVER
    await engine.assert_settled()


async def test_who_says_after_the_end_that_she_is_ready_goes_on_that_day(engine: SmallEngine) -> None:
    """Nobody sends her home again, not an engine that starts anew either; tomorrow her shift ends as ever."""
    await campaign(engine, 9)
    (agent,) = await engine.add_agents(1)
    ends_at = await ends_in(engine, agent, timedelta(seconds=-1))
    await tick(engine)
    await engine.requests.ready(agent.agent_id)
    assert agent.takes_more
    await tick(engine)
    await settle(engine)
    assert (len(engine.line.dialed), agent_view(agent)["shift_ends_at"]) == (1, None)
    await engine.floor.load(engine.db)
    again = engine.floor.find(agent.agent_id)
    assert again is not None
    assert again.shift.at(ends_at) is None
    assert again.shift.at(ends_at + timedelta(days=1)) == ends_at + timedelta(days=1)
    await engine.everybody_hangs_up()


@pytest.mark.parametrize("reason", ["meal", None])
async def test_the_end_changes_nothing_for_who_takes_no_calls(engine: SmallEngine, reason: str | None) -> None:
    """In a break, or gone: the reason of her time stays what it is."""
    await campaign(engine, 9)
    (agent,) = await engine.add_agents(1)
    if reason is None:
        await engine.requests.not_ready(agent.agent_id, "meal")
        await engine.requests.leave_seat(agent.agent_id)
    else:
        await engine.requests.not_ready(agent.agent_id, reason)
    before = agent.status
    await ends_in(engine, agent, timedelta(seconds=-1))
    await tick(engine)
    assert agent.status == before
