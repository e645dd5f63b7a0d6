"""Grades, slots, stakes and segments: the pure arithmetic between the model and the list."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from campaigns.calendar import JST
from campaigns.campaign import DEFAULT_WINDOWS, Choosing
from campaigns.grading.grades import FLOOR, LOT, OUT, OVERDUE, WORTH, below_floor, drawn_by_lot, grades_of
from campaigns.grading.pace import Pace, agents_in_a_session, attempts_an_agent_hour, attempts_an_hour
from campaigns.grading.people import Lines, People, chances_of
from campaigns.grading.segments import UNKNOWN, SegmentBook
from campaigns.grading.slots import horizon_ends, left_of
from campaigns.grading.stakes import stakes
from campaigns.learning.evidence import Evidence
from campaigns.learning.grades import HIGHEST
from campaigns.learning.model import PickUpModel
from campaigns.model import Urgency, Window
from campaigns.opening.operating import calendar_of_windows

NONE = np.zeros((1, 3), dtype=np.bool_)
NOBODY = np.zeros(1, dtype=np.bool_)


def graded(
    worth: np.ndarray, *, out: np.ndarray = NONE, floor: np.ndarray = NONE, overdue: np.ndarray = NOBODY,
    drawn: np.ndarray = NONE,
) -> list[int]:  # fmt: skip
    found = grades_of(worth, out=out, below_floor=floor, overdue=overdue, drawn=drawn)
    return [int(g) for g in found[0]]


@given(hnp.arrays(np.int16, (5, 3), elements=st.integers(0, HIGHEST)))
def test_grades_keep_the_order_of_worth_and_their_band(worth: np.ndarray) -> None:
    """More worth is never graded less, and worth alone stays between 1 and 200."""
    none = np.zeros((5, 3), dtype=np.bool_)
    found = grades_of(worth, out=none, below_floor=none, overdue=none[:, 0], drawn=none)
    assert found.min() >= WORTH
    assert found.max() < FLOOR
    for window in range(3):
        order = np.argsort(worth[:, window])
        assert (np.diff(found[order, window]) >= 0).all()


def test_rules_come_before_worth_and_spread_before_everything() -> None:
    """Lot, overdue, floor, worth; who would be refused is out, and urgency is above all of them."""
    best, every = np.full((1, 3), HIGHEST, dtype=np.int16), np.ones((1, 3), dtype=np.bool_)
    assert graded(best) == [200, 200, 200]
    assert graded(best * 0, floor=every) == [FLOOR] * 3
    assert graded(best, floor=every, overdue=every[0, :1]) == [OVERDUE] * 3
    assert graded(best, overdue=every[0, :1], drawn=every) == [LOT] * 3
    assert graded(best, drawn=every, out=every) == [OUT] * 3
    assert min(u for u in Urgency if u) > LOT


def test_the_floor_asks_for_untried_kinds_of_hour_first_and_else_for_the_best_one() -> None:
    """At least n in the month, one in each kind (the rule of Kasukabe); kinds that don't open are not asked for."""
    values = np.array([[0.1, 0.3, 0.2]] * 4)
    tries = np.array([0, 1, 3, 5])
    tried = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 1, 1]], dtype=np.bool_)
    everywhere = np.array([True, True, True])
    both = below_floor(values, tries, tried, floor_attempts=2, each_window=True, open_windows=everywhere)
    assert both.tolist() == [[True] * 3, [False, True, True], [False, False, True], [False] * 3]
    count = below_floor(values, tries, tried, floor_attempts=2, each_window=False, open_windows=everywhere)
    assert count.tolist() == [[False, True, False]] * 2 + [[False] * 3] * 2
    no_evening = np.array([True, False, True])
    elsewhere = below_floor(values, tries, tried, floor_attempts=2, each_window=True, open_windows=no_evening)
    assert elsewhere.tolist() == [[True, False, True], [False, False, True], [False, False, True], [False] * 3]


def test_lots_fall_on_their_share_each_day_on_others() -> None:
    """The draw is stable all day, and knows nothing about the people."""
    ids = np.arange(1, 200_001)
    today = drawn_by_lot(ids, date(2026, 11, 24), Window.WEEKDAY, 0.03)
    assert today.mean() == pytest.approx(0.03, abs=0.002)
    assert (today == drawn_by_lot(ids, date(2026, 11, 24), Window.WEEKDAY, 0.03)).all()
    for other in (drawn_by_lot(ids, date(2026, 11, 25), Window.WEEKDAY, 0.03),
                  drawn_by_lot(ids, date(2026, 11, 24), Window.EVENING, 0.03)):  # fmt: skip
        assert (today & other).mean() == pytest.approx(0.0009, abs=0.0004)


def test_what_is_left_are_the_hours_to_come_times_the_pace() -> None:
    """Monday noon, December 21: six working days and two days off until the office closes on the 29th."""
    hours = calendar_of_windows(DEFAULT_WINDOWS, {})
    now = datetime(2026, 12, 21, 12, 0, tzinfo=JST).astimezone(UTC)
    seen = {Window.WEEKDAY: Pace(attempts=500, clock_hours=10, agents=0.0)}
    left = left_of(hours, now, attempts_an_hour(seen)).timeline
    assert left.sessions.tolist() == [6, 6, 2]
    assert left.attempts.tolist() == [50.0 * (5 + 5 * 8), 50.0 * 6 * 3, 50.0 * 2 * 8]
    assert left.calls[0] == 250.0, "today's session has five hours left"
    first = left_of(hours, now, attempts_an_hour({})).timeline
    assert first.attempts.tolist() == [70.0 * 45, 70.0 * 18, 70.0 * 16], "seven agents, ten attempts each an hour"


