"""What the predictive mode learns: how long things last, who answers, how much may be dared."""

from __future__ import annotations

import itertools
import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.pacing.answering import STRANGER, AnswerShift, shifted
from dialer.pacing.daring import AIM, Daring
from dialer.pacing.estimating import Estimates
from dialer.pacing.hazard import Hazard, HazardEstimate
from dialer.pacing.observed import Abandoned, CameIn, Placed, RingEnded, Talked, WrappedUp
from dialer.pacing.supply import Meeting

STARTS_S = (0.0, 10.0, 30.0, 60.0, 120.0, 300.0)


def test_survival_is_the_integral_of_the_hazard() -> None:
    hazard = Hazard((0.0, 10.0), (0.1, 0.02))
    assert hazard.survival(np.array([0.0, 10.0, 60.0])) == pytest.approx([1.0, math.exp(-1.0), math.exp(-2.0)])
    assert hazard.ended(np.array([0.0])) == pytest.approx([0.0])


def test_with_nothing_seen_the_prior_speaks() -> None:
    hazard = HazardEstimate(STARTS_S, prior_mean_s=50.0).hazard()
    assert hazard.per_s == pytest.approx((0.02,) * 6)


@pytest.mark.parametrize("shape", [0.7, 1.0, 3.0])
def test_a_law_of_any_shape_is_learnt(shape: float) -> None:
    """Short, memoryless or bell-shaped: the survival is met within .03 after 2,000 durations."""
    chance = np.random.default_rng(4)
    durations = chance.gamma(shape, 80.0 / shape, 2_000)
    estimate = HazardEstimate(STARTS_S, prior_mean_s=30.0, half_life=1e9)
    for duration in durations:
        estimate.observe(float(duration))
    ages = np.array([10.0, 30.0, 60.0, 120.0, 300.0])
    true = [(durations > age).mean() for age in ages]
    assert estimate.hazard().survival(ages) == pytest.approx(true, abs=0.03)


def test_old_durations_fade() -> None:
    """After some half-lives of long talks the short ones are forgotten; the prior still says a little."""
    estimate = HazardEstimate(STARTS_S, prior_mean_s=30.0, half_life=20.0)
    for duration in [5.0] * 200 + [200.0] * 200:
        estimate.observe(duration)
    assert float(estimate.hazard().survival(np.array([100.0]))[0]) > 0.85


def answers(
    shift: AnswerShift, probability: float, calls: int, *, from_s: float, told: float | None, seed: int
) -> None:
    luck = np.random.default_rng(seed).random(calls)
    for place in range(calls):
        shift.observe(from_s + 5.0 * place, bool(luck[place] < probability), told)


def believed(shift: AnswerShift, told: float = STRANGER) -> float:
    return float(shifted(np.array(told), shift.belief()[0]))


@pytest.mark.parametrize("probability", [0.1, 0.3, 0.6])
def test_without_a_model_the_share_that_answers_is_learnt(probability: float) -> None:
    shift = AnswerShift()
    answers(shift, probability, 400, from_s=0.0, told=None, seed=1)
    assert believed(shift) == pytest.approx(probability, abs=0.06)


def test_a_model_that_is_right_is_left_alone() -> None:
    shift = AnswerShift()
    answers(shift, 0.15, 300, from_s=0.0, told=0.15, seed=2)
    answers(shift, 0.55, 300, from_s=1_500.0, told=0.55, seed=3)
    assert abs(shift.belief()[0]) < 0.35


def test_a_steady_hour_is_known_well() -> None:
    """Where nothing changes for an hour, the belief doesn't follow each run of luck."""
    shift = AnswerShift()
    answers(shift, STRANGER, 720, from_s=0.0, told=None, seed=7)
    mean, deviation = shift.belief()
    assert abs(mean) < 0.3
    assert deviation < 0.2


