"""Who becomes a candidate for SMS, letter, visit or number research, on a real database."""

from __future__ import annotations

from datetime import date, timedelta

import asyncpg
import pytest

from campaigns.campaign import Campaign
from campaigns.candidates import (
    Candidate,
    CandidateRules,
    Channel,
    candidate_rules,
    read_candidates,
    set_candidate_rules,
)
from campaigns.errors import CampaignInvalid, CampaignUnknown
from campaigns.model import E164, Window
from campaigns.numbers import borrow_household_numbers
from tests.fixtures_people import TUESDAY, Town


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    made = Town(db)
    await made.debt_types("city_tax", "care")
    return made


async def tried(town: Town, debtor_id: int, weekday: int, evening: int = 0, weekend: int = 0) -> None:
    await town.conn.execute(
        "UPDATE debtor_progress SET weekday_attempts = $2, evening_attempts = $3, weekend_attempts = $4,"
        " last_attempt_at = $5, last_outcome = 'no_answer' WHERE debtor_id = $1",
        debtor_id, weekday, evening, weekend, TUESDAY - timedelta(days=1),
    )  # fmt: skip


async def found(town: Town, channel: Channel | None = None) -> list[Candidate]:
    return list((await read_candidates(town.conn, TUESDAY, channel=channel)).candidates)


async def one_person(town: Town, tries: int = 9) -> int:
    debtor_id = await town.person()
    await town.campaign()
    await tried(town, debtor_id, tries)
    return debtor_id


async def test_each_channel_begins_after_its_number_of_tries(town: Town) -> None:
    """Three for an SMS, five for a letter, eight for a visit, in all kinds of hour together; most tried first."""
    people = [await town.person() for _ in range(4)]
    campaign = await town.campaign()
    for debtor_id, tries in zip(people, [(2, 0, 0), (1, 1, 1), (3, 2, 0), (4, 2, 2)], strict=True):
        await tried(town, debtor_id, *tries)
    page = await read_candidates(town.conn, TUESDAY, campaign_id=campaign.campaign_id)
    assert [(one.debtor_id, one.channels) for one in page.candidates] == [
        (people[3], (Channel.SMS, Channel.LETTER, Channel.VISIT)),
        (people[2], (Channel.SMS, Channel.LETTER)),
        (people[1], (Channel.SMS,)),
    ]
    assert page.totals == {Channel.SMS: 3, Channel.LETTER: 2, Channel.VISIT: 1, Channel.RESEARCH: 0}
    assert page.candidates[2].tries == {Window.WEEKDAY: 1, Window.EVENING: 1, Window.WEEKEND: 1}
    letters = await read_candidates(town.conn, TUESDAY, channel=Channel.LETTER, limit=1, offset=1)
    assert ([one.debtor_id for one in letters.candidates], letters.total_n) == ([people[2]], 2)
    beyond = await read_candidates(town.conn, TUESDAY, limit=10, offset=10)
    assert (beyond.candidates, beyond.total_n) == ((), 3)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE debt_item SET paid_on = '2026-11-20' WHERE debtor_id = $1",
        "UPDATE debt_item SET due_on = '2026-11-24' WHERE debtor_id = $1",
        "INSERT INTO promise (debtor_id, due_on, made_at) VALUES ($1, '2026-11-24', now())",
        "INSERT INTO promise (debtor_id, debt_type, due_on, made_at) VALUES ($1, 'city_tax', '2026-11-24', now())",
        "INSERT INTO contact_stop VALUES ($1, now(), 'x')",
        "UPDATE debtor_progress SET contacted_at = '2026-11-02 03:00Z' WHERE debtor_id = $1",
        "INSERT INTO callback (debtor_id, due_at, made_at) VALUES ($1, '2026-11-25 03:00Z', now())",
    ],
)
async def test_who_must_not_be_bothered_is_no_candidate(town: Town, statement: str) -> None:
    """Paid, not due, promised, stopped, contacted this month, or with an agreed hour: not even for number research."""
    debtor_id = await one_person(town)
    assert len(await found(town)) == 1
    await town.conn.execute("UPDATE phone SET dead_at = now()")
    await town.conn.execute(statement, debtor_id)
    assert await found(town) == []


