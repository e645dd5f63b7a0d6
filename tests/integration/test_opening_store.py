"""Calendars in PostgreSQL: kept as they were written, changed as a whole, loaded in one query."""

from __future__ import annotations

from datetime import UTC, date, datetime

import asyncpg
import msgspec
import pytest

from campaigns.calendar import JST
from campaigns.model import Window
from campaigns.opening.compiling import calendar_of
from campaigns.opening.document import CalendarDocument, DatesEntry, DayEntry, RuleEntry, YearlyEntry
from campaigns.opening.faults import CalendarInvalid, CalendarUnknown
from campaigns.opening.operating import Basis
from campaigns.opening.reading import names, read_document
from campaigns.opening.store import (
    load_openings,
    save_calendar,
    set_day,
    unset_day,
    use_for_campaign,
    use_for_debt_type,
)
from tests.fixtures_people import TUESDAY, Town

SATURDAY = date(2026, 12, 5)
FULL_RULE = RuleEntry(
    "closed",
    weekdays=("mon", "sun"),
    nth=(2, -1),
    dates=DatesEntry(date(2026, 4, 1), None),
    yearly=YearlyEntry("12-20", "02-29"),
    reason="'\"\\理由",
)


async def saved(conn: asyncpg.Connection, city: str = "niigata") -> CalendarDocument:
    name, document = read_document(city)
    await save_calendar(conn, name, document)
    return document


async def test_a_calendar_comes_out_as_it_went_in(db: asyncpg.Connection) -> None:
    """Every key of every shipped calendar, and of a rule that has all of them."""
    for city in names():
        _, document = read_document(city)
        day = DayEntry(SATURDAY, next(iter(document.patterns)), "振替")
        document = msgspec.structs.replace(
            document, rules=(*document.rules, FULL_RULE), days=(day,), exchanged_weekday=None, year_end_closed=False
        )
        await save_calendar(db, "x", document)
        book = await load_openings(db)
        assert book.documents == {"x": document}
        assert book.find("x") == calendar_of("x", document)


async def test_an_empty_database_has_no_calendars(db: asyncpg.Connection) -> None:
    """And unknown ones are named."""
    book = await load_openings(db)
    assert (book.calendars, book.campaigns, book.debt_types, book.site_days) == ({}, {}, {}, {})
    with pytest.raises(CalendarUnknown, match="niigata"):
        book.find("niigata")


async def test_importing_again_replaces_rules_and_keeps_single_days(db: asyncpg.Connection) -> None:
    """What was agreed day by day outlives a change of hours; taking it out is asked for."""
    document = await saved(db)
    await set_day(db, "niigata", SATURDAY, "day_off", "臨時")
    await set_day(db, "niigata", date(2026, 12, 6), "day_off")
    changed = msgspec.structs.replace(
        document, title="新", rules=document.rules[:1], days=(DayEntry(SATURDAY, "closed", "中止"),)
    )
    await save_calendar(db, "niigata", changed)
    kept = (await load_openings(db)).documents["niigata"]
    assert (kept.title, kept.rules) == ("新", document.rules[:1])
    assert kept.days == (DayEntry(SATURDAY, "closed", "中止"), DayEntry(date(2026, 12, 6), "day_off"))
    await save_calendar(db, "niigata", changed, replace_days=True)
    assert (await load_openings(db)).documents["niigata"] == changed


async def test_a_pattern_that_a_single_day_needs_is_not_taken_away(db: asyncpg.Connection) -> None:
    """The import names the day and changes nothing."""
    document = await saved(db)
    await set_day(db, "niigata", SATURDAY, "day_off")
    before = (await load_openings(db)).documents
    fewer = msgspec.structs.replace(
        document,
        patterns={name: entry for name, entry in document.patterns.items() if name != "day_off"},
        rules=document.rules[:3],
    )
    with pytest.raises(CalendarInvalid, match=r"2026-12-05.*day_off"):
        await save_calendar(db, "niigata", fewer)
    assert (await load_openings(db)).documents == before
    await save_calendar(db, "niigata", fewer, replace_days=True)
    assert (await load_openings(db)).documents == {"niigata": fewer}


async def test_a_wrong_document_changes_nothing(db: asyncpg.Connection) -> None:
    """Checked before anything is written, whoever made it."""
    document = await saved(db)
    wrong = msgspec.structs.replace(document, exchanged_weekday="night")
    with pytest.raises(CalendarInvalid, match="exchanged_weekday"):
        await save_calendar(db, "niigata", wrong)
    with pytest.raises(CalendarInvalid, match="lower-case"):
        await save_calendar(db, "新潟", document)
    assert (await load_openings(db)).documents == {"niigata": document}


async def test_a_single_day_is_set_changed_and_unset(db: asyncpg.Connection) -> None:
    """The newest word counts; without one the rules do."""
    await saved(db)
    for pattern in ("evening", "closed", "day_off"):
        await set_day(db, "niigata", SATURDAY, pattern, "臨時")
        plan = (await load_openings(db)).find("niigata").plan_on(SATURDAY)
        assert (plan.pattern.name if plan.pattern else "closed", plan.basis) == (pattern, Basis.SINGLE_DAY)
    await unset_day(db, "niigata", SATURDAY)
    assert (await load_openings(db)).find("niigata").plan_on(SATURDAY).basis is Basis.NO_RULE


