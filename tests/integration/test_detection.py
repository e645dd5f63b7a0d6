"""Machine detection with the engine's own parts, a real PostgreSQL and a telephone line in memory; and its command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

import asyncpg
import pytest

from campaigns.answers import live_answers_by_hour, recent_attempts
from campaigns.campaign import Campaign, load_campaigns
from campaigns.claiming import claim
from campaigns.detection import AbandonFrom, AmdStatus, Detection, detection_counts, set_detection
from campaigns.errors import CampaignUnknown
from campaigns.model import AttemptState, Window
from campaigns.return_calls import count_return_call
from dialer.agents.machine import AgentState
from dialer.calls.live_call import live_call_of
from dialer.pacing.trace import Trace
from dialer.pacing.traced import TracedDecision
from tests.deadline import until, until_found
from tests.fixtures_commands import Dialer
from tests.fixtures_floor import ABANDON_AFTER_S, SmallEngine, small_engine


@pytest.fixture
async def engine(dsn: str) -> AsyncIterator[SmallEngine]:
    async with small_engine(dsn) as made:
        made.start(dialing=False)
        yield made


async def detecting_campaign(engine: SmallEngine, people: int, detection: Detection) -> Campaign:
    for _ in range(people):
        await engine.town.person()
    campaign = await engine.town.campaign()
    await set_detection(engine.db, campaign.campaign_id, detection)
    await engine.town.listed()
    return await engine.town.campaign_again(campaign.campaign_id)


async def ring(
    engine: SmallEngine, people: int = 1, *, amd: bool = True, abandon_from: AbandonFrom = AbandonFrom.ANSWER
) -> list[str]:
    """Dial `people` new people of a campaign that detects; wait until they ring."""
    campaign = await detecting_campaign(engine, people, Detection(amd, abandon_from))
    for one in await claim(engine.db, campaign, people, Window.WEEKDAY, engine.clock.now()):
        engine.desk.place(live_call_of(one, campaign, engine.clock.now()))
    await until(
        lambda: (
            len(engine.line.dialed) == people
            and all(c.state is AttemptState.RINGING for c in engine.desk.calls.values())
        ),
        what="they ring",
    )
    return engine.line.dialed


async def in_state(engine: SmallEngine, call_id: str, state: AttemptState) -> asyncpg.Record:
    """The row, as soon as it is in `state`."""

    async def row() -> asyncpg.Record | None:
        found = await engine.row(call_id)
        return found if found["state"] == state else None

    return await until_found(row, what=f"{state}")


async def pick_up(engine: SmallEngine, call_id: str) -> None:
    engine.line.answer(call_id)
    await in_state(engine, call_id, AttemptState.DETECTING)


async def test_a_person_is_joined_after_the_verdict_and_not_before(engine: SmallEngine) -> None:
    """The agent stays free while it is listened to; the verdict and its seconds are kept."""
    (agent,) = await engine.add_agents(1)
    (call_id,) = await ring(engine)
    assert engine.line.listened_to == {call_id}
    await pick_up(engine, call_id)
    assert agent.is_free
    assert await engine.db.fetchval("SELECT state FROM recording WHERE call_id::text = $1", call_id) == "recording"
    engine.line.verdict(call_id, "HUMAN")
    row = await in_state(engine, call_id, AttemptState.TALKING)
    assert agent.status.state is AgentState.TALKING
    assert (row["amd_status"], row["amd_cause"]) == ("human", "HUMAN-1-1")
    assert 0 < row["amd_s"] < (row["joined_at"] - row["answered_at"]).total_seconds() + 0.001
    await engine.everybody_hangs_up()
    await engine.assert_settled()


async def test_a_machine_takes_no_agent_and_ends_as_a_machine(engine: SmallEngine) -> None:
    """No apology, nobody abandoned; the person is called again as after a machine, and it is a miss as evidence."""
    (agent,) = await engine.add_agents(1)
    (call_id,) = await ring(engine)
    await pick_up(engine, call_id)
    engine.line.verdict(call_id, "MACHINE")
    row = await in_state(engine, call_id, AttemptState.ENDED)
    assert (row["outcome"], row["amd_status"], row["ended_by"]) == ("machine", "machine", "engine")
    assert agent.is_free
    assert engine.line.apologised == []
    progress = await engine.db.fetchrow("SELECT * FROM debtor_progress WHERE debtor_id = $1", row["debtor_id"])
    assert (progress["last_outcome"], progress["wants_waiting_agent"]) == ("machine", False)
    learnt = await engine.db.fetchrow("SELECT weekday_hits AS hits, weekday_misses AS misses FROM pick_up")
    assert (learnt["hits"], learnt["misses"]) == (0.0, 1.0)
    await engine.assert_settled()


@pytest.mark.parametrize("told", ["NOTSURE", ""])
async def test_whoever_is_not_surely_a_machine_is_joined(engine: SmallEngine, told: str) -> None:
    """The detection is not sure, or the engine never heard of a verdict: a person."""
    await engine.add_agents(1)
    (call_id,) = await ring(engine)
    await pick_up(engine, call_id)
    engine.line.verdict(call_id, told)
    row = await in_state(engine, call_id, AttemptState.TALKING)
    assert row["amd_status"] == "notsure"
    await engine.everybody_hangs_up()
    await engine.assert_settled()


async def test_a_verdict_that_overtakes_the_news_of_the_answer_is_no_harm(engine: SmallEngine) -> None:
    """The manager connection is away: the answer is heard of by the verdict, whose seconds nobody knows then."""
    await engine.add_agents(1)
    (call_id,) = await ring(engine)
    engine.line.connected = False
    engine.line.answer(call_id)
    engine.line.verdict(call_id, "HUMAN")
    row = await in_state(engine, call_id, AttemptState.JOINING)
    assert (row["amd_status"], row["amd_s"]) == ("human", None)
    engine.line.connected = True
    await engine.everybody_hangs_up()
    await engine.assert_settled()


@pytest.mark.parametrize(
    ("abandon_from", "waited_s"), [(AbandonFrom.ANSWER, 0.0), (AbandonFrom.VERDICT, ABANDON_AFTER_S)]
)
async def test_without_an_agent_patience_is_what_the_campaign_says(
    engine: SmallEngine, abandon_from: AbandonFrom, waited_s: float
) -> None:
    """Counted from the answer a long detection leaves none; from the verdict it leaves all of it."""
    (call_id,) = await ring(engine, abandon_from=abandon_from)
    await pick_up(engine, call_id)
    call = engine.desk.calls[next(iter(engine.desk.calls))]
    assert call.answered_at is not None
    call.answered_at -= timedelta(seconds=ABANDON_AFTER_S)  # the detection has taken so long
    engine.line.verdict(call_id, "HUMAN")
    row = await in_state(engine, call_id, AttemptState.ENDED)
    assert row["outcome"] == "abandoned"
    assert call.verdict is not None
    assert waited_s <= (row["ended_at"] - call.verdict.at).total_seconds() < waited_s + 0.25
    await engine.assert_settled()


async def test_whoever_wants_an_agent_held_is_not_listened_to(engine: SmallEngine) -> None:
    """She waits already: there is nobody to save, and a person to keep waiting."""
    await engine.add_agents(1)
    campaign = await detecting_campaign(engine, 1, Detection(amd=True))
    await engine.db.execute("UPDATE debtor_progress SET wants_waiting_agent = true")
    await engine.town.listed()
    engine.placing.line_up = True
    engine.placing.reload_soon()
    await engine.placing._tick()
    await until(lambda: len(engine.line.dialed) == 1, what="dialed")
    assert engine.line.listened_to == set()
    assert campaign.detection.amd
    await engine.everybody_hangs_up()


async def test_without_detection_an_answer_is_joined_at_once(engine: SmallEngine) -> None:
    """Off by default."""
    await engine.add_agents(1)
    (call_id,) = await ring(engine, amd=False)
    engine.line.answer(call_id)
    row = await in_state(engine, call_id, AttemptState.TALKING)
    assert engine.line.listened_to == set()
    assert row["amd_status"] is None
    await engine.everybody_hangs_up()
    await engine.assert_settled()


async def test_an_engine_that_takes_over_leaves_a_call_in_detection_alone(engine: SmallEngine) -> None:
    """The dialplan still listens: the verdict comes to the new engine as to the old one."""
    await engine.add_agents(1)
    (call_id,) = await ring(engine)
    await pick_up(engine, call_id)
    engine.desk.calls.clear()
    await engine.reconciliation.after_connect()
    engine.line.verdict(call_id, "MACHINE")
    row = await in_state(engine, call_id, AttemptState.ENDED)
    assert row["outcome"] == "machine"


class Told:
    """Keeps the decisions that the trace would write."""

    def __init__(self) -> None:
        self.decisions: list[TracedDecision] = []

    def tell(self, decision: TracedDecision) -> None:
        self.decisions.append(decision)


@pytest.mark.parametrize(("abandon_from", "patience_s"), [(AbandonFrom.ANSWER, 0.0), (AbandonFrom.VERDICT, 2.0)])
async def test_the_policy_is_given_what_the_detection_leaves(
    engine: SmallEngine, abandon_from: AbandonFrom, patience_s: float
) -> None:
    """Nothing while nobody knows how long verdicts take; everything where they don't count."""
    await detecting_campaign(engine, 1, Detection(True, abandon_from))
    told = Told()
    engine.placing._deciding._trace = cast(Trace, told)
    engine.placing.line_up = True
    engine.placing.reload_soon()
    await engine.placing._tick()
    assert {decision.patience_s for decision in told.decisions} == {patience_s}


