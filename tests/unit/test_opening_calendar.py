"""What a day is in a calendar, and when a campaign with calendars calls."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from campaigns.calendar import JST, DayKind, cell_of
from campaigns.model import Window
from campaigns.opening.campaign_hours import CampaignHours
from campaigns.opening.day_rules import LAST, DayRule, Holidays
from campaigns.opening.hours import Session, open_s
from campaigns.opening.operating import Basis, OperatingCalendar, SingleDay, SiteDay
from campaigns.opening.patterns import Pattern, Stretch

HOUR = 3600
DAY = Pattern("day", "平日", (Stretch(Window.WEEKDAY, 9 * HOUR, 17 * HOUR),))
LATE = Pattern(
    "late", "夜間", (Stretch(Window.WEEKDAY, 12 * HOUR, 17 * HOUR), Stretch(Window.EVENING, 17 * HOUR, 20 * HOUR))
)
OFF = Pattern("off", "休日", (Stretch(Window.WEEKEND, 9 * HOUR, 17 * HOUR),))
MON_FRI = DayRule(DAY, Holidays.NEVER, weekdays=frozenset(range(5)))
ANY_DAY = DayRule(DAY, Holidays.ALSO)


def calendar(
    *rules: DayRule,
    single: dict[date, SingleDay] | None = None,
    site: dict[date, SiteDay] | None = None,
    exchanged: Pattern | None = None,
    year_end_closed: bool = True,
) -> OperatingCalendar:
    return OperatingCalendar(
        "x", "X", (DAY, LATE, OFF), rules, single or {}, exchanged, year_end_closed, site or {}
    )  # fmt: skip


def jst(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=JST).astimezone(UTC)


TUESDAY = date(2026, 11, 24)
SATURDAY = date(2026, 11, 28)
HOLIDAY = date(2026, 11, 23)  # a Monday, 勤労感謝の日
YEAR_END = date(2026, 12, 30)  # a Wednesday


def test_the_first_rule_that_means_a_day_decides() -> None:
    """Exceptions stand above what they are exceptions from."""
    tuesdays = DayRule(LATE, Holidays.NEVER, weekdays=frozenset({1}))
    assert calendar(tuesdays, MON_FRI).pattern_on(TUESDAY) is LATE
    assert calendar(MON_FRI, tuesdays).pattern_on(TUESDAY) is DAY


def test_a_day_that_no_rule_means_is_closed() -> None:
    """Nobody is called on a day that somebody forgot."""
    plan = calendar(MON_FRI).plan_on(SATURDAY)
    assert (plan.pattern, plan.basis, plan.reason) == (None, Basis.NO_RULE, "")


@pytest.mark.parametrize(
    ("holidays", "on_holiday", "on_other_days"),
    [(Holidays.NEVER, None, DAY), (Holidays.ALSO, DAY, DAY), (Holidays.ONLY, DAY, None)],
)
def test_a_rule_says_what_it_has_to_do_with_holidays(
    holidays: Holidays, on_holiday: Pattern | None, on_other_days: Pattern | None
) -> None:
    """Leave them alone, take them too, or take nothing else."""
    made = calendar(DayRule(DAY, holidays))
    assert (made.pattern_on(HOLIDAY), made.pattern_on(TUESDAY)) == (on_holiday, on_other_days)
    assert made.plan_on(HOLIDAY).reason == "勤労感謝の日"


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 5, 6), "憲法記念日 振替休日"),  # 5/3 is a Sunday, 5/4 and 5/5 are holidays themselves
        (date(2026, 9, 22), "国民の休日"),  # between 敬老の日 and 秋分の日
        (date(2027, 3, 22), "春分の日 振替休日"),
    ],
    ids=str,
)
def test_substitute_and_sandwiched_holidays_are_holidays(day: date, name: str) -> None:
    """国民の祝日に関する法律 article 3, paragraphs 2 and 3."""
    plan = calendar(MON_FRI).plan_on(day)
    assert (plan.pattern, plan.reason) == (None, name)


@pytest.mark.parametrize(
    ("nth", "days"), [({2, 4}, [14, 28]), ({1, 5}, [7]), ({LAST}, [28]), ({3, LAST}, [21, 28])], ids=str
)
def test_the_nth_saturdays_of_a_month_are_counted_as_on_a_wall_calendar(nth: set[int], days: list[int]) -> None:
    """November 2026 has Saturdays on 7, 14, 21 and 28."""
    made = calendar(DayRule(OFF, Holidays.NEVER, weekdays=frozenset({5}), nth=frozenset(nth)))
    november = [date(2026, 11, n) for n in range(1, 31)]
    assert [day.day for day in november if made.pattern_on(day)] == days


def test_a_range_of_dates_includes_both_ends_and_may_be_open() -> None:
    """New hours from a day on need no second calendar."""
    summer = DayRule(None, Holidays.ALSO, first_on=date(2026, 8, 12), last_on=date(2026, 8, 14), reason="お盆")
    later = DayRule(LATE, Holidays.NEVER, weekdays=frozenset(range(5)), first_on=date(2026, 8, 18))
    made = calendar(summer, later, MON_FRI)
    days = [10, 12, 13, 14, 17, 18, 31]
    assert [made.pattern_on(date(2026, 8, n)) for n in days] == [DAY, None, None, None, DAY, LATE, LATE]
    assert made.plan_on(date(2026, 8, 13)).reason == "お盆"


@pytest.mark.parametrize(
    ("first", "last", "inside", "outside"),
    [
        ((12, 28), (1, 4), [date(2026, 12, 28), date(2027, 1, 4)], [date(2026, 12, 27), date(2027, 1, 5)]),
        ((8, 13), (8, 15), [date(2026, 8, 13), date(2027, 8, 15)], [date(2026, 8, 12), date(2027, 8, 16)]),
        ((2, 29), (2, 29), [date(2028, 2, 29)], [date(2027, 2, 28), date(2027, 3, 1)]),
    ],
)
def test_a_yearly_stretch_comes_back_each_year_and_may_run_over_its_turn(
    first: tuple[int, int], last: tuple[int, int], inside: list[date], outside: list[date]
) -> None:
    """A closure longer than 12/29–1/3 is one rule; 2/29 exists in leap years."""
    made = calendar(DayRule(None, Holidays.ALSO, yearly=(first, last)), ANY_DAY, year_end_closed=False)
    assert [made.pattern_on(day) for day in inside] == [None] * len(inside)
    assert [made.pattern_on(day) for day in outside] == [DAY] * len(outside)


def test_the_turn_of_the_year_is_closed_unless_the_calendar_works_then() -> None:
    """12/29 to 1/3, whatever the rules say (CALL-4)."""
    days = [date(2026, 12, 28) + timedelta(days=n) for n in range(8)]
    assert [bool(calendar(ANY_DAY).pattern_on(day)) for day in days] == [True] + [False] * 6 + [True]
    assert calendar(ANY_DAY).plan_on(YEAR_END).basis is Basis.YEAR_END
    assert all(calendar(ANY_DAY, year_end_closed=False).pattern_on(day) for day in days)


@pytest.mark.parametrize("day", [TUESDAY, SATURDAY, HOLIDAY, YEAR_END], ids=str)
def test_a_single_day_wins_over_rules_holidays_and_the_turn_of_the_year(day: date) -> None:
    """What was agreed for one day is that day."""
    opened = calendar(MON_FRI, single={day: SingleDay(OFF, "臨時")}).plan_on(day)
    assert (opened.pattern, opened.basis, opened.reason) == (OFF, Basis.SINGLE_DAY, "臨時")
    assert calendar(ANY_DAY, single={day: SingleDay(None)}).pattern_on(day) is None


def test_days_are_exchanged_by_two_single_days() -> None:
    """A Saturday works as a weekday, the Monday after is closed."""
    monday = date(2026, 11, 30)
    made = calendar(MON_FRI, single={SATURDAY: SingleDay(DAY, "振替"), monday: SingleDay(None, "振替")})
    assert made.window_at(jst(SATURDAY, 10)) is Window.WEEKDAY
    assert made.sessions_on(monday) == ()
    assert made.next_opening(jst(SATURDAY, 17)) == jst(date(2026, 12, 1), 9)


def test_what_the_site_closes_is_closed_in_every_calendar() -> None:
    """A single day doesn't open it."""
    plan = calendar(
        ANY_DAY, single={TUESDAY: SingleDay(LATE)}, site={TUESDAY: SiteDay(DayKind.CLOSED, "停電")}
    ).plan_on(TUESDAY)
    assert (plan.pattern, plan.basis, plan.reason) == (None, Basis.SITE, "停電")


