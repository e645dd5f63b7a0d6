"""``OperatingCalendar``: which pattern a day has, and why.

What decides, first answer wins:

1. the site's table ``calendar_day`` says *closed*;
2. a single day of this calendar;
3. ``calendar_day`` says *weekday*: the calendar's pattern for exchanged weekdays, or closed if it names none;
4. 12/29–1/3 is closed, unless the calendar works then, or ``calendar_day`` says *day off*;
5. the rules, in their order; a day is a public holiday by law, or because ``calendar_day`` says *day off*;
6. no rule: closed.

Pure; the value can be kept and shared. Source: requirement CALL-4; 12/29–1/3: 行政機関の休日に関する法律 (Act No. 91
of 1988) article 1, which the cities' own ordinances follow.

Invariant: what is closed for the whole site is open in no calendar.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise

import jpholiday

from campaigns.calendar import DayKind, WindowRule, is_public_holiday
from campaigns.opening.day_rules import DayRule, Holidays
from campaigns.opening.hours import Hours, Session
from campaigns.opening.patterns import Pattern, Stretch


class Basis(StrEnum):
    """What decided about a day."""

    SITE = "site"  # the table calendar_day, for all calendars
    SINGLE_DAY = "single_day"
    YEAR_END = "year_end"
    RULE = "rule"
    NO_RULE = "no_rule"


@dataclass(frozen=True, slots=True)
class SiteDay:
    """What the site's table ``calendar_day`` says about a day."""

    kind: DayKind
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SingleDay:
    """A day of one calendar that was set by hand; `pattern` None = closed."""

    pattern: Pattern | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DayPlan:
    """What one JST day is in a calendar.

    Args:
        pattern: None = closed.
        basis: what decided.
        reason: Japanese, for people; empty when there is nothing to say.
    """

    day: date
    pattern: Pattern | None
    basis: Basis
    reason: str = ""


@dataclass(frozen=True)
class OperatingCalendar(Hours):
    """A calendar of one name.

    Args:
        name: ``[a-z0-9][a-z0-9_-]*``; empty for one that was made of a campaign's windows.
        title: as people read it.
        patterns: all of them, in the order in which people list them.
        rules: in order; the first that means a day decides.
        single_days: JST date → what it is, whatever the rules say.
        exchanged_weekday: what a day is that the site's table makes count as a weekday; None = closed.
        year_end_closed: 12/29–1/3 is closed unless a single day or the site's table opens it.
        site_days: the site's table.
    """

    name: str
    title: str
    patterns: tuple[Pattern, ...]
    rules: tuple[DayRule, ...]
    single_days: Mapping[date, SingleDay] = field(default_factory=dict)
    exchanged_weekday: Pattern | None = None
    year_end_closed: bool = True
    site_days: Mapping[date, SiteDay] = field(default_factory=dict)

    def plan_on(self, day: date) -> DayPlan:
        """What the JST date `day` is, and why."""
        site = self.site_days.get(day)
        if site is not None and site.kind is DayKind.CLOSED:
            return DayPlan(day, None, Basis.SITE, site.reason)
        if (single := self.single_days.get(day)) is not None:
            return DayPlan(day, single.pattern, Basis.SINGLE_DAY, single.reason)
        if site is not None and site.kind is DayKind.WEEKDAY:
            return DayPlan(day, self.exchanged_weekday, Basis.SITE, site.reason)
        if site is None and self.year_end_closed and _is_year_end(day):
            return DayPlan(day, None, Basis.YEAR_END, "年末年始")
        holiday = holiday_name(day) if site is None else site.reason or "祝日扱い"
        for rule in self.rules:
            if rule.means(day, is_holiday=bool(holiday)):
                return DayPlan(day, rule.pattern, Basis.RULE, rule.reason or holiday)
        return DayPlan(day, None, Basis.NO_RULE, holiday)

    def pattern_on(self, day: date) -> Pattern | None:
        """The pattern of the JST date `day`; None = closed."""
        return self.plan_on(day).pattern

    def sessions_on(self, day: date) -> tuple[Session, ...]:
        pattern = self.pattern_on(day)
        return () if pattern is None else pattern.sessions_on(day)


def calendar_of_windows(
    windows: Sequence[WindowRule], site_days: Mapping[date, SiteDay] | None = None
) -> OperatingCalendar:
    """The calendar of a campaign that has none of its own: its windows, by kind of day.

    Where two windows overlap, the one that started last is meant (an evening session inside a long day).
    """
    weekday, day_off = (_pattern_of(windows, kind) for kind in (DayKind.WEEKDAY, DayKind.DAY_OFF))
    return OperatingCalendar(
        name="",
        title="",
        patterns=tuple(pattern for pattern in (weekday, day_off) if pattern is not None),
        rules=(
            DayRule(weekday, Holidays.NEVER, weekdays=frozenset(range(5))),
            DayRule(day_off, Holidays.ALSO),
        ),
        exchanged_weekday=weekday,
        site_days={} if site_days is None else site_days,
    )


_KIND_LABELS = {DayKind.WEEKDAY: "平日", DayKind.DAY_OFF: "土日祝"}


def _pattern_of(windows: Sequence[WindowRule], kind: DayKind) -> Pattern | None:
    """The windows of one kind of day as stretches that don't overlap; None when there are none."""
    rules = [rule for rule in windows if rule.day_kind is kind]
    edges = sorted({rule.starts_s for rule in rules} | {rule.ends_s for rule in rules})
    held: list[tuple[WindowRule, int, int]] = []
    for starts_s, ends_s in pairwise(edges):
        fitting = [rule for rule in rules if rule.starts_s <= starts_s < rule.ends_s]
        if not fitting:
            continue
        meant = max(fitting, key=lambda rule: rule.starts_s)
        if held and held[-1][0] is meant:  # it goes on: a rule's time is one stretch unless another cuts it
            held[-1] = (meant, held[-1][1], ends_s)
        else:
            held.append((meant, starts_s, ends_s))
    stretches = tuple(Stretch(rule.window, starts_s, ends_s) for rule, starts_s, ends_s in held)
    return Pattern(kind.value, _KIND_LABELS[kind], stretches) if stretches else None


@lru_cache(maxsize=4096)
def holiday_name(day: date) -> str:
    """The Japanese name of the public holiday that `day` is; empty when it is none."""
    return (jpholiday.is_holiday_name(day) or "祝日") if is_public_holiday(day) else ""


def _is_year_end(day: date) -> bool:
    return (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3)
