"""A mapping of payments and promises: TOML in ``campaigns/mappings/payments/`` (its README describes every key).

Invariant: an unknown key, field, converter or option, and a missing required field, is a ``MappingFault`` that
names it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from campaigns.importing.converters import plain
from campaigns.importing.mapping import (
    MAPPINGS,
    ColumnEntry,
    code_problems,
    columns_problems,
    decoded,
    read_file,
    refuse,
    twice_problems,
)
from campaigns.importing.payments.fields import PAYMENT_FIELDS, PROMISE_FIELDS

PAYMENT_MAPPINGS = MAPPINGS / "payments"


class RowKind(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"source": "from"}):
    """The column that says what a row is, where a file holds more than one kind."""

    source: str
    payment: tuple[str, ...] = ()
    promise: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()

    @property
    def words(self) -> dict[str, str]:
        """The file's words in ``plain`` form → ``payment``, ``promise`` or ``skip``."""
        return {plain(word): kind for kind in ("payment", "promise", "skip") for word in getattr(self, kind)}


class PaymentMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole mapping. The keys are described in campaigns/mappings/payments/README.md."""

    title: str
    debt_types: dict[str, tuple[str, ...]]  # our code → as the file writes it
    payments: dict[str, ColumnEntry] = {}
    promises: dict[str, ColumnEntry] = {}
    row_kind: RowKind | None = None
    name: str = ""
    encoding: Literal["auto", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp932"] = "auto"
    delimiter: Literal[",", "\t"] = ","
    principal_is: Literal["levied", "unpaid"] = "levied"  # what the debts' file of this city gives as principal

    @property
    def debt_type_words(self) -> dict[str, str]:
        """The file's words in ``plain`` form → our codes."""
        return {plain(word): code for code, words in self.debt_types.items() for word in words}


def load_payment_mapping(name: str, folder: Path = PAYMENT_MAPPINGS) -> PaymentMapping:
    """Read and check the mapping `name`, or the file at that path when it ends in ``.toml``.

    Raises:
        MappingFault: it does not exist, is no TOML, or is wrong; the message names file, key and reason.
    """
    return parse_payment_mapping(*read_file(name, folder))


def parse_payment_mapping(text: bytes, name: str) -> PaymentMapping:
    """The mapping in `text` (TOML).

    Raises:
        MappingFault: as for ``load_payment_mapping``.
    """
    mapping = msgspec.structs.replace(decoded(text, name, PaymentMapping), name=name)
    refuse(name, _problems(mapping))
    return mapping


def _problems(mapping: PaymentMapping) -> list[str]:
    found = code_problems("debt_types", mapping.debt_types)
    if not mapping.debt_types:
        found.append("debt_types: 1つ以上必要です")
    found += twice_problems("debt_types", (plain(word) for words in mapping.debt_types.values() for word in words))
    if not mapping.payments and not mapping.promises:
        found.append("payments か promises が必要です")
    if mapping.payments:
        found += columns_problems("payments", PAYMENT_FIELDS, mapping.payments, rows_may_go=True)
        if not {"amount_yen", "settled"} & set(mapping.payments):
            found.append("payments: amount_yen（納付額）か settled（完納）の列が必要です")
    if mapping.promises:
        found += columns_problems("promises", PROMISE_FIELDS, mapping.promises, rows_may_go=True)
    kind = mapping.row_kind
    if kind is None:
        if mapping.payments and mapping.promises:
            found.append("row_kind: 納付と約束の両方があるときは、行の区分の列が必要です")
        return found
    if bool(kind.payment) != bool(mapping.payments) or bool(kind.promise) != bool(mapping.promises):
        found.append("row_kind: payment・promise の値と、payments・promises の列は、両方あるか両方ないかです")
    return found + twice_problems("row_kind", map(plain, kind.payment + kind.promise + kind.skip))
