"""Calls that come in, on a real PostgreSQL and a telephone line in memory: who takes them, and what waits for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from campaigns.campaign import Campaign
from campaigns.claiming import claim
from campaigns.model import E164, DialMode, Outcome, Window
from dialer.agents.machine import AgentState
from dialer.calls.live_call import live_call_of
from dialer.errors import AmiNotSent
from dialer.line import call_id_of
from tests.deadline import until, until_found
from tests.fixtures_floor import SmallEngine, small_engine

OURS = "0250000001"
"""The caller id of ``city_tax``, as a trunk writes it."""


@pytest.fixture
async def engine(dsn: str) -> AsyncIterator[SmallEngine]:
    async with small_engine(dsn) as made:
        yield made


@pytest.fixture
async def campaign(engine: SmallEngine) -> Campaign:
    return await engine.town.campaign()


async def somebody(engine: SmallEngine) -> tuple[int, E164]:
    """A person on the list, and the number that only this person has."""
    number = engine.town.number()
    debtor_id = await engine.town.person(numbers=[number])
    await engine.town.listed()
    return debtor_id, number


async def row_of(engine: SmallEngine, channel: str) -> asyncpg.Record:
    return await engine.db.fetchrow("SELECT * FROM inbound_call WHERE uniqueid = $1", channel)


async def call_of(engine: SmallEngine, channel: str) -> asyncpg.Record:
    return await engine.db.fetchrow("SELECT * FROM call WHERE call_id = $1", call_id_of(channel))


async def settle(engine: SmallEngine) -> None:
    await engine.everybody_hangs_up()
    await engine.assert_settled()
    assert await engine.db.fetchval("SELECT count(*) FROM inbound_call WHERE ended_at IS NULL") == 0


async def test_a_caller_is_joined_to_the_free_agent_with_the_person_known(
    engine: SmallEngine, campaign: Campaign
) -> None:
    """The whole way: rows, agent, recording, wrap-up, result; the contact takes the person off the list."""
    engine.start(dialing=False)
    (agent,) = await engine.add_agents(1)
    debtor_id, number = await somebody(engine)
    channel = engine.line.come_in(OURS, number)
    await until(lambda: agent.status.state is AgentState.TALKING, what="they talk")
    assert (agent.status.call_id, agent.debtor_id) == (call_id_of(channel), debtor_id)
    call = await call_of(engine, channel)
    assert (call["direction"], call["debtor_id"], call["agent_id"]) == ("inbound", debtor_id, agent.agent_id)
    assert call["campaign_id"] == campaign.campaign_id
    engine.line.end(channel)
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="her wrap-up")
    await engine.dispose(agent)
    assert agent.status.state is AgentState.READY
    contacted = await engine.db.fetchval("SELECT contacted_at FROM debtor_progress WHERE debtor_id = $1", debtor_id)
    assert contacted is not None
    assert await claim(engine.db, campaign, 5, Window.WEEKDAY, engine.clock.now()) == []
    recorded = await engine.db.fetchval("SELECT state FROM recording WHERE call_id = $1", call_id_of(channel))
    assert recorded == "waiting"
    await settle(engine)


async def test_an_unknown_caller_is_joined_without_a_person(engine: SmallEngine, campaign: Campaign) -> None:
    """A number that two have of whom nobody was called, and a withheld one; the call can be disposed."""
    engine.start(dialing=False)
    (agent,) = await engine.add_agents(1)
    shared = engine.town.number()
    await engine.town.person(numbers=[shared])
    await engine.town.person(numbers=[shared])
    for caller in (shared, None):
        channel = engine.line.come_in(OURS, caller)
        await until(lambda: agent.status.state is AgentState.TALKING, what="they talk")
        assert (await call_of(engine, channel))["debtor_id"] is None
        assert agent.debtor_id is None
        engine.line.end(channel)
        await until(lambda: agent.status.state is AgentState.WRAP_UP, what="her wrap-up")
        await engine.dispose(agent)
    await settle(engine)


async def test_a_shared_number_is_whose_we_called_on_it_last(engine: SmallEngine, campaign: Campaign) -> None:
    """Both have it, one of them was called."""
    engine.start(dialing=False)
    (agent,) = await engine.add_agents(1)
    shared = engine.town.number()
    await engine.town.person(numbers=[shared])
    called = await engine.town.person(numbers=[shared])
    await engine.town.listed()
    await engine.db.execute("UPDATE list_entry SET callable_from = 'infinity' WHERE debtor_id <> $1", called)
    (one,) = await engine.town.claim(campaign, engine.clock.now())
    await engine.town.dial(one, Outcome.NO_ANSWER, engine.clock.now())
    engine.line.come_in(OURS, shared)
    await until(lambda: agent.debtor_id == called, what="the one who was called")
    await settle(engine)


async def test_who_tried_the_person_last_takes_the_call(engine: SmallEngine, campaign: Campaign) -> None:
    """Not the longest idle, when she is free; the language counts before the idle time."""
    engine.start(dialing=False)
    idle, tried, nepali = await engine.add_agents(3)
    debtor_id, number = await somebody(engine)
    (one,) = await claim(
        engine.db, campaign, 1, Window.WEEKDAY, engine.clock.now(), agent_id=tried.agent_id
    )  # fmt: skip
    await engine.town.dial(one, Outcome.NO_ANSWER, engine.clock.now())
    channel = engine.line.come_in(OURS, number)
    await until(lambda: tried.status.state is AgentState.TALKING, what="the one who tried talks")
    assert (await row_of(engine, channel))["debtor_id"] == debtor_id
    stranger = engine.town.number()
    await engine.town.person(numbers=[stranger], language="ne")
    await engine.db.execute("UPDATE agent SET languages = '{ja,ne}' WHERE agent_id = $1", nepali.agent_id)
    async with engine.pool.acquire() as conn:
        await engine.floor.refresh(conn)
    engine.line.come_in(OURS, stranger)
    await until(lambda: nepali.status.state is AgentState.TALKING, what="the one who speaks it talks")
    assert idle.status.state is AgentState.READY
    await settle(engine)


async def test_only_agents_of_the_numbers_campaigns_take_the_call(engine: SmallEngine) -> None:
    """Two campaigns behind one number: agents of both, nobody else."""
    engine.start(dialing=False)
    for name, group in (("北", "north"), ("南", "south")):
        made = await engine.town.campaign(name=name)
        await engine.change_campaign(made, "agent_group", group)
    (other,) = await engine.add_agents(1, group="other")
    channel = engine.line.come_in(OURS, None)
    await until(lambda: engine.line.callers == [channel], what="nobody of these is there")
    assert (await row_of(engine, channel))["agent_groups"] == ["north", "south"]
    (southern,) = await engine.add_agents(1, group="south")
    await until(lambda: southern.status.state is AgentState.TALKING, what="one of them")
    assert other.status.state is AgentState.READY
    await settle(engine)


async def test_outside_the_hours_a_caller_hears_it_and_nothing_is_kept(engine: SmallEngine, campaign: Campaign) -> None:
    """IN-3; a paused campaign is open all the same, and a number of nobody's is counted without being named."""
    engine.start(dialing=False)
    (agent,) = await engine.add_agents(1)
    _, number = await somebody(engine)
    await engine.stop_campaign(campaign)
    open_one = engine.line.come_in(OURS, number)
    await until(lambda: agent.status.state is AgentState.TALKING, what="they talk")
    engine.line.end(open_one)
    engine.clock.shift += timedelta(hours=12)
    closed, unknown = engine.line.come_in(OURS, number), engine.line.come_in("0259999999", number)
    await until(lambda: {closed, unknown} <= engine.line.said.keys(), what="both heard a sentence")
    assert (engine.line.said[closed], engine.line.said[unknown]) == ("closed", "busy_desk")
    assert engine.callers.unknown_numbers == 1
    assert await engine.db.fetchval("SELECT count(*) FROM inbound_call") == 1
    assert await engine.db.fetchval("SELECT count(*) FROM recording") == 1


