"""The dialing loop on a real PostgreSQL: limits, shared agents, the calendar, empty lists, stops, faults."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from campaigns.campaign import Campaign
from campaigns.model import AttemptState
from dialer.agents.machine import AgentState
from dialer.db.away import DATABASE_AWAY
from dialer.deciding import TrunkLimits
from dialer.pacing.rate import CallRate
from tests.deadline import until, until_found
from tests.fixtures_floor import SmallEngine


async def campaign(engine: SmallEngine, people: int, name: str = "市税", **columns: object) -> Campaign:
    for _ in range(people):
        await engine.town.person()
    made = await engine.town.campaign(name=name)
    for column, value in columns.items():
        made = await engine.change_campaign(made, column, value)
    await engine.town.listed()
    return made


async def tick(engine: SmallEngine) -> None:
    engine.placing.reload_soon()
    await engine.placing._tick()


async def settle(engine: SmallEngine) -> None:
    """Wait until every claim has rung or is gone."""
    await until(
        lambda: all(
            c.state not in (AttemptState.CLAIMED, AttemptState.DIALING) or c.agent for c in engine.desk.calls.values()
        ),
        what="everything rings",
    )


async def test_one_call_for_each_ready_agent_and_no_more_at_the_next_look(engine: SmallEngine) -> None:
    """What rings counts: looking twice places nothing twice."""
    await campaign(engine, 9)
    await engine.add_agents(3)
    for _ in range(3):
        await tick(engine)
        await settle(engine)
        assert len(engine.line.dialed) == 3
    await engine.everybody_hangs_up()


async def test_two_campaigns_that_share_agents_place_one_call_for_each_agent(engine: SmallEngine) -> None:
    """The second campaign sees what the first has placed for the same people."""
    await campaign(engine, 9, "一")
    await campaign(engine, 9, "二")
    await engine.add_agents(2)
    await tick(engine)
    await settle(engine)
    assert len(engine.line.dialed) == 2
    await engine.everybody_hangs_up()


async def test_campaigns_of_different_groups_do_not_count_each_others_calls(engine: SmallEngine) -> None:
    """Each has its own agents."""
    await campaign(engine, 9, "一", agent_group="north")
    await campaign(engine, 9, "二", agent_group="south")
    await engine.add_agents(2, group="north")
    await engine.add_agents(1, group="south")
    await tick(engine)
    await settle(engine)
    groups = [c.group for c in engine.desk.calls.values()]
    assert sorted(groups) == ["north", "north", "south"]
    await engine.everybody_hangs_up()


@pytest.mark.parametrize("limited_by", ["lines of the campaign", "lines of the trunk", "rate"])
async def test_no_limit_is_passed(engine: SmallEngine, limited_by: str) -> None:
    """The campaign's lines, the trunk's lines, and the calls per second, whichever is least."""
    await campaign(engine, 9, max_lines=2 if limited_by == "lines of the campaign" else 30)
    if limited_by == "lines of the trunk":
        engine.placing._deciding._limits = TrunkLimits(lines=2, calls_per_second=100.0)
    if limited_by == "rate":
        engine.placing._deciding.rate = rate = CallRate(0.0001, 0.0)
        rate.take(-1)
        rate._burst = 2.0
    await engine.add_agents(4)
    await tick(engine)
    await settle(engine)
    assert len(engine.line.dialed) == 2
    (work,) = engine.placing.campaigns.values()
    assert "上限" in work.because
    await engine.everybody_hangs_up()


async def test_outside_the_calendar_nothing_is_claimed_and_the_next_opening_is_told(engine: SmallEngine) -> None:
    """At night nobody is called, whoever waits."""
    await campaign(engine, 3)
    await engine.add_agents(2)
    engine.clock.shift = timedelta(hours=12)
    await tick(engine)
    (work,) = engine.placing.campaigns.values()
    assert work.because == "時間外"
    assert work.next_opening_at is not None
    assert work.next_opening_at > engine.clock.now()
    assert await engine.db.fetchval("SELECT count(*) FROM attempt") == 0


async def test_an_empty_list_is_asked_again_after_a_pause(engine: SmallEngine) -> None:
    """Nobody to call costs one question, not one each tick; a change of the campaign asks at once."""
    made = await campaign(engine, 0)
    await engine.add_agents(1)
    await tick(engine)
    (work,) = engine.placing.campaigns.values()
    assert work.pause_until_s > engine.clock.monotonic_s()
    await campaign(engine, 1, "別の")  # makes the list anew
    await engine.db.execute("DELETE FROM campaign WHERE name = '別の'")
    await tick(engine)
    assert engine.line.dialed == []
    await engine.change_campaign(made, "max_lines", 7)
    await tick(engine)
    await settle(engine)
    assert len(engine.line.dialed) == 1
    await engine.everybody_hangs_up()


async def test_a_stopped_campaign_claims_nobody_and_dials_no_claim(engine: SmallEngine) -> None:
    """Stopped between the claim and the Originate: the second check says no."""
    made = await campaign(engine, 3)
    await engine.add_agents(1)
    await engine.placing._reload()
    await engine.stop_campaign(made)
    await engine.placing._serve(engine.placing.campaigns[made.campaign_id])
    await until(lambda: not engine.desk.calls, what="the claim is given back")
    assert engine.line.dialed == []
    await tick(engine)
    assert await engine.db.fetchval("SELECT count(*) FROM attempt WHERE ended_at IS NULL") == 0


async def test_nothing_is_dialed_while_the_line_is_down(engine: SmallEngine) -> None:
    """Not connected, or not compared yet."""
    await campaign(engine, 3)
    await engine.add_agents(1)
    engine.placing.line_up = False
    await tick(engine)
    assert engine.desk.calls == {}


async def test_a_preview_that_can_not_be_claimed_lets_its_agent_go(engine: SmallEngine) -> None:
    """The database breaks off in the middle: she takes calls again afterwards."""
    await campaign(engine, 3, dial_mode="preview")
    (agent,) = await engine.add_agents(1)
    await engine.db.execute("ALTER TABLE list_entry RENAME TO list_entry_gone")
    await tick(engine)
    assert not agent.held
    await engine.db.execute("ALTER TABLE list_entry_gone RENAME TO list_entry")
    (work,) = engine.placing.campaigns.values()
    assert work.faulty_until_s > 0.0
    work.faulty_until_s = 0.0
    await tick(engine)
    assert agent.status.state is AgentState.RESERVED
    await engine.requests.preview_skip(agent.agent_id)
    await until(lambda: not engine.desk.calls, what="it is given back")


async def test_a_fault_stops_dialing_for_a_while_and_never_for_good(engine: SmallEngine) -> None:
    """Whatever a tick meets, the loop goes on: a restart of PostgreSQL, a table that is missing."""
    await campaign(engine, 3)
    await engine.add_agents(1)
    await engine.db.execute("ALTER TABLE list_entry RENAME TO list_entry_gone")
    loop = engine.spawn(engine.placing.run())
    await until(lambda: bool(engine.placing.campaigns), what="the loop runs")
    await engine.db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'small engine' AND datname = current_database()"
    )
    await engine.db.execute("ALTER TABLE list_entry_gone RENAME TO list_entry")
    await until(lambda: len(engine.line.dialed) == 1, what="it dials again")
    assert not loop.done()
    await engine.everybody_hangs_up()


async def test_a_backend_that_is_ended_in_mid_question_means_that_the_database_is_away(engine: SmallEngine) -> None:
    """A restart of PostgreSQL in the middle of a question: it must end no loop of the engine."""
    await campaign(engine, 1)
    blocked = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'small engine' AND wait_event_type = 'Lock'"
    async with engine.db.transaction():
        await engine.db.execute("LOCK TABLE campaign IN ACCESS EXCLUSIVE MODE")
        asked = asyncio.create_task(tick(engine))
        await until_found(lambda: engine.db.fetchval(blocked), what="the question waits")
        await engine.db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'small engine'"
        )
        with pytest.raises(DATABASE_AWAY):
            await asked
    assert issubclass(asyncpg.AdminShutdownError, DATABASE_AWAY), "what the server says when it has the time"


async def test_each_call_is_weighed_with_the_probability_of_its_claim(engine: SmallEngine) -> None:
    """The pacing sees what the model said of each number; None where it said nothing."""
    await campaign(engine, 2)
    await engine.db.execute("UPDATE debtor_phone SET weekday_p = 0.25 WHERE debtor_id = 1")
    await engine.add_agents(2)
    await tick(engine)
    await settle(engine)
    (work,) = engine.placing.campaigns.values()
    pending = engine.placing.snapshot(work.campaign).pending
    assert {call.answer_probability for call in pending} == {0.25, None}
    await engine.everybody_hangs_up()
