"""The predictive mode in the engine: what it learns, its limits, and several campaigns with the same agents."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from campaigns.campaign import Campaign
from campaigns.model import AttemptState, DialMode
from dialer.agents.agent import Agent
from dialer.agents.machine import AgentState
from dialer.campaigning import Campaigning
from dialer.clock import Clock
from dialer.deciding import TrunkLimits
from dialer.live import campaign_view
from dialer.pacing.forecast import Forecast
from dialer.pacing.replaying import Name, replay
from dialer.pacing.trace import Trace
from dialer.pacing.trace_file import read_trace
from dialer.placing import Placing
from tests.deadline import until
from tests.fixtures_floor import SmallEngine
from tests.fixtures_pacing import past_attempt
from tests.fixtures_people import TUESDAY
from tests.integration.test_placing import campaign, settle, tick


async def experienced(engine: SmallEngine, made: Campaign, *, calls: int = 120, answered_every: int = 10) -> None:
    """A morning of calls: one of ten is answered, short talks."""
    debtor_id = await engine.town.person(numbers=[engine.town.number()], owes={})
    to = (engine.db, made.campaign_id, debtor_id)
    for minutes_ago in range(calls // answered_every, 0, -1):
        at = TUESDAY - timedelta(minutes=minutes_ago)
        await past_attempt(
            *to, at, outcome="answered", answered_after_s=8.0, joined_after_s=0.2, lasted_s=12.0, wrap_s=5.0
        )
        await past_attempt(*to, at, outcome="no_answer", lasted_s=25.0, times=answered_every - 1)


async def answers(engine: SmallEngine, made: Campaign, *, joined: int, abandoned: int, hours_ago: float = 2.0) -> None:
    """Live answers of some hours ago."""
    debtor_id = await engine.town.person(owes={})
    at, to = TUESDAY - timedelta(hours=hours_ago), (engine.db, made.campaign_id, debtor_id)
    await past_attempt(*to, at, outcome="answered", answered_after_s=8.0, joined_after_s=0.2, times=joined)
    await past_attempt(*to, at, outcome="abandoned", answered_after_s=8.0, times=abandoned)


def work_of(engine: SmallEngine, made: Campaign) -> Campaigning:
    return engine.placing.campaigns[made.campaign_id]


def forecast_of(engine: SmallEngine, made: Campaign) -> Forecast:
    found = engine.placing.snapshot(made).forecast
    assert found is not None
    return found


async def talk(engine: SmallEngine) -> Agent:
    """The first who rings answers and is joined."""
    call_id = engine.line.ringing[0]
    engine.line.answer(call_id)
    await until(lambda: call_id in engine.line.talking, what="they talk")
    (agent,) = [a for a in engine.floor if str(a.status.call_id) == call_id]
    await until(lambda: agent.status.state is AgentState.TALKING, what="she knows")
    return agent


async def test_a_new_campaign_is_dialed_one_to_one_until_enough_is_known(engine: SmallEngine) -> None:
    """Nothing is assumed about a list that nobody has called yet."""
    made = await campaign(engine, 9, dial_mode="predictive")
    await engine.add_agents(2)
    await tick(engine)
    await settle(engine)
    assert len(engine.line.dialed) == 2
    assert not forecast_of(engine, made).sure
    assert "学習中" in work_of(engine, made).because
    await engine.everybody_hangs_up()


async def test_what_the_last_days_taught_is_known_at_the_start(engine: SmallEngine) -> None:
    """More calls than ready agents from the first look on: a restart is no new beginning."""
    made = await campaign(engine, 20, dial_mode="predictive")
    await experienced(engine, made)
    await engine.add_agents(3)
    await tick(engine)
    await settle(engine)
    assert forecast_of(engine, made).sure
    assert 3 < len(engine.line.dialed) <= 20
    await engine.everybody_hangs_up()


async def test_every_call_teaches_while_the_engine_runs(engine: SmallEngine) -> None:
    """A ring in vain, an answer, a talk and a wrap-up change the laws by which the next call is forecast."""
    made = await campaign(engine, 9, dial_mode="predictive")
    await engine.add_agents(2)
    await tick(engine)
    await settle(engine)
    before = forecast_of(engine, made)
    agent = await talk(engine)
    engine.line.end(engine.line.ringing[0], 19)
    engine.line.end(engine.line.talking[0])
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="the wrap-up")
    await engine.dispose(agent)
    await until(lambda: not engine.desk.calls, what="both are over")
    engine.clock.shift += timedelta(seconds=41)
    after = forecast_of(engine, made)
    for law in ("answer", "failure", "talk", "wrap"):
        assert getattr(before, law) != getattr(after, law), law
    assert before.shift_sd > after.shift_sd
    await engine.assert_settled()


async def test_an_agent_who_asked_for_a_break_is_counted_out(engine: SmallEngine) -> None:
    """She talks still, and takes nobody afterwards; nor does who waits for an agent count as free."""
    made = await campaign(engine, 9)
    await engine.add_agents(1)
    await tick(engine)
    await settle(engine)
    agent = await talk(engine)
    await engine.requests.not_ready(agent.agent_id, "break")
    (view,) = engine.placing.snapshot(made).agents
    assert (view.state, view.leaving) == (AgentState.TALKING, True)
    await engine.requests.ready(agent.agent_id)
    (view,) = engine.placing.snapshot(made).agents
    assert not view.leaving
    await engine.everybody_hangs_up()


async def test_over_the_hard_limit_a_campaign_goes_on_one_to_one_and_says_until_when(engine: SmallEngine) -> None:
    """12 of 112 are too many. The counts are the database's, so a restarted engine knows it at once."""
    made = await campaign(engine, 20, dial_mode="predictive")
    await experienced(engine, made)
    await answers(engine, made, joined=88, abandoned=12)
    await engine.add_agents(2)
    await tick(engine)
    await settle(engine)
    work = work_of(engine, made)
    assert (len(engine.line.dialed), work.mode) == (2, DialMode.PROGRESSIVE)
    for words in ("放棄率が上限を超えたため1対1", "24時間 10.7%", "全キャンペーンの30日間", "12/24 09:00 まで"):
        assert words in work.because
    told = campaign_view(work)["abandonment"]
    assert told["day"] == {"answers": 112, "abandoned": 12}
    assert told["one_to_one_until"] == "2026-12-24T00:00:00+00:00"
    await engine.everybody_hangs_up()


