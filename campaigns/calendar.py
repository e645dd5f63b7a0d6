"""Days, hours and months as Japan counts them; what kind of day a date is; a campaign's windows.

Pure: the moment comes in as ``now`` (aware); Japanese local time is used inside only. When a campaign is open is
decided in ``opening/``.

A day is a public holiday by law (`is_public_holiday`), closed from 12/29 to 1/3, and whatever
``calendar_day`` says instead. Source: requirement CALL-4, CALL-8.
"""

from __future__ import annotations

from collections.abc import Mapping
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

    The only place that decides it; ``opening/operating.py`` asks the name only. Equinoxes beyond the gazette are
    astronomical forecasts.

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


def cell_of(window: Window, day: date) -> int:
    """The bit of a cell: one kind of hour on one day of the week; holidays keep their day of the week."""
    return 1 << (7 * list(Window).index(window) + day.weekday())


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
