"""The pass over a campaign's list: whole, or only those to whom something happened since they were graded.

A whole pass finds the prices of the kinds of hour and keeps them (``campaign.grading``); a small one uses them, so it
costs only what it grades. Entries are written in small batches, and an entry that was written meanwhile by a result is
left to the next pass: the engine never waits for the planner for longer than a batch.

Invariant: grades are all that changes here, and what a line's number is expected to do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import numpy as np
from numpy.typing import NDArray

from campaigns.calendar import cell_of, jst_date, start_of_day
from campaigns.campaign import Campaign
from campaigns.grading.fitting import FittedModel
from campaigns.grading.grades import Grades, below_floor, drawn_by_lot, grades_of
from campaigns.grading.people import People, read_people
from campaigns.grading.slots import Left, horizon_ends, left_of, pace_of
from campaigns.grading.stakes import stakes
from campaigns.learning.evidence import WINDOWS, Evidence
from campaigns.learning.grades import of_values
from campaigns.learning.horizon import Limits, Timeline
from campaigns.learning.prices import find_prices
from campaigns.learning.spread import Spread
from campaigns.learning.survival import Survival, of_posterior
from campaigns.learning.worth import values_at
from campaigns.model import Rotation, Window
from campaigns.opening.hours import Hours, Session
from campaigns.queries import queries

PACE_DAYS = 14
"""The pace of calling is that of so many days."""

_SAMPLE = 3_000
_BLOCK = 5_000
_BATCH = 500  # entries written in one transaction
_NOTABLE = 0.005  # a probability that moved less is not written again

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Prices:
    """What a whole pass found; kept as JSON in ``campaign.grading`` and shown to supervisors.

    Args:
        prices: of a call by kind of hour, in mean stakes: what a slot is worth to the one who would get it next.
        attempts_left, sessions_left: by kind of hour, in the horizon.
        per_hour: attempts an hour by kind of hour.
        mean_stake: of the list.
        people: on the list; below_floor, drawn: of them, in any kind of hour.
        pick_up: mean probability by kind of hour of those on the list.
    """

    prices: tuple[float, float, float]
    attempts_left: tuple[float, float, float]
    sessions_left: tuple[int, int, int]
    per_hour: tuple[float, float, float]
    mean_stake: float
    people: int
    below_floor: int = 0
    drawn: int = 0
    pick_up: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def pace(self) -> dict[Window, float]:
        """Attempts an hour by kind of hour."""
        return dict(zip(WINDOWS, self.per_hour, strict=True))


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass did: people looked at, entries written, people who were written meanwhile by somebody else."""

    seen: int
    written: int
    overtaken: int
    prices: Prices


