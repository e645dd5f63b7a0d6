"""What holds for every calendar, and that a campaign without one calls as it always did."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns import calendar as by_kind
from campaigns.calendar import DAY_S, DayKind, WindowRule, jst_date
from campaigns.model import Window
from campaigns.opening.campaign_hours import CampaignHours
from campaigns.opening.day_rules import DayRule, Holidays
from campaigns.opening.hours import Hours
from campaigns.opening.operating import OperatingCalendar, SingleDay, SiteDay, calendar_of_windows
from campaigns.opening.patterns import Pattern, Stretch

quick = settings(deadline=None, max_examples=50)

moments = st.datetimes(datetime(2025, 12, 1), datetime(2027, 2, 1), timezones=st.just(UTC))  # noqa: DTZ001  # `st` adds the zone
dates = st.dates(date(2025, 12, 1), date(2027, 2, 1))


@st.composite
def stretches(draw: st.DrawFn) -> tuple[Stretch, ...]:
    edges = sorted(draw(st.sets(st.integers(0, DAY_S // 600).map(lambda n: n * 600), min_size=2, max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Stretch(draw(st.sampled_from(Window)), starts_s, ends_s) for starts_s, ends_s in pairs)


patterns = st.builds(Pattern, st.just("p"), st.just("p"), stretches())
maybe_patterns = st.none() | patterns
rules = st.builds(
    DayRule,
    maybe_patterns,
    st.sampled_from(Holidays),
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    nth=st.frozensets(st.sampled_from([1, 2, 3, 4, 5, -1]), max_size=3),
    first_on=st.none() | dates,
    last_on=st.none() | dates,
    yearly=st.none() | st.tuples(*[st.tuples(st.integers(1, 12), st.integers(1, 28))] * 2),
)
calendars = st.builds(
    OperatingCalendar,
    st.just("x"),
    st.just("x"),
    st.just(()),
    st.lists(rules, max_size=4).map(tuple),
    st.dictionaries(dates, st.builds(SingleDay, maybe_patterns), max_size=10),
    maybe_patterns,
    st.booleans(),
    st.dictionaries(dates, st.builds(SiteDay, st.sampled_from(DayKind)), max_size=10),
)
campaign_hours = st.builds(
    CampaignHours,
    calendars,
    st.just(("care", "tax")),
    st.dictionaries(st.sampled_from(["care", "tax"]), calendars, max_size=2),
)
hours = calendars | campaign_hours


@quick
@given(hours, moments)
def test_a_moment_is_open_exactly_when_it_lies_in_a_session(hours: Hours, now: datetime) -> None:
    """Sessions, by which is planned, and the question before each call are one thing."""
    for at in (now, *(edge for s in hours.sessions_on(jst_date(now)) for edge in (s.starts_at, s.ends_at))):
        found = [s for s in hours.sessions(jst_date(at), jst_date(at)) if s.starts_at <= at < s.ends_at]
        assert [s.window for s in found] == [w for w in [hours.window_at(at)] if w is not None]


@quick
@given(hours, moments)
def test_the_next_opening_is_the_first_open_moment(hours: Hours, now: datetime) -> None:
    """Open itself, never in the past, and no session before it has a moment left."""
    opening = hours.next_opening(now)
    if opening is not None:
        assert opening >= now
        assert hours.window_at(opening) is not None
    if opening != now:
        until = now + timedelta(days=400) if opening is None else opening
        for session in hours.sessions(jst_date(now), jst_date(until)):
            assert session.ends_at <= now or session.starts_at >= until


@quick
@given(hours, moments)
def test_sessions_are_in_order_and_within_their_day(hours: Hours, now: datetime) -> None:
    """None is empty and none overlaps the next."""
    last_at = by_kind.start_of_day(jst_date(now))
    for session in hours.sessions(jst_date(now), jst_date(now) + timedelta(days=20)):
        assert last_at <= session.starts_at < session.ends_at
        assert jst_date(session.starts_at) == jst_date(session.ends_at - timedelta(seconds=1)) == session.day
        last_at = session.ends_at


@quick
@given(hours, moments, st.integers(1, 20))
def test_kinds_of_hour_ahead_are_those_of_the_sessions_to_come(hours: Hours, now: datetime, days: int) -> None:
    """Whoever waits for another kind of hour waits for one that comes."""
    until = now + timedelta(days=days)
    sessions = hours.sessions(jst_date(now), jst_date(until))
    left = {s.window for s in sessions if s.ends_at > now and s.starts_at <= until}
    assert hours.windows_ahead(now, days) == left
    for window in Window:
        if hours.cells_ahead(now, window, days):
            assert window in left


@quick
@given(campaign_hours, moments)
def test_a_campaign_is_open_exactly_when_a_debt_type_may_be_dialed(hours: CampaignHours, now: datetime) -> None:
    """No claim is sent out for nobody, and no debt type outside its own hours."""
    dialable = hours.debt_types_at(now)
    assert (hours.window_at(now) is not None) == bool(dialable)
    for code in dialable:
        assert hours.calendar.window_at(now) is not None
        assert code not in hours.own or hours.own[code].window_at(now) is not None


windows = st.lists(
    st.builds(
        lambda window, kind, edges: WindowRule(window, kind, min(edges), max(edges)),
        st.sampled_from(Window),
        st.sampled_from([DayKind.WEEKDAY, DayKind.DAY_OFF]),
        st.sets(st.integers(0, DAY_S), min_size=2, max_size=2),
    ),
    max_size=4,
).map(tuple)
kinds = st.dictionaries(dates, st.sampled_from(DayKind), max_size=10)


@pytest.mark.parametrize("ask", ["window_at", "next_opening", "windows_ahead"])
def test_a_moment_without_zone_is_refused(ask: str) -> None:
    """Nine hours' difference would ring people at night."""
    with pytest.raises(ValueError, match="time zone"):
        getattr(calendar_of_windows(()), ask)(datetime(2026, 11, 24, 10))  # noqa: DTZ001  # that is the point
