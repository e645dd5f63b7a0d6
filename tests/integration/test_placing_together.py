"""Several campaigns in one dialing loop: shared agents, turns, a fault of one of them, previews, the trace."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from campaigns.campaign import Campaign
from dialer.agents.machine import AgentState
from dialer.campaigning import Campaigning
from dialer.pacing.estimating import Estimates
from dialer.pacing.learning import Learning
from dialer.pacing.rate import CallRate
from dialer.pacing.trace import Trace
from dialer.placing import Placing
from tests.deadline import until
from tests.fixtures_floor import SmallEngine
from tests.fixtures_pacing import past_attempt
from tests.fixtures_people import TUESDAY
from tests.integration.test_placing import campaign, settle, tick
from tests.integration.test_placing_held import touched


def work_of(engine: SmallEngine, made: Campaign) -> Campaigning:
    return engine.placing.campaigns[made.campaign_id]


async def refuse_attempts_of(engine: SmallEngine, made: Campaign) -> None:
    """The database refuses every attempt of one campaign, and nobody else's."""
    await engine.db.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;"
        f"CREATE TRIGGER refused BEFORE INSERT ON attempt FOR EACH ROW WHEN (NEW.campaign_id = {made.campaign_id})"
        " EXECUTE FUNCTION refuse()"
    )


async def accept_attempts(engine: SmallEngine) -> None:
    await engine.db.execute("DROP TRIGGER refused ON attempt; DROP FUNCTION refuse()")


# --- shared agents and turns -----------------------------------------------------------------------------


async def test_one_agent_of_all_is_promised_to_one_call_of_two_groups(engine: SmallEngine) -> None:
    """The groups know nothing of each other; the agent who serves both makes them share."""
    await campaign(engine, 9, "一", agent_group="north")
    await campaign(engine, 9, "二", agent_group="south")
    await engine.add_agents(1, group="all")
    for _ in range(3):
        await tick(engine)
        await settle(engine)
    assert len(engine.line.dialed) == 1
    await engine.everybody_hangs_up()


async def test_agents_of_a_group_work_though_one_of_all_is_promised_to_others(engine: SmallEngine) -> None:
    """Each group's own agents, and the one of `all` for whoever came first: five agents, five calls."""
    await campaign(engine, 9, "一", agent_group="north")
    await campaign(engine, 9, "二", agent_group="south")
    for group, number in (("north", 2), ("south", 2), ("all", 1)):
        await engine.add_agents(number, group=group)
    for _ in range(3):
        await tick(engine)
        await settle(engine)
        assert sorted(c.group for c in engine.desk.calls.values()).count("north") in (2, 3)
        assert len(engine.line.dialed) == 5
    await engine.everybody_hangs_up()


async def test_an_agent_who_is_promised_to_another_group_is_held_for_nobody(engine: SmallEngine) -> None:
    """Somebody wants a language that only she speaks: while she has to be there for a call that rings, he waits."""
    await campaign(engine, 9, "一", agent_group="north")
    await engine.add_agents(1, group="north")
    (anyone,) = await engine.add_agents(1, group="all")
    (own,) = await engine.add_agents(1, group="south", ready=False)
    anyone.languages = ("ja", "ne")
    await tick(engine)
    await settle(engine)
    assert len(engine.line.dialed) == 2
    await engine.town.person()
    await engine.db.execute("UPDATE debtor SET language = 'ne' WHERE debtor_id = (SELECT max(debtor_id) FROM debtor)")
    await campaign(engine, 0, "二", agent_group="south")
    await engine.requests.ready(own.agent_id)
    await tick(engine)
    await settle(engine)
    assert anyone.is_free
    assert len(engine.line.dialed) == 3, "hers who is of the group"
    for call_id in list(engine.line.ringing):
        engine.line.end(call_id, 19)
    await until(lambda: not engine.desk.calls, what="nobody answered")
    for agent in engine.floor.of_group("north"):
        if agent is not anyone:
            await engine.requests.not_ready(agent.agent_id, "break")
    await tick(engine)
    assert anyone.status.state is AgentState.RESERVED, "now nobody else needs her"
    await engine.everybody_hangs_up()


async def test_an_agent_of_all_who_is_in_a_break_makes_nobody_share(engine: SmallEngine) -> None:
    """She takes nobody's calls."""
    await campaign(engine, 9, "一", agent_group="north")
    await campaign(engine, 9, "二", agent_group="south")
    await engine.add_agents(1, group="all", ready=False)
    await engine.add_agents(1, group="north")
    await engine.add_agents(1, group="south")
    await tick(engine)
    await settle(engine)
    assert sorted(c.group for c in engine.desk.calls.values()) == ["north", "south"]
    await engine.everybody_hangs_up()


