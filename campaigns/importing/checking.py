"""Rows of text → persons, numbers and debts that agree with each other; or problems.

Decides what makes a row bad, and which of two rows about one person wins. Works on a chunk of rows at a time, column
by column; only rows in which something is wrong are looked at one by one.

A different name or day of birth for one addressee number is an error (unless the mapping says otherwise): one of the
two debts would be told to the wrong person. Another address, kana or household only means that one department knows
more than the other: the later row wins, with a warning; a blank cell never wins over a filled one.

Invariant: what is collected comes from good rows only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, NamedTuple

from campaigns.importing.columns import BoundColumns
from campaigns.importing.fields import DEBT_FIELDS, PERSON_FIELDS
from campaigns.importing.mapping import Mapping
from campaigns.importing.phones import Phone
from campaigns.importing.problems import Problem, Problems
from campaigns.importing.reading import Chunk
from campaigns.importing.rows import Record, convert, of_full_width

_NAME, _BORN_ON = PERSON_FIELDS.index("name"), PERSON_FIELDS.index("born_on")
_HOUSEHOLD, _STOP = PERSON_FIELDS.index("household_no"), PERSON_FIELDS.index("contact_stop")
_KEY = ("debt_type", "levy_year", "notice_no", "instalment")
# Differences of a name that don't make another person: spaces and variation selectors.
_VARIATION = re.compile("[\\s\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class Batch(NamedTuple):
    """What one chunk adds to those before it.

    Attributes:
        persons: persons not seen before, as ``PERSON_FIELDS``.
        phones: addressee number, number, kind, rank (1 = first in the file) of numbers not seen with that person.
        debts: as ``DEBT_FIELDS``; their persons are in this batch or an earlier one.
    """

    persons: list[Record]
    phones: list[Record]
    debts: list[Record]


class Checker:
    """Checks one file, chunk after chunk.

    Attributes:
        persons: by addressee number, as ``PERSON_FIELDS``, from all good rows so far.
        phones: by addressee number, in the order given in the file.
        reconciled: addressee numbers whose record differs from the one that their batch held.
        rows: rows seen, good and bad.
    """

    def __init__(self, mapping: Mapping, columns: BoundColumns, problems: Problems) -> None:
        self.persons: dict[str, Record] = {}
        self.phones: dict[str, tuple[Phone, ...]] = {}
        self.reconciled: set[str] = set()
        self.rows = 0
        self._columns = columns
        self._problems = problems
        self._name_conflict_is_warning = mapping.name_conflict == "warning"
        self._first_line: dict[str, int] = {}
        self._keys: dict[Record, int] = {}

    def check(self, chunk: Chunk) -> Batch:
        """What the good rows of `chunk` add."""
        rows, lines, found = of_full_width(self._columns.width, chunk)
        self.rows += len(chunk.rows) + len(chunk.broken)
        if not rows:
            self._problems.of_chunk(found)
            return Batch([], [], [])
        values, numbers, lines = convert(self._columns, rows, lines, found)
        blank = [None] * len(lines)
        self._check_keys(list(zip(*(values[name] for name in _KEY), strict=True)), lines, found)
        persons = self._merge_persons([values.get(name, blank) for name in PERSON_FIELDS], lines, found)
        phones = self._merge_phones(values["addressee_no"], numbers)
        self._problems.of_chunk(found)
        levied = values["levy_year"]
        assessed = values.get("assessment_year", levied)
        values["assessment_year"] = (
            [a or b for a, b in zip(assessed, levied, strict=True)] if None in assessed else assessed
        )
        return Batch(persons, phones, list(zip(*(values.get(name, blank) for name in DEBT_FIELDS), strict=True)))

    def _check_keys(self, keys: list[Record], lines: list[int], found: list[Problem]) -> None:
        fresh = dict(zip(keys, lines, strict=True))
        if len(fresh) == len(keys) and self._keys.keys().isdisjoint(fresh):
            self._keys.update(fresh)
            return
        for key, line in zip(keys, lines, strict=True):
            first = self._keys.setdefault(key, line)
            if first != line:
                found.append(Problem(line, "", "duplicate_key", other_line=first))

    def _merge_persons(self, columns: list[Sequence[Any]], lines: list[int], found: list[Problem]) -> list[Record]:
        persons, first_line = self.persons, self._first_line
        fresh = []
        for person, line in zip(zip(*columns, strict=True), lines, strict=True):
            number = person[0]
            known = persons.setdefault(number, person)
            if known is person:
                first_line[number] = line
                fresh.append(person)
            elif known != person and (merged := self._reconciled(known, person, line, found)) != known:
                persons[number] = merged
                self.reconciled.add(number)
        return fresh

    def _reconciled(self, known: Record, given: Record, line: int, found: list[Problem]) -> Record:
        """One record out of two rows about one person: `given` wins, but for its blanks."""
        first = self._first_line[known[0]]
        merged = [old if new is None else new for old, new in zip(known, given, strict=True)]
        merged[_STOP] = known[_STOP] or given[_STOP]  # a stop in any row is a stop
        changed = {i for i, old in enumerate(known) if old is not None and merged[i] != old} - {_STOP}
        if _same_name(known[_NAME], given[_NAME]):
            merged[_NAME] = known[_NAME]
            changed.discard(_NAME)
        if changed & {_NAME, _BORN_ON}:
            column = self._header(PERSON_FIELDS[min(changed & {_NAME, _BORN_ON})])
            found.append(Problem(line, column, "name_conflict", self._name_conflict_is_warning, first))
        elif _HOUSEHOLD in changed:
            found.append(Problem(line, self._header("household_no"), "household_conflict", True, first))
        elif changed:
            found.append(Problem(line, self._header(PERSON_FIELDS[min(changed)]), "details_conflict", True, first))
        return tuple(merged)

    def _merge_phones(self, addressees: Sequence[str], numbers: list[list[Any]]) -> list[Record]:
        if not numbers:
            return []
        phones = self.phones
        fresh = []
        for addressee, row in zip(addressees, zip(*numbers, strict=True), strict=True):
            given = tuple(filter(None, row))
            if given and (known := phones.get(addressee, ())) != given:
                merged = phones[addressee] = tuple(dict.fromkeys(known + given))  # in order, each number once
                for rank, phone in enumerate(merged[len(known) :], start=len(known) + 1):
                    fresh.append((addressee, phone.number, phone.kind, rank))
        return fresh

    def _header(self, field: str) -> str:
        return next((b.header for b in self._columns.fields if b.field.name == field), "")


def _same_name(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return _VARIATION.sub("", unicodedata.normalize("NFC", name))