async def test_who_waits_longest_gets_the_next_agent_before_who_has_answered(
    engine: SmallEngine, campaign: Campaign
) -> None:
    """Two callers and an answered call wait for her; they come one after the other, the answered call last or never."""
    engine.start(dialing=False)
    (agent,) = await engine.add_agents(1, ready=False)
    await somebody(engine)
    (one,) = await claim(engine.db, campaign, 1, Window.WEEKDAY, engine.clock.now())
    engine.desk.place(live_call_of(one, campaign, engine.clock.now()))
    await until(lambda: bool(engine.line.ringing), what="it rings")
    first = engine.line.come_in(OURS, None)
    await until(lambda: engine.line.callers == [first], what="the first waits")
    second = engine.line.come_in(OURS, None)
    await until(lambda: len(engine.desk.waiting) == 2, what="both wait")
    engine.line.answer(str(one.attempt_id))
    await until(lambda: len(engine.desk.waiting) == 3, what="all wait")
    assert engine.callers.waiting("all") == 2
    assert engine.callers.lines() == 2
    await engine.requests.ready(agent.agent_id)
    await until(lambda: engine.line.talking == [first], what="the first talks")
    engine.line.end(first)
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="her wrap-up")
    await engine.dispose(agent)
    await until(lambda: engine.line.talking == [second], what="the second talks")
    await until(lambda: str(one.attempt_id) in engine.line.apologised, what="the callee heard the apology")
    await settle(engine)


