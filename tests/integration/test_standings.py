"""The counts of abandonment as they are kept up to date with the database."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from campaigns.campaign import load_campaign
from dialer.pacing.abandonment import Count
from dialer.pacing.standings import Standings
from tests.fixtures_pacing import past_attempt
from tests.fixtures_people import TUESDAY, Town

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("columns", ["abandon_threshold_s = 3.0", "amd = true, abandon_from = 'verdict'"])
async def test_the_past_is_judged_by_what_is_set_now_and_at_once(db: asyncpg.Connection, columns: str) -> None:
    """Joined 2.5 s after the answer, 1 s after the verdict, two days ago: late before, in time now."""
    town = Town(db)
    await town.debt_types("city_tax")
    debtor_id, campaign_id = await town.person(), (await town.campaign()).campaign_id
    before = await load_campaign(db, campaign_id)
    at = TUESDAY - timedelta(days=2)
    await past_attempt(db, campaign_id, debtor_id, at, outcome="answered", answered_after_s=9.0, joined_after_s=2.5)
    await db.execute("UPDATE attempt SET amd_status = 'human', amd_s = 1.5")
    standings = Standings(0.03)
    await standings.refresh(db, TUESDAY)
    assert standings.of(before, TUESDAY).month == Count(1, 1)
    await db.execute(f"UPDATE campaign SET {columns}")
    after = await load_campaign(db, campaign_id)
    standings.of(after, TUESDAY + SECOND)
    await standings.refresh(db, TUESDAY + SECOND)
    assert standings.of(after, TUESDAY + SECOND).month == Count(1, 0)
