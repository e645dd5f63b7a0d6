"""Past calls of made-up people → a former system's file, in the columns, words and encoding of a mapping."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path

from campaigns.importing.history.mapping import HistoryMapping
from campaigns.importing.history.results import SKIP
from campaigns.model import Disposition
from dialer.simulation.past import PastCall
from dialer.simulation.written import ENCODINGS, written_date

Cell = Callable[[PastCall], str]


def write_history(path: Path, mapping: HistoryMapping, calls: Iterable[PastCall]) -> int:
    """Write `calls` to `path`, which is overwritten; return how many.

    A record whose direction the mapping has no word for is left out; a result without a word becomes a talk with the
    person if somebody picked up, else the record is left out.
    """
    columns = [(entry.names[0], _cell(mapping, name)) for name, entry in mapping.columns.items() if any(entry.names)]
    written = 0
    with path.open("w", encoding=ENCODINGS.get(mapping.encoding, mapping.encoding), newline="") as out:
        writer = csv.writer(out, delimiter=mapping.delimiter, lineterminator="\r\n")
        writer.writerow([header for header, _ in columns])
        for call in calls:
            if mapping.directions.get(call.direction) and (call.direction == SKIP or _word(mapping, call.result)):
                writer.writerow([cell(call) for _, cell in columns])
                written += 1
    return written


def _word(mapping: HistoryMapping, result: str) -> str:
    known = mapping.results.get(result)
    if known is None and result in frozenset(Disposition) - {Disposition.VOICEMAIL}:
        known = mapping.results.get(Disposition.CONTACT_PERSON)
    return known[0] if known else ""


def _cell(mapping: HistoryMapping, name: str) -> Cell:
    entry = mapping.columns[name]
    cells: dict[str, Cell] = {
        "addressee_no": lambda call: call.addressee_no,
        "called_at": lambda call: f"{written_date(call.at.date(), entry)} {call.at:%H:%M}",
        "called_on": lambda call: written_date(call.at.date(), entry),
        "called_time": lambda call: f"{call.at:%H:%M}",
        "direction": lambda call: mapping.directions[call.direction][0],
        "number": lambda call: call.digits,
        "result": lambda call: _word(mapping, call.result),
    }
    return cells[name]
