"""Values as a city's file writes them, so that the mapping's own converter reads them back."""

from __future__ import annotations

from datetime import date

from campaigns.importing.mapping import ColumnEntry

ENCODINGS = {"auto": "utf-8-sig", "utf-16": "utf-16", "cp932": "cp932"}
"""What a file of a mapping with this ``encoding`` is written in; others are written as they are named."""

_ERAS = ((date(2019, 5, 1), "令和", 2018, "5"), (date(1989, 1, 8), "平成", 1988, "4"), (date.min, "昭和", 1925, "3"))
_REIWA_BASE = 2018


def written_year(year: int, entry: ColumnEntry) -> str:
    """A levy year, 2019 or later when the column counts in an era."""
    return f"{year - _REIWA_BASE:02d}" if entry.era else str(year)


def written_date(day: date, entry: ColumnEntry) -> str:
    """A day, in the first form that the column has."""
    form = entry.forms[0]
    if form == "yyyymmdd":
        return f"{day:%Y%m%d}"
    if form == "y/m/d":
        return f"{day:%Y/%m/%d}"
    _, era, base, code = next(e for e in _ERAS if day >= e[0])
    if form == "era_code":
        return f"{code}{day.year - base:02d}{day:%m%d}"
    return f"{era}{day.year - base}年{day.month}月{day.day}日"


def written_flag(value: bool, entry: ColumnEntry) -> str:
    """Yes or no in the first word that the column has for it."""
    words = entry.yes if value else entry.no
    return words[0] if words else ""