def test_a_day_that_the_site_makes_a_weekday_has_the_pattern_for_exchanged_days() -> None:
    """It has none: it stays closed. The calendar's own single day says more."""
    site = {SATURDAY: SiteDay(DayKind.WEEKDAY, "振替")}
    assert calendar(MON_FRI, site=site, exchanged=DAY).pattern_on(SATURDAY) is DAY
    assert calendar(MON_FRI, site=site).pattern_on(SATURDAY) is None
    assert calendar(MON_FRI, site=site, exchanged=DAY, single={SATURDAY: SingleDay(OFF)}).pattern_on(SATURDAY) is OFF


def test_a_day_off_of_the_sites_table_is_a_public_holiday_for_the_rules() -> None:
    """A holiday that the library doesn't know yet is entered there."""
    site = {TUESDAY: SiteDay(DayKind.DAY_OFF, "即位の日"), YEAR_END: SiteDay(DayKind.DAY_OFF)}
    closed = calendar(MON_FRI, site=site).plan_on(TUESDAY)
    assert (closed.pattern, closed.reason) == (None, "即位の日")
    worked = calendar(DayRule(OFF, Holidays.ONLY), site=site)
    assert (worked.pattern_on(TUESDAY), worked.pattern_on(YEAR_END)) == (OFF, OFF)


