"""Made-up people → a city's file in the columns, forms and encoding of a mapping, and the population file.

Decides how each of our fields is written so that the mapping's own converter reads it back.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from campaigns.importing.fields import FIELDS, PHONE_FIELD
from campaigns.importing.mapping import ColumnEntry, Mapping
from dialer.simulation.people import Debt, PeopleMaker, Person
from dialer.simulation.written import ENCODINGS, written_date, written_flag, written_year

_DEFAULT_AREA = "025"
_MOBILE_DIGITS, _MOBILE_HEAD = 11, 3

Cell = Callable[[Person, Debt], str]


def write_people(path: Path, mapping: Mapping, rows: int, seed: int, *, scripted: bool = False) -> list[Person]:
    """Write `rows` debts of made-up people to `path`; return the people.

    Args:
        path: overwritten.
        mapping: gives columns, forms, encoding and debt types.
        rows: debts, that is lines below the header; 1 or more.
        seed: the same seed gives the same bytes.
        scripted: numbers end with digits that script the simulated carrier.

    Raises:
        ValueError: more rows than there are made-up numbers.
    """
    encoding = ENCODINGS.get(mapping.encoding, mapping.encoding)
    maker = PeopleMaker(
        seed, debt_types=len(mapping.debt_types), area_code=_area_code(mapping), postal_prefix="950",
        encoding=encoding, scripted=scripted,
    )  # fmt: skip
    people = list(maker.people(rows))
    write_file(path, mapping, people)
    return people


def write_file(path: Path, mapping: Mapping, people: Iterable[Person]) -> None:
    """Write the debts of `people` to `path`, which is overwritten."""
    encoding = ENCODINGS.get(mapping.encoding, mapping.encoding)
    columns = list(_columns(mapping))
    with path.open("w", encoding=encoding, newline="") as out:
        writer = csv.writer(out, delimiter=mapping.delimiter, lineterminator="\r\n")
        writer.writerow([header for header, _ in columns])
        for person in people:
            for debt in person.debts:
                writer.writerow([cell(person, debt) for _, cell in columns])


def _area_code(mapping: Mapping) -> str:
    """The landlines' area code: that of the caller ids, which end with 00x-xxxx."""
    national = "0" + mapping.debt_types[0].caller_id.removeprefix("+81")
    head = national[:-6].rstrip("0")
    return head if len(head) > 1 else _DEFAULT_AREA


def _columns(mapping: Mapping) -> Iterator[tuple[str, Cell]]:
    for name, entry in mapping.columns.items():
        if any(entry.names):
            yield entry.names[0], _cell(mapping, name, entry)
    area = len(_area_code(mapping))
    for rank, entry in enumerate(mapping.phones):
        yield entry.names[0], _phone_cell(rank, area)


def _phone_cell(rank: int, area_digits: int) -> Cell:
    return lambda person, debt: _hyphened(person.phones[rank], area_digits) if rank < len(person.phones) else ""


def _hyphened(number: str, area_digits: int) -> str:
    """National digits as people write them: 090-0000-1234, 025-000-1234, 0463-00-1234."""
    head = _MOBILE_HEAD if len(number) == _MOBILE_DIGITS else area_digits
    return f"{number[:head]}-{number[head:-4]}-{number[-4:]}"


def _cell(mapping: Mapping, name: str, entry: ColumnEntry) -> Cell:
    unfixed = entry.none[0] if entry.none else ""
    language = {str(code): word for word, code in entry.table.items()}
    kinds = [kind.values for kind in mapping.debt_types]
    cells: dict[str, Cell] = {
        "addressee_no": lambda p, d: p.addressee_no,
        "household_no": lambda p, d: p.household_no,
        "name": lambda p, d: p.name,
        "kana": lambda p, d: p.kana,
        "postal_code": lambda p, d: f"{p.postal_code[:3]}-{p.postal_code[3:]}",
        "address": lambda p, d: p.address,
        "born_on": lambda p, d: written_date(p.born_on, entry),
        "language": lambda p, d: language.get(p.language, ""),
        "contact_stop": lambda p, d: written_flag(p.is_stopped, entry),
        "debt_type": lambda p, d: kinds[d.kind][int(d.notice_no) % len(kinds[d.kind])],
        "assessment_year": lambda p, d: written_year(d.levy_year, entry),
        "levy_year": lambda p, d: written_year(d.levy_year, entry),
        "notice_no": lambda p, d: d.notice_no,
        "instalment": lambda p, d: str(d.instalment),
        "due_on": lambda p, d: written_date(d.due_on, entry),
        "principal_yen": lambda p, d: str(d.principal_yen),
        "late_charge_yen": lambda p, d: unfixed if d.late_charge_yen is None else str(d.late_charge_yen),
        "remark": lambda p, d: d.remark,
        "paid": lambda p, d: written_flag(d.paid_on is not None, entry),
        "paid_on": lambda p, d: written_date(d.paid_on, entry) if d.paid_on else "",
    }
    assert set(cells) == set(FIELDS)
    assert name != PHONE_FIELD.name
    return cells[name]
