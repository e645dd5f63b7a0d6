"""Times and moments as former systems write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.importing.dates import FORMS
from campaigns.importing.problems import Flaw
from campaigns.importing.times import read_moment, read_time

ALL = tuple(FORMS.values())
LOWEST, HIGHEST = date(2020, 1, 1), date(2026, 11, 20)
AT_0905 = datetime(2026, 11, 20, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["9:05", "09:05", "９：０５", "9:05:00", "9時5分", "午前9時05分", "AM 9:05", "0905", "905", "090500"]
)
def test_times_are_read_in_every_way_that_offices_write_them(text: str) -> None:
    """Digits of any width, with or without separators and leading zeros."""
    assert read_time(text) == 9 * 3600 + 5 * 60


@pytest.mark.parametrize(
    ("text", "hour"), [("9", 9), ("17時", 17), ("0", 0), ("午後5時", 17), ("午後12時", 12), ("午前12時", 0)]
)
def test_an_hour_alone_is_a_time(text: str, hour: int) -> None:
    """Some systems keep records to the hour; noon and midnight are told apart."""
    assert read_time(text) == hour * 3600


@pytest.mark.parametrize("text", ["24:00", "9:60", "9:05:60", "2460", "昼", "午後13時", "9:05 頃", "-1", "123456789"])
def test_what_is_no_time_is_refused(text: str) -> None:
    """A wrong hour would teach a wrong kind of hour."""
    assert read_time(text) == Flaw("time_invalid")


@given(st.integers(0, 86_399))
def test_every_second_of_the_day_is_read_back(second: int) -> None:
    """As digits and with colons."""
    hour, minute, rest = second // 3600, second // 60 % 60, second % 60
    assert read_time(f"{hour}:{minute:02d}:{rest:02d}") == second
    assert read_time(f"{hour:02d}{minute:02d}{rest:02d}") == second


@pytest.mark.parametrize(
    "text",
    ["2026/11/20 9:05", "2026-11-20T09:05:00", "202611200905", "20261120090500", "令和8年11月20日 9時05分",
     "令和8年11月20日9:05", "R8.11.20　09:05"],
)  # fmt: skip
def test_a_moment_in_one_column_is_japanese_time(text: str) -> None:
    """UTC in the result."""
    assert read_moment(text, ALL, LOWEST, HIGHEST) == AT_0905


@pytest.mark.parametrize(
    ("text", "code"),
    [("2026/11/21 9:05", "date_range"), ("2026/11/31 9:05", "date_invalid"),
     ("2026/11/20 25:00", "time_invalid"), ("昨日 9:05", "date_invalid"), ("x", "date_invalid")],
)  # fmt: skip
def test_a_moment_that_is_none_says_why(text: str, code: str) -> None:
    """No record comes from the future."""
    assert read_moment(text, ALL, LOWEST, HIGHEST) == Flaw(code)


def test_a_day_without_a_time_is_no_moment() -> None:
    """It counts as blank: there is nothing wrong with it, but it tells no hour."""
    assert read_moment("2026/11/20", ALL, LOWEST, HIGHEST) is None
