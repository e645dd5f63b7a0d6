"""The real run of the bench's section `pacing` and the played ones follow the same laws and the same limits."""

from __future__ import annotations

import pytest

from bench.pacing import SCENARIO, DrawnCallees, HeldDialer, Real, as_told, compared, play
from campaigns.model import E164, Window
from dialer.pacing.observed import Abandoned, Joined, RingEnded, Talked
from dialer.simulation.pacing.oracles import PredictiveDialer
from dialer.simulation.pacing.played import Played
from dialer.simulation.pacing.scene import Scene
from dialer.simulation.population import Fate

NUMBER = E164("+819000000000")


def taught(dialer: PredictiveDialer) -> None:
    """It has seen enough calls to place more than there are ready agents."""
    for second in range(60):
        dialer.observe(RingEnded(second, second % 3 == 0, 4.0))
        dialer.observe(Talked(second, 12.0))


def test_the_carrier_follows_the_laws_of_the_scenario() -> None:
    """As many answer, ring and talk as in the simulation, or the two could not be compared."""
    callees = DrawnCallees(SCENARIO)
    plans = [callees.plan(NUMBER, 0, Window.WEEKDAY) for _ in range(4_000)]
    answered = [plan for plan in plans if plan.fate is Fate.ANSWERS]
    in_vain = len(plans) - len(answered)
    assert len(answered) / len(plans) == pytest.approx(0.3, abs=0.03)
    assert sum(plan.ring_s for plan in answered) / len(answered) == pytest.approx(4.0, rel=0.05)
    assert sum(plan.talk_s for plan in answered) / len(answered) == pytest.approx(12.0, rel=0.1)
    assert sum(plan.fate is Fate.BUSY for plan in plans) / in_vain == pytest.approx(0.1, abs=0.03)


def test_nobody_hangs_up_before_his_patience_is_counted_out() -> None:
    """The simulation's callees wait for the whole threshold; whoever left before it would be in neither number."""
    callees = DrawnCallees(SCENARIO)
    plans = [callees.plan(NUMBER, 0, Window.WEEKDAY) for _ in range(500)]
    assert min(plan.talk_s for plan in plans if plan.fate is Fate.ANSWERS) > SCENARIO.threshold_s


def test_the_played_dialer_goes_on_one_to_one_above_the_hard_limit() -> None:
    """As the engine does, until it is within the limit again."""
    dialer, everyone_ready = HeldDialer(0.01, 0.03), Scene(SCENARIO, seed=1)
    taught(dialer)
    for _ in range(96):
        dialer.observe(Joined(90.0, 0.0))
    for _ in range(3):
        dialer.observe(Abandoned(90.0))
    assert dialer.place(everyone_ready) > 10
    dialer.observe(Abandoned(90.0))
    assert dialer.place(everyone_ready) == 10
    for _ in range(40):
        dialer.observe(Joined(90.0, 0.0))
    assert dialer.place(everyone_ready) > 10


def test_the_played_runs_are_told_what_the_engine_was_told() -> None:
    """The same probability for every call, though another share of them answers."""
    scene = Scene(as_told(SCENARIO, 0.42), seed=1)
    assert scene.next_probabilities() == pytest.approx([0.42] * 12)
    assert as_told(SCENARIO, None) is SCENARIO


def test_a_real_run_outside_of_what_was_played_misses_a_goal() -> None:
    """Each figure has both ends of the interval as goals, so a run that is too good is told, too."""
    runs = [
        Played(1_000.0 * (0.60 + n / 1_000), 1_000.0, 500, 200, n // 25, 200 - n // 25, 0, 0, 0.0, ())
        for n in range(101)
    ]
    for utilisation, abandoned, missed in (
        (0.65, 2, []),
        (0.60, 2, ["utilisation, least of 95% of the played runs"]),
        (0.70, 2, ["utilisation, most of 95% of the played runs"]),
        (0.65, 9, ["abandonment, most of 95% of the played runs"]),
    ):
        figures = compared(Real(utilisation, 200, abandoned, None, {}), runs)
        assert [figure.what for figure in figures if figure.is_met is False] == missed


def test_a_played_run_has_enough_answers_to_be_compared() -> None:
    """And is the same whenever it is played."""
    first = play(SCENARIO)
    assert first.answered > 100
    assert play(SCENARIO) == first
