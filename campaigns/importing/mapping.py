"""A mapping: which column of a city's file is which of our fields, and how its texts are read.

A mapping is data, a TOML file in ``campaigns/mappings/`` (its README describes every key); a change of the
city's format (the standardisation of 2025, MJ+) is a change of that file (DATA-3). This module reads and checks
it; ``columns`` makes converters out of it.

Invariant: an unknown key, field, converter or option, and a missing required field, is a ``MappingFault`` that
names it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import msgspec

from campaigns.importing.dates import FORMS
from campaigns.importing.faults import MappingFault
from campaigns.importing.fields import FIELDS, OPTIONS_OF, PHONE_FIELD, RESULT_OF, Field

MAPPINGS = Path(__file__).parent.parent / "mappings"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_CALLER_ID = re.compile(r"\+[0-9]{7,15}")
_ERAS = ("", "明治", "大正", "昭和", "平成", "令和")


class DebtType(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One debt type: how the file writes it, and what we keep of it (CALL-3)."""

    values: tuple[str, ...]
    code: str
    name: str
    department: str
    caller_id: str  # E.164


class ColumnEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"source": "from"}):
    """One ``[columns.<field>]`` or ``[[phones]]``."""

    source: str | tuple[str, ...] = ()  # the column's name, or alternatives of which the first present is used
    convert: str = ""
    default: str = ""  # stands for a blank cell, and for the column itself when `from` is left out
    optional: bool = False  # the column may be missing in the file
    invalid: Literal["error", "warning"] = "error"  # warning: a flawed cell counts as blank
    forms: tuple[str, ...] = ("yyyymmdd", "y/m/d", "era")
    era: str = ""
    table: dict[str, str | int] = {}
    none: tuple[str, ...] = ()
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    area_code: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The alternatives, best first."""
        return (self.source,) if isinstance(self.source, str) else self.source


_BLANK = ColumnEntry()


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole mapping. The keys are described in campaigns/mappings/README.md."""

    title: str
    debt_types: tuple[DebtType, ...]
    columns: dict[str, ColumnEntry]
    phones: tuple[ColumnEntry, ...] = ()
    name: str = ""
    encoding: Literal["auto", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp932"] = "auto"
    delimiter: Literal[",", "\t"] = ","
    absent_means: Literal["unchanged", "paid"] = "unchanged"
    absent_max_ratio: float = 0.5  # known open debts that a file may lack; more looks like a cut file
    phones_absent: Literal["keep", "remove"] = "keep"
    name_conflict: Literal["error", "warning"] = "error"
    household_phones: bool = True  # CALL-9


def names() -> list[str]:
    """The mappings that come with this release, and those that a site has put beside them."""
    return sorted(path.stem for path in MAPPINGS.glob("*.toml"))


def load_mapping(name: str, folder: Path = MAPPINGS) -> Mapping:
    """Read and check the mapping `name`, or the file at that path when it ends in ``.toml``.

    Raises:
        MappingFault: it does not exist, is no TOML, or is wrong; the message names file, key and reason.
    """
    path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    if not name.endswith(".toml") and not _NAME.fullmatch(name):
        raise MappingFault(f"対応表の名前「{name}」に使えない文字があります")
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        known = "、".join(sorted(p.stem for p in folder.glob("*.toml")))
        raise MappingFault(f"対応表「{name}」がありません（あるもの: {known}）") from None
    except OSError as error:
        raise MappingFault(f"対応表「{name}」を開けません: {error.strerror}") from error
    return parse_mapping(text, path.stem)


def parse_mapping(text: bytes, name: str) -> Mapping:
    """The mapping in `text` (TOML).

    Raises:
        MappingFault: as for ``load_mapping``.
    """
    try:
        mapping = msgspec.toml.decode(text, type=Mapping)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise MappingFault(f"対応表「{name}」: {error}") from error
    mapping = msgspec.structs.replace(mapping, name=name)
    if problems := _problems(mapping):
        raise MappingFault(f"対応表「{name}」: " + "; ".join(problems))
    return mapping


def _problems(mapping: Mapping) -> list[str]:
    found = []
    for unknown in sorted(set(mapping.columns) - set(FIELDS)):
        found.append(f"columns.{unknown}: 知らない項目です（使えるもの: {', '.join(FIELDS)}）")
    for field in FIELDS.values():
        entry = mapping.columns.get(field.name)
        if entry is not None:
            found += [f"columns.{field.name}: {reason}" for reason in _entry_problems(field, entry)]
        elif field.required:
            found.append(f"columns.{field.name}: 必須の項目「{field.label}」の列が決められていません")
    for place, entry in enumerate(mapping.phones, start=1):
        found += [f"phones {place}: {reason}" for reason in _entry_problems(PHONE_FIELD, entry)]
    if not mapping.debt_types:
        found.append("debt_types: 1つ以上必要です")
    seen: set[str] = set()
    for debt_type in mapping.debt_types:
        found += _debt_type_problems(debt_type)
        for value in debt_type.values:
            if value in seen:
                found.append(f"debt_types: 「{value}」が2回あります")
            seen.add(value)
    if not 0 <= mapping.absent_max_ratio <= 1:
        found.append("absent_max_ratio: 0 から 1 までです")
    return found


def _debt_type_problems(debt_type: DebtType) -> list[str]:
    found = []
    if not _CODE.fullmatch(debt_type.code):
        found.append(f"debt_types: code「{debt_type.code}」は英小文字・数字・_ だけです")
    if not _CALLER_ID.fullmatch(debt_type.caller_id):
        found.append(f"debt_types {debt_type.code}: caller_id は + で始まる国際形式（E.164）です")
    if not debt_type.values or not debt_type.name or not debt_type.department:
        found.append(f"debt_types {debt_type.code}: values・name・department は空にできません")
    return found


def _entry_problems(field: Field, entry: ColumnEntry) -> list[str]:
    found = []
    convert = entry.convert or field.converter
    if convert not in RESULT_OF:
        return [f"convert「{convert}」という変換はありません（使えるもの: {', '.join(RESULT_OF)}）"]
    if RESULT_OF[convert] != RESULT_OF[field.converter]:
        found.append(f"convert「{convert}」は「{field.label}」には使えません")
    if not any(entry.names) and not entry.default:
        found.append("from か default が必要です")
    given = {name for name in ColumnEntry.__struct_fields__ if getattr(entry, name) != getattr(_BLANK, name)}
    options = given & frozenset().union(*OPTIONS_OF.values())
    found += [f"{name} は変換「{convert}」では使えません" for name in sorted(options - OPTIONS_OF[convert])]
    found += [f"forms「{form}」という日付の形はありません（使えるもの: {', '.join(FORMS)}）"
              for form in entry.forms if form not in FORMS]  # fmt: skip
    if entry.era not in _ERAS:
        found.append(f"era「{entry.era}」という元号はありません")
    if convert == "flag" and not entry.yes:
        found.append("yes（「はい」を表す値）が必要です")
    if convert == "choice" and not entry.table:
        found.append("table（値の対応）が必要です")
    wanted = int if convert == "instalment" else str
    if any(type(value) is not wanted for value in entry.table.values()):
        found.append(f"table の値は{'整数' if wanted is int else '文字列'}です")
    if entry.invalid == "warning" and field.required:
        found.append(f"必須の項目「{field.label}」の invalid は error だけです")
    return found
