"""Evidence on a real PostgreSQL: it fades, adds up in any order, and is taken back."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from datetime import timedelta

import asyncpg
import pytest

from campaigns.attempts import end, end_call
from campaigns.dispositions import dispose
from campaigns.evidence import HALF_LIFE_DAYS, Seen, add, add_many, take_back_hit
from campaigns.model import E164, AttemptState, Disposition, Outcome, Window
from tests.fixtures_people import TUESDAY, Town

HALF_LIFE = timedelta(days=HALF_LIFE_DAYS)


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax")
    return town


async def counts(town: Town, debtor_id: int) -> dict[str, float]:
    """What is known of a person's only number, nothing left out but zeros."""
    row = await town.conn.fetchrow("SELECT * FROM pick_up WHERE debtor_id = $1", debtor_id)
    held = {} if row is None else dict(row)
    return {name: value for name, value in held.items() if name.endswith(("hits", "misses")) and value}


async def line(town: Town) -> tuple[int, E164]:
    number = town.number()
    return await town.person(numbers=[number]), number


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
async def test_what_was_seen_counts_the_same_in_any_order(town: Town, order: Sequence[int]) -> None:
    """Records of the former system may come in after this month's calls; each fades by half in its half-life."""
    debtor_id, number = await line(town)
    seen = [
        Seen(debtor_id, number, Window.WEEKDAY, TUESDAY - 2 * HALF_LIFE, 0, 1),
        Seen(debtor_id, number, Window.EVENING, TUESDAY - HALF_LIFE, 1, 0),
        Seen(debtor_id, number, Window.WEEKDAY, TUESDAY - HALF_LIFE, 0, 1),
        Seen(debtor_id, number, Window.WEEKDAY, TUESDAY, 0, 1),
    ]
    for place in order[:2]:
        await add(town.conn, seen[place])
    await add_many(town.conn, [seen[place] for place in order[2:]])
    assert await counts(town, debtor_id) == {
        "weekday_misses": pytest.approx(1.75), "evening_hits": pytest.approx(0.5),
    }  # fmt: skip
    assert await town.conn.fetchval("SELECT counted_at FROM pick_up") == TUESDAY


async def test_many_people_and_numbers_are_counted_in_one_statement(town: Town) -> None:
    """Each line for itself; several about one line are added up."""
    lines = [await line(town) for _ in range(3)]
    seen = [
        Seen(debtor_id, number, window, TUESDAY, 1, 0)
        for times, (debtor_id, number) in enumerate(lines)
        for window in Window
        for _ in range(times)
    ]
    await add_many(town.conn, seen)
    assert await counts(town, lines[0][0]) == {}
    for times in (1, 2):
        assert await counts(town, lines[times][0]) == {f"{w}_hits": times for w in Window}
    await add_many(town.conn, [])


async def test_taking_back_never_goes_below_nothing(town: Town) -> None:
    """Nor does it make up a line of which nothing was known."""
    debtor_id, number = await line(town)
    await take_back_hit(town.conn, debtor_id, number, Window.EVENING, TUESDAY)
    assert await town.conn.fetchval("SELECT count(*) FROM pick_up") == 0
    await add(town.conn, Seen(debtor_id, number, Window.EVENING, TUESDAY, 0.5, 2))
    await take_back_hit(town.conn, debtor_id, number, Window.EVENING, TUESDAY)
    assert await counts(town, debtor_id) == {"evening_misses": 2}


async def test_a_hit_is_taken_back_from_its_own_kind_of_hour_and_line(town: Town) -> None:
    """The others, and the misses, stay as they are."""
    lines = [await line(town) for _ in range(2)]
    await add_many(town.conn, [Seen(*who, w, TUESDAY, 2, 1) for who in lines for w in Window])
    left = {f"{w}_{what}": count for w in Window for what, count in (("hits", 2), ("misses", 1))}
    for window in Window:
        await take_back_hit(town.conn, *lines[0], window, TUESDAY)
        left[f"{window}_hits"] = 1
        assert await counts(town, lines[0][0]) == left
    assert set((await counts(town, lines[1][0])).values()) == {2, 1}


