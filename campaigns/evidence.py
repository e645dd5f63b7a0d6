"""What each attempt, return call and past record teaches about a person's hours: hits and misses that fade.

One row a person and number (``pick_up``) holds six numbers, so learning from an attempt costs the same after five
million of them. Estimating probabilities from them is `campaigns.learning`; this module only counts.

A *hit* is a call that somebody picked up, whoever it was; a machine is a miss. A busy line, a fault of the network
and a number out of service say nothing about the hour.

Invariant: counts fade by half in `HALF_LIFE_DAYS`, whatever the order in which evidence arrives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from campaigns.model import E164, Outcome, Window
from campaigns.queries import queries

HALF_LIFE_DAYS = 365.0
"""People move, change work and retire: a year old counts half. docs/learning.md compares others."""

_HITS = frozenset({Outcome.ANSWERED, Outcome.ABANDONED, Outcome.HUNG_UP_EARLY})
_MISSES = frozenset({Outcome.NO_ANSWER, Outcome.MACHINE, Outcome.REJECTED})


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing learnt about one person's number in one kind of hour.

    Args:
        at: when it happened, aware.
        hits, misses: together 1 for an attempt. Negative takes back what was counted too early.
    """

    debtor_id: int
    number: E164
    window: Window
    at: datetime
    hits: float
    misses: float


def seen_in(outcome: Outcome) -> tuple[float, float] | None:
    """Hits and misses that an attempt with this outcome counts as; None when it teaches nothing."""
    if outcome in _HITS:
        return 1.0, 0.0
    if outcome in _MISSES:
        return 0.0, 1.0
    return None


async def add(conn: asyncpg.Connection, seen: Seen) -> None:
    """Count one thing. Call it inside the transaction that writes what happened."""
    await add_many(conn, [seen])


async def add_many(conn: asyncpg.Connection, seen: Sequence[Seen]) -> None:
    """Count many things in one statement; several about one person and number are added up."""
    if adding := [one for one in seen if one.hits > 0 or one.misses > 0]:
        await queries.add_evidence(conn, **_columns(adding, [(max(one.hits, 0), max(one.misses, 0)) for one in adding]))
    if taking := [one for one in seen if one.hits < 0 or one.misses < 0]:
        back = [(max(-one.hits, 0), max(-one.misses, 0)) for one in taking]
        await queries.take_back_evidence(conn, **_columns(taking, back))


def _columns(seen: Sequence[Seen], counts: Sequence[tuple[float, float]]) -> dict[str, object]:
    return {
        "half_life_s": HALF_LIFE_DAYS * 86_400,
        "debtor_ids": [one.debtor_id for one in seen],
        "numbers": [one.number for one in seen],
        "call_windows": [one.window for one in seen],
        "ats": [one.at for one in seen],
        "hits": [hits for hits, _ in counts],
        "misses": [misses for _, misses in counts],
    }
