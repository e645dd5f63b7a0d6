"""One engine on one database: the second is refused, the lock survives cut connections and ends with its holder."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from dialer.clock import SystemClock
from dialer.db import sole
from dialer.db.sole import SoleEngine
from dialer.engine import Engine
from dialer.errors import PortTaken, StartError
from dialer.settings import Settings
from tests.deadline import until_found

CLOCK = SystemClock()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody in these tests waits for a server to see that an engine was killed."""
    monkeypatch.setattr(sole, "_WAIT_S", 0.3)


async def cut(db: asyncpg.Connection) -> bool:
    return bool(
        await db.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'tsunagu engine lock' AND datname = current_database()"
        )
    )


async def test_a_second_engine_is_refused_with_a_clear_sentence(dsn: str) -> None:
    """It would take the first one's calls for lost."""
    first, second = SoleEngine(dsn, CLOCK), SoleEngine(dsn, CLOCK)
    await first.take()
    with pytest.raises(StartError, match="another engine works on this database"):
        await second.take()
    await first.release()
    await second.take()
    await second.release()


async def test_the_lock_is_taken_again_after_its_connection_was_cut(dsn: str, db: asyncpg.Connection) -> None:
    """A restart of PostgreSQL does not end the engine, nor lets a second one in."""
    first = SoleEngine(dsn, CLOCK)
    await first.take()
    keeping = asyncio.create_task(first.keep())
    assert await cut(db)

    async def held() -> bool:
        return bool(await db.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"))

    await until_found(held, what="the lock")
    with pytest.raises(StartError):
        await SoleEngine(dsn, CLOCK).take()
    assert not keeping.done()
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await first.release()


async def test_an_engine_whose_lock_went_to_another_ends(dsn: str, db: asyncpg.Connection) -> None:
    """Two never work at the same time: who was lost by the server gives way."""
    first, second = SoleEngine(dsn, CLOCK), SoleEngine(dsn, CLOCK)
    await first.take()
    assert await cut(db)
    await second.take()
    with pytest.raises(StartError, match="another engine"):
        await asyncio.wait_for(first.keep(), 5)
    await second.release()


def engine(dsn: str, folder: Path, agi_port: int) -> Engine:
    settings = Settings(var_dir=str(folder), agi_port=agi_port, ami_port=1)
    return Engine(
        settings, CLOCK, database_url=dsn, redis_url="redis://127.0.0.1:1/0", ami_secret="x", journal=folder / "calls"
    )


async def test_the_whole_engine_refuses_before_it_touches_anything(dsn: str, tmp_path: Path) -> None:
    """No socket, no port, no row: the first engine goes on undisturbed."""
    first = SoleEngine(dsn, CLOCK)
    await first.take()
    with pytest.raises(StartError, match="another engine"):
        await engine(dsn, tmp_path, 1).run()
    assert list(tmp_path.iterdir()) == []
    await first.release()


async def test_what_prevents_the_start_comes_out_as_its_own_error(dsn: str, tmp_path: Path) -> None:
    """One sentence on the command line, not a group of tracebacks."""
    taken = await asyncio.start_server(lambda r, w: w.close(), "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    with pytest.raises(PortTaken, match=f"AGI_PORT {port}"):
        await engine(dsn, tmp_path, port).run()
    taken.close()
    await taken.wait_closed()
