"""People who want an agent: she is held before they are dialed, whatever happens then."""

from __future__ import annotations

import asyncpg
import pytest

from campaigns.callbacks import agree
from dialer.agents.agent import Agent
from dialer.agents.machine import AgentState
from dialer.errors import RequestRefused
from tests.deadline import until
from tests.fixtures_floor import SmallEngine
from tests.integration.test_placing import campaign, settle, tick


async def touched(engine: SmallEngine) -> int:
    """A person whom an abandoned call touched."""
    debtor_id = await engine.town.person()
    await engine.town.listed()
    await engine.db.execute("UPDATE debtor_progress SET wants_waiting_agent = true WHERE debtor_id = $1", debtor_id)
    await engine.town.listed()
    return debtor_id


async def speaks(engine: SmallEngine, agent: Agent, *codes: str) -> None:
    await engine.db.execute("UPDATE agent SET languages = $2 WHERE agent_id = $1", agent.agent_id, list(codes))
    await engine.floor.refresh(engine.db)


async def test_whoever_an_abandoned_call_touched_is_dialed_with_an_agent_held(engine: SmallEngine) -> None:
    """She is reserved before it rings, the answer is hers, and nobody else's readiness is spoken for."""
    debtor_id = await touched(engine)
    await campaign(engine, 0)
    first, second = await engine.add_agents(2)
    await tick(engine)
    assert (first.status.state, first.debtor_id) == (AgentState.RESERVED, debtor_id)
    await until(lambda: len(engine.line.ringing) == 1, what="it rings at once, without a click")
    (call,) = engine.desk.calls.values()
    (work,) = engine.placing.campaigns.values()
    assert engine.placing.snapshot(work.campaign).pending == []
    assert (await engine.row(call.call_id))["agent_id"] == first.agent_id
    engine.line.answer(str(call.call_id))
    await until(lambda: first.status.state is AgentState.TALKING, what="the held one talks")
    assert second.status.state is AgentState.READY
    await engine.everybody_hangs_up()
    await until(lambda: first.status.state is AgentState.WRAP_UP, what="the wrap-up")
    await engine.assert_settled()


@pytest.mark.parametrize("cause", [17, 19], ids=["busy", "no answer"])
async def test_a_held_agent_is_ready_again_when_nobody_answers(engine: SmallEngine, cause: int) -> None:
    """She loses the time that it rang, and nothing else."""
    await touched(engine)
    await campaign(engine, 0)
    (agent,) = await engine.add_agents(1)
    await tick(engine)
    await until(lambda: len(engine.line.ringing) == 1, what="it rings")
    engine.line.end(engine.line.ringing[0], cause)
    await until(lambda: agent.status.state is AgentState.READY, what="she is ready again")
    await engine.assert_settled()


async def test_who_is_touched_is_left_alone_while_nobody_is_free(engine: SmallEngine) -> None:
    """Dialing with the hope that somebody becomes free is what happened to this person before."""
    await touched(engine)
    await campaign(engine, 0)
    (agent,) = await engine.add_agents(1, ready=False)
    await tick(engine)
    assert engine.desk.calls == {}
    (work,) = engine.placing.campaigns.values()
    assert "待つ人がいます" in work.because
    await engine.requests.ready(agent.agent_id)
    await tick(engine)
    assert agent.status.state is AgentState.RESERVED
    await engine.everybody_hangs_up()


async def test_a_held_call_takes_no_agent_from_those_who_ring_already(engine: SmallEngine) -> None:
    """One agent, one call that rings: its answer is promised to her."""
    await campaign(engine, 1)
    (agent,) = await engine.add_agents(1)
    await tick(engine)
    await settle(engine)
    (ringing,) = engine.line.ringing
    await touched(engine)
    await tick(engine)
    assert agent.is_free
    assert engine.line.ringing == [ringing]
    engine.line.end(ringing, 19)
    await until(lambda: not engine.desk.calls, what="it was in vain")
    await tick(engine)
    assert agent.status.state is AgentState.RESERVED, "now she is free for the other one"
    await until(lambda: len(engine.line.ringing) == 1, what="it rings")
    await engine.everybody_hangs_up()


