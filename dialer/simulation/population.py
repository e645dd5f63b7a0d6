"""The hidden behaviour of simulated people: who picks up, in which kind of hour, after how long, for how long.

Decides each call's fate from a seed alone, so that a run can be repeated; knows nothing of Asterisk. The
engine under test never sees these probabilities.

Invariant: the fate depends on (seed, number, how many calls the number got before, window) and on nothing
else, so the order of calls to *other* numbers changes nothing.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from campaigns.calendar import DayKind, day_kind, to_jst
from campaigns.model import E164, Window

EVENING_STARTS = time(17, 0)
LONGEST_TALK_S = 1800.0
_SHORTEST_TALK_S = 1.0
_DEFAULT_RING_S = 6.0
_COLUMNS = {Window.WEEKDAY: "p_weekday", Window.EVENING: "p_evening", Window.WEEKEND: "p_weekend"}


class Fate(StrEnum):
    """What the carrier does with a call; the values are extensions of its context ``outcome``."""

    ANSWERS = "answers"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNALLOCATED = "unallocated"
    VOICEMAIL = "voicemail"
    CONGESTION = "congestion"
    REJECTED = "rejected"
    HANGS_UP = "hangs_up"


@dataclass(frozen=True, slots=True)
class CallPlan:
    """One call's fate. `ring_s`: seconds before it is picked up; `talk_s`: from then to the callee's hang-up."""

    fate: Fate
    ring_s: float = 0.0
    talk_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Habit:
    """How one number behaves.

    Attributes:
        pick_up: probability (0..1) that a call is picked up, by kind of hour.
        ring_s: mean seconds of ringing before it is.
        talk_s: mean seconds of a talk.
    """

    pick_up: Mapping[Window, float]
    ring_s: float
    talk_s: float


class Callees(Protocol):
    """Decides what becomes of the calls that reach the carrier, asked once for each."""

    def plan(self, number: E164, calls_before: int, window: Window) -> CallPlan:
        """What happens to the next call to `number`, which got `calls_before` already, in this kind of hour."""
        ...


class Population:
    """Everybody who has a telephone (`Callees`).

    Args:
        habits: a number that is not in it is unallocated.
        busy_ratio: calls that find the line busy ÷ calls that nobody picks up.
        voicemail_ratio: calls that a voicemail takes ÷ calls that nobody picks up.
    """

    def __init__(
        self, habits: Mapping[E164, Habit], seed: int, *, busy_ratio: float = 0.05, voicemail_ratio: float = 0.0
    ) -> None:
        self._habits = habits
        self._seed = seed
        self._busy_ratio = busy_ratio
        self._voicemail_ratio = voicemail_ratio

    def __len__(self) -> int:
        return len(self._habits)

    def plan(self, number: E164, calls_before: int, window: Window) -> CallPlan:
        """What happens to the next call to `number`.

        Args:
            calls_before: calls that this number got before, over the whole run.
        """
        habit = self._habits.get(number)
        if habit is None:
            return CallPlan(Fate.UNALLOCATED)
        # No secret depends on it; a text as the seed gives the same numbers on every machine.
        chance = random.Random(f"{self._seed}:{number}:{calls_before}")  # noqa: S311  # see above
        picks_up, otherwise = chance.random(), chance.random()
        ring_s = round(habit.ring_s * chance.uniform(0.5, 1.5), 1)
        if picks_up < habit.pick_up[window]:
            talk_s = chance.expovariate(1 / habit.talk_s)
            return CallPlan(Fate.ANSWERS, ring_s, round(min(max(talk_s, _SHORTEST_TALK_S), LONGEST_TALK_S), 1))
        if otherwise < self._busy_ratio:
            return CallPlan(Fate.BUSY)
        if otherwise < self._busy_ratio + self._voicemail_ratio:
            return CallPlan(Fate.VOICEMAIL, ring_s)
        return CallPlan(Fate.NO_ANSWER)


def window_of(now: datetime) -> Window:
    """The kind of hour as people live it: after 17:00 on a working day is evening, a day off is weekend.

    Raises:
        ValueError: `now` is naive.
    """
    local = to_jst(now)
    if day_kind(local.date(), {}) is not DayKind.WEEKDAY:
        return Window.WEEKEND
    return Window.EVENING if local.time() >= EVENING_STARTS else Window.WEEKDAY


def read_population(path: Path) -> dict[E164, Habit]:
    """Read a population file: CSV, UTF-8, header ``number,p_weekday,p_evening,p_weekend,talk_s[,ring_s]``.

    Numbers are E.164; more columns are ignored.

    Raises:
        ValueError: names the line and the column that is missing or wrong, without the number.
        OSError: the file can't be read.
    """
    habits: dict[E164, Habit] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            line = len(habits) + 2
            number = E164((row.get("number") or "").strip())
            if not (number.startswith("+") and number[1:].isdigit()):
                raise ValueError(f"{path.name}, line {line}: number is not E.164")
            pick_up = {window: _number(row, name, path, line) for window, name in _COLUMNS.items()}
            if not all(0 <= p <= 1 for p in pick_up.values()):
                raise ValueError(f"{path.name}, line {line}: a probability is not between 0 and 1")
            ring_s = _number(row, "ring_s", path, line) if row.get("ring_s") else _DEFAULT_RING_S
            habits[number] = Habit(pick_up, ring_s, max(_number(row, "talk_s", path, line), _SHORTEST_TALK_S))
    return habits


def _number(row: Mapping[str, str | None], name: str, path: Path, line: int) -> float:
    try:
        return float(row.get(name) or "")
    except ValueError:
        raise ValueError(f"{path.name}, line {line}: {name} is missing or no number") from None