def test_an_evening_day_counts_its_afternoon_as_weekday() -> None:
    """12–17 and 17–20 are two kinds of hour without a gap (N 7(1)ア)."""
    made = calendar(DayRule(LATE, Holidays.NEVER))
    hours = [11, 12, 16, 17, 19, 20]
    windows = [None, Window.WEEKDAY, Window.WEEKDAY, Window.EVENING, Window.EVENING, None]
    assert [made.window_at(jst(TUESDAY, hour)) for hour in hours] == windows
    assert [session.window for session in made.openings(jst(TUESDAY, 13), 0)] == []
    assert next(made.openings(jst(TUESDAY, 13), 1)).starts_at == jst(TUESDAY, 17)


def test_the_hours_of_each_kind_are_summed_for_planning() -> None:
    """A month that has begun counts from now on."""
    made = calendar(DayRule(LATE, Holidays.NEVER, weekdays=frozenset({1})), MON_FRI)
    week = made.sessions(date(2026, 11, 23), date(2026, 11, 29))  # Monday is a holiday
    assert open_s(week) == {Window.WEEKDAY: 29 * HOUR, Window.EVENING: 3 * HOUR, Window.WEEKEND: 0}
    left = open_s(week, since=jst(TUESDAY, 18))
    assert left == {Window.WEEKDAY: 24 * HOUR, Window.EVENING: 2 * HOUR, Window.WEEKEND: 0}
    assert made.sessions(TUESDAY, TUESDAY)[1].length_s == 3 * HOUR


def test_cells_are_days_of_the_week_on_which_a_kind_of_hour_opens_after_today() -> None:
    """A holiday keeps its own day of the week; today's hours are no other cell."""
    made = calendar(DayRule(LATE, Holidays.ALSO, weekdays=frozenset({0, 1})), DayRule(OFF, Holidays.ONLY))
    friday = jst(date(2026, 11, 20), 10)
    evenings = cell_of(Window.EVENING, HOLIDAY) | cell_of(Window.EVENING, TUESDAY)
    assert made.cells_ahead(friday, Window.EVENING, 7) == evenings
    assert made.cells_ahead(jst(TUESDAY, 10), Window.EVENING, 7) == cell_of(Window.EVENING, HOLIDAY)
    assert made.cells_ahead(jst(TUESDAY, 10), Window.EVENING, 8) == evenings
    assert made.cells_ahead(friday, Window.WEEKEND, 14) == 0


