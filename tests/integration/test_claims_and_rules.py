"""The claim in SQL, the second check and the pure rules give one answer."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import asyncpg
import pytest

from campaigns.calendar import window_at
from campaigns.campaign import Campaign, CampaignState, set_state
from campaigns.claiming import still_allowed
from campaigns.facts import read_facts
from campaigns.rules import Reason, may_call
from tests.fixtures_people import OVERDUE, TUESDAY, Town


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    return town


Spoil = Callable[[Town, int], Awaitable[object]]


def sql(statement: str) -> Spoil:
    return lambda town, debtor_id: town.conn.execute(statement, debtor_id)


SPOILED: dict[str, tuple[Spoil, Reason]] = {
    "paid": (sql("UPDATE debt_item SET paid_on = '2026-11-20' WHERE debtor_id = $1"), Reason.PAID),
    "not yet due": (sql("UPDATE debt_item SET due_on = '2026-11-24' WHERE debtor_id = $1"), Reason.NOT_YET_DUE),
    "promise": (
        sql("INSERT INTO promise (debtor_id, due_on, made_at) VALUES ($1, '2026-11-24', now())"),
        Reason.OPEN_PROMISE,
    ),
    "contact stop": (sql("INSERT INTO contact_stop VALUES ($1, now(), 'x')"), Reason.CONTACT_STOP),
    "dead number": (
        sql("UPDATE phone SET dead_at = now() WHERE number IN (SELECT number FROM debtor_phone WHERE debtor_id = $1)"),
        Reason.DEAD_NUMBER,
    ),
    "number removed": (
        sql("UPDATE debtor_phone SET removed_at = now() WHERE debtor_id = $1"),
        Reason.DEAD_NUMBER,
    ),
    "contacted": (
        sql("UPDATE debtor_progress SET contacted_at = '2026-11-02 03:00Z' WHERE debtor_id = $1"),
        Reason.ALREADY_CONTACTED_THIS_MONTH,
    ),
    "too soon": (
        sql("UPDATE debtor_progress SET next_attempt_at = '2026-11-24 01:30:01Z' WHERE debtor_id = $1"),
        Reason.TOO_SOON,
    ),
    "same hour": (
        sql("UPDATE debtor_progress SET missed_hour_of_week = 34 WHERE debtor_id = $1"),
        Reason.SAME_HOUR_REPEATED,
    ),
    "same window": (
        sql("UPDATE debtor_progress SET weekday_attempts = 1 WHERE debtor_id = $1"),
        Reason.SAME_WINDOW_REPEATED,
    ),
    "household called lately": (
        sql(
            "INSERT INTO household_progress"
            " SELECT household_id, now(), '2026-11-24 01:30:01Z' FROM debtor WHERE debtor_id = $1"
        ),
        Reason.HOUSEHOLD_BUSY,
    ),
    "number called lately": (
        sql(
            "INSERT INTO number_progress"
            " SELECT number, now(), '2026-11-24 01:30:01Z' FROM debtor_phone WHERE debtor_id = $1"
        ),
        Reason.NUMBER_BUSY,
    ),
}


@pytest.mark.parametrize("refreshed", [False, True], ids=["before a refresh", "after a refresh"])
@pytest.mark.parametrize("spoiled", SPOILED)
async def test_a_fact_takes_effect_on_the_very_next_claim(town: Town, spoiled: str, refreshed: bool) -> None:
    """Payment, promise, stop and the rest count at once, whether or not the lists were made again (CALL-8)."""
    spoil, _ = SPOILED[spoiled]
    debtor_id = await town.person(household_id=await town.household())
    other_id = await town.person()
    campaign = await town.campaign()
    await spoil(town, debtor_id)
    if refreshed:
        await town.listed()
    assert [c.debtor_id for c in await town.claim(campaign)] == [other_id]


@pytest.mark.parametrize("spoiled", SPOILED)
async def test_the_second_check_sees_what_changed_since_the_claim(town: Town, spoiled: str) -> None:
    """Between claim and Originate a payment may arrive: the reason is named."""
    spoil, reason = SPOILED[spoiled]
    debtor_id = await town.person(household_id=await town.household())
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    assert (await still_allowed(town.conn, one.attempt_id, TUESDAY)).allowed
    await spoil(town, debtor_id)
    assert (await still_allowed(town.conn, one.attempt_id, TUESDAY)).reasons == (reason,)


async def test_the_second_check_sees_a_stopped_campaign_and_a_closed_window(town: Town) -> None:
    """A supervisor's stop reaches even those who are claimed already."""
    await town.person()
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    late = TUESDAY + timedelta(hours=12)
    assert (await still_allowed(town.conn, one.attempt_id, late)).reasons == (Reason.OUTSIDE_CALENDAR,)
    await set_state(town.conn, campaign.campaign_id, CampaignState.PAUSED)
    assert (await still_allowed(town.conn, one.attempt_id, TUESDAY)).reasons == (Reason.CAMPAIGN_STOPPED,)