@pytest.mark.parametrize("mode", [DialMode.PROGRESSIVE, DialMode.PREVIEW])
async def test_a_waiting_caller_comes_before_calls_and_previews(
    engine: SmallEngine, campaign: Campaign, mode: DialMode
) -> None:
    """The campaign dials as soon as somebody is free; who becomes free has a caller already."""
    for _ in range(3):
        await engine.town.person()
    await engine.town.listed()
    engine.start()
    (agent,) = await engine.add_agents(1, ready=False)
    channel = engine.line.come_in(OURS, None)
    await until(lambda: engine.line.callers == [channel], what="the caller waits")
    await engine.change_campaign(campaign, "dial_mode", str(mode))
    await engine.requests.ready(agent.agent_id)
    await until(lambda: agent.status.state is AgentState.TALKING, what="she talks")
    assert engine.line.talking == [channel]
    assert engine.line.dialed == []
    await engine.stop_campaign(campaign)
    await settle(engine)


async def test_the_pacing_sees_who_waits_and_which_lines_they_take(engine: SmallEngine, campaign: Campaign) -> None:
    """No call is placed for an agent whom a caller will take; lines and rate of callers are counted."""
    await engine.town.person()
    await engine.town.listed()
    engine.start(dialing=False)
    await engine.placing._reload()
    engine.line.come_in(OURS, None)
    engine.line.come_in(OURS, None)
    await until(lambda: len(engine.line.callers) == 2, what="both wait")
    seen = engine.placing.snapshot(campaign)
    assert seen.waiting == 2
    assert seen.lines_free == 28, "30 of the trunk, less their two"
    assert seen.pending == []
    await engine.everybody_hangs_up()
    assert engine.placing.snapshot(campaign).waiting == 0


async def test_a_caller_for_whom_nobody_becomes_free_hears_a_sentence(engine: SmallEngine, campaign: Campaign) -> None:
    """After INBOUND_WAIT_S; the row says that no agent took it, and there is no recording."""
    engine.start(dialing=False)
    engine.desk._inbound_wait_s = 0.2
    channel = engine.line.come_in(OURS, None)
    await until(lambda: channel in engine.line.said, what="the sentence")
    assert engine.line.said[channel] == "busy_desk"
    await until(lambda: not engine.desk.calls, what="it is over")
    assert (await row_of(engine, channel))["state"] == "ended"
    assert await call_of(engine, channel) is None
    assert await engine.db.fetchval("SELECT count(*) FROM recording") == 0


async def test_who_hangs_up_while_waiting_takes_no_agent(engine: SmallEngine, campaign: Campaign) -> None:
    """Neither from the queue, nor when the hang-up is heard before the row is written."""
    engine.start(dialing=False)
    channel = engine.line.come_in(OURS, None)
    await until(lambda: engine.line.callers == [channel], what="he waits")
    engine.line.end(channel)
    await until(lambda: not engine.desk.calls, what="it is over")
    quick = engine.line.come_in(OURS, None)
    engine.line.end(quick)
    await until_found(lambda: ended(engine, quick), what="his row is closed")
    (agent,) = await engine.add_agents(1)
    assert agent.status.state is AgentState.READY
    await settle(engine)


async def ended(engine: SmallEngine, channel: str) -> asyncpg.Record | None:
    row = await row_of(engine, channel)
    return row if row is not None and row["state"] == "ended" else None


# --- nobody is dialed while he calls us -------------------------------------------------------------------------


async def test_nobody_is_claimed_or_dialed_while_he_calls_us(engine: SmallEngine, campaign: Campaign) -> None:
    """The claim passes him over; a claim that came before is refused by the second check."""
    engine.start(dialing=False, looking=False)
    _, number = await somebody(engine)
    (before,) = await claim(engine.db, campaign, 1, Window.WEEKDAY, engine.clock.now())
    channel = engine.line.come_in(OURS, number)
    await until(lambda: engine.line.callers == [channel], what="he waits")
    engine.desk.place(live_call_of(before, campaign, engine.clock.now()))
    await until(lambda: before.attempt_id not in engine.desk.calls, what="it is refused")
    assert (await engine.row(before.attempt_id))["outcome"] == Outcome.CANCELLED
    assert await claim(engine.db, campaign, 1, Window.WEEKDAY, engine.clock.now()) == []
    engine.line.end(channel)
    await until(lambda: not engine.desk.calls, what="he has hung up")
    assert len(await claim(engine.db, campaign, 1, Window.WEEKDAY, engine.clock.now())) == 1
    assert engine.line.dialed == []


