"""The counts of abandonment as they are kept up to date with the database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from campaigns.campaign import Campaign, load_campaign
from campaigns.detection import AbandonFrom, Detection
from campaigns.pacing import Pacing
from dialer.pacing.abandonment import Count
from dialer.pacing.standings import Standings
from tests.fixtures_pacing import past_attempt
from tests.fixtures_people import TUESDAY, Town

SECOND = timedelta(seconds=1)
PATIENT = Pacing(abandon_threshold_s=3.0)
FROM_VERDICT = Detection(True, AbandonFrom.VERDICT)


@pytest.mark.parametrize(
    ("columns", "change"),
    [
        ("abandon_threshold_s = 3.0", {"pacing": PATIENT}),
        ("amd = true, abandon_from = 'verdict'", {"detection": FROM_VERDICT}),
    ],
)
async def test_the_past_is_judged_by_what_is_set_now_and_at_once(
    db: asyncpg.Connection, columns: str, change: dict[str, Pacing | Detection]
) -> None:
    """Joined 2.5 s after the answer, 1 s after the verdict, two days ago: late before, in time now."""
    town = Town(db)
    await town.debt_types("city_tax")
    debtor_id, campaign_id = await town.person(), (await town.campaign()).campaign_id
    before: Campaign = await load_campaign(db, campaign_id)
    at = TUESDAY - timedelta(days=2)
    await past_attempt(db, campaign_id, debtor_id, at, outcome="answered", answered_after_s=9.0, joined_after_s=2.5)
    await db.execute("UPDATE attempt SET amd_status = 'human', amd_s = 1.5")
    standings = Standings(0.03)
    await standings.refresh(db, TUESDAY)
    assert standings.of(before, TUESDAY).month == Count(1, 1)
    await db.execute(f"UPDATE campaign SET {columns}")
    after = replace(before, **change)  # type: ignore[arg-type]
    standings.of(after, TUESDAY + SECOND)
    await standings.refresh(db, TUESDAY + SECOND)
    assert standings.of(after, TUESDAY + SECOND).month == Count(1, 0)
