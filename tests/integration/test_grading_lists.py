"""Whole lists graded on a real PostgreSQL, and the planner that does it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta

import asyncpg
import pytest

from campaigns.calendar import cell_of
from campaigns.campaign import Campaign, Choosing, load_campaign, set_choosing
from campaigns.evidence import Seen, add_many
from campaigns.grading.fitting import FittedModel, fit_model, load_model
from campaigns.grading.grades import FLOOR, OUT, OVERDUE, WORTH
from campaigns.grading.grading import Pass, grade_list
from campaigns.grading.prices import Prices, last_prices
from campaigns.listing import refresh_progress
from campaigns.model import Outcome, Rotation, Window
from campaigns.opening.store import load_openings
from campaigns.queries import queries
from dialer.planner import Planner
from tests.deadline import until_found
from tests.fixtures_people import TUESDAY, Town
from tests.fixtures_recordings import HandClock

EVENING = TUESDAY + timedelta(hours=8)
NO_LOTS = Choosing(lot_ratio=0.0)


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    return town


async def grade(town: Town, campaign: Campaign, fitted: FittedModel | None = None, *, whole: bool = True) -> Pass:
    hours = (await load_openings(town.conn)).hours_of(campaign)
    fitted = fitted or await load_model(town.conn)
    return await grade_list(town.conn, await load_campaign(town.conn, campaign.campaign_id), hours, fitted, TUESDAY,
                            whole=whole)  # fmt: skip


async def grades(town: Town) -> dict[int, tuple[int, int, int]]:
    rows = await town.conn.fetch("SELECT debtor_id, weekday_grade, evening_grade, weekend_grade FROM list_entry")
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


async def teach(town: Town, debtor_id: int, window: Window, *, hits: int = 0, misses: int = 0) -> None:
    number = await town.conn.fetchval("SELECT number FROM debtor_phone WHERE debtor_id = $1", debtor_id)
    await add_many(town.conn, [Seen(debtor_id, number, window, TUESDAY - timedelta(days=9), hits, misses)])


async def test_who_answers_in_the_evening_only_is_kept_for_the_evening(town: Town) -> None:
    """The scarce evening goes to those whom the day does not reach, the day to the others."""
    evening_people = [await town.person() for _ in range(15)]
    day_people = [await town.person() for _ in range(15)]
    for debtor_id in evening_people:
        await teach(town, debtor_id, Window.WEEKDAY, misses=6)
        await teach(town, debtor_id, Window.EVENING, hits=4)
    for debtor_id in day_people:
        await teach(town, debtor_id, Window.WEEKDAY, hits=4)
        await teach(town, debtor_id, Window.EVENING, hits=2, misses=2)
    campaign = await town.campaign(choosing=NO_LOTS)
    # a small team: six calls an hour, fewer evenings than people
    await grade(town, campaign, await fit_model(town.conn, TUESDAY))
    found = await grades(town)
    assert min(found[d][0] for d in day_people) > max(found[d][0] for d in evening_people)
    claimed = await town.claim(await load_campaign(town.conn, campaign.campaign_id), limit=15)
    assert {c.debtor_id for c in claimed} == set(day_people)
    evening = await town.claim(
        await load_campaign(town.conn, campaign.campaign_id), EVENING, limit=15, window=Window.EVENING
    )
    assert {c.debtor_id for c in evening} == set(evening_people)
    assert all(c.answer_probability is not None and c.answer_probability > 0.5 for c in claimed + evening)


async def test_a_line_is_of_the_debt_type_of_which_most_was_owed_whether_paid_or_not(town: Town) -> None:
    """Every line that was called comes once, in stretches; who owes nothing any more has no type."""
    expected: list[tuple[int, str | None]] = []
    for owes, most in (
        ({"city_tax": 500, "care_insurance": 900}, "care_insurance"),
        ({"city_tax": 900, "care_insurance": 500}, "city_tax"),
        ({"city_tax": 700, "care_insurance": 700}, "care_insurance"),  # the first by its code
        ({}, None),
    ):
        debtor_id = await town.person(owes=owes, numbers=[town.number(), town.number()])
        numbers = await town.conn.fetch("SELECT number FROM debtor_phone WHERE debtor_id = $1", debtor_id)
        await add_many(town.conn, [Seen(debtor_id, n, Window.EVENING, TUESDAY, 0, 1) for (n,) in numbers])
        expected += [(debtor_id, most)] * 2
    await town.conn.execute("UPDATE debt_item SET paid_on = $1", date(2026, 11, 1))
    found, after = [], (0, "")
    while rows := [
        row async for row in queries.evidence_rows(town.conn, after_debtor=after[0], after_number=after[1], limit=3)
    ]:
        found += [(row["debtor_id"], row["debt_type"]) for row in rows]
        after = (rows[-1]["debtor_id"], rows[-1]["number"])
    assert found == expected


async def test_only_those_to_whom_something_happened_are_graded_again(town: Town) -> None:
    """A small pass costs what it grades, and uses the prices of the last whole one."""
    for _ in range(5):
        await town.person()
    campaign = await town.campaign(choosing=NO_LOTS)
    first = await grade(town, campaign, whole=False)
    assert (first.seen, first.written) == (5, 5), "the first pass is whole"
    assert (await grade(town, campaign, whole=False)).seen == 0
    (one,) = await town.claim(campaign, limit=1)
    await town.dial(one, Outcome.NO_ANSWER)
    again = await grade(town, campaign, whole=False)
    assert (again.seen, again.written, again.prices) == (1, 1, first.prices)
    found = await grades(town)
    assert found[one.debtor_id][1] >= WORTH
    whole = await grade(town, campaign)
    assert (whole.seen, whole.overtaken) == (5, 0)


async def test_a_result_during_a_pass_is_not_overwritten(town: Town, dsn: str) -> None:
    """What was read before the result is stale: the entry waits for the next pass."""
    debtor_id = await town.person()
    campaign = await town.campaign(choosing=NO_LOTS)
    other = await asyncpg.connect(dsn)
    watcher = await asyncpg.connect(dsn)
    waits = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    try:
        async with other.transaction():
            await refresh_progress(other, [debtor_id])  # a result is being written
            passing = asyncio.create_task(grade(town, campaign))
            await until_found(lambda: watcher.fetchval(waits), what="the pass has read the entry and waits for it")
        assert await passing == Pass(1, 0, 1, await _prices(town, campaign))
    finally:
        await other.close()
        await watcher.close()
    assert not await town.conn.fetchval("SELECT graded FROM list_entry")
    assert (await grade(town, campaign, whole=False)).written == 1


async def _prices(town: Town, campaign: Campaign) -> Prices:
    found = await last_prices(town.conn, campaign.campaign_id)
    assert found is not None
    return found


async def test_the_floor_and_a_latest_moment_come_before_worth(town: Town) -> None:
    """Everybody once in each kind of hour first; who waits longer than the retry rule says, too."""
    tried, untried, overdue = [await town.person() for _ in range(3)]
    campaign = await town.campaign(choosing=Choosing(lot_ratio=0.0, floor_each_window=True))
    await town.conn.execute(
        "UPDATE debtor_progress SET counted_on = $2, month_attempts = 3, month_windows = 7 WHERE debtor_id <> $1",
        untried, date(2026, 11, 20),
    )  # fmt: skip
    await town.conn.execute(
        "UPDATE debtor_progress SET overdue_from = $2 WHERE debtor_id = $1", overdue, TUESDAY - timedelta(hours=1)
    )
    await grade(town, campaign)
    found = await grades(town)
    assert all(WORTH <= grade < FLOOR for grade in found[tried])
    assert all(FLOOR <= grade < OVERDUE for grade in found[untried])
    assert found[overdue] == (OVERDUE,) * 3
    (first,) = await town.claim(await load_campaign(town.conn, campaign.campaign_id), limit=1)
    assert first.debtor_id == overdue
    assert (await _prices(town, campaign)).below_floor == 1


async def test_whom_the_spread_would_refuse_is_left_out_of_that_kind_of_hour(town: Town) -> None:
    """Missed on a Tuesday: not on this one; under strict rotation not before the others were tried."""
    missed, strictly, free = [await town.person() for _ in range(3)]
    campaign = await town.campaign(choosing=Choosing(rotation=Rotation.STRICT, lot_ratio=0.0))
    cell = cell_of(Window.WEEKDAY, date(2026, 11, 24))
    await town.conn.execute("UPDATE debtor_progress SET missed_cells = $2 WHERE debtor_id = $1", missed, cell)
    await town.conn.execute("UPDATE debtor_progress SET evening_attempts = 1 WHERE debtor_id = $1", strictly)
    await grade(town, campaign)
    found = await grades(town)
    assert (found[missed][0], found[strictly][1]) == (OUT, OUT)
    assert min(*found[missed][1:], found[strictly][0], found[strictly][2], *found[free]) >= WORTH
    fresh = await load_campaign(town.conn, campaign.campaign_id)
    claimed = await town.claim(fresh)
    assert {c.debtor_id for c in claimed} == {strictly, free}


async def test_a_share_is_drawn_by_lot_and_the_attempt_says_so(town: Town) -> None:
    """The model must not learn from its own habits only."""
    for _ in range(40):
        await town.person()
    campaign = await town.campaign(choosing=Choosing(lot_ratio=0.5))
    await grade(town, campaign)
    drawn = (await _prices(town, campaign)).drawn
    assert 0 < drawn <= 40
    fresh = await load_campaign(town.conn, campaign.campaign_id)
    await town.claim(fresh, limit=drawn)
    assert await town.conn.fetchval("SELECT count(*) FROM attempt WHERE by_lot") > 0


class VanishingPool:
    """A database that goes away in the moment in which the planner is told to end: giving back fails."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[None]:
        self.asked.set()
        try:
            await asyncio.Event().wait()  # the question has no answer any more
            yield
        finally:
            raise asyncpg.ConnectionDoesNotExistError


