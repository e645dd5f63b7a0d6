"""Caps of attempts: counted by Japanese days, weeks from Monday, and months."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calendar import JST, jst_date, start_of_day
from campaigns.caps import CapPeriod, Counts, capped_until, counted

SUNDAY, MONDAY = date(2026, 11, 29), date(2026, 11, 30)


def after(*days: date) -> Counts:
    counts = Counts()
    for day in days:
        counts = counted(counts, day)
    return counts


def jst(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=JST).astimezone(UTC)


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    """Sunday and Monday share neither week; both lie in November, Tuesday does not."""
    counts = after(SUNDAY, SUNDAY, MONDAY)
    assert (counts.day_attempts, counts.week_attempts, counts.month_attempts) == (1, 1, 3)
    counts = counted(counts, date(2026, 12, 1))
    assert (counts.day_attempts, counts.week_attempts, counts.month_attempts) == (1, 2, 1)


@pytest.mark.parametrize(
    ("period", "until"),
    [(CapPeriod.DAY, date(2026, 11, 30)), (CapPeriod.WEEK, date(2026, 11, 30)), (CapPeriod.MONTH, date(2026, 12, 1))],
)
def test_a_cap_holds_to_the_end_of_its_period(period: CapPeriod, until: date) -> None:
    """Reached on Sunday 11/29: tomorrow, next week, next month."""
    assert capped_until(after(SUNDAY), {period: 2}, jst(SUNDAY, 10)) is None
    assert capped_until(after(SUNDAY, SUNDAY), {period: 2}, jst(SUNDAY, 10)) == start_of_day(until)


def test_the_longest_period_counts() -> None:
    """A month's cap outlasts the day's."""
    caps = {CapPeriod.DAY: 2, CapPeriod.WEEK: 3, CapPeriod.MONTH: 2}
    assert capped_until(after(SUNDAY, SUNDAY), caps, jst(SUNDAY, 10)) == start_of_day(date(2026, 12, 1))


def test_a_period_that_is_over_caps_nobody() -> None:
    """The counts stay as they are until the next attempt."""
    counts = after(SUNDAY, SUNDAY)
    assert capped_until(counts, {CapPeriod.DAY: 2}, jst(MONDAY, 0)) is None
    assert capped_until(Counts(), {CapPeriod.DAY: 1}, jst(MONDAY, 0)) is None


def test_no_cap_caps_nobody() -> None:
    """However many attempts there were."""
    assert capped_until(after(*[SUNDAY] * 50), {}, jst(SUNDAY, 10)) is None


@given(st.lists(st.dates(date(2026, 1, 1), date(2027, 12, 31)), min_size=1, max_size=40))
def test_the_counts_are_those_of_the_last_day_week_and_month(days: list[date]) -> None:
    """Whatever the days: as if each attempt were counted again from the beginning."""
    days.sort()
    last, counts = days[-1], after(*days)
    assert counts.counted_on == last
    assert counts.day_attempts == days.count(last)
    assert counts.week_attempts == sum(day.isocalendar()[:2] == last.isocalendar()[:2] for day in days)
    assert counts.month_attempts == sum((day.year, day.month) == (last.year, last.month) for day in days)


caps = st.dictionaries(st.sampled_from(CapPeriod), st.integers(1, 6))


@given(st.lists(st.dates(date(2026, 11, 1), date(2026, 12, 31)), min_size=1, max_size=12), caps, st.integers(0, 40))
def test_whoever_is_let_through_stays_within_every_cap(
    days: list[date], caps: dict[CapPeriod, int], wait_days: int
) -> None:
    """Attempts placed only when no cap stands never exceed one (CALL-7)."""
    counts, placed = Counts(), list[date]()
    for day in sorted(days):
        now = start_of_day(day) + timedelta(hours=10)
        until = capped_until(counts, caps, now)
        if until is None or until <= now:
            counts = counted(counts, day)
            placed.append(day)
    for day in placed:
        assert placed.count(day) <= caps.get(CapPeriod.DAY, 99)
        same_week = [d for d in placed if d.isocalendar()[:2] == day.isocalendar()[:2]]
        assert len(same_week) <= caps.get(CapPeriod.WEEK, 99)
        assert sum((d.year, d.month) == (day.year, day.month) for d in placed) <= caps.get(CapPeriod.MONTH, 99)
    later = start_of_day(max(days)) + timedelta(days=wait_days)
    until = capped_until(counts, caps, later)
    assert until is None or jst_date(until) > jst_date(later)
