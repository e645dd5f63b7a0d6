"""A calendar's document → the ``OperatingCalendar`` that it means.

Decides what a document leaves unsaid: which days of the week, and whether a rule means public holidays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from campaigns.opening.day_rules import WEEKDAYS, DayRule, Holidays, MonthDay
from campaigns.opening.document import CLOSED, CalendarDocument, HoursEntry, RuleEntry
from campaigns.opening.operating import OperatingCalendar, SingleDay, SiteDay
from campaigns.opening.patterns import Pattern, Stretch

_TIME = re.compile(r"(\d{1,2}):([0-5]\d)")
_MONTH_DAY = re.compile(r"\d\d-\d\d")
_LEAP_YEAR = 2024  # 02-29 is a day of the year too


def seconds_of(text: str) -> int | None:
    """``H:MM`` as seconds since midnight, 0 to 86,400; None when it is none."""
    if (found := _TIME.fullmatch(text)) is None:
        return None
    seconds = int(found[1]) * 3600 + int(found[2]) * 60
    return seconds if seconds <= 86_400 else None


def month_day(text: str) -> MonthDay | None:
    if not _MONTH_DAY.fullmatch(text):
        return None
    try:
        day = date.fromisoformat(f"{_LEAP_YEAR}-{text}")
    except ValueError:
        return None
    return day.month, day.day


def stretches_of(hours: Sequence[HoursEntry]) -> tuple[Stretch, ...]:
    made = []
    for entry in hours:
        starts_s, ends_s = seconds_of(entry.starts), seconds_of(entry.ends)
        assert starts_s is not None
        assert ends_s is not None
        made.append(Stretch(entry.counts_as, starts_s, ends_s))
    return tuple(sorted(made, key=lambda s: s.starts_s))


def calendar_of(
    name: str, document: CalendarDocument, site_days: Mapping[date, SiteDay] | None = None
) -> OperatingCalendar:
    """The calendar that a document means, which `check` finds nothing wrong with.

    Args:
        site_days: the site's table ``calendar_day``.
    """
    patterns = {key: Pattern(key, entry.label, stretches_of(entry.hours)) for key, entry in document.patterns.items()}
    exchanged = document.exchanged_weekday
    return OperatingCalendar(
        name=name,
        title=document.title,
        patterns=tuple(patterns.values()),
        rules=tuple(_rule(entry, patterns) for entry in document.rules),
        single_days={day.on: SingleDay(patterns.get(day.pattern), day.reason) for day in document.days},
        exchanged_weekday=None if exchanged is None else patterns[exchanged],
        year_end_closed=document.year_end_closed,
        site_days={} if site_days is None else site_days,
    )


def _rule(entry: RuleEntry, patterns: Mapping[str, Pattern]) -> DayRule:
    pattern = None if entry.pattern == CLOSED else patterns[entry.pattern]
    yearly = None
    if entry.yearly is not None:
        first, last = month_day(entry.yearly.first), month_day(entry.yearly.last)
        assert first is not None
        assert last is not None
        yearly = (first, last)
    return DayRule(
        pattern=pattern,
        holidays=entry.holidays or (Holidays.ALSO if pattern is None else Holidays.NEVER),
        weekdays=frozenset(WEEKDAYS.index(weekday) for weekday in entry.weekdays) or frozenset(range(7)),
        nth=frozenset(entry.nth),
        first_on=entry.dates.first_on if entry.dates else None,
        last_on=entry.dates.last_on if entry.dates else None,
        yearly=yearly,
        reason=entry.reason,
    )