async def test_the_planner_ends_although_the_database_went_at_the_same_time() -> None:
    """Else it would run on for ever beside a site that was killed."""
    pool = VanishingPool()
    working = asyncio.create_task(Planner(pool, HandClock()).run())
    await pool.asked.wait()
    working.cancel()
    async with asyncio.timeout(5):
        with pytest.raises(asyncio.CancelledError):
            await working


async def test_the_planner_fits_settles_and_grades_and_grades_again_when_the_weights_change(
    town: Town, dsn: str
) -> None:
    """One tick on a fresh database does everything; the next nothing; new weights make a whole pass."""
    debtor_id = await town.person()
    await teach(town, debtor_id, Window.WEEKDAY, misses=2)
    campaign = await town.campaign(choosing=NO_LOTS)
    clock = HandClock(at=TUESDAY)
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        planner = Planner(pool, clock)
        await planner.tick()
        graded = await load_campaign(town.conn, campaign.campaign_id)
        assert graded.graded_at == TUESDAY
        assert (await load_model(town.conn)).fitted_at == TUESDAY
        clock.at += timedelta(minutes=5)
        await planner.tick()
        assert (await load_campaign(town.conn, campaign.campaign_id)).graded_at == TUESDAY
        await set_choosing(town.conn, campaign.campaign_id, Choosing(weight_new=1.0))
        await planner.tick()
        assert (await load_campaign(town.conn, campaign.campaign_id)).graded_at == clock.at
        assert await town.conn.fetchval("SELECT count(*) FROM pick_up_model") == 1
        clock.at += timedelta(days=1)
        await planner.tick()
        assert await town.conn.fetchval("SELECT count(*) FROM pick_up_model") == 2


