"""Calls that come in, with the engine on a real Asterisk: who talks with whom, what is heard, what is recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.calendar import jst_date
from campaigns.model import E164, DialMode
from tests.asterisk.sound import AGENT_HZ, CALLEE_HZ, heard_for_s
from tests.deadline import until
from tests.engine_site import CLOCK, EngineSite

pytestmark = pytest.mark.asterisk

OURS = "0250000001"
STRANGER = E164("+819099990000")


async def until_waiting(site: EngineSite, count: int = 1) -> None:
    """Wait until so many callers wait, by the rows and by Asterisk."""
    await site.until_row("SELECT 1 FROM inbound_call WHERE state = 'answered' HAVING count(*) = $1", count)
    await site.until_waiting_channels(count)


async def until_heard(file: Path, hz: int) -> None:
    """Wait until a recording that is being written has a second of this tone."""
    await until(lambda: file.exists() and heard_for_s(file, hz) > 1.0, what=f"{hz} Hz in {file.name}")


async def test_a_caller_talks_with_the_free_agent_and_both_are_recorded(site: EngineSite) -> None:
    """The person is on her screen; she hangs up, enters a result, and the person has left the list."""
    await site.start_engine()
    await site.seat_agents(1)
    (debtor_id,) = await site.add_people(["900"])
    await site.start_campaign()
    agent_id = site.agents[0]
    first = await site.agent_until(agent_id, state="talking")
    await site.control.not_ready(agent_id, "break")
    await site.control.hang_up(agent_id)
    await site.agent_until(agent_id, state="wrap_up")
    await site.dispose(agent_id, first["call_id"], "no_conversation")
    await site.control.ready(agent_id)
    call_id = await site.network.driver.ring_back(site.numbers[0], talk_s=0)
    talking = await site.agent_until(agent_id, state="talking")
    assert talking["debtor_id"] == debtor_id
    (call,) = [c for c in (await site.control.live())["calls"] if c["call_id"] == talking["call_id"]]
    assert call["direction"] == "inbound"
    for side, hz in (("callee", CALLEE_HZ), ("agent", AGENT_HZ)):
        await until_heard(site.settings.spool / f"{talking['call_id']}-{side}.wav", hz)
    await site.control.hang_up(agent_id)
    await site.agent_until(agent_id, state="wrap_up")
    caller = site.network.driver.ring_backs[call_id]
    await until(lambda: caller.ended_at is not None, what="the agent's hang-up ends the caller")
    await site.dispose(agent_id, talking["call_id"], "contact_person")
    row = await site.until_row("SELECT * FROM call WHERE direction = 'inbound' AND disposition IS NOT NULL")
    assert (row["debtor_id"], row["agent_id"], row["ended_by"]) == (debtor_id, agent_id, "agent")
    assert await site.db.fetchval("SELECT contacted_at IS NOT NULL FROM debtor_progress")
    await site.assert_no_drift()


async def test_who_waits_gets_the_agent_before_a_callee_who_has_answered(site: EngineSite) -> None:
    """She was away while two people were dialed; when she is back, the caller is hers and the callees are abandoned."""
    await site.start_engine()
    await site.seat_agents(1)
    await site.add_people(["930", "930"])  # ring 3 s, then stay
    await site.start_campaign(DialMode.FIXED_RATIO, ratio=2.0)
    agent_id = site.agents[0]
    await site.until_row("SELECT 1 FROM attempt WHERE state = 'ringing' HAVING count(*) = 2")
    await site.control.not_ready(agent_id, "break")
    await site.network.driver.call_in(STRANGER, OURS, talk_s=0)
    await until_waiting(site)
    await site.until_row("SELECT 1 FROM attempt WHERE state = 'answered'")
    await site.control.ready(agent_id)
    talking = await site.agent_until(agent_id, state="talking")
    assert talking["debtor_id"] is None
    assert await site.db.fetchval("SELECT direction FROM call WHERE call_id = $1", talking["call_id"]) == "inbound"
    await site.until_row("SELECT 1 FROM attempt WHERE outcome = 'abandoned' HAVING count(*) = 2")
    await site.control.hang_up(agent_id)
    await site.agent_until(agent_id, state="wrap_up")
    await site.assert_no_drift()


async def test_our_call_that_rings_at_the_caller_is_hung_up(site: EngineSite) -> None:
    """He calls us while his telephone rings by our call: one talk, and no second call to him meanwhile."""
    await site.start_engine()
    await site.seat_agents(2)
    (debtor_id,) = await site.add_people(["904"])  # rings until we give up
    await site.start_campaign(ring_timeout_s=60)
    await site.until_row("SELECT 1 FROM attempt WHERE state = 'ringing'")
    await site.network.driver.ring_back(site.numbers[0], talk_s=0)
    row = await site.until_row("SELECT agent_id, call_id FROM agent WHERE state = 'talking'")
    attempt = await site.until_row("SELECT outcome, debtor_id FROM attempt WHERE ended_at IS NOT NULL")
    assert (attempt["outcome"], attempt["debtor_id"]) == ("cancelled", debtor_id)
    assert await site.db.fetchval("SELECT debtor_id FROM call WHERE call_id = $1", row["call_id"]) == debtor_id
    await site.control.hang_up(row["agent_id"])
    await site.agent_until(row["agent_id"], state="wrap_up")
    assert site.network.driver.offers.offered_count == 1
    await site.assert_no_drift()


async def test_outside_the_hours_the_office_is_closed_and_nothing_is_recorded(site: EngineSite) -> None:
    """IN-3: the sentence, hang-up, no row and no recording; the agent stays as she is."""
    await site.start_engine()
    await site.seat_agents(1)
    await site.start_campaign()
    await site.db.execute("INSERT INTO calendar_day VALUES ($1, 'closed', '休業')", jst_date(CLOCK.now()))
    call_id = await site.network.driver.call_in(STRANGER, OURS, talk_s=0)
    caller = site.network.driver.ring_backs[call_id]
    await until(lambda: caller.ended_at is not None, within_s=30.0, what="the sentence is over")
    assert caller.answered_at is not None
    assert caller.ended_at is not None
    assert (caller.ended_at - caller.answered_at).total_seconds() > 10.0, "he has heard it to its end"
    assert await site.db.fetchval("SELECT (SELECT count(*) FROM inbound_call) + (SELECT count(*) FROM recording)") == 0
    assert list(site.settings.spool.iterdir()) == []
    assert (await site.agent(site.agents[0]))["state"] == "ready"
    await site.assert_no_drift()


async def test_a_killed_engine_finds_who_waits_again(site: EngineSite) -> None:
    """kill -9: who waits hears on, one who hangs up meanwhile is closed, and the other gets the next agent."""
    await site.start_engine(own_process=True)
    await site.seat_agents(1, ready=False)
    await site.start_campaign()
    await site.network.driver.call_in(STRANGER, OURS, talk_s=0)
    leaves = await site.network.driver.call_in(E164("+819099990001"), OURS, talk_s=0)
    await until_waiting(site, 2)
    await site.kill_engine()
    await site.network.driver.hang_up(leaves)
    await site.until_waiting_channels(1)
    await site.start_engine(own_process=True)
    await site.until_row("SELECT 1 FROM inbound_call WHERE state = 'ended'")
    await site.control.ready(site.agents[0])
    await site.agent_until(site.agents[0], state="talking")
    assert (await site.control.health()).drift == 0
    await site.control.hang_up(site.agents[0])
    await site.agent_until(site.agents[0], state="wrap_up")
    await site.until_row("SELECT 1 FROM inbound_call WHERE state = 'ended' HAVING count(*) = 2")
    await site.assert_no_drift()
