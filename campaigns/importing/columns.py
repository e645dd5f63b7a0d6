"""Puts a mapping and a file's header together: which place in a row is which field, read how.

Decides which of the alternative names is used and what a blank cell means. Converters are made once for a file;
nothing here is done for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from campaigns.importing import converters as c
from campaigns.importing.dates import FORMS
from campaigns.importing.fields import FIELDS, PHONE_FIELD, Field
from campaigns.importing.mapping import ColumnEntry, Mapping
from campaigns.importing.problems import Flaw, Problem


@dataclass(slots=True)
class BoundColumn:
    """One field of one file.

    Attributes:
        header: the column's name as the file writes it; empty when the mapping gives a constant.
        place: index in a row; None when the mapping gives a constant.
        default: stands for a blank cell.
    """

    field: Field
    header: str
    place: int | None
    column: c.Column
    default: str
    lenient: bool


@dataclass(slots=True)
class BoundColumns:
    """All fields of one file."""

    width: int
    fields: list[BoundColumn]
    phones: list[BoundColumn]
    unused: list[str]


def bind(mapping: Mapping, header: Sequence[str], today: date) -> tuple[BoundColumns, list[Problem]]:
    """The columns of a file with `header`, and what is missing or double in it (line 1).

    Args:
        mapping: a checked mapping.
        header: the file's first row.
        today: day of the import in Japan; no one is born and nothing is paid after it.
    """
    titles = [c.plain(name) for name in header]
    problems: list[Problem] = []

    def bound(field: Field, entry: ColumnEntry) -> BoundColumn | None:
        place = next((titles.index(n) for n in map(c.plain, entry.names) if n in titles), None)
        if place is None and any(entry.names) and not entry.optional:
            problems.append(Problem(1, " / ".join(entry.names), "column_missing"))
            return None
        if place is None and not entry.default:
            return None
        if place is not None and titles.count(titles[place]) > 1:
            problems.append(Problem(1, header[place], "column_twice"))
        title = "" if place is None else header[place].strip()
        column = _converter(mapping, field, entry, today)
        return BoundColumn(field, title, place, column, entry.default, entry.invalid == "warning")

    fields = [bound(FIELDS[name], mapping.columns[name]) for name in FIELDS if name in mapping.columns]
    phones = [bound(PHONE_FIELD, entry) for entry in mapping.phones]
    present = [b for b in fields if b is not None]
    calls = [b for b in phones if b is not None]
    used = {b.place for b in present + calls}
    unused = [name for place, name in enumerate(header) if place not in used and name.strip()]
    return BoundColumns(len(header), present, calls, unused), problems


def _converter(mapping: Mapping, field: Field, entry: ColumnEntry, today: date) -> c.Column:
    name = entry.convert or field.converter
    blank = Flaw("required") if field.required else None
    if name == "text":
        return c.Text(max_length=field.max_length or 40, required=field.required)
    return c.Cached(_reader(name, mapping, field, entry, today), blank)


def _reader(name: str, mapping: Mapping, field: Field, entry: ColumnEntry, today: date) -> Callable[[str], object]:
    match name:
        case "date":
            forms = tuple(FORMS[form] for form in entry.forms)
            return partial(c.read_date, forms=forms, lowest=field.lowest, highest=field.highest or today)
        case "year":
            return partial(c.read_year, era=entry.era)
        case "instalment":
            return partial(c.read_instalment, table={k: int(v) for k, v in entry.table.items()})
        case "yen":
            return partial(c.read_yen, none=frozenset(entry.none))
        case "flag":
            return partial(c.read_flag, yes=frozenset(entry.yes), no=frozenset(entry.no))
        case "choice":
            return partial(c.read_choice, table={c.plain(k): str(v) for k, v in entry.table.items()})
        case "debt_type":
            table = {c.plain(value): kind.code for kind in mapping.debt_types for value in kind.values}
            return partial(c.read_choice, table=table, code="debt_type_unknown")
        case "phone":
            return partial(c.read_phone, area_code=entry.area_code)
        case "postal_code":
            return c.read_postal_code
        case _:
            return c.read_code
