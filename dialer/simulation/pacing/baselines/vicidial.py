"""ViciDial's adaptive levels: a multiplier of ready agents that rises while agents wait, and falls when calls drop.

Two loops: one adapts the level every 15 s from the last 15 samples of ready agents less waiting calls; the other
places `level × agents` calls less those under way, every 2.5 s. The limit of dropped calls is looked at once a minute,
over the whole day; how it is kept is the method: HARD_LIMIT goes back to 1, AVERAGE halves, TAPERED multiplies with
the time left to the day's end, counted in HHMM as whole numbers.

Source: bin/AST_VDadapt.pl and bin/AST_VDauto_dial.pl, trunk revision 3884 (2.14b0.5, November 2024).
Assumed: available-only tally (wrap-up is a pause there); intensity and difference target 0; the agents log in at 9:00
and the "latest server time" is the end of the run; with inbound calls samples are taken every 2.5 s, 20 of them;
nobody is a machine. The drop limit is the target of the comparison instead of the shipped 3%.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

from dialer.pacing.observed import Abandoned, Observed, RingEnded
from dialer.simulation.pacing.baselines.rhythm import Every, Window
from dialer.simulation.pacing.dialers import Moment

MAX_LEVEL = 3.0
_LOGIN_S = 9 * 3_600.0
_CALLS_BEFORE_LIMIT = 50
_PANIC_CALLS = 20


class Method(StrEnum):
    """How the level obeys the limit of dropped calls."""

    HARD_LIMIT = "hard-limit"
    AVERAGE = "average"
    TAPERED = "tapered"


def adapted(level: float, difference: float, agents: float, max_level: float, intensity: float = 0.0) -> float:
    """The next level.

    Args:
        level: the present one, ≥ 1.
        difference: mean of ready agents less waiting calls.
        agents: mean of all agents, those on a break too.
        max_level: ≥ 1.
        intensity: −1..1; positive speeds rises and damps falls.
    """
    by = difference / agents if difference and agents else 0.0
    by *= abs(intensity - 1.0) if by < 0 else intensity + 1.0
    return max(1.0, min(max_level, round(level * (1.0 + by), 3)))


def limited(level: float, method: Method, left: int) -> float:
    """The level when too many calls of the day were dropped; `left` is HHMM of the end less HHMM of now."""
    if method is Method.HARD_LIMIT:
        return 1.0
    if method is Method.AVERAGE:
        return max(1.0, level / 2)
    return max(1.0, level * tapering(left))


def tapering(left: int) -> float:
    """TAPERED's factor, 0..1."""
    return 0.0 if left < 0 else min(1.0, left / 1000)


def hhmm(second_of_day: float) -> int:
    """A time of day as the whole number that ViciDial calculates with: 15:30 is 1530."""
    minutes = int(second_of_day // 60)
    return minutes // 60 * 100 + minutes % 60


class ViciDial:
    """One campaign.

    Args:
        method: how the limit is kept.
        limit_ratio: dropped over answered calls of the day, 0..1.
        lasts_s: length of the day, seconds.
        max_level: of the level.
        blended: the agents take inbound calls too.
    """

    def __init__(
        self, method: Method, limit_ratio: float, lasts_s: float, *, max_level: float = MAX_LEVEL, blended: bool = False
    ) -> None:
        self._method = method
        self._limit_ratio = limit_ratio
        self._until = hhmm(_LOGIN_S + lasts_s)
        self._max_level = max_level
        self._sample = Every(2.5 if blended else 1.0)
        self._samples: deque[tuple[int, int]] = deque(maxlen=20 if blended else 15)
        self._adapt, self._count, self._dial = Every(15.0), Every(60.0), Every(2.5)
        self._calls = self._answers = self._drops = 0
        self._recent_calls, self._recent_drops = Window(60.0), Window(60.0)
        self._panic = self._over = False
        self.level = 1.0

    def observe(self, seen: Observed) -> None:
        """Count calls, answers and drops of the day."""
        match seen:
            case RingEnded():
                self._calls += 1
                self._answers += seen.answered
                self._recent_calls.add(seen.at_s)
            case Abandoned():
                self._drops += 1
                self._recent_drops.add(seen.at_s)
            case _:
                pass

    def place(self, moment: Moment) -> int:
        """Both loops, when they are due."""
        now_s, waiting = moment.now_s, moment.waiting + moment.waiting_inbound
        if self._sample.due(now_s):
            self._samples.append((moment.ready - waiting, moment.logged_in))
        if self._count.due(now_s):
            self._look_at_drops(now_s)
        if self._adapt.due(now_s):
            self._next_level(now_s)
        if not self._dial.due(now_s):
            return 0
        return max(0, round(self.level * moment.ready) - moment.ringing - waiting)

    def _look_at_drops(self, now_s: float) -> None:
        calls, drops = self._recent_calls.count(now_s), self._recent_drops.count(now_s)
        self._panic = calls > _PANIC_CALLS and drops > calls / 2
        self._over = self._calls > _CALLS_BEFORE_LIMIT and self._drops > self._limit_ratio * self._answers

    def _next_level(self, now_s: float) -> None:
        count = len(self._samples)
        difference, agents = (sum(column) / count for column in zip(*self._samples, strict=True))
        self.level = adapted(self.level, difference, agents, self._max_level)
        if self._panic:
            self.level = max(1.0, self.level / 2)
        if self._over:
            self.level = limited(self.level, self._method, self._until - hhmm(_LOGIN_S + now_s))
