"""Claims on a real PostgreSQL: who, in which order, on which line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from campaigns.attempts import move
from campaigns.calendar import JST, DayKind, WindowRule
from campaigns.claiming import cancel, claim, still_allowed
from campaigns.errors import StaleState
from campaigns.model import AttemptState, Outcome, Window
from campaigns.rules import Reason
from tests.fixtures_people import TUESDAY, Town

WEEKDAY_ONLY = (WindowRule(Window.WEEKDAY, DayKind.WEEKDAY, 9 * 3600, 17 * 3600),)


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    return town


async def test_a_claim_writes_the_attempt_before_it_returns(town: Town) -> None:
    """The row is there, claimed, with everything that the Originate needs."""
    debtor_id = await town.person()
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    row = await town.conn.fetchrow("SELECT * FROM attempt")
    assert row["attempt_id"] == one.attempt_id
    assert (row["debtor_id"], row["number"], row["caller_id"]) == (debtor_id, one.number, "+81250000001")
    assert (row["state"], row["call_window"], row["claimed_at"]) == ("claimed", "weekday", TUESDAY)
    assert not one.wants_waiting_agent


async def test_the_caller_id_is_that_of_the_largest_overdue_debt(town: Town) -> None:
    """Of the campaign's own types, promises left out (CALL-3)."""
    larger = await town.person(owes={"city_tax": 1_000, "care_insurance": 2_000})
    promised = await town.person(owes={"city_tax": 1_000, "care_insurance": 2_000})
    await town.conn.execute(
        "INSERT INTO promise (debtor_id, debt_type, due_on, made_at) VALUES ($1, 'care_insurance', '2026-12-01', $2)",
        promised, TUESDAY,
    )  # fmt: skip
    both = await town.campaign("city_tax", "care_insurance")
    caller_ids = {c.debtor_id: c.caller_id for c in await town.claim(both)}
    assert caller_ids == {larger: "+81250000002", promised: "+81250000001"}


async def test_one_household_and_one_number_are_claimed_once(town: Town) -> None:
    """Of a family of three and of two who share a line, one each."""
    household_id = await town.household()
    family = {await town.person(household_id=household_id) for _ in range(3)}
    line = town.number()
    sharers = {await town.person(numbers=[line]) for _ in range(2)}
    campaign = await town.campaign()
    first = {c.debtor_id for c in await town.claim(campaign)}
    assert len(first & family) == 1
    assert len(first & sharers) == 1
    assert await town.claim(campaign) == []


async def test_while_a_line_is_held_by_another_the_next_number_is_taken(town: Town) -> None:
    """The best rank first, else the next that is free; a dead one never."""
    shared, own, dead = town.number(), town.number(), town.number()
    await town.person(numbers=[shared])
    two_lines = await town.person(numbers=[dead, shared, own])
    campaign = await town.campaign()
    await town.conn.execute("UPDATE phone SET dead_at = now() WHERE number = $1", dead)
    taken = {c.debtor_id: c.number for c in await town.claim(campaign, limit=1)}
    taken |= {c.debtor_id: c.number for c in await town.claim(campaign, limit=1)}
    assert set(taken.values()) == {shared, own}
    assert taken[two_lines] == own


async def test_the_family_is_left_alone_after_a_call_to_one_of_them(town: Town) -> None:
    """No answer for one: the others wait as long as that one's retry delay."""
    household_id = await town.household()
    for _ in range(2):
        await town.person(household_id=household_id)
    campaign = await town.campaign(windows=WEEKDAY_ONLY)
    (one,) = await town.claim(campaign)
    await town.dial(one, Outcome.NO_ANSWER)
    resting = await town.conn.fetchval("SELECT min(callable_from) FROM list_entry")
    assert resting == TUESDAY + timedelta(hours=1), "both entries moved back, so that no walk meets them"
    assert await town.claim(campaign, TUESDAY + timedelta(minutes=59)) == []
    (other,) = await town.claim(campaign, TUESDAY + timedelta(minutes=61), limit=1)
    assert other.debtor_id != one.debtor_id


async def test_a_window_is_not_repeated_before_the_others_were_tried(town: Town) -> None:
    """Weekday, evening, day off; then weekday again (CALL-7)."""
    await town.person()
    campaign = await town.campaign()
    evening, sunday = TUESDAY + timedelta(hours=8), TUESDAY + timedelta(days=5)
    next_wednesday = TUESDAY + timedelta(days=8)
    tried = []
    for window, now in [
        (Window.WEEKDAY, TUESDAY), (Window.WEEKDAY, TUESDAY + timedelta(days=1)), (Window.EVENING, evening),
        (Window.EVENING, evening + timedelta(days=1)), (Window.WEEKDAY, TUESDAY + timedelta(days=2)),
        (Window.WEEKEND, sunday), (Window.WEEKDAY, next_wednesday),
    ]:  # fmt: skip
        for one in await town.claim(campaign, now, window=window):
            await town.dial(one, Outcome.NO_ANSWER, now)
            tried.append(window)
    assert tried == [Window.WEEKDAY, Window.EVENING, Window.WEEKEND, Window.WEEKDAY]


async def test_days_off_that_do_not_come_are_not_waited_for(town: Town) -> None:
    """With the coming days off closed, weekday and evening take turns."""
    debtor_id = await town.person()
    campaign = await town.campaign()
    tried = "UPDATE debtor_progress SET weekday_attempts = 1, evening_attempts = 1 WHERE debtor_id = $1"
    await town.conn.execute(tried, debtor_id)
    await town.listed()
    assert await town.claim(campaign) == []
    await town.conn.executemany(
        "INSERT INTO calendar_day VALUES ($1, 'closed', '研修')",
        [(date(2026, 11, 24) + timedelta(days=n),) for n in range(4, 15)],
    )
    assert len(await town.claim(campaign)) == 1


