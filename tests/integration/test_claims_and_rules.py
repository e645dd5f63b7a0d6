"""The claim in SQL, the second check and the pure rules give one answer."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

import asyncpg
import pytest

from campaigns.campaign import Campaign, CampaignState, Choosing, set_state
from campaigns.claiming import Claim, reserved_wanted, still_allowed
from campaigns.facts import read_facts
from campaigns.listing import list_drift
from campaigns.model import Rotation, Window
from campaigns.opening.store import load_openings
from campaigns.rules import Reason, may_call
from tests.fixtures_people import OVERDUE, TUESDAY, Town


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types(*TYPES, "nursery_fee")
    return town


TYPES = ("city_tax", "care_insurance")

Spoil = Callable[[Town, int], Awaitable[object]]


def sql(statement: str) -> Spoil:
    return lambda town, debtor_id: town.conn.execute(statement, debtor_id)


def strict_if(strict: bool) -> Choosing:
    return Choosing(rotation=Rotation.STRICT if strict else Rotation.BY_WORTH)


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
    "same day": (
        sql("UPDATE debtor_progress SET missed_cells = 2 WHERE debtor_id = $1"),
        Reason.SAME_DAY_REPEATED,
    ),
    "capped": (
        sql("UPDATE debtor_progress SET capped_until = '2026-11-24 15:00Z' WHERE debtor_id = $1"),
        Reason.CAP_REACHED,
    ),
    "household capped": (
        sql(
            "INSERT INTO household_progress (household_id, last_attempt_at, next_attempt_at, capped_until)"
            " SELECT household_id, now(), '2026-11-20', '2026-11-24 15:00Z' FROM debtor WHERE debtor_id = $1"
        ),
        Reason.CAP_REACHED,
    ),
    "number capped": (
        sql(
            "INSERT INTO number_progress (number, last_attempt_at, next_attempt_at, capped_until)"
            " SELECT number, now(), '2026-11-20', '2026-11-24 15:00Z' FROM debtor_phone WHERE debtor_id = $1"
        ),
        Reason.CAP_REACHED,
    ),
    "abandoned": (
        sql("UPDATE debtor_progress SET wants_waiting_agent = true WHERE debtor_id = $1"),
        Reason.WANTS_WAITING_AGENT,
    ),
    "language": (sql("UPDATE debtor SET language = 'ne' WHERE debtor_id = $1"), Reason.WANTS_LANGUAGE),
    "named agent": (
        sql("INSERT INTO callback (debtor_id, due_at, agent_id, made_at) VALUES ($1, now(), 17, now())"),
        Reason.WANTS_NAMED_AGENT,
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


STRICT_ONLY = {
    "same window": (
        sql("UPDATE debtor_progress SET weekday_attempts = 1 WHERE debtor_id = $1"),
        Reason.SAME_WINDOW_REPEATED,
    ),
}
ALL = SPOILED | STRICT_ONLY


@pytest.mark.parametrize("refreshed", [False, True], ids=["before a refresh", "after a refresh"])
@pytest.mark.parametrize("spoiled", ALL)
async def test_a_fact_takes_effect_on_the_very_next_claim(town: Town, spoiled: str, refreshed: bool) -> None:
    """Payment, promise, stop and the rest count at once, whether or not the lists were made again (CALL-8)."""
    spoil, _ = ALL[spoiled]
    debtor_id = await town.person(household_id=await town.household())
    other_id = await town.person()
    campaign = await town.campaign(choosing=strict_if(spoiled in STRICT_ONLY))
    await spoil(town, debtor_id)
    if refreshed:
        await town.listed()
    assert [c.debtor_id for c in await town.claim(campaign)] == [other_id]
    assert refreshed or await town.claim_reserved(campaign, agent_id=17, languages=["ne"]) is None


@pytest.mark.parametrize("spoiled", ALL)
async def test_the_second_check_sees_what_changed_since_the_claim(town: Town, spoiled: str) -> None:
    """Between claim and Originate a payment may arrive: the reason is named."""
    spoil, reason = ALL[spoiled]
    debtor_id = await town.person(household_id=await town.household())
    campaign = await town.campaign(choosing=strict_if(spoiled in STRICT_ONLY))
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


def some_of(seed: random.Random, *values: object, nothing: int = 3) -> object:
    """One of the values, or (`nothing` times in so many more) None."""
    return seed.choice([None] * nothing + list(values))


async def populate(
    town: Town, seed: random.Random, *, people: int, choosing: Choosing, types: Sequence[str] = TYPES
) -> Campaign:
    """People in every condition, a third of them with shared lines and households."""
    households = [await town.household() for _ in range(people // 3)]
    lines = [town.number() for _ in range(people)]
    ids = []
    for _ in range(people):
        ids.append(
            await town.person(
                owes={t: seed.randint(1, 9_000) for t in seed.sample(types, seed.randint(1, 2))},
                due_on=seed.choice([OVERDUE, OVERDUE, date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 30)]),
                numbers=seed.sample(lines, seed.choice([0, 1, 1, 1, 2])),
                household_id=seed.choice([None, *households]),
                language=seed.choice(["ja"] * 8 + ["ne", "vi"]),
            )
        )
    campaign = await town.campaign(*types, choosing=choosing)
    for debtor_id in ids:
        await give_history(town, seed, debtor_id)
    known = [r["number"] for r in await town.conn.fetch("SELECT number FROM phone ORDER BY number")]
    for table, key, values in (
        ("household_progress", "household_id", households),
        ("number_progress", "number", known),
    ):
        for value in seed.sample(values, len(values) // 8):
            await town.conn.execute(
                f"INSERT INTO {table} ({key}, last_attempt_at, next_attempt_at, capped_until) VALUES ($1, $2, $3, $4)",
                value, TUESDAY, TUESDAY + timedelta(minutes=seed.choice([-600, 60, 900])),
                some_of(seed, TUESDAY + timedelta(days=seed.randint(0, 9))),
            )  # fmt: skip
    await town.listed()
    assert await list_drift(town.conn) == 0
    return campaign


async def give_history(town: Town, seed: random.Random, debtor_id: int) -> None:
    tries = [seed.randint(0, 2) for _ in range(3)]
    moment = TUESDAY + timedelta(minutes=seed.randint(-90_000, 6_000))
    contacted_at = some_of(seed, moment)
    await town.conn.execute(
        "UPDATE debtor_progress SET weekday_attempts = $2, evening_attempts = $3, weekend_attempts = $4,"
        " next_attempt_at = $5, missed_hour_of_week = $6, contacted_at = $7, wants_waiting_agent = $8,"
        " missed_cells = $9, urgency = $10, recall_from = $11, capped_until = $12 WHERE debtor_id = $1",
        debtor_id, *(tries if seed.random() < 0.5 else [tries[0]] * 3), moment,
        some_of(seed, 34, 41, 100), contacted_at, seed.random() < 0.1,
        seed.choice([0, 0, 2, 31, 29, 2 << 7, 96 << 14, 2**21 - 1, seed.getrandbits(21)]),
        seed.choice([0] * 8 + [250, 255]), some_of(seed, moment + timedelta(hours=seed.randint(-9, 9))),
        some_of(seed, TUESDAY + timedelta(hours=seed.randint(-40, 100)), nothing=8),
    )  # fmt: skip
    if seed.random() < 0.1:
        await town.conn.execute(
            "INSERT INTO callback (debtor_id, due_at, agent_id, made_at, closed_at, closed_as)"
            " VALUES ($1, $2, $3, $2, $4, $5)",
            debtor_id, TUESDAY, some_of(seed, 17, 18, nothing=1),
            *seed.choice([(None, None), (None, None), (TUESDAY, "called")]),
        )  # fmt: skip
    spoil = some_of(seed, *SPOILED, nothing=12)
    if spoil in {"paid", "promise", "contact stop", "dead number", "number removed"}:
        await SPOILED[str(spoil)][0](town, debtor_id)


async def narrow_hours(town: Town) -> None:
    """Debt types that may be dialed in some of the campaign's hours only."""
    await town.own_hours("care_insurance", ("tue", "fri"), "9:00", "17:00")
    await town.own_hours("nursery_fee", ("tue", "wed", "thu", "sat"), "10:00", "20:00")