async def test_those_who_want_an_agent_come_before_all_others_of_a_look(engine: SmallEngine) -> None:
    """Two agents, one held, and one ordinary call for the other."""
    debtor_id = await touched(engine)
    await campaign(engine, 5)
    agents = await engine.add_agents(2)
    await tick(engine)
    await settle(engine)
    assert sorted(a.status.state for a in agents) == [AgentState.READY, AgentState.RESERVED]
    held = [c.debtor_id for c in engine.desk.calls.values() if c.agent is not None]
    assert (held, len(engine.desk.calls)) == ([debtor_id], 2)
    await until(lambda: len(engine.line.ringing) == 2, what="both ring")
    await engine.everybody_hangs_up()


async def test_a_person_who_needs_a_language_is_dialed_for_who_speaks_it(engine: SmallEngine) -> None:
    """Nepali: only while such an agent is ready (CALL-11)."""
    debtor_id = await engine.town.person()
    await engine.db.execute("UPDATE debtor SET language = 'ne'")
    await campaign(engine, 0)
    await engine.add_agents(1)
    await tick(engine)
    assert engine.desk.calls == {}
    (speaker,) = await engine.add_agents(1)
    await speaks(engine, speaker, "ja", "ne")
    await tick(engine)
    assert (speaker.status.state, speaker.debtor_id) == (AgentState.RESERVED, debtor_id)
    await until(lambda: len(engine.line.ringing) == 1, what="it rings")
    await engine.everybody_hangs_up()


async def test_an_agreed_hour_with_a_name_waits_for_that_agent(engine: SmallEngine) -> None:
    """The others are free and are not taken for it; she is, before she is taken for anybody else."""
    debtor_id = await engine.town.person()
    await campaign(engine, 0)
    others = await engine.add_agents(2)
    (named,) = await engine.add_agents(1, ready=False)
    now = engine.clock.now()
    await agree(engine.db, debtor_id, now, named.agent_id, None, now)
    for _ in range(2):
        await tick(engine)
    assert [a.status.state for a in others] == [AgentState.READY] * 2
    await touched(engine)
    await engine.requests.ready(named.agent_id)
    await tick(engine)
    assert named.debtor_id == debtor_id
    assert others[0].status.state is AgentState.RESERVED, "the touched one has the longest idle of the others"
    await until(lambda: len(engine.line.ringing) == 2, what="both ring")
    await engine.everybody_hangs_up()


async def test_in_preview_they_come_to_the_screen_of_the_fitting_agent(engine: SmallEngine) -> None:
    """Nothing is dialed before her click."""
    debtor_id = await engine.town.person()
    await engine.db.execute("UPDATE debtor SET language = 'vi'")
    await campaign(engine, 3, dial_mode="preview")
    plain, speaker = await engine.add_agents(2)
    await speaks(engine, speaker, "ja", "vi")
    await tick(engine)
    assert speaker.debtor_id == debtor_id
    assert plain.debtor_id not in (None, debtor_id)
    assert engine.line.dialed == []
    await engine.requests.preview_dial(speaker.agent_id)
    await until(lambda: len(engine.line.ringing) == 1, what="it rings")
    await engine.requests.preview_skip(plain.agent_id)
    await engine.everybody_hangs_up()


async def test_a_call_that_is_dialed_at_once_is_no_preview(engine: SmallEngine) -> None:
    """A page that asks to dial or skip it is refused: it is dialed once."""
    await touched(engine)
    await campaign(engine, 0)
    (agent,) = await engine.add_agents(1)
    await tick(engine)
    for choose in (engine.requests.preview_dial, engine.requests.preview_skip):
        with pytest.raises(RequestRefused, match="候補"):
            await choose(agent.agent_id)
    await until(lambda: len(engine.line.ringing) == 1, what="it rings once")
    await engine.everybody_hangs_up()
    await engine.assert_settled()


async def test_a_held_agent_who_is_lost_leaves_the_callee_to_another(engine: SmallEngine) -> None:
    """She is not left reserved; who answers is joined to the one who fits best of those who are free."""
    await engine.town.person()
    await engine.db.execute("UPDATE debtor SET language = 'ne'")
    await campaign(engine, 0)
    (lost,) = await engine.add_agents(1)
    await speaks(engine, lost, "ja", "ne")
    await tick(engine)
    await until(lambda: len(engine.line.ringing) == 1, what="it rings")
    _, speaker = await engine.add_agents(2)
    await speaks(engine, speaker, "ja", "ne")
    engine.line.telephones.discard(str(lost.extension))
    engine.line.end(engine.line.legs(lost.room)[0])
    await until(lambda: lost.status.state is AgentState.NOT_READY, what="she is let go")
    (call_id,) = engine.line.ringing
    engine.line.answer(call_id)
    await until(lambda: speaker.status.state is AgentState.TALKING, what="the other one who speaks it talks")
    await engine.everybody_hangs_up()
    await engine.assert_settled()


