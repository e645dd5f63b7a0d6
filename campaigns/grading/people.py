"""Reads the people of a list, their lines and their evidence, as arrays; says what the model knows of them.

A person with several numbers is judged by the line that is most likely to be picked up; each line keeps its own
probabilities, by which the claim chooses the number.

Invariant: row i of every array of `People` is the same person; row j of every array of `Lines` the same line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import numpy as np
from numpy.typing import NDArray

from campaigns.calendar import jst_date
from campaigns.campaign import Campaign
from campaigns.grading.segments import SegmentBook
from campaigns.learning.evidence import WINDOWS, Evidence, Floats, Ints, decayed
from campaigns.learning.model import PickUpModel
from campaigns.queries import queries

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Lines:
    """m lines: person × number.

    Args:
        numbers: E.164.
        of_person: (m,) the row in `People`.
        evidence: hits and misses as they count now.
        held_p: (m, 3) the probabilities that the database holds; NaN = none yet.
    """

    numbers: list[str]
    of_person: Ints
    evidence: Evidence
    held_p: Floats


@dataclass(frozen=True, slots=True)
class People:
    """n people of one list.

    Args:
        debtor_ids, versions: (n,) whose entry, and its version when it was read.
        callable_from: (n,) seconds since 1970.
        grades: (n, 3) as held; by_lot, graded: (n,).
        month_tries: (n,) attempts this JST month; windows_tried: (n, 3) kinds of hour tried in it.
        missed_cells: (n,) bits; tries: (n, 3) tries ever.
        overdue: (n,) the retry rule's latest moment is over.
        never_called, promise_broken, yen, overdue_days: (n,) what a stake is made of.
        owed: (n, T) for T debt types that were asked about: overdue now and free of promises.
        lines: of these people, at least one each.
    """

    debtor_ids: Ints
    versions: Ints
    callable_from: Floats
    grades: NDArray[np.int16]
    by_lot: Bools
    graded: Bools
    month_tries: Ints
    windows_tried: Bools
    missed_cells: Ints
    tries: Ints
    overdue: Bools
    never_called: Bools
    promise_broken: Bools
    yen: Floats
    overdue_days: Floats
    owed: Bools
    lines: Lines

    def __len__(self) -> int:
        return len(self.debtor_ids)


@dataclass(frozen=True, slots=True)
class Chances:
    """What the model knows of n people with m lines.

    Args:
        by_line: (m, 3) pick-up probability of each line by kind of hour.
        best: (n,) the row in `Lines` of each person's line that is most likely to be picked up in any kind of hour.
        posterior: (n, K) of what sort each person is, by that line.
    """

    by_line: Floats
    best: Ints
    posterior: Floats


def chances_of(people: People, model: PickUpModel) -> Chances:
    """What `model` knows of people, each judged by one line."""
    posterior = model.posterior(people.lines.evidence)
    by_line = model.pick_up(posterior)
    of_person = people.lines.of_person
    order = np.lexsort((by_line.max(axis=1), of_person))
    best = order[np.flatnonzero(np.diff(of_person[order], append=-1))]  # the last one of each person
    return Chances(by_line, best, posterior[best])


async def read_people(
    conn: asyncpg.Connection,
    campaign: Campaign,
    debtor_ids: Sequence[int],
    book: SegmentBook,
    now: datetime,
    *,
    owing: Sequence[str] = (),
) -> People:
    """Those of `debtor_ids` who are on the campaign's list and have a live number and a debt, as of `now`.

    Args:
        owing: debt types of which it is to be told who owes them (``People.owed``).
    """
    rows = [
        row
        async for row in queries.people_to_grade(
            conn,
            campaign_id=campaign.campaign_id,
            debtor_ids=list(debtor_ids),
            debt_types=list(campaign.debt_types),
            owing=list(owing),
            today=jst_date(now),
        )
    ]
    return _people(rows, book, now, owing)


def _people(rows: Sequence[asyncpg.Record], book: SegmentBook, now: datetime, owing: Sequence[str]) -> People:
    today = jst_date(now)
    first_of_line = [i for i, row in enumerate(rows) if i == 0 or row["debtor_id"] != rows[i - 1]["debtor_id"]]
    persons = [rows[i] for i in first_of_line]
    of_person = np.zeros(len(rows), dtype=np.int64)
    of_person[first_of_line[1:]] = 1
    this_month = [r["counted_on"] is not None and r["counted_on"] >= today.replace(day=1) for r in persons]
    windows = [r["month_windows"] if fresh else 0 for r, fresh in zip(persons, this_month, strict=True)]
    return People(
        debtor_ids=_ints(r["debtor_id"] for r in persons),
        versions=_ints(r["version"] for r in persons),
        callable_from=_floats(_epoch(r["callable_from"]) for r in persons),
        grades=np.array([[r[f"{w}_grade"] for w in WINDOWS] for r in persons], dtype=np.int16).reshape(-1, 3),
        by_lot=_bools(r["by_lot"] for r in persons),
        graded=_bools(r["graded"] for r in persons),
        month_tries=_ints(r["month_attempts"] if fresh else 0 for r, fresh in zip(persons, this_month, strict=True)),
        windows_tried=np.array([[bool(w >> i & 1) for i in range(3)] for w in windows], dtype=np.bool_).reshape(-1, 3),
        missed_cells=_ints(r["missed_cells"] for r in persons),
        tries=np.array([[r[f"{w}_attempts"] for w in WINDOWS] for r in persons], dtype=np.int64).reshape(-1, 3),
        overdue=_bools(r["overdue_from"] is not None and r["overdue_from"] <= now for r in persons),
        never_called=_bools(r["counted_on"] is None for r in persons),
        promise_broken=_bools(
            r["recall_from"] is not None and (r["contacted_at"] is None or r["recall_from"] > r["contacted_at"])
            for r in persons
        ),
        yen=_floats(r["yen"] for r in persons),
        overdue_days=_floats(max(0, (today - r["due_on"]).days) for r in persons),
        owed=np.array([[code in r["owed_types"] for code in owing] for r in persons], dtype=np.bool_).reshape(
            len(persons), len(owing)
        ),
        lines=Lines(
            numbers=[r["number"] for r in rows],
            of_person=np.cumsum(of_person),
            evidence=evidence_of(rows, book, now),
            held_p=np.array(
                [[np.nan if r[f"{w}_p"] is None else r[f"{w}_p"] for w in WINDOWS] for r in rows], dtype=np.float64
            ).reshape(-1, 3),
        ),
    )


def evidence_of(rows: Sequence[asyncpg.Record], book: SegmentBook, now: datetime) -> Evidence:
    """The evidence of lines as it counts at `now`.

    Args:
        rows: with counts (or None), counted_at, debt_type, born_on, kind.
    """
    today = jst_date(now)
    hits = _counts(rows, "hits")
    misses = _counts(rows, "misses")
    left_over = _floats(decayed(1.0, r["counted_at"] or now, now) for r in rows).reshape(-1, 1)
    segments = _ints(book.segment_of(r["debt_type"], r["born_on"], r["kind"], today) for r in rows)
    return Evidence(hits * left_over, misses * left_over, segments)


def _counts(rows: Sequence[asyncpg.Record], what: str) -> Floats:
    return np.array([[r[f"{w}_{what}"] or 0.0 for w in WINDOWS] for r in rows], dtype=np.float64).reshape(-1, 3)


def _epoch(moment: datetime | None) -> float:
    """Seconds since 1970; asyncpg gives −infinity as the first moment there is."""
    return -np.inf if moment is None or moment.year <= 1 else moment.timestamp()


def _floats(values: Iterable[float]) -> Floats:
    return np.fromiter(values, dtype=np.float64)


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _bools(values: Iterable[bool]) -> Bools:
    return np.fromiter(values, dtype=np.bool_)