async def test_two_groups_give_way_to_each_other_when_an_agent_serves_both(engine: SmallEngine) -> None:
    """And only then: with agents of their own they have nothing to give."""
    first = await campaign(engine, 9, "一", agent_group="north")
    second = await campaign(engine, 9, "二", agent_group="south")
    await engine.add_agents(1, group="north")
    (anyone,) = await engine.add_agents(1, group="all")
    await tick(engine)
    await settle(engine)
    assert {c.campaign_id for c in engine.desk.calls.values()} == {first.campaign_id}, "of two agents"
    waits = work_of(engine, second)
    waits.turn_from_s = 0.0
    await tick(engine)
    await tick(engine)
    assert waits.has_turn
    assert "順番" in work_of(engine, first).because
    await engine.requests.not_ready(anyone.agent_id, "break")
    await tick(engine)
    assert not waits.has_turn
    assert "順番" not in work_of(engine, first).because
    await engine.everybody_hangs_up()


async def test_nobody_gives_way_to_a_campaign_whose_agents_are_absent(engine: SmallEngine) -> None:
    """Its patience begins when they come back."""
    absent = await campaign(engine, 9, "一", agent_group="north")
    present = await campaign(engine, 9, "二")
    (away,) = await engine.add_agents(1, group="north", ready=False)
    await engine.add_agents(1, group="south")
    engine.placing.line_up = False
    await tick(engine)
    engine.placing.line_up = True
    work_of(engine, absent).turn_from_s = 0.0
    await tick(engine)
    await settle(engine)
    assert not work_of(engine, absent).has_turn
    assert [c.campaign_id for c in engine.desk.calls.values()] == [present.campaign_id]
    assert (work_of(engine, absent).turn_from_s or 0.0) > engine.clock.monotonic_s() + 20.0
    await engine.requests.ready(away.agent_id)
    await engine.everybody_hangs_up()


class StumblingLearning(Learning):
    """Can't make one campaign's estimates."""

    def __init__(self, stumbles_over: int) -> None:
        super().__init__(TUESDAY)
        self.stumbles_over = stumbles_over

    def made_from(self, campaign: Campaign, *told: Any) -> Estimates:
        if campaign.campaign_id == self.stumbles_over:
            raise ValueError("a talk of minus three seconds")
        return super().made_from(campaign, *told)


# --- a fault of one campaign -----------------------------------------------------------------------------


async def test_a_fault_of_one_campaign_stops_no_other(engine: SmallEngine) -> None:
    """It has no turn, says so, and is asked again after a moment."""
    broken = await campaign(engine, 5, "一")
    sound = await campaign(engine, 5, "二")
    await engine.add_agents(1)
    await refuse_attempts_of(engine, broken)
    await tick(engine)
    await settle(engine)
    assert [c.campaign_id for c in engine.desk.calls.values()] == [sound.campaign_id]
    work = work_of(engine, broken)
    assert "内部エラー" in work.because
    assert not work.has_turn
    await engine.everybody_hangs_up()
    await accept_attempts(engine)
    work.faulty_until_s = 0.0
    await tick(engine)
    await settle(engine)
    assert [c.campaign_id for c in engine.desk.calls.values()] == [broken.campaign_id]
    await engine.everybody_hangs_up()


async def test_a_campaign_that_pauses_after_a_fault_holds_no_agent_either(engine: SmallEngine) -> None:
    """Those who want an agent come before all others, and after the pause."""
    await touched(engine)
    made = await campaign(engine, 0)
    (agent,) = await engine.add_agents(1)
    await refuse_attempts_of(engine, made)
    await tick(engine)
    assert agent.is_free, "she was let go"
    await accept_attempts(engine)
    work_of(engine, made).faulty_until_s = engine.clock.monotonic_s() + 60.0
    await tick(engine)
    assert agent.is_free
    work_of(engine, made).faulty_until_s = 0.0
    await tick(engine)
    assert agent.status.state is AgentState.RESERVED
    await engine.everybody_hangs_up()


