"""The shape of a calendar as a document: what files hold, and what the database gives and takes.

The keys are described in docs/calendar.md. Decides nothing: ``reading`` makes a document out of TOML, ``checking``
says what is wrong with it, ``compiling`` makes an ``OperatingCalendar`` of it, ``writing`` makes TOML again.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec

from campaigns.model import Window
from campaigns.opening.day_rules import Holidays

CLOSED = "closed"
"""In place of a pattern's name: nobody is called."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """An entry of a document: unknown keys are errors, keys that say nothing new are not written."""


class HoursEntry(Entry, frozen=True, rename={"starts": "from", "ends": "until"}):
    """Hours without a break, JST ``H:MM``; `ends` is excluded and may be 24:00."""

    starts: str
    ends: str
    counts_as: Window


class PatternEntry(Entry, frozen=True):
    """One ``[patterns.<name>]``."""

    label: str
    hours: tuple[HoursEntry, ...]


class DatesEntry(Entry, frozen=True, rename={"first_on": "from", "last_on": "until"}):
    """From one date to another, both included; either may be left out."""

    first_on: date | None = None
    last_on: date | None = None


class YearlyEntry(Entry, frozen=True, rename={"first": "from", "last": "until"}):
    """From one day of every year to another, ``MM-DD``, both included; may run over the turn of the year."""

    first: str
    last: str


class RuleEntry(Entry, frozen=True):
    """One ``[[rules]]``; `holidays` left out: ``never`` for a rule that opens, ``also`` for one that closes."""

    pattern: str
    weekdays: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    nth: tuple[Literal[1, 2, 3, 4, 5, -1], ...] = ()
    holidays: Holidays | None = None
    dates: DatesEntry | None = None
    yearly: YearlyEntry | None = None
    reason: str = ""


class DayEntry(Entry, frozen=True):
    """One ``[[days]]``: a single day."""

    on: date
    pattern: str
    reason: str = ""


class CalendarDocument(Entry, frozen=True):
    """A whole calendar; its name is the file's."""

    title: str
    patterns: dict[str, PatternEntry]
    rules: tuple[RuleEntry, ...] = ()
    days: tuple[DayEntry, ...] = ()
    exchanged_weekday: str | None = None
    year_end_closed: bool = True
