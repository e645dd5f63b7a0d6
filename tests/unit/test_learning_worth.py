"""A call's worth: what it adds over the best that is still to come, at prices that fit what is left."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.learning import grades, survival
from campaigns.learning.horizon import Limits, Slots, Timeline
from campaigns.learning.planning import Floor, plan, price_of_floor
from campaigns.learning.prices import find_prices
from campaigns.learning.survival import of_posterior, of_probabilities
from campaigns.learning.worth import dual_bound, rank, values_at

MONTH = Slots((100.0, 40.0, 20.0), (10, 4, 2))
WEEKDAY, EVENING, WEEKEND = 0, 1, 2


def people(*pick_up: tuple[float, float, float], each: int = 1) -> survival.Survival:
    return of_probabilities(np.repeat(np.array(pick_up), each, axis=0), MONTH.caps)


def last_session(window: int) -> Slots:
    left = [0, 0, 0]
    left[window] = 1
    return Slots((left[0] * 50.0, left[1] * 50.0, left[2] * 50.0), (left[0], left[1], left[2]))


def test_the_chance_of_silence_falls_with_every_call_and_learns_from_misses() -> None:
    """Known probabilities multiply; unknown ones are less and less likely to be high."""
    sure = of_probabilities(np.array([[0.5, 0.2, 0.2]]), (3, 0, 0))
    assert sure.table[:, 0].tolist() == pytest.approx([1, 0.5, 0.25, 0.125])
    unsure = of_posterior(np.array([[0.5, 0.5]]), np.array([[0.9, 0.5, 0.5], [0.1, 0.5, 0.5]]), (3, 0, 0)).table[:, 0]
    assert (1 - unsure[1:] / unsure[:-1]).tolist() == sorted((1 - unsure[1:] / unsure[:-1]).tolist(), reverse=True)


@given(st.lists(st.tuples(st.floats(0.01, 0.95), st.floats(0.5, 2)), min_size=2, max_size=20))
@settings(deadline=None)
def test_in_the_last_session_the_order_is_that_of_chance_times_stake(told: list[tuple[float, float]]) -> None:
    """With nothing to come there is nothing to wait for."""
    p, stakes = np.array([p for p, _ in told]), np.array([s for _, s in told])
    slots = last_session(EVENING)
    found = rank(of_probabilities(np.column_stack([p, p, p]), slots.caps), slots, stakes)
    assert found.values[:, EVENING] == pytest.approx(p * stakes, abs=1e-5)
    assert np.isneginf(found.values[:, [WEEKDAY, WEEKEND]]).all()


def test_evenings_go_to_those_who_answer_only_then() -> None:
    """Of two who answer equally well in the evening, the one who never answers by day comes first."""
    crowd = people((0.02, 0.5, 0.1), (0.5, 0.5, 0.5), each=60)
    values = rank(crowd, MONTH, np.ones(120)).values
    assert values[0, EVENING] > values[60, EVENING] + 0.05
    assert values[60, WEEKDAY] > values[0, WEEKDAY] + 0.05


def test_a_higher_stake_comes_first() -> None:
    """Weights of the supervisor move people up."""
    stakes = np.where(np.arange(100) == 0, 2.0, 1.0)
    values = rank(people((0.3, 0.3, 0.3), each=100), MONTH, stakes).values
    assert (values[0] > values[1]).all()


def test_who_has_fewer_chances_left_comes_first() -> None:
    """Two alike, but one can be called on no later day."""
    crowd = people((0.3, 0.05, 0.05), each=20)
    bounds = Limits.of_sessions(MONTH.timeline(), 20)
    now, later = bounds.now.copy(), bounds.later.copy()
    now[0], later[0] = (1, 0, 0), (0, 0, 0)
    values = rank(crowd, MONTH, np.ones(20), limits=Limits(now, later)).values
    assert values[0, WEEKDAY] > values[1, WEEKDAY] + 0.05
    assert np.isneginf(values[0, EVENING])


def test_who_could_not_come_in_the_next_sessions_comes_first_now() -> None:
    """Two alike, who may be called equally often; but of one the spread rule bars all days but today's and the last."""
    crowd, timeline = people((0.3, 0.05, 0.05), each=20), MONTH.timeline()
    bounds = Limits.of_sessions(timeline, 20)
    barred = np.zeros((len(timeline), 20), dtype=np.bool_)
    barred[np.flatnonzero(timeline.windows == WEEKDAY)[1:-1], 0] = True
    few = Limits(np.minimum(bounds.now, 2), np.minimum(bounds.later, 1), barred)
    values = rank(crowd, MONTH, np.ones(20), limits=few).values
    assert values[0, WEEKDAY] > values[1, WEEKDAY] + 0.02


def test_a_scarce_kind_of_hour_is_dearer_and_spare_calls_cost_nothing() -> None:
    """Prices fit demand to what is left."""
    crowd = people((0.3, 0.3, 0.3), (0.1, 0.5, 0.5), each=100)
    tight = find_prices(crowd, Slots((100.0, 10.0, 10.0), (10, 4, 2)), np.ones(200))
    assert tight[EVENING] > tight[WEEKDAY] > 0.05
    plenty = find_prices(crowd, Slots((1e5, 1e5, 1e5), (10, 4, 2)), np.ones(200))
    assert (plenty < 0.01).all()


