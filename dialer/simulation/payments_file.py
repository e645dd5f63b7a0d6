"""Payments and promises of made-up people, and a city's file of them in the columns and encoding of a mapping.

Decides who has paid in the last week: some in full, some in part, and people whose debts nobody handed over (a city's
daily file holds everybody). The same people, day and seed give the same bytes.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from campaigns.importing.mapping import ColumnEntry, DebtType
from campaigns.importing.payments.mapping import PaymentMapping
from dialer.simulation.people import Debt, Person
from dialer.simulation.written import ENCODINGS, written_date, written_flag, written_year

PAID_RATIO = 0.08  # instalments that were paid in the week ÷ unpaid ones
PART_RATIO = 0.02  # those that were paid in part ÷ unpaid ones
PROMISE_RATIO = 0.02  # people who promised at a counter ÷ people
STRANGERS_RATIO = 0.2  # payments of people who were not handed over ÷ payments of those who were
_WEEK_DAYS = 7
_PROMISE_DAYS = (10, 40)


@dataclass(frozen=True, slots=True)
class Payment:
    """One row about an instalment; `kind` is an index into the debt types of the debts' file."""

    kind: int
    levy_year: int
    notice_no: str
    instalment: int
    paid_on: date
    amount_yen: int
    is_settled: bool
    receipt_no: str


@dataclass(frozen=True, slots=True)
class Promise:
    """One row about a person."""

    kind: int
    addressee_no: str
    due_on: date
    amount_yen: int
    made_on: date


def payments_of(people: Sequence[Person], *, until: date, seed: int) -> tuple[list[Payment], list[Promise]]:
    """What was paid and promised in the week that ends with `until`."""
    chance = Random(f"payments:{seed}")  # noqa: S311  # no secret
    payments: list[Payment] = []
    promises: list[Promise] = []

    def pay(debt: Debt, yen: int, notice_no: str) -> None:
        payments.append(
            Payment(
                debt.kind, debt.levy_year, notice_no, debt.instalment,
                until - timedelta(days=chance.randrange(_WEEK_DAYS)), yen, yen >= debt.principal_yen,
                f"{len(payments) + 1:08d}",
            )
        )  # fmt: skip

    for person in people:
        for debt in person.debts:
            drawn = chance.random()
            if debt.paid_on is not None:
                continue
            if drawn < PAID_RATIO:
                pay(debt, debt.principal_yen, debt.notice_no)
            elif drawn < PAID_RATIO + PART_RATIO:
                pay(debt, debt.principal_yen // 2, debt.notice_no)
            elif drawn < PAID_RATIO + PART_RATIO + STRANGERS_RATIO * PAID_RATIO:
                pay(debt, debt.principal_yen, f"99{len(payments):08d}")
        if person.debts and chance.random() < PROMISE_RATIO:
            debt = person.debts[0]
            made_on = until - timedelta(days=chance.randrange(_WEEK_DAYS))
            due_on = made_on + timedelta(days=chance.randint(*_PROMISE_DAYS))
            promises.append(Promise(debt.kind, person.addressee_no, due_on, debt.principal_yen, made_on))
    return payments, promises


def write_payments(
    path: Path,
    mapping: PaymentMapping,
    debt_types: Sequence[DebtType],
    payments: Sequence[Payment],
    promises: Sequence[Promise],
) -> int:
    """Write what `mapping` has room for to `path`, which is overwritten; return how many rows.

    Args:
        debt_types: of the debts' mapping, by which a row's `kind` is counted.
    """
    words = [mapping.debt_types.get(kind.code, ("",))[0] for kind in debt_types]
    written = 0
    with path.open("w", encoding=ENCODINGS.get(mapping.encoding, mapping.encoding), newline="") as out:
        writer = csv.writer(out, delimiter=mapping.delimiter, lineterminator="\r\n")
        headers = _headers(mapping)
        writer.writerow(headers)
        for cells in _rows(mapping, words, payments, promises):
            writer.writerow([cells.get(header, "") for header in headers])
            written += 1
    return written


def _headers(mapping: PaymentMapping) -> list[str]:
    first = [mapping.row_kind.source] if mapping.row_kind else []
    entries = [*mapping.payments.values(), *mapping.promises.values()]
    return list(dict.fromkeys(first + [entry.names[0] for entry in entries if any(entry.names)]))


def _rows(
    mapping: PaymentMapping, words: Sequence[str], payments: Sequence[Payment], promises: Sequence[Promise]
) -> Iterator[dict[str, str]]:
    kind = mapping.row_kind
    if mapping.payments:
        mark = {kind.source: kind.payment[0]} if kind else {}
        for payment in payments:
            if words[payment.kind] and (payment.is_settled or "amount_yen" in mapping.payments):
                yield mark | {e.names[0]: _payment(words, name, e)(payment) for name, e in _named(mapping.payments)}
    if mapping.promises:
        mark = {kind.source: kind.promise[0]} if kind else {}
        for promise in promises:
            if words[promise.kind]:
                yield mark | {e.names[0]: _promise(words, name, e)(promise) for name, e in _named(mapping.promises)}


def _named(entries: dict[str, ColumnEntry]) -> list[tuple[str, ColumnEntry]]:
    return [(name, entry) for name, entry in entries.items() if any(entry.names)]


def _payment(words: Sequence[str], name: str, entry: ColumnEntry) -> Callable[[Payment], str]:
    cells: dict[str, Callable[[Payment], str]] = {
        "debt_type": lambda p: words[p.kind],
        "levy_year": lambda p: written_year(p.levy_year, entry),
        "notice_no": lambda p: p.notice_no,
        "instalment": lambda p: str(p.instalment),
        "paid_on": lambda p: written_date(p.paid_on, entry),
        "amount_yen": lambda p: str(p.amount_yen),
        "settled": lambda p: written_flag(p.is_settled, entry),
        "taken_back": lambda p: written_flag(False, entry),
        "receipt_no": lambda p: p.receipt_no,
    }
    return cells[name]


def _promise(words: Sequence[str], name: str, entry: ColumnEntry) -> Callable[[Promise], str]:
    cells: dict[str, Callable[[Promise], str]] = {
        "addressee_no": lambda p: p.addressee_no,
        "debt_type": lambda p: words[p.kind],
        "due_on": lambda p: written_date(p.due_on, entry),
        "amount_yen": lambda p: str(p.amount_yen),
        "made_on": lambda p: written_date(p.made_on, entry),
    }
    return cells[name]