async def test_answers_that_are_joined_bring_a_campaign_back_within_its_limit(engine: SmallEngine) -> None:
    """The limit is asked anew with every look."""
    made = await campaign(engine, 20, dial_mode="predictive")
    await experienced(engine, made)
    await answers(engine, made, joined=100, abandoned=4)
    await engine.add_agents(2)
    engine.placing.line_up = False
    await tick(engine)
    assert work_of(engine, made).mode is DialMode.PROGRESSIVE
    await answers(engine, made, joined=40, abandoned=0, hours_ago=0.5)
    engine.clock.shift += timedelta(seconds=6)
    await tick(engine)
    assert (work_of(engine, made).mode, work_of(engine, made).over_limit) == (DialMode.PREDICTIVE, "")


async def test_one_campaign_over_the_overall_limit_holds_all_that_dial_ahead(engine: SmallEngine) -> None:
    """Who is called can't tell the campaigns apart: predictive and fixed-ratio ones go on 1:1."""
    other = await campaign(engine, 0, "固定", dial_mode="fixed_ratio")
    made = await campaign(engine, 9, "予測", dial_mode="predictive")
    await answers(engine, other, joined=80, abandoned=20)
    engine.placing.line_up = False
    await tick(engine)
    assert work_of(engine, made).standing.over == ("all_day", "all_month")
    assert work_of(engine, made).mode is DialMode.PROGRESSIVE
    assert work_of(engine, other).mode is DialMode.PROGRESSIVE
    assert "1対1" in work_of(engine, other).over_limit


async def test_an_abandoned_call_counts_before_the_database_is_read_again(engine: SmallEngine) -> None:
    """And afterwards once."""
    made = await campaign(engine, 9, dial_mode="fixed_ratio", ratio=2.0)
    await engine.add_agents(1)
    await tick(engine)
    await settle(engine)
    for call_id in list(engine.line.ringing):
        engine.line.answer(call_id)
    await until(lambda: len(engine.line.apologised) == 1, what="one hears the apology")
    await until(lambda: len(engine.line.talking) == 1, what="the other talks")

    async def counted() -> tuple[int, int]:
        await engine.placing._reload()
        day = work_of(engine, made).standing.day
        return day.answers, day.abandoned

    await until(lambda: len(engine.desk.calls) == 1, what="the abandoned one is over")
    assert await counted() == (2, 1)
    engine.clock.shift += timedelta(seconds=6)
    assert await counted() == (2, 1)
    await engine.everybody_hangs_up()


async def test_whom_an_abandoned_call_touched_is_never_dialed_on_a_forecast(engine: SmallEngine) -> None:
    """The predictive mode would place calls for agents who will be free soon; this person waits for one who is."""
    made = await campaign(engine, 1, dial_mode="predictive")
    await experienced(engine, made)
    agents = await engine.add_agents(3)
    await engine.db.execute("UPDATE debtor_progress SET wants_waiting_agent = true")
    await engine.town.listed()
    for agent in agents:
        await engine.requests.not_ready(agent.agent_id, "break")
    for _ in range(3):
        await tick(engine)
    assert engine.desk.calls == {}
    await engine.requests.ready(agents[1].agent_id)
    await tick(engine)
    assert agents[1].status.state is AgentState.RESERVED, "before it rings"
    await until(lambda: len(engine.line.ringing) == 1, what="it rings")
    await engine.everybody_hangs_up()


