"""Many workers, and an import, at one time: nobody collides, waits or fails."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import asyncpg
import pytest

from campaigns.attempts import end, move
from campaigns.calendar import DayKind, WindowRule
from campaigns.campaign import Campaign
from campaigns.claiming import Claim, claim
from campaigns.facts import read_facts
from campaigns.listing import list_drift, refresh_progress
from campaigns.model import AttemptState, Outcome, Window
from campaigns.rules import may_call
from tests.fixtures_people import TUESDAY, Town

WEEKDAY_ONLY = (WindowRule(Window.WEEKDAY, DayKind.WEEKDAY, 9 * 3600, 17 * 3600),)


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    return town


async def work(dsn: str, campaign: Campaign, seed: int, outcomes: list[Outcome]) -> list[Claim]:
    """One worker: claims in small batches, half of them dialed to their end, until nobody is left."""
    chance, mine = random.Random(seed), list[Claim]()
    conn = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        empty = 0
        while empty < 3:
            claims = await claim(conn, campaign, chance.randint(1, 7), Window.WEEKDAY, TUESDAY, ready_agents=5)
            mine += claims
            empty = 0 if claims else empty + 1
            for one in claims:
                if chance.random() < 0.5:
                    await move(
                        conn, one.attempt_id, frm=AttemptState.CLAIMED, to=AttemptState.DIALING,
                        at=TUESDAY, dialed_at=TUESDAY,
                    )  # fmt: skip
                    await end(
                        conn, one.attempt_id, frm=AttemptState.DIALING, at=TUESDAY,
                        outcome=chance.choice(outcomes), hangup_cause=None,
                    )  # fmt: skip
    finally:
        await conn.close()
    return mine


async def test_eight_workers_never_collide(town: Town, dsn: str) -> None:
    """At once, on shared lines and households: no error, no person, household or number twice, nobody left over."""
    seed = random.Random(8)
    households = [await town.household() for _ in range(120)]
    lines = [town.number() for _ in range(300)]
    for _ in range(400):
        await town.person(
            numbers=seed.sample(lines, seed.randint(1, 2)), household_id=seed.choice([None, *households])
        )  # fmt: skip
    campaign = await town.campaign(windows=WEEKDAY_ONLY)
    endings = [Outcome.NO_ANSWER, Outcome.BUSY, Outcome.INVALID_NUMBER, Outcome.ANSWERED, Outcome.ABANDONED]
    async with asyncio.TaskGroup() as workers:
        tasks = [workers.create_task(work(dsn, campaign, n, endings)) for n in range(8)]
    claims = [one for task in tasks for one in task.result()]
    assert len({c.attempt_id for c in claims}) == len(claims)
    times = Counter(c.debtor_id for c in claims)
    assert max(times.values()) <= 2, "only a dead number lets somebody be claimed again at the same moment"
    rows = await town.conn.fetch("SELECT debtor_id, household_id, number FROM attempt WHERE ended_at IS NULL")
    for column in ("debtor_id", "household_id", "number"):
        held = [r[column] for r in rows if r[column] is not None]
        assert len(held) == len(set(held)), column
    for debtor_id in [r["debtor_id"] for r in await town.conn.fetch("SELECT debtor_id FROM debtor")]:
        facts = await read_facts(town.conn, campaign, debtor_id, TUESDAY, ready_agents=5)
        assert not may_call(facts, TUESDAY).allowed
    await town.listed()
    assert await list_drift(town.conn) == 0


async def test_claims_go_on_while_the_lists_are_made_again(town: Town, dsn: str) -> None:
    """An import that has not yet committed keeps nobody from being claimed."""
    debtor_id = await town.person()
    campaign = await town.campaign()
    other = await asyncpg.connect(dsn)
    try:
        async with other.transaction():
            await refresh_progress(other, None)
            claimed = await asyncio.wait_for(town.claim(campaign), timeout=5)
    finally:
        await other.close()
    assert [c.debtor_id for c in claimed] == [debtor_id]