async def populate(town: Town, seed: random.Random, *, people: int) -> Campaign:
    """People in every condition, a third of them with shared lines and households."""
    households = [await town.household() for _ in range(people // 3)]
    lines = [town.number() for _ in range(people)]
    ids = []
    for _ in range(people):
        ids.append(
            await town.person(
                owes={
                    t: seed.randint(1, 9_000) for t in seed.sample(["city_tax", "care_insurance"], seed.randint(1, 2))
                },
                due_on=seed.choice([OVERDUE, OVERDUE, date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 30)]),
                numbers=seed.sample(lines, seed.choice([0, 1, 1, 1, 2])),
                household_id=seed.choice([None, *households]),
            )
        )
    campaign = await town.campaign("city_tax", "care_insurance")
    for debtor_id in ids:
        tries = [seed.randint(0, 2) for _ in range(3)]
        moment = TUESDAY + timedelta(minutes=seed.randint(-90_000, 6_000))
        await town.conn.execute(
            "UPDATE debtor_progress SET weekday_attempts = $2, evening_attempts = $3, weekend_attempts = $4,"
            " next_attempt_at = $5, missed_hour_of_week = $6, contacted_at = $7, wants_waiting_agent = $8"
            " WHERE debtor_id = $1",
            debtor_id, *(tries if seed.random() < 0.5 else [tries[0]] * 3), moment,
            seed.choice([None, 34, 41, 100]), seed.choice([None, None, None, moment]), seed.random() < 0.1,
        )  # fmt: skip
        spoil = seed.choice([None] * 12 + list(SPOILED))
        if spoil in {"paid", "promise", "contact stop", "dead number", "number removed", "number called lately"}:
            await SPOILED[spoil][0](town, debtor_id)
    await town.listed()
    return campaign


async def test_claims_and_rules_agree_about_everyone(town: Town) -> None:
    """The SQL of the claim and the function of the second check are one rule: 300 people with seeded histories."""
    seed = random.Random(20261124)
    campaign = await populate(town, seed, people=300)
    for now in (TUESDAY, TUESDAY + timedelta(hours=7), TUESDAY + timedelta(days=4), TUESDAY + timedelta(days=7)):
        window = window_at(campaign.windows, {}, now)
        assert window is not None
        ids = [r["debtor_id"] for r in await town.conn.fetch("SELECT debtor_id FROM debtor ORDER BY debtor_id")]
        allowed = set()
        for debtor_id in ids:
            facts = await read_facts(town.conn, campaign, debtor_id, now, ready_agents=1000)
            if may_call(facts, now).allowed:
                allowed.add(debtor_id)
        transaction = town.conn.transaction()
        await transaction.start()
        # One person at a time, each undone, so that nobody stands in another's way.
        claimed = set()
        while found := await town.claim(campaign, now, limit=1, window=window, ready_agents=1000):
            claimed.add(found[0].debtor_id)
            await town.conn.execute("DELETE FROM attempt WHERE attempt_id = $1", found[0].attempt_id)
            await town.conn.execute("DELETE FROM list_entry WHERE debtor_id = $1", found[0].debtor_id)
        await transaction.rollback()
        assert claimed == allowed
        assert 10 < len(allowed) < 290
