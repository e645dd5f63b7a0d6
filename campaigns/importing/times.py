"""Times of day and moments as Japanese offices write them → seconds of the day and aware ``datetime``.

Decides the forms that are understood; which forms of dates a file uses is said by its mapping (``dates``).

| form | examples |
|---|---|
| hours and minutes | 9:05, 09:05:30, 9時5分, 午後3時, PM 3:05 |
| digits | 905, 0905, 090530 |
| the hour alone | 9, 17時 |
| a moment | a date and a time with a space, a T or nothing after 日 between them; 202611300905 |

Invariant: a moment is Japanese local time in the file and UTC in the result.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, timedelta

from campaigns.calendar import start_of_day
from campaigns.importing.dates import read_date
from campaigns.importing.problems import Flaw

_TIME = re.compile(
    r"(?P<half>午前|午後|[AaPp][Mm])?\s*(?P<hour>\d{1,2})\s*"
    r"(?:[:時]\s*(?:(?P<minute>\d{1,2})\s*(?:[:分]\s*(?:(?P<second>\d{1,2})(?:\.\d+)?\s*秒?)?)?)?)?"
)
_DIGITS = re.compile(r"(?P<hour>\d{1,2})(?P<minute>\d\d)(?P<second>\d\d)?")
_MOMENT = re.compile(r"(?P<day>.+?日|\S+?)(?:\s+|T|(?<=日))(?P<time>\S.*)")
_MOMENT_DIGITS = re.compile(r"(?P<day>\d{8})(?P<time>\d{4}(?:\d\d)?)")
_NOON = 12


def read_time(text: str) -> int | Flaw:
    """The time of day in `text`, in seconds since midnight (0–86,399)."""
    text = unicodedata.normalize("NFKC", text).strip()
    found = _DIGITS.fullmatch(text) or _TIME.fullmatch(text)
    if found is None:
        return Flaw("time_invalid")
    parts = found.groupdict()
    hour, minute, second = int(parts["hour"]), int(parts["minute"] or 0), int(parts["second"] or 0)
    if half := parts.get("half"):
        if hour > _NOON:
            return Flaw("time_invalid")
        hour = hour % _NOON + (_NOON if half in ("午後", "PM", "pm", "Pm", "pM") else 0)
    if hour > 23 or minute > 59 or second > 59:
        return Flaw("time_invalid")
    return hour * 3600 + minute * 60 + second


def read_moment(
    text: str, forms: tuple[Callable[[str], date | None], ...], lowest: date, highest: date
) -> datetime | Flaw | None:
    """The date and time in `text`; None when it holds a date and no time.

    Args:
        text: the cell.
        forms: of the date; the first that fits it is taken.
        lowest, highest: bounds of the date, allowed values.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    found = _MOMENT_DIGITS.fullmatch(text) or _MOMENT.fullmatch(text)
    if found is None:
        only_day = read_date(text, forms, lowest, highest)
        return only_day if isinstance(only_day, Flaw) else None
    day = read_date(found["day"], forms, lowest, highest)
    if isinstance(day, Flaw):
        return day
    second = read_time(found["time"])
    return second if isinstance(second, Flaw) else moment(day, second)


def moment(day: date, second: int) -> datetime:
    """`second` seconds after 0:00 JST of `day`, as UTC."""
    return start_of_day(day) + timedelta(seconds=second)
