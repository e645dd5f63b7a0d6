"""Why somebody is called or not, and why a campaign dials nobody, on a real database."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from campaigns.calendar import JST, cell_of
from campaigns.campaign import CampaignState, Choosing, load_campaign, set_state
from campaigns.claiming import claim, claim_reserved
from campaigns.facts import read_facts
from campaigns.listing import refresh_progress
from campaigns.model import E164, Outcome, Rotation, Window
from campaigns.rules import Reason, may_call
from campaigns.standstill import ORDER, Hold, read_standing
from campaigns.why import explain_person
from campaigns.why_values import WANTS, CampaignWhy, PersonWhy
from tests.fixtures_people import TUESDAY, Town

WEDNESDAY_9 = datetime(2026, 11, 25, 9, 0, tzinfo=JST).astimezone(UTC)


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    made = Town(db)
    await made.debt_types("city_tax", "care")
    return made


async def why(town: Town, debtor_id: int, now: datetime = TUESDAY) -> PersonWhy:
    found = await explain_person(town.conn, now, debtor_id=debtor_id)
    assert found is not None
    return found


async def the_one(town: Town, debtor_id: int, now: datetime = TUESDAY) -> CampaignWhy:
    (one,) = (await why(town, debtor_id, now)).campaigns
    return one


async def spoil(town: Town, seed: random.Random, debtor_id: int) -> None:
    """Give one person some of everything that can stand in the way."""
    moments = [TUESDAY - timedelta(hours=3), TUESDAY, TUESDAY + timedelta(hours=2), TUESDAY + timedelta(days=3)]
    cells = [0, cell_of(Window.WEEKDAY, date(2026, 11, 24)), 0b11111]
    statements = {
        "UPDATE debt_item SET paid_on = '2026-11-20' WHERE debtor_id = $1": 0.15,
        f"UPDATE debt_item SET due_on = '{seed.choice(['2026-11-23', '2026-11-24'])}' WHERE debtor_id = $1": 0.2,
        "INSERT INTO promise (debtor_id, due_on, made_at, debt_type) VALUES"
        f" ($1, '{seed.choice(['2026-11-23', '2026-11-24'])}', now(),"
        f" {seed.choice(['NULL', chr(39) + 'city_tax' + chr(39), chr(39) + 'care' + chr(39)])})": 0.25,
        "INSERT INTO contact_stop VALUES ($1, now(), 'x')": 0.05,
        f"UPDATE debtor_progress SET next_attempt_at = '{seed.choice(moments)}' WHERE debtor_id = $1": 0.2,
        f"UPDATE debtor_progress SET capped_until = '{seed.choice(moments)}' WHERE debtor_id = $1": 0.2,
        f"UPDATE debtor_progress SET contacted_at = '2026-{seed.choice(['10', '11'])}-03 03:00Z'"
        " WHERE debtor_id = $1": 0.2,
        "UPDATE debtor_progress SET recall_from = '2026-11-10 03:00Z' WHERE debtor_id = $1": 0.2,
        f"UPDATE debtor_progress SET missed_hour_of_week = {seed.choice([34, 35])} WHERE debtor_id = $1": 0.2,
        f"UPDATE debtor_progress SET missed_cells = {seed.choice(cells)} WHERE debtor_id = $1": 0.4,
        f"UPDATE debtor_progress SET urgency = {seed.choice([0, 250, 255])} WHERE debtor_id = $1": 0.2,
        f"UPDATE debtor_progress SET weekday_attempts = {seed.randrange(3)} WHERE debtor_id = $1": 0.5,
        f"UPDATE debtor_progress SET evening_attempts = {seed.randrange(3)} WHERE debtor_id = $1": 0.5,
        "UPDATE debtor_progress SET wants_waiting_agent = true WHERE debtor_id = $1": 0.1,
        "UPDATE debtor SET language = 'ne' WHERE debtor_id = $1": 0.1,
        "INSERT INTO callback (debtor_id, due_at, agent_id, made_at) VALUES"
        f" ($1, now(), {seed.choice(['NULL', '7'])}, now())": 0.1,
        "UPDATE debtor_phone SET removed_at = now() WHERE debtor_id = $1 AND rank = 1": 0.1,
        "UPDATE phone SET dead_at = now() WHERE number IN"
        " (SELECT number FROM debtor_phone WHERE debtor_id = $1 AND rank = 1)": 0.1,
        "INSERT INTO number_progress (number, last_attempt_at, next_attempt_at, capped_until)"
        f" SELECT number, now(), '{seed.choice(moments)}', '{seed.choice(moments)}' FROM debtor_phone"
        " WHERE debtor_id = $1 AND rank = 1 ON CONFLICT DO NOTHING": 0.3,
        "INSERT INTO household_progress (household_id, last_attempt_at, next_attempt_at, capped_until)"
        f" SELECT household_id, now(), '{seed.choice(moments)}', '{seed.choice(moments)}' FROM debtor"
        " WHERE debtor_id = $1 AND household_id IS NOT NULL ON CONFLICT DO NOTHING": 0.3,
    }
    for statement, chance in statements.items():
        if seed.random() < chance:
            await town.conn.execute(statement, debtor_id)


async def populate(town: Town, seed: random.Random, people: int) -> list[int]:
    """People who share households and numbers, some without any, each with hindrances of their own."""
    households = [await town.household() for _ in range(people // 4)]
    shared = [town.number() for _ in range(people // 6)]
    made = []
    for _ in range(people):
        numbers = [town.number() for _ in range(seed.randrange(3))]
        if seed.random() < 0.2:
            numbers.append(seed.choice(shared))
        owes = {"city_tax": 10_000, "care": 5_000} if seed.random() < 0.3 else None
        household_id = seed.choice(households) if seed.random() < 0.5 else None
        made.append(await town.person(owes=owes, numbers=numbers, household_id=household_id))
    await refresh_progress(town.conn, None)
    for debtor_id in made:
        await spoil(town, seed, debtor_id)
    return made


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
async def test_the_counts_of_a_campaign_are_those_of_the_rules_for_each_person(town: Town, seed: int) -> None:
    """One statement for everybody says what `may_call` says person by person, and calls callable whom a claim takes."""
    chance = random.Random(seed)
    people = await populate(town, chance, 120)
    rotation = Rotation.STRICT if seed % 2 else Rotation.BY_WORTH
    campaign = await town.campaign("city_tax", "care", choosing=Choosing(rotation=rotation))
    if seed > 2:  # one debt type may be dialed on few days, without evenings
        await town.own_hours("city_tax", ["tue", "thu"] if seed == 3 else ["tue"], "9:00", "17:00")
    await town.claim(campaign, limit=8)  # so that some calls are under way
    totals: Counter[Reason] = Counter()
    firsts: Counter[Reason | None] = Counter()
    for debtor_id in people:
        reasons = may_call(await read_facts(town.conn, campaign, debtor_id, TUESDAY, reserved=False), TUESDAY).reasons
        totals.update(reasons)
        firsts[reasons[0] if reasons else None] += 1
    standing = await read_standing(town.conn, campaign, TUESDAY)
    assert {one.reason: one.total_n for one in standing.reasons} == dict(totals)
    assert {one.reason: one.first_n for one in standing.reasons} == {r: firsts[r] for r in totals}
    assert standing.callable_n == firsts[None]
    assert (standing.people_n, standing.open_now, standing.at) == (len(people), True, TUESDAY)
    unlisted = sum(one.unlisted_n for one in standing.reasons)
    assert standing.listed_n == len(people) - unlisted
    places = [(await the_one(town, debtor_id)).place for debtor_id in people]
    assert all(place is None or place.ahead_n <= standing.callable_n for place in places)


async def test_those_who_are_counted_as_callable_are_claimed_in_the_order_of_their_places(town: Town) -> None:
    """The rank that is shown is the rank in which calls are placed."""
    people = [await town.person() for _ in range(6)]
    campaign = await town.campaign()
    for grade, debtor_id in zip([5, 120, 120, 30, 200, 0], people, strict=True):
        await town.conn.execute("UPDATE list_entry SET weekday_grade = $1 WHERE debtor_id = $2", grade, debtor_id)
    await town.conn.execute("UPDATE debtor_progress SET urgency = 250 WHERE debtor_id = $1", people[0])
    await town.conn.execute("UPDATE list_entry SET urgency = 250 WHERE debtor_id = $1", people[0])
    await town.conn.execute("UPDATE campaign SET graded_at = $1", TUESDAY)
    campaign = await load_campaign(town.conn, campaign.campaign_id)
    places = {}
    for debtor_id in people:
        place = (await the_one(town, debtor_id)).place
        assert place is not None
        assert place.callable_n == 5
        places[debtor_id] = place.ahead_n
    standing = await read_standing(town.conn, campaign, TUESDAY)
    assert [(one.reason, one.first_n) for one in standing.reasons] == [(Hold.BETTER_HOUR, 1)]
    claimed = [one.debtor_id for one in await town.claim(campaign)]
    assert claimed == sorted(people[:5], key=lambda debtor_id: places[debtor_id])


async def test_while_closed_the_next_opening_is_looked_at(town: Town) -> None:
    """At night nobody is kept away by rules of the hour; who is resting until tomorrow noon still is."""
    await town.person()
    tired = await town.person()
    campaign = await town.campaign()
    noon = WEDNESDAY_9 + timedelta(hours=3)
    await town.conn.execute("UPDATE debtor_progress SET next_attempt_at = $1 WHERE debtor_id = $2", noon, tired)
    await refresh_progress(town.conn, [tired])
    standing = await read_standing(town.conn, campaign, TUESDAY + timedelta(hours=12))
    assert (standing.at, standing.window, standing.open_now) == (WEDNESDAY_9, Window.WEEKDAY, False)
    assert standing.callable_n == 1
    assert [(one.reason, one.first_n, one.unlisted_n) for one in standing.reasons] == [(Reason.TOO_SOON, 1, 0)]
    assert [(one.at, one.people_n) for one in standing.opens] == [(noon, 1)]


async def test_an_empty_campaign_stands_still_without_reasons(town: Town) -> None:
    """Nobody owes anything: zeros, no error."""
    standing = await read_standing(town.conn, await town.campaign(), TUESDAY)
    assert (standing.people_n, standing.callable_n, standing.reasons, standing.opens) == (0, 0, (), ())


async def test_every_rule_has_an_answer_and_those_that_stand_their_end(town: Town) -> None:
    """The facts of one person: a promise until the 30th and its days of grace, and the number that would be called."""
    debtor_id = await town.person(numbers=[E164("+81900000001"), E164("+81900000002")])
    await town.conn.execute(
        "INSERT INTO promise (debtor_id, due_on, made_at) VALUES ($1, '2026-11-30', now())", debtor_id
    )
    await town.conn.execute("UPDATE phone SET dead_at = now(), dead_reason = 'call' WHERE number = '+81900000001'")
    await town.campaign()
    found = await the_one(town, debtor_id)
    assert [answer.reason for answer in found.answers] == list(Reason)
    assert found.standing == (Reason.OPEN_PROMISE,)
    (promise,) = [answer for answer in found.answers if answer.stands]
    assert promise.until == datetime(2026, 12, 4, tzinfo=JST)
    assert found.next.at == datetime(2026, 12, 4, 9, tzinfo=JST)
    assert found.facts.number == "+81900000002"
    assert [(line.live, line.dead_reason) for line in (await why(town, debtor_id)).lines] == [
        (True, None),
        (False, "call"),
    ]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("INSERT INTO contact_stop VALUES ($1, now(), '破産')", Reason.CONTACT_STOP),
        ("UPDATE debt_item SET paid_on = '2026-11-20' WHERE debtor_id = $1", Reason.PAID),
        ("DELETE FROM debtor_phone WHERE debtor_id = $1", Reason.NO_NUMBER),
    ],
)
async def test_what_has_no_end_is_named_instead_of_a_moment(town: Town, statement: str, reason: Reason) -> None:
    """A contact stop, a payment, a missing number: only a new fact changes that."""
    debtor_id = await town.person()
    await town.campaign()
    await town.conn.execute(statement, debtor_id)
    found = await the_one(town, debtor_id)
    assert (found.next.at, found.next.because) == (None, (reason,))


async def test_the_next_moment_is_that_of_the_number_which_is_free_first(town: Town) -> None:
    """Of two resting numbers the claim takes the first that is rested."""
    numbers = [E164("+81900000001"), E164("+81900000002")]
    debtor_id = await town.person(numbers=numbers)
    await town.campaign()
    for number, hours in zip(numbers, (4, 2), strict=True):
        await town.conn.execute(
            "INSERT INTO number_progress (number, last_attempt_at, next_attempt_at) VALUES ($1, $2, $3)",
            number, TUESDAY, TUESDAY + timedelta(hours=hours),
        )  # fmt: skip
    found = await the_one(town, debtor_id)
    assert found.standing == (Reason.NUMBER_BUSY,)
    assert found.next.at == TUESDAY + timedelta(hours=2)


async def test_at_the_next_moment_the_person_is_claimed_and_not_before(town: Town) -> None:
    """After a missed call: the retry delay, then another hour, then another day of the week (or kind of hour)."""
    debtor_id = await town.person()
    campaign = await town.campaign(windows=(await town.campaign()).windows[:1], name="平日のみ")
    (one,) = await town.claim(campaign)
    await town.dial(one, Outcome.NO_ANSWER)
    found = (await why(town, debtor_id)).campaigns[1]
    assert found.next.at == WEDNESDAY_9
    assert set(found.standing) >= {Reason.TOO_SOON, Reason.SAME_DAY_REPEATED}
    last_of_tuesday = datetime(2026, 11, 24, 16, 30, tzinfo=JST)
    assert await claim(town.conn, campaign, 1, Window.WEEKDAY, last_of_tuesday) == []
    assert len(await claim(town.conn, campaign, 1, Window.WEEKDAY, WEDNESDAY_9)) == 1


async def test_a_stopped_campaign_is_named_beside_the_moment(town: Town) -> None:
    """When it runs again the person may be called at that moment."""
    debtor_id = await town.person()
    campaign = await town.campaign()
    await set_state(town.conn, campaign.campaign_id, CampaignState.PAUSED)
    found = await the_one(town, debtor_id)
    assert (found.next.at, found.next.because) == (TUESDAY, (Reason.CAMPAIGN_STOPPED,))


async def test_who_wants_an_agent_is_callable_with_that_condition(town: Town) -> None:
    """A language is no refusal of the moment; the answer is there all the same."""
    debtor_id = await town.person()
    await town.conn.execute("UPDATE debtor SET language = 'ne' WHERE debtor_id = $1", debtor_id)
    campaign = await town.campaign()
    found = await the_one(town, debtor_id)
    assert found.allowed
    assert {answer.reason for answer in found.answers if answer.stands} == {Reason.WANTS_LANGUAGE} <= WANTS
    taken = await claim_reserved(town.conn, campaign, Window.WEEKDAY, TUESDAY, agent_id=7, languages=["ne"])
    assert taken is not None
    assert (await the_one(town, debtor_id)).next.because[0] is Reason.PERSON_BUSY


async def test_a_reached_cap_is_named_with_its_period(town: Town) -> None:
    """Three calls a day are the default."""
    debtor_id = await town.person()
    campaign = await town.campaign()
    for hour in (0, 1, 2):
        at = TUESDAY + timedelta(hours=hour, minutes=1)
        (one,) = await town.claim(campaign, at)
        await town.dial(one, Outcome.BUSY, at)
    found = await the_one(town, debtor_id, TUESDAY + timedelta(hours=4))
    assert Reason.CAP_REACHED in found.standing
    assert [(hit.scope, hit.period, hit.at_most) for hit in found.known.caps] == [("person", "day", 3)]
    assert found.next.at == WEDNESDAY_9


async def test_the_models_table_has_prior_own_tries_and_result(town: Town) -> None:
    """A missed weekday call lowers the weekday's probability below that of anybody."""
    debtor_id = await town.person()
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    await town.dial(one, Outcome.NO_ANSWER)
    told = await why(town, debtor_id)
    (line,) = told.lines
    weekday = line.table[0]
    assert (weekday.window, weekday.hits, round(weekday.misses, 3)) == (Window.WEEKDAY, 0.0, 1.0)
    assert weekday.pick_up < weekday.population
    assert [(tried.outcome, tried.window) for tried in told.tried] == [(Outcome.NO_ANSWER, Window.WEEKDAY)]
    assert told.fitted_at is None


async def test_each_campaign_answers_for_itself_and_strangers_have_none(town: Town) -> None:
    """Two debt types, two campaigns; an unknown number of a person gives nothing."""
    debtor_id = await town.person(owes={"city_tax": 1, "care": 1})
    await town.conn.execute("UPDATE debt_item SET paid_on = '2026-11-01' WHERE debt_type = 'care'")
    await town.campaign()
    care = await town.campaign("care", name="介護")
    told = await why(town, debtor_id)
    assert [one.standing for one in told.campaigns] == [(), (Reason.PAID,)]
    assert [one.place is None for one in told.campaigns] == [False, True]
    only = await explain_person(town.conn, TUESDAY, addressee_no=told.addressee_no, campaign_id=care.campaign_id)
    assert only is not None
    assert [one.campaign.name for one in only.campaigns] == ["介護"]
    assert await explain_person(town.conn, TUESDAY, addressee_no="nobody") is None


def test_every_reason_is_counted_in_a_stated_order() -> None:
    """A new reason without a place in the count would be lost."""
    assert set(ORDER) == set(Reason) - {Reason.CAMPAIGN_STOPPED} | set(Hold)
