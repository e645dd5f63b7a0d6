"""Disagreements between rows, memory and channels, made on purpose: each is seen twice, acted on, and gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest

from campaigns.claiming import Claim, claim
from campaigns.model import AttemptState, Outcome, Window
from dialer.agents.machine import AgentEvent, AgentState, Details
from dialer.calls.live_call import live_call_of
from dialer.line import LiveChannel
from dialer.reconcile import Drift
from tests.deadline import until
from tests.fixtures_floor import SmallEngine, small_engine


@pytest.fixture
async def engine(dsn: str) -> AsyncIterator[SmallEngine]:
    async with small_engine(dsn) as made:
        made.start(dialing=False, looking=False)
        yield made


async def claimed(engine: SmallEngine) -> Claim:
    await engine.town.person()
    campaign = await engine.town.campaign()
    (one,) = await claim(engine.db, campaign, 1, Window.WEEKDAY, engine.clock.now())
    return one


async def ringing(engine: SmallEngine) -> str:
    one = await claimed(engine)
    campaign = await engine.change_campaign(await engine.town.campaign(name="別"), "max_lines", 9)
    engine.desk.place(live_call_of(one, campaign, engine.clock.now()))
    await until(lambda: bool(engine.line.ringing), what="it rings")
    await until(lambda: engine.desk.calls[one.attempt_id].state is AttemptState.RINGING, what="the row says so")
    return str(one.attempt_id)


def grow_old(engine: SmallEngine) -> None:
    """Let every call be older than the time that its channel may take to appear."""
    engine.clock.shift += timedelta(seconds=10)


async def test_a_channel_that_is_gone_ends_its_call_after_two_looks(engine: SmallEngine) -> None:
    """The hang-up was not heard: the journal tells the cause."""
    call_id = await ringing(engine)
    grow_old(engine)
    engine.line.connected = False
    engine.line.end(call_id, 17)
    engine.line.connected = True
    assert await engine.reconciliation.compare() == Drift()
    assert await engine.reconciliation.compare() == Drift(rows_without_channel=1)
    await until(lambda: not engine.desk.calls, what="the call is over")
    assert (await engine.row(call_id))["outcome"] == Outcome.BUSY
    assert (await engine.reconciliation.compare()).total == 0
    await engine.assert_settled()


async def test_a_young_call_without_a_channel_is_left_alone_at_a_reconnect(engine: SmallEngine) -> None:
    """Its Originate may have been sent after the list of channels was made: nobody may call it lost."""
    call_id = await ringing(engine)
    channel = engine.line.up.pop(call_id)
    await engine.reconciliation.after_connect()
    engine.line.up[call_id] = channel
    await engine.reconciliation.after_connect()
    await engine.everybody_hangs_up()
    assert (await engine.row(call_id))["outcome"] == Outcome.NO_ANSWER


async def test_a_reconnect_takes_no_agent_from_who_has_just_answered(engine: SmallEngine) -> None:
    """The callee is up and his question is on its way: he is joined, not sent to the apology."""
    call_id = await ringing(engine)
    (agent,) = await engine.add_agents(1)
    engine.line.up[call_id] = LiveChannel(call_id, True, None)
    await engine.reconciliation.after_connect()
    engine.line.answer(call_id)
    await until(lambda: agent.status.state is AgentState.TALKING, what="they talk")
    await engine.everybody_hangs_up()


async def test_a_channel_that_nobody_knows_is_ended_after_two_looks(engine: SmallEngine) -> None:
    """An attempt's channel without a row: nobody would ever join it. Legs and others are not touched."""
    stray, other = str(uuid4()), "1795210673.12"
    for name in (stray, other):
        engine.line.up[name] = LiveChannel(name, True, None)
    assert await engine.reconciliation.compare() == Drift()
    assert await engine.reconciliation.compare() == Drift(channels_without_row=1)
    assert set(engine.line.up) == {other}