async def test_campaigns_that_share_agents_take_turns(engine: SmallEngine) -> None:
    """Who placed calls longest ago comes first: none starves because it was made second."""
    first = await campaign(engine, 9, "一")
    second = await campaign(engine, 9, "二")
    third = await campaign(engine, 9, "三", dial_mode="predictive")
    await engine.add_agents(1)
    served = []
    for _ in range(6):
        await tick(engine)
        await settle(engine)
        (call,) = engine.desk.calls.values()
        served.append(call.campaign_id)
        await engine.everybody_hangs_up()
    ids = [first.campaign_id, second.campaign_id, third.campaign_id]
    assert served == ids * 2


async def test_a_one_to_one_campaign_is_not_starved_by_a_predictive_one(engine: SmallEngine) -> None:
    """More calls ring than agents are ready, always: the predictive one gives way until the other has had a turn."""
    greedy = await campaign(engine, 40, "予測", dial_mode="predictive")
    await experienced(engine, greedy)
    await engine.add_agents(3)
    await tick(engine)
    await settle(engine)
    ringing = len(engine.line.ringing)
    assert ringing > 3
    modest = await campaign(engine, 0, "一対一")
    await tick(engine)
    work_of(engine, modest).turn_from_s = 0.0
    await tick(engine)
    engine.line.end(engine.line.ringing[0], 19)
    await until(lambda: len(engine.desk.calls) == ringing - 1, what="one is over")
    await tick(engine)
    assert len(engine.desk.calls) == ringing - 1, "its place is left empty"
    assert "順番" in work_of(engine, greedy).because
    await engine.everybody_hangs_up()
    await tick(engine)
    await settle(engine)
    placed = [call.campaign_id for call in engine.desk.calls.values()]
    assert placed.count(modest.campaign_id) == 3
    assert "順番" not in work_of(engine, greedy).because, "it is asked again in the same look"
    await engine.everybody_hangs_up()


async def test_nobody_gives_way_to_a_list_without_people(engine: SmallEngine) -> None:
    """It has had its turn when it found nobody."""
    empty = await campaign(engine, 0, "空")
    await engine.add_agents(1)
    await tick(engine)
    assert "架電できる人がいません" in work_of(engine, empty).because
    made = await campaign(engine, 5, "二")
    await engine.db.execute("DELETE FROM list_entry WHERE campaign_id = $1", empty.campaign_id)
    for _ in range(3):
        work_of(engine, empty).pause_until_s = 0.0
        await tick(engine)
        await settle(engine)
    assert [call.campaign_id for call in engine.desk.calls.values()] == [made.campaign_id]
    await engine.everybody_hangs_up()


async def test_the_next_calls_are_expected_to_be_like_the_last_ones(engine: SmallEngine) -> None:
    """The list is walked best first; what the model said of the last claims is the best guess for the next."""
    made = await campaign(engine, 4)
    await engine.db.execute("UPDATE debtor_phone SET weekday_p = CASE debtor_id % 2 WHEN 0 THEN 0.2 ELSE 0.4 END")
    await engine.add_agents(2)
    engine.placing.line_up = False
    await tick(engine)
    assert engine.placing.snapshot(made).next_probabilities == ()
    engine.placing.line_up = True
    await tick(engine)
    await settle(engine)
    told = [call.answer_probability for call in engine.desk.calls.values()]
    (expected,) = engine.placing.snapshot(made).next_probabilities
    assert expected == pytest.approx(sum(p for p in told if p is not None) / 2)
    await engine.everybody_hangs_up()


@dataclass
class TwoCallers:
    """Two people who called us: one is in the hands of an agent, one waits for the group."""

    group: str

    def waiting(self, group: str) -> int:
        return 1 if group == self.group else 0

    def lines(self) -> int:
        return 2


async def test_people_who_call_come_first_for_agents_and_lines(engine: SmallEngine) -> None:
    """An agent of three is theirs, and their lines are the spare ones."""
    placing = Placing(
        engine.pool, engine.floor, engine.desk, engine.clock,
        lines=6, calls_per_second=100.0, spare_lines=3, callers=TwoCallers("all"),
    )  # fmt: skip
    engine.placing, placing.line_up = placing, True
    made = await campaign(engine, 9)
    await engine.add_agents(3)
    await tick(engine)
    await settle(engine)
    assert len(engine.line.dialed) == 2, "three agents, one caller waits"
    assert engine.placing.snapshot(made).lines_free == 1, "six lines, three spare, two calls"
    await engine.everybody_hangs_up()


