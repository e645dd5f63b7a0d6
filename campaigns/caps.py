"""How many attempts a person, a number and a household may get in a day, a week and a month.

Pure: counts in, counts out. The caps hold over all campaigns; ``results`` counts each dialed attempt and writes
the moment until which the cap keeps everybody away, so that the claim compares one moment.

Invariant: days, weeks (from Monday) and months are Japanese ones. Source: requirement CALL-7.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from campaigns.calendar import jst_date, start_of_day


class CapScope(StrEnum):
    """Whose attempts are counted."""

    PERSON = "person"
    NUMBER = "number"
    HOUSEHOLD = "household"


class CapPeriod(StrEnum):
    """Over which time."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


Caps = Mapping[CapPeriod, int]
"""The most attempts of each period for one scope; a period that is missing has no cap."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Attempts dialed in the day, the week and the month of `counted_on` (JST); None = none ever."""

    counted_on: date | None = None
    day_attempts: int = 0
    week_attempts: int = 0
    month_attempts: int = 0


def counted(before: Counts, on: date) -> Counts:
    """The counts after one more attempt on the JST day `on`, not before `before.counted_on`."""
    last = before.counted_on
    return Counts(
        counted_on=on,
        day_attempts=1 + (before.day_attempts if last == on else 0),
        week_attempts=1 + (before.week_attempts if last is not None and _monday(last) == _monday(on) else 0),
        month_attempts=1 + (before.month_attempts if last is not None and _first(last) == _first(on) else 0),
    )


def capped_until(counts: Counts, caps: Caps, now: datetime) -> datetime | None:
    """The end of the longest period at `now` (aware) whose cap is reached, as UTC; None when there is none."""
    if counts.counted_on is None:
        return None
    day, today = counts.counted_on, jst_date(now)
    ends_on = {
        CapPeriod.DAY: (counts.day_attempts, day + timedelta(days=1)),
        CapPeriod.WEEK: (counts.week_attempts, _monday(day) + timedelta(days=7)),
        CapPeriod.MONTH: (counts.month_attempts, _first(_first(day) + timedelta(days=31))),
    }
    reached = [ends for period, (tried, ends) in ends_on.items() if period in caps and tried >= caps[period]]
    return start_of_day(max(reached)) if reached and max(reached) > today else None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _first(day: date) -> date:
    return day.replace(day=1)
