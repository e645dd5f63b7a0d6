"""A calendar's document as TOML: what ``dialer calendar export`` prints and ``import`` takes.

Decides nothing. A JSON string is a TOML basic string as long as it holds no DEL, which ``checking`` refuses
(https://toml.io/en/v1.0.0#string).

Invariant: reading what was written gives the same document.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from campaigns.opening.document import CalendarDocument, Entry

Value = str | int | bool | date | list["Value"] | dict[str, "Value"]


def to_toml(document: CalendarDocument) -> str:
    """The document as a TOML file; what is as by default is left out."""
    lines = [f"title = {_value(document.title)}"]
    if document.exchanged_weekday is not None:
        lines.append(f"exchanged_weekday = {_value(document.exchanged_weekday)}")
    if not document.year_end_closed:
        lines.append("year_end_closed = false")
    for name, pattern in document.patterns.items():
        lines += ["", f"[patterns.{name}]", f"label = {_value(pattern.label)}", "hours = ["]
        lines += [f"    {_value(_keys(hours))}," for hours in pattern.hours]
        lines.append("]")
    lines += _tables("rules", document.rules)
    lines += _tables("days", document.days)
    return "\n".join(lines) + "\n"


def _tables(key: str, entries: Iterable[Entry]) -> list[str]:
    lines = []
    for entry in entries:
        lines += ["", f"[[{key}]]"]
        lines += [f"{name} = {_value(value)}" for name, value in _keys(entry).items()]
    return lines


def _keys(entry: Entry) -> Mapping[str, Value]:
    keys: dict[str, Value] = msgspec.to_builtins(entry, builtin_types=(date,))
    return keys


def _value(value: Value | Mapping[str, Value]) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
