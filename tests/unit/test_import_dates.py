"""Dates and years as offices write them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.importing.dates import FORMS, read_date, read_year
from campaigns.importing.problems import Flaw

LOWEST, HIGHEST = date(1900, 1, 1), date(2100, 12, 31)
ALL = tuple(FORMS.values())


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("20261130", date(2026, 11, 30)),
        ("２０２６１１３０", date(2026, 11, 30)),
        ("2026/11/30", date(2026, 11, 30)),
        ("2026-1-5", date(2026, 1, 5)),
        ("2026年1月5日", date(2026, 1, 5)),
        ("R8.11.30", date(2026, 11, 30)),
        ("r08/11/30", date(2026, 11, 30)),
        ("令和8年11月30日", date(2026, 11, 30)),
        ("令8.11.30", date(2026, 11, 30)),
        ("令和元年5月1日", date(2019, 5, 1)),
        ("H31.4.30", date(2019, 4, 30)),
        ("平成31年11月30日", date(2019, 11, 30)),
        ("S20.8.15", date(1945, 8, 15)),
        ("昭和６４年１月７日", date(1989, 1, 7)),
        ("5081130", date(2026, 11, 30)),
        ("3200815", date(1945, 8, 15)),
    ],
)
def test_a_day_is_read_in_each_form(text: str, day: date) -> None:
    """Western, era and code forms, in half or full width."""
    assert read_date(text, ALL, LOWEST, HIGHEST) == day


@pytest.mark.parametrize("text", ["20260231", "令和8年13月1日", "S20.00.00", "R.1.1", "2026", "明日", "9081130", "0"])
def test_what_is_no_day_is_refused(text: str) -> None:
    """A wrong day must not become a neighbouring one."""
    assert read_date(text, ALL, LOWEST, HIGHEST) == Flaw("date_invalid")


def test_a_form_that_the_mapping_does_not_name_is_not_guessed() -> None:
    """5081130 is a day only where the mapping says that codes are used."""
    assert read_date("5081130", (FORMS["yyyymmdd"],), LOWEST, HIGHEST) == Flaw("date_invalid")


def test_a_day_out_of_bounds_is_refused() -> None:
    """Nobody is born tomorrow."""
    assert read_date("20261201", ALL, LOWEST, date(2026, 11, 30)) == Flaw("date_range")
    assert read_date("20261130", ALL, LOWEST, date(2026, 11, 30)) == date(2026, 11, 30)


@given(st.dates(date(2019, 5, 1), date(2099, 12, 31)))
def test_every_day_of_reiwa_is_the_same_in_all_forms(day: date) -> None:
    """The forms agree with each other."""
    year = day.year - 2018
    texts = [f"{day:%Y%m%d}", f"{day:%Y/%m/%d}", f"R{year}.{day.month}.{day.day}", f"5{year:02d}{day:%m%d}"]
    assert {read_date(text, ALL, LOWEST, HIGHEST) for text in texts} == {day}


@pytest.mark.parametrize(
    ("text", "era", "year"),
    [
        ("2025", "", 2025),
        ("２０２５年度", "", 2025),
        ("R7", "", 2025),
        ("令和７年度", "", 2025),
        ("H30", "", 2018),
        ("07", "令和", 2025),
    ],
)
def test_a_fiscal_year_is_read_in_each_form(text: str, era: str, year: int) -> None:
    """調定年度 and 賦課年度 come as western years, era years, or bare numbers of a known era."""
    assert read_year(text, era) == year


@pytest.mark.parametrize("text", ["7", "今年", "1234", "20255"])
def test_a_year_that_is_none_is_refused(text: str) -> None:
    """A bare 7 means nothing unless the mapping names the era."""
    assert read_year(text) == Flaw("year_invalid")
