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
from campaigns.claiming import Claim, cancel, claim, claim_reserved, still_allowed
from campaigns.facts import read_facts
from campaigns.listing import list_drift, refresh_progress
from campaigns.model import AttemptState, Outcome, Window
from campaigns.rules import may_call
from tests.deadline import until_found
from tests.fixtures_people import TUESDAY, Town

WEEKDAY_ONLY = (WindowRule(Window.WEEKDAY, DayKind.WEEKDAY, 9 * 3600, 17 * 3600),)


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    return town


async def work(dsn: str, campaign: Campaign, seed: int, outcomes: list[Outcome]) -> list[Claim]:
    """One worker: claims in small batches, half of them dialed to their end, until nobody is left.

    Every second worker holds an agent for those who want one, too.
    """
    chance, mine = random.Random(seed), list[Claim]()
    conn = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        empty = 0
        while empty < 3:
            claims = await claim(conn, campaign, chance.randint(1, 7), Window.WEEKDAY, TUESDAY)
            if seed % 2:
                reserved = await claim_reserved(
                    conn, campaign, Window.WEEKDAY, TUESDAY, agent_id=seed, languages=["ne"]
                )
                claims += [reserved] if reserved else []
            mine += claims
            empty = 0 if claims else empty + 1
            for one in claims:
                if chance.random() < 0.5:
                    await dial(conn, one, chance.choice(outcomes))
    finally:
        await conn.close()
    return mine


async def dial(conn: asyncpg.Connection, one: Claim, outcome: Outcome) -> None:
    await move(
        conn, one.attempt_id, frm=AttemptState.CLAIMED, to=AttemptState.DIALING, at=TUESDAY, dialed_at=TUESDAY
    )  # fmt: skip
    await end(conn, one.attempt_id, frm=AttemptState.DIALING, at=TUESDAY, outcome=outcome, hangup_cause=None)


async def crowd(town: Town, people: int, seed: random.Random) -> Campaign:
    """People on shared lines and in shared households; some want an agent reserved."""
    households = [await town.household() for _ in range(people * 3 // 10)]
    lines = [town.number() for _ in range(people * 3 // 4)]
    for _ in range(people):
        await town.person(
            numbers=seed.sample(lines, seed.randint(1, 2)), household_id=seed.choice([None, *households]),
            language=seed.choice(["ja"] * 5 + ["ne"]),
        )  # fmt: skip
    campaign = await town.campaign(windows=WEEKDAY_ONLY)
    await town.conn.execute("UPDATE debtor_progress SET wants_waiting_agent = true WHERE debtor_id % 7 = 0")
    await town.listed()
    return campaign


async def assert_nothing_is_open_twice(town: Town) -> None:
    rows = await town.conn.fetch("SELECT debtor_id, household_id, number FROM attempt WHERE ended_at IS NULL")
    for column in ("debtor_id", "household_id", "number"):
        held = [r[column] for r in rows if r[column] is not None]
        assert len(held) == len(set(held)), column


async def test_eight_workers_never_collide(town: Town, dsn: str) -> None:
    """At once, on shared lines and households, four of them with an agent held for those who want one.

    No error, no person, household or number twice, nobody left over.
    """
    campaign = await crowd(town, 300, random.Random(8))
    endings = [Outcome.NO_ANSWER, Outcome.BUSY, Outcome.INVALID_NUMBER, Outcome.ANSWERED, Outcome.ABANDONED]
    async with asyncio.TaskGroup() as workers:
        tasks = [workers.create_task(work(dsn, campaign, n, endings)) for n in range(8)]
    claims = [one for task in tasks for one in task.result()]
    assert len({c.attempt_id for c in claims}) == len(claims)
    assert {c.wants for c in claims} == {None, "any", "language:ne"}
    times = Counter(c.debtor_id for c in claims)
    assert max(times.values()) <= 2, "only a dead number lets somebody be claimed again at the same moment"
    await assert_nothing_is_open_twice(town)
    for debtor_id in [r["debtor_id"] for r in await town.conn.fetch("SELECT debtor_id FROM debtor")]:
        facts = await read_facts(town.conn, campaign, debtor_id, TUESDAY, reserved=True)
        assert not may_call(facts, TUESDAY).allowed
    await town.listed()
    assert await list_drift(town.conn) == 0


async def test_nobody_whose_payment_has_come_in_is_dialed(town: Town, dsn: str) -> None:
    """Payments arrive while eight workers call: who passes the second check had not paid when it began (CALL-8)."""
    campaign = await crowd(town, 160, random.Random(9))
    paid, dialed_though_paid = set[int](), list[int]()

    async def call() -> None:
        conn = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
        try:
            while claims := await claim(conn, campaign, 3, Window.WEEKDAY, TUESDAY):
                for one in claims:
                    paid_before = set(paid)
                    if (await still_allowed(conn, one.attempt_id, TUESDAY)).allowed:
                        dialed_though_paid.extend({one.debtor_id} & paid_before)
                        await dial(conn, one, Outcome.NO_ANSWER)
                    else:
                        await cancel(conn, one.attempt_id, TUESDAY)
        finally:
            await conn.close()

    async def pay() -> None:
        conn = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
        try:
            for debtor_id in random.Random(1).sample(range(1, 161), 80):
                async with conn.transaction():
                    await conn.execute("UPDATE debt_item SET paid_on = '2026-11-24' WHERE debtor_id = $1", debtor_id)
                    await refresh_progress(conn, [debtor_id])
                paid.add(debtor_id)
        finally:
            await conn.close()

    async with asyncio.TaskGroup() as everybody:
        everybody.create_task(pay())
        for _ in range(8):
            everybody.create_task(call())
    assert len(paid) == 80
    assert dialed_though_paid == []
    assert await town.claim(campaign) == []
    assert await town.conn.fetchval("SELECT count(*) FROM attempt WHERE outcome = 'no_answer'") > 40
    assert await list_drift(town.conn) == 0


async def test_a_call_that_ends_while_a_payment_is_written_puts_nobody_back_on_the_list(town: Town, dsn: str) -> None:
    """The call's end began before the payment was committed, and is written after it: the payment stands."""
    await town.person()
    campaign = await town.campaign()
    [claimed] = await town.claim(campaign)
    payments = await asyncpg.connect(dsn)
    try:
        async with asyncio.TaskGroup() as tasks, payments.transaction():
            await payments.execute("UPDATE debt_item SET paid_on = '2026-11-24'")
            await refresh_progress(payments, [claimed.debtor_id])
            call = tasks.create_task(dial(town.conn, claimed, Outcome.NO_ANSWER))
            blocked, waits = "SELECT cardinality(pg_blocking_pids($1)) > 0", town.conn.get_server_pid()
            await until_found(lambda: payments.fetchval(blocked, waits), what="the call's end waits for the payment")
        assert call.done()
    finally:
        await payments.close()
    assert await list_drift(town.conn) == 0
    assert await town.conn.fetchval("SELECT count(*) FROM list_entry") == 0


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