async def test_the_fewest_tries_come_first_then_who_waits_longest(town: Town) -> None:
    """Order of the claim: tries in this window, tries in all, moment from which callable."""
    people = [await town.person() for _ in range(5)]
    campaign = await town.campaign()
    progress = [  # weekday, evening, weekend, next_attempt_at
        (2, 2, 2, TUESDAY - timedelta(days=9)),
        (0, 1, 0, TUESDAY - timedelta(days=9)),
        (0, 0, 0, TUESDAY - timedelta(days=1)),
        (1, 1, 1, TUESDAY - timedelta(days=9)),
        (0, 0, 0, TUESDAY - timedelta(days=2)),
    ]
    for debtor_id, tries in zip(people, progress, strict=True):
        await town.conn.execute(
            "UPDATE debtor_progress SET weekday_attempts = $2, evening_attempts = $3, weekend_attempts = $4,"
            " next_attempt_at = $5 WHERE debtor_id = $1", debtor_id, *tries,
        )  # fmt: skip
    await town.listed()
    order = [people.index(c.debtor_id) for c in await town.claim(campaign)]
    assert order == [4, 2, 1, 3, 0]


async def test_people_touched_by_an_abandoned_call_are_claimed_up_to_the_waiting_agents(town: Town) -> None:
    """Nobody hears the apology twice: one waiting agent, one such person; none, none."""
    for _ in range(3):
        await town.person()
    campaign = await town.campaign()
    for one in await town.claim(campaign):
        await town.dial(one, Outcome.ABANDONED)
    later = TUESDAY + timedelta(hours=2)
    assert await town.claim(campaign, later, ready_agents=0) == []
    (first,) = await town.claim(campaign, later, ready_agents=1)
    assert first.wants_waiting_agent
    assert await town.claim(campaign, later, ready_agents=1) == [], "the agent waits for the first one"
    verdict = await still_allowed(town.conn, first.attempt_id, later, ready_agents=0)
    assert verdict.reasons == (Reason.WANTS_WAITING_AGENT,)
    assert (await still_allowed(town.conn, first.attempt_id, later, ready_agents=1)).allowed


async def test_others_pass_those_who_need_a_waiting_agent(town: Town) -> None:
    """They don't fill the limit while no agent waits."""
    touched = await town.person()
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    await town.dial(one, Outcome.ABANDONED)
    other = await town.person()
    await town.listed()
    claimed = await town.claim(campaign, TUESDAY + timedelta(hours=2), limit=1, ready_agents=0)
    assert [c.debtor_id for c in claimed] == [other]
    assert touched != other


async def test_a_cancelled_claim_leaves_no_trace_in_the_rotation(town: Town) -> None:
    """Refused by the second check: the person keeps the place and may be claimed again."""
    await town.person()
    campaign = await town.campaign()
    before = await town.conn.fetchrow("SELECT * FROM debtor_progress")
    (one,) = await town.claim(campaign)
    await cancel(town.conn, one.attempt_id, TUESDAY)
    assert await town.conn.fetchrow("SELECT * FROM debtor_progress") == before
    assert await town.conn.fetchval("SELECT outcome FROM attempt") == "cancelled"
    assert len(await town.claim(campaign)) == 1


async def test_a_skipped_preview_does_not_come_back_at_once(town: Town) -> None:
    """The agent who skips gets somebody else."""
    await town.person()
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    await cancel(town.conn, one.attempt_id, TUESDAY, again_after_s=600)
    assert await town.claim(campaign, TUESDAY + timedelta(seconds=599)) == []
    assert len(await town.claim(campaign, TUESDAY + timedelta(seconds=600))) == 1


async def test_what_was_dialed_can_not_be_cancelled(town: Town) -> None:
    """A telephone may be ringing: only the engine's end applies."""
    await town.person()
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    await move(town.conn, one.attempt_id, frm=AttemptState.CLAIMED, to=AttemptState.DIALING, at=TUESDAY)
    with pytest.raises(StaleState):
        await cancel(town.conn, one.attempt_id, TUESDAY)


async def test_the_agent_of_a_preview_is_kept(town: Town) -> None:
    """The row says for whom it was claimed."""
    await town.person()
    campaign = await town.campaign()
    await claim(town.conn, campaign, 1, Window.WEEKDAY, TUESDAY, ready_agents=1, agent_id=7)
    assert await town.conn.fetchval("SELECT agent_id FROM attempt") == 7


async def test_a_campaign_claims_only_people_who_owe_its_debt_types(town: Town) -> None:
    """And somebody on two lists is claimed by one of them."""
    tax = await town.person()
    both = await town.person(owes={"city_tax": 1, "care_insurance": 1})
    taxes = await town.campaign("city_tax", name="市税")
    care = await town.campaign("care_insurance", name="介護")
    assert [c.debtor_id for c in await town.claim(care)] == [both]
    assert [c.debtor_id for c in await town.claim(taxes)] == [tax]


def test_the_moment_of_these_tests_is_a_tuesday_in_the_weekday_window() -> None:
    """The other tests rely on it."""
    assert datetime(2026, 11, 24, 10, 30, tzinfo=JST).astimezone(UTC) == TUESDAY
    assert TUESDAY.astimezone(JST).weekday() == 1
