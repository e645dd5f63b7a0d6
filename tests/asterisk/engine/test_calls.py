"""Calls from the claim to the result, on a real Asterisk with a simulated network."""

from __future__ import annotations

import asyncio

import pytest

from campaigns.model import DialMode
from tests.engine_site import EngineSite

pytestmark = pytest.mark.asterisk


async def test_an_answered_call_is_joined_to_the_ready_agent(site: EngineSite) -> None:
    """The whole way: claim, Originate, answer, room, hang-up, wrap-up, result, ready again."""
    await site.start_engine()
    await site.seat_agents(1)
    await site.add_people(["000"])
    await site.start_campaign()
    agent_id = site.agents[0]
    talking = await site.agent_until(agent_id, state="talking")
    await site.agent_until(agent_id, state="wrap_up")
    await site.dispose(agent_id, talking["call_id"], "promise", promise={"due_on": "2099-01-31"})
    await site.agent_until(agent_id, state="ready")
    (attempt,) = await site.until_all_ended(1)
    assert attempt["outcome"] == "answered"
    assert attempt["talked_to"] == agent_id
    assert attempt["disposition"] == "promise"
    assert attempt["answered_at"] <= attempt["joined_at"] <= attempt["ended_at"]
    await site.assert_no_drift()


async def test_each_ending_of_the_line_becomes_its_outcome(site: EngineSite) -> None:
    """Busy, no answer, unallocated, congestion, rejected, and a callee who hangs up at once."""
    await site.start_engine()
    await site.seat_agents(4)
    await site.add_people(["003", "004", "005", "007", "008", "009"])
    await site.start_campaign(ring_timeout_s=5)
    rows = await site.until_all_ended(6)
    outcomes = {row["number"][-1]: row["outcome"] for row in rows}
    expected = {"3": "busy", "4": "no_answer", "5": "invalid_number", "7": "congestion", "8": "rejected"}
    assert expected == {digit: outcome for digit, outcome in outcomes.items() if digit != "9"}
    assert outcomes["9"] in ("answered", "hung_up_early")
    assert {row["hangup_cause"] for row in rows if row["outcome"] == "busy"} == {17}
    dead = await site.db.fetchval("SELECT dead_at IS NOT NULL FROM phone WHERE number LIKE '%005'")
    assert dead, "a number that is not in service is not dialed again"
    await site.assert_no_drift()


async def test_nobody_free_means_an_apology_within_the_threshold(site: EngineSite) -> None:
    """Two answers for one agent: the second hears the apology, is abandoned, and wants a waiting agent next time."""
    await site.start_engine()
    await site.seat_agents(1)
    await site.add_people(["900", "900"])
    await site.start_campaign(DialMode.FIXED_RATIO, ratio=2.0)
    await site.agent_until(site.agents[0], state="talking")
    row = await site.until_row("SELECT * FROM attempt WHERE outcome = 'abandoned'")
    waited_s = (row["ended_at"] - row["answered_at"]).total_seconds()
    assert waited_s > site.settings.abandon_after_s, "the apology comes after the threshold"
    wants = await site.db.fetchval(
        "SELECT wants_waiting_agent FROM debtor_progress WHERE debtor_id = $1", row["debtor_id"]
    )
    assert wants
    await site.control.hang_up(site.agents[0])
    await site.until_all_ended(2)
    await site.assert_no_drift()


async def test_whoever_an_abandoned_call_touched_is_called_again_with_an_agent_held(site: EngineSite) -> None:
    """She is reserved while it rings and joined at the answer: this time nobody hears an apology."""
    await site.start_engine()
    await site.seat_agents(1)
    await site.add_people(["900", "900"])
    await site.start_campaign(DialMode.FIXED_RATIO, ratio=2.0)
    await site.db.execute("INSERT INTO retry_rule VALUES ($1, 'abandoned', 0)", site.campaign_id)
    agent_id = site.agents[0]
    first = await site.agent_until(agent_id, state="talking")
    touched = await site.until_row("SELECT debtor_id FROM attempt WHERE outcome = 'abandoned'")
    await site.control.hang_up(agent_id)
    await site.agent_until(agent_id, state="wrap_up")
    await site.dispose(agent_id, first["call_id"])
    held = await site.until_row(
        "SELECT attempt_id, dialed_at FROM attempt WHERE debtor_id = $1 AND agent_id = $2 AND dialed_at IS NOT NULL",
        touched["debtor_id"],
        agent_id,
    )
    talking = await site.agent_until(agent_id, state="talking", call_id=str(held["attempt_id"]))
    assert talking["debtor_id"] == touched["debtor_id"]
    query = "SELECT since FROM agent_time WHERE agent_id = $1 AND state = 'reserved' ORDER BY since DESC LIMIT 1"
    assert await site.db.fetchval(query, agent_id) <= held["dialed_at"], "reserved before it rang"
    await site.control.hang_up(agent_id)
    rows = await site.until_all_ended(3)
    assert sorted(row["outcome"] for row in rows) == ["abandoned", "answered", "answered"]
    await site.assert_no_drift()


async def test_the_callee_of_a_lost_agent_hears_a_sentence_and_the_agent_enters_the_result(site: EngineSite) -> None:
    """The agent's telephone dies in mid-call: Asterisk apologises, she is in wrap-up and then not ready."""
    await site.start_engine()
    await site.seat_agents(1)
    await site.add_people(["900"])
    await site.start_campaign()
    view = await site.agent_until(site.agents[0], state="talking")
    leg = await site.db.fetchval("SELECT leg_id FROM agent WHERE agent_id = $1", site.agents[0])
    await site.network.pbx.console(f"channel request hangup {await site.channel_of(leg)}")
    (attempt,) = await site.until_all_ended(1)
    assert attempt["outcome"] == "answered"
    assert attempt["ended_by"] == "agent"
    await site.agent_until(site.agents[0], state="wrap_up", leg_up=True)
    await site.dispose(site.agents[0], view["call_id"])
    await site.agent_until(site.agents[0], state="not_ready", reason="phone_lost")
    await site.assert_no_drift()


async def test_preview_dials_only_when_the_agent_says_so(site: EngineSite) -> None:
    """The person is on the screen first; skip leaves her for later, dial joins that very agent."""
    await site.start_engine()
    await site.seat_agents(1)
    await site.add_people(["000", "900"])
    await site.start_campaign(DialMode.PREVIEW)
    agent_id = site.agents[0]
    first = await site.agent_until(agent_id, state="reserved")
    assert site.network.driver.offers.offered_count == 0
    await site.control.preview(agent_id, "skip")
    second = await site.until_other_call(agent_id, first["call_id"])
    assert second["debtor_id"] != first["debtor_id"]
    await site.control.preview(agent_id, "dial")
    await site.agent_until(agent_id, state="talking")
    await site.control.hang_up(agent_id)
    rows = await site.until_all_ended(2)
    assert [row["outcome"] for row in rows] == ["cancelled", "answered"]
    await site.assert_no_drift()


async def test_a_port_probe_on_fastagi_disturbs_no_call(site: EngineSite) -> None:
    """Connections that open and close, or talk nonsense, while a call is answered and joined."""
    await site.start_engine()
    await site.seat_agents(1)
    await site.add_people(["010"])
    await site.start_campaign()
    for nonsense in (b"", b"GET / HTTP/1.0\r\n\r\n", b"\x00" * 5000):
        _, writer = await asyncio.open_connection("127.0.0.1", site.settings.agi_port)
        writer.write(nonsense)
        writer.close()
    await site.agent_until(site.agents[0], state="talking")
    await site.until_all_ended(1)
    await site.assert_no_drift()
