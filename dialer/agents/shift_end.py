"""When an agent's shift ends, and what she takes no more of as the end comes nearer.

Pure. Three moments, for an agent whose shift ends at E, when a call of her campaigns takes C from the join to the end
of its wrap-up (the median) and a telephone rings for R at the longest:

* from E - C, or E - R if R is longer, no call is dialed for her: more likely than not it would last beyond E;
* R later, at E at the latest, she takes no answer either. Those in between are answers of calls that were dialed while
  she was still counted on: would she refuse them, somebody would answer to nobody;
* from E she is to go, after the call that she has.

A shift ends once a day, at a Japanese hour. There is none on a day on which an agent says herself that she goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import IntEnum

from campaigns.calendar import JST, jst_date


class Nearing(IntEnum):
    """How near the end of a shift is; each includes what the ones before mean."""

    FAR = 0
    NOTHING_DIALED = 1
    NOTHING_ANSWERED = 2
    OVER = 3


@dataclass(frozen=True, slots=True)
class ShiftEnd:
    """The ends of one agent's shifts.

    Args:
        every_day: JST time of day; None = none is known.
        moved_on: the JST date on which `moved_to` holds instead.
        moved_to: JST time of day; None = no end on that day.
    """

    every_day: time | None = None
    moved_on: date | None = None
    moved_to: time | None = None

    def at(self, now: datetime) -> datetime | None:
        """The end on the JST day of `now` (aware), aware; None = there is none."""
        day = jst_date(now)
        ends = self.moved_to if self.moved_on == day else self.every_day
        return None if ends is None else datetime.combine(day, ends, JST)


NO_SHIFT_END = ShiftEnd()


def nearing(
    now: datetime, ends_at: datetime | None, *, call_s: float, ring_s: float, since: datetime | None = None
) -> Nearing:
    """How near an end is.

    Args:
        ends_at: E (aware); None = there is none.
        call_s: C, median seconds from the join to the end of the wrap-up.
        ring_s: R, seconds for which a telephone rings at the longest.
        since: when an earlier look first found that nothing is to be dialed; None = none did. It stays so, whatever C
            has become, and R is counted from there: nobody is dialed for her in between.
    """
    if ends_at is None:
        return Nearing.FAR
    if now >= ends_at:
        return Nearing.OVER
    if since is not None and now >= since + timedelta(seconds=ring_s):
        return Nearing.NOTHING_ANSWERED
    if since is not None or now >= ends_at - timedelta(seconds=max(call_s, ring_s)):
        return Nearing.NOTHING_DIALED
    return Nearing.FAR
