"""Predicted against seen: how well the model's pick-up probabilities fit the calls that were made (REPORT-5).

Two ways, told apart because they answer different questions:

- *as predicted*: the probability that stood at the claim of each attempt. That is what the system really believed.
- *back-test*: for tries without one (former records, attempts before the first fit), a model fitted on everything
  before a moment predicts everything after it, each line with what was known of it before that try.

Attempts drawn by lot are shown for themselves: whom they reached does not depend on what the model thought.

Rows are streamed; only sums are kept, and one row of evidence a line. Nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
import numpy as np

from campaigns.calendar import jst_date
from campaigns.evidence import seen_in
from campaigns.grading.fitting import load_model
from campaigns.grading.replaying import Counts, Try, judged_from, known_at, tries_of
from campaigns.grading.scores import Score, Tally, of_rates
from campaigns.grading.segments import MARK_SIZES, SegmentBook
from campaigns.importing.history.results import HITS as PAST_HITS
from campaigns.importing.history.results import MISSES as PAST_MISSES
from campaigns.learning.evidence import WINDOWS, Evidence
from campaigns.learning.fitting import fit
from campaigns.learning.model import PickUpModel
from campaigns.model import Outcome, Window
from campaigns.queries import queries

FITTED_PART = 2 / 3
"""Of the tries without a prediction, so many are before the back-test's moment."""

LEAST = 200
"""Fewer predictions than this say too little; they are shown with that remark."""

_ROWS = 2_000  # that are fetched and predicted in one go
_WORDS = {
    "hits": sorted(o for o in Outcome if seen_in(o) == (1.0, 0.0)),
    "misses": sorted(o for o in Outcome if seen_in(o) == (0.0, 1.0)),
    "past_hits": sorted(PAST_HITS),
    "past_misses": sorted(PAST_MISSES),
}


@dataclass(frozen=True, slots=True)
class Judged:
    """How one way of predicting did.

    Args:
        everything: all tries; by_lot: those drawn by lot, or None.
        windows: by kind of hour; a kind without tries is left out.
        brier_of_windows, log_loss_of_windows: of one number for each kind of hour, known with hindsight.
    """

    everything: Score
    by_lot: Score | None
    windows: Mapping[Window, Score]
    brier_of_windows: float
    log_loss_of_windows: float

    @property
    def says_enough(self) -> bool:
        """Whether there are enough tries to judge by."""
        return self.everything.attempts >= LEAST


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Both ways.

    Args:
        predicted: as predicted at the claim; None = no such attempts.
        back_test: None = no tries to fit on, or none after them.
        split_at: the back-test's moment, aware; None = no tries at all.
        fitted_lines: lines of which something was known at that moment.
    """

    predicted: Judged | None
    back_test: Judged | None
    split_at: datetime | None
    fitted_lines: int


class _Tallies:
    """A tally for each kind of hour, by lot and not."""

    def __init__(self) -> None:
        self._held = [[Tally(), Tally()] for _ in WINDOWS]

    def add(self, p: np.ndarray, hit: np.ndarray, window: np.ndarray, by_lot: np.ndarray) -> None:
        """Take in (n,) probabilities, whether picked up, places in ``WINDOWS``, whether drawn."""
        for place, pair in enumerate(self._held):
            for lot, tally in enumerate(pair):
                rows = (window == place) & (by_lot == bool(lot))
                tally.add(p[rows], hit[rows])

    def judged(self) -> Judged | None:
        by_window = [plain.plus(lots) for plain, lots in self._held]
        everything = by_window[0].plus(by_window[1]).plus(by_window[2]).score()
        if everything is None:
            return None
        lots = self._held[0][1].plus(self._held[1][1]).plus(self._held[2][1]).score()
        scores = {w: score for w, tally in zip(WINDOWS, by_window, strict=True) if (score := tally.score())}
        return Judged(everything, lots, scores, *of_rates(by_window))


async def evaluate(
    conn: asyncpg.Connection, *, since: datetime | None = None, campaign_id: int | None = None
) -> Evaluation:
    """Judge every prediction that can be judged.

    Args:
        conn: not in a transaction; one is opened, so that all is read as of one moment.
        since: aware; only tries from then on are judged, and the back-test is fitted on those before. None = all, and
            the back-test's moment leaves `FITTED_PART` of the tries before it.
        campaign_id: only its attempts, and the former records of those on its list, are judged; the model is always
            fitted on everybody, as it is at work.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        predicted = await _as_predicted(conn, since, campaign_id)
        split_at = await queries.last_tries(conn, since=since, part=FITTED_PART, **_WORDS)
        if split_at is None:
            return Evaluation(predicted, None, None, 0)
        book = (await load_model(conn)).book.with_types([row["code"] async for row in queries.debt_type_codes(conn)])
        model, lines = await _fitted(conn, book, split_at, campaign_id)
        back_test = await _back_test(conn, model, book, split_at, campaign_id) if lines else None
        return Evaluation(predicted, back_test, split_at, lines)


