"""Lines of the campaign and the trunk, lines kept for callers, calls per second."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.pacing.limits import LimitedBy, LinesFree, lines_free, within
from dialer.pacing.policy import Decision


@pytest.mark.parametrize(
    ("campaign_lines", "campaign_calls", "spare", "calls", "callers", "expected"),
    [
        (5, 2, 0, 4, 0, LinesFree(3, LimitedBy.CAMPAIGN_LINES)),
        (30, 2, 0, 8, 0, LinesFree(2, LimitedBy.TRUNK_LINES)),
        (30, 2, 3, 4, 0, LinesFree(3, LimitedBy.TRUNK_LINES)),
        (30, 2, 3, 4, 2, LinesFree(3, LimitedBy.TRUNK_LINES)),
        (30, 2, 3, 4, 5, LinesFree(1, LimitedBy.TRUNK_LINES)),
        (30, 2, 3, 8, 0, LinesFree(0, LimitedBy.TRUNK_LINES)),
    ],
    ids=["the campaign's", "the trunk's", "spare", "callers use spare lines", "more callers than spare", "none left"],
)
def test_the_nearest_limit_of_lines_holds(
    campaign_lines: int, campaign_calls: int, spare: int, calls: int, callers: int, expected: LinesFree
) -> None:
    """A trunk of 10 lines; people who call take the lines kept for them first."""
    found = lines_free(
        campaign_lines=campaign_lines, campaign_calls=campaign_calls, trunk_lines=10, spare_lines=spare,
        calls=calls, callers=callers,
    )  # fmt: skip
    assert found == expected


@given(st.integers(1, 100), st.integers(0, 100), st.integers(0, 20), st.integers(0, 100), st.integers(0, 100))
def test_calls_and_spare_lines_never_pass_the_trunk(
    campaign_lines: int, place: int, spare: int, calls: int, callers: int
) -> None:
    """Whatever a policy wants: if calls are added, spare lines and callers still have their lines."""
    lines = lines_free(
        campaign_lines=campaign_lines, campaign_calls=0, trunk_lines=60, spare_lines=spare, calls=calls, callers=callers
    )
    placed = within(Decision(place, "x"), lines, 1000)[0].place
    assert placed <= campaign_lines
    assert placed == 0 or calls + placed + max(spare, callers) <= 60


@pytest.mark.parametrize(
    ("place", "free", "rate", "expected"),
    [(3, 5, 5, (3, None)), (5, 3, 5, (3, LimitedBy.TRUNK_LINES)), (5, 4, 2, (2, LimitedBy.RATE)),
     (3, 3, 9, (3, LimitedBy.TRUNK_LINES)), (0, 3, 0, (0, None))],
)  # fmt: skip
def test_a_decision_says_which_limit_it_reached(
    place: int, free: int, rate: int, expected: tuple[int, LimitedBy | None]
) -> None:
    """The trace and the supervisor see what held it back."""
    limited, by = within(Decision(place, "x"), LinesFree(free, LimitedBy.TRUNK_LINES), rate)
    assert (limited.place, by) == expected