async def test_abandonment_and_learning_are_read_as_they_were_counted(engine: SmallEngine) -> None:
    """After a restart a machine is a ring in vain, and patience begins where the campaign says."""
    await engine.add_agents(1)
    person, machine = await ring(engine, 2)
    for call_id, verdict in ((person, "HUMAN"), (machine, "MACHINE")):
        await pick_up(engine, call_id)
        engine.line.verdict(call_id, verdict)
    await in_state(engine, person, AttemptState.TALKING)
    await engine.everybody_hangs_up()
    await engine.db.execute(
        "UPDATE attempt SET amd_s = 2.5, answered_at = answered_at - interval '2.5 s' WHERE attempt_id::text = $1",
        person,
    )
    await engine.db.execute(
        "UPDATE call SET answered_at = answered_at - interval '2.5 s' WHERE call_id::text = $1", person
    )
    since = engine.clock.now() - timedelta(days=1)
    past = await recent_attempts(engine.db, since, 10)
    assert sorted((row.answered_at is None, row.detected_s) for row in past) == [(False, 2.5), (True, None)]
    (counted,) = await live_answers_by_hour(engine.db, since)
    assert (counted.answers, counted.abandoned) == (1, 1)
    await set_detection(engine.db, counted.campaign_id, Detection(True, AbandonFrom.VERDICT))
    (counted,) = await live_answers_by_hour(engine.db, since)
    assert (counted.answers, counted.abandoned) == (1, 0)


