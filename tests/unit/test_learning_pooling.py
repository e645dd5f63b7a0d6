"""Segments learn from each other by their marks: debt type, age band, kind of telephone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.learning.evidence import Evidence, Ints
from campaigns.learning.fitting import fit
from campaigns.learning.model import PickUpModel
from campaigns.learning.pooling import MARK_LINES, Pooled, every_segment, marks_of

AGES, PHONES = 4, 2
SIZES = (AGES, PHONES)
OLD, MOBILE = 3, 1


def segment(debt: int, age: int, phone: int) -> int:
    return (debt * AGES + age) * PHONES + phone


def town(lines: int, chance: np.random.Generator) -> Evidence:
    """One weekday call to each line: the old answer, whatever they owe and whatever telephone they have."""
    segments = chance.integers(0, 3 * AGES * PHONES, lines)
    old = marks_of(segments, SIZES)[:, 1] == OLD
    hits = (chance.random(lines) < np.where(old, 0.6, 0.2))[:, None] * np.array([[1.0, 0, 0]])
    return Evidence(hits, np.array([[1.0, 0, 0]]) - hits, segments)


def without(evidence: Evidence, segments: Ints) -> Evidence:
    keep = ~np.isin(evidence.segments, segments)
    return Evidence(evidence.hits[keep], evidence.misses[keep], evidence.segments[keep])


def weekday(model: PickUpModel, *segments: int) -> np.ndarray:
    shares: np.ndarray = model.shares(np.array(segments)) @ model.sorts[:, 0]
    return shares


def test_a_number_gives_its_marks_and_an_unknown_segment_has_none() -> None:
    """The last mark changes first, as in production's and the simulation's numbers."""
    told = marks_of(np.array([segment(2, 3, 1), segment(0, 0, 0), -1]), SIZES)
    assert told.tolist() == [[2, 3, 1], [0, 0, 0], [-1, -1, -1]]


@given(st.sets(st.integers(0, 200), max_size=6), st.lists(st.integers(1, 6), max_size=3))
def test_every_combination_of_marks_that_were_met_is_a_segment(called: set[int], sizes: list[int]) -> None:
    """No called segment is left out, none is there twice, and none has a mark that nobody had."""
    numbers = np.array(sorted(called), dtype=np.int64)
    every = every_segment(numbers, sizes)
    assert every.tolist() == sorted({*every.tolist(), *called})
    met, found = marks_of(numbers, sizes), marks_of(every, sizes)
    for mark in range(1 + len(sizes)):
        assert set(found[:, mark]) == set(met[:, mark])


def test_a_segment_that_was_never_called_is_known_by_its_marks() -> None:
    """Nobody of one old and one young segment was called; other debt types' people of their age were."""
    evidence = town(4_000, np.random.default_rng(1))
    old, young = segment(1, OLD, MOBILE), segment(1, 0, MOBILE)
    seen = without(evidence, np.array([old, young]))
    by_marks = weekday(fit(seen, mark_sizes=SIZES), old, young)
    assert by_marks == pytest.approx([0.6, 0.2], abs=0.08)
    apart = weekday(fit(seen), old, young)
    assert apart[0] == apart[1]


def test_marks_bring_a_young_list_nearer_to_the_truth() -> None:
    """Few calls to each segment, many to each mark: the error of the segments is less than half, over five towns."""
    everybody = np.arange(3 * AGES * PHONES)
    truth = np.where(marks_of(everybody, SIZES)[:, 1] == OLD, 0.6, 0.2)
    pooled, alone = 0.0, 0.0
    for seed in range(5):
        evidence = town(1_000, np.random.default_rng(seed))
        pooled += float(((weekday(fit(evidence, mark_sizes=SIZES), *everybody) - truth) ** 2).mean())
        alone += float(((weekday(fit(evidence), *everybody) - truth) ** 2).mean())
    assert pooled < 0.5 * alone


def test_a_segment_that_is_unlike_its_marks_is_itself_with_many_calls() -> None:
    """Of all the old only one segment doesn't answer: a thousand lines of it outweigh its marks."""
    chance = np.random.default_rng(2)
    evidence = town(4_000, chance)
    odd = segment(1, OLD, MOBILE)
    rest = without(evidence, np.array([odd]))
    hits = (chance.random(1_000) < 0.05)[:, None] * np.array([[2.0, 0, 0]])
    both = Evidence(
        np.vstack([rest.hits, hits]),
        np.vstack([rest.misses, np.array([[2.0, 0, 0]]) - hits]),
        np.concatenate([rest.segments, np.full(1_000, odd)]),
    )
    assert weekday(fit(both, mark_sizes=SIZES), odd)[0] == pytest.approx(0.05, abs=0.05)


def test_unknown_segments_stay_everybody_and_teach_no_mark() -> None:
    """Lines without a segment count for the population only."""
    evidence = town(2_000, np.random.default_rng(3))
    stray = Evidence(np.ones((500, 3)), np.zeros((500, 3)), np.full(500, -1))
    both = Evidence(
        np.vstack([evidence.hits, stray.hits]),
        np.vstack([evidence.misses, stray.misses]),
        np.concatenate([evidence.segments, stray.segments]),
    )
    model = fit(both, mark_sizes=SIZES)
    assert min(model.segment_ids) == 0
    assert model.shares(np.array([-1]))[0] == pytest.approx(model.population)
    assert weekday(model, segment(0, 0, 0))[0] == pytest.approx(0.2, abs=0.1)
    nobody_known = fit(stray, mark_sizes=SIZES)
    assert nobody_known.segment_ids == ()


def test_what_each_mark_has_in_all_its_segments_is_met_and_rare_marks_stay_near_everybody() -> None:
    """Proportional fitting: a million lines' margins are kept to a thousandth, one line moves hardly anything."""
    segments = np.arange(4)
    population = np.array([0.5, 0.3, 0.2])
    shares = np.array([[0.7, 0.2, 0.1], [0.5, 0.2, 0.3], [0.4, 0.5, 0.1], [0.1, 0.4, 0.5]])
    for lines_each, apart in ((1e6, 1e-3), (1.0, None)):
        lines = np.full((4, 1), lines_each)
        pooled = Pooled(segments, (2,), 3)
        for _ in range(40):
            told = pooled.expected(shares * lines, lines, population)
        assert told.sum(axis=1) == pytest.approx(1)
        if apart is None:
            assert told == pytest.approx(np.repeat(population[None], 4, axis=0), abs=2.5 / MARK_LINES)
        else:
            for pair in ([0, 1], [2, 3], [0, 2], [1, 3]):
                assert told[pair].sum(axis=0) == pytest.approx(shares[pair].sum(axis=0), abs=apart)


@pytest.mark.parametrize("bad", [(0,), (4, -2)])
def test_a_mark_without_levels_is_refused(bad: tuple[int, ...]) -> None:
    """A wrong size would give every segment other marks."""
    with pytest.raises(ValueError, match="sizes"):
        fit(town(10, np.random.default_rng(1)), mark_sizes=bad)