async def test_spare_lines_are_left_free(engine: SmallEngine) -> None:
    """However many calls a mode wants."""
    engine.placing._deciding._limits = TrunkLimits(lines=5, calls_per_second=100.0, spare_lines=2)
    made = await campaign(engine, 9, dial_mode="fixed_ratio", ratio=9.0)
    await engine.add_agents(1)
    for _ in range(3):
        await tick(engine)
        await settle(engine)
    assert len(engine.line.dialed) == 3
    assert work_of(engine, made).campaign.max_lines == 30
    await engine.everybody_hangs_up()


async def test_a_preview_dials_itself_after_its_time(engine: SmallEngine) -> None:
    """Once, and not a second before; without a time it waits for the click."""
    made = await campaign(engine, 3, dial_mode="preview")
    await engine.add_agents(1)
    await tick(engine)
    engine.clock.shift += timedelta(seconds=29)
    await tick(engine)
    assert engine.line.dialed == []
    await engine.change_campaign(made, "preview_s", 30)
    await tick(engine)
    assert engine.line.dialed == []
    engine.clock.shift += timedelta(seconds=2)
    await tick(engine)
    await until(lambda: len(engine.line.ringing) == 1, what="it rings")
    await tick(engine)
    assert len(engine.line.dialed) == 1
    await engine.everybody_hangs_up()


def traced(engine: SmallEngine, folder: Path, clock: Clock) -> Trace:
    trace = Trace(folder, clock, keep_days=3)
    engine.placing = Placing(
        engine.pool, engine.floor, engine.desk, engine.clock, lines=30, calls_per_second=100.0, trace=trace
    )
    engine.placing.line_up = True
    return trace


async def test_each_decision_can_be_read_and_replayed(engine: SmallEngine, tmp_path: Path) -> None:
    """As the engine made it, and nothing about the people who were called is in it."""
    trace = traced(engine, tmp_path, engine.clock)
    made = await campaign(engine, 20, dial_mode="predictive")
    await experienced(engine, made)
    await engine.add_agents(3)
    await tick(engine)
    await settle(engine)
    engine.spawn(trace.run())
    file = tmp_path / "2026-11-24.jsonl.gz"
    await until(lambda: file.exists() and file.stat().st_size > 0, what="the trace is written")
    one = next(iter(read_trace(file)))
    assert (one.campaign_id, one.mode, one.placed) == (made.campaign_id, DialMode.PREDICTIVE, len(engine.line.dialed))
    assert one.snapshot.forecast is not None
    assert one.snapshot.forecast.talk == forecast_of(engine, made).talk
    assert replay(read_trace(file), Name.PREDICTIVE).differences == []
    assert replay(read_trace(file), Name.PROGRESSIVE).differences[0].replayed == 3
    trace.close()
    text = gzip.decompress(file.read_bytes()).decode()
    for call in engine.desk.calls.values():
        assert call.number is not None
        assert call.number.removeprefix("+81") not in text
        assert str(call.call_id) not in text
    await engine.everybody_hangs_up()


async def test_a_disk_that_refuses_stops_no_call(engine: SmallEngine, tmp_path: Path) -> None:
    """Lines are lost, and calls go on."""
    (tmp_path / "pacing").write_text("a file where the folder should be")
    trace = traced(engine, tmp_path / "pacing", engine.clock)
    await campaign(engine, 5)
    await engine.add_agents(2)
    writing = engine.spawn(trace.run())
    await tick(engine)
    await settle(engine)
    await until(lambda: not trace._queue, what="the writer has tried")
    assert len(engine.line.dialed) == 2
    assert not writing.done()
    await engine.everybody_hangs_up()


async def test_calls_of_another_campaign_are_weighed_by_what_that_one_knows(engine: SmallEngine) -> None:
    """Its list answers more rarely than the model says, and ours does not: its ringing calls count for less."""
    ours = await campaign(engine, 0, "一", dial_mode="predictive", state="paused")
    other = await campaign(engine, 5, "二")
    await experienced(engine, ours, calls=60, answered_every=3)
    await experienced(engine, other, calls=90, answered_every=30)
    await engine.add_agents(1)
    await tick(engine)
    await settle(engine)
    (call,) = engine.desk.calls.values()
    assert (call.campaign_id, call.state) == (other.campaign_id, AttemptState.RINGING)
    (seen_by_us,) = engine.placing.snapshot(ours).pending
    (seen_by_them,) = engine.placing.snapshot(other).pending
    assert seen_by_them.answer_probability is None
    assert seen_by_us.answer_probability is not None
    assert seen_by_us.answer_probability < 0.2
    await engine.everybody_hangs_up()
