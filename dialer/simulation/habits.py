"""How made-up people behave on the telephone: the truth that the engine under test never sees.

Decides each number's pick-up probability in the three kinds of hour, from the type of the household that has it. The
types are those fitted to the National Tax Agency's figures (facts/pacing.md §2.3): 64% reachable by day, 18% at work
by day, 18% hardly ever; probabilities by day .72, .34 and about .03, in weekends .80, .67 and about .05. The evening
was not measured there: those at home are taken as by day, workers as in the weekend.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from random import Random

from campaigns.model import E164, Window
from dialer.simulation.people import Person
from dialer.simulation.population import Habit

MEAN_TALK_S = 110.0  # 35% short ones of 35 s, 65% of 150 s (facts/pacing.md §3)
_RING_S = (3.0, 14.0)
_TALK_SPREAD = (0.6, 1.4)
_CONCENTRATION = 12.0  # of the Beta distribution around the type's mean: people of one type differ

_TYPES: tuple[tuple[float, Mapping[Window, float]], ...] = (
    (0.64, {Window.WEEKDAY: 0.72, Window.EVENING: 0.72, Window.WEEKEND: 0.80}),  # at home by day
    (0.18, {Window.WEEKDAY: 0.34, Window.EVENING: 0.67, Window.WEEKEND: 0.67}),  # at work by day
    (0.18, {Window.WEEKDAY: 0.03, Window.EVENING: 0.04, Window.WEEKEND: 0.05}),  # hardly ever
)


def habits_of(people: Iterable[Person], *, seed: int, talk_s: float = MEAN_TALK_S) -> dict[E164, Habit]:
    """The behaviour of each number that `people` have.

    Args:
        people: a shared line is one number and behaves in one way.
        seed: the same seed and people give the same behaviour.
        talk_s: mean length of a talk over all numbers, seconds.
    """
    habits: dict[E164, Habit] = {}
    for person in people:
        for digits in person.phones:
            number = E164(f"+81{digits[1:]}")
            if number not in habits:
                habits[number] = _habit(Random(f"{seed}:{number}"), talk_s)  # noqa: S311  # no secret
    return habits


def _habit(chance: Random, talk_s: float) -> Habit:
    means = chance.choices([m for _, m in _TYPES], [share for share, _ in _TYPES])[0]
    pick_up = {
        window: round(chance.betavariate(mean * _CONCENTRATION, (1 - mean) * _CONCENTRATION), 3)
        for window, mean in means.items()
    }
    return Habit(pick_up, round(chance.uniform(*_RING_S), 1), round(talk_s * chance.uniform(*_TALK_SPREAD), 1))


def write_population(path: Path, habits: Mapping[E164, Habit]) -> None:
    """Write what ``population.read_population`` reads.

    Raises:
        OSError: `path` can't be written.
    """
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["number", "p_weekday", "p_evening", "p_weekend", "ring_s", "talk_s"])
        for number, habit in habits.items():
            p = habit.pick_up
            writer.writerow(
                [number, p[Window.WEEKDAY], p[Window.EVENING], p[Window.WEEKEND], habit.ring_s, habit.talk_s]
            )