async def _as_predicted(conn: asyncpg.Connection, since: datetime | None, campaign_id: int | None) -> Judged | None:
    tallies = _Tallies()
    words = {name: _WORDS[name] for name in ("hits", "misses")}
    async with queries.predicted_tries_cursor(conn, since=since, campaign_id=campaign_id, **words) as prepared:
        async for rows in _stretches(prepared):
            tallies.add(
                np.array([r["answer_probability"] for r in rows], dtype=np.float64),
                np.array([r["hit"] for r in rows], dtype=np.bool_),
                np.array([WINDOWS.index(Window(r["call_window"])) for r in rows], dtype=np.int64),
                np.array([r["by_lot"] for r in rows], dtype=np.bool_),
            )
    return tallies.judged()


async def _fitted(
    conn: asyncpg.Connection, book: SegmentBook, split_at: datetime, campaign_id: int | None
) -> tuple[PickUpModel, int]:
    """The model as it would have been fitted at `split_at`, and on how many lines."""
    counts: list[Counts] = []
    segments: list[int] = []
    async with queries.lines_with_tries_cursor(conn, campaign_id=campaign_id, **_WORDS) as prepared:
        async for rows in _stretches(prepared):
            for row in rows:
                known = known_at(tries_of(row), split_at)
                if any(known):
                    counts.append(known)
                    segments.append(_segment(book, row, split_at))
    return await asyncio.to_thread(fit, _evidence(counts, segments), mark_sizes=MARK_SIZES), len(counts)


async def _back_test(
    conn: asyncpg.Connection, model: PickUpModel, book: SegmentBook, split_at: datetime, campaign_id: int | None
) -> Judged | None:
    tallies = _Tallies()
    async with queries.lines_with_tries_cursor(conn, campaign_id=campaign_id, **_WORDS) as prepared:
        async for rows in _stretches(prepared):
            tries: list[Try] = []
            counts: list[Counts] = []
            segments: list[int] = []
            for row in rows:
                for one, known in judged_from(tries_of(row), split_at):
                    tries.append(one)
                    counts.append(known)
                    segments.append(_segment(book, row, split_at))
            window = np.array([one.window for one in tries], dtype=np.int64)
            evidence = _evidence(counts, segments)
            pick_up = await asyncio.to_thread(lambda known: model.pick_up(model.posterior(known)), evidence)
            tallies.add(
                pick_up[np.arange(len(tries)), window],
                np.array([one.hit for one in tries], dtype=np.bool_),
                window,
                np.array([one.by_lot for one in tries], dtype=np.bool_),
            )
    return tallies.judged()


async def _stretches(prepared: Any) -> AsyncIterator[Sequence[asyncpg.Record]]:
    """The rows of a cursor, some thousand at a time."""
    cursor = await prepared
    while rows := await cursor.fetch(_ROWS):
        yield rows


def _evidence(counts: Sequence[Counts], segments: Sequence[int]) -> Evidence:
    table = np.array(counts, dtype=np.float64).reshape(-1, 6)
    return Evidence(table[:, :3], table[:, 3:], np.array(segments, dtype=np.int64))


def _segment(book: SegmentBook, line: Mapping[str, Any], at: datetime) -> int:
    return book.segment_of(line["debt_type"], line["born_on"], line["kind"], jst_date(at))