@pytest.mark.parametrize(
    ("strict", "narrow"), [(False, False), (True, False), (True, True)], ids=["by worth", "strict", "narrow hours"]
)
async def test_claims_and_rules_agree_about_everyone(town: Town, strict: bool, narrow: bool) -> None:
    """The SQL of the claims and the function of the second check are one rule: 250 people with seeded histories."""
    seed = random.Random(20261124 + strict)
    types = (*TYPES, "nursery_fee") if narrow else TYPES
    campaign = await populate(town, seed, people=250, choosing=strict_if(strict), types=types)
    if narrow:
        await narrow_hours(town)
    # From the third moment on, few days are open: whole weeks of training.
    reasons, now_and_then = Counter[Reason](), (0, 7, 4 * 24, 7 * 24)
    for hours in now_and_then:
        now = TUESDAY + timedelta(hours=hours)
        if hours == now_and_then[-1]:
            await town.closed(date(2026, 12, 2), 30)
        window = (await load_openings(town.conn)).hours_of(campaign).window_at(now)
        assert window is not None
        allowed, reserved, wants = set(), set(), set()
        for row in await town.conn.fetch("SELECT debtor_id FROM debtor ORDER BY debtor_id"):
            facts = await read_facts(town.conn, campaign, row["debtor_id"], now, reserved=False)
            verdict = may_call(facts, now)
            reasons.update(verdict.reasons)
            if verdict.allowed:
                allowed.add(row["debtor_id"])
            elif may_call(replace(facts, reserved=True), now).allowed:
                wants.add(facts.wants)
                if facts.wants != "agent:18":
                    reserved.add(row["debtor_id"])
        wanted = await reserved_wanted(town.conn, campaign.campaign_id, now)
        assert wanted == wants, "what is asked before an agent is held"
        transaction = town.conn.transaction()
        await transaction.start()
        assert await claim_one_by_one(town, partial(town.claim, campaign, now, limit=1, window=window)) == allowed
        assert await claim_one_by_one(town, partial(claimed_for_an_agent, town, campaign, now, window)) == reserved
        await transaction.rollback()
        assert 5 < len(allowed) < 240
        assert reserved
    told = set(Reason) - {Reason.CAMPAIGN_STOPPED, Reason.PERSON_BUSY}
    told -= set() if narrow else {Reason.OUTSIDE_CALENDAR}
    assert set(reasons) == (told if strict else told - {Reason.SAME_WINDOW_REPEATED}), "each rule was put to the test"


