"""What is true after something died in mid-call: nobody is dialed twice, nothing is lost, rows tell the truth."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.model import DialMode
from tests.engine_site import CLOCK, EngineSite
from tests.fixtures_pacing import past_attempt

pytestmark = pytest.mark.asterisk


async def test_a_killed_engine_finds_its_calls_again(site: EngineSite) -> None:
    """kill -9 while one call talks, one rings and one ends meanwhile: calls go on, rows get what really happened."""
    await site.start_engine(own_process=True)
    await site.seat_agents(2)
    # talks until we hang up; talks 5 s, so it ends while nobody watches
    await site.add_people(["900", "100"])
    await site.start_campaign(ring_timeout_s=20)
    for agent_id in site.agents[:2]:
        await site.agent_until(agent_id, state="talking")
    await site.kill_engine()
    offers = site.network.driver.offers
    await site.until(lambda: offers.open_count == 1, what="the short call ends without an engine")
    await site.start_engine(own_process=True)
    ended = await site.until_row("SELECT * FROM attempt WHERE ended_at IS NOT NULL")
    carrier_end = next(o.ended_at for o in offers.calls.values() if o.ended_at is not None)
    assert ended["outcome"] == "answered"
    assert ended["hangup_cause"] == 16
    assert abs((ended["ended_at"] - carrier_end).total_seconds()) < 0.5, "the end is when it ended, not when we looked"
    talking = await site.until_row("SELECT agent_id, call_id FROM agent WHERE state = 'talking'")
    wrap_up = await site.until_row("SELECT agent_id, call_id FROM agent WHERE state = 'wrap_up'")
    await site.dispose(wrap_up["agent_id"], str(wrap_up["call_id"]))
    await site.control.hang_up(talking["agent_id"])
    rows = await site.until_all_ended(2)
    assert [r["outcome"] for r in rows] == ["answered", "answered"]
    assert offers.offered_count == 2, "nobody was dialed twice"
    await site.assert_no_drift()


async def test_an_engine_killed_while_it_rings_says_what_became_of_the_call(site: EngineSite) -> None:
    """The callee answers while the engine is dead: she hears the apology, and the row says abandoned."""
    await site.start_engine(own_process=True)
    await site.seat_agents(1)
    await site.add_people(["930"])  # rings 3 s, then talks until we hang up
    await site.start_campaign(ring_timeout_s=20)
    await site.until_row("SELECT 1 FROM attempt WHERE state = 'ringing'")
    await site.kill_engine()
    offers = site.network.driver.offers
    await site.until(
        lambda: offers.answered_count == 1 and offers.open_count == 0, within_s=30, what="the apology ends"
    )
    await site.start_engine(own_process=True)
    (attempt,) = await site.until_all_ended(1)
    assert attempt["outcome"] == "abandoned"
    assert attempt["answered_at"] is not None
    assert offers.offered_count == 1
    await site.assert_no_drift()


async def test_a_killed_asterisk_ends_its_calls_and_comes_back(site: EngineSite) -> None:
    """kill -9 of Asterisk in mid-call: the row is closed, the agent enters her result, legs are laid again."""
    await site.start_engine()
    await site.seat_agents(2)
    await site.add_people(["900"])
    await site.start_campaign()
    row = await site.until_row("SELECT agent_id, call_id FROM agent WHERE state = 'talking'")
    await site.network.kill_pbx()
    for offer in site.network.driver.offers.calls.values():
        await site.network.driver.hang_up(offer.uniqueid)  # no BYE comes from the dead: the person hangs up
    await site.network.start_pbx()
    (attempt,) = await site.until_all_ended(1)
    assert attempt["outcome"] == "answered"
    assert attempt["ended_by"] == "lost"
    await site.agent_until(row["agent_id"], state="wrap_up", leg_up=True, within_s=60)
    await site.dispose(row["agent_id"], str(row["call_id"]))
    for agent_id in site.agents[:2]:
        await site.agent_until(agent_id, leg_up=True, within_s=60)
        await site.control.ready(agent_id)
    await site.add_people(["000"])
    await site.until_all_ended(2)
    assert site.network.driver.offers.offered_count == 2
    await site.assert_no_drift()


async def test_ami_lost_in_mid_action_never_sends_a_second_originate(site: EngineSite) -> None:
    """The connection is cut again and again while calls are placed: each attempt reaches the carrier at most once."""
    await site.start_engine()
    await site.seat_agents(4)
    await site.add_people([f"0{n % 3}0" for n in range(24)])
    await site.start_campaign(DialMode.FIXED_RATIO, ratio=3.0)
    answering = site.answer_for_agents()
    for _ in range(4):
        offered = site.network.driver.offers.offered_count
        await site.until(lambda: site.network.driver.offers.offered_count > offered, within_s=30, what="calls go on")  # noqa: B023
        await site.cut_ami()
        await site.until_connected()
    rows = await site.until_all_ended(24, within_s=90)
    answering.cancel()
    offers = site.network.driver.offers
    assert max(offers.per_number().values()) == 1
    reached = {row["number"] for row in rows if row["outcome"] != "failed"}
    assert reached <= set(offers.per_number()), "a row says that the line was reached, and it was"
    await site.assert_no_drift()


async def test_an_engine_killed_while_it_dials_ahead_goes_on_where_it_was(site: EngineSite) -> None:
    """kill -9 in predictive mode with more calls ringing than agents: who answers meanwhile hears the apology and
    counts as abandoned, nobody is dialed twice, and the next engine dials ahead again from its first decision."""
    people = await site.add_people(["150", "004", "004"] * 5)  # one of three answers, after 5 s
    (earlier,) = await site.add_people(["004"])
    await site.db.execute("DELETE FROM debt_item WHERE debtor_id = $1", earlier)  # called before, owes nothing any more
    await site.start_campaign(DialMode.PREDICTIVE, ring_timeout_s=8)
    to, now = (site.db, site.campaign_id, earlier), CLOCK.now()
    for hours_ago in range(12, 0, -1):
        at = now - timedelta(hours=hours_ago)
        await past_attempt(
            *to, at, outcome="answered", answered_after_s=5.0, joined_after_s=0.1, lasted_s=5.0, wrap_s=1.0, times=30
        )
        await past_attempt(*to, at, outcome="no_answer", lasted_s=8.0, times=60)
    await site.start_engine(own_process=True)
    await site.seat_agents(4)
    ahead = "SELECT 1 FROM attempt WHERE state = 'ringing' AND claimed_at > $1 HAVING count(*) > 4"
    await site.until_row(ahead, now)
    await site.kill_engine()
    offers = site.network.driver.offers
    await site.until(lambda: offers.open_count == 0, within_s=40, what="everybody who rang is off the line")
    assert offers.answered_count > 0, "somebody answered while the engine was dead"
    restarted_at = CLOCK.now()
    await site.start_engine(own_process=True)
    answering = site.answer_for_agents()
    await site.until_row(ahead, restarted_at)
    (seen,) = (await site.control.live())["campaigns"]
    assert "まもなく空く" in seen["because"], "it forecasts, and doesn't begin anew"
    await site.until_all_ended(12 * 90 + len(people), within_s=90)
    answering.cancel()
    assert max(offers.per_number().values()) == 1
    assert await site.db.fetchval("SELECT count(*) FROM attempt WHERE outcome = 'abandoned'") >= 1
    await site.assert_no_drift()
