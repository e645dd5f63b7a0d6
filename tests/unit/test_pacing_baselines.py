"""The other dialers' arithmetic, on vectors worked out from their sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from dialer.pacing.observed import Abandoned, Joined, RingEnded, Talked, WrappedUp
from dialer.pacing.policy import AgentView, PendingCall
from dialer.simulation.pacing.baselines import fixed_ratio, impact_dialing, issabel, omnidialer, vicidial, webitel
from dialer.simulation.pacing.baselines.rhythm import Every, Window
from dialer.simulation.pacing.clairvoyant import met
from dialer.simulation.pacing.dialers import NextCall


@dataclass
class Still:
    """A moment that is told by its counts."""

    now_s: float = 0.0
    threshold_s: float = 2.0
    lines_free: int = 100
    ready: int = 0
    talking: int = 0
    wrapping: int = 0
    logged_in: int = 10
    ringing: int = 0
    waiting: int = 0
    waiting_inbound: int = 0

    def agents(self) -> Sequence[AgentView]:
        return ()

    def pending(self) -> Sequence[PendingCall]:
        return ()

    def next_probabilities(self) -> Sequence[float]:
        return ()

    def free_in_s(self) -> Sequence[float]:
        return ()

    def leaves_in_s(self) -> Sequence[float]:
        return ()

    def next_call(self, ahead: int) -> NextCall:
        raise AssertionError("no baseline may ask for the truth")

    def answers_in_s(self) -> Sequence[float]:
        raise AssertionError("no baseline may ask for the truth")

    def arrivals_in_s(self, within_s: float) -> Sequence[float]:
        raise AssertionError("no baseline may ask for the truth")


def test_a_periodic_step_is_due_once_a_period() -> None:
    """However often it is asked, and also after a pause."""
    turn = Every(2.5)
    assert [turn.due(at) for at in (0.0, 1.0, 2.0, 2.5, 3.0, 4.9, 5.0, 20.0, 21.0, 22.5)] == [
        True, False, False, True, False, False, True, True, False, True,
    ]  # fmt: skip


def test_a_window_forgets_what_is_older() -> None:
    """What happened exactly its length ago is out."""
    window = Window(60.0)
    for at_s in (0.0, 30.0, 59.0):
        window.add(at_s)
    assert [window.count(at) for at in (59.0, 60.0, 100.0, 200.0)] == [3, 2, 1, 0]


@pytest.mark.parametrize(
    ("ratio", "ready", "waiting", "ringing", "calls"),
    [(1.0, 3, 0, 1, 2), (1.0, 3, 1, 2, 0), (2.5, 3, 0, 0, 7), (2.5, 0, 2, 0, 0), (2.3, 10, 0, 0, 23)],
)
def test_a_fixed_ratio_counts_what_is_under_way(
    ratio: float, ready: int, waiting: int, ringing: int, calls: int
) -> None:
    """Whole calls, rounded down, less those that ring; waiting callers have their agents already."""
    assert fixed_ratio.calls(ratio, ready, waiting, ringing) == calls


@pytest.mark.parametrize(
    ("level", "difference", "intensity", "after"),
    [
        (1.0, 3.0, 0.0, 1.3),
        (1.0, 3.0, 0.2, 1.36),
        (2.0, -2.0, 0.0, 1.6),
        (2.0, -2.0, 0.2, 1.68),
        (2.0, -2.0, -0.2, 1.52),
        (1.0, -2.0, 0.0, 1.0),
        (2.9, 3.0, 0.0, 3.0),
    ],
)
def test_vicidials_level_follows_ready_less_waiting(
    level: float, difference: float, intensity: float, after: float
) -> None:
    """Ten agents; the level is cut to 1 and the greatest level."""
    assert vicidial.adapted(level, difference, 10.0, 3.0, intensity) == pytest.approx(after)


@pytest.mark.parametrize(("now_h", "factor"), [(10 + 59 / 60, 1.0), (11, 1.0), (15.5, 0.57), (16, 0.5), (22, 0.0)])
def test_vicidials_tapering_calculates_with_times_of_day_as_numbers(now_h: float, factor: float) -> None:
    """2100 less 1530 is 570, so the factor jumps at full hours."""
    assert vicidial.tapering(2100 - vicidial.hhmm(now_h * 3_600.0)) == pytest.approx(factor)


def test_vicidials_level_climbs_to_its_cap_in_five_steps() -> None:
    """Three of ten agents ready and nobody waiting: the level compounds every 15 s."""
    dialer = vicidial.ViciDial(vicidial.Method.HARD_LIMIT, 0.01, 8 * 3_600.0)
    seen = []
    for second in range(76):
        dialer.place(Still(now_s=float(second), ready=3, ringing=99))
        if second % 15 == 14:
            seen.append(dialer.level)
    assert seen == pytest.approx([1.3, 1.69, 2.197, 2.856, 3.0])


@pytest.mark.parametrize(
    ("method", "level"),
    [(vicidial.Method.HARD_LIMIT, 1.0), (vicidial.Method.AVERAGE, 1.5), (vicidial.Method.TAPERED, 2.397)],
)
def test_vicidials_methods_differ_once_too_many_calls_of_the_day_were_dropped(
    method: vicidial.Method, level: float
) -> None:
    """One drop in 60 answers is above 1%. At 9:01 of a day that ends at 17:00 TAPERED multiplies with .799."""
    dialer = vicidial.ViciDial(method, 0.01, 8 * 3_600.0)
    for second in range(61):
        dialer.place(Still(now_s=float(second), ready=3, ringing=99))
        dialer.observe(RingEnded(float(second), True, 8.0))
        if second == 40:
            dialer.observe(Abandoned(40.0))
    assert dialer.level == pytest.approx(level, abs=0.001)


def test_issabel_counts_an_agent_as_free_after_three_and_a_half_mean_talks() -> None:
    """1 − exp(−3.51) is .97, whatever the mean."""
    assert not issabel.free_soon(300.0, 40.0, 100.0)
    assert issabel.free_soon(311.0, 40.0, 100.0)
    assert issabel.free_soon(62.0, 8.0, 100.0, quality=0.5)


def test_issabels_overcommit_never_divides_by_less_than_a_fifth() -> None:
    """Four calls at 25% answers are sixteen; at 5% no more than twenty."""
    assert issabel.overcommitted(4, 25, 100) == 16
    assert issabel.overcommitted(4, 5, 100) == 20


@pytest.mark.parametrize(
    ("free", "expected", "ringing", "rate", "damping", "calls"),
    [(2, 1.4, 4, 0.5, 1.0, 2), (1, 0, 0, 0.25, 1.0, 4), (1, 0, 0, 0.25, 0.2, 0), (0, 0, 9, 0.5, 1.0, 0)],
)
def test_omnidialers_calls(free: float, expected: float, ringing: int, rate: float, damping: float, calls: int) -> None:
    """Rounded down and never below 0."""
    assert omnidialer.calls(free, expected, ringing, rate, damping) == calls


def test_omnidialer_takes_an_agent_beyond_the_mean_for_free() -> None:
    """The vectors of its own formula: .193 at 60 s of 130 s, about 1 at 140 s."""
    assert omnidialer.free_by(15.0, 130.0, 60.0) == pytest.approx(0.193, abs=0.001)
    assert omnidialer.free_by(15.0, 130.0, 140.0) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(("drops", "damping"), [(0.0, 1.0), (0.015, 1.0), (0.02, 0.7333), (0.03, 0.2), (0.5, 0.2)])
def test_omnidialers_damping(drops: float, damping: float) -> None:
    """Full speed up to half the limit, then falling to .2."""
    assert omnidialer.damping_of(drops, 0.03) == pytest.approx(damping, abs=1e-4)


def test_omnidialer_goes_back_to_one_call_an_agent_five_ticks_after_one_drop() -> None:
    """One drop raises its smoothed share to .1, ten times the limit; it stays latched until that has decayed."""
    dialer = omnidialer.OmniDialer(0.01)
    for number in range(60):
        dialer.observe(RingEnded(0.0, number % 2 == 0, 10.0))
        dialer.observe(WrappedUp(0.0, 30.0))
    assert dialer.place(Still(now_s=0.0, ready=4)) > 4
    dialer.observe(Abandoned(0.5))
    placed = [dialer.place(Still(now_s=float(second), ready=4)) for second in range(1, 12)]
    assert max(placed[5:]) == 4
    for _ in range(30):
        dialer.observe(Joined(12.0))
    assert dialer.place(Still(now_s=20.0, ready=4)) > 4


@pytest.mark.parametrize(
    ("now", "target", "most", "over"), [(0, 3, 3, 5.2), (2, 3, 3, 4.4), (3, 3, 3, 1.0), (3, 2, 5, 1.76)]
)
def test_webitels_factor(now: float, target: float, most: float, over: float) -> None:
    """An answer rate of .25 asks for four calls."""
    assert webitel.wrapped(4.0, now, target, most) == pytest.approx(over)


def test_impact_dialing_dials_one_by_one_until_there_is_a_sample() -> None:
    """Fewer than five agents, or than fifty calls in half an hour."""
    dialer = impact_dialing.ImpactDialing(0.03, 1)
    assert dialer.place(Still(ready=6)) == 6
    for number in range(99):
        dialer.observe(RingEnded(1.0 + number, number % 4 == 0, 9.0))
        dialer.observe(Talked(1.0 + number, 100.0))
    assert dialer.place(Still(now_s=120.0, ready=3, logged_in=4)) == 3


def test_impact_dialings_replay_never_abandons_at_one_call_an_agent() -> None:
    """At ratio 1 every call that rings has its agent; more calls keep them busier and abandon some."""
    chance = np.random.default_rng(1)
    sample = [100.0, None, None, 40.0]
    careful = impact_dialing.replay(10, 1.0, sample, chance)
    daring = impact_dialing.replay(10, 3.0, sample, chance)
    assert careful.abandonment == 0.0
    assert daring.abandonment > 0.03
    assert daring.utilisation > careful.utilisation


def test_impact_dialing_keeps_the_busiest_ratio_below_the_acceptable_rate() -> None:
    """All answer: any ratio above 1 abandons, so it is 1; hardly anybody answers: more than 1."""
    assert impact_dialing.best_ratio(10, [60.0] * 50, 0.03, np.random.default_rng(1)) == 1.0
    assert impact_dialing.best_ratio(40, [60.0] + [None] * 9, 0.03, np.random.default_rng(1)) > 1.5


def test_demands_are_met_in_their_order() -> None:
    """Each finds an agent who is ready by then, and there are enough of them."""
    assert met([0.0, 5.0, 9.0], [3.0, 5.0])
    assert not met([0.0, 5.0], [3.0, 4.9])
    assert not met([0.0], [3.0, 4.0])
