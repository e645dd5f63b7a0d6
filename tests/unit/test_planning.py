"""Staffings, expected contacts, hours seen, scores and replayed tries: the arithmetic behind plan and evaluation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.calendar import JST
from campaigns.campaign import DEFAULT_WINDOWS, Choosing, check_choosing
from campaigns.errors import CampaignInvalid
from campaigns.evidence import HALF_LIFE_DAYS
from campaigns.grading.expecting import Listed, expect
from campaigns.grading.pace import Pace
from campaigns.grading.replaying import Try, judged_from, known_at
from campaigns.grading.scores import Tally, of_rates, wilson
from campaigns.grading.seen_hours import LEAST_ATTEMPTS, Cell, best_cells, contact_share
from campaigns.grading.staffing import Staffing, alternatives, check, usual_staffing
from campaigns.model import Window
from campaigns.opening.operating import calendar_of_windows
from webui import plan_words

SORTS = np.array([(0.8, 0.7, 0.8), (0.1, 0.6, 0.5), (0.02, 0.03, 0.03)])
MONTH = Staffing(sessions=(10, 8, 2), hours=(8.0, 3.0, 8.0), agents=(2, 2, 2), calls=(5.0, 5.0, 5.0))
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=JST).astimezone(UTC)


def people(n: int = 300, total: int | None = None, *, contact_share: float = 1.0, part: float = 1.0) -> Listed:
    """A third of each sort, which is known rather well."""
    chance = np.random.default_rng(1)
    posterior = 0.7 * np.eye(3)[np.arange(n) % 3] + 0.3 * chance.dirichlet(np.ones(3), n)
    return Listed.of(posterior, SORTS, contact_share, np.full(n, part), total or n)


def test_scarce_evenings_are_worth_more_than_weekdays_where_people_work() -> None:
    """1,500 on the list, 1,200 places: an evening reaches whom a weekday can't, and places are all used."""
    come = expect(people(total=1_500), MONTH)
    assert sum(come.attempts) == pytest.approx(sum(MONTH.attempts), rel=0.05)
    assert come.prices[1] > 0.05
    assert min(come.contacts) > 10
    assert 0.3 < come.contact_ratio < 0.67
    low, high = come.interval
    assert low < come.contact_ratio < high


def test_with_places_to_spare_everybody_is_called_whenever_it_helps() -> None:
    """No price is left, and the contacts are those of calling each in every session."""
    listed = people()
    come = expect(listed, replace(MONTH, agents=(50, 50, 50)))
    assert max(come.prices) < 0.01
    assert come.contact_ratio == pytest.approx(1 - listed.survival.block[6, 4, 2].mean(), abs=0.005)


def test_one_session_more_never_costs_contacts_and_the_price_says_what_it_brings() -> None:
    """The gain of a whole session is at most that of its first place times its places."""
    base = expect(people(total=1_500), MONTH)
    for moved, other in alternatives(MONTH)[:3]:
        gain = sum(expect(people(total=1_500), other, start=base).contacts) - sum(base.contacts)
        place = moved.index(1)
        worth = base.prices[place] * MONTH.attempts_a_session[place]
        assert 0 <= gain <= 1.2 * worth + 1


def test_pick_ups_that_are_no_contact_and_people_who_come_late_bring_less() -> None:
    """Others pick up, too; a debt that falls due in the middle of the month leaves half of the sessions."""
    full = expect(people(total=1_500), MONTH).contact_ratio
    assert expect(people(total=1_500, contact_share=0.5), MONTH).contact_ratio < 0.85 * full
    assert expect(people(part=0.1), MONTH).contact_ratio < expect(people(), MONTH).contact_ratio


def test_nobody_or_no_session_is_nothing() -> None:
    """No division by nothing."""
    closed = replace(MONTH, sessions=(0, 0, 0))
    for come in (
        expect(people(), closed),
        expect(people(0, 0), MONTH),
        expect(people(), replace(MONTH, agents=(0,) * 3)),
    ):
        assert (come.contacts, come.contact_ratio, come.interval) == ((0.0, 0.0, 0.0), 0.0, (0.0, 0.0))


