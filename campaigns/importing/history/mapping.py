"""A mapping of past records: TOML in ``campaigns/mappings/history/`` (its README describes every key).

Invariant: an unknown key, field, converter, option, direction or result, and a missing required field, is a
``MappingFault`` that names it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from campaigns.importing.converters import plain
from campaigns.importing.history.fields import HISTORY_FIELDS
from campaigns.importing.history.results import DIRECTIONS, RESULTS
from campaigns.importing.mapping import (
    MAPPINGS,
    ColumnEntry,
    columns_problems,
    decoded,
    read_file,
    refuse,
    twice_problems,
)

HISTORY_MAPPINGS = MAPPINGS / "history"


class HistoryMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole mapping. The keys are described in campaigns/mappings/history/README.md."""

    title: str
    columns: dict[str, ColumnEntry]
    directions: dict[str, tuple[str, ...]]  # our word → the former system's
    results: dict[str, tuple[str, ...]]  # our word → the former system's
    name: str = ""
    encoding: Literal["auto", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp932"] = "auto"
    delimiter: Literal[",", "\t"] = ","
    mark_dead: bool = False  # "not in service", said after the number was entered, makes it dead

    @property
    def words(self) -> dict[str, dict[str, str]]:
        """For the converters: the file's words in ``plain`` form → ours."""
        return {
            "direction": {plain(word): ours for ours, words in self.directions.items() for word in words},
            "result": {plain(word): ours for ours, words in self.results.items() for word in words},
        }


def load_history_mapping(name: str, folder: Path = HISTORY_MAPPINGS) -> HistoryMapping:
    """Read and check the mapping `name`, or the file at that path when it ends in ``.toml``.

    Raises:
        MappingFault: it does not exist, is no TOML, or is wrong; the message names file, key and reason.
    """
    return parse_history_mapping(*read_file(name, folder))


def parse_history_mapping(text: bytes, name: str) -> HistoryMapping:
    """The mapping in `text` (TOML).

    Raises:
        MappingFault: as for ``load_history_mapping``.
    """
    mapping = msgspec.structs.replace(decoded(text, name, HistoryMapping), name=name)
    refuse(name, _problems(mapping))
    return mapping


def _problems(mapping: HistoryMapping) -> list[str]:
    found = columns_problems("columns", HISTORY_FIELDS, mapping.columns, rows_may_go=True)
    given = set(mapping.columns)
    if "called_at" not in given and not {"called_on", "called_time"} <= given:
        found.append("columns: called_at（日時）か、called_on（日付）と called_time（時刻）の両方が必要です")
    if "called_at" in given and {"called_on", "called_time"} & given:
        found.append("columns: called_at（日時）と called_on・called_time は、どちらか一方です")
    for section, words, known in (
        ("directions", mapping.directions, frozenset(DIRECTIONS)),
        ("results", mapping.results, frozenset(map(str, RESULTS))),
    ):
        found += [f"{section}.{word}: 知らない語です（使えるもの: {', '.join(sorted(known))}）"
                  for word in sorted(set(words) - known)]  # fmt: skip
        found += twice_problems(section, (plain(word) for theirs in words.values() for word in theirs))
        if not any(words.values()):
            found.append(f"{section}: 1つ以上必要です")
    return found
