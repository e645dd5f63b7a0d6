"""The centre whose months are simulated: its days, hours and calls.

`NIIGATA` follows the specification of one city: seven agents; each month eight evening days 12–20, of which 12–17
counts as weekday and 17–20 as evening; two days off 9–17, each made up for by a closed weekday; all other weekdays
9–17; and as many calls a month as its table of expected calls says, spread evenly over the hours. `SESSIONS` is the
plainer centre of an earlier study, for comparison: in four weeks 10 weekday, 8 evening and 2 weekend sessions of 735
calls, the evening sessions counting as evening as a whole.

Decides the sessions only. Source: requirement CALL-4; Niigata's specification of March 2023, 7(1)ア and its table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from campaigns.calendar import DayKind, day_kind

WEEKDAY, EVENING, WEEKEND = 0, 1, 2  # places in campaigns.learning.evidence.WINDOWS

# Calls a month, January to December: city tax and the three premiums together.
_CALLS = (8_400, 9_600, 12_800, 11_200, 10_400, 12_700, 11_800, 13_400, 11_700, 11_600, 10_500, 11_900)
_EVENING_DAYS = (1, 3)  # Tuesday and Thursday
_EVENINGS = 8
_TEST_MONTH = date(2026, 10, 1)
_DAY_HOURS, _LATE_HOURS = (8, 0), (5, 3)  # hours that count as weekday, and as evening
_SESSION_CALLS = 735


class Centre(StrEnum):
    """Which centre."""

    NIIGATA = "niigata"
    SESSIONS = "sessions"


@dataclass(frozen=True, slots=True)
class Session:
    """A stretch of one day in which one kind of hour is open.

    Args:
        day_on: JST date.
        window: place of the kind of hour in `WINDOWS`.
        calls: that the agents can place in it.
    """

    day_on: date
    window: int
    calls: int


def months(centre: Centre, records: int) -> list[list[Session]]:
    """The sessions of `records` months, of the month of the test after them, and of one more, in order."""
    if centre is Centre.SESSIONS:
        first = _TEST_MONTH - timedelta(days=_TEST_MONTH.weekday())
        return [_four_weeks(first - timedelta(weeks=4 * back)) for back in range(records, -2, -1)]
    return [_month(_earlier(_TEST_MONTH, back)) for back in range(records, -2, -1)]


def _earlier(first: date, months_back: int) -> date:
    place = first.year * 12 + first.month - 1 - months_back
    return date(place // 12, place % 12 + 1, 1)


def _month(first: date) -> list[Session]:
    """Niigata's sessions in the month that begins with `first`."""
    days = [first + timedelta(days=d) for d in range(31) if (first + timedelta(days=d)).month == first.month]
    weekend = [
        next(d for d in days if d.day > 7 and d.weekday() == 5),
        next(d for d in days if d.day > 21 and d.weekday() == 6),
    ]
    working = [d for d in days if day_kind(d, {}) is DayKind.WEEKDAY]
    closed = {
        next(d for d in working if d > day and d.weekday() not in _EVENING_DAYS) for day in weekend if day < working[-3]
    }
    late = [d for d in working if d.weekday() in _EVENING_DAYS][:_EVENINGS]
    hours: list[tuple[date, int, int]] = [(d, WEEKEND, _DAY_HOURS[0]) for d in weekend]
    for day in working:
        if day not in closed:
            by_day, by_night = _LATE_HOURS if day in late else _DAY_HOURS
            hours += [(day, WEEKDAY, by_day)] + [(day, EVENING, by_night)] * (by_night > 0)
    hours.sort()
    per_hour = _CALLS[first.month - 1] / sum(h for _, _, h in hours)
    return [Session(day, window, round(per_hour * h)) for day, window, h in hours]


def _four_weeks(monday: date) -> list[Session]:
    """Ten weekday sessions, eight evenings (Tuesday and Thursday), one Saturday and one Sunday."""
    kinds = {0: WEEKDAY, 1: EVENING, 2: WEEKDAY, 3: EVENING, 4: WEEKDAY}
    sessions = [
        Session(monday + timedelta(days=7 * week + day), kind, _SESSION_CALLS)
        for week in range(4)
        for day, kind in kinds.items()
        if not (week in (1, 3) and day == 0)  # closed for the weekend session before
    ]
    sessions += [Session(monday + timedelta(days=day), WEEKEND, _SESSION_CALLS) for day in (5, 20)]
    return sorted(sessions, key=lambda s: (s.day_on, s.window))
