"""Which days a rule of a calendar means, and which pattern it gives them.

A rule means a day when all of its conditions hold. Decides nothing about the order of rules, single days and
the turn of the year: ``operating`` does.

Invariant: unless a rule says otherwise, one that opens leaves public holidays alone and one that closes takes
them too, so that what was forgotten never calls anybody on a holiday.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from campaigns.opening.patterns import Pattern

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As files and tables write the days of the week; the place is ``date.weekday()``."""

LAST = -1
"""As an `nth`: the last one of the month."""

MonthDay = tuple[int, int]
"""Month 1–12 and day of the month."""


class Holidays(StrEnum):
    """What a rule has to do with public holidays."""

    NEVER = "never"  # it doesn't mean them
    ALSO = "also"  # it means them like other days
    ONLY = "only"  # it means nothing else


@dataclass(frozen=True, slots=True)
class DayRule:
    """One rule.

    Args:
        pattern: what the days are; None = closed.
        holidays: whether it means public holidays.
        weekdays: 0 = Monday … 6 = Sunday.
        nth: only the 1st … 5th or the LAST such day of the week in its month; empty = every one.
        first_on, last_on: JST dates, both included; None = open-ended.
        yearly: from one day of the year to another, both included; may run over the turn of the year.
        reason: as people read it.
    """

    pattern: Pattern | None
    holidays: Holidays
    weekdays: frozenset[int] = frozenset(range(7))
    nth: frozenset[int] = frozenset()
    first_on: date | None = None
    last_on: date | None = None
    yearly: tuple[MonthDay, MonthDay] | None = None
    reason: str = ""

    def means(self, day: date, *, is_holiday: bool) -> bool:
        """Whether the JST date `day` is one of this rule's.

        Args:
            is_holiday: it is a public holiday, or the site's table makes it count as one.
        """
        if (is_holiday and self.holidays is Holidays.NEVER) or (not is_holiday and self.holidays is Holidays.ONLY):
            return False
        if day.weekday() not in self.weekdays or not self._is_nth(day):
            return False
        if (self.first_on is not None and day < self.first_on) or (self.last_on is not None and day > self.last_on):
            return False
        return self.yearly is None or _in_year(day, *self.yearly)

    def _is_nth(self, day: date) -> bool:
        if not self.nth or (day.day - 1) // 7 + 1 in self.nth:
            return True
        return LAST in self.nth and (day + timedelta(days=7)).month != day.month


def _in_year(day: date, first: MonthDay, last: MonthDay) -> bool:
    """Whether `day` lies between two days of the year, both included, over the turn of the year if need be."""
    here = (day.month, day.day)
    return first <= here <= last if first <= last else here >= first or here <= last