def test_a_jump_is_followed_within_some_dozens_of_calls() -> None:
    """Evening begins: .15 becomes .45, and 60 calls (5 minutes) later it is believed to be above .3."""
    shift = AnswerShift()
    answers(shift, 0.15, 500, from_s=0.0, told=None, seed=4)
    assert believed(shift) < 0.22
    answers(shift, 0.45, 60, from_s=2_500.0, told=None, seed=5)
    assert believed(shift) > 0.3


def test_it_says_how_sure_it_is() -> None:
    shift = AnswerShift()
    unsure = shift.belief()[1]
    answers(shift, 0.3, 100, from_s=0.0, told=None, seed=6)
    assert shift.belief()[1] < unsure / 3


chances = st.lists(st.floats(0.0, 1.0), max_size=5)


@given(ready=st.integers(0, 3), waiting=st.integers(0, 2), freed=chances, answered=chances)
def test_running_out_agrees_with_counting_every_case(
    ready: int, waiting: int, freed: list[float], answered: list[float]
) -> None:
    """Each combination of agents who become free and calls that are answered, weighed by hand."""
    expected = 0.0
    for ends in itertools.product((0, 1), repeat=len(freed) + len(answered)):
        weight = math.prod(p if end else 1 - p for p, end in zip(freed + answered, ends, strict=True))
        agents, callers = ready + sum(ends[: len(freed)]), waiting + sum(ends[len(freed) :])
        expected += weight * (callers >= agents)
    meeting = Meeting(ready - waiting, np.array(freed).reshape(-1, 1), np.array(answered).reshape(-1, 1))
    assert float(meeting.run_out()[0]) == pytest.approx(expected, abs=len(freed) * 1e-4 + 1e-9)


def test_for_large_teams_the_approximation_is_close() -> None:
    """70 yes/no's counted exactly, and the same with 30 certain ones added, which change nothing but the way."""
    chance = np.random.default_rng(7)
    freed, answered = chance.uniform(0.05, 0.9, (40, 3)), chance.uniform(0.05, 0.4, (25, 3))
    for ready in (-18, -12, -6, 0, 6):
        exact = Meeting(ready, freed, answered).run_out()
        large = Meeting(ready + 30, freed, np.concatenate((answered, np.ones((30, 3))))).run_out()
        assert large == pytest.approx(exact, abs=0.004)


def test_what_was_not_spent_may_be_spent_and_never_beyond_a_limit() -> None:
    daring = Daring(0.01)
    start = daring.bound()
    for _ in range(5_000):
        daring.placed(1.0, 0.0)
    assert start < daring.bound() <= 0.06
    for place in range(100):
        daring.placed(1.0, 0.2)
        if place % 5 == 0:
            daring.abandoned()
    assert 0.0 < daring.bound() < start


def test_more_abandoned_than_expected_lowers_the_bound_and_one_alone_hardly() -> None:
    """A single abandonment takes less than a fifth; a dozen too many more than a half."""
    daring = Daring(0.01)
    for _ in range(300):
        daring.placed(1.0, 0.0095)
    before = daring.bound()
    daring.abandoned()
    assert 0.8 * before < daring.bound() < before
    for _ in range(14):
        daring.abandoned()
    assert daring.bound() < 0.5 * before


def test_people_abandoned_by_a_burst_are_made_up_for() -> None:
    """A forecast that was wrong for a minute is right again: still fewer are dared, until the mean is at the aim."""
    calm, after = Daring(0.01), Daring(0.01)
    for place in range(4_000):
        for daring in (calm, after):
            daring.placed(1.0, AIM * 0.01 / daring.excess)
            if place % 105 == 0:
                daring.abandoned()
    for _ in range(5):
        after.abandoned()
    assert after.bound() * after.excess < 0.7 * calm.bound() * calm.excess


def test_hours_in_which_nobody_could_be_abandoned_are_not_saved_up() -> None:
    """Lines were short all day: what may be dared afterwards is no more than after an hour of it."""
    hour, day = Daring(0.01), Daring(0.01)
    for _ in range(1_000):
        hour.placed(1.0, 0.0)
    for _ in range(10_000):
        day.placed(1.0, 0.0)
    assert day.bound() == pytest.approx(hour.bound(), rel=0.01)


