"""What the pacing expected and what came, from one engine to the next."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from campaigns.campaign import Campaign
from dialer.pacing import expectations
from dialer.pacing.expectations import Expectations, Expected
from dialer.pacing.observed import Abandoned, Placed
from dialer.placing import Placing
from tests.deadline import until
from tests.fixtures_floor import SmallEngine
from tests.fixtures_people import TUESDAY, Town
from tests.integration.test_placing import campaign, settle, tick
from tests.integration.test_predictive import experienced, forecast_of, work_of

DAYS = timedelta(days=14)


async def made(db: asyncpg.Connection) -> Campaign:
    town = Town(db)
    await town.debt_types("city_tax")
    return await town.campaign()


async def test_what_was_written_is_read_and_added_to(db: asyncpg.Connection) -> None:
    """A part that goes on is written anew, as a whole."""
    campaign_id = (await made(db)).campaign_id
    kept, later = Expectations(), TUESDAY + timedelta(minutes=1)
    kept.observe(campaign_id, Placed(0.0, 1.5, 0.02), TUESDAY)
    await kept.write(db)
    kept.observe(campaign_id, Placed(0.0, 0.5, 0.02), later)
    kept.observe(campaign_id, Abandoned(0.0), later)
    assert await kept.read(db, TUESDAY - DAYS) == [
        Expected(campaign_id, TUESDAY, 2.0, 0.02 + 0.02, 0), Expected(campaign_id, later, came=1),
    ]  # fmt: skip


async def test_the_newest_parts_of_each_campaign_are_read(
    db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies further back has faded."""
    monkeypatch.setattr(expectations, "AT_MOST", 2)
    campaign_id, kept = (await made(db)).campaign_id, Expectations()
    moments = [TUESDAY + timedelta(minutes=n) for n in range(4)]
    for at in moments:
        kept.observe(campaign_id, Placed(0.0, 9.0, 0.02), at)
    assert [part.starts_at for part in await kept.read(db, TUESDAY - DAYS)] == moments[2:]


async def test_what_is_too_old_and_what_nobody_has_any_more_is_not_kept(db: asyncpg.Connection) -> None:
    """A campaign that was deleted, and days that no start reads."""
    campaign_id = (await made(db)).campaign_id
    kept = Expectations()
    kept.observe(campaign_id, Placed(0.0, 3.0, 0.02), TUESDAY - DAYS - timedelta(hours=1))
    kept.observe(campaign_id + 1, Placed(0.0, 3.0, 0.02), TUESDAY)
    assert await kept.read(db, TUESDAY - DAYS) == []
    assert await db.fetchval("SELECT count(*) FROM pacing_expectation") == 0


async def test_an_engine_dares_what_the_one_before_it_dared(engine: SmallEngine) -> None:
    """Calls were placed and somebody was abandoned: the bound is the same after a restart."""
    campaign_ = await campaign(engine, 30, dial_mode="predictive")
    await experienced(engine, campaign_)
    agents = await engine.add_agents(2)
    blank = Placing(engine.pool, engine.floor, engine.desk, engine.clock, lines=30, calls_per_second=100.0)
    await blank._reload()
    before = blank.snapshot(campaign_).forecast
    await tick(engine)
    await settle(engine)
    for agent in agents:
        await engine.requests.not_ready(agent.agent_id, "break")
    engine.line.answer(engine.line.ringing[0])
    await until(lambda: len(engine.line.apologised) == 1, what="one hears the apology")
    await engine.everybody_hangs_up()
    await tick(engine)
    dared = forecast_of(engine, campaign_).risk
    assert before is not None
    assert dared < before.risk, "somebody was abandoned"
    await engine.placing._reload()
    engine.placing = Placing(engine.pool, engine.floor, engine.desk, engine.clock, lines=30, calls_per_second=100.0)
    await engine.placing._reload()
    assert forecast_of(engine, campaign_).risk == pytest.approx(dared, rel=0.01)
    assert work_of(engine, campaign_).standing.day.abandoned == 1
    await engine.everybody_hangs_up()
