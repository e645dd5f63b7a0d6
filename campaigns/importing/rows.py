"""Rows of text → columns of values, the flaws of single cells on the way.

Decides which rows are dropped for a flaw in one of their cells; whether rows agree with each other is for those who
ask. Works column by column, because a chunk has a thousand cells in each.

Invariant: what is returned comes from rows of full width without an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from campaigns.importing.columns import BoundColumn, BoundColumns
from campaigns.importing.problems import Flaw, Problem
from campaigns.importing.reading import Chunk

# Characters of the private use areas (外字): kept as given, but shown as an empty box by every other machine.
_PRIVATE = re.compile("[\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd]")

Record = tuple[Any, ...]
"""One row of values for a table."""


class Rows(NamedTuple):
    """Good rows, column by column.

    Attributes:
        values: by field; one value for each row.
        numbers: the columns of telephone numbers.
        lines: physical line of each row.
    """

    values: dict[str, Sequence[Any]]
    numbers: list[list[Any]]
    lines: list[int]


def of_full_width(width: int, chunk: Chunk) -> tuple[list[list[str]], list[int], list[Problem]]:
    """The rows of `chunk` that have `width` cells, their lines, and what is wrong with the others."""
    found = [Problem(line, "", "quoting") for line in chunk.broken]
    if set(map(len, chunk.rows)) <= {width}:
        return chunk.rows, chunk.lines, found
    rows, lines = [], []
    for row, line in zip(chunk.rows, chunk.lines, strict=True):
        if len(row) == width:
            rows.append(row)
            lines.append(line)
        else:
            found.append(Problem(line, "", "column_count"))
    return rows, lines, found


def convert(columns: BoundColumns, rows: list[list[str]], lines: list[int], found: list[Problem]) -> Rows:
    """The values of `rows` (at least one) without those that have an error; all flaws go to `found`."""
    cells = list(zip(*rows, strict=True))
    values: dict[str, Sequence[Any]] = {b.field.name: _column(b, cells, lines, found) for b in columns.fields}
    numbers = [_column(bound, cells, lines, found) for bound in columns.phones]
    bad = {problem.line for problem in found if not problem.is_warning}
    if bad:
        keep = [i for i, line in enumerate(lines) if line not in bad]
        values = {name: [column[i] for i in keep] for name, column in values.items()}
        numbers = [[column[i] for i in keep] for column in numbers]
        lines = [lines[i] for i in keep]
    return Rows(values, numbers, lines)


def _column(bound: BoundColumn, cells: list[tuple[str, ...]], lines: list[int], found: list[Problem]) -> list[Any]:
    """The values of one column; its flaws go to `found`."""
    if bound.place is None:
        given: Sequence[str] = [bound.default] * len(lines)
    else:
        given = cells[bound.place]
        if bound.default:
            given = [cell if cell.strip() else bound.default for cell in given]
    values = bound.column.read(given)
    if bound.column.flawed:
        for i, value in enumerate(values):
            if type(value) is Flaw:
                found.append(Problem(lines[i], bound.header or bound.field.label, value.code, bound.lenient))
                values[i] = None
    if bound.field.name in ("name", "address") and _PRIVATE.search("".join(v for v in values if isinstance(v, str))):
        for i, value in enumerate(values):
            if isinstance(value, str) and _PRIVATE.search(value):
                found.append(Problem(lines[i], bound.header, "private_character", True))
    return values
