"""The desk with its agents on a real PostgreSQL and a telephone line in memory: answers, losses, bad moments."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from campaigns.claiming import claim
from campaigns.model import AttemptState, Outcome, Window
from dialer.agents.agent import Agent
from dialer.agents.machine import AgentState
from dialer.calls.live_call import live_call_of
from dialer.db.away import DATABASE_AWAY
from dialer.errors import AmiError, AmiTimeout, RequestRefused
from dialer.site.postgres import PrivatePostgres
from tests.deadline import until, until_found
from tests.fixtures_floor import ABANDON_AFTER_S, SmallEngine, small_engine
from tests.proxy_postgres import Wire, wire_to


@pytest.fixture
async def engine(dsn: str) -> AsyncIterator[SmallEngine]:
    async with small_engine(dsn) as made:
        yield made


async def ring(engine: SmallEngine, people: int = 1) -> list[str]:
    """Dial `people` new people of a new campaign at once, whatever the pacing says; wait until they ring."""
    for _ in range(people):
        await engine.town.person()
    serial = await engine.db.fetchval("SELECT count(*) FROM campaign")
    campaign = await engine.town.campaign(name=f"試験 {serial}")
    await engine.town.listed()
    before = len(engine.line.dialed)
    claims = await claim(engine.db, campaign, people, Window.WEEKDAY, engine.clock.now())
    for one in claims:
        engine.desk.place(live_call_of(one, campaign, engine.clock.now()))
    await until(
        lambda: (
            len(engine.line.dialed) == before + people
            and all(c.state is not AttemptState.DIALING for c in engine.desk.calls.values())
        ),
        what="they ring",
    )
    return engine.line.dialed[before:]


async def end_all(engine: SmallEngine) -> None:
    await engine.everybody_hangs_up()
    await engine.assert_settled()


async def test_two_answers_for_one_agent_join_one_and_abandon_the_other(engine: SmallEngine) -> None:
    """One is joined, the other hears the apology after the threshold; nobody shares an agent."""
    engine.start(dialing=False)
    (agent,) = await engine.add_agents(1)
    first, second = await ring(engine, 2)
    engine.line.answer(first)
    engine.line.answer(second)
    await until(lambda: len(engine.line.apologised) == 1, what="one hears the apology")
    await until(lambda: agent.status.state is AgentState.TALKING, what="the other talks")
    (gone,) = engine.line.apologised
    row = await until_found(lambda: ended(engine, gone))
    assert row["outcome"] == Outcome.ABANDONED
    assert (row["ended_at"] - row["answered_at"]).total_seconds() >= ABANDON_AFTER_S
    await end_all(engine)


async def ended(engine: SmallEngine, call_id: str) -> asyncpg.Record | None:
    row = await engine.row(call_id)
    return row if row["state"] == "ended" else None


async def test_who_waits_gets_the_next_agent_who_becomes_free(engine: SmallEngine) -> None:
    """An agent who goes ready within the threshold takes the callee who has waited longest."""
    engine.start(dialing=False)
    (agent,) = await engine.add_agents(1, ready=False)
    first, second = await ring(engine, 2)
    engine.line.answer(first)
    await until(lambda: len(engine.desk.waiting) == 1, what="the first waits")
    engine.line.answer(second)
    await until(lambda: len(engine.desk.waiting) == 2, what="both wait")
    await engine.requests.ready(agent.agent_id)
    await until(lambda: engine.line.talking == [first], what="the first is joined")
    await end_all(engine)


async def test_an_answer_in_the_instant_in_which_the_agent_goes_not_ready_finds_another(engine: SmallEngine) -> None:
    """She is held, then not ready before the reservation is written: the next free agent takes the call."""
    engine.start(dialing=False)
    leaving, staying = await engine.add_agents(2)
    (call_id,) = await ring(engine)
    async with leaving.lock:  # her change is under way; the answer that chose her has to wait for it
        engine.line.answer(call_id)
        await until(lambda: leaving.held, what="she is chosen")
        asked = asyncio.create_task(engine.requests.not_ready(leaving.agent_id, "lunch"))
        await until(lambda: len(leaving.lock._waiters or ()) == 2, what="both wait for her")
        assert leaving.lock._waiters is not None
        leaving.lock._waiters.rotate()  # her own wish comes first
    await asked
    await until(lambda: staying.status.state is AgentState.TALKING, what="the other one talks")
    assert leaving.status.state is AgentState.NOT_READY
    await end_all(engine)


async def test_an_agent_held_for_a_step_that_can_not_be_written_is_let_go(engine: SmallEngine) -> None:
    """The row was changed behind our back: the call is given up, and the agent takes the next one."""
    engine.start(dialing=False, looking=False)
    (agent,) = await engine.add_agents(1)
    broken, next_one = await ring(engine, 2)
    await engine.db.execute("UPDATE attempt SET state = 'dialing' WHERE attempt_id = $1", broken)
    engine.line.answer(broken)
    await until(lambda: broken in engine.line.apologised, what="the callee hears a sentence")
    engine.line.answer(next_one)
    await until(lambda: agent.status.state is AgentState.TALKING, what="she takes the next call")


async def test_a_lost_leg_in_the_moment_of_joining_is_an_apology_and_no_stuck_agent(engine: SmallEngine) -> None:
    """Her telephone dies between the answer and the room: a sentence for the callee, not ready for her."""
    engine.start(dialing=False)
    (agent,) = await engine.add_agents(1)
    (call_id,) = await ring(engine)
    engine.line.answer(call_id)
    engine.line.telephones.clear()
    engine.line.end(engine.line.legs(agent.room)[0])
    await until(lambda: call_id in engine.line.apologised, what="the callee hears a sentence")
    await until(lambda: not engine.desk.calls, what="the call is over")
    await until(lambda: agent.status.state in (AgentState.NOT_READY, AgentState.WRAP_UP), what="she is out of it")
    await engine.assert_settled()


async def test_preview_whose_agent_is_lost_while_it_rings_goes_to_another(engine: SmallEngine) -> None:
    """She is let go at once, and the callee who answers is joined to who is free."""
    engine.start()
    await engine.town.person()
    (lost,) = await engine.add_agents(1)
    await preview_campaign(engine)
    await until(lambda: lost.status.state is AgentState.RESERVED, what="a person is on her screen")
    await engine.requests.preview_dial(lost.agent_id)
    await until(lambda: bool(engine.line.ringing), what="it rings")
    (call_id,) = engine.line.ringing
    (other,) = await engine.add_agents(1)
    engine.line.telephones.discard("1001")
    engine.line.end(engine.line.legs(lost.room)[0])
    await until(lambda: lost.status.state is AgentState.NOT_READY, what="she is let go while it rings")
    engine.line.answer(call_id)
    await until(lambda: other.status.state is AgentState.TALKING, what="the other one talks")
    await end_all(engine)


async def preview_campaign(engine: SmallEngine) -> None:
    campaign = await engine.town.campaign(name="プレビュー")
    await engine.change_campaign(campaign, "dial_mode", "preview")
    engine.placing.reload_soon()


async def test_a_preview_is_chosen_once(engine: SmallEngine) -> None:
    """Two clicks on "dial" dial once; "skip" after "dial" is refused in Japanese."""
    engine.start()
    await engine.town.person()
    (agent,) = await engine.add_agents(1)
    await preview_campaign(engine)
    await until(lambda: agent.status.state is AgentState.RESERVED, what="a person is on her screen")
    await engine.requests.preview_dial(agent.agent_id)
    for again in (engine.requests.preview_dial, engine.requests.preview_skip):
        with pytest.raises(RequestRefused, match="候補"):
            await again(agent.agent_id)
    await until(lambda: len(engine.line.ringing) == 1, what="it rings once")
    await end_all(engine)


@pytest.mark.parametrize("fault", [AmiError("Asterisk says no"), AmiTimeout("no answer")], ids=["refused", "silent"])
async def test_an_originate_that_fails_closes_its_row_and_is_never_repeated(
    engine: SmallEngine, fault: AmiError
) -> None:
    """Refused: at once. No answer: when Asterisk was looked at twice and has no such channel."""
    engine.start(dialing=False)
    engine.line.faults["dial"] = fault
    await engine.town.person()
    campaign = await engine.town.campaign()
    (one,) = await claim(engine.db, campaign, 1, Window.WEEKDAY, engine.clock.now())
    engine.desk.place(live_call_of(one, campaign, engine.clock.now()))
    row = await until_found(lambda: ended(engine, str(one.attempt_id)), within_s=8)
    assert row["outcome"] == Outcome.FAILED
    assert engine.line.dialed == []


async def test_a_check_that_fails_ends_the_claim(engine: SmallEngine) -> None:
    """The second check meets a defect: the person is not dialed and not held back."""
    engine.start(dialing=False)
    await engine.town.person()
    campaign = await engine.town.campaign()
    (one,) = await claim(engine.db, campaign, 1, Window.WEEKDAY, engine.clock.now())
    await engine.db.execute("ALTER TABLE calendar_day RENAME TO calendar_day_gone")
    engine.desk.place(live_call_of(one, campaign, engine.clock.now()))
    row = await until_found(lambda: ended(engine, str(one.attempt_id)))
    assert row["outcome"] == Outcome.CANCELLED
    assert engine.line.dialed == []


async def test_an_answer_that_can_not_be_written_in_time_is_an_apology(engine: SmallEngine) -> None:
    """A lock in the database holds the row: the callee hears the apology moments after the threshold."""
    engine.start(dialing=False)
    await engine.add_agents(1)
    (call_id,) = await ring(engine)
    async with engine.db.transaction():
        await engine.db.execute("SELECT FROM attempt WHERE attempt_id = $1 FOR UPDATE", call_id)
        engine.line.answer(call_id)
        await until(lambda: call_id in engine.line.apologised, within_s=ABANDON_AFTER_S + 1.5, what="a sentence")
    await end_all(engine)


async def test_a_clock_that_is_set_back_makes_nobody_wait_longer(engine: SmallEngine) -> None:
    """The answer was stamped an hour in the future: the apology still comes after the threshold."""
    engine.start(dialing=False)
    (call_id,) = await ring(engine)
    engine.line.answer(call_id)
    engine.clock.shift = -timedelta(hours=1)
    await until(lambda: call_id in engine.line.apologised, within_s=ABANDON_AFTER_S + 1.5, what="a sentence")
    await end_all(engine)


@pytest.fixture
async def wired(dsn: str, postgres_server: PrivatePostgres) -> AsyncIterator[tuple[Wire, SmallEngine]]:
    """An engine whose way to the database can be cut."""
    server = Path(parse_qs(urlsplit(postgres_server.dsn()).query)["host"][0])
    with tempfile.TemporaryDirectory(prefix="tsunagu-wire-") as folder:
        async with (
            wire_to(server, urlsplit(dsn).path.lstrip("/"), Path(folder)) as (wire, address),
            small_engine(dsn, address) as engine,
        ):
            yield wire, engine


async def test_a_commit_that_was_not_confirmed_is_recognised(wired: tuple[Wire, SmallEngine]) -> None:
    """The server commits a step of a call and the answer is lost: the call goes on as if it had come."""
    wire, engine = wired
    engine.start(dialing=False, looking=False)
    (agent,) = await engine.add_agents(1)
    (call_id,) = await ring(engine)
    wire.commits_to_lose = 1
    engine.line.answer(call_id)
    await until(lambda: agent.status.state is not AgentState.READY, what="she is reserved all the same")
    assert wire.lost == 1
    assert not agent.held
    await until(lambda: call_id in engine.line.apologised or call_id in engine.line.talking, what="he goes somewhere")
    wire.commits_to_lose = 1
    await engine.everybody_hangs_up()
    assert wire.lost == 2
    await engine.assert_settled()


async def test_a_database_that_goes_away_loses_no_step(wired: tuple[Wire, SmallEngine]) -> None:
    """It is away for a while in the middle of calls; afterwards every row tells the truth."""
    wire, engine = wired
    engine.start(dialing=False)
    agents = await engine.add_agents(3)
    calls = await ring(engine, 3)
    await wire.cut()
    for call_id in calls[:2]:
        engine.line.answer(call_id)
    engine.line.end(calls[2], 17)
    await until(lambda: len(engine.line.apologised) == 2, what="both hear a sentence meanwhile")
    wire.away = False
    await until(lambda: not engine.desk.calls, within_s=15, what="all calls are over")
    assert (await engine.row(calls[2]))["outcome"] == Outcome.BUSY
    assert {(await engine.row(c))["outcome"] for c in calls[:2]} == {Outcome.ABANDONED}
    assert [a.status.state for a in agents] == [AgentState.READY] * 3
    await engine.assert_settled()


async def test_callers_are_told_something_while_the_database_is_away(wired: tuple[Wire, SmallEngine]) -> None:
    """Who comes then hears the sentence at once; who waited already gets his agent when it is back."""
    wire, engine = wired
    engine.start(dialing=False, looking=False)
    await engine.town.campaign()
    waits = engine.line.come_in("0250000001", None)
    await until(lambda: engine.line.callers == [waits], what="he waits")
    await wire.cut()
    comes = engine.line.come_in("0250000001", None)
    await until(lambda: engine.line.said.get(comes) == "busy_desk", what="the sentence")
    wire.away = False
    wire.commits_to_lose = 0
    (agent,) = await engine.add_agents(1)
    await until(lambda: engine.line.talking == [waits], what="he talks")
    assert agent.status.state in (AgentState.RESERVED, AgentState.TALKING)
    wire.commits_to_lose = 1
    engine.line.end(waits)
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="her wrap-up, though the answer was lost")
    assert wire.lost == 1
    await engine.assert_settled()


async def test_a_server_that_shuts_down_in_mid_write_loses_no_step(engine: SmallEngine) -> None:
    """The backend is ended while it writes (what a restart of PostgreSQL does): the step is written afterwards."""
    engine.start(dialing=False, looking=False)
    (agent,) = await engine.add_agents(1)
    (call_id,) = await ring(engine)
    blocked = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'small engine' AND wait_event_type = 'Lock'"
    async with engine.db.transaction():
        await engine.db.execute("SELECT FROM attempt WHERE attempt_id = $1 FOR UPDATE", call_id)
        engine.line.answer(call_id)
        await until_found(lambda: engine.db.fetchval(blocked), what="the answer is being written")
        await throw_out(engine.db)
    await until(lambda: agent.status.state is not AgentState.READY, what="the answer is written")
    await end_all(engine)


_TALKED_TWICE = """
    SELECT count(*) FROM inbound_call
      JOIN attempt ON attempt.debtor_id = inbound_call.debtor_id
       AND attempt.dialed_at BETWEEN inbound_call.came_at AND inbound_call.ended_at
      JOIN call ON call.attempt_id = attempt.attempt_id AND call.joined_at IS NOT NULL
