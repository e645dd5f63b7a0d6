"""People whose hours are known to a test and to nobody else, with past records of calls to them."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import numpy as np

from campaigns.calendar import JST
from campaigns.evidence import Seen, add_many
from campaigns.model import Window
from tests.fixtures_people import Town

SORTS = ((0.8, 0.7, 0.8), (0.1, 0.6, 0.5), (0.02, 0.03, 0.03))
"""Who is at home by day, who works, who never answers."""

_HOURS = {Window.WEEKDAY: (0, 10), Window.EVENING: (1, 18), Window.WEEKEND: (5, 10)}  # day of the week, hour


async def people_with_past(town: Town, people: int, calls: int, before: datetime, *, seed: int = 1) -> list[int]:
    """People, of each sort equally many, with `calls` past records each, a week apart, the last just before `before`.

    The records are counted as evidence too, as the import of a history does.
    """
    chance = np.random.default_rng(seed)
    conn = town.conn
    import_id = await conn.fetchval(
        "INSERT INTO import_file (sha256, mapping, file_name, rows, applied_at) VALUES ('x', 'm', 'f', 0, $1)"
        " RETURNING import_id",
        before,
    )
    numbers = [town.number() for _ in range(people)]
    ids = [await town.person(numbers=[number]) for number in numbers]
    rows, seen = [], []
    for place, (debtor_id, number) in enumerate(zip(ids, numbers, strict=True)):
        pick_up = dict(zip(Window, SORTS[place % 3], strict=True))
        for n in range(calls):
            window = list(Window)[int(chance.integers(3))]
            at = _moment(before - timedelta(weeks=calls - n), window)
            hit = bool(chance.random() < pick_up[window])
            result = "contact_person" if hit else "no_answer"
            rows.append((debtor_id, number, at, "outbound", window, result, "m", import_id))
            seen.append(Seen(debtor_id, number, window, at, float(hit), float(not hit)))
    await conn.executemany(
        "INSERT INTO past_call (debtor_id, number, at, direction, call_window, result, source, import_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        rows,
    )
    await add_many(conn, seen)
    await town.listed()
    return ids


async def attempts_as_predicted(
    conn: asyncpg.Connection, campaign_id: int, predicted: dict[float, tuple[int, int]], at: datetime,
    *, window: Window = Window.WEEKDAY, by_lot: bool = False,
) -> None:  # fmt: skip
    """Ended attempts: for each predicted probability so many that were picked up, and so many that rang in vain."""
    person = await conn.fetchrow("SELECT debtor_id, number FROM debtor_phone ORDER BY debtor_id LIMIT 1")
    rows = [
        (campaign_id, *person, window, at, outcome, p, by_lot)
        for p, counts in predicted.items()
        for outcome, n in zip(("answered", "no_answer"), counts, strict=True)
        for _ in range(n)
    ]
    await conn.executemany(
        "INSERT INTO attempt (campaign_id, debtor_id, number, caller_id, call_window, state, state_at, claimed_at,"
        " dialed_at, ended_at, outcome, answer_probability, by_lot)"
        " VALUES ($1, $2, $3, '+81250000001', $4, 'ended', $5, $5, $5, $5, $6, $7, $8)",
        rows,
    )


def _moment(about: datetime, window: Window) -> datetime:
    """In the week of `about`, at an hour of that kind."""
    day, hour = _HOURS[window]
    local = about.astimezone(JST)
    return (local - timedelta(days=local.weekday() - day)).replace(hour=hour, minute=0, second=0, microsecond=0)
