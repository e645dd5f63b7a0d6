"""What the bench says of its figures is right: goals, percentiles, the table, and when a tone begins."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.figures import Figure, at_least, at_most, exactly, percentile, table
from bench.people import ANSWERS_AT_ONCE, MIXED, scripted_people
from bench.sound import AGENT_HZ, CALLEE_HZ, RATE_HZ, Samples, heard_for_s, onset_s


@pytest.mark.parametrize(
    ("goal", "measured", "met"),
    [
        (at_most(50), 50, True),
        (at_most(50), 50.1, False),
        (at_least(0.9), 0.9, True),
        (at_least(0.9), 0.89, False),
        (exactly(0), 0, True),
        (exactly(0), 1, False),
        (at_most(50), None, False),
        (None, 1, None),
    ],
)
def test_a_goal_is_met_or_missed(goal: object, measured: float | None, met: bool | None) -> None:
    """The limit itself is good enough; what could not be measured is a miss; without a goal there is no verdict."""
    assert Figure("join", "something", measured, "ms", goal).is_met is met  # type: ignore[arg-type]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_lies_between_the_smallest_and_the_largest(values: list[float], ratio: float) -> None:
    """And is the smallest at 0, the largest at 1."""
    found = percentile(values, ratio)
    assert found is not None
    assert min(values) <= found <= max(values) or math.isclose(found, min(values)) or math.isclose(found, max(values))
    assert (percentile(values, 0.0), percentile(values, 1.0)) == (min(values), max(values))


def test_percentiles_are_those_of_numpy() -> None:
    """Interpolated between neighbours, as readers expect."""
    values = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]
    for ratio in (0.0, 0.25, 0.5, 0.9, 0.99, 1.0):
        assert percentile(values, ratio) == pytest.approx(float(np.quantile(values, ratio)))
    assert percentile([], 0.5) is None


def test_the_table_says_each_goal_beside_its_figure() -> None:
    """A missed goal is seen at once, and so is a figure that could not be measured."""
    lines = table(
        [
            Figure("join", "p99", 61.234, "ms", at_most(50), "bare: 3-7 ms"),
            Figure("join", "rate", None, "a second"),
        ]
    ).splitlines()
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        "join",
        "p99",
        "≤ 50 ms",
        "61.2 ms",
        "NO",
        "bare: 3-7 ms",
    ]
    assert "not measured" in lines[3]
    assert len({len(line) for line in lines}) == 1


def tone(hz: int, *, silence_s: float, sounds_s: float) -> Samples:
    t = np.arange(round(sounds_s * RATE_HZ)) / RATE_HZ
    return np.concatenate([np.zeros(round(silence_s * RATE_HZ)), 0.3 * np.sin(2 * np.pi * hz * t)])


def test_the_begin_of_a_tone_is_found_to_the_frame() -> None:
    """5 ms; the other voice's tone and a click are not taken for it."""
    heard = tone(AGENT_HZ, silence_s=0.12, sounds_s=0.5)
    assert onset_s(heard, AGENT_HZ) == pytest.approx(0.12, abs=0.005)
    assert onset_s(heard, CALLEE_HZ) is None
    assert heard_for_s(heard, AGENT_HZ) == pytest.approx(0.5, abs=0.01)
    click = np.zeros(RATE_HZ)
    click[800:804] = 0.9
    assert onset_s(click, AGENT_HZ) is None


def test_the_benchs_people_are_all_different() -> None:
    """Own number, own household, own person: none stands in another's way. 60,000 of them are there."""
    people = scripted_people(60_000, MIXED) + scripted_people(100, ("993",), kind=1)
    assert len({person.phones[0] for person in people}) == len(people)
    assert len({person.household_no for person in people}) == len(people)
    assert len({person.addressee_no for person in people}) == len(people)
    assert all(person.phones[0][-3:] in {*MIXED, "993"} for person in people)
    with pytest.raises(ValueError, match="only 1200"):
        scripted_people(1201, ANSWERS_AT_ONCE)