async def test_a_campaign_whose_estimates_can_not_be_made_stops_no_other(engine: SmallEngine) -> None:
    """Something in its past makes no sense: it is left alone for a minute, and tried before it is asked for calls."""
    broken = await campaign(engine, 5, "一")
    sound = await campaign(engine, 5, "二")
    await engine.add_agents(1)
    engine.placing._deciding._learning = learning = StumblingLearning(broken.campaign_id)
    for _ in range(2):
        await tick(engine)
        await settle(engine)
        assert [c.campaign_id for c in engine.desk.calls.values()] == [sound.campaign_id]
    work = work_of(engine, broken)
    assert "内部エラー" in work.because
    assert work.faulty_until_s > engine.clock.monotonic_s() + 30.0
    await engine.everybody_hangs_up()
    learning.stumbles_over = 0
    work.faulty_until_s = engine.clock.monotonic_s() + 1.0
    await engine.placing._reload()
    assert engine.placing.snapshot(broken).forecast is not None
    work.faulty_until_s = 0.0
    await tick(engine)
    await settle(engine)
    assert [c.campaign_id for c in engine.desk.calls.values()] == [broken.campaign_id]
    await engine.everybody_hangs_up()


# --- previews and calls per second -----------------------------------------------------------------------


async def test_previews_that_dial_themselves_keep_to_the_calls_per_second(engine: SmallEngine) -> None:
    """A click is never refused, but counts: the others wait the longer."""
    await campaign(engine, 9, dial_mode="preview", preview_s=30)
    agents = await engine.add_agents(4)
    await tick(engine)
    assert [a.status.state for a in agents] == [AgentState.RESERVED] * 4
    engine.placing._deciding.rate = rate = CallRate(0.0001, engine.clock.monotonic_s())
    engine.clock.shift += timedelta(seconds=31)
    for _ in range(3):
        await tick(engine)
    await until(lambda: len(engine.line.ringing) == 1, what="one rings")
    await tick(engine)
    shown = [c for c in engine.desk.calls.values() if not c.chosen]
    assert len(shown) == 3
    assert shown[0].agent is not None
    await engine.requests.preview_dial(shown[0].agent.agent_id)
    await until(lambda: len(engine.line.ringing) == 2, what="the click rings")
    rate._tokens += 1.0
    await tick(engine)
    assert len([c for c in engine.desk.calls.values() if not c.chosen]) == 2, "the click took it"
    rate._tokens += 1.0
    await tick(engine)
    await until(lambda: len(engine.line.ringing) == 3, what="the next one rings")
    for call in [c for c in engine.desk.calls.values() if not c.chosen]:
        assert call.agent is not None
        await engine.requests.preview_skip(call.agent.agent_id)
    await engine.everybody_hangs_up()


# --- the trace -------------------------------------------------------------------------------------------


async def test_the_trace_tells_what_was_placed_and_not_what_opened_the_gate(
    engine: SmallEngine, tmp_path: Path
) -> None:
    """One line a look: nobody was found, then calls for those who were; a held agent's call is no decision."""
    trace = Trace(tmp_path, engine.clock, keep_days=1)
    engine.placing = Placing(
        engine.pool, engine.floor, engine.desk, engine.clock, lines=30, calls_per_second=100.0, trace=trace
    )
    engine.placing.line_up = True
    await touched(engine)
    made = await campaign(engine, 0)
    await engine.add_agents(2)
    await tick(engine)
    (call,) = engine.desk.calls.values()
    assert call.agent is not None
    assert [(one.decision.place, one.placed) for one in trace._queue] == [(1, 0)]
    await campaign(engine, 3, "別の")
    work_of(engine, made).pause_until_s = 0.0
    await tick(engine)
    await settle(engine)
    assert [(one.decision.place, one.placed) for one in trace._queue if one.placed] == [(1, 1)]
    await engine.everybody_hangs_up()


# --- how they stand --------------------------------------------------------------------------------------


async def test_how_a_stopped_campaign_stands_is_looked_at_once_a_minute(engine: SmallEngine) -> None:
    """For the board; a running one is looked at with every reload."""
    stopped = await campaign(engine, 0, "一", state="paused")
    running = await campaign(engine, 0, "二")
    engine.placing.line_up = False
    debtor_id = await engine.town.person(owes={})

    async def one_more() -> tuple[int, int]:
        for made in (stopped, running):
            at = TUESDAY - timedelta(minutes=10)
            await past_attempt(
                engine.db, made.campaign_id, debtor_id, at, outcome="answered", answered_after_s=8.0, joined_after_s=0.2
            )
        engine.clock.shift += timedelta(seconds=6)
        await tick(engine)
        return work_of(engine, stopped).standing.day.answers, work_of(engine, running).standing.day.answers

    assert await one_more() == (1, 1), "the board shows it at once"
    assert await one_more() == (1, 2)
    engine.clock.shift += timedelta(minutes=1)
    assert await one_more() == (3, 3)