@pytest.mark.parametrize("rotation", list(Rotation))
async def test_days_and_kinds_of_hour_that_never_come_for_a_person_leave_nobody_out(
    town: Town, rotation: Rotation
) -> None:
    """Who owes a debt type that is dialed on Tuesdays only is graded for Tuesday; who owes another, for other days."""
    narrow, both = [
        await town.person(owes=owes) for owes in ({"care_insurance": 1}, {"care_insurance": 1, "city_tax": 1})
    ]
    promised = await town.person(owes={"care_insurance": 1, "city_tax": 1})
    await town.conn.execute(
        "INSERT INTO promise (debtor_id, debt_type, due_on, made_at) VALUES ($1, 'city_tax', '2026-12-10', $2)",
        promised, TUESDAY,
    )  # fmt: skip
    await town.own_hours("care_insurance", ["tue"], "9:00", "17:00")
    choosing = Choosing(lot_ratio=0.0, rotation=rotation)
    campaign = await town.campaign("city_tax", "care_insurance", choosing=choosing)
    missed = cell_of(Window.WEEKDAY, TUESDAY.date()) if rotation is Rotation.BY_WORTH else 0
    await town.conn.execute("UPDATE debtor_progress SET missed_cells = $1, weekday_attempts = 3", missed)
    await town.listed()
    await grade(town, campaign)
    found = await grades(town)
    assert found[both][0] == OUT
    assert min(found[narrow][0], found[promised][0]) > OUT