async def test_what_is_taken_back_later_has_faded_as_much_as_when_it_was_counted(town: Town) -> None:
    """The agent writes the result after other evidence has come in."""
    debtor_id, number = await line(town)
    await add(town.conn, Seen(debtor_id, number, Window.EVENING, TUESDAY - HALF_LIFE, 1, 0))
    await add(town.conn, Seen(debtor_id, number, Window.EVENING, TUESDAY, 1, 0))
    await add(town.conn, Seen(debtor_id, number, Window.EVENING, TUESDAY - HALF_LIFE, 0, 1))
    await take_back_hit(town.conn, debtor_id, number, Window.EVENING, TUESDAY - HALF_LIFE)
    assert await counts(town, debtor_id) == {
        "evening_hits": pytest.approx(1), "evening_misses": pytest.approx(0.5),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "learnt"),
    [
        (Outcome.NO_ANSWER, {"weekday_misses": 1}),
        (Outcome.MACHINE, {"weekday_misses": 1}),
        (Outcome.ANSWERED, {"weekday_hits": 1}),
        (Outcome.ABANDONED, {"weekday_hits": 1}),
        (Outcome.BUSY, {}),
        (Outcome.INVALID_NUMBER, {}),
    ],
)
async def test_every_ended_attempt_teaches(town: Town, outcome: Outcome, learnt: dict[str, float]) -> None:
    """In the transaction that ends it, about the number that was dialed (CALL-5, CALL-6)."""
    debtor_id = await town.person(numbers=[town.number(), town.number()])
    (one,) = await town.claim(await town.campaign())
    await town.dial(one, outcome)
    assert await counts(town, debtor_id) == learnt
    assert await town.conn.fetchval("SELECT max(number) FROM pick_up") == (one.number if learnt else None)


async def test_a_voicemail_is_no_answer_of_a_person(town: Town) -> None:
    """The hit becomes a miss, and the hour a missed one (CR-2)."""
    debtor_id = await town.person()
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    await town.talk(one, 7)
    await end(
        town.conn, one.attempt_id, frm=AttemptState.TALKING, at=TUESDAY, outcome=Outcome.ANSWERED, hangup_cause=16
    )
    await end_call(town.conn, one.attempt_id, at=TUESDAY, ended_by="agent")
    assert await counts(town, debtor_id) == {"weekday_hits": 1}
    later = TUESDAY + timedelta(minutes=2)
    await dispose(town.conn, one.attempt_id, 7, Disposition.VOICEMAIL, note=None, promise=None, now=later)
    assert await counts(town, debtor_id) == {"weekday_misses": 1}
    assert await town.claim(campaign, TUESDAY + timedelta(hours=5)) == []
    assert len(await town.claim(campaign, TUESDAY + timedelta(days=1))) == 1


async def test_attempts_and_past_records_at_once_lose_nothing(town: Town, dsn: str) -> None:
    """Files of past records meet the day's calls on the same lines, in any order of the lines."""
    lines = [await line(town) for _ in range(20)]

    async def write(turn: int) -> None:
        conn = await asyncpg.connect(dsn)
        try:
            ordered = lines if turn % 2 else lines[::-1]
            if turn < 4:
                await add_many(conn, [Seen(*who, Window.EVENING, TUESDAY, 0, 1) for who in ordered])
            else:
                for who in ordered:
                    await add(conn, Seen(*who, Window.EVENING, TUESDAY - HALF_LIFE, 1, 0))
        finally:
            await conn.close()

    async with asyncio.TaskGroup() as writers:
        for turn in range(8):
            writers.create_task(write(turn))
    for debtor_id, _ in lines:
        assert await counts(town, debtor_id) == {
            "evening_misses": pytest.approx(4), "evening_hits": pytest.approx(2),
        }  # fmt: skip
