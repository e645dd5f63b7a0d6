"""The pick-up model learns hours from tries, leans on its prior while there are few, and can be kept and explained."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.learning.evidence import Evidence, decayed, grouped
from campaigns.learning.fitting import fit
from campaigns.learning.model import PickUpModel
from campaigns.learning.sorts import grid, prior_shares

NOW = datetime(2026, 10, 1, tzinfo=UTC)
UNKNOWN = np.array([-1])


def lines(hits: list[list[float]], misses: list[list[float]], segments: list[int] | None = None) -> Evidence:
    return Evidence(np.array(hits), np.array(misses), np.array(segments or [-1] * len(hits)))


def nta_people(n: int, seed: int) -> np.ndarray:
    """Pick-up probabilities of people as the tax agency's figures of 2005 imply."""
    chance = np.random.default_rng(seed)
    types = np.array([[0.72, 0.72, 0.80], [0.34, 0.67, 0.67], [0.03, 0.04, 0.05]])
    return types[chance.choice(3, n, p=[0.64, 0.18, 0.18])]


def called(truth: np.ndarray, calls: tuple[int, int, int], seed: int) -> Evidence:
    """Everybody called so often in each kind of hour."""
    hits = np.random.default_rng(seed).binomial(np.array(calls), truth).astype(float)
    return Evidence(hits, np.array(calls) - hits, np.full(len(truth), -1))


def test_a_count_halves_in_a_half_life_and_never_grows() -> None:
    """Old tries count less; a moment before the count's own leaves it as it is."""
    later = NOW + timedelta(days=180)
    assert decayed(4.0, NOW, later, timedelta(days=180)) == pytest.approx(2.0)
    assert decayed(4.0, later, NOW, timedelta(days=180)) == 4.0
    with pytest.raises(ValueError, match="half-life"):
        decayed(1.0, NOW, later, timedelta(0))


@pytest.mark.parametrize("bad", [[[-1.0, 0, 0]], [[float("nan"), 0, 0]], [[0.0, 0.0]]])
def test_evidence_that_cannot_be_is_refused(bad: list[list[float]]) -> None:
    """Negative or missing counts and wrong shapes stop here, not in a ranking."""
    with pytest.raises(ValueError, match="hits"):
        lines(bad, [[0.0, 0, 0]])


def test_grouping_keeps_every_line_and_its_segment() -> None:
    """Lines that are alike become one row that stands for as many."""
    rows, count = grouped(lines([[1, 0, 0]] * 3, [[0, 2, 0]] * 3, [1, 1, 2]))
    assert sorted(zip(rows.segments.tolist(), count.tolist(), strict=True)) == [(1, 2.0), (2, 1.0)]
    assert rows.misses[:, 1].tolist() == [2, 2]


def test_without_evidence_the_model_is_the_stated_prior() -> None:
    """A centre's first day: low reach, a little better in the evening and at weekends."""
    model = fit(Evidence.none(np.array([0, 1])))
    assert model.segment_ids == ()
    expected = prior_shares() @ grid()
    assert model.pick_up(model.posterior(Evidence.none(UNKNOWN)))[0] == pytest.approx(expected, abs=1e-3)
    assert 0.3 < expected[0] < expected[1] < expected[2] < 0.6


def test_the_tax_agencys_figures_are_reproduced() -> None:
    """After two and three weekday misses, weekday and weekend answers are as the agency saw them.

    Source: 23.0 % weekday and 34.0/41.2 % Saturday/Sunday after two, 14.7 % and 26.4/28.6 % after three (2005).
    """
    model = fit(called(nta_people(20_000, 1), (3, 1, 2), 2))
    two, three = model.pick_up(model.posterior(lines([[0, 0, 0]] * 2, [[2, 0, 0], [3, 0, 0]])))
    assert two[[0, 2]] == pytest.approx([0.230, 0.376], abs=0.04)
    assert three[[0, 2]] == pytest.approx([0.147, 0.275], abs=0.04)
    assert two[2] / two[0] < three[2] / three[0]


def test_a_hit_raises_and_a_miss_lowers_every_kind_of_hour() -> None:
    """Kinds of hour are learnt from each other."""
    model = fit(called(nta_people(5_000, 3), (2, 1, 1), 4))
    none, hit, miss = model.pick_up(
        model.posterior(lines([[0, 0, 0], [1, 0, 0], [0] * 3], [[0] * 3, [0] * 3, [1, 0, 0]]))
    )
    assert (hit > none).all()
    assert (miss < none).all()


