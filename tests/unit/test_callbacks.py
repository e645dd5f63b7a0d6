"""Which hours can be agreed for a callback."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest

from campaigns.calendar import JST
from campaigns.callbacks import LONGEST_AHEAD, CallbackInvalid, check_hour
from campaigns.campaign import DEFAULT_WINDOWS
from campaigns.opening.hours import Hours
from campaigns.opening.operating import calendar_of_windows
from tests.fixtures_people import TUESDAY

OFFICE: Hours = calendar_of_windows(DEFAULT_WINDOWS, {})
NEVER: Hours = calendar_of_windows((), {})


def jst(day: int, hour: int, minute: int = 0) -> datetime:
    """An hour of November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=JST)


@pytest.mark.parametrize(
    "due_at", [TUESDAY + timedelta(seconds=1), jst(24, 19, 59), jst(28, 9), TUESDAY + LONGEST_AHEAD]
)
def test_an_hour_in_which_the_campaign_calls_can_be_agreed(due_at: datetime) -> None:
    """In a moment, this evening, on Saturday, in sixty days."""
    check_hour(due_at, [OFFICE], TUESDAY)


@pytest.mark.parametrize(
    ("due_at", "said"),
    [
        (TUESDAY, "過ぎています"),
        (TUESDAY - timedelta(days=1), "過ぎています"),
        (TUESDAY + LONGEST_AHEAD + timedelta(seconds=1), "60日以内"),
        (jst(24, 20), "次に架電できるのは11月25日(水) 9:00から"),
        (jst(28, 17), "次に架電できるのは11月29日(日) 9:00から"),
        (datetime(2026, 12, 29, 10, tzinfo=JST), "次に架電できるのは1月4日(月) 9:00から"),
    ],
    ids=["now", "yesterday", "too far", "after hours", "Saturday evening", "end of the year"],
)
def test_an_hour_in_which_nobody_calls_is_refused_with_the_next_that_could_be(due_at: datetime, said: str) -> None:
    """In Japanese, for the agent who has the person on her screen."""
    with pytest.raises(CallbackInvalid, match=re.escape(said)):
        check_hour(due_at, [OFFICE], TUESDAY)


def test_one_campaign_that_is_open_is_enough() -> None:
    """Of an inbound call: whichever of the person's campaigns calls then."""
    check_hour(jst(24, 19), [NEVER, OFFICE], TUESDAY)
    with pytest.raises(CallbackInvalid, match=r"架電時間外です。$"):
        check_hour(jst(24, 19), [NEVER], TUESDAY)


def test_without_a_campaign_any_hour_can_be_agreed() -> None:
    """Who is on no list is called when some campaign takes him up."""
    check_hour(jst(24, 23), [], TUESDAY)
