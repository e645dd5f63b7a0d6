"""The tries of one line, lived through again: what was known of it before each of them (pure).

Invariant: what is known before a try holds nothing of that try, nor of later ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from campaigns.learning.evidence import WINDOWS, decayed

Counts = tuple[float, float, float, float, float, float]
"""Hits by kind of hour, then misses."""

NOTHING: Counts = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
_PLACE = {str(window): place for place, window in enumerate(WINDOWS)}


@dataclass(frozen=True, slots=True)
class Try:
    """One call that says something about the hour.

    Args:
        window: place in ``WINDOWS``; hit: somebody picked up; by_lot: the person was drawn at random.
        judged: it is to be predicted.
    """

    at: datetime
    window: int
    hit: bool
    by_lot: bool
    judged: bool


def tries_of(line: Mapping[str, Any]) -> list[Try]:
    """Those of a row of ``lines_with_tries``, oldest first."""
    columns = (line["ats"], line["call_windows"], line["hits"], line["by_lots"], line["judged"])
    return [Try(at, _PLACE[window], *rest) for at, window, *rest in zip(*columns, strict=True)]


def known_at(tries: Sequence[Try], moment: datetime) -> Counts:
    """What the tries before `moment` count at it."""
    counts, as_of = NOTHING, moment
    for one in tries:
        if one.at >= moment:
            break
        counts, as_of = _with(_faded(counts, as_of, one.at), one), one.at
    return _faded(counts, as_of, moment)


def judged_from(tries: Sequence[Try], moment: datetime) -> Iterator[tuple[Try, Counts]]:
    """Each try from `moment` on that is to be predicted, and what was known before it."""
    counts, as_of = NOTHING, moment
    for one in tries:
        counts = _faded(counts, as_of, one.at)
        if one.judged and one.at >= moment:
            yield one, counts
        counts, as_of = _with(counts, one), one.at


def _faded(counts: Counts, since: datetime, until: datetime) -> Counts:
    if counts == NOTHING:
        return NOTHING
    left = decayed(1.0, since, until)
    a, b, c, d, e, f = counts
    return a * left, b * left, c * left, d * left, e * left, f * left


def _with(counts: Counts, one: Try) -> Counts:
    more = list(counts)
    more[one.window if one.hit else 3 + one.window] += 1.0
    a, b, c, d, e, f = more
    return a, b, c, d, e, f
