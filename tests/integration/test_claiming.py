"""Claims on a real PostgreSQL: who, in which order, on which line."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from campaigns.attempts import move
from campaigns.calendar import JST, DayKind, WindowRule
from campaigns.campaign import DEFAULT_WINDOWS, Choosing, load_campaign, set_choosing
from campaigns.claiming import cancel, claim, reserved_wanted, still_allowed
from campaigns.errors import StaleState
from campaigns.listing import list_drift
from campaigns.model import AttemptState, Outcome, Rotation, Window
from campaigns.opening.operating import calendar_of_windows
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
    assert (one.wants, one.answer_probability) == (None, None)


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
    """Weekday, evening, day off; then weekday again, where the supervisor wants it so (CALL-7)."""
    await town.person()
    campaign = await town.campaign(choosing=Choosing(rotation=Rotation.STRICT))
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
    campaign = await town.campaign(choosing=Choosing(rotation=Rotation.STRICT))
    tried = "UPDATE debtor_progress SET weekday_attempts = 1, evening_attempts = 1 WHERE debtor_id = $1"
    await town.conn.execute(tried, debtor_id)
    await town.listed()
    assert await town.claim(campaign) == []
    await town.closed(date(2026, 11, 28), 11)
    assert len(await town.claim(campaign)) == 1


async def test_by_worth_a_kind_of_hour_may_follow_itself(town: Town) -> None:
    """What the hour is worth decides; the next call only goes to another day of the week."""
    await town.person()
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    await town.dial(one, Outcome.NO_ANSWER)
    assert await town.claim(campaign, TUESDAY + timedelta(hours=5)) == []
    (again,) = await town.claim(campaign, TUESDAY + timedelta(days=1))
    assert again.debtor_id == one.debtor_id


async def test_a_day_of_the_week_comes_round_after_the_other_days(town: Town) -> None:
    """Tuesday to Monday, each missed once; then Tuesday opens a new round (CALL-7)."""
    await town.person()
    campaign = await town.campaign(windows=WEEKDAY_ONLY)
    tried = list[int]()
    for days in (0, 7, 1, 2, 3, 8, 6, 14, 15):  # Tue, Tue, Wed, Thu, Fri, Wed, Mon, Tue, Wed
        now = TUESDAY + timedelta(days=days, minutes=60 * len(tried) % 240)
        for one in await town.claim(campaign, now):
            await town.dial(one, Outcome.NO_ANSWER, now)
            tried.append(days)
    assert tried == [0, 1, 2, 3, 6, 14, 15]


async def test_urgency_comes_first_then_the_grade_then_who_waits_longest(town: Town) -> None:
    """An agreed hour, a broken promise, the worth of this hour, the moment from which callable."""
    people = [await town.person() for _ in range(6)]
    campaign = await town.campaign()
    for debtor_id, (urgency, waits_days) in zip(
        people, [(0, 1), (0, 9), (250, 1), (0, 5), (255, 1), (0, 9)], strict=True
    ):
        await town.conn.execute(
            "UPDATE debtor_progress SET urgency = $2, next_attempt_at = $3 WHERE debtor_id = $1",
            debtor_id, urgency, TUESDAY - timedelta(days=waits_days),
        )  # fmt: skip
    await town.listed()
    for debtor_id, grade in zip(people, [200, 3, 1, 150, 1, 150], strict=True):
        await town.grades(debtor_id, grade)
    order = [people.index(c.debtor_id) for c in await town.claim(campaign)]
    assert order == [4, 2, 0, 5, 3, 1]


async def test_each_kind_of_hour_has_its_own_grades(town: Town) -> None:
    """Who answers in the evening is left for the evening."""
    by_day, by_night = await town.person(), await town.person()
    campaign = await town.campaign()
    await town.grades(by_day, 180, evening=20, weekend=30)
    await town.grades(by_night, 20, evening=180, weekend=40)
    evening, sunday = TUESDAY + timedelta(hours=7), TUESDAY + timedelta(days=5)
    for window, now, first in [
        (Window.WEEKDAY, TUESDAY, by_day), (Window.EVENING, evening, by_night), (Window.WEEKEND, sunday, by_night),
    ]:  # fmt: skip
        (one,) = await town.claim(campaign, now, window=window, limit=1)
        assert one.debtor_id == first
        await cancel(town.conn, one.attempt_id, now)


async def test_what_is_worth_nothing_now_is_left_out_while_the_planner_is_heard_of(town: Town) -> None:
    """Grade 0 keeps somebody from this kind of hour; silent for 26 hours, the planner's word no longer does."""
    debtor_id, other_id = await town.person(), await town.person()
    campaign = await town.campaign()
    await town.grades(debtor_id, 0, evening=100)
    await town.grades(other_id, 1)
    for graded_at, expected in [
        (TUESDAY - timedelta(hours=25, minutes=59), [other_id]),
        (TUESDAY - timedelta(hours=26), [other_id, debtor_id]),
        (None, [other_id, debtor_id]),
    ]:
        await town.conn.execute("UPDATE campaign SET graded_at = $1", graded_at)
        campaign = await load_campaign(town.conn, campaign.campaign_id)
        claims = await town.claim(campaign)
        assert [c.debtor_id for c in claims] == expected, graded_at
        for one in claims:
            await cancel(town.conn, one.attempt_id, TUESDAY)