def test_a_calendar_that_never_opens_says_so() -> None:
    """None is an answer, not an endless search."""
    assert calendar().next_opening(jst(TUESDAY, 9)) is None
    assert calendar().windows_ahead(jst(TUESDAY, 9)) == frozenset()


def own(first: int, last: int) -> OperatingCalendar:
    """Open from hour to hour on every day."""
    pattern = Pattern("own", "独自", (Stretch(Window.WEEKDAY, first * HOUR, last * HOUR),))
    return OperatingCalendar("own", "独自", (pattern,), (DayRule(pattern, Holidays.ALSO),))


def test_a_debt_type_with_a_calendar_of_its_own_is_dialed_only_while_that_is_open_too() -> None:
    """The others follow the campaign."""
    hours = CampaignHours(
        calendar(DayRule(LATE, Holidays.NEVER)), ("care", "tax", "childcare"), {"care": own(9, 13), "tax": own(18, 24)}
    )
    said = {hour: hours.debt_types_at(jst(TUESDAY, hour)) for hour in (10, 12, 13, 18, 20)}
    assert said == {10: (), 12: ("care", "childcare"), 13: ("childcare",), 18: ("tax", "childcare"), 20: ()}
    assert hours.sessions_on(TUESDAY) == LATE.sessions_on(TUESDAY)


def test_a_campaign_is_closed_while_none_of_its_debt_types_may_be_dialed() -> None:
    """The kind of hour is the campaign's; overlapping calendars of debt types count once."""
    own_hours = {"care": own(9, 13), "tax": own(12, 14), "childcare": own(18, 24)}
    hours = CampaignHours(calendar(DayRule(LATE, Holidays.NEVER)), ("care", "tax", "childcare"), own_hours)
    assert hours.sessions_on(TUESDAY) == (
        Session(TUESDAY, Window.WEEKDAY, jst(TUESDAY, 12), jst(TUESDAY, 14)),
        Session(TUESDAY, Window.EVENING, jst(TUESDAY, 18), jst(TUESDAY, 20)),
    )
    assert hours.next_opening(jst(TUESDAY, 14)) == jst(TUESDAY, 18)


def test_somebody_who_owes_one_debt_type_is_not_held_back_for_hours_of_another() -> None:
    """The rotation asks which kinds of hour come for this person."""
    hours = CampaignHours(calendar(DayRule(LATE, Holidays.NEVER)), ("care", "tax"), {"care": own(9, 13)})
    assert hours.windows_ahead(jst(TUESDAY, 9)) == {Window.WEEKDAY, Window.EVENING}
    assert hours.for_debt_types({"care"}).windows_ahead(jst(TUESDAY, 9)) == {Window.WEEKDAY}
    assert hours.for_debt_types({"unknown"}).sessions_on(TUESDAY) == ()


@pytest.mark.parametrize(
    "stretches",
    [
        (),
        (Stretch(Window.WEEKDAY, 0, 10), Stretch(Window.EVENING, 9, 20)),
        (Stretch(Window.WEEKDAY, 10, 20), Stretch(Window.EVENING, 0, 10)),
    ],
    ids=["none", "overlapping", "out of order"],
)
def test_a_pattern_needs_stretches_in_order(stretches: tuple[Stretch, ...]) -> None:
    """Otherwise a moment could be two kinds of hour."""
    with pytest.raises(ValueError, match=r"needed|overlap"):
        Pattern("x", "x", stretches)


@pytest.mark.parametrize(("starts_s", "ends_s"), [(-1, 10), (10, 10), (20, 10), (0, 86_401)])
def test_an_impossible_stretch_can_not_be_made(starts_s: int, ends_s: int) -> None:
    """Empty, backwards, or beyond the day."""
    with pytest.raises(ValueError, match="start before it ends"):
        Stretch(Window.WEEKDAY, starts_s, ends_s)
