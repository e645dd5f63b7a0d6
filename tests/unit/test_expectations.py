"""What was expected and what came, kept in parts: an engine that starts goes on where the last one stopped."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pytest

from campaigns.answers import AnswersOfHour
from dialer.pacing.expectations import Expectations, Expected
from dialer.pacing.learning import Learning
from dialer.pacing.observed import Abandoned, Joined, Observed, Placed
from tests.fixtures_people import TUESDAY
from tests.unit.test_pacing_learning import campaign


@dataclass
class OneEngine:
    """Learns from what happens and keeps it, as `Deciding` does."""

    learning: Learning = field(default_factory=lambda: Learning(TUESDAY))
    kept: Expectations = field(default_factory=Expectations)

    def __post_init__(self) -> None:
        self.learning.begin(campaign(1), self.learning.made_from(campaign(1), []))

    def see(self, seen: Observed, seconds: float) -> None:
        self.learning.observe(1, seen)
        self.kept.observe(1, seen, TUESDAY + timedelta(seconds=seconds))

    def parts(self) -> list[Expected]:
        return list(self.kept._unwritten.values())


def risk_of(learning: Learning) -> float:
    forecast = learning.forecast(1, TUESDAY + timedelta(days=1))
    assert forecast is not None
    return forecast.risk


def next_risk(parts: list[Expected], answers: list[AnswersOfHour] | None = None) -> float:
    """What an engine dares that starts now."""
    learning = Learning(TUESDAY + timedelta(days=1))
    learning.begin(campaign(1), learning.made_from(campaign(1), [], answers or [], parts))
    return risk_of(learning)


@pytest.mark.parametrize("answers_a_minute", [0.5, 50.0], ids=["4 agents", "300 agents"])
@pytest.mark.parametrize("excess", [0.3, 1.0, 3.0])
def test_a_restart_dares_what_the_engine_before_it_dared(answers_a_minute: float, excess: float) -> None:
    """After hours of calls of which as many, fewer or more were abandoned than expected, to a few hundredths."""
    chance = np.random.default_rng(round(10 * excess + answers_a_minute))
    engine, seconds, differences = OneEngine(), 0.0, []
    for n in range(6_000):
        seconds += float(chance.exponential(12.0 / answers_a_minute))
        answers = float(chance.uniform(0.1, 0.3))
        expected = answers * float(chance.uniform(0.0, 1.6)) * risk_of(engine.learning)
        engine.see(Placed(seconds, answers, expected), seconds)
        for _ in range(chance.poisson(expected * excess)):
            engine.see(Abandoned(seconds), seconds)
        if n % 400 == 399:
            differences.append(next_risk(engine.parts()) / risk_of(engine.learning) - 1.0)
    assert max(abs(one) for one in differences) < 0.05, differences


def test_what_is_neither_expected_nor_abandoned_is_not_kept() -> None:
    """Joins are in the database."""
    engine = OneEngine()
    engine.see(Joined(1.0), 1.0)
    assert engine.parts() == []


def test_a_part_ends_with_its_answers_or_its_hour() -> None:
    """So few that they fade together, and none is told as of another hour."""
    engine = OneEngine()
    for seconds in (0.0, 1.0, 2.0, 3.0, 3_602.0):
        engine.see(Placed(seconds, 1.0, 0.01), seconds)
    assert [(part.starts_at - TUESDAY, part.answers) for part in engine.parts()] == [
        (timedelta(), 2.0), (timedelta(seconds=2), 2.0), (timedelta(seconds=3_602), 1.0),
    ]  # fmt: skip


def test_what_is_placed_after_somebody_was_abandoned_is_another_part() -> None:
    """He changes what may be dared next, so the order counts; two abandoned people in a row are one part's."""
    engine = OneEngine()
    engine.see(Placed(0.0, 0.5, 0.01), 0.0)
    engine.see(Abandoned(1.0), 1.0)
    engine.see(Abandoned(2.0), 2.0)
    engine.see(Placed(3.0, 0.5, 0.01), 3.0)
    assert [(part.starts_at - TUESDAY, part.answers, part.came) for part in engine.parts()] == [
        (timedelta(), 0.5, 2), (timedelta(seconds=3), 0.5, 0),
    ]  # fmt: skip


def test_a_part_is_told_as_it_was_seen() -> None:
    """The calls, then the people."""
    assert list(Expected(1, TUESDAY, 3.0, 0.3, 2).observed(7.0)) == [Placed(7.0, 3.0, 0.3)] + [Abandoned(7.0)] * 2
    assert list(Expected(1, TUESDAY, came=1).observed(7.0)) == [Abandoned(7.0)]


def test_what_was_before_anything_was_kept_only_makes_more_careful() -> None:
    """After an update the abandonments of the last days still count, and those of kept hours do not count twice."""
    parts = [Expected(1, TUESDAY, 3.0, 0.03, 0)]
    old = [AnswersOfHour(1, TUESDAY - timedelta(days=2), 2000, 60)]
    new = [AnswersOfHour(1, TUESDAY.replace(minute=0), 300, 30)]
    assert next_risk(parts, old) < next_risk(parts)
    assert next_risk(parts, old + new) == next_risk(parts, old)
