"""Rows of text → payments and promises, or problems.

Decides which rows are bad and which are only left out: a flawed cell in a column with ``invalid = "warning"`` leaves
its row out with a warning, unless the clerk asked for strictness. Whether the debt is held is asked of the database
(``importer``).

Invariant: what is returned comes from good rows only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from campaigns.importing.columns import BoundColumns, bind_columns
from campaigns.importing.converters import plain
from campaigns.importing.fields import Field
from campaigns.importing.intake import Batch, Record, report
from campaigns.importing.payments.fields import PAYMENT_FIELDS, PROMISE_FIELDS, STAGES
from campaigns.importing.payments.mapping import PaymentMapping
from campaigns.importing.problems import Problem, Problems
from campaigns.importing.reading import Chunk
from campaigns.importing.rows import convert, of_full_width

_PAYMENT, _PROMISE, _SKIP = "payment", "promise", "skip"


class Checker:
    """Checks one file, chunk after chunk.

    Args:
        mapping: a checked mapping.
        today: day of the import in Japan.
        strict: what would leave a row out is an error.

    Attributes:
        rows: rows seen, good and bad.
        left_out: lines of rows that were left out with a warning.
        skipped: rows that the mapping leaves out.
    """

    def __init__(
        self, mapping: PaymentMapping, header: Sequence[str], today: date, problems: Problems, *, strict: bool
    ) -> None:
        self.rows = 0
        self.left_out: set[int] = set()
        self.skipped = 0
        self.unused: list[str] = []
        self._problems = problems
        self._width = len(header)
        self._kind = mapping.row_kind
        self._words = mapping.row_kind.words if mapping.row_kind else {}
        self._only = _PAYMENT if mapping.payments else _PROMISE
        self._kind_place = self._find_kind(header)
        words = {"debt_type": mapping.debt_type_words}
        self._columns: dict[str, BoundColumns] = {}
        unused: list[set[str]] = []
        sections = ((_PAYMENT, PAYMENT_FIELDS, mapping.payments), (_PROMISE, PROMISE_FIELDS, mapping.promises))
        for kind, fields, entries in sections:
            if not entries:
                continue
            columns, missing = bind_columns(fields, entries, header, today, words=words)
            for bound in columns.fields:
                bound.lenient = bound.lenient and not strict
            problems.extend(problem for problem in missing if problem not in problems.kept)
            self._columns[kind] = columns
            unused.append(set(columns.unused))
        idle = set.intersection(*unused) - {header[self._kind_place] if self._kind_place is not None else ""}
        self.unused = [name for name in header if name in idle]

    def _find_kind(self, header: Sequence[str]) -> int | None:
        if self._kind is None:
            return None
        titles = [plain(name) for name in header]
        if plain(self._kind.source) not in titles:
            self._problems.add(Problem(1, self._kind.source, "column_missing"))
            return None
        return titles.index(plain(self._kind.source))

    def header_of(self, kind: str, field: str) -> str:
        """The file's name of the column that holds `field` of ``payment`` or ``promise``."""
        return next((b.header for b in self._columns[kind].fields if b.field.name == field), "")

    def check(self, chunk: Chunk) -> Batch:
        """What the good rows of `chunk` add."""
        found = [Problem(line, "", "quoting") for line in chunk.broken]
        rows, lines = of_full_width(self._width, chunk, found)
        self.rows += len(chunk.rows) + len(chunk.broken)
        batch: Batch = {name: [] for name in STAGES}
        for kind, (its_rows, its_lines) in self._sorted(rows, lines, found).items():
            if its_rows and kind == _PAYMENT:
                batch["stage_payment"] = self._payments(its_rows, its_lines, found)
            elif its_rows and kind == _PROMISE:
                batch["stage_promise"] = self._promises(its_rows, its_lines, found)
        report(self._problems, found)
        return batch

    def _sorted(
        self, rows: list[list[str]], lines: list[int], found: list[Problem]
    ) -> Mapping[str, tuple[list[list[str]], list[int]]]:
        if self._kind_place is None or self._kind is None:
            return {self._only: (rows, lines)}
        parts: dict[str, tuple[list[list[str]], list[int]]] = {k: ([], []) for k in (_PAYMENT, _PROMISE)}
        for row, line in zip(rows, lines, strict=True):
            kind = self._words.get(plain(row[self._kind_place]))
            if kind is None:
                found.append(Problem(line, self._kind.source, "row_kind_unknown"))
            elif kind == _SKIP:
                self.skipped += 1
            else:
                parts[kind][0].append(row)
                parts[kind][1].append(line)
        return parts

    def _good(
        self, kind: str, fields: Mapping[str, Field], rows: list[list[str]], lines: list[int], found: list[Problem]
    ) -> list[dict[str, Any]]:
        """The rows that have all they must have, each with its line."""
        values, _, lines = convert(self._columns[kind], rows, lines, found)
        names = [name for name in fields if name in values]
        required = [name for name in names if fields[name].required]
        good = []
        for line, *row in zip(lines, *(values[name] for name in names), strict=True):
            given = dict(zip(names, row, strict=True), line=line)
            if None in [given[name] for name in required]:
                self.left_out.add(line)
            else:
                good.append(given)
        return good

    def _payments(self, rows: list[list[str]], lines: list[int], found: list[Problem]) -> list[Record]:
        lenient = any(b.lenient for b in self._columns[_PAYMENT].fields if b.field.name == "amount_yen")
        header = self.header_of(_PAYMENT, "amount_yen") or PAYMENT_FIELDS["amount_yen"].label
        payments = []
        for given in self._good(_PAYMENT, PAYMENT_FIELDS, rows, lines, found):
            amount = given.get("amount_yen")
            settled, taken_back = bool(given.get("settled")), bool(given.get("taken_back"))
            if not amount and not settled:
                found.append(Problem(given["line"], header, "amount_missing", lenient))
                if lenient:
                    self.left_out.add(given["line"])
                continue
            given["amount_yen"] = abs(amount) if amount else None
            given["taken_back"] = taken_back or bool(amount and amount < 0)
            given["settled"] = settled
            given["receipt_no"] = given.get("receipt_no") or ""
            payments.append(tuple(given[name] for name in STAGES["stage_payment"]))
        return payments

    def _promises(self, rows: list[list[str]], lines: list[int], found: list[Problem]) -> list[Record]:
        header = self.header_of(_PROMISE, "due_on")
        promises = []
        for given in self._good(_PROMISE, PROMISE_FIELDS, rows, lines, found):
            if given["due_on"] < given["made_on"]:
                found.append(Problem(given["line"], header, "promise_before_made"))
                continue
            given["amount_yen"] = given.get("amount_yen") or None
            promises.append(tuple(given.get(name) for name in STAGES["stage_promise"]))
        return promises