@pytest.mark.parametrize("spoiled", [one for one in ALL if one not in {"abandoned", "language", "named agent"}])
async def test_nobody_is_held_for_people_who_could_not_be_called(town: Town, spoiled: str) -> None:
    """Whatever stands in the way, whether or not the lists were made again."""
    spoil, _ = ALL[spoiled]
    debtor_id = await town.person(household_id=await town.household(), language="ne")
    campaign = await town.campaign(choosing=strict_if(spoiled in STRICT_ONLY))
    assert await reserved_wanted(town.conn, campaign.campaign_id, TUESDAY) == {"language:ne"}
    await spoil(town, debtor_id)
    assert await reserved_wanted(town.conn, campaign.campaign_id, TUESDAY) == frozenset()
    await town.listed()
    assert await reserved_wanted(town.conn, campaign.campaign_id, TUESDAY) == frozenset()


async def test_nobody_is_held_while_the_household_is_called_or_the_debt_has_no_hour(town: Town) -> None:
    """The call of another member is open; or the only debt type's own calendar is closed, the campaign's open."""
    home = await town.household()
    first, _ = [await town.person(household_id=home, language=language) for language in ("ja", "ne")]
    await town.person(owes={"care_insurance": 1}, language="vi")
    await town.own_hours("care_insurance", ("wed",), "9:00", "17:00")
    campaign = await town.campaign(*TYPES)
    tomorrow = TUESDAY + timedelta(days=1)
    assert await reserved_wanted(town.conn, campaign.campaign_id, TUESDAY) == {"language:ne"}
    assert await reserved_wanted(town.conn, campaign.campaign_id, tomorrow) == {"language:ne", "language:vi"}
    assert [c.debtor_id for c in await town.claim(campaign)] == [first]
    assert await reserved_wanted(town.conn, campaign.campaign_id, TUESDAY) == frozenset()
    assert await town.claim_reserved(campaign, languages=["ne", "vi"]) is None


async def test_who_owes_a_debt_type_of_narrower_hours_is_called_again_in_them(town: Town) -> None:
    """Though the campaign has evenings and other days, which this person never gets; who owes another debt waits."""
    both = {"city_tax": 1, "care_insurance": 1}
    people = [await town.person(owes=owes) for owes in ({"care_insurance": 1}, both, {"city_tax": 1})]
    await town.own_hours("care_insurance", ("tue",), "9:00", "17:00")
    campaign = await town.campaign(*TYPES, choosing=strict_if(True))
    await town.conn.execute("UPDATE debtor_progress SET weekday_attempts = 3, missed_cells = 2")
    await town.listed()
    verdicts = [may_call(await read_facts(town.conn, campaign, one, TUESDAY), TUESDAY).reasons for one in people]
    repeated = (Reason.SAME_DAY_REPEATED, Reason.SAME_WINDOW_REPEATED)
    assert verdicts == [(), repeated, repeated]
    assert [c.debtor_id for c in await town.claim(campaign)] == people[:1]


async def claimed_for_an_agent(town: Town, campaign: Campaign, now: datetime, window: Window) -> list[Claim]:
    found = await town.claim_reserved(campaign, now, agent_id=17, languages=["ne", "vi"], window=window)
    return [] if found is None else [found]


async def claim_one_by_one(town: Town, claim: Callable[[], Awaitable[list[Claim]]]) -> set[int]:
    """Each person claimed in turn and taken off the list, so that nobody stands in another's way."""
    claimed = set()
    while found := await claim():
        claimed.add(found[0].debtor_id)
        await town.conn.execute("DELETE FROM attempt WHERE attempt_id = $1", found[0].attempt_id)
        await town.conn.execute("DELETE FROM list_entry WHERE debtor_id = $1", found[0].debtor_id)
    return claimed