def test_a_segment_with_many_tries_is_itself_and_one_with_few_is_like_everybody() -> None:
    """Shrinkage: two lines say little, two thousand say all."""
    chance = np.random.default_rng(5)
    p = np.where(np.arange(4_002) < 2_000, 0.6, 0.15)
    hits = chance.binomial(2, p)[:, None] * np.array([[1.0, 0, 0]])
    segments = np.where(np.arange(4_002) < 2_000, 1, 2)
    segments[-2:] = 3
    hits[-2:] = [2.0, 0, 0]
    model = fit(Evidence(hits, np.array([[2.0, 0, 0]]) - hits, segments))
    first, second, third, unknown = model.pick_up(model.posterior(Evidence.none(np.array([1, 2, 3, 9]))))[:, 0]
    assert first == pytest.approx(0.6, abs=0.05)
    assert second == pytest.approx(0.15, abs=0.05)
    assert abs(third - unknown) < 0.06


def test_who_is_called_because_of_past_tries_does_not_bend_the_model() -> None:
    """Calling again only those who were missed is selection on the record, which the likelihood takes in."""
    chance, truth = np.random.default_rng(6), nta_people(20_000, 7)
    hits, misses = np.zeros((20_000, 3)), np.zeros((20_000, 3))
    for window in (0, 0, 1, 2):
        open_ = hits.sum(axis=1) == 0
        up = chance.random(20_000) < truth[:, window]
        hits[:, window] += open_ & up
        misses[:, window] += open_ & ~up
    model = fit(Evidence(hits, misses, np.full(20_000, -1)))
    naive = hits[:, 0].sum() / (hits + misses)[:, 0].sum()
    assert naive < truth[:, 0].mean() - 0.03
    assert model.population @ model.sorts[:, 0] == pytest.approx(truth[:, 0].mean(), abs=0.02)
    missed = misses[:, 0] == 2
    after_two = model.pick_up(model.posterior(lines([[0, 0, 0]], [[2, 0, 0]])))[0]
    assert after_two == pytest.approx(truth[missed].mean(axis=0), abs=0.05)


def test_the_model_survives_its_json() -> None:
    """What is stored gives the same probabilities as what was fitted."""
    model = fit(called(nta_people(500, 8), (2, 1, 1), 9))
    again = PickUpModel.from_json(model.to_json())
    some = lines([[1, 0, 0], [0, 0, 0]], [[0, 1, 0], [2, 0, 1]])
    assert again.pick_up(again.posterior(some)) == pytest.approx(model.pick_up(model.posterior(some)), abs=1e-6)
    assert (again.lines, again.tries) == (500, 2000.0)


@pytest.mark.parametrize("text", ["[]", "{}", '{"format": 9}', "no json"])
def test_what_is_no_model_is_refused(text: str) -> None:
    """A damaged or newer model is an error, not a silent prior."""
    with pytest.raises(ValueError, match=r"model|Expecting"):
        PickUpModel.from_json(text)


def test_the_page_is_told_why() -> None:
    """Prior of population and segment, own tries, result, and how much the knowledge is worth."""
    model = fit(called(nta_people(2_000, 10), (2, 1, 1), 11))
    few = model.explain(np.zeros(3), np.zeros(3), -1)
    many = model.explain(np.zeros(3), np.array([9.0, 0, 0]), -1)
    assert [row.window.value for row in few] == ["weekday", "evening", "weekend"]
    assert few[0].pick_up == pytest.approx(few[0].population) == few[0].segment
    assert many[0].misses == 9.0
    assert many[0].worth_tries > 9 > few[0].worth_tries


@given(st.lists(st.tuples(*[st.floats(0, 40)] * 6), min_size=1, max_size=5))
def test_probabilities_are_probabilities_whatever_was_seen(rows: list[tuple[float, ...]]) -> None:
    """Posteriors sum to one and pick-up stays within 0 and 1."""
    table = np.array(rows)
    model = PickUpModel(grid(), prior_shares(), (), np.zeros((0, len(grid()))), 0, 0.0)
    posterior = model.posterior(Evidence(table[:, :3], table[:, 3:], np.zeros(len(rows), dtype=np.int64)))
    assert posterior.sum(axis=1) == pytest.approx(1)
    assert ((model.pick_up(posterior) > 0) & (model.pick_up(posterior) < 1)).all()