"""


async def throw_out(db: asyncpg.Connection) -> None:
    """What a restart of PostgreSQL does to its clients."""
    await db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'small engine' AND datname = current_database()"
    )


@pytest.mark.parametrize("seed", range(int(os.environ.get("SEEDS", "4"))))
async def test_no_order_of_events_shares_an_agent_or_leaves_anything_open(engine: SmallEngine, seed: int) -> None:
    """Random answers, hang-ups, agents coming and going, legs lost, connections cut: the rules hold, all is closed."""
    rng = random.Random(seed)
    engine.start()
    for _ in range(60):
        await engine.town.person()
    campaign = await engine.town.campaign()
    # some want an agent held, some one who speaks Nepali
    await engine.db.execute("UPDATE debtor_progress SET wants_waiting_agent = debtor_id % 4 = $1", seed % 4)
    await engine.db.execute("UPDATE debtor SET language = 'ne' WHERE debtor_id % 7 = 0")
    await engine.town.listed()
    await engine.change_campaign(campaign, "dial_mode", "fixed_ratio" if seed % 3 else "preview")
    await engine.change_campaign(campaign, "ratio", 2.0)
    agents = await engine.add_agents(4)
    agents[0].languages = ("ja", "ne")
    engine.placing.reload_soon()
    await until(lambda: bool(engine.desk.calls), what="the work begins")
    acts = ["answer"] * 6 + ["hang_up"] * 4 + ["ready"] * 4 + ["not_ready", "lose_leg", "dispose", "dispose", "preview"]
    acts += ["call_in"] * 2
    acts += ["cut"] if seed % 2 else []
    numbers = [row["number"] for row in await engine.db.fetch("SELECT number FROM debtor_phone ORDER BY number")]
    acts += [] if seed % 3 else ["preview"] * 8

    async def act(what: str) -> None:
        agent = rng.choice(agents)
        callees = [c for c in engine.line.up if not c.startswith("leg-")]
        match what:
            case "answer" if engine.line.ringing:
                engine.line.answer(rng.choice(engine.line.ringing))
            case "hang_up" if callees:
                engine.line.end(rng.choice(callees), rng.choice([16, 17, 1, 0]))
            case "ready":
                await engine.requests.ready(agent.agent_id)
            case "not_ready":
                await engine.requests.not_ready(agent.agent_id, "lunch")
            case "lose_leg" if engine.line.legs(agent.room):
                engine.line.end(engine.line.legs(agent.room)[0])
            case "dispose" if agent.status.call_id is not None:
                await engine.dispose(agent)
            case "preview":
                dial_mostly = [engine.requests.preview_dial] * 3 + [engine.requests.preview_skip]
                await rng.choice(dial_mostly)(agent.agent_id)
            case "call_in":
                engine.line.come_in("0250000001", rng.choice([*numbers, None]))
            case "cut":
                await throw_out(engine.db)
            case _:
                pass

    for _ in range(250):
        what = rng.choice(acts)
        asked = asyncio.create_task(act(what))
        # the connections are cut through a connection that others use too
        await asyncio.wait({asked}, timeout=None if what == "cut" else rng.choice([0.0, 0.01, 0.03]))
        asked.add_done_callback(_refusals_are_fine)
    await until_found(lambda: something_is_dialed(engine, agents), what="a call, whatever has happened")
    await engine.stop_campaign(campaign)
    for agent in agents:
        await until(lambda: agent.status.leg_up, what="every leg is laid again")  # noqa: B023
    await skip_previews(engine)
    await engine.everybody_hangs_up()
    await until(
        lambda: all(a.status.state not in (AgentState.RESERVED, AgentState.TALKING) for a in agents), what="all free"
    )
    await until(lambda: all(not a.lock.locked() for a in agents), what="nobody is being changed")
    await engine.assert_settled()
    assert len(engine.line.dialed) == len(set(engine.line.dialed)), "nobody was dialed twice"
    assert await engine.db.fetchval("SELECT count(*) FROM inbound_call WHERE ended_at IS NULL") == 0
    assert await engine.db.fetchval(_TALKED_TWICE) == 0, "nobody was dialed and joined while he called us"


def _refusals_are_fine(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and isinstance(error := task.exception(), Exception):
        assert isinstance(error, (RequestRefused, asyncpg.PostgresError, *DATABASE_AWAY)), error


async def something_is_dialed(engine: SmallEngine, agents: list[Agent]) -> bool:
    """Ask every agent to work on, and say whether anybody was dialed by now."""
    for agent in agents:
        if not engine.line.dialed:
            with contextlib.suppress(RequestRefused):
                await (engine.requests.preview_dial if agent.status.call_id else engine.requests.ready)(agent.agent_id)
    return bool(engine.line.dialed)


async def skip_previews(engine: SmallEngine) -> None:
    async def none_left() -> bool:
        for call in list(engine.desk.calls.values()):
            if call.is_preview and call.state is AttemptState.CLAIMED and call.agent is not None and not call.chosen:
                await engine.requests.preview_skip(call.agent.agent_id)
        return all(c.state is not AttemptState.CLAIMED for c in engine.desk.calls.values())

    await until_found(none_left, what="no preview on any screen")