@given(st.tuples(*[st.integers(0, 31)] * 3))
@settings(max_examples=60)
def test_a_timeline_has_every_session_once_and_evenings_on_working_days(sessions: tuple[int, int, int]) -> None:
    """One session of a kind a day; an evening never lies on a day off; all places are there."""
    staffing = replace(MONTH, sessions=sessions)
    timeline = staffing.timeline(0.5)
    assert timeline.sessions.tolist() == list(sessions)
    assert timeline.attempts == pytest.approx(np.array(staffing.attempts) * 0.5)
    kinds: dict[int, list[int]] = {}
    for day, window in zip(timeline.days.tolist(), timeline.windows.tolist(), strict=True):
        kinds.setdefault(day, []).append(window)
    for windows in kinds.values():
        assert windows in ([0], [1], [2], [0, 1])
    assert len(kinds) == max(sessions[:2]) + sessions[2]


def test_the_usual_staffing_is_the_calendar_at_the_pace_seen() -> None:
    """November 2026: 19 working days and 11 days off; kinds without calls go by the others."""
    hours = calendar_of_windows(DEFAULT_WINDOWS, {})
    november = hours.sessions(date(2026, 11, 1), date(2026, 11, 30))
    first = usual_staffing(november, {})
    assert (first.sessions, first.hours) == ((19, 19, 11), (8.0, 3.0, 8.0))
    assert (first.agents, first.calls) == ((7, 7, 7), (10.0, 10.0, 10.0))
    seen = usual_staffing(november, {Window.EVENING: Pace(attempts=720, clock_hours=12, agents=4.2)})
    assert seen.agents == (4, 4, 4)
    assert seen.calls == (14.3, 15.0, 14.3)
    assert usual_staffing([], {}).sessions == (0, 0, 0)


def test_a_staffing_that_cant_be_is_refused_with_its_field() -> None:
    """Each field has its range; moved sessions stay within it."""
    check(MONTH)
    for wrong in (
        replace(MONTH, sessions=(32, 0, 0)),
        replace(MONTH, agents=(1, -1, 1)),
        replace(MONTH, hours=(8.0, 0.0, 8.0)),
        replace(MONTH, calls=(1.0, 1.0, 201.0)),
    ):
        with pytest.raises(CampaignInvalid, match="is not between"):
            check(wrong)
    assert len(alternatives(MONTH)) == 9
    assert [moved for moved, _ in alternatives(replace(MONTH, sessions=(0, 31, 0)))] == [
        (1, 0, 0), (0, 0, 1), (0, -1, 1), (1, -1, 0),
    ]  # fmt: skip


def test_hours_are_proposed_by_what_is_sure_about_them() -> None:
    """Few attempts propose nothing; of two with equal rates the one with more attempts comes first."""
    few = Cell(1, 9, LEAST_ATTEMPTS - 1, 29, 29)
    some, many = Cell(2, 18, 50, 25, 20), Cell(3, 18, 500, 250, 200)
    none = Cell(4, 9, 100, 0, 0)
    assert best_cells([few, some, many, none]) == [many, some]
    assert contact_share([]) == 1.0
    assert contact_share([many]) == pytest.approx(220 / 270)


@given(st.integers(0, 50), st.integers(0, 50))
def test_wilsons_interval_holds_the_share_and_stays_within_0_and_1(seen: int, more: int) -> None:
    """Of nothing, everything is possible."""
    low, high = wilson(seen, seen + more)
    assert 0 <= low <= high <= 1
    if seen + more:
        assert low - 1e-9 <= seen / (seen + more) <= high + 1e-9


def test_a_known_interval_is_met() -> None:
    """10 of 40: 14.2 % to 40.2 % (Wilson 1927, by hand)."""
    low, high = wilson(10, 40)
    assert low == pytest.approx(0.1419, abs=5e-4)
    assert high == pytest.approx(0.4019, abs=5e-4)