async def test_a_claim_that_began_before_he_called_does_not_get_him(
    engine: SmallEngine, campaign: Campaign, dsn: str
) -> None:
    """Its look at the list is older than the row; the last question, of each person that it has locked, is not."""
    debtor_id, number = await somebody(engine)
    begun = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        async with begun.transaction(isolation="read_committed"):
            engine.start(dialing=False)
            channel = engine.line.come_in(OURS, number)
            await until(lambda: engine.line.callers == [channel], what="he waits")
            said = await begun.fetchval("SELECT hold_line($1, NULL, $2)", debtor_id, number)
            assert said is False
    finally:
        await begun.close()
    await settle(engine)


async def test_what_rings_at_him_is_hung_up_and_he_gets_the_agent(engine: SmallEngine, campaign: Campaign) -> None:
    """His telephone rings by our call, while he calls us from it; somebody else's call rings on."""
    engine.start(dialing=False)
    _, number = await somebody(engine)
    await somebody(engine)
    claims = await claim(engine.db, campaign, 2, Window.WEEKDAY, engine.clock.now())
    for one in claims:
        engine.desk.place(live_call_of(one, campaign, engine.clock.now()))
    await until(lambda: len(engine.line.ringing) == 2, what="both ring")
    his = next(str(one.attempt_id) for one in claims if one.number == number)
    other = next(str(one.attempt_id) for one in claims if one.number != number)
    (agent,) = await engine.add_agents(1)
    channel = engine.line.come_in(OURS, number)
    await until(lambda: engine.line.talking == [channel], what="they talk")
    await until(lambda: engine.line.ringing == [other], what="our call to him is over")
    row = await until_found(lambda: ended_attempt(engine, his), what="its row is closed")
    assert row["outcome"] == Outcome.CANCELLED
    tried = await engine.db.fetchrow("SELECT * FROM debtor_progress WHERE debtor_id = $1", row["debtor_id"])
    assert (tried["weekday_attempts"], tried["last_attempt_at"]) == (0, None), "it says nothing of the hour"
    assert agent.status.call_id == call_id_of(channel)
    await settle(engine)


async def test_a_preview_of_him_is_given_back_and_she_gets_his_call(engine: SmallEngine, campaign: Campaign) -> None:
    """She has him on her screen and has not dialed yet, when he calls."""
    engine.start()
    await engine.change_campaign(campaign, "dial_mode", "preview")
    debtor_id, number = await somebody(engine)
    (agent,) = await engine.add_agents(1)
    await until(lambda: agent.debtor_id == debtor_id, what="he is on her screen")
    shown = agent.status.call_id
    channel = engine.line.come_in(OURS, number)
    await until(lambda: engine.line.talking == [channel], what="they talk")
    assert shown is not None
    assert (await engine.row(shown))["outcome"] == Outcome.CANCELLED
    assert (agent.status.call_id, agent.debtor_id) == (call_id_of(channel), debtor_id)
    assert engine.line.dialed == []
    await engine.stop_campaign(campaign)
    await settle(engine)


async def ended_attempt(engine: SmallEngine, call_id: str) -> asyncpg.Record | None:
    row = await engine.row(call_id)
    return row if row["state"] == "ended" else None


async def test_a_call_that_has_no_channel_yet_is_hung_up_as_soon_as_it_rings(
    engine: SmallEngine, campaign: Campaign
) -> None:
    """He calls between the order to dial and the channel; nobody may talk to him twice."""
    engine.start(dialing=False)
    debtor_id, _ = await somebody(engine)
    (one,) = await claim(engine.db, campaign, 1, Window.WEEKDAY, engine.clock.now())
    engine.line.on_dial = lambda: engine.desk.call_off(debtor_id)
    engine.desk.place(live_call_of(one, campaign, engine.clock.now()))
    await until(lambda: one.attempt_id not in engine.desk.calls, what="it is over")
    assert engine.line.dialed == [str(one.attempt_id)]
    assert engine.line.ringing == []


