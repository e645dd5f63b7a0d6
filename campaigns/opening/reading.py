"""A calendar out of a TOML file, or every reason why not.

Decides nothing about days. The keys are described in docs/calendar.md.

Invariant: what is read has been checked; an error names file, key and reason.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from campaigns.opening.checking import check
from campaigns.opening.document import CalendarDocument, DayEntry, Entry, PatternEntry, RuleEntry
from campaigns.opening.faults import CalendarInvalid, CalendarUnknown

CALENDARS = Path(__file__).parent.parent / "calendars"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
AnyEntry = TypeVar("AnyEntry", bound=Entry)


def names() -> list[str]:
    """The calendars that come with this release, and those that a site has put beside them."""
    return sorted(path.stem for path in CALENDARS.glob("*.toml"))


def read_document(name: str) -> tuple[str, CalendarDocument]:
    """The calendar `name` of this release, or the file at that path when it ends in ``.toml``; its name with it.

    Raises:
        CalendarUnknown: there is no such file.
        CalendarInvalid: it can't be read, is no TOML, or is wrong; names file, key and reason.
    """
    path = Path(name) if name.endswith(".toml") else CALENDARS / f"{name}.toml"
    if not name.endswith(".toml") and not _NAME.fullmatch(name):
        raise CalendarUnknown(f"{name}: neither a .toml file nor one of {', '.join(names())}")
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise CalendarUnknown(f"{name}: no such file (calendars of this release: {', '.join(names())})") from None
    except OSError as error:
        raise CalendarInvalid(path.name, [f"can't be opened: {error.strerror}"]) from error
    return check_name(path.stem), parse_document(text, path.name)


def check_name(name: str) -> str:
    """`name`, if a calendar can be called so.

    Raises:
        CalendarInvalid: it can't.
    """
    if not _NAME.fullmatch(name):
        raise CalendarInvalid(name, ["name: lower-case letters, digits, - and _ only"])
    return name


def parse_document(text: bytes, source: str) -> CalendarDocument:
    """The calendar in `text` (TOML), checked.

    Args:
        source: what an error calls the file.

    Raises:
        CalendarInvalid: it is no TOML, or is wrong; every problem with key and reason.
    """
    try:
        raw = tomllib.loads(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise CalendarInvalid(source, [f"not UTF-8 at byte {error.start}"]) from error
    except tomllib.TOMLDecodeError as error:
        raise CalendarInvalid(source, [f"not TOML: {error}"]) from error
    problems: list[str] = []
    parts = {
        "patterns": _entries(raw.pop("patterns", {}), dict, "patterns", PatternEntry, problems),
        "rules": tuple(_entries(raw.pop("rules", []), list, "rules", RuleEntry, problems).values()),
        "days": tuple(_entries(raw.pop("days", []), list, "days", DayEntry, problems).values()),
    }
    head = _convert({"title": "", **raw, "patterns": {}}, "", CalendarDocument, problems)
    if head is None or problems:
        raise CalendarInvalid(source, problems)
    document = msgspec.structs.replace(head, **parts)
    if problems := check(document):
        raise CalendarInvalid(source, problems)
    return document


def _entries(
    raw: object, shape: type[dict[str, Any]] | type[list[Any]], key: str, entry: type[AnyEntry], problems: list[str]
) -> dict[str, AnyEntry]:
    """The entries of one key, each under its own key (``patterns.evening``, ``rules 2``); wrong ones left out."""
    if not isinstance(raw, shape):
        problems.append(f"{key}: must be written as {'[[…]]' if shape is list else f'[{key}.…]'}")
        return {}
    named = raw.items() if isinstance(raw, dict) else ((f"{key} {place}", one) for place, one in enumerate(raw, 1))
    found = {}
    for name, one in named:
        converted = _convert(one, f"{key}.{name}" if isinstance(raw, dict) else name, entry, problems)
        if converted is not None:
            found[name] = converted
    return found


def _convert(raw: object, key: str, entry: type[AnyEntry], problems: list[str]) -> AnyEntry | None:
    try:
        return msgspec.convert(raw, entry)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$")
        place = f"{key}{path.rstrip('`')}".lstrip(".")
        problems.append(f"{place}: {reason}" if place else reason)
        return None