def test_prices_do_not_depend_on_chance_or_blocks() -> None:
    """Equal input gives an equal order, and a list may be looked at in parts."""
    crowd = of_probabilities(np.random.default_rng(1).random((2_500, 3)) * 0.8 + 0.05, MONTH.caps)
    once, again = (rank(crowd, MONTH, np.ones(2_500)) for _ in range(2))
    assert (once.values == again.values).all()
    part = values_at(crowd.sample(slice(1_200, 1_300)), MONTH, np.ones(100), once.prices)
    assert part == pytest.approx(once.values[1_200:1_300])


def test_nobody_on_the_list_or_no_session_left_is_no_error() -> None:
    """The last evening of a month, and an empty list."""
    assert rank(people((0.3, 0.3, 0.3)).sample(slice(0, 0)), MONTH, np.zeros(0)).values.shape == (0, 3)
    over = Slots((0.0, 0.0, 0.0), (0, 0, 0))
    assert np.isneginf(rank(of_probabilities(np.full((2, 3), 0.3), over.caps), over, np.ones(2)).values).all()


def test_what_does_not_fit_is_refused() -> None:
    """Stakes must be positive, slots not negative, days in order."""
    with pytest.raises(ValueError, match="stake"):
        rank(people((0.3, 0.3, 0.3)), MONTH, np.zeros(1))
    with pytest.raises(ValueError, match="negative"):
        Slots((-1.0, 0.0, 0.0), (1, 1, 1))
    with pytest.raises(ValueError, match="back"):
        Timeline(np.array([0, 1]), np.array([1.0, 1.0]), np.array([2, 1]))


def test_no_calls_bring_more_than_the_bound() -> None:
    """Alike people: the bound is calls × probability when there is less than one call for each."""
    crowd, slots = people((0.3, 0.3, 0.3), each=500), MONTH.timeline()
    limits = Limits.of_sessions(slots, 500)
    prices = find_prices(crowd, slots, np.ones(500), served=1.0, rounds=80)
    assert 160 * 0.3 - 0.01 <= dual_bound(crowd, slots, np.ones(500), prices, limits) < 160 * 0.3 * 1.1


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=30))
def test_grades_keep_the_order_of_values(told: list[float]) -> None:
    """A greater value never has a lower grade; nobody who can be called has 0."""
    values = np.sort(np.array(told))[:, None] * np.ones((1, 3))
    found = grades.of_values(values, np.array([0.1, 0.2, 0.3]))
    assert (np.diff(found, axis=0) >= 0).all()
    assert found.min() >= 1
    assert found.max() <= grades.HIGHEST


def test_grades_tell_people_near_the_price_apart() -> None:
    """Most of a long list lies within thousandths of the price: that is where the scale is fine."""
    values = np.array([[0.0998, 0, 0], [0.1, 0, 0], [0.1002, -np.inf, 0]])
    found = grades.of_values(values, np.array([0.1, 0.1, 0.1]))
    assert found[0, 0] < found[1, 0] == 500 < found[2, 0]
    assert found[2, 1] == 0


def test_more_evenings_bring_more_contacts_from_people_of_the_evening() -> None:
    """A supervisor moves sessions and sees it; the price says where a further call pays most."""
    crowd = people((0.05, 0.5, 0.3), (0.4, 0.4, 0.4), each=200)
    now = plan(crowd, MONTH, np.ones(400))
    moved = plan(crowd, Slots((60.0, 80.0, 20.0), (6, 8, 2)), np.ones(400))
    assert now.prices[EVENING] > now.prices[WEEKDAY]
    assert moved.contacts.sum() > now.contacts.sum()
    assert now.calls == pytest.approx([100, 40, 20], rel=0.02)
    assert now.calls.sum() * 0.3 < now.contacts.sum() < now.calls.sum() * 0.6


def test_a_floor_costs_contacts_and_says_who_stays_below() -> None:
    """A call for everybody takes calls from those who answer; too few calls leave people below it."""
    crowd = people((0.6, 0.6, 0.6), (0.05, 0.05, 0.05), each=100)
    slots = Slots((300.0, 0.0, 0.0), (10, 0, 0))
    crowd = of_probabilities(1 - crowd.block[1, 0, 0][:, None] * np.ones((1, 3)), slots.caps)
    assert price_of_floor(crowd, slots, np.ones(200), Floor(0)) == pytest.approx(0, abs=0.5)
    kept = plan(crowd, slots, np.ones(200), floor=Floor(1))
    assert kept.below_floor < 5
    tight = Slots((120.0, 0.0, 0.0), (10, 0, 0))
    assert price_of_floor(crowd, tight, np.ones(200), Floor(1)) > 5
    assert plan(crowd, tight, np.ones(200), floor=Floor(1)).below_floor > 40
