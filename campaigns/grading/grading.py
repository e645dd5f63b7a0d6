"""The pass over a campaign's list: whole, or only those to whom something happened since they were graded.

A whole pass finds the prices of the kinds of hour and keeps them (``campaign.grading``); a small one uses them, so it
costs only what it grades. Entries are written in small batches, and an entry that was written meanwhile by a result is
left to the next pass: the engine never waits for the planner for longer than a batch.

Invariant: grades are all that changes here, and what a line's number is expected to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg
import msgspec
import numpy as np

from campaigns.campaign import Campaign
from campaigns.grading.fitting import FittedModel
from campaigns.grading.grades import Bools, Grades
from campaigns.grading.next_sessions import NextSessions
from campaigns.grading.people import Chances, People, chances_of, read_people
from campaigns.grading.prices import Prices, last_prices, new_prices
from campaigns.grading.slots import Left, left_of
from campaigns.grading.stakes import stakes_of
from campaigns.learning.evidence import Floats, Ints
from campaigns.learning.survival import of_posterior
from campaigns.learning.worth import values_at
from campaigns.opening.campaign_hours import CampaignHours
from campaigns.queries import queries

_BLOCK = 5_000
_BATCH = 500  # entries written in one transaction
_NOTABLE = 0.005  # a probability that moved less is not written again


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass did: people looked at, entries written, people who were written meanwhile by somebody else."""

    seen: int
    written: int
    overtaken: int
    prices: Prices


async def grade_list(
    conn: asyncpg.Connection,
    campaign: Campaign,
    hours: CampaignHours,
    fitted: FittedModel,
    now: datetime,
    *,
    whole: bool,
) -> Pass:
    """Grade a list. `conn` must not be in a transaction; each batch is one of its own.

    Args:
        hours: of this campaign.
        whole: everybody, with new prices; else only whom something happened to, at the prices of the last whole pass
            (a first pass is always whole).
    """
    prices = None if whole else await last_prices(conn, campaign.campaign_id)
    whole = prices is None
    listed = queries.listed_debtors(conn, campaign_id=campaign.campaign_id, ungraded_only=not whole, limit=None)
    ids = np.array([row["debtor_id"] async for row in listed], dtype=np.int64)
    if prices is None:
        prices, left = await new_prices(conn, campaign, hours, fitted, now, ids)
    elif len(ids) == 0:  # nothing happened, as in most ticks
        return Pass(0, 0, 0, prices)
    else:
        left = left_of(hours, now, prices.pace)
    owing = hours.debt_types if hours.own else ()
    ahead = NextSessions.after(now, hours, campaign.choosing, prices)
    seen = written = overtaken = below = drawn = 0
    pick_up = np.zeros(3)
    for begin in range(0, len(ids), _BLOCK):
        block = ids[begin : begin + _BLOCK].tolist()
        people = await read_people(conn, campaign, block, fitted.book, now, owing=owing)
        if not len(people):
            continue
        chances = chances_of(people, fitted.model)
        graded = ahead.grade(people, _values(people, chances, fitted, campaign, prices, left))
        changed = ~people.graded | (graded.grades != people.grades).any(axis=1) | (graded.drawn != people.by_lot)
        done = await _write(conn, campaign.campaign_id, people, graded.grades, graded.drawn, np.flatnonzero(changed))
        await _write_pick_up(conn, people, chances.by_line)
        seen, written, overtaken = seen + len(people), written + done, overtaken + int(changed.sum()) - done
        below, drawn = below + int(graded.below_floor.sum()), drawn + int(graded.drawn.sum())
        pick_up += chances.by_line[chances.best].sum(axis=0)
    if whole:
        mean = pick_up / max(seen, 1)
        prices = replace(prices, people=seen, below_floor=below, drawn=drawn, pick_up=tuple(mean.tolist()))
        found = msgspec.json.encode(prices).decode()
        await queries.graded(conn, campaign_id=campaign.campaign_id, now=now, grading=found)
    return Pass(seen, written, overtaken, prices)


def _values(
    people: People, chances: Chances, fitted: FittedModel, campaign: Campaign, prices: Prices, left: Left
) -> Floats:
    """(n, 3) worth of a call now, in mean stakes; −inf in a kind of hour that doesn't come again."""
    if len(left.timeline) == 0:
        return np.full((len(people), 3), -np.inf)
    stake = stakes_of(campaign.choosing, people) / prices.mean_stake
    survival = of_posterior(chances.posterior, fitted.model.sorts, left.timeline.caps(prices.people))
    limits = left.limits(people.missed_cells)
    return values_at(survival, left.timeline, stake, np.array(prices.prices), limits=limits)


async def _write(
    conn: asyncpg.Connection, campaign_id: int, people: People, grades: Grades, by_lot: Bools, rows: Ints
) -> int:
    written = 0
    for begin in range(0, len(rows), _BATCH):
        batch = rows[begin : begin + _BATCH]
        written += await queries.write_grades(
            conn,
            campaign_id=campaign_id,
            debtor_ids=people.debtor_ids[batch].tolist(),
            versions=people.versions[batch].tolist(),
            weekday_grades=grades[batch, 0].tolist(),
            evening_grades=grades[batch, 1].tolist(),
            weekend_grades=grades[batch, 2].tolist(),
            by_lots=by_lot[batch].tolist(),
        )
    return written


async def _write_pick_up(conn: asyncpg.Connection, people: People, expected: Floats) -> None:
    lines = people.lines
    moved = np.flatnonzero(~(np.abs(expected - lines.held_p) <= _NOTABLE).all(axis=1))
    owners = people.debtor_ids[lines.of_person]
    for begin in range(0, len(moved), _BATCH):
        batch = moved[begin : begin + _BATCH]
        await queries.write_pick_up(
            conn,
            debtor_ids=owners[batch].tolist(),
            numbers=[lines.numbers[i] for i in batch],
            weekday_p=expected[batch, 0].tolist(),
            evening_p=expected[batch, 1].tolist(),
            weekend_p=expected[batch, 2].tolist(),
        )
