"""To which segment a line belongs: debt type of which most is owed, age band, kind of telephone (pure).

The model learns each segment's hours beside the population's; one with few tries is like everybody (`learning`).

Invariant: the same marks give the same number as long as the book of debt types only grows at its end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

PHONE_KINDS = ("mobile", "landline", "voip", "other")
_BAND_STARTS = (30, 45, 60, 70)  # years of age: who works, who has retired, who has grown old
_BANDS = len(_BAND_STARTS) + 2  # one for those whose birthday is unknown
MARK_SIZES = (_BANDS, len(PHONE_KINDS))
"""Of which marks a segment's number is made, after the debt type (``learning/pooling.py``)."""

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class SegmentBook:
    """Numbers for segments.

    Args:
        debt_types: codes in the order in which they were met; kept with the model that was fitted by it.
    """

    debt_types: tuple[str, ...]

    def segment_of(self, debt_type: str | None, born_on: date | None, kind: str, today: date) -> int:
        """The segment's number, or `UNKNOWN` for a debt type that the book has not."""
        if debt_type not in self.debt_types:
            return UNKNOWN
        band = _BANDS - 1 if born_on is None else bisect_right(_BAND_STARTS, _years(born_on, today))
        return (self.debt_types.index(debt_type) * _BANDS + band) * len(PHONE_KINDS) + PHONE_KINDS.index(kind)

    def with_types(self, codes: Sequence[str]) -> SegmentBook:
        """The book with those of `codes` added that it hasn't got."""
        return SegmentBook(self.debt_types + tuple(code for code in codes if code not in self.debt_types))


def _years(born_on: date, today: date) -> int:
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))
