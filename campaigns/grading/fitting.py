"""Fits the pick-up model to all evidence and stores it; reads the one in force.

Invariant: a model is stored with the book of segments that it was fitted by, or its segments would mean others later.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import numpy as np

from campaigns.grading.people import evidence_of
from campaigns.grading.segments import MARK_SIZES, SegmentBook
from campaigns.learning.evidence import Evidence
from campaigns.learning.fitting import fit
from campaigns.learning.model import PickUpModel
from campaigns.queries import queries

_STRETCH = 20_000
_KEEP = 30  # models: a month of nights


@dataclass(frozen=True, slots=True)
class FittedModel:
    """The model in force.

    Args:
        model_id: None for the stated prior, before anything was stored.
        fitted_at: aware; None likewise.
    """

    model: PickUpModel
    book: SegmentBook
    model_id: int | None
    fitted_at: datetime | None


async def fit_model(conn: asyncpg.Connection, now: datetime) -> FittedModel:
    """Fit to everything that was ever seen, store the model, and return it.

    The arithmetic runs in a thread; 300,000 lines take some seconds.
    """
    book = (await load_model(conn)).book.with_types([row["code"] async for row in queries.debt_type_codes(conn)])
    evidence = await _all_evidence(conn, book, now)
    model = await asyncio.to_thread(fit, evidence, mark_sizes=MARK_SIZES)
    body = json.dumps({"model": json.loads(model.to_json()), "debt_types": list(book.debt_types)})
    async with conn.transaction():
        model_id = await queries.insert_model(conn, now=now, body=body, rows_n=len(evidence))
        await queries.delete_old_models(conn, keep=_KEEP)
    return FittedModel(model, book, int(model_id), now)


async def load_model(conn: asyncpg.Connection) -> FittedModel:
    """The newest stored model, or the stated prior when there is none.

    Raises:
        ValueError: what is stored is no model of this version.
    """
    row = await queries.newest_model(conn)
    if row is None:
        book = SegmentBook(tuple([r["code"] async for r in queries.debt_type_codes(conn)]))
        return FittedModel(fit(Evidence.none(np.zeros(0, dtype=np.int64))), book, None, None)
    body = json.loads(row["body"])
    model = PickUpModel.from_json(json.dumps(body["model"]))
    return FittedModel(model, SegmentBook(tuple(body["debt_types"])), row["model_id"], row["fitted_at"])


async def past_records_since(conn: asyncpg.Connection, fitted_at: datetime) -> bool:
    """Whether records of a former system came in after `fitted_at`: months of evidence at once."""
    return bool(await queries.past_records_since(conn, fitted_at=fitted_at))


async def _all_evidence(conn: asyncpg.Connection, book: SegmentBook, now: datetime) -> Evidence:
    stretches, after = [], (0, "")
    while True:
        rows = [
            row
            async for row in queries.evidence_rows(conn, after_debtor=after[0], after_number=after[1], limit=_STRETCH)
        ]
        if not rows:
            break
        stretches.append(evidence_of(rows, book, now))
        after = (rows[-1]["debtor_id"], rows[-1]["number"])
    if not stretches:
        return Evidence.none(np.zeros(0, dtype=np.int64))
    return Evidence(
        np.vstack([s.hits for s in stretches]),
        np.vstack([s.misses for s in stretches]),
        np.concatenate([s.segments for s in stretches]),
    )
