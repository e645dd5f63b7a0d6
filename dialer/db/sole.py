"""At most one engine works on one database: two would each take the other's calls for lost and end them.

A session lock of PostgreSQL on a connection of its own: it ends with the engine, however that ends, and needs no
file that a crash leaves behind. While the server is away nobody has the lock, and nobody can write either; the first
who is back gets it, and an engine that finds it taken then has to end.

Not for a pooler that shares sessions (pgbouncer in transaction mode): the engine's address has to be the server's.

Source: https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiosql
import asyncpg
import structlog

from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY, unless_cancelled
from dialer.errors import StartError

log = structlog.get_logger()

_LOCK = 0x7473756E616775  # "tsunagu"
_WAIT_S = 5.0
"""The server may take a moment to see that an engine was killed."""
_RETRY_S = 0.2
_ANSWER_S = 5.0

_sql = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg")


class SoleEngine:
    """The lock; `take` it before anything is started, `keep` it while the engine runs, `release` it at the end."""

    def __init__(self, dsn: str, clock: Clock) -> None:
        self._dsn = dsn
        self._clock = clock
        self._lost = asyncio.Event()
        self._conn: asyncpg.Connection | None = None

    async def take(self) -> None:
        """Get the lock.

        Raises:
            StartError: another engine has it, or the server can't be asked.
        """
        try:
            await self._take()
        except (*DATABASE_AWAY, asyncpg.PostgresError) as error:
            raise StartError(f"PostgreSQL: {type(error).__name__}") from error

    async def keep(self) -> None:
        """Take the lock again whenever its connection is lost, until cancelled.

        Raises:
            StartError: another engine took it meanwhile.
        """
        while True:
            await self._lost.wait()
            try:
                await self._take()
                log.info("sole_engine_again")
            except DATABASE_AWAY as error:
                unless_cancelled(error)
                log.warning("sole_engine_unknown", error=type(error).__name__)
                await self._clock.sleep(_RETRY_S)

    async def release(self) -> None:
        if self._conn is not None:
            self._conn.terminate()

    async def _take(self) -> None:
        give_up_at_s = self._clock.monotonic_s() + _WAIT_S
        conn = await asyncpg.connect(
            self._dsn,
            timeout=_ANSWER_S,
            command_timeout=_ANSWER_S,
            server_settings={"application_name": "tsunagu engine lock"},
        )
        try:
            while not await _sql.try_lock(conn, number=_LOCK):
                if self._clock.monotonic_s() >= give_up_at_s:
                    raise StartError("another engine works on this database: stop it first, or set DATABASE_URL")
                await self._clock.sleep(_RETRY_S)
        except BaseException:
            conn.terminate()
            raise
        self._lost.clear()
        conn.add_termination_listener(lambda _: self._lost.set())
        self._conn = conn
