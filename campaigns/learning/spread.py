"""The spread rule and what it leaves open: how often each person can still be called in the sessions to come.

The rule itself is production's (``campaigns/rules.py``): a weekday and kind of hour that rang in vain is barred as long
as another weekday of that kind, not missed, opens within 14 days after today; a weekday that comes round a second time
begins a new round. Here it is put to whole lists at once, so that values count who has few chances left. A person's
missed weekdays of one kind of hour are a bit mask, bit 0 = Monday.

Invariant: whoever is barred today could be called on another day within 14 days.

Source: requirement CALL-7.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from campaigns.calendar import ROTATION_DAYS
from campaigns.learning.evidence import Ints
from campaigns.learning.horizon import Limits

_MASKS = np.arange(128)


class Spread:
    """The rule over a row of sessions, in order of their days.

    Args:
        days: JST date of each session.
        windows: kind of hour of each (place in `WINDOWS`).

    Raises:
        ValueError: the two differ in length.
    """

    def __init__(self, days: Sequence[date], windows: Sequence[int]) -> None:
        self._bit = [1 << day.weekday() for day in days]
        self._window = list(windows)
        self._ahead = [0] * len(self._bit)
        for place, (today, window) in enumerate(zip(days, windows, strict=True)):
            for later, of, bit in zip(days[place + 1 :], windows[place + 1 :], self._bit[place + 1 :], strict=True):
                if of == window and timedelta(0) < later - today <= timedelta(ROTATION_DAYS):
                    self._ahead[place] |= bit

    def allows(self, place: int, missed: Ints) -> np.ndarray:
        """(n,) whether people with these masks may be called in the session at `place`."""
        result: np.ndarray = (missed & self._bit[place] == 0) | (self._ahead[place] & ~missed == 0)
        return result

    def after_miss(self, place: int, missed: Ints) -> Ints:
        """(n,) the masks after one more miss in the session at `place`."""
        bit = self._bit[place]
        result: Ints = np.where(missed & bit, 0, missed) | bit
        return result

    def calls_left(self, place: int, sessions: int) -> tuple[Ints, Ints]:
        """Most further calls to a person in the next `sessions` sessions, by kind of hour and mask.

        Returns:
            Two tables (3, 128): with a call in the session at `place` itself (0 in its kind of hour when it is barred;
            of other kinds all that are to come), and without.
        """
        most = np.zeros((3, 128), dtype=np.int64)
        for later in range(place + sessions - 1, place, -1):
            w = self._window[later]
            called = 1 + most[w, self.after_miss(later, _MASKS)]
            most[w] = np.where(self.allows(later, _MASKS), np.maximum(most[w], called), most[w])
        now, w = most.copy(), self._window[place]
        now[w] = np.where(self.allows(place, _MASKS), 1 + most[w, self.after_miss(place, _MASKS)], 0)
        return now, most

    def limits(self, place: int, sessions: int, missed: Ints) -> Limits:
        """The limits of people with these masks (n, 3) in the next `sessions` sessions.

        A mask stays as it is until the next miss in its kind of hour, so for the next call the sessions are known in
        which it is barred; for those after it only how many there can be.
        """
        now, later = self.calls_left(place, sessions)
        windows, coming = np.arange(3)[None], range(place, place + sessions)
        barred = np.array([~self.allows(p, _MASKS)[missed[:, self._window[p]]] for p in coming], dtype=np.bool_)
        return Limits(now[windows, missed], later[windows, missed], barred.reshape(sessions, len(missed)))