async def test_an_urgent_person_is_called_though_the_hour_is_worth_nothing(town: Town) -> None:
    """An agreed hour is an agreed hour; it is kept even if that hour was missed before."""
    debtor_id = await town.person()
    campaign = await town.campaign(choosing=Choosing(rotation=Rotation.STRICT))
    await town.conn.execute(
        "UPDATE debtor_progress SET urgency = 255, missed_hour_of_week = 34, missed_cells = 2, weekday_attempts = 3"
    )
    await town.listed()
    await town.grades(debtor_id, 0)
    await town.conn.execute("UPDATE campaign SET graded_at = $1", TUESDAY)
    assert len(await town.claim(await load_campaign(town.conn, campaign.campaign_id))) == 1


async def test_the_number_most_likely_to_be_picked_up_in_this_kind_of_hour_is_taken(town: Town) -> None:
    """By the model; a number that it doesn't know yet comes after those it knows, then by rank (CALL-6)."""
    mobile, home, unknown = town.number(), town.number(), town.number()
    await town.person(numbers=[unknown, mobile, home])
    campaign = await town.campaign()
    for number, weekday, evening in [(mobile, 0.2, 0.3), (home, 0.1, 0.5)]:
        await town.conn.execute(
            "UPDATE debtor_phone SET weekday_p = $2, evening_p = $3 WHERE number = $1", number, weekday, evening
        )
    taken = []
    for window, now in [(Window.WEEKDAY, TUESDAY), (Window.EVENING, TUESDAY + timedelta(hours=7)),
                        (Window.WEEKEND, TUESDAY + timedelta(days=5))]:  # fmt: skip
        (one,) = await town.claim(campaign, now, window=window)
        taken.append((one.number, one.answer_probability))
        await cancel(town.conn, one.attempt_id, now)
    assert taken == [(mobile, pytest.approx(0.2)), (home, pytest.approx(0.5)), (unknown, None)]
    assert await town.conn.fetch("SELECT DISTINCT answer_probability FROM attempt ORDER BY 1") == [
        (pytest.approx(0.2),), (pytest.approx(0.5),), (None,),
    ]  # fmt: skip


async def test_whoever_an_abandoned_call_touched_is_dialed_with_an_agent_reserved(town: Town) -> None:
    """Nobody hears the apology twice: never by an ordinary claim, one for each agent who is held."""
    for _ in range(2):
        await town.person()
    campaign = await town.campaign()
    for one in await town.claim(campaign):
        await town.dial(one, Outcome.ABANDONED)
    later = TUESDAY + timedelta(hours=2)
    assert await reserved_wanted(town.conn, campaign.campaign_id, TUESDAY) == frozenset()
    assert await reserved_wanted(town.conn, campaign.campaign_id, later) == {"any"}
    assert await town.claim(campaign, later) == []
    first = await town.claim_reserved(campaign, later, agent_id=7)
    second = await town.claim_reserved(campaign, later, agent_id=8)
    assert first is not None
    assert second is not None
    assert {first.debtor_id, second.debtor_id} == {1, 2}
    assert (first.wants, second.wants) == ("any", "any")
    assert await town.claim_reserved(campaign, later, agent_id=9) is None
    agents = await town.conn.fetch("SELECT agent_id FROM attempt WHERE ended_at IS NULL ORDER BY agent_id")
    assert [r["agent_id"] for r in agents] == [7, 8]
    assert (await still_allowed(town.conn, first.attempt_id, later)).allowed
    await town.conn.execute("UPDATE attempt SET agent_id = NULL")
    assert (await still_allowed(town.conn, first.attempt_id, later)).reasons == (Reason.WANTS_WAITING_AGENT,)


async def test_others_pass_those_who_want_an_agent_reserved(town: Town) -> None:
    """They don't fill the limit while no agent is held for them."""
    touched = await town.person()
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    await town.dial(one, Outcome.ABANDONED)
    other = await town.person()
    await town.listed()
    claimed = await town.claim(campaign, TUESDAY + timedelta(hours=2), limit=1)
    assert [c.debtor_id for c in claimed] == [other]
    assert touched != other


