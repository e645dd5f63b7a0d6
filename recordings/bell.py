"""Rings when PostgreSQL says that a recording waits (LISTEN), and after every reconnect.

A connection of its own: one from a pool would be reset, and lose the LISTEN, when it is given back.
A notification can be lost with a connection; whoever waits for the bell therefore also looks from time to time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import structlog

from recordings.model import Clock

_CHECK_EVERY_S = 30.0
_CHECK_TIMEOUT_S = 5.0
_RETRY_S = (0.5, 1.0, 2.0, 5.0)

log = structlog.get_logger()

Connect = Callable[[], Awaitable[asyncpg.Connection]]


class Bell:
    """Rung by `ring` and, while `listen` runs, by PostgreSQL.

    Args:
        connect: opens a connection of its own.
        channel: name given to NOTIFY.
    """

    def __init__(self, connect: Connect, channel: str, clock: Clock) -> None:
        self._connect = connect
        self._channel = channel
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, at_most_s: float) -> None:
        """Return when it rings, has rung since the last wait, or after `at_most_s` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most_s):
                await self._rung.wait()
        self._rung.clear()

    async def listen(self) -> None:
        """Listen until cancelled, reconnecting for ever."""
        failures = 0
        while True:
            try:
                conn = await self._connect()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                if failures == 0:
                    log.warning("listen_connection_failed", error=type(error).__name__)
                await self._clock.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1
                continue
            try:
                await self._until_lost(conn)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.warning("listen_connection_lost", error=type(error).__name__)
                failures = 1
            finally:
                conn.terminate()
            await self._clock.sleep(_RETRY_S[0])

    async def _until_lost(self, conn: asyncpg.Connection) -> None:
        lost = asyncio.Event()
        conn.add_termination_listener(lambda _: lost.set())
        async with asyncio.timeout(_CHECK_TIMEOUT_S):
            await conn.add_listener(self._channel, lambda *_: self.ring())
        self.ring()  # what was notified while nobody listened
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_EVERY_S):
                    await lost.wait()
            if lost.is_set():
                raise ConnectionResetError
            await conn.execute("SELECT 1", timeout=_CHECK_TIMEOUT_S)  # a half-open connection says nothing
