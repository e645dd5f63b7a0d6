"""Rows of text → past calls, or problems.

Decides which rows are bad, which are only left out, and in which kind of hour a past call was made. A flawed cell in a
required column with ``invalid = "warning"`` leaves its row out with a warning, unless the clerk asked for strictness;
so does a row without a time, or an outbound call without a result: neither teaches anything.

Invariant: what is returned comes from good rows only. Nothing is kept of a row once it is returned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from campaigns.calendar import DayKind, day_kind, to_jst
from campaigns.importing.converters import plain
from campaigns.importing.history.fields import HISTORY_FIELDS
from campaigns.importing.history.mapping import HistoryMapping
from campaigns.importing.history.results import INBOUND, SKIP
from campaigns.importing.intake_checking import Batch, RowChecker
from campaigns.importing.problems import Problem, Problems
from campaigns.importing.rows import Record, convert
from campaigns.importing.times import moment
from campaigns.model import Window

EVENING_STARTS_S = 17 * 3600
"""Seconds after JST midnight from which a call on a weekday counts as one of the evening (CALL-4)."""

_STAGE = "stage_past_call"
_USED = ("addressee_no", "direction", "number", "result")


def window_of_day(day: date, second: int) -> Window:
    """The kind of hour `second` seconds after 0:00 JST of `day`: from 17:00 on a weekday evening, on a day off weekend.

    The editable calendar plays no part: it tells our days, not those of the former system.

    Source: CALL-4.
    """
    if day_kind(day, {}) is not DayKind.WEEKDAY:
        return Window.WEEKEND
    return Window.EVENING if second >= EVENING_STARTS_S else Window.WEEKDAY


class Checker(RowChecker):
    """A ``RowChecker`` of past calls; the mapping leaves out those of other channels.

    Args:
        mapping: a checked mapping.
    """

    def __init__(
        self, mapping: HistoryMapping, header: Sequence[str], today: date, problems: Problems, *, strict: bool
    ) -> None:
        super().__init__(header, today, problems, strict=strict)
        self._skip_words = {plain(word) for word in mapping.directions.get(SKIP, ())}
        self.columns = self._bind(HISTORY_FIELDS, mapping.columns, mapping.words)
        self.unused = self.columns.unused
        self._direction_place = next((b.place for b in self.columns.fields if b.field.name == "direction"), None)

    def _read(self, rows: list[list[str]], lines: list[int], found: list[Problem]) -> Batch:
        rows, lines = self._of_calls(rows, lines)
        return {_STAGE: self._calls(rows, lines, found) if rows else []}

    def _of_calls(self, rows: list[list[str]], lines: list[int]) -> tuple[list[list[str]], list[int]]:
        """Without records of other channels, whose other cells may hold anything."""
        place = self._direction_place
        if place is None or not self._skip_words:
            return rows, lines
        keep = [i for i, row in enumerate(rows) if plain(row[place]) not in self._skip_words]
        self.skipped += len(rows) - len(keep)
        return [rows[i] for i in keep], [lines[i] for i in keep]

    def _calls(self, rows: list[list[str]], lines: list[int], found: list[Problem]) -> list[Record]:
        values, _, lines = convert(self.columns, rows, lines, found)
        blank = [None] * len(lines)
        used = [values.get(name, blank) for name in _USED]
        calls = []
        moments = _moments(values, blank)
        told = {(problem.line, problem.column) for problem in found}
        for line, when, addressee_no, direction, phone, result in zip(lines, moments, *used, strict=True):
            if direction == SKIP:  # by the default of a blank cell; the others are gone already
                self.skipped += 1
            elif addressee_no is None or direction is None:  # a flaw that the mapping lets pass
                self.left_out += 1
            elif when is None:
                self._teaches_nothing(
                    line, self.columns.header_of("called_time", "called_at"), "time_missing", told, found
                )
            elif result is None and direction != INBOUND:
                self._teaches_nothing(line, self.columns.header_of("result"), "result_missing", told, found)
            else:
                at, window = when
                number, kind = phone or (None, None)
                calls.append((line, addressee_no, at, direction, number, kind, window, result))
        return calls

    def _teaches_nothing(
        self, line: int, column: str, code: str, told: set[tuple[int, str]], found: list[Problem]
    ) -> None:
        """A row that can't be used; when the cell itself was flawed, that has been said already."""
        if (line, column) not in told:
            found.append(Problem(line, column, code, not self._strict))
        if not self._strict:
            self.left_out += 1


def _moments(values: dict[str, Sequence[Any]], blank: Sequence[None]) -> list[tuple[datetime, Window] | None]:
    """When each call was made, and in which kind of hour; None where it isn't told."""
    if "called_at" in values:
        return [None if at is None else (at, _window_of(at)) for at in values["called_at"]]
    days, times = values.get("called_on", blank), values.get("called_time", blank)
    return [
        None if day is None or second is None else (moment(day, second), window_of_day(day, second))
        for day, second in zip(days, times, strict=True)
    ]


def _window_of(at: datetime) -> Window:
    local = to_jst(at)
    return window_of_day(local.date(), local.hour * 3600 + local.minute * 60 + local.second)
