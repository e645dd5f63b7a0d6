"""Dates and fiscal years as Japanese offices write them → ``date`` and ``int``.

Decides the forms that are understood; a mapping names the ones that its file uses.

| form | examples |
|---|---|
| ``yyyymmdd`` | 20261130 |
| ``y/m/d`` | 2026/11/30, 2026-1-5, 2026.11.30, 2026年11月30日 |
| ``era`` | R8.11.30, 令和8年11月30日, H31/4/1, 令和元年5月1日, 令8.11.30 |
| ``era_code`` | 5081130 (1 明治 … 5 令和, then yymmdd) |

Years past the end of an era are counted on (平成31年11月 = 2019-11), as notices printed before the change have them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import date

from campaigns.importing.problems import Flaw

# Year 1 of each era, less one. Source: 元号法 and 政令 (令和 2019-05-01).
_ERA_BASE = {"明": 1867, "大": 1911, "昭": 1925, "平": 1988, "令": 2018}
_ERA_LETTER = {"M": "明", "T": "大", "S": "昭", "H": "平", "R": "令"}
_ERA_CODE = {"1": "明", "2": "大", "3": "昭", "4": "平", "5": "令"}

_ERA = r"(?P<era>明治?|大正?|昭和?|平成?|令和?|[MTSHRmtshr])\s*(?P<year>\d{1,2}|元)"
_ERA_DATE = re.compile(_ERA + r"\s*[年./-]\s*(?P<month>\d{1,2})\s*[月./-]\s*(?P<day>\d{1,2})\s*日?")
_ERA_YEAR = re.compile(_ERA + r"\s*(?:年度?)?")
_Y_M_D = re.compile(r"(?P<year>\d{4})\s*[年./-]\s*(?P<month>\d{1,2})\s*[月./-]\s*(?P<day>\d{1,2})\s*日?")
_PLAIN_YEAR = re.compile(r"(?P<year>\d{1,4})\s*(?:年度?)?")
_FULL_YEAR = 1000

MIN_YEAR, MAX_YEAR = 1950, 2100


def _era_year(era: str, year: str) -> int:
    first = _ERA_LETTER.get(era.upper(), era[0])
    return _ERA_BASE[first] + (1 if year == "元" else int(year))


def _yyyymmdd(text: str) -> date | None:
    if len(text) != 8 or not text.isdigit():
        return None
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _y_m_d(text: str) -> date | None:
    found = _Y_M_D.fullmatch(text)
    return date(int(found["year"]), int(found["month"]), int(found["day"])) if found else None


def _era_date(text: str) -> date | None:
    found = _ERA_DATE.fullmatch(text)
    return date(_era_year(found["era"], found["year"]), int(found["month"]), int(found["day"])) if found else None


def _era_code(text: str) -> date | None:
    if len(text) != 7 or not text.isdigit() or text[0] not in _ERA_CODE:
        return None
    return date(_era_year(_ERA_CODE[text[0]], text[1:3]), int(text[3:5]), int(text[5:]))


FORMS: dict[str, Callable[[str], date | None]] = {
    "yyyymmdd": _yyyymmdd,
    "y/m/d": _y_m_d,
    "era": _era_date,
    "era_code": _era_code,
}


def read_date(text: str, forms: tuple[Callable[[str], date | None], ...], lowest: date, highest: date) -> date | Flaw:
    """The date in `text`, by the first of `forms` that fits it; both bounds are allowed values."""
    text = unicodedata.normalize("NFKC", text).strip()
    for form in forms:
        try:
            value = form(text)
        except ValueError:  # looks like this form, but is no day: 20260231
            return Flaw("date_invalid")
        if value is not None:
            return value if lowest <= value <= highest else Flaw("date_range")
    return Flaw("date_invalid")


def read_year(text: str, era: str = "") -> int | Flaw:
    """The fiscal year in `text`: 2025, R7, 令和7年度; a bare 7 is counted in `era` (``令和``) when given."""
    text = unicodedata.normalize("NFKC", text).strip()
    if found := _ERA_YEAR.fullmatch(text):
        year = _era_year(found["era"], found["year"])
    elif found := _PLAIN_YEAR.fullmatch(text):
        year = int(found["year"])
        if year < _FULL_YEAR and era:
            year = _era_year(era, found["year"])
    else:
        return Flaw("year_invalid")
    return year if MIN_YEAR <= year <= MAX_YEAR else Flaw("year_invalid")
