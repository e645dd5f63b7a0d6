"""Our own processes: ``python -m dialer engine``, ``web``, ``worker``, and how one sees that each serves.

Invariant: a process is given exactly the settings that its parent has, as environment variables, so that a
``.env`` edited meanwhile can't make two halves of one site disagree.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import aiosql
import asyncpg
import msgspec

from dialer.clock import Clock
from dialer.settings import Settings
from dialer.site.child import Child
from dialer.site.servers import database_url
from dialer.site.waiting import until_serving

_START_S = 30.0
_STOP_S = 15.0
_QUESTION_S = 2.0
PLANNER_SESSION = "tsunagu-planner"  # its connections (dialer/planner.py)
WORKER_SESSION = "tsunagu-worker-listen"  # the connection on which it waits for work (dialer/worker.py)

_sql = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg")


def as_environment(settings: Settings) -> dict[str, str]:
    """Our own environment with every setting in it, as `read_settings` reads them."""
    values = {field.name.upper(): str(getattr(settings, field.name)) for field in msgspec.structs.fields(Settings)}
    return {**os.environ, **values, "PYTHONUNBUFFERED": "1"}


class OwnProcess:
    """``python -m dialer <name>`` with its log ``<var>/log/<name>.log``.

    Args:
        name: the command.
        serves: says whether it does its work; asked until it does.
    """

    def __init__(self, name: str, settings: Settings, serves: Callable[[], Awaitable[bool]], clock: Clock) -> None:
        self.name = name
        self._serves = serves
        self._clock = clock
        self._child = Child(
            name,
            [sys.executable, "-m", "dialer", name],
            settings.var / "log" / f"{name}.log",
            environment=as_environment(settings),
        )

    @property
    def pid(self) -> int | None:
        return self._child.pid

    async def start(self) -> None:
        """Start it and wait until it serves.

        Raises:
            StartError: it ended, or did not serve within 30 s; with its last words.
        """
        await self._child.start()
        await until_serving(self._child, self._serves, self._clock, within_s=_START_S)

    async def stop(self) -> None:
        await self._child.stop(within_s=_STOP_S)

    def kill(self) -> None:
        """SIGKILL, as a crash would be."""
        self._child.kill()

    async def wait(self) -> None:
        await self._child.wait()


def engine(settings: Settings, clock: Clock) -> OwnProcess:
    """The engine; it serves when its control socket says that the manager connection is up."""

    async def serves() -> bool:
        health = await _json(aiohttp.UnixConnector(str(settings.engine_socket)), "http://engine/health")
        return health.get("ami") is True

    return OwnProcess("engine", settings, serves, clock)


def web(settings: Settings, clock: Clock) -> OwnProcess:
    """The pages; they serve when the log-in page can be fetched."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.web_host, settings.web_host)  # noqa: S104  # asked, not bound

    async def serves() -> bool:
        return await _fetches(f"http://{host}:{settings.web_port}/login")

    return OwnProcess("web", settings, serves, clock)


def worker(settings: Settings, clock: Clock) -> OwnProcess:
    """The worker; it serves when it has taken its connections to the database."""

    async def serves() -> bool:
        return await _has_session(database_url(settings), WORKER_SESSION)

    return OwnProcess("worker", settings, serves, clock)


def planner(settings: Settings, clock: Clock) -> OwnProcess:
    """The planner; it serves when it has its connection to the database."""

    async def serves() -> bool:
        return await _has_session(database_url(settings), PLANNER_SESSION)

    return OwnProcess("planner", settings, serves, clock)


async def _has_session(dsn: str, application: str) -> bool:
    try:
        conn = await asyncpg.connect(dsn, timeout=_QUESTION_S)
    except (asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    try:
        return bool(await _sql.has_session(conn, application=application))
    finally:
        await conn.close(timeout=_QUESTION_S)


async def _json(connector: aiohttp.BaseConnector, url: str) -> dict[str, object]:
    try:
        async with aiohttp.ClientSession(connector=connector) as session, session.get(url) as answer:
            found = msgspec.json.decode(await answer.read())
    except (aiohttp.ClientError, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}


async def _fetches(url: str) -> bool:
    try:
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status < 500
    except aiohttp.ClientError:
        return False
