"""Abandonment over windows: who is over a limit, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dialer.pacing.abandonment import DAY, HOUR, MIN_ANSWERS, MONTH, Count, HourlyCounts, Standing, hour_of, standing
from tests.fixtures_people import TUESDAY

NOW = TUESDAY


def counts(*told: tuple[int, float, int, int]) -> HourlyCounts:
    """Of (campaign, hours ago, answers, abandoned)."""
    made = HourlyCounts()
    for campaign_id, hours_ago, answers, abandoned in told:
        made.add(campaign_id, NOW - timedelta(hours=hours_ago), Count(answers, abandoned))
    return made


def stands(made: HourlyCounts, campaign_id: int = 1, now: datetime = NOW) -> Standing:
    return standing(made, campaign_id, now, limit_ratio=0.03, overall_limit_ratio=0.03)


def test_with_nothing_counted_nobody_is_over_a_limit() -> None:
    """A new site dials."""
    assert stands(HourlyCounts()) == Standing()


@pytest.mark.parametrize(
    ("answers", "abandoned", "over"), [(100, 3, False), (100, 4, True), (30, 2, False), (30, 4, True)]
)
def test_a_limit_is_passed_above_it_and_fewer_than_100_answers_count_as_100(
    answers: int, abandoned: int, over: bool
) -> None:
    """3 of 100 are within 3 %; 2 of 30 may be luck, 4 of 30 would be too many of 100."""
    found = stands(counts((1, 0.1, answers, abandoned)))
    assert found.day == found.month == Count(answers, abandoned)
    assert bool(found.over) == over
    assert MIN_ANSWERS == 100


def test_each_window_has_its_own_count() -> None:
    """What is older than a day counts for 30 days, and then no more."""
    found = stands(counts((1, 1, 50, 1), (1, 30, 100, 2), (1, 24 * 31, 1000, 500)))
    assert (found.day, found.month) == (Count(50, 1), Count(150, 3))
    assert found.over == ()


def test_an_hour_counts_as_long_as_a_part_of_it_is_in_the_window() -> None:
    """A window is never shorter than it is called."""
    at = NOW.replace(minute=59)
    made = HourlyCounts()
    made.add(1, at, Count(100, 10))
    for late, over in [(DAY, True), (DAY + timedelta(seconds=59), True), (DAY + timedelta(minutes=2), False)]:
        assert ("day" in stands(made, now=at + late).over) == over


def test_other_campaigns_count_for_the_whole_only() -> None:
    """A campaign that abandons nobody goes 1:1 when all together are over the limit."""
    found = stands(counts((1, 1, 100, 0), (2, 1, 100, 20)), campaign_id=1)
    assert found.day == Count(100, 0)
    assert found.all_day == Count(200, 20)
    assert found.over == ("all_day", "all_month")
    assert found.until == hour_of(NOW - HOUR) + HOUR + MONTH


def test_it_is_said_when_a_campaign_is_within_its_limit_again_at_the_latest() -> None:
    """When the hour in which too many were abandoned has left the window."""
    made = counts((1, 20, 100, 8), (1, 3, 400, 1))
    assert stands(counts((1, 20, 100, 8))).until == hour_of(NOW - timedelta(hours=20)) + HOUR + MONTH
    found = stands(made)
    assert (found.over, found.until) == ((), None), "9 of 500"


def test_a_reading_of_the_database_replaces_what_was_counted_meanwhile() -> None:
    """Nothing is counted twice, and older hours stay."""
    made = counts((1, 5, 10, 1), (1, 0, 7, 7))
    made.replace(hour_of(NOW), [(1, hour_of(NOW), Count(3, 0))])
    assert stands(made).day == Count(13, 1)


def test_a_count_that_passes_its_limit_when_good_hours_leave_it_is_waited_for() -> None:
    """The campaign's own month is within its limit first; the whole is not, once the others' answers have left it."""
    made = counts((1, 0, 110, 3), (1, 1, 1, 1), (2, 0, 1, 1), (2, 1, 55, 0))
    found = stands(made)
    assert found.over == ("day", "month"), "4 of 111; all together 5 of 167"
    assert found.until is not None
    assert stands(made, now=hour_of(NOW) + MONTH).over == ("all_month",), "4 of 111 are left"
    assert found.until == hour_of(NOW) + HOUR + MONTH


def test_too_few_answers_are_no_way_out() -> None:
    """When an hour leaves the window 95 are too few to judge by; with those joined meanwhile they are enough again."""
    made = counts((1, 20, 5, 0), (1, 3, 95, 10))
    found = stands(made)
    leaves = hour_of(NOW - timedelta(hours=20)) + HOUR + DAY
    assert stands(made, now=leaves).day == Count(95, 10)
    assert found.until is not None
    assert found.until > leaves


hours = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 24 * 31), st.integers(0, 120), st.integers(0, 12)), max_size=25
)


def told(of: list[tuple[int, int, int, int]]) -> HourlyCounts:
    return counts(*((c, h, max(answers, abandoned), abandoned) for c, h, answers, abandoned in of))


def after_joining(of: list[tuple[int, int, int, int]], at: datetime, joined: int) -> Standing:
    """How campaign 1 stands at `at`, when so many more were answered and joined just before."""
    made = told(of)
    made.add(1, at - timedelta(seconds=1), Count(joined, 0))
    return stands(made, now=at)


@settings(deadline=None)
@given(hours, st.integers(0, 400))
@example([(1, 0, 11, 0), (1, 0, 99, 3), (1, 1, 0, 1), (2, 0, 0, 1), (2, 1, 55, 0)], 0)
def test_a_campaign_is_held_until_the_moment_that_is_named_and_no_longer(
    of: list[tuple[int, int, int, int]], joined: int
) -> None:
    """From then on nothing is over, however many were joined; a moment before, some number of them leaves one over."""
    found = stands(told(of))
    assert (found.until is None) == (found.over == ())
    if found.until is not None:
        assert after_joining(of, found.until, joined).over == ()
        before = found.until - timedelta(seconds=1)
        then = stands(told(of), now=before)
        lacking = {max(0, MIN_ANSWERS - one.answers) for one in (then.day, then.month, then.all_day, then.all_month)}
        assert any(after_joining(of, before, more).over for more in lacking)
