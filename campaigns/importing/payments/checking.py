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

from campaigns.importing.converters import plain
from campaigns.importing.fields import Field
from campaigns.importing.intake_checking import Batch, RowChecker
from campaigns.importing.payments.fields import PAYMENT_FIELDS, PROMISE_FIELDS, STAGES
from campaigns.importing.payments.mapping import PaymentMapping
from campaigns.importing.problems import Problem, Problems
from campaigns.importing.rows import Record, convert

_PAYMENT, _PROMISE, _SKIP = "payment", "promise", "skip"


class Checker(RowChecker):
    """A ``RowChecker`` of payments and promises.

    Args:
        mapping: a checked mapping.

    Attributes:
        columns: of each kind of row that the mapping knows, ``payment`` and ``promise``.
    """

    def __init__(
        self, mapping: PaymentMapping, header: Sequence[str], today: date, problems: Problems, *, strict: bool
    ) -> None:
        super().__init__(header, today, problems, strict=strict)
        self._kind = mapping.row_kind
        self._words = mapping.row_kind.words if mapping.row_kind else {}
        self._only = _PAYMENT if mapping.payments else _PROMISE
        self._kind_place = self._find_kind(header)
        words = {"debt_type": mapping.debt_type_words}
        sections = ((_PAYMENT, PAYMENT_FIELDS, mapping.payments), (_PROMISE, PROMISE_FIELDS, mapping.promises))
        self.columns = {kind: self._bind(fields, entries, words) for kind, fields, entries in sections if entries}
        unused = [set(columns.unused) for columns in self.columns.values()]
        idle = set.intersection(*unused) - {header[self._kind_place] if self._kind_place is not None else ""}
        self.unused = [name for name in header if name in idle]

    def _find_kind(self, header: Sequence[str]) -> int | None:
        if self._kind is None:
            return None
        titles = [plain(name) for name in header]
        if plain(self._kind.source) not in titles:
            self.problems.add(Problem(1, self._kind.source, "column_missing"))
            return None
        return titles.index(plain(self._kind.source))

    def _read(self, rows: list[list[str]], lines: list[int], found: list[Problem]) -> Batch:
        batch: Batch = {name: [] for name in STAGES}
        for kind, (its_rows, its_lines) in self._sorted(rows, lines, found).items():
            if its_rows and kind == _PAYMENT:
                batch["stage_payment"] = self._payments(its_rows, its_lines, found)
            elif its_rows and kind == _PROMISE:
                batch["stage_promise"] = self._promises(its_rows, its_lines, found)
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
        values, _, lines = convert(self.columns[kind], rows, lines, found)
        names = [name for name in fields if name in values]
        required = [name for name in names if fields[name].required]
        good = []
        for line, *row in zip(lines, *(values[name] for name in names), strict=True):
            given = dict(zip(names, row, strict=True), line=line)
            if None in [given[name] for name in required]:
                self.left_out += 1
            else:
                good.append(given)
        return good

    def _payments(self, rows: list[list[str]], lines: list[int], found: list[Problem]) -> list[Record]:
        lenient = any(b.lenient for b in self.columns[_PAYMENT].fields if b.field.name == "amount_yen")
        header = self.columns[_PAYMENT].header_of("amount_yen") or PAYMENT_FIELDS["amount_yen"].label
        payments = []
        for given in self._good(_PAYMENT, PAYMENT_FIELDS, rows, lines, found):
            amount = given.get("amount_yen")
            settled, taken_back = bool(given.get("settled")), bool(given.get("taken_back"))
            if not amount and not settled:
                found.append(Problem(given["line"], header, "amount_missing", lenient))
                self.left_out += lenient
                continue
            given["amount_yen"] = abs(amount) if amount else None
            given["taken_back"] = taken_back or bool(amount and amount < 0)
            given["settled"] = settled
            given["receipt_no"] = given.get("receipt_no") or ""
            payments.append(tuple(given[name] for name in STAGES["stage_payment"]))
        return payments

    def _promises(self, rows: list[list[str]], lines: list[int], found: list[Problem]) -> list[Record]:
        header = self.columns[_PROMISE].header_of("due_on")
        promises = []
        for given in self._good(_PROMISE, PROMISE_FIELDS, rows, lines, found):
            if given["due_on"] < given["made_on"]:
                found.append(Problem(given["line"], header, "promise_before_made"))
                continue
            given["amount_yen"] = given.get("amount_yen") or None
            promises.append(tuple(given.get(name) for name in STAGES["stage_promise"]))
        return promises