def test_scores_are_those_of_the_textbook() -> None:
    """Two predictions of .8, one right: Brier .34; the rate itself scores .25; single precision keeps its bin."""
    tally = Tally()
    tally.add(np.array([0.8, 0.8]), np.array([True, False]))
    score = tally.score()
    assert score is not None
    assert score.brier == pytest.approx((0.04 + 0.64) / 2)
    assert score.log_loss == pytest.approx(-(np.log(0.8) + np.log(0.2)) / 2)
    assert score.brier_of_rate == 0.25
    assert score.log_loss_of_rate == pytest.approx(np.log(2))
    assert score.calibration_error == pytest.approx(0.3)
    stored = Tally()
    stored.add(np.array([np.float32(p) for p in (0.2, 0.7, 1.0)], dtype=np.float64), np.array([True, True, False]))
    kept = stored.score()
    assert kept is not None
    assert [b.from_p for b in kept.bins] == [0.2, 0.7, 0.9]
    assert np.isfinite(kept.log_loss)
    assert Tally().score() is None


def test_adding_in_parts_is_adding_at_once_and_kinds_have_rates_of_their_own() -> None:
    """Sums are all that is kept; a rate for each kind does better than one for all."""
    chance = np.random.default_rng(1)
    p, hit = chance.random(500), chance.random(500) < 0.4
    whole, first, second = Tally(), Tally(), Tally()
    whole.add(p, hit)
    first.add(p[:200], hit[:200])
    second.add(p[200:], hit[200:])
    together, at_once = first.plus(second).score(), whole.score()
    assert together is not None
    assert at_once is not None
    assert together.brier == pytest.approx(at_once.brier)
    assert together.log_loss == pytest.approx(at_once.log_loss)
    assert [b.attempts for b in together.bins] == [b.attempts for b in at_once.bins]
    always, never = Tally(), Tally()
    always.add(p, np.ones(500, dtype=np.bool_))
    never.add(p, np.zeros(500, dtype=np.bool_))
    assert of_rates([always, never, Tally()]) == (0.0, 0.0)


def test_before_a_try_nothing_of_it_is_known_and_what_is_known_fades() -> None:
    """A line's tries lived through again: each is predicted from those before it."""
    half = timedelta(days=HALF_LIFE_DAYS)
    tries = [
        Try(NOON - half, 0, hit=True, by_lot=False, judged=True),
        Try(NOON, 1, hit=False, by_lot=False, judged=False),
        Try(NOON + half, 1, hit=True, by_lot=True, judged=True),
    ]
    assert known_at(tries, NOON) == pytest.approx((0.5, 0, 0, 0, 0, 0))
    assert known_at(tries, NOON - half) == (0,) * 6
    assert known_at(tries, NOON + 2 * half) == pytest.approx((0.125, 0.5, 0, 0, 0.25, 0))
    ((one, known),) = judged_from(tries, NOON)
    assert one is tries[2]
    assert known == pytest.approx((0.25, 0, 0, 0, 0.5, 0))
    assert next(known for _, known in judged_from(tries, NOON - half)) == (0,) * 6


@pytest.mark.parametrize(
    "field", [one for one in plan_words.FIELDS if "least" in one], ids=lambda one: str(one["name"])
)
def test_the_page_offers_just_what_may_be_set(field: dict[str, Any]) -> None:
    """The ranges on the page are those of the domain, and a refusal names the field in Japanese."""
    name, least, most, step = (field[key] for key in ("name", "least", "most", "step"))
    for value in (least, most):
        check_choosing(replace(Choosing(), **{name: value}))
    for value in (least - step, most + step):
        with pytest.raises(CampaignInvalid) as refused:
            check_choosing(replace(Choosing(), **{name: value}))
        assert str(field["label"]) in plan_words.out_of_range(refused.value.field)


def test_every_setting_is_on_the_page() -> None:
    """A new one needs a label and a help text."""
    assert {one["name"] for one in plan_words.FIELDS} == set(Choosing.__dataclass_fields__)


def test_the_last_grading_is_told_in_words_whatever_it_lacks() -> None:
    """Scarce and plenty; an empty list; older gradings without counts."""
    told = {"prices": [0.05, 0.2, 0.1], "people": 1200, "below_floor": 30, "drawn": 4, "pick_up": [0.2, 0.3, 0.3]}
    text = "".join(plan_words.grading(told))
    assert "平日夜間の枠が最も不足しています" in text
    assert "1,200人" in text
    assert "余裕があります" in "".join(plan_words.grading({"prices": [0, 0, 0], "people": 1}))
    assert "いませんでした" in "".join(plan_words.grading({}))