async def grade_list(
    conn: asyncpg.Connection, campaign: Campaign, hours: Hours, fitted: FittedModel, now: datetime, *, whole: bool
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
        prices = await _find(conn, campaign, hours, fitted, now, ids)
    look = _Look.ahead(hours, campaign, prices, now)
    left = left_of(hours, now, prices.pace)
    seen = written = overtaken = below = drawn = 0
    pick_up = np.zeros(3)
    for begin in range(0, len(ids), _BLOCK):
        people = await read_people(conn, campaign, ids[begin : begin + _BLOCK].tolist(), fitted.book, now)
        if not len(people):
            continue
        expected, best = _expected(people, fitted)
        values = _values(people, best, fitted, campaign, prices, left)
        grades, floor, by_lot = look.grades(people, values)
        changed = ~people.graded | (grades != people.grades).any(axis=1) | (by_lot != people.by_lot)
        done = await _write(conn, campaign.campaign_id, people, grades, by_lot, np.flatnonzero(changed))
        await _write_pick_up(conn, people, expected)
        seen, written, overtaken = seen + len(people), written + done, overtaken + int(changed.sum()) - done
        below, drawn = below + int(floor.sum()), drawn + int(by_lot.sum())
        pick_up += expected[best].sum(axis=0)
    if whole:
        mean = pick_up / max(seen, 1)
        prices = replace(prices, people=seen, below_floor=below, drawn=drawn, pick_up=tuple(mean.tolist()))
        found = msgspec.json.encode(prices).decode()
        await queries.graded(conn, campaign_id=campaign.campaign_id, now=now, grading=found)
    return Pass(seen, written, overtaken, prices)


async def last_prices(conn: asyncpg.Connection, campaign_id: int) -> Prices | None:
    """What the last whole pass found; None when there was none, or when the supervisor changed the weights since."""
    row = await queries.last_grading(conn, campaign_id=campaign_id)
    if row is None or row["graded_at"] is None or row["grading"] is None:
        return None
    return msgspec.json.decode(row["grading"], type=Prices)


async def _find(
    conn: asyncpg.Connection,
    campaign: Campaign,
    hours: Hours,
    fitted: FittedModel,
    now: datetime,
    ids: NDArray[np.int64],
) -> Prices:
    """Prices from a sample of the list."""
    rows = queries.attempts_by_window(
        conn, campaign_id=campaign.campaign_id, since=now - timedelta(days=PACE_DAYS), until=now
    )
    pace = pace_of({Window(r["call_window"]): (r["attempts"], r["hours"]) async for r in rows})
    left = left_of(hours, now, pace)
    whole = Prices(
        prices=(0.0, 0.0, 0.0),
        attempts_left=_three(left.timeline.attempts),
        sessions_left=_three(left.timeline.sessions),
        per_hour=_three(np.array([pace[w] for w in WINDOWS])),
        mean_stake=1.0,
        people=len(ids),
    )
    chance = np.random.default_rng(jst_date(now).toordinal())
    some = ids if len(ids) <= _SAMPLE else np.sort(chance.choice(ids, _SAMPLE, replace=False))
    people = await read_people(conn, campaign, some.tolist(), fitted.book, now)
    still_wanted = np.flatnonzero(people.callable_from < start_of_day(horizon_ends(now)).timestamp())
    if len(still_wanted) == 0 or len(left.timeline) == 0:
        return whole
    stake = _stakes(campaign, people)
    survival = _survival(people, _expected(people, fitted)[1], fitted, left, len(ids)).sample(still_wanted)
    share = len(people) / len(ids)
    scaled = Timeline(left.timeline.windows, left.timeline.calls * share, left.timeline.days)
    limits = _limits(people, left).of(still_wanted)
    found = find_prices(survival, scaled, stake[still_wanted] / stake.mean(), limits=limits)
    return replace(whole, prices=_three(found), mean_stake=float(stake.mean()))


def _three(values: NDArray[Any]) -> tuple[Any, Any, Any]:
    """One value a kind of hour, as JSON has them."""
    weekday, evening, weekend = values.tolist()
    return weekday, evening, weekend


def _stakes(campaign: Campaign, people: People) -> Floats:
    return stakes(
        campaign.choosing,
        never_called=people.never_called,
        promise_broken=people.promise_broken,
        yen=people.yen,
        overdue_days=people.overdue_days,
    )


def _expected(people: People, fitted: FittedModel) -> tuple[Floats, NDArray[np.int64]]:
    """(m, 3) pick-up probabilities of each line, and (n,) the row of each person's best line."""
    expected = fitted.model.pick_up(fitted.model.posterior(people.lines.evidence))
    order = np.lexsort((expected.max(axis=1), people.lines.of_person))
    best = order[np.flatnonzero(np.append(np.diff(people.lines.of_person[order]), 1))]
    return expected, best


def _survival(people: People, best: NDArray[np.int64], fitted: FittedModel, left: Left, listed: int) -> Survival:
    seen = people.lines.evidence
    evidence = Evidence(seen.hits[best], seen.misses[best], seen.segments[best])
    return of_posterior(fitted.model.posterior(evidence), fitted.model.sorts, left.timeline.caps(listed))


def _values(
    people: People,
    best: NDArray[np.int64],
    fitted: FittedModel,
    campaign: Campaign,
    prices: Prices,
    left: Left,
) -> Floats:
    """(n, 3) worth of a call now, in mean stakes; −inf in a kind of hour that doesn't come again."""
    if len(left.timeline) == 0:
        return np.full((len(people), 3), -np.inf)
    stake = _stakes(campaign, people) / prices.mean_stake
    survival = _survival(people, best, fitted, left, prices.people)
    return values_at(survival, left.timeline, stake, np.array(prices.prices), limits=_limits(people, left))


def _limits(people: People, left: Left) -> Limits:
    """How often each person can still be called within the horizon."""
    spread = Spread([s.day for s in left.sessions], left.timeline.windows.tolist())
    masks = np.column_stack([people.missed_cells >> 7 * w & 0b1111111 for w in range(3)])
    return spread.limits(0, len(left.timeline), masks)


@dataclass(frozen=True, slots=True)
class _Look:
    """What the calendar says about the next session of each kind of hour, and the supervisor about floor and lots."""

    campaign: Campaign
    next_sessions: dict[Window, Session | None]
    cells_ahead: dict[Window, int]
    windows_ahead: frozenset[Window]
    chances: dict[Window, float]
    prices: Prices

    @staticmethod
    def ahead(hours: Hours, campaign: Campaign, prices: Prices, now: datetime) -> _Look:
        days = hours.sessions(jst_date(now), jst_date(now) + timedelta(days=31))
        coming = {w: next((s for s in days if s.window is w and s.ends_at > now), None) for w in Window}
        per_session = {
            w: attempts / max(sessions, 1)
            for w, attempts, sessions in zip(WINDOWS, prices.attempts_left, prices.sessions_left, strict=True)
        }
        return _Look(
            campaign=campaign,
            next_sessions=coming,
            cells_ahead={w: 0 if s is None else hours.cells_ahead(s.starts_at, w) for w, s in coming.items()},
            windows_ahead=hours.windows_ahead(now),
            chances={w: campaign.choosing.lot_ratio * per_session[w] / max(prices.people, 1) for w in Window},
            prices=prices,
        )

    def grades(self, people: People, values: Floats) -> tuple[Grades, Bools, Bools]:
        """(n, 3) grades; (n,) below the floor; (n,) drawn by lot."""
        choosing = self.campaign.choosing
        floor = below_floor(
            values - np.array(self.prices.prices),  # where a call is worth most above what its slot costs
            people.month_tries,
            people.windows_tried,
            floor_attempts=choosing.floor_attempts,
            each_window=choosing.floor_each_window,
            open_windows=np.array([self.next_sessions[w] is not None for w in WINDOWS]),
        )
        out: Bools = np.column_stack([self._out(people, w) for w in WINDOWS])
        drawn: Bools = np.column_stack([self._drawn(people, w) for w in WINDOWS]) & ~out
        worth = of_values(values, np.array(self.prices.prices))
        grades = grades_of(worth, out=out, below_floor=floor, overdue=people.overdue, drawn=drawn)
        return grades, np.asarray(floor.any(axis=1)), np.asarray(drawn.any(axis=1))

    def _drawn(self, people: People, window: Window) -> Bools:
        session = self.next_sessions[window]
        if session is None:
            return np.zeros(len(people), dtype=np.bool_)
        return drawn_by_lot(people.debtor_ids, session.day, window, self.chances[window])

    def _out(self, people: People, window: Window) -> Bools:
        """Whom the rules of spread would refuse in the next session of this kind (``rules``: same day, same window)."""
        session = self.next_sessions[window]
        if session is None:
            return np.zeros(len(people), dtype=np.bool_)
        again = people.missed_cells & cell_of(window, session.day) != 0
        out: Bools = again & (self.cells_ahead[window] & ~people.missed_cells != 0)
        if self.campaign.choosing.rotation is Rotation.STRICT:
            here = people.tries[:, WINDOWS.index(window)]
            for other in self.windows_ahead - {window}:
                out |= here > people.tries[:, WINDOWS.index(other)]
        return out


async def _write(
    conn: asyncpg.Connection, campaign_id: int, people: People, grades: Grades, by_lot: Bools, rows: NDArray[np.int64]
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
