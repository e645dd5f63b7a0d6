"""A mapping: which column of a city's file is which of our fields, and how its texts are read.

A mapping is data, a TOML file in ``campaigns/mappings/`` (its README describes every key); a change of the
city's format (the standardisation of 2025, MJ+) is a change of that file (DATA-3). This module reads and checks
it; ``columns`` makes converters out of it.

What every kind of mapping shares is here too: those of payments and past records lie in folders of their own
(``payments/mapping.py``, ``history/mapping.py``).

Invariant: an unknown key, field, converter or option, and a missing required field, is a ``MappingFault`` that
names it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping as MappingOf
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from campaigns.importing.dates import FORMS
from campaigns.importing.faults import MappingFault
from campaigns.importing.fields import FIELDS, OPTIONS_OF, PHONE_FIELD, RESULT_OF, Field

MAPPINGS = Path(__file__).parent.parent / "mappings"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_CODE = re.compile(r"[a-z][a-z0-9_]*")
_CALLER_ID = re.compile(r"\+[0-9]{7,15}")
Struct = TypeVar("Struct", bound=msgspec.Struct)
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


def names(folder: Path = MAPPINGS) -> list[str]:
    """The mappings that come with this release, and those that a site has put beside them."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def load_mapping(name: str, folder: Path = MAPPINGS) -> Mapping:
    """Read and check the mapping `name`, or the file at that path when it ends in ``.toml``.

    Raises:
        MappingFault: it does not exist, is no TOML, or is wrong; the message names file, key and reason.
    """
    return parse_mapping(*read_file(name, folder))


def parse_mapping(text: bytes, name: str) -> Mapping:
    """The mapping in `text` (TOML).

    Raises:
        MappingFault: as for ``load_mapping``.
    """
    mapping = msgspec.structs.replace(decoded(text, name, Mapping), name=name)
    refuse(name, _problems(mapping))
    return mapping


def read_file(name: str, folder: Path) -> tuple[bytes, str]:
    """The bytes of the mapping `name` in `folder`, or of the ``.toml`` file at that path; and its name.

    Raises:
        MappingFault: it does not exist or can't be read.
    """
    path = Path(name) if name.endswith(".toml") else folder / f"{name}.toml"
    if not name.endswith(".toml") and not _NAME.fullmatch(name):
        raise MappingFault(f"対応表の名前「{name}」に使えない文字があります")
    try:
        return path.read_bytes(), path.stem
    except FileNotFoundError:
        raise MappingFault(f"対応表「{name}」がありません（あるもの: {'、'.join(names(folder))}）") from None
    except OSError as error:
        raise MappingFault(f"対応表「{name}」を開けません: {error.strerror}") from error


def decoded(text: bytes, name: str, kind: type[Struct]) -> Struct:
    """`text` (TOML) as a `kind`, its keys and their types checked.

    Raises:
        MappingFault: it is no TOML, or a key is unknown, missing or of another type.
    """
    try:
        return msgspec.toml.decode(text, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise MappingFault(f"対応表「{name}」: {error}") from error


def refuse(name: str, problems: list[str]) -> None:
    """Raise a ``MappingFault`` that names all `problems`; nothing when there are none."""
    if problems:
        raise MappingFault(f"対応表「{name}」: " + "; ".join(problems))


def _problems(mapping: Mapping) -> list[str]:
    found = columns_problems("columns", FIELDS, mapping.columns)
    for place, entry in enumerate(mapping.phones, start=1):
        found += [f"phones {place}: {reason}" for reason in _entry_problems(PHONE_FIELD, entry)]
    if not mapping.debt_types:
        found.append("debt_types: 1つ以上必要です")
    for debt_type in mapping.debt_types:
        found += _debt_type_problems(debt_type)
    found += twice_problems("debt_types", (value for kind in mapping.debt_types for value in kind.values))
    if not 0 <= mapping.absent_max_ratio <= 1:
        found.append("absent_max_ratio: 0 から 1 までです")
    return found


def columns_problems(
    section: str, fields: MappingOf[str, Field], entries: MappingOf[str, ColumnEntry], *, rows_may_go: bool = False
) -> list[str]:
    """What is wrong with the columns of one section of a mapping.

    Args:
        section: its name in the file.
        fields: all that may be there.
        entries: what is there.
        rows_may_go: a flawed cell of a required field may leave out its row (``invalid = "warning"``).
    """
    found = []
    for unknown in sorted(set(entries) - set(fields)):
        found.append(f"{section}.{unknown}: 知らない項目です（使えるもの: {', '.join(fields)}）")
    for field in fields.values():
        entry = entries.get(field.name)
        if entry is not None:
            found += [f"{section}.{field.name}: {reason}" for reason in _entry_problems(field, entry, rows_may_go)]
        elif field.required:
            found.append(f"{section}.{field.name}: 必須の項目「{field.label}」の列が決められていません")
    return found


def twice_problems(section: str, words: Iterable[str]) -> list[str]:
    """Words of a file that have two meanings."""
    return [f"{section}: 「{word}」が2回あります" for word, times in Counter(words).items() if times > 1]


def code_problems(section: str, codes: Iterable[str]) -> list[str]:
    """Codes of debt types that can't be ours."""
    return [f"{section}: code「{code}」は英小文字・数字・_ だけです" for code in codes if not _CODE.fullmatch(code)]


def _debt_type_problems(debt_type: DebtType) -> list[str]:
    found = code_problems("debt_types", [debt_type.code])
    if not _CALLER_ID.fullmatch(debt_type.caller_id):
        found.append(f"debt_types {debt_type.code}: caller_id は + で始まる国際形式（E.164）です")
    if not debt_type.values or not debt_type.name or not debt_type.department:
        found.append(f"debt_types {debt_type.code}: values・name・department は空にできません")
    return found


def _entry_problems(field: Field, entry: ColumnEntry, rows_may_go: bool = False) -> list[str]:
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
    if entry.optional and field.required and not entry.default:
        found.append(f"必須の項目「{field.label}」の列は、default がなければ optional にできません")
    wanted = int if convert == "instalment" else str
    if any(type(value) is not wanted for value in entry.table.values()):
        found.append(f"table の値は{'整数' if wanted is int else '文字列'}です")
    if entry.invalid == "warning" and field.required and not rows_may_go:
        found.append(f"必須の項目「{field.label}」の invalid は error だけです")
    return found