async def test_a_talk_whose_row_the_engine_lost_is_taken_up_and_not_cut(engine: SmallEngine) -> None:
    """The engine gave the call up by a defect: the row is adopted again, and the two go on talking."""
    call_id = await ringing(engine)
    (agent,) = await engine.add_agents(1)
    engine.line.answer(call_id)
    await until(lambda: agent.status.state is AgentState.TALKING, what="they talk")
    call = engine.desk.calls.pop(next(iter(engine.desk.calls)))
    await engine.reconciliation.compare()
    assert await engine.reconciliation.compare() == Drift(rows_unknown=1)
    assert call_id in engine.line.talking
    assert engine.desk.calls[call.call_id].agent is agent
    engine.line.end(call_id)
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="her wrap-up")
    await engine.assert_settled()


async def test_a_claim_that_nobody_remembers_is_cancelled(engine: SmallEngine) -> None:
    """It was committed and the answer to it was lost: never dialed, and the person may be called again."""
    one = await claimed(engine)
    await engine.reconciliation.compare()
    assert await engine.reconciliation.compare() == Drift(rows_unknown=1)
    await until(lambda: not engine.desk.calls, what="it is closed")
    assert (await engine.row(one.attempt_id))["outcome"] == Outcome.CANCELLED
    assert engine.line.dialed == []


async def test_an_answer_to_a_claim_that_comes_too_late_dials_nobody(engine: SmallEngine) -> None:
    """The row was adopted and is being ended when the claim's answer comes at last."""
    one = await claimed(engine)
    campaign = await engine.change_campaign(await engine.town.campaign(name="別"), "max_lines", 9)
    await engine.reconciliation.after_connect()
    engine.desk.place(live_call_of(one, campaign, engine.clock.now()))
    await until(lambda: not engine.desk.calls, what="it is closed")
    assert engine.line.dialed == []
    await engine.assert_settled()


@pytest.mark.parametrize(
    ("event", "expected"), [(None, AgentState.READY), (AgentEvent.JOINED, AgentState.WRAP_UP)], ids=["reserved", "talk"]
)
async def test_an_agent_whose_call_nobody_holds_is_let_go_after_two_looks(
    engine: SmallEngine, event: AgentEvent | None, expected: AgentState
) -> None:
    """Whatever defect left her there, she does not wait for ever."""
    (agent,) = await engine.add_agents(1)
    await engine.floor.change(engine.pool, agent, AgentEvent.RESERVED, Details(call_id=uuid4()))
    if event is not None:
        await engine.floor.change(engine.pool, agent, event)
    assert await engine.reconciliation.compare() == Drift()
    assert await engine.reconciliation.compare() == Drift(agents_without_call=1)
    assert agent.status.state is expected


async def test_a_disabled_agent_goes_home_and_her_seat_is_free(engine: SmallEngine) -> None:
    """Disabled at work: no further call; a leg that is hung up; a wrap-up that nobody can finish ends."""
    idle, wrapping = await engine.add_agents(2)
    for event, details in (
        (AgentEvent.RESERVED, Details(call_id=uuid4())),
        (AgentEvent.JOINED, None),
        (AgentEvent.CALL_ENDED, None),
    ):
        await engine.floor.change(engine.pool, wrapping, event, details)
    await engine.db.execute("UPDATE app_user SET disabled_at = now()")
    await engine.reconciliation.compare()
    for agent in (idle, wrapping):
        assert agent.status.state is AgentState.LOGGED_OUT
    assert [c for c in engine.line.up if c.startswith("leg-")] == []
    assert await engine.db.fetchval("SELECT count(*) FROM agent WHERE extension IS NOT NULL") == 0


async def test_a_disabled_agent_is_known_after_a_restart(engine: SmallEngine) -> None:
    """Her row still holds a seat: it must be loaded, or nobody could ever free that seat."""
    (agent,) = await engine.add_agents(1)
    await engine.db.execute("UPDATE app_user SET disabled_at = now()")
    engine.floor._agents.clear()
    await engine.floor.load(engine.db)
    found = engine.floor.find(agent.agent_id)
    assert found is not None
    assert found.extension == "1001"


async def test_a_changed_group_is_taken_over_while_she_works(engine: SmallEngine) -> None:
    """What an administrator changes needs no restart."""
    (agent,) = await engine.add_agents(1)
    await engine.db.execute("UPDATE agent SET agent_group = 'evening'")
    await engine.reconciliation.compare()
    assert agent.group == "evening"
    assert engine.floor.hold("morning") is None
