"""A kind of operating day: stretches of hours, each counted as a kind of hour.

Niigata's evening day is 12:00–20:00, of which 12:00–17:00 counts as weekday hours and 17:00–20:00 as evening.
Decides nothing about which days are of which pattern.

Invariant: the stretches of a pattern are in order of time and none overlaps another; there is at least one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from campaigns.calendar import DAY_S, start_of_day
from campaigns.model import Window
from campaigns.opening.hours import Session


@dataclass(frozen=True, slots=True)
class Stretch:
    """Hours without a break that count as one kind.

    Args:
        window: what attempts in it are counted as.
        starts_s: seconds since JST midnight, included.
        ends_s: seconds since JST midnight, excluded; up to 86,400 (24:00).

    Raises:
        ValueError: it doesn't start before it ends within one day.
    """

    window: Window
    starts_s: int
    ends_s: int

    def __post_init__(self) -> None:
        if not 0 <= self.starts_s < self.ends_s <= DAY_S:
            raise ValueError(f"{clock_time(self.starts_s)}–{clock_time(self.ends_s)}: it must start before it ends")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A kind of operating day.

    Args:
        name: as rules and commands call it; `[a-z][a-z0-9_]*`.
        label: as people read it (平日夜間催告).
        stretches: at least one, in order of time.

    Raises:
        ValueError: there is no stretch, or two overlap or are out of order.
    """

    name: str
    label: str
    stretches: tuple[Stretch, ...]

    def __post_init__(self) -> None:
        if not self.stretches:
            raise ValueError("at least one stretch of hours is needed")
        for first, second in pairwise(self.stretches):
            if second.starts_s < first.ends_s:
                raise ValueError(
                    f"{clock_time(first.starts_s)}–{clock_time(first.ends_s)} and "
                    f"{clock_time(second.starts_s)}–{clock_time(second.ends_s)} overlap"
                )

    def sessions_on(self, day: date) -> tuple[Session, ...]:
        """What the pattern means on the JST date `day`."""
        midnight = start_of_day(day)
        return tuple(
            Session(day, s.window, midnight + timedelta(seconds=s.starts_s), midnight + timedelta(seconds=s.ends_s))
            for s in self.stretches
        )


def clock_time(second: int) -> str:
    """Seconds since midnight as ``HH:MM``; 86,400 is 24:00."""
    return f"{second // 3600:02}:{second // 60 % 60:02}"
