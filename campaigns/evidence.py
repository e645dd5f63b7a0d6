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

_HALF_LIFE_S = HALF_LIFE_DAYS * 86_400
_HITS = frozenset({Outcome.ANSWERED, Outcome.ABANDONED, Outcome.HUNG_UP_EARLY})
_MISSES = frozenset({Outcome.NO_ANSWER, Outcome.MACHINE, Outcome.REJECTED})


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing learnt about one person's number in one kind of hour.

    Args:
        at: when it happened, aware.
        hits, misses: ≥ 0, together 1 for an attempt.
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
    if not seen:
        return
    await queries.add_evidence(
        conn,
        half_life_s=_HALF_LIFE_S,
        debtor_ids=[one.debtor_id for one in seen],
        numbers=[one.number for one in seen],
        call_windows=[one.window for one in seen],
        ats=[one.at for one in seen],
        hits=[one.hits for one in seen],
        misses=[one.misses for one in seen],
    )


async def take_back_hit(conn: asyncpg.Connection, debtor_id: int, number: E164, window: Window, at: datetime) -> None:
    """Uncount one hit, at the part that is left of it: what picked up was nobody.

    Args:
        at: when it happened, aware.
    """
    await queries.take_back_hit(
        conn, half_life_s=_HALF_LIFE_S, debtor_id=debtor_id, number=number, call_window=window, at=at
    )