@pytest.mark.parametrize("rotation", list(Rotation))
async def test_nobody_is_held_for_people_whose_day_or_turn_this_is_not(town: Town, rotation: Rotation) -> None:
    """What is asked before an agent is held agrees with what the claim then finds, through two weeks."""
    await town.person(language="ne")
    campaign = await town.campaign(choosing=Choosing(rotation=rotation))
    first = await town.claim_reserved(campaign, languages=["ne"])
    assert first is not None
    await town.dial(first, Outcome.NO_ANSWER)
    answers = set()
    for hours in range(2, 14 * 24, 2):
        now = TUESDAY + timedelta(hours=hours)
        window = campaign_window(now)
        wanted = await reserved_wanted(town.conn, campaign.campaign_id, now)
        if window is None:
            assert wanted == frozenset(), "nothing is open"
            continue
        found = await town.claim_reserved(campaign, now, languages=["ne"], window=window)
        assert wanted == ({"language:ne"} if found else set()), now
        answers.add((window, found is not None))
        if found is not None:
            await cancel(town.conn, found.attempt_id, now)
    assert {(Window.WEEKDAY, False), (Window.EVENING, True), (Window.WEEKEND, True)} <= answers
    assert ((Window.WEEKDAY, True) in answers) is (rotation is Rotation.BY_WORTH)


def campaign_window(now: datetime) -> Window | None:
    """What `Town.campaign` has open by default."""
    return calendar_of_windows(DEFAULT_WINDOWS).window_at(now)


async def agreed(town: Town, debtor_id: int, agent_id: int | None) -> None:
    """An hour was agreed, and it is now."""
    await town.conn.execute(
        "INSERT INTO callback (debtor_id, due_at, agent_id, made_at) VALUES ($1, $2, $3, $2)",
        debtor_id, TUESDAY, agent_id,
    )  # fmt: skip
    await town.conn.execute(
        "UPDATE debtor_progress SET urgency = 255, next_attempt_at = $2, recall_from = $2 WHERE debtor_id = $1",
        debtor_id, TUESDAY,
    )  # fmt: skip
    await town.listed()


async def test_each_agent_gets_only_those_who_want_her_or_anyone(town: Town) -> None:
    """A named agent, one who speaks the language, any; the agreed hour first of all (CALL-11)."""
    nepali, named, vietnamese = (
        await town.person(language="ne"), await town.person(), await town.person(language="vi")
    )  # fmt: skip
    campaign = await town.campaign()
    await agreed(town, named, agent_id=17)
    assert await reserved_wanted(town.conn, campaign.campaign_id, TUESDAY) == {
        "agent:17", "language:ne", "language:vi",
    }  # fmt: skip
    assert await town.claim(campaign) == []
    assert await town.claim_reserved(campaign, agent_id=7) is None
    got = [await town.claim_reserved(campaign, agent_id=17, languages=["vi", "ne"]) for _ in range(4)]
    assert [(c.debtor_id, c.wants) if c else None for c in got] == [
        (named, "agent:17"), (nepali, "language:ne"), (vietnamese, "language:vi"), None,
    ]  # fmt: skip


async def test_among_those_who_want_an_agent_the_order_is_that_of_the_list(town: Town) -> None:
    """Whatever they want: urgency, then grade; grade 0 keeps nobody out, there are few such agents."""
    people = [await town.person(language=language) for language in ("ne", "vi", "ne", "vi", "ne")]
    campaign = await town.campaign()
    await agreed(town, people[3], agent_id=None)
    for debtor_id, grade in zip(people, [0, 50, 180, 1, 40], strict=True):
        await town.grades(debtor_id, grade)
    await town.conn.execute("UPDATE campaign SET graded_at = $1", TUESDAY)
    campaign = await load_campaign(town.conn, campaign.campaign_id)
    got = [await town.claim_reserved(campaign, languages=["ne", "vi"]) for _ in people]
    assert [people.index(c.debtor_id) for c in got if c] == [3, 2, 1, 4, 0]


async def test_a_change_of_the_rotation_takes_effect_at_once(town: Town) -> None:
    """Whose turn it is, is part of the list."""
    await town.person()
    campaign = await town.campaign()
    await town.conn.execute("UPDATE debtor_progress SET weekday_attempts = 1")
    await town.listed()
    await set_choosing(town.conn, campaign.campaign_id, Choosing(rotation=Rotation.STRICT))
    assert await list_drift(town.conn) == 0
    assert await town.claim(await load_campaign(town.conn, campaign.campaign_id)) == []
    await set_choosing(town.conn, campaign.campaign_id, Choosing())
    assert len(await town.claim(await load_campaign(town.conn, campaign.campaign_id))) == 1


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
    await claim(town.conn, campaign, 1, Window.WEEKDAY, TUESDAY, agent_id=7)
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
