"""A campaign that detects machines, with the engine on a real Asterisk: who is joined, and how long it takes."""

from __future__ import annotations

import pytest

from campaigns.detection import AbandonFrom, Detection
from tests.engine_site import EngineSite

pytestmark = pytest.mark.asterisk


async def test_a_person_is_joined_and_a_voicemail_takes_no_agent(site: EngineSite) -> None:
    """One agent, a machine and a person: she talks with the person, and both verdicts are kept with their seconds."""
    await site.network.driver.let_callees_listen(6)
    await site.start_engine()
    await site.seat_agents(2)
    await site.add_people(["006", "900"])
    await site.start_campaign(detection=Detection(amd=True, abandon_from=AbandonFrom.VERDICT))
    row = await site.until_row("SELECT * FROM attempt WHERE state = 'talking'")
    machine = await site.until_row("SELECT * FROM attempt WHERE outcome IS NOT NULL")
    (talking,) = [view for view in (await site.control.live())["agents"] if view["state"] == "talking"]
    assert talking["call_id"] == str(row["attempt_id"])
    assert row["number"].endswith("900")
    await site.control.hang_up(talking["agent_id"])
    await site.until_all_ended(2)

    assert (machine["outcome"], machine["amd_status"]) == ("machine", "machine")
    assert (row["amd_status"], row["amd_cause"].partition("-")[0]) == ("human", "HUMAN")
    for attempt in (row, machine):
        assert 1.0 < attempt["amd_s"] < 3.3
    joined = await site.until_row("SELECT joined_at, answered_at FROM call WHERE call_id = $1", row["attempt_id"])
    assert (joined["joined_at"] - joined["answered_at"]).total_seconds() < row["amd_s"] + 0.3
    recorded = await site.db.fetchval("SELECT started_at FROM recording WHERE call_id = $1", row["attempt_id"])
    assert recorded <= joined["answered_at"], "from the answer on, not from the verdict"
    await site.assert_no_drift()


async def test_without_detection_the_same_people_are_joined_at_once(site: EngineSite) -> None:
    """Off by default: a machine, too, meets the agent within moments."""
    await site.start_engine()
    await site.seat_agents(1)
    await site.add_people(["006"])
    await site.start_campaign()
    view = await site.agent_until(site.agents[0], state="talking")
    row = await site.until_row("SELECT * FROM call WHERE joined_at IS NOT NULL")
    assert (row["joined_at"] - row["answered_at"]).total_seconds() < 0.3
    assert await site.db.fetchval("SELECT amd_status FROM attempt") is None
    await site.control.hang_up(view["agent_id"])
    await site.until_all_ended(1)
    await site.assert_no_drift()
