"""Asterisk's own journal (channel event logging): how channels ended that nobody watched.

Asterisk writes one CSV line an event into ``log/cel-custom/calls.csv`` (template
``asterisk-conf/pbx/cel_custom.conf.j2``): type, seconds since 1970, unique id, linked id, channel,
application, extra (JSON). After a crash of the engine it is the only witness.

Source: https://docs.asterisk.org/Configuration/Reporting/Channel-Event-Logging-CEL/
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dialer.line import EndedChannel

_READ_BACK_BYTES = 32 * 1024 * 1024
_TYPE, _TIME, _UNIQUEID, _EXTRA = 0, 1, 2, 6
_FIELDS = 7
_BETWEEN = '","'


def read_endings(journal: Path, channel_ids: set[str]) -> dict[str, EndedChannel]:
    """The ends of `channel_ids` as far as the journal's last 32 MB know them.

    A channel without a HANGUP line (Asterisk itself was killed) is left out.
    """
    try:
        with journal.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _READ_BACK_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return {}
    return endings_in(text.split("\n"), channel_ids)


def endings_in(lines: Iterable[str], channel_ids: set[str]) -> dict[str, EndedChannel]:
    """As `read_endings`, from the journal's lines. A line that was cut short is passed over."""
    answered: dict[str, datetime] = {}
    joined: dict[str, datetime] = {}
    ended: dict[str, EndedChannel] = {}
    for line in lines:
        if (event := _event(line, channel_ids)) is None:
            continue
        match event.kind:
            case "ANSWER":
                answered.setdefault(event.channel_id, event.at)
            case "BRIDGE_ENTER":
                joined.setdefault(event.channel_id, event.at)
            case "HANGUP":
                ended[event.channel_id] = EndedChannel(
                    answered.get(event.channel_id), joined.get(event.channel_id), event.at, _cause(event.extra)
                )
            case _:
                pass
    return ended


@dataclass(frozen=True, slots=True)
class _Event:
    kind: str
    channel_id: str
    at: datetime
    extra: str


def _event(line: str, channel_ids: set[str]) -> _Event | None:
    """One line on its own, so that a quote left open by a crash can't swallow the lines after it."""
    quick = line.split(_BETWEEN, _UNIQUEID + 1)  # millions of lines are not ours: those are never parsed
    if len(quick) <= _UNIQUEID or quick[_UNIQUEID] not in channel_ids:
        return None
    try:
        row = next(csv.reader([line], strict=True))
        if len(row) != _FIELDS:
            return None
        return _Event(row[_TYPE], row[_UNIQUEID], datetime.fromtimestamp(float(row[_TIME]), UTC), row[_EXTRA])
    except (csv.Error, ValueError, OverflowError):
        return None


def _cause(extra: str) -> int | None:
    try:
        cause = json.loads(extra)["hangupcause"]
    except (json.JSONDecodeError, KeyError, TypeError):
        return None
    return cause if isinstance(cause, int) else None
