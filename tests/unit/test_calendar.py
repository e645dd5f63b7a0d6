"""The calendar against days counted by hand, and what must hold on every day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calendar import JST, DayKind, WindowRule, day_kind, hour_of_week, month_start
from campaigns.campaign import DEFAULT_WINDOWS
from campaigns.model import Window
from campaigns.opening.operating import OperatingCalendar, SiteDay, calendar_of_windows


def hours(windows: Sequence[WindowRule], days: Mapping[date, DayKind]) -> OperatingCalendar:
    """When a campaign without a calendar of its own calls: its windows, on the site's days."""
    return calendar_of_windows(windows, {day: SiteDay(kind) for day, kind in days.items()})


def window_at(windows: Sequence[WindowRule], days: Mapping[date, DayKind], now: datetime) -> Window | None:
    return hours(windows, days).window_at(now)


def next_opening(windows: Sequence[WindowRule], days: Mapping[date, DayKind], now: datetime) -> datetime | None:
    return hours(windows, days).next_opening(now)


def windows_ahead(windows: Sequence[WindowRule], days: Mapping[date, DayKind], now: datetime) -> frozenset[Window]:
    return hours(windows, days).windows_ahead(now)


def jst(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=JST).astimezone(UTC)


# Written down by hand from a wall calendar: weekday, Saturday, Sunday, public and substitute holidays, year's end.
DAYS = {
    date(2026, 9, 18): DayKind.WEEKDAY,  # Friday
    date(2026, 9, 19): DayKind.DAY_OFF,  # Saturday
    date(2026, 9, 20): DayKind.DAY_OFF,  # Sunday
    date(2026, 9, 21): DayKind.DAY_OFF,  # 敬老の日
    date(2026, 9, 22): DayKind.DAY_OFF,  # 国民の休日, sandwiched
    date(2026, 9, 23): DayKind.DAY_OFF,  # 秋分の日
    date(2026, 9, 24): DayKind.WEEKDAY,
    date(2026, 5, 6): DayKind.DAY_OFF,  # substitute for 憲法記念日 on a Sunday
    date(2027, 3, 22): DayKind.DAY_OFF,  # substitute for 春分の日 on a Sunday
    date(2026, 11, 3): DayKind.DAY_OFF,  # 文化の日
    date(2026, 11, 23): DayKind.DAY_OFF,  # 勤労感謝の日
    date(2026, 12, 28): DayKind.WEEKDAY,  # Monday, the last working day of offices
    date(2026, 12, 29): DayKind.CLOSED,
    date(2026, 12, 31): DayKind.CLOSED,
    date(2027, 1, 1): DayKind.CLOSED,
    date(2027, 1, 3): DayKind.CLOSED,
    date(2027, 1, 4): DayKind.WEEKDAY,
    date(2027, 1, 11): DayKind.DAY_OFF,  # 成人の日
}


@pytest.mark.parametrize(("day", "kind"), DAYS.items(), ids=str)
def test_a_day_is_of_the_kind_that_the_wall_calendar_says(day: date, kind: DayKind) -> None:
    """Saturday, Sunday and public holidays are days off; 12/29–1/3 is closed (CALL-4)."""
    assert day_kind(day, {}) is kind


@pytest.mark.parametrize("kind", list(DayKind))
@pytest.mark.parametrize("day", [date(2026, 11, 24), date(2026, 11, 23), date(2026, 12, 30)], ids=str)
def test_the_editable_table_always_wins(day: date, kind: DayKind) -> None:
    """A supervisor can open 12/30, close a Tuesday and work on a holiday."""
    assert day_kind(day, {day: kind}) is kind


@pytest.mark.parametrize(
    ("moment", "window"),
    [
        (jst(2026, 11, 24, 8, 59, 59), None),
        (jst(2026, 11, 24, 9), Window.WEEKDAY),
        (jst(2026, 11, 24, 16, 59, 59), Window.WEEKDAY),
        (jst(2026, 11, 24, 17), Window.EVENING),
        (jst(2026, 11, 24, 19, 59, 59), Window.EVENING),
        (jst(2026, 11, 24, 20), None),
        (jst(2026, 11, 22, 10), Window.WEEKEND),  # Sunday
        (jst(2026, 11, 22, 17), None),  # no evening on a day off
        (jst(2026, 11, 23, 10), Window.WEEKEND),  # a Monday, but 勤労感謝の日
        (jst(2026, 12, 28, 10), Window.WEEKDAY),
        (jst(2026, 12, 29, 10), None),
        (jst(2027, 1, 3, 10), None),
        (jst(2027, 1, 4, 9), Window.WEEKDAY),
    ],
    ids=str,
)
def test_the_default_windows_open_and_close_on_the_second(moment: datetime, window: Window | None) -> None:
    """The start belongs to a window, its end doesn't; hours are Japanese whatever the server's zone."""
    assert window_at(DEFAULT_WINDOWS, {}, moment) is window