async def test_what_is_not_there_is_named(db: asyncpg.Connection) -> None:
    """Calendar, pattern, day, campaign and debt type; nothing is changed."""
    await saved(db)
    with pytest.raises(CalendarUnknown, match="osaka"):
        await set_day(db, "osaka", SATURDAY, "weekday")
    with pytest.raises(CalendarUnknown, match=r"night.*weekday, evening, day_off, closed"):
        await set_day(db, "niigata", SATURDAY, "night")
    with pytest.raises(CalendarInvalid, match="reason"):
        await set_day(db, "niigata", SATURDAY, "weekday", "two\nlines")
    with pytest.raises(CalendarUnknown, match="2026-12-05"):
        await unset_day(db, "niigata", SATURDAY)
    with pytest.raises(CalendarUnknown, match="7"):
        await use_for_campaign(db, "niigata", 7)
    with pytest.raises(CalendarUnknown, match="no_such"):
        await use_for_debt_type(db, "niigata", "no_such")
    with pytest.raises(CalendarUnknown, match="osaka"):
        await use_for_debt_type(db, "osaka", "no_such")


async def test_a_campaign_and_its_debt_types_go_by_their_calendars(db: asyncpg.Connection) -> None:
    """Both open: calls; only one of them: none for that debt type. Without calendars the windows count."""
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    campaign = await town.campaign("city_tax", "care_insurance")
    for city in ("niigata", "isehara"):
        await saved(db, city)
    evening = datetime(2026, 11, 26, 18, tzinfo=JST).astimezone(UTC)  # fourth Thursday: Niigata's evening
    assert (await load_openings(db)).hours_of(campaign).debt_types_at(evening) == campaign.debt_types
    await use_for_campaign(db, "niigata", campaign.campaign_id)
    await use_for_debt_type(db, "isehara", "care_insurance")
    hours = (await load_openings(db)).hours_of(campaign)
    assert (hours.window_at(evening), hours.debt_types_at(evening)) == (Window.EVENING, ("city_tax",))
    assert hours.debt_types_at(TUESDAY) == ()  # 10:30: Niigata's evening days begin at 12
    await use_for_campaign(db, None, campaign.campaign_id)
    await use_for_debt_type(db, None, "care_insurance")
    assert (await load_openings(db)).hours_of(campaign).debt_types_at(TUESDAY) == campaign.debt_types


async def test_a_campaign_without_calendar_calls_as_before(db: asyncpg.Connection) -> None:
    """Its windows, the site's closures and exchanged days."""
    town = Town(db)
    await town.debt_types("city_tax")
    campaign = await town.campaign()
    await db.execute(
        "INSERT INTO calendar_day VALUES ('2026-11-24', 'closed', '停電'), ('2026-11-28', 'weekday', '振替')"
    )
    book = await load_openings(db)
    hours = book.hours_of(campaign)
    assert hours.next_opening(TUESDAY) == datetime(2026, 11, 25, 9, tzinfo=JST), "the day of the power cut is over"
    assert hours.window_at(datetime(2026, 11, 28, 18, tzinfo=JST)) is Window.EVENING
    assert hours.calendar.plan_on(date(2026, 11, 24)).reason == "停電"


async def test_loading_for_one_campaign_leaves_out_what_does_not_concern_it(db: asyncpg.Connection) -> None:
    """The second check before each call reads this much only."""
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    campaign = await town.campaign()
    for city in names():
        await saved(db, city)
    await use_for_campaign(db, "kurume", campaign.campaign_id)
    await use_for_debt_type(db, "sendai", "city_tax")
    await use_for_debt_type(db, "isehara", "care_insurance")
    for day in (date(2026, 11, 23), date(2026, 11, 24)):
        await set_day(db, "kurume", day, "closed")
    await db.execute("INSERT INTO calendar_day VALUES ('2026-11-20', 'closed', ''), ('2026-11-27', 'closed', '')")
    book = await load_openings(db, first_on=date(2026, 11, 24), campaign_id=campaign.campaign_id)
    assert sorted(book.calendars) == ["kurume", "sendai"]
    assert (book.campaigns, book.debt_types) == ({campaign.campaign_id: "kurume"}, {"city_tax": "sendai"})
    assert list(book.calendars["kurume"].single_days) == [date(2026, 11, 24)]
    assert list(book.site_days) == [date(2026, 11, 27)]
    assert book.hours_of(campaign).own.keys() == {"city_tax"}
    other = await town.campaign(name="別")
    with pytest.raises(ValueError, match="only"):
        book.hours_of(other)


async def test_an_unchanged_book_is_not_made_again(db: asyncpg.Connection) -> None:
    """Asking before each call costs one query and no work."""
    await saved(db)
    first = await load_openings(db)
    assert await load_openings(db) is first
    await set_day(db, "niigata", SATURDAY, "closed")
    assert await load_openings(db) is not first
