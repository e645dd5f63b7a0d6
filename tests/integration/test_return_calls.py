"""Calls that come in teach at which hours somebody is at that telephone."""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from campaigns.model import E164
from campaigns.numbers import borrow_household_numbers
from campaigns.return_calls import count_return_call
from dialer.ami.events import ChannelCreated, LineState
from dialer.site.postgres import PrivatePostgres
from tests.deadline import until
from tests.fixtures_floor import small_engine
from tests.fixtures_people import TUESDAY, Town
from tests.proxy_postgres import wire_to

CALLER = E164("+819000000077")
AS_WRITTEN = "09000000077"
HITS = "SELECT debtor_id, weekday_hits, evening_hits, weekend_hits FROM pick_up ORDER BY debtor_id"


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    made = Town(db)
    await made.debt_types("city_tax")
    return made


async def hits(conn: asyncpg.Connection) -> list[tuple[float, ...]]:
    return [tuple(row) for row in await conn.fetch(HITS)]


async def counted(town: Town, caller: str = AS_WRITTEN, at: datetime = TUESDAY, uniqueid: str = "1763948000.7") -> int:
    return await count_return_call(town.conn, uniqueid, caller, at)


@pytest.mark.parametrize("caller", [AS_WRITTEN, "+819000000077", "090-0000-0077"])
async def test_a_return_call_is_a_hit_for_the_line_it_came_from(town: Town, caller: str) -> None:
    """Counted once, however often it is told; the person is graded anew, and nothing else of them changes."""
    debtor_id = await town.person(numbers=[town.number(), CALLER])
    await town.campaign()
    await town.grades(debtor_id, 50)
    before = await town.conn.fetchrow("SELECT * FROM debtor_progress")
    assert await counted(town, caller) == 1
    assert await counted(town, caller) == 0
    assert await hits(town.conn) == [(debtor_id, 1, 0, 0)]
    assert await town.conn.fetchval("SELECT number FROM pick_up") == CALLER
    assert await town.conn.fetchval("SELECT graded FROM list_entry") is False
    assert await town.conn.fetchrow("SELECT * FROM debtor_progress") == before


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (TUESDAY, (1, 0, 0)),
        (TUESDAY.replace(hour=8), (0, 1, 0)),  # 17:00 in Japan
        (TUESDAY + timedelta(days=4), (0, 0, 1)),  # a Saturday
        (TUESDAY - timedelta(days=1), (0, 0, 1)),  # 勤労感謝の日
    ],
)
async def test_it_counts_in_the_kind_of_hour_in_which_it_came(
    town: Town, at: datetime, expected: tuple[int, ...]
) -> None:
    """As a former system's records do: by the day and the hour, whatever is open."""
    await town.person(numbers=[CALLER])
    await counted(town, at=at)
    assert await hits(town.conn) == [(1, *expected)]


async def test_on_a_line_of_one_household_everybody_is_reachable(town: Town) -> None:
    """The one who borrows it, too; another household on the same number makes it nobody's."""
    household = await town.household()
    parent = await town.person(household_id=household, numbers=[CALLER])
    child = await town.person(household_id=household, numbers=[])
    await town.campaign()
    await borrow_household_numbers(town.conn, None, TUESDAY)
    assert await counted(town) == 2
    assert await hits(town.conn) == [(parent, 1, 0, 0), (child, 1, 0, 0)]
    stranger = await town.person(numbers=[CALLER])
    assert await counted(town, uniqueid="1763948000.8") == 0
    await town.conn.execute("UPDATE debtor_phone SET removed_at = now() WHERE debtor_id = $1", stranger)
    assert await counted(town, uniqueid="1763948000.9") == 2


@pytest.mark.parametrize("caller", ["", "anonymous", "<unknown>", "110", "09000009999"])
async def test_of_unknown_and_withheld_callers_nothing_is_kept(town: Town, caller: str) -> None:
    """Not even that they called."""
    await town.person(numbers=[CALLER])
    assert await counted(town, caller) == 0
    assert await town.conn.fetchval("SELECT count(*) FROM return_call") == 0


async def test_a_number_that_is_dead_or_taken_off_teaches_nothing(town: Town) -> None:
    """It is nobody's live line."""
    await town.person(numbers=[CALLER])
    await town.conn.execute("UPDATE phone SET dead_at = now()")
    assert await counted(town) == 0
    await town.conn.execute("UPDATE phone SET dead_at = NULL")
    await town.conn.execute("UPDATE debtor_phone SET removed_at = now()")
    assert await counted(town) == 0


def rings_us(caller: str, uniqueid: str = "1763948000.7") -> ChannelCreated:
    return ChannelCreated(
        "Newchannel", TUESDAY, uniqueid, "PJSIP/trunk-1", uniqueid, LineState.RING, "from-trunk", "0251112222", caller
    )


async def test_the_engine_counts_a_call_the_moment_it_comes_in(dsn: str) -> None:
    """Whatever the caller hears then; repeated events and withheld numbers change nothing."""
    async with small_engine(dsn) as engine:
        await engine.town.person(numbers=[CALLER])
        for event in (rings_us(AS_WRITTEN), rings_us(AS_WRITTEN), rings_us("", "1763948000.8")):
            engine.hearing.hear(event)
        await until(lambda: not engine._tasks, what="all of them are heard")
        assert await hits(engine.db) == [(1, 1, 0, 0)]


async def test_a_count_that_was_not_confirmed_is_not_made_twice(dsn: str, postgres_server: PrivatePostgres) -> None:
    """The connection is lost at the commit: it is tried again, and found to be written."""
    server = Path(parse_qs(urlsplit(postgres_server.dsn()).query)["host"][0])
    with tempfile.TemporaryDirectory(prefix="tsunagu-wire-") as folder:
        async with (
            wire_to(server, urlsplit(dsn).path.lstrip("/"), Path(folder)) as (wire, address),
            small_engine(dsn, address) as engine,
        ):
            await engine.town.person(numbers=[CALLER])
            wire.commits_to_lose = 1
            engine.hearing.hear(rings_us(AS_WRITTEN))
            await until(lambda: not engine._tasks, what="it is counted")
            assert wire.lost == 1
            assert await hits(engine.db) == [(1, 1, 0, 0)]