def test_of_two_overlapping_windows_the_later_start_is_meant() -> None:
    """An evening session from 12:00 inside a long day counts as evening."""
    both = (
        WindowRule(Window.WEEKDAY, DayKind.WEEKDAY, 9 * 3600, 17 * 3600),
        WindowRule(Window.EVENING, DayKind.WEEKDAY, 12 * 3600, 20 * 3600),
    )
    assert window_at(both, {}, jst(2026, 11, 24, 11, 59)) is Window.WEEKDAY
    assert window_at(both, {}, jst(2026, 11, 24, 12)) is Window.EVENING


def test_a_window_may_end_at_24_00() -> None:
    """The last second of the day belongs to it."""
    rule = (WindowRule(Window.EVENING, DayKind.WEEKDAY, 23 * 3600, 24 * 3600),)
    assert window_at(rule, {}, jst(2026, 11, 24, 23, 59, 59)) is Window.EVENING


def test_the_next_opening_skips_the_turn_of_the_year() -> None:
    """From Monday evening 12/28 the next call is possible on 1/4."""
    assert next_opening(DEFAULT_WINDOWS, {}, jst(2026, 12, 28, 20)) == jst(2027, 1, 4, 9)


def test_an_open_window_is_its_own_next_opening() -> None:
    """Whoever may call now needn't wait."""
    now = jst(2026, 11, 24, 16, 30)
    assert next_opening(DEFAULT_WINDOWS, {}, now) == now


def test_without_windows_nothing_ever_opens() -> None:
    """An empty list is an answer, not an endless search."""
    assert next_opening((), {}, jst(2026, 11, 24, 9)) is None


def test_a_window_that_does_not_open_within_14_days_is_not_waited_for() -> None:
    """Closed days off drop out of the rotation until one comes near."""
    now = jst(2026, 11, 24, 10)
    closed = {date(2026, 11, 24) + timedelta(days=n): DayKind.CLOSED for n in range(4, 14)}
    assert windows_ahead(DEFAULT_WINDOWS, {}, now) == set(Window)
    assert windows_ahead(DEFAULT_WINDOWS, closed, now) == {Window.WEEKDAY, Window.EVENING}


@pytest.mark.parametrize("ask", [window_at, next_opening, windows_ahead], ids=lambda f: f.__name__)
def test_a_moment_without_zone_is_refused(ask: object) -> None:
    """Nine hours' difference would ring people at night."""
    assert callable(ask)
    with pytest.raises(ValueError, match="time zone"):
        ask(DEFAULT_WINDOWS, {}, datetime(2026, 11, 24, 10))  # noqa: DTZ001  # that is the point


@pytest.mark.parametrize(("starts_s", "ends_s"), [(-1, 10), (10, 10), (20, 10), (0, 86_401)])
def test_an_impossible_window_can_not_be_made(starts_s: int, ends_s: int) -> None:
    """Empty, backwards, or beyond the day."""
    with pytest.raises(ValueError, match="start before it ends"):
        WindowRule(Window.WEEKDAY, DayKind.WEEKDAY, starts_s, ends_s)


def test_hours_of_the_week_are_counted_from_monday_midnight_in_japan() -> None:
    """Sunday 15:00 UTC is Monday 0:00 in Japan."""
    assert hour_of_week(datetime(2026, 11, 22, 15, tzinfo=UTC)) == 0
    assert hour_of_week(jst(2026, 11, 22, 23, 59)) == 167
    assert month_start(datetime(2026, 11, 30, 15, tzinfo=UTC)) == jst(2026, 12, 1)


moments = st.datetimes(datetime(2025, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
calendars = st.dictionaries(st.dates(date(2025, 1, 1), date(2035, 1, 1)), st.sampled_from(DayKind), max_size=20)
rules = st.builds(
    lambda window, kind, edges: WindowRule(window, kind, min(edges), max(edges)),
    st.sampled_from(Window),
    st.sampled_from([DayKind.WEEKDAY, DayKind.DAY_OFF]),
    st.sets(st.integers(0, 86_400), min_size=2, max_size=2),
)
rule_sets = st.lists(rules, max_size=4).map(tuple)


@given(rule_sets, calendars, moments)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    windows: tuple[WindowRule, ...], days: dict[date, DayKind], now: datetime
) -> None:
    """It is never in the past, it is open itself, and the second before it is closed."""
    opening = next_opening(windows, days, now)
    if opening is None:
        return
    assert opening >= now
    assert window_at(windows, days, opening) is not None
    if opening > now:
        assert window_at(windows, days, now) is None
        assert opening - now <= timedelta(days=400)


@given(rule_sets, calendars, moments)
def test_a_closed_day_has_no_open_moment(
    windows: tuple[WindowRule, ...], days: dict[date, DayKind], now: datetime
) -> None:
    """Whatever the windows: closed is closed."""
    closed = {**days, now.astimezone(JST).date(): DayKind.CLOSED}
    assert window_at(windows, closed, now) is None


@given(rule_sets, calendars, moments)
def test_what_is_open_now_or_opens_next_is_ahead(
    windows: tuple[WindowRule, ...], days: dict[date, DayKind], now: datetime
) -> None:
    """The rotation never forgets the present window or one that opens within 14 days."""
    opening = next_opening(windows, days, now)
    ahead = windows_ahead(windows, days, now)
    assert ahead <= {w.window for w in windows}
    if opening is not None and opening <= now + timedelta(days=14):
        assert window_at(windows, days, opening) in ahead
