"""What still comes for whom, in bits: the same as the hours say for each set of debts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.ahead import Coming, ahead_of, days_of, kind_bits, turns_of
from campaigns.calendar import JST, cell_of
from campaigns.campaign import DEFAULT_WINDOWS
from campaigns.model import Rotation, Window
from campaigns.opening.campaign_hours import CampaignHours
from campaigns.opening.day_rules import DayRule, Holidays
from campaigns.opening.operating import OperatingCalendar, calendar_of_windows
from campaigns.opening.patterns import Pattern, Stretch

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=JST).astimezone(UTC)  # a Tuesday
CODES = ("tax", "care", "nursery")


def own(weekdays: frozenset[int], starts: int, ends: int) -> OperatingCalendar:
    """Open on these days of the week, from hour to hour."""
    pattern = Pattern("own", "独自", (Stretch(Window.WEEKDAY, starts * 3600, ends * 3600),))
    return OperatingCalendar("own", "独自", (pattern,), (DayRule(pattern, Holidays.ALSO, weekdays=weekdays),))


calendars = st.builds(
    lambda days, starts, length: own(days, starts, starts + length),
    st.frozensets(st.integers(0, 6), max_size=4),
    st.integers(8, 19),
    st.integers(1, 5),
)
all_hours = st.builds(
    CampaignHours,
    st.just(calendar_of_windows(DEFAULT_WINDOWS)),
    st.just(CODES),
    st.dictionaries(st.sampled_from(CODES), calendars),
)


@given(
    all_hours,
    st.integers(0, 24 * 14).map(lambda hours: NOW + timedelta(hours=hours)),
    st.sampled_from(Window),
    st.sets(st.sampled_from(CODES), min_size=1),
)
def test_what_comes_for_a_person_is_the_union_over_what_is_owed(
    hours: CampaignHours, now: datetime, window: Window, owed: set[str]
) -> None:
    """As the rules find it for one person; and what comes for everybody comes for each of them."""
    ahead = ahead_of(hours, now, window, Rotation.STRICT)
    person = hours.for_debt_types(owed)
    others = kind_bits(person.windows_ahead(now) - {window})
    cells = person.cells_ahead(now, window)
    mine = [ahead.by_type[code] for code in owed] if ahead.by_type else [ahead.for_any]
    assert cells == reduce(int.__or__, (coming.cells for coming in mine))
    assert others == reduce(int.__or__, (coming.others for coming in mine))
    assert ahead.for_all.cells & ~cells == 0
    assert ahead.for_all.others & ~others == 0
    assert (cells | ahead.for_any.cells, others | ahead.for_any.others) == (ahead.for_any.cells, ahead.for_any.others)


def test_without_calendars_of_their_own_all_debt_types_are_alike() -> None:
    """Nothing is told by debt type then, and what comes for one comes for all."""
    hours = CampaignHours(calendar_of_windows(DEFAULT_WINDOWS), CODES)
    ahead = ahead_of(hours, NOW, Window.WEEKDAY, Rotation.STRICT)
    assert ahead.by_type == {}
    assert ahead.for_all == ahead.for_any == Coming(0b11111, 0b110)


def test_only_a_strict_rotation_waits_for_other_kinds_of_hour() -> None:
    """Days are waited for in any case."""
    hours = CampaignHours(calendar_of_windows(DEFAULT_WINDOWS), CODES, {"care": own(frozenset({1}), 9, 17)})
    ahead = ahead_of(hours, NOW, Window.WEEKDAY, Rotation.BY_WORTH)
    assert {coming.others for coming in (ahead.for_any, ahead.for_all, *ahead.by_type.values())} == {0}
    assert ahead.by_type["care"].cells == 0b10
    assert ahead.for_all.cells == 0b10


@pytest.mark.parametrize(
    ("window", "others", "turns"),
    [
        (Window.WEEKDAY, {Window.EVENING}, 128),
        (Window.WEEKDAY, {Window.WEEKEND}, 256),
        (Window.EVENING, {Window.WEEKDAY, Window.WEEKEND}, 384),
        (Window.WEEKEND, {Window.EVENING}, 256),
        (Window.WEEKEND, set(), 0),
    ],
)
def test_days_and_turns_are_the_bits_of_a_band(window: Window, others: set[Window], turns: int) -> None:
    """Bits 0 to 6 are days of the week, 7 and 8 the other kinds of hour in their order (the schema's spread)."""
    assert turns_of(kind_bits(frozenset(others)), window) == turns
    assert days_of(cell_of(window, NOW.date()) | cell_of(window, NOW.date() + timedelta(days=4)), window) == 0b100010
