"""Caps and retry rules on a real PostgreSQL: counted at each end, over all campaigns, changed at once."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from campaigns.calendar import jst_date, start_of_day
from campaigns.caps import CapPeriod, CapScope, Counts, capped_until
from campaigns.claiming import cancel
from campaigns.errors import CampaignInvalid
from campaigns.limits import RetryRule, load_caps, load_retry_rules, set_caps, set_retry_rule
from campaigns.listing import list_drift
from campaigns.model import Outcome
from tests.fixtures_people import TUESDAY, Town

TOMORROW = start_of_day(date(2026, 11, 25))
PROGRESS = {
    CapScope.PERSON: ("debtor_progress", "debtor_id"),
    CapScope.NUMBER: ("number_progress", "number"),
    CapScope.HOUSEHOLD: ("household_progress", "household_id"),
}
NONE = {scope: dict[CapPeriod, int]() for scope in CapScope}


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    return town


async def busy(town: Town, campaign_n: int, at: datetime) -> int:
    """Everybody who may be called in this campaign is, in vain; how many that were."""
    campaign = await town.campaign_again(campaign_n)
    claims = await town.claim(campaign, at)
    for one in claims:
        await town.dial(one, Outcome.BUSY, at)
    return len(claims)


async def test_the_cap_of_a_day_holds_over_all_campaigns(town: Town) -> None:
    """Three attempts, whichever list they came from; tomorrow again (CALL-7)."""
    await town.person(owes={"city_tax": 1, "care_insurance": 1})
    await town.campaign("city_tax", name="市税")
    await town.campaign("care_insurance", name="介護")
    minutes = [n * 61 for n in range(5)]
    called = [await busy(town, 1 + n % 2, TUESDAY + timedelta(minutes=at)) for n, at in enumerate(minutes)]
    assert called == [1, 1, 1, 0, 0]
    assert await town.conn.fetchval("SELECT capped_until FROM debtor_progress") == TOMORROW
    assert await list_drift(town.conn) == 0
    assert await busy(town, 1, TUESDAY + timedelta(days=1)) == 1


@pytest.mark.parametrize("shared", ["household", "number"])
async def test_a_household_and_a_number_have_caps_of_their_own(town: Town, shared: str) -> None:
    """Four a day, whoever of them was meant; nobody is left at the head of the list for it."""
    household_id, number = await town.household(), town.number()
    for _ in range(5):
        await (
            town.person(household_id=household_id) if shared == "household" else town.person(numbers=[number])
        )  # fmt: skip
    await town.campaign()
    called = [await busy(town, 1, TUESDAY + timedelta(minutes=61 * n)) for n in range(6)]
    assert called == [1, 1, 1, 1, 0, 0]
    assert await town.conn.fetchval("SELECT min(callable_from) FROM list_entry") == TOMORROW
    assert await list_drift(town.conn) == 0


async def test_new_caps_hold_at_once(town: Town) -> None:
    """Raised, the person is called again; lowered, no more; none, without end."""
    await town.person(household_id=await town.household())
    campaign = await town.campaign()
    at_first = {CapScope.PERSON: 3, CapScope.NUMBER: 4, CapScope.HOUSEHOLD: 4}
    assert await load_caps(town.conn) == {scope: {CapPeriod.DAY: most} for scope, most in at_first.items()}
    for n in range(3):
        await busy(town, 1, TUESDAY + timedelta(minutes=61 * n))
    later = TUESDAY + timedelta(hours=5)
    for caps, callable_ in [
        (NONE | {CapScope.PERSON: {CapPeriod.DAY: 4}}, True),
        (NONE | {CapScope.NUMBER: {CapPeriod.WEEK: 3}}, False),
        (NONE | {CapScope.HOUSEHOLD: {CapPeriod.MONTH: 2, CapPeriod.DAY: 9}}, False),
        ({}, True),
    ]:
        await set_caps(town.conn, caps, later)
        assert await load_caps(town.conn) == NONE | caps
        assert await list_drift(town.conn) == 0
        found = await town.claim(campaign, later)
        assert bool(found) is callable_, caps
        for one in found:
            await cancel(town.conn, one.attempt_id, later)


@pytest.mark.parametrize("scope", CapScope)
async def test_new_caps_are_reckoned_as_each_attempt_reckons_them(town: Town, scope: CapScope) -> None:
    """The SQL for everybody and the function for one are one rule: seeded counts, days around ends of periods."""
    seed = random.Random(7)
    now = datetime(2026, 12, 15, 3, tzinfo=UTC)  # a Tuesday
    held = {await someone(town, scope): random_counts(seed, jst_date(now)) for _ in range(60)}
    table, key = PROGRESS[scope]
    for of, counts in held.items():
        await town.conn.execute(
            f"INSERT INTO {table} ({key}, last_attempt_at, next_attempt_at, counted_on, day_attempts, week_attempts,"
            " month_attempts, capped_until) VALUES ($1, $2, $2, $3, $4, $5, $6, $7)",
            of, now, counts.counted_on, counts.day_attempts, counts.week_attempts, counts.month_attempts,
            seed.choice([None, now]) if counts.counted_on else None,
        )  # fmt: skip
    ends = dict[str, set[datetime | None]]()
    for name, caps in {
        "all": {CapPeriod.DAY: 2, CapPeriod.WEEK: 4, CapPeriod.MONTH: 6},
        "week": {CapPeriod.WEEK: 3},
        "none": dict[CapPeriod, int](),
    }.items():
        others = {other: {CapPeriod.DAY: 1} for other in CapScope if other is not scope}
        await set_caps(town.conn, {**others, scope: caps}, now)
        found = dict(tuple(r) for r in await town.conn.fetch(f"SELECT {key}, capped_until FROM {table}"))
        assert found == {of: capped_until(counts, caps, now) for of, counts in held.items()}
        ends[name] = {*found.values()}
    assert {name: len(those) for name, those in ends.items()} == {"all": 4, "week": 2, "none": 1}, "each end, and none"


async def someone(town: Town, scope: CapScope) -> int | str:
    """A new person, number or household, by the key of its table in ``PROGRESS``."""
    if scope is CapScope.HOUSEHOLD:
        return await town.household()
    number = town.number()
    debtor_id = await town.person(numbers=[number])
    return debtor_id if scope is CapScope.PERSON else number


def random_counts(seed: random.Random, today: date) -> Counts:
    if seed.random() < 0.1:
        return Counts()
    day = seed.randint(0, 3)
    week = day + seed.randint(0, 3)
    return Counts(today - timedelta(days=seed.choice([0, 0, 1, 2, 40])), day, week, week + seed.randint(0, 3))


@pytest.mark.parametrize("at_most", [0, 1001])
async def test_a_cap_out_of_range_is_refused_and_changes_nothing(town: Town, at_most: int) -> None:
    """The field is named."""
    before = await load_caps(town.conn)
    with pytest.raises(CampaignInvalid, match="household_week"):
        await set_caps(town.conn, {CapScope.HOUSEHOLD: {CapPeriod.WEEK: at_most}}, TUESDAY)
    assert await load_caps(town.conn) == before


async def test_a_rule_of_the_campaign_replaces_the_default_and_goes_again(town: Town) -> None:
    """Delay and latest moment, for one outcome of one campaign."""
    await town.person()
    campaign = await town.campaign()
    await set_retry_rule(town.conn, campaign.campaign_id, Outcome.BUSY, RetryRule(60, 600))
    rules = await load_retry_rules(town.conn, campaign.campaign_id)
    assert rules[Outcome.BUSY] == RetryRule(60, 600)
    assert rules[Outcome.NO_ANSWER] == RetryRule(3600, is_default=True)
    await busy(town, 1, TUESDAY)
    row = await town.conn.fetchrow("SELECT next_attempt_at, overdue_from FROM debtor_progress")
    assert tuple(row) == (TUESDAY + timedelta(seconds=60), TUESDAY + timedelta(seconds=600))
    await set_retry_rule(town.conn, campaign.campaign_id, Outcome.BUSY, None)
    assert (await load_retry_rules(town.conn, campaign.campaign_id))[Outcome.BUSY] == RetryRule(300, is_default=True)


@pytest.mark.parametrize(
    ("outcome", "rule", "word"),
    [
        (Outcome.BUSY, RetryRule(-1), "delay"),
        (Outcome.BUSY, RetryRule(400 * 86_400), "delay"),
        (Outcome.BUSY, RetryRule(60, 59), "at_latest"),
        (Outcome.CANCELLED, RetryRule(60), "outcome"),
    ],
)
async def test_a_wrong_rule_is_refused(town: Town, outcome: Outcome, rule: RetryRule, word: str) -> None:
    """The field is named; nothing is stored."""
    campaign = await town.campaign()
    with pytest.raises(CampaignInvalid, match=word):
        await set_retry_rule(town.conn, campaign.campaign_id, outcome, rule)
    assert await town.conn.fetchval("SELECT count(*) FROM retry_rule") == 0