async def test_a_held_agent_who_is_lost_and_nobody_else_means_a_sentence(engine: SmallEngine) -> None:
    """Never silence; the person wants a waiting agent the next time too."""
    debtor_id = await touched(engine)
    await campaign(engine, 0)
    (lost,) = await engine.add_agents(1)
    await tick(engine)
    await until(lambda: len(engine.line.ringing) == 1, what="it rings")
    (call_id,) = engine.line.ringing
    engine.line.telephones.discard(str(lost.extension))
    engine.line.end(engine.line.legs(lost.room)[0])
    await until(lambda: lost.status.state is AgentState.NOT_READY, what="she is let go")
    engine.line.answer(call_id)
    await until(lambda: engine.line.apologised == [call_id], what="a sentence")
    await until(lambda: not engine.desk.calls, what="it is over")
    query = "SELECT wants_waiting_agent FROM debtor_progress WHERE debtor_id = $1"
    assert await engine.db.fetchval(query, debtor_id)
    await engine.assert_settled()


async def test_a_held_agent_can_not_leave_and_goes_not_ready_afterwards(engine: SmallEngine) -> None:
    """Log-out is refused while it rings for her; her wish to rest is kept."""
    await touched(engine)
    await campaign(engine, 0)
    (agent,) = await engine.add_agents(1)
    await tick(engine)
    await until(lambda: len(engine.line.ringing) == 1, what="it rings")
    with pytest.raises(RequestRefused, match="通話"):
        await engine.requests.leave_seat(agent.agent_id)
    await engine.requests.not_ready(agent.agent_id, "lunch")
    await engine.everybody_hangs_up()
    await until(lambda: agent.status.state is AgentState.NOT_READY, what="she rests")


async def test_a_restarted_engine_finds_the_agent_who_was_held(engine: SmallEngine) -> None:
    """It rings for her while the engine dies: the next one lets her go when it was in vain."""
    await touched(engine)
    await campaign(engine, 0)
    (agent,) = await engine.add_agents(1)
    await tick(engine)
    await until(lambda: len(engine.line.ringing) == 1, what="it rings")
    (call_id,) = engine.line.ringing
    second = SmallEngine(engine.pool, engine.db, engine.town, engine.clock, engine.line)
    try:
        await second.floor.load(second.db)
        second.start(dialing=False, looking=False)
        await second.reconciliation.after_connect()
        hers = second.floor.find(agent.agent_id)
        assert hers is not None
        (adopted,) = second.desk.calls.values()
        assert (str(adopted.call_id), adopted.agent) == (call_id, hers)
        second.line.end(call_id, 19)
        await until(lambda: hers.status.state is AgentState.READY, what="she is ready again")
        await second.assert_settled()
    finally:
        await second.close()


async def test_a_claim_for_a_held_agent_that_fails_lets_her_go(engine: SmallEngine) -> None:
    """Nobody is found for her, or the database breaks off: who waits gets her."""
    await touched(engine)
    await campaign(engine, 0)
    (agent,) = await engine.add_agents(1)
    await engine.placing._reload()
    (work,) = engine.placing.campaigns.values()
    assert work.wanted == {"any"}
    await engine.db.execute("ALTER TABLE attempt RENAME TO attempt_gone")
    with pytest.raises(asyncpg.PostgresError):
        await engine.placing._serve(work)
    assert agent.is_free
    await engine.db.execute("ALTER TABLE attempt_gone RENAME TO attempt")
    await engine.db.execute("UPDATE debtor_progress SET wants_waiting_agent = false")
    await engine.town.listed()
    work.pause_until_s = engine.clock.monotonic_s() + 60  # only those who want somebody
    await engine.placing._serve(work)
    assert agent.is_free
    assert work.wanted == frozenset()
