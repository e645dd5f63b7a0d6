"""Puts a mapping and a file's header together: which place in a row is which field, read how.

Decides which of the alternative names is used and what a blank cell means. Converters are made once for a file;
nothing here is done for each row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from datetime import date
from functools import partial

from campaigns.importing import converters as c
from campaigns.importing.dates import FORMS
from campaigns.importing.fields import FIELDS, PHONE_FIELD, Field
from campaigns.importing.mapping import ColumnEntry, Mapping
from campaigns.importing.problems import Flaw, Problem

FieldsOf = MappingOf[str, Field]
EntriesOf = MappingOf[str, ColumnEntry]
WordsOf = MappingOf[str, MappingOf[str, str]]


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

    def header_of(self, *names: str) -> str:
        """The file's name of the column that holds the first of the fields `names` that the file has; else empty."""
        return next((bound.header for bound in self.fields if bound.field.name in names), "")


def bind(mapping: Mapping, header: Sequence[str], today: date) -> tuple[BoundColumns, list[Problem]]:
    """The columns of a debts' file with `header`, and what is missing or double in it (line 1).

    Args:
        mapping: a checked mapping.
        header: the file's first row.
        today: day of the import in Japan; no one is born and nothing is paid after it.
    """
    debt_types = {c.plain(value): kind.code for kind in mapping.debt_types for value in kind.values}
    return bind_columns(
        FIELDS, mapping.columns, header, today, words={"debt_type": debt_types}, phones=mapping.phones
    )  # fmt: skip


def bind_columns(
    fields: FieldsOf,
    entries: EntriesOf,
    header: Sequence[str],
    today: date,
    *,
    words: WordsOf,
    phones: Sequence[ColumnEntry] = (),
) -> tuple[BoundColumns, list[Problem]]:
    """The same for any kind of file.

    Args:
        fields: all fields that this kind of file may have.
        entries: the mapping's columns, by field.
        header: the file's first row.
        today: day of the import in Japan.
        words: for converters that know a list of words: the file's word in ``plain`` form → ours.
        phones: the mapping's columns of numbers.
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
        column = _converter(field, entry, today, words)
        return BoundColumn(field, title, place, column, entry.default, entry.invalid == "warning")

    columns = [bound(fields[name], entries[name]) for name in fields if name in entries]
    calls = [b for b in (bound(PHONE_FIELD, entry) for entry in phones) if b is not None]
    present = [b for b in columns if b is not None]
    used = {b.place for b in present + calls}
    unused = [name for place, name in enumerate(header) if place not in used and name.strip()]
    return BoundColumns(len(header), present, calls, unused), problems


def _converter(field: Field, entry: ColumnEntry, today: date, words: WordsOf) -> c.Column:
    name = entry.convert or field.converter
    blank = Flaw("required") if field.required else None
    if name == "text":
        return c.Text(max_length=field.max_length or 40, required=field.required)
    return c.Cached(_reader(name, field, entry, today, words), blank)


def _reader(name: str, field: Field, entry: ColumnEntry, today: date, words: WordsOf) -> Callable[[str], object]:
    forms = tuple(FORMS[form] for form in entry.forms)
    highest = field.highest or today
    match name:
        case "date":
            return partial(c.read_date, forms=forms, lowest=field.lowest, highest=highest)
        case "moment":
            return partial(c.read_moment, forms=forms, lowest=field.lowest, highest=highest)
        case "time":
            return c.read_time
        case "year":
            return partial(c.read_year, era=entry.era)
        case "instalment":
            return partial(c.read_instalment, table={k: int(v) for k, v in entry.table.items()})
        case "yen":
            return partial(c.read_yen, none=frozenset(entry.none))
        case "payment_yen":
            return c.read_payment_yen
        case "flag":
            return partial(c.read_flag, yes=frozenset(entry.yes), no=frozenset(entry.no))
        case "choice":
            return partial(c.read_choice, table={c.plain(k): str(v) for k, v in entry.table.items()})
        case "debt_type" | "direction" | "result":
            return partial(c.read_choice, table=words[name], code=f"{name}_unknown")
        case "promised_type":
            return partial(c.read_promised_type, table=words["debt_type"], none=frozenset(map(c.plain, entry.none)))
        case "phone":
            return partial(c.read_phone, area_code=entry.area_code)
        case "postal_code":
            return c.read_postal_code
        case _:
            return c.read_code
