"""The calendars of the four cities against lists of open days that were made without the package."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from campaigns.calendar import JST
from campaigns.opening.compiling import calendar_of
from campaigns.opening.operating import OperatingCalendar
from campaigns.opening.reading import names, parse_document, read_document
from campaigns.opening.writing import to_toml

DATA = Path(__file__).parent / "opening_days"
CITIES = ["isehara", "kurume", "niigata", "sendai"]
Day = list[tuple[str, str, str]]
"""Start, end (JST, HH:MM) and kind of hour of each session."""


def shipped(city: str) -> OperatingCalendar:
    return calendar_of(*read_document(city))


def by_hand(city: str) -> dict[date, Day]:
    """The list of a city; see opening_days/README.md."""
    kinds: dict[str, Day] = {}
    days: dict[date, Day] = {}
    for line in (DATA / f"{city}.txt").read_text(encoding="utf-8").splitlines():
        if found := re.fullmatch(r"([A-Z]) = (.+)", line):
            kinds[found[1]] = re.findall(r"(\d\d:\d\d)-(\d\d:\d\d) (\w+)", found[2])
        elif line:
            month, *entries = line.split()
            for entry in entries:
                days[date.fromisoformat(f"{month}-{int(entry[:-1]):02}")] = kinds[entry[-1]]
    return days


def as_said(calendar: OperatingCalendar, first_on: date, last_on: date) -> dict[date, Day]:
    said: dict[date, Day] = {}
    for one in calendar.sessions(first_on, last_on):
        starts, ends = (moment.astimezone(JST).strftime("%H:%M") for moment in (one.starts_at, one.ends_at))
        said.setdefault(one.day, []).append((starts, ends, one.window))
    return said


def test_the_four_cities_are_shipped() -> None:
    """An installation begins with one of them."""
    assert names() == CITIES


@pytest.mark.parametrize("city", CITIES)
def test_two_years_are_open_on_the_days_and_hours_of_the_list(city: str) -> None:
    """Every day of 2026 and 2027: no day too many, none missing, to the minute (CALL-4)."""
    assert as_said(shipped(city), date(2026, 1, 1), date(2027, 12, 31)) == by_hand(city)


@pytest.mark.parametrize("city", CITIES)
def test_what_is_open_is_open_from_the_first_to_the_last_second(city: str) -> None:
    """The calendar agrees with the list's hours in every quarter of an hour of two months."""
    calendar, listed = shipped(city), by_hand(city)
    moment = datetime(2026, 8, 31, 23, 45, tzinfo=JST)
    while moment < datetime(2026, 11, 1, tzinfo=JST):
        moment += timedelta(minutes=15)
        for now in (moment, moment - timedelta(seconds=1)):
            clock = now.strftime("%H:%M:%S")
            kinds = [kind for starts, ends, kind in listed.get(now.date(), []) if starts <= clock < ends]
            window = calendar.window_at(now.astimezone(UTC))
            assert kinds == ([] if window is None else [window])


def test_niigata_works_as_many_days_as_its_specification_plans() -> None:
    """FY 2024: 125 weekdays, 96 evenings, 24 days off; holidays on a Tuesday or Thursday cost three evenings."""
    calendar = shipped("niigata")
    days = [date(2024, 4, 1) + timedelta(days=n) for n in range(365)]
    assert Counter(pattern.name for day in days if (pattern := calendar.pattern_on(day))) == {
        "weekday": 126,
        "evening": 93,
        "day_off": 24,
    }


@pytest.mark.parametrize("day", [date(2023, 2, 11), date(2024, 11, 23)], ids=str)
def test_a_second_or_fourth_saturday_that_is_a_holiday_is_closed_in_isehara(day: date) -> None:
    """建国記念の日 on a second, 勤労感謝の日 on a fourth Saturday: no business day by I 7(1)."""
    plan = shipped("isehara").plan_on(day)
    assert plan.pattern is None
    assert plan.reason in {"建国記念の日", "勤労感謝の日"}
    assert shipped("niigata").pattern_on(date(2023, 2, 11)) is not None  # N takes its days off from holidays too


def test_kurume_is_closed_before_and_after_its_contract() -> None:
    """K 7(1): from 2025-11-01 to 2030-10-31."""
    calendar = shipped("kurume")
    for closed_on, open_on in ((date(2025, 10, 31), date(2025, 11, 4)), (date(2030, 11, 1), date(2030, 10, 31))):
        assert calendar.plan_on(closed_on).reason == "契約期間外"
        assert calendar.pattern_on(open_on) is not None


@pytest.mark.parametrize("city", CITIES)
def test_a_shipped_calendar_comes_back_from_export_as_it_was(city: str) -> None:
    """Import of an export changes nothing."""
    _, document = read_document(city)
    assert parse_document(to_toml(document).encode(), city) == document
