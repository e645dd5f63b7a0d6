"""When a campaign may call: which window is open at a moment, when the next one opens, which are still to come.

Decides nothing about people. Everything here is pure: windows and the editable calendar come in as
values, the moment as ``now`` (aware); Japanese local time is used inside only.

A day is a public holiday by law (`is_public_holiday`), closed from 12/29 to 1/3, and whatever
``calendar_day`` says instead: the table always wins (exchanged days, agreed closures).

Invariant: outside every window nobody is dialed. Source: requirement CALL-4, CALL-8.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import lru_cache

import jpholiday

from campaigns.model import Window

JST = timezone(timedelta(hours=9), "JST")
"""Japanese standard time. A fixed offset: Japan has had no summer time since 1951."""

DAY_S = 86_400
ROTATION_DAYS = 14
"""A window that the campaign will not open in this many days is not waited for by the rotation."""

_SEARCH_DAYS = 400  # further ahead nothing is looked for: longer than any year's closure


class DayKind(StrEnum):
    """What kind of day it is for calling; the values are those of ``calendar_day.day_kind``."""

    WEEKDAY = "weekday"  # Monday to Friday that is no public holiday
    DAY_OFF = "day_off"  # Saturday, Sunday, public holiday
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class WindowRule:
    """One stretch of every day of a kind in which calls may be placed.

    Args:
        window: what attempts in it are counted as.
        day_kind: WEEKDAY or DAY_OFF.
        starts_s: seconds since JST midnight, included.
        ends_s: seconds since JST midnight, excluded; up to 86,400 (24:00).
    """

    window: Window
    day_kind: DayKind
    starts_s: int
    ends_s: int

    def __post_init__(self) -> None:
        if not 0 <= self.starts_s < self.ends_s <= DAY_S:
            raise ValueError(f"a window must start before it ends within one day: {self.starts_s}–{self.ends_s} s")
        if self.day_kind is DayKind.CLOSED:
            raise ValueError("a closed day has no windows")


CalendarDays = Mapping[date, DayKind]
"""The editable table of CALL-4: JST date → what it counts as."""


@lru_cache(maxsize=4096)
def is_public_holiday(day: date) -> bool:
    """Whether `day` is a public holiday of Japan, substitute and sandwiched holidays included.

    The only place that asks the library. Equinoxes beyond the gazette are astronomical forecasts.

    Source: 国民の祝日に関する法律 (Act No. 178 of 1948), as implemented by jpholiday.
    """
    return bool(jpholiday.is_holiday(day))


def day_kind(day: date, calendar_days: CalendarDays) -> DayKind:
    """What kind of day the JST date `day` is.

    Source: requirement CALL-4 (public holidays, 12/29–1/3 and agreed closures).
    """
    if (told := calendar_days.get(day)) is not None:
        return told
    if (day.month, day.day) >= (12, 29) or (day.month, day.day) <= (1, 3):
        return DayKind.CLOSED
    if day.weekday() >= 5 or is_public_holiday(day):
        return DayKind.DAY_OFF
    return DayKind.WEEKDAY


def window_at(windows: Sequence[WindowRule], calendar_days: CalendarDays, now: datetime) -> Window | None:
    """The window that is open at `now`, or None.

    Where two overlap, the one that started last is meant (an evening session inside a long day).

    Raises:
        ValueError: `now` is naive.
    """
    local = to_jst(now)
    kind = day_kind(local.date(), calendar_days)
    second = local.hour * 3600 + local.minute * 60 + local.second
    fitting = [w for w in windows if w.day_kind is kind and w.starts_s <= second < w.ends_s]
    return max(fitting, key=lambda w: w.starts_s).window if fitting else None


def next_opening(windows: Sequence[WindowRule], calendar_days: CalendarDays, now: datetime) -> datetime | None:
    """The first moment from `now` on (UTC) at which a window is open: `now` itself while one is.

    None when nothing opens within 400 days.

    Raises:
        ValueError: `now` is naive.
    """
    if window_at(windows, calendar_days, now) is not None:
        return now
    for _, starts_at in _openings(windows, calendar_days, now, _SEARCH_DAYS):
        return starts_at
    return None


def windows_ahead(
    windows: Sequence[WindowRule], calendar_days: CalendarDays, now: datetime, days: int = ROTATION_DAYS
) -> frozenset[Window]:
    """The windows that are open at `now` or open again within `days` times 24 hours.

    The rotation waits for these only: who can't be tried on a day off isn't held back for one.

    Raises:
        ValueError: `now` is naive.
    """
    ahead = {window for window, _ in _openings(windows, calendar_days, now, days)}
    if (open_now := window_at(windows, calendar_days, now)) is not None:
        ahead.add(open_now)
    return frozenset(ahead)


def _openings(
    windows: Sequence[WindowRule], calendar_days: CalendarDays, now: datetime, days: int
) -> Iterator[tuple[Window, datetime]]:
    """Each start of a window in (`now`, `now` + `days`], in order of time."""
    local = to_jst(now)
    until = now + timedelta(days=days)
    for ahead in range(days + 1):
        day = local.date() + timedelta(days=ahead)
        kind = day_kind(day, calendar_days)
        for rule in sorted((w for w in windows if w.day_kind is kind), key=lambda w: w.starts_s):
            starts_at = start_of_day(day) + timedelta(seconds=rule.starts_s)
            if now < starts_at <= until:
                yield rule.window, starts_at


def to_jst(moment: datetime) -> datetime:
    """`moment` in Japanese local time.

    Raises:
        ValueError: `moment` is naive: which hour it means would be a guess.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(JST)


def jst_date(moment: datetime) -> date:
    """The JST date at `moment` (aware)."""
    return to_jst(moment).date()


def start_of_day(day: date) -> datetime:
    """0:00 JST of `day`, as UTC."""
    return datetime.combine(day, time(), JST).astimezone(UTC)


def month_start(moment: datetime) -> datetime:
    """0:00 JST of the first day of the JST month in which `moment` (aware) lies, as UTC."""
    return start_of_day(jst_date(moment).replace(day=1))


def hour_of_week(moment: datetime) -> int:
    """Hour of the JST week at `moment` (aware): 0 = Monday 0:00–0:59 … 167 = Sunday 23:00–23:59."""
    local = to_jst(moment)
    return local.weekday() * 24 + local.hour
