"""What the checkers of payments and of past records have in common: rows counted, columns found, what is left out.

Decides how a row that can't be used is told: with a warning, or, when the clerk asked for strictness, as an error.
Which rows these are is decided in ``payments/checking`` and ``history/checking``, and, for what the database tells,
by their importers.

Invariant: a row is left out once at most, so the counts need no memory of lines.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any

from campaigns.importing.columns import BoundColumns, EntriesOf, FieldsOf, WordsOf, bind_columns
from campaigns.importing.problems import Problem, Problems
from campaigns.importing.reading import Chunk
from campaigns.importing.rows import Record, of_full_width

Batch = dict[str, list[Record]]
"""Rows for staging tables, by the table's name."""


class RowChecker(ABC):
    """Checks one file, chunk after chunk.

    Args:
        header: the file's first row.
        today: day of the import in Japan.
        problems: takes what is wrong.
        strict: what would leave a row out is an error.

    Attributes:
        rows: rows seen, good and bad.
        left_out: good rows that are not used, each with a warning.
        skipped: rows that the mapping itself leaves out.
        unused: columns of the file that the mapping does not name.
        problems: as given.
    """

    def __init__(self, header: Sequence[str], today: date, problems: Problems, *, strict: bool) -> None:
        self.rows = self.left_out = self.skipped = 0
        self.unused: list[str] = []
        self.problems = problems
        self._header = header
        self._today = today
        self._strict = strict

    def check(self, chunk: Chunk) -> Batch:
        """What the good rows of `chunk` add. Called in a thread."""
        rows, lines, found = of_full_width(len(self._header), chunk)
        self.rows += len(chunk.rows) + len(chunk.broken)
        batch = self._read(rows, lines, found)
        self.problems.of_chunk(found)
        return batch

    async def leave_out(self, rows: AsyncIterator[Any], column: str, code: str) -> None:
        """Each of `rows` has a line that was staged and can't be used, for what the database holds or lacks.

        Args:
            rows: with ``line``; no line that is reported for another reason, too.
            column: the file's name of the column to look at.
            code: key of ``problems.REASONS``.
        """
        async for row in rows:
            self.problems.add(Problem(row["line"], column, code, not self._strict))
            if self._strict:
                self.problems.bad_rows += 1
            else:
                self.left_out += 1

    @abstractmethod
    def _read(self, rows: list[list[str]], lines: list[int], found: list[Problem]) -> Batch:
        """What `rows`, all of full width, add; flaws go to `found`."""

    def _bind(self, fields: FieldsOf, entries: EntriesOf, words: WordsOf) -> BoundColumns:
        """The columns of one kind of row; what is missing is reported, once if several kinds miss it."""
        columns, missing = bind_columns(fields, entries, self._header, self._today, words=words)
        for bound in columns.fields:
            bound.lenient = bound.lenient and not self._strict
        self.problems.extend(problem for problem in missing if problem not in self.problems.kept)
        return columns
