"""One site: starts its parts in order, stops them in reverse, starts again what dies.

The order is PostgreSQL, schema, Redis, then what the caller adds with `Site.start`: Asterisk and our own
processes. A server is private (below ``var/``) unless its address is given in the settings.

Invariants: whatever happens between `__aenter__` and `__aexit__`, nothing that was started runs afterwards;
what is not private is never started, stopped or configured here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import asyncpg
import redis.asyncio
import structlog
from redis.exceptions import RedisError

from dialer.clock import Clock
from dialer.db.migrate import migrate
from dialer.errors import DialerError, StartError
from dialer.settings import Settings
from dialer.site import preflight
from dialer.site.lock import VarLock, is_held
from dialer.site.part import Part
from dialer.site.postgres import PrivatePostgres, private_dsn
from dialer.site.redis import PrivateRedis, private_url
from dialer.site.secrets import Secrets

OLDEST_POSTGRES = 15
_FIRST_BACK_OFF_S = 0.5
_LONGEST_BACK_OFF_S = 30.0
_STEADY_S = 60.0  # what has run for so long is started again without delay
_CONNECT_S = 5.0

_log = structlog.get_logger()


def database_url(settings: Settings) -> str:
    """The database of this site, given or private; nothing is started here."""
    return settings.database_url or private_dsn(settings.var / "postgres")


def redis_url(settings: Settings) -> str:
    """The Redis of this site, given or private; nothing is started here."""
    return settings.redis_url or private_url(settings.var / "redis")


def ami_secret(settings: Settings) -> str:
    """The manager password, given or made once.

    Raises:
        StartError: the file that keeps it can't be read or written.
    """
    return settings.ami_secret or Secrets(settings.var / "secrets").get("ami")


@asynccontextmanager
async def running_database(settings: Settings, clock: Clock) -> AsyncIterator[str]:
    """Address of a database with the current schema, for a command that needs nothing else.

    The given one; that of a site that runs; else a private server is started and stopped again behind it.

    Raises:
        StartError, SchemaError: as for `Site`.
    """
    address = database_url(settings)
    if settings.database_url or is_held(settings.var):
        await _migrated(address, clock)
        yield address
        return
    with VarLock(settings.var):
        server = PrivatePostgres(settings.var / "postgres", clock)
        try:
            await server.start()
            await _migrated(address, clock)
            yield address
        finally:
            await server.stop()


class Site:
    """The servers, and whatever else is added with `start`; used as an async context manager.

    Args:
        report: takes one line for the person who waits, each time something is ready or was started again.
        simulated: the simulated carrier will be added too: its ports are checked with the others.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        report: Callable[[str], None] = lambda line: None,
        simulated: bool = False,
    ) -> None:
        self.settings = settings
        self.database_url = database_url(settings)
        self.redis_url = redis_url(settings)
        self._clock = clock
        self._report = report
        self._simulated = simulated
        self._lock = VarLock(settings.var)
        self._parts: list[Part] = []

    async def __aenter__(self) -> Self:
        """Check, then start PostgreSQL, bring the schema up to date, start Redis.

        Raises:
            StartError: one clear sentence; nothing is left running.
            SchemaError: the database was made by a newer release.
        """
        self._lock.__enter__()
        try:
            preflight.check(self.settings, simulated=self._simulated)
            if not self.settings.database_url:
                await self.start(PrivatePostgres(self.settings.var / "postgres", self._clock))
            await _migrated(self.database_url, self._clock)
            if not self.settings.redis_url:
                await self.start(PrivateRedis(self.settings.var / "redis", self._clock))
            await _redis_answers(self.redis_url)
        except BaseException:
            await self._stop_all()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._stop_all()

    async def start(self, part: Part) -> None:
        """Start `part` after those that run already; it is stopped before them.

        Raises:
            StartError: it did not come up. It is stopped with the rest when the context is left.
        """
        began_s = self._clock.monotonic_s()
        self._parts.append(part)  # before the start: a start that is interrupted must be undone too
        await part.start()
        self._report(f"{part.name} is ready ({self._clock.monotonic_s() - began_s:.1f} s)")

    async def watch(self) -> None:
        """Start again, with growing delays, whichever part ends by itself; runs until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for part in self._parts:
                tasks.create_task(self._keep_running(part), name=f"watch {part.name}")

    async def _keep_running(self, part: Part) -> None:
        restarts, back_off_s, began_s = 0, _FIRST_BACK_OFF_S, self._clock.monotonic_s()
        while True:
            await part.wait()
            if self._clock.monotonic_s() - began_s > _STEADY_S:
                back_off_s = _FIRST_BACK_OFF_S
            restarts += 1
            _log.error("part_ended", part=part.name, restarts=restarts, delay_s=back_off_s)
            self._report(f"{part.name} ended by itself; starting it again in {back_off_s:.1f} s")
            await self._clock.sleep(back_off_s)
            back_off_s = min(back_off_s * 2, _LONGEST_BACK_OFF_S)
            await part.stop()
            began_s = self._clock.monotonic_s()
            try:
                await part.start()
            except StartError as error:
                _log.error("part_start_failed", part=part.name, problem=str(error))
                await part.stop()  # so that `wait` returns and it is tried again
            else:
                self._report(f"{part.name} is ready again")

    async def _stop_all(self) -> None:
        while self._parts:
            part = self._parts.pop()
            try:
                await part.stop()
            except (OSError, DialerError) as error:  # the others must be stopped all the same
                _log.error("part_stop_failed", part=part.name, problem=str(error))
        self._lock.__exit__(None, None, None)


async def _migrated(dsn: str, clock: Clock) -> None:
    try:
        conn = await asyncpg.connect(dsn, timeout=_CONNECT_S, server_settings={"timezone": "UTC"})
    except ValueError as error:  # its words may repeat the address, and with it a password
        raise StartError("DATABASE_URL is not an address of the form postgresql://user@host/database") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        raise StartError(f"PostgreSQL: {error or 'no answer'}") from error
    try:
        if conn.get_server_version().major < OLDEST_POSTGRES:
            raise StartError(f"PostgreSQL is older than {OLDEST_POSTGRES}")
        await migrate(conn, clock)
    except asyncpg.PostgresError as error:
        raise StartError(f"PostgreSQL: {error}") from error
    finally:
        await conn.close(timeout=_CONNECT_S)


async def _redis_answers(url: str) -> None:
    try:
        client = redis.asyncio.from_url(url, socket_timeout=_CONNECT_S, socket_connect_timeout=_CONNECT_S, retry=None)
    except ValueError as error:
        raise StartError("REDIS_URL is not an address of the form redis://host:port or unix:///path") from error
    try:
        await client.ping()
    except (OSError, RedisError) as error:
        raise StartError(f"Redis: {error}") from error
    finally:
        await client.aclose()
