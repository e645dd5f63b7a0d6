"""Webitel: the inverse of the answer rate of the last hour, pressed down as the abandoned calls near their limit.

Source: store/sqlstore/call_center-schema.sql, view cc_distribute_stats and function cc_wrap_over_dial.
Assumed: how the factor becomes calls isn't published: here floor(free × factor) − ringing − waiting, every second;
1:1 before 50 attempts; attempts count when they are over; the limit and target are those of the comparison.
"""

from __future__ import annotations

import math

from dialer.pacing.observed import Abandoned, Observed, RingEnded
from dialer.simulation.pacing.baselines.rhythm import Every, Window
from dialer.simulation.pacing.dialers import Moment

_HOUR_S = 3_600.0
_REFRESH_S = 30.0
_LEAST_ATTEMPTS = 50
_LOAD_FACTOR = 10.0


def wrapped(over: float, now: float, target: float, most: float, load_factor: float = _LOAD_FACTOR) -> float:
    """The factor, corrected for what is abandoned.

    Args:
        over: calls for each free agent that the answer rate asks for.
        now, target, most: abandoned over answered calls: of the hour, aimed at, never to be reached; percent.
        load_factor: percent by which one percent below the target raises it.
    """
    if now >= most:
        return 1.0
    below = (target - now) or 0.99
    if below > 0:
        return over * (1 + below * load_factor / 100)
    return over * ((most - now) * (100 + load_factor) / most) / 100


class Webitel:
    """One queue.

    Args:
        limit_ratio: abandoned over answered calls, 0..1; target and maximum.
    """

    def __init__(self, limit_ratio: float) -> None:
        self._limit = 100.0 * limit_ratio
        self._refresh, self._turn = Every(_REFRESH_S), Every(1.0)
        self._attempts, self._answered, self._abandoned = Window(_HOUR_S), Window(_HOUR_S), Window(_HOUR_S)
        self._over = 1.0

    def observe(self, seen: Observed) -> None:
        """Count the hour's attempts, answers and abandoned calls."""
        match seen:
            case RingEnded():
                self._attempts.add(seen.at_s)
                if seen.answered:
                    self._answered.add(seen.at_s)
            case Abandoned():
                self._abandoned.add(seen.at_s)
            case _:
                pass

    def place(self, moment: Moment) -> int:
        """Calls to place now, every second."""
        if self._refresh.due(moment.now_s):
            self._over = self._factor(moment)
        if not self._turn.due(moment.now_s):
            return 0
        busy = moment.ringing + moment.waiting + moment.waiting_inbound
        return max(0, math.floor(moment.ready * self._over) - busy)

    def _factor(self, moment: Moment) -> float:
        attempts, answered = self._attempts.count(moment.now_s), self._answered.count(moment.now_s)
        if attempts < _LEAST_ATTEMPTS:
            return 1.0
        over = attempts / answered if answered else attempts / max(1, moment.logged_in) - 1
        abandoned = 100.0 * self._abandoned.count(moment.now_s) / answered if answered else 0.0
        return wrapped(over, abandoned, self._limit, self._limit)