async def test_tries_before_the_last_contact_count_no_more(town: Town) -> None:
    """Contacted in October, tried four times since: an SMS, no letter yet."""
    debtor_id = await one_person(town)
    await town.conn.execute(
        "UPDATE debtor_progress SET contacted_at = '2026-10-15 03:00Z' WHERE debtor_id = $1", debtor_id
    )
    number = await town.conn.fetchval("SELECT number FROM debtor_phone WHERE debtor_id = $1", debtor_id)
    for day, outcome in [(1, "answered"), (20, "no_answer"), (21, "busy"), (22, "machine"), (23, "no_answer"),
                         (24, "rejected"), (25, "cancelled")]:  # fmt: skip
        await town.conn.execute(
            "INSERT INTO attempt (campaign_id, debtor_id, number, caller_id, call_window, state, state_at, claimed_at,"
            " ended_at, outcome) VALUES (1, $1, $2, '+81250000001', 'weekday', 'ended', $3, $3, $3, $4)",
            debtor_id, number, TUESDAY.replace(month=10, day=day), outcome,
        )  # fmt: skip
    (one,) = await found(town)
    assert (one.tries_n, one.channels) == (4, (Channel.SMS,))


async def test_without_a_live_number_a_number_is_looked_for(town: Town) -> None:
    """With what is known of the numbers: one dead, one another's."""
    debtor_id = await town.person(numbers=[E164("+81900000001"), E164("+81900000002")])
    await town.campaign()
    await town.conn.execute("UPDATE phone SET dead_at = now() WHERE number = '+81900000001'")
    await town.conn.execute("UPDATE debtor_phone SET removed_at = now() WHERE number = '+81900000002'")
    (one,) = await found(town, Channel.RESEARCH)
    assert (one.debtor_id, one.channels) == (debtor_id, (Channel.RESEARCH,))
    assert (one.numbers_n, one.dead_n, one.wrong_n, one.mobile) == (2, 1, 1, None)


async def test_an_sms_never_goes_to_a_number_of_the_household(town: Town) -> None:
    """A debt is nobody else's business; a landline takes none either."""
    household = await town.household()
    await town.person(household_id=household, owes={})
    borrower = await town.person(household_id=household, numbers=[])
    landline = await town.person(numbers=[E164("+81250000009")])
    await town.conn.execute("UPDATE phone SET kind = 'landline' WHERE number = '+81250000009'")
    await town.campaign()
    await borrow_household_numbers(town.conn, None, TUESDAY)
    for debtor_id in (borrower, landline):
        await tried(town, debtor_id, 5)
    assert {(one.debtor_id, one.channels) for one in await found(town)} == {
        (borrower, (Channel.LETTER,)),
        (landline, (Channel.LETTER,)),
    }


async def test_each_campaign_has_its_own_rules(town: Town) -> None:
    """None means never; a wrong number of tries and an unknown campaign are refused."""
    debtor_id = await town.person(owes={"city_tax": 1, "care": 1}, due_on=date(2026, 6, 30))
    tax: Campaign = await town.campaign()
    care = await town.campaign("care", name="介護")
    await tried(town, debtor_id, 9)
    await set_candidate_rules(town.conn, care.campaign_id, CandidateRules(None, 9, None))
    assert await candidate_rules(town.conn, care.campaign_id) == CandidateRules(None, 9, None)
    assert await candidate_rules(town.conn, tax.campaign_id) == CandidateRules()
    assert [(one.campaign, one.channels) for one in await found(town)] == [
        ("市税", (Channel.SMS, Channel.LETTER, Channel.VISIT)),
        ("介護", (Channel.LETTER,)),
    ]
    with pytest.raises(CampaignInvalid, match="visit_after"):
        await set_candidate_rules(town.conn, care.campaign_id, CandidateRules(1, 1, 0))
    with pytest.raises(CampaignUnknown):
        await set_candidate_rules(town.conn, 99, CandidateRules())
    with pytest.raises(CampaignUnknown):
        await candidate_rules(town.conn, 99)


async def test_nobody_at_all_is_an_empty_page(town: Town) -> None:
    """Zeros for each channel."""
    page = await read_candidates(town.conn, TUESDAY)
    assert (page.candidates, page.total_n, set(page.totals.values())) == ((), 0, {0})