def test_a_pace_is_a_quotient_of_sums_and_kinds_not_seen_go_by_the_others() -> None:
    """Hours in which nobody talked count for the attempts an hour, and say nothing about agents."""
    seen = {
        Window.WEEKDAY: Pace(attempts=300, clock_hours=10, agents=2.0),
        Window.EVENING: Pace(attempts=60, clock_hours=5, agents=0.0),
    }
    assert attempts_an_hour(seen) == {Window.WEEKDAY: 30.0, Window.EVENING: 12.0, Window.WEEKEND: 24.0}
    assert agents_in_a_session(seen) == dict.fromkeys(Window, 2.0)
    assert attempts_an_agent_hour(seen) == dict.fromkeys(Window, 15.0)
    assert (agents_in_a_session({}), attempts_an_agent_hour({})) == (
        dict.fromkeys(Window, 7),
        dict.fromkeys(Window, 10),
    )


def people_with(of_person: list[int], evidence: Evidence) -> People:
    """People of whom nothing is said but what is known of their lines."""
    n, m = len(set(of_person)), len(of_person)
    ints, floats, bools = np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n, dtype=np.bool_)
    return People(
        debtor_ids=ints, versions=ints, callable_from=floats, grades=np.zeros((n, 3), dtype=np.int16), by_lot=bools,
        graded=bools, month_tries=ints, windows_tried=np.zeros((n, 3), dtype=np.bool_), missed_cells=ints,
        tries=np.zeros((n, 3), dtype=np.int64), overdue=bools, never_called=bools, promise_broken=bools, yen=floats,
        overdue_days=floats, owed=np.zeros((n, 0), dtype=np.bool_),
        lines=Lines([""] * m, np.array(of_person, dtype=np.int64), evidence, np.zeros((m, 3))),
    )  # fmt: skip


def test_a_person_is_judged_by_the_line_that_is_most_likely_to_be_picked_up() -> None:
    """In whichever kind of hour; the other lines keep their own probabilities. Nobody is judged where nobody is."""
    sorts = np.array([(0.6, 0.6, 0.6), (0.1, 0.1, 0.1), (0.1, 0.9, 0.1)])
    model = PickUpModel(sorts, np.full(3, 1 / 3), (), np.zeros((0, 3)), 0, 0.0)
    hits = np.array([(0, 0, 0), (5, 0, 5), (0, 0, 0), (0, 9, 0), (3, 3, 3)], dtype=np.float64)
    misses = np.array([(9, 9, 9), (0, 2, 0), (9, 9, 9), (9, 0, 9), (2, 2, 2)], dtype=np.float64)
    people = people_with([0, 0, 1, 1, 1], Evidence(hits, misses, np.full(5, UNKNOWN)))
    known = chances_of(people, model)
    assert known.best.tolist() == [1, 3]
    assert known.by_line[:, 1] == pytest.approx([0.1, 0.6, 0.1, 0.9, 0.6], abs=0.01)
    assert known.posterior @ sorts == pytest.approx(known.by_line[known.best])
    nobody = chances_of(people_with([], Evidence.none(np.zeros(0, dtype=np.int64))), model)
    assert (len(nobody.best), nobody.posterior.shape, nobody.by_line.shape) == (0, (0, 3), (0, 3))


def test_the_horizon_is_the_month_and_a_few_days_at_its_end() -> None:
    """So that the last evening of a month is not filled as if there were no tomorrow."""
    assert horizon_ends(datetime(2026, 11, 3, tzinfo=UTC)) == date(2026, 11, 30)
    assert horizon_ends(datetime(2026, 11, 29, tzinfo=UTC)) == date(2026, 12, 2)
    assert horizon_ends(datetime(2026, 12, 31, tzinfo=UTC)) == date(2027, 1, 3)


def test_without_weights_a_contact_is_a_contact_and_weights_add_up() -> None:
    """1 for everybody, or more for the marks that the supervisor weighs."""
    marks = {
        "never_called": np.array([True, False]),
        "promise_broken": np.array([False, True]),
        "yen": np.array([0.0, 100_000.0]),
        "overdue_days": np.array([0.0, 9_999.0]),
    }
    assert stakes(Choosing(weight_broken=0.0), **marks).tolist() == [1.0, 1.0]
    heavy = Choosing(weight_new=1.0, weight_broken=2.0, weight_amount=0.5, weight_age=0.25)
    assert stakes(heavy, **marks) == pytest.approx([2.0, 3.75])


def test_segments_tell_debt_type_age_and_telephone_apart_and_stay_when_the_book_grows() -> None:
    """A number given once means the same for ever; unknown birthdays are a band of their own."""
    book = SegmentBook(("city_tax", "care"))
    today = date(2026, 11, 24)
    marks = [
        (debt_type, born_on, kind)
        for debt_type in book.debt_types
        for born_on in (None, *(date(2026 - years, 11, 24) for years in (20, 30, 45, 60, 70)))
        for kind in ("mobile", "landline", "voip", "other")
    ]
    numbers = [book.segment_of(*mark, today) for mark in marks]
    assert len(set(numbers)) == len(marks)
    grown = book.with_types(["nursery", "care"])
    assert [grown.segment_of(*mark, today) for mark in marks] == numbers
    assert book.segment_of("nursery", None, "mobile", today) == UNKNOWN
    before_birthday = book.segment_of("care", today - timedelta(days=365 * 30 + 6), "mobile", today)
    assert before_birthday == book.segment_of("care", date(2000, 1, 1), "mobile", today)
