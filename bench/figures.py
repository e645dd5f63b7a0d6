"""What a bench found, beside what was promised: one figure a line, as a table and as JSON.

Decides whether a goal is met and how a figure is written. Measures nothing.

Invariant: a figure that could not be measured (None) never meets its goal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

_WORDS = {"at_most": "≤", "at_least": "≥", "exactly": "="}


@dataclass(frozen=True, slots=True)
class Goal:
    """A promise: `kind` says on which side of `limit` the figure must lie. Same unit as the figure."""

    kind: Literal["at_most", "at_least", "exactly"]
    limit: float

    def is_met_by(self, measured: float) -> bool:
        match self.kind:
            case "at_most":
                return measured <= self.limit
            case "at_least":
                return measured >= self.limit
            case "exactly":
                return measured == self.limit

    def __str__(self) -> str:
        return f"{_WORDS[self.kind]} {_plain(self.limit)}"


def at_most(limit: float) -> Goal:
    return Goal("at_most", limit)


def at_least(limit: float) -> Goal:
    return Goal("at_least", limit)


def exactly(limit: float) -> Goal:
    return Goal("exactly", limit)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number.

    Args:
        section: of the bench, for example ``join``.
        what: in words, with the percentile or the denominator when there is one.
        measured: None = could not be measured.
        unit: as it is written after the number; empty = a count or a ratio.
        goal: None = told for understanding, nothing was promised.
        anchor: what others reach, or what bounds it from below.
    """

    section: str
    what: str
    measured: float | None
    unit: str = ""
    goal: Goal | None = None
    anchor: str = ""

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.goal is None:
            return None
        return self.measured is not None and self.goal.is_met_by(self.measured)

    def as_dict(self) -> dict[str, object]:
        return {
            "section": self.section,
            "what": self.what,
            "measured": self.measured,
            "unit": self.unit,
            "goal": None if self.goal is None else {"kind": self.goal.kind, "limit": self.goal.limit},
            "met": self.is_met,
            "anchor": self.anchor,
        }


def table(figures: Sequence[Figure]) -> str:
    """A Markdown table, wide enough to be read as it is."""
    rows = [("section", "figure", "goal", "measured", "met", "anchor")]
    for figure in figures:
        measured = "not measured" if figure.measured is None else f"{_plain(figure.measured)} {figure.unit}".rstrip()
        goal = "" if figure.goal is None else f"{figure.goal} {figure.unit}".rstrip()
        met = {None: "", True: "yes", False: "NO"}[figure.is_met]
        rows.append((figure.section, figure.what, goal, measured, met, figure.anchor))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def percentile(values: Iterable[float], ratio: float) -> float | None:
    """The value below which `ratio` (0..1) of `values` lie, interpolated; None of none."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = ratio * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _plain(number: float) -> str:
    """Three digits that matter, thousands apart, no ``.0``."""
    if number == int(number):
        return f"{int(number):,}"
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.1f}" if abs(number) >= 100 else f"{number:.3g}"