async def test_the_verdicts_are_counted_with_what_speaks_against_them(engine: SmallEngine) -> None:
    """Missed machines by the agents' results; machines that rang back, or of which nothing was heard."""
    agents = await engine.add_agents(2)
    calls = await ring(engine, 5)
    for call_id, verdict in zip(calls, ("HUMAN", "NOTSURE", "MACHINE", "MACHINE", "MACHINE"), strict=True):
        await pick_up(engine, call_id)
        engine.line.verdict(call_id, verdict)
    await until(lambda: all(a.status.state is AgentState.TALKING for a in agents), what="both talk")
    await engine.everybody_hangs_up()
    for agent in agents:
        await engine.dispose(agent)
    await engine.db.execute("UPDATE call SET disposition = 'voicemail' WHERE call_id::text = $1", calls[1])
    await engine.db.execute("UPDATE attempt SET amd_cause = 'INITIALSILENCE-1-1' WHERE attempt_id::text = $1", calls[2])
    row = await engine.row(calls[3])
    await count_return_call(engine.db, "1.1", row["number"], row["ended_at"] + timedelta(minutes=1))
    await engine.db.execute("UPDATE attempt SET amd_s = 2.0 WHERE amd_status = 'machine'")

    since = engine.clock.now() - timedelta(days=1)
    found = await detection_counts(engine.db, row["campaign_id"], since)
    assert [(one.status, one.calls) for one in found.by_status] == [
        (AmdStatus.HUMAN, 1), (AmdStatus.MACHINE, 3), (AmdStatus.NOTSURE, 1),
    ]  # fmt: skip
    assert (found.by_status[1].median_s, found.by_status[1].p95_s) == (2.0, 2.0)
    assert (found.missed, found.disposed, found.missed_ratio) == (1, 2, 0.5)
    assert (found.silent_machines, found.rung_back, found.machines) == (1, 1, 3)


# --- the command ---------------------------------------------------------------------------------------------


async def test_the_command_sets_and_shows_detection(engine: SmallEngine, dialer: Dialer) -> None:
    """Off at first; switched on it says what it costs; the counts appear with the first verdict."""
    await engine.add_agents(1)
    (call_id,) = await ring(engine, amd=False)
    await engine.everybody_hangs_up()
    shown = await asyncio.to_thread(dialer, "campaign", "amd", "市税")
    assert shown.stdout == "留守番電話の判定\tしない\n放棄とする秒数\t応答から 2秒\n"
    await engine.db.execute(
        "UPDATE attempt SET amd_status = 'machine', amd_cause = 'LONGGREETING-1500-1500', amd_s = 2.81,"
        " claimed_at = now() WHERE attempt_id::text = $1",
        call_id,
    )
    changed = await asyncio.to_thread(dialer, "campaign", "amd", "市税", "--on")
    lines = changed.stdout.splitlines()
    assert lines[0] == "留守番電話の判定\tする"
    assert lines[2].startswith("注意: ")
    assert "留守番電話\t1\t2.81秒\t2.81秒" in lines
    changed = await asyncio.to_thread(dialer, "campaign", "amd", "市税", "--from", "verdict")
    assert changed.stdout.splitlines()[1] == "放棄とする秒数\t判定から 2秒"
    refused = await asyncio.to_thread(dialer, "campaign", "amd", "水道")
    assert refused.returncode != 0
    assert "no campaign has this name" in refused.stderr


async def test_a_campaign_can_be_added_with_detection(engine: SmallEngine, dialer: Dialer) -> None:
    """Both options reach the table; without them it is off."""
    add = ("campaign", "add", "--debt-type", "city_tax")
    plain = await asyncio.to_thread(dialer, *add, "一")
    detecting = await asyncio.to_thread(dialer, *add, "二", "--amd", "--abandon-from", "verdict")
    assert (plain.returncode, detecting.returncode) == (0, 0)
    found = {campaign.name: campaign.detection for campaign in await load_campaigns(engine.db)}
    assert found == {"一": Detection(), "二": Detection(True, AbandonFrom.VERDICT)}


async def test_an_unknown_campaign_is_refused(db: asyncpg.Connection) -> None:
    """One clear error."""
    with pytest.raises(CampaignUnknown):
        await set_detection(db, 404, Detection())