async def test_who_has_talked_with_us_is_not_dialed_before_the_result_is_known(
    engine: SmallEngine, campaign: Campaign
) -> None:
    """He hangs up, she still writes, and a colleague is free: nobody calls him now."""
    engine.start(dialing=False)
    debtor_id, number = await somebody(engine)
    (agent,) = await engine.add_agents(1)
    channel = engine.line.come_in(OURS, number)
    await until(lambda: engine.line.talking == [channel], what="they talk")
    engine.line.end(channel)
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="she writes")
    assert await claim(engine.db, campaign, 1, Window.WEEKDAY, engine.clock.now()) == []
    rests_until = await engine.db.fetchval(
        "SELECT next_attempt_at FROM debtor_progress WHERE debtor_id = $1", debtor_id
    )
    ended_at = (await row_of(engine, channel))["ended_at"]
    assert rests_until - ended_at == timedelta(hours=4)
    await settle(engine)


# --- bad moments ------------------------------------------------------------------------------------------------


async def test_a_caller_is_fetched_although_asterisk_was_away_for_a_moment(
    engine: SmallEngine, campaign: Campaign
) -> None:
    """The order to take him out of the queue is given until he is there."""
    engine.start(dialing=False)
    channel = engine.line.come_in(OURS, None)
    await until(lambda: engine.line.callers == [channel], what="he waits")
    engine.line.faults["fetch"] = AmiNotSent("fetch: not connected")
    (agent,) = await engine.add_agents(1)
    await until(lambda: agent.status.state is AgentState.TALKING, what="they talk")
    await settle(engine)


async def test_the_agents_hang_up_ends_the_caller(engine: SmallEngine, campaign: Campaign) -> None:
    """His channel has a name of Asterisk's own."""
    engine.start(dialing=False)
    (agent,) = await engine.add_agents(1)
    channel = engine.line.come_in(OURS, None)
    await until(lambda: agent.status.state is AgentState.TALKING, what="they talk")
    await engine.requests.hang_up(agent.agent_id)
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="her wrap-up")
    assert channel not in engine.line.up
    assert (await call_of(engine, channel))["ended_by"] == "agent"
    await settle(engine)


async def test_an_engine_that_starts_again_finds_who_waits_and_who_talks(engine: SmallEngine, dsn: str) -> None:
    """Rows and channels are there, memory is not: who waits gets the next agent, who has gone is closed."""
    campaign = await engine.town.campaign()
    engine.start(dialing=False, looking=False)
    (busy,) = await engine.add_agents(1)
    talks = engine.line.come_in(OURS, None)
    await until(lambda: engine.line.talking == [talks], what="the first talks")
    waits, leaves = engine.line.come_in(OURS, None), engine.line.come_in(OURS, None)
    await until(lambda: len(engine.line.callers) == 2, what="two wait")
    await engine.close()
    again = SmallEngine(engine.pool, engine.db, engine.town, engine.clock, engine.line)
    engine.line.end(leaves)
    async with again.pool.acquire() as conn:
        await again.floor.load(conn)
    again.start(dialing=False, looking=False)
    await again.reconciliation.after_connect()
    await until(lambda: len(again.desk.calls) == 2, what="the one who left is closed")
    assert (await row_of(again, leaves))["state"] == "ended"
    assert (await again.reconciliation.compare()).total == 0
    engine.line.end(talks)
    (agent,) = [one for one in again.floor if one.agent_id == busy.agent_id]
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="her wrap-up")
    await again.dispose(agent)
    await until(lambda: again.line.talking == [waits], what="who waited talks")
    assert UUID(str(agent.status.call_id)) == call_id_of(waits)
    assert campaign.campaign_id == (await row_of(again, waits))["campaign_id"]
    await settle(again)
    assert (await again.reconciliation.compare()).total == 0
    await again.close()


async def test_a_caller_who_waits_without_a_row_hears_a_sentence_after_two_looks(
    engine: SmallEngine, campaign: Campaign
) -> None:
    """Nobody would ever take him to an agent."""
    engine.start(dialing=False, looking=False)
    channel = engine.line.come_in(OURS, None)
    await until(lambda: engine.line.callers == [channel], what="he waits")
    call = engine.desk.calls.pop(call_id_of(channel))
    engine.desk.waiting.discard(call)
    await engine.db.execute("DELETE FROM inbound_call")
    assert (await engine.reconciliation.compare()).total == 0
    assert (await engine.reconciliation.compare()).channels_without_row == 1
    assert engine.line.said[channel] == "busy_desk"