def test_what_was_before_a_restart_is_remembered() -> None:
    """Twice as many as expected yesterday: the bound begins lower, by about as much as when it was learnt live."""
    live, again = Daring(0.01), Daring(0.01)
    for place in range(1_000):
        live.placed(1.0, 0.0095)
        if place % 53 == 0:
            live.abandoned()
    again.remember(9.5, 19.0)
    assert again.excess == pytest.approx(live.excess, rel=0.1)
    assert again.excess > Daring(0.01).excess
    again.aim_at(0.02)
    assert again.bound() == pytest.approx(2 * 0.01 * AIM / again.excess)


def test_a_month_without_a_call_costs_no_time_and_begins_anew() -> None:
    shift = AnswerShift()
    answers(shift, 0.1, 300, from_s=0.0, told=None, seed=8)
    started_s = time.perf_counter()
    shift.observe(100 * 86_400.0, True, None)
    assert time.perf_counter() - started_s < 0.05
    assert shift.belief()[1] > 0.8


def test_the_forecast_is_not_sure_of_answers_that_jump_about() -> None:
    """Thirty calls are enough when they agree with the prior's middle; a handful after a long pause are not."""
    estimates = Estimates(0.01)
    for place in range(60):
        estimates.observe(RingEnded(10.0 * place, place % 3 == 0, 12.0))
        estimates.observe(Talked(10.0 * place, 90.0))
    assert estimates.forecast(600.0).sure
    estimates.observe(RingEnded(30 * 86_400.0, True, 12.0))
    assert not estimates.forecast(30 * 86_400.0 + 1.0).sure


def test_the_forecast_is_sure_only_after_calls_and_talks() -> None:
    estimates = Estimates(0.01)
    assert not estimates.forecast(0.0).sure
    for place in range(40):
        estimates.observe(RingEnded(10.0 * place, place % 3 == 0, 12.0))
    assert not estimates.forecast(400.0).sure
    for place in range(10):
        estimates.observe(Talked(400.0 + place, 90.0))
        estimates.observe(WrappedUp(400.0 + place, 20.0))
    assert estimates.forecast(420.0).sure


def test_the_bound_follows_at_once_and_the_laws_after_ten_seconds() -> None:
    estimates = Estimates(0.01)
    before = estimates.forecast(0.0)
    estimates.observe(Placed(1.0, 3.0, 0.0))
    for _ in range(20):
        estimates.observe(Talked(1.0, 3.0))
    soon, later = estimates.forecast(2.0), estimates.forecast(11.0)
    assert soon.risk > before.risk
    assert soon.talk == before.talk
    assert later.talk != before.talk
    estimates.observe(Abandoned(12.0))
    assert estimates.forecast(12.0).risk < later.risk


def test_answers_come_first_and_teach_no_sooner_than_rings_in_vain() -> None:
    """Sixty calls at once, 20 answered within seconds, 40 given up after 30 s: a third, never nearly all or nobody."""
    estimates, believed_s = Estimates(0.01), list[float]()
    for burst in range(4):
        at_s = 40.0 * burst
        for place in range(20):
            estimates.observe(RingEnded(at_s + 5.0 + place / 2, True, 5.0 + place / 2))
        believed_s.append(float(shifted(np.array(STRANGER), estimates.forecast(at_s + 20.0).shift)))
        for _ in range(40):
            estimates.observe(RingEnded(at_s + 30.0, False, 30.0))
        believed_s.append(float(shifted(np.array(STRANGER), estimates.forecast(at_s + 39.0).shift)))
    assert all(0.2 < one < 0.45 for one in believed_s)


def test_the_rate_of_inbound_calls_is_followed() -> None:
    estimates = Estimates(0.01)
    assert estimates.forecast(0.0).inbound_per_s == 0.0
    for place in range(120):
        estimates.observe(CameIn(60.0 * place))
    assert estimates.forecast(7_200.0).inbound_per_s == pytest.approx(1 / 60, rel=0.15)
    assert estimates.forecast(14_400.0).inbound_per_s < 1 / 1_000
