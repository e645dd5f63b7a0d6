"""A private Redis (or Valkey) below ``var/``, from the distribution's server.

It listens on a Unix socket only, so it can't collide with a server that runs already, and keeps nothing
on disk: Redis is the present, and what matters is in PostgreSQL.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import redis.asyncio
from redis.exceptions import RedisError

from dialer.clock import Clock
from dialer.errors import StartError
from dialer.site.child import Child
from dialer.site.waiting import until_serving

_MAX_SOCKET_PATH = 107  # bytes, sockaddr_un
_START_S = 15.0
_PROGRAMS = ("redis-server", "valkey-server")


def private_url(folder: Path) -> str:
    """Address of the private server in `folder`, whether it runs or not."""
    return f"unix://{folder.resolve() / 'redis.sock'}"


class PrivateRedis:
    """One server on ``<folder>/redis.sock``.

    Args:
        folder: made when missing.
    """

    name = "Redis"

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder.resolve()
        self._clock = clock
        self._child: Child | None = None

    @property
    def url(self) -> str:
        return private_url(self._folder)

    async def start(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            StartError: no server program is installed, the path is too long, or it ended at once.
        """
        program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
        if program is None:
            raise StartError("neither redis-server nor valkey-server is installed: install one, or give REDIS_URL")
        socket = self._folder / "redis.sock"
        if len(str(socket).encode()) > _MAX_SOCKET_PATH:
            raise StartError(f"the path {self._folder} is too long for Redis' socket: set VAR_DIR to a shorter one")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            socket.unlink(missing_ok=True)  # left behind by one that was killed
        except OSError as error:
            raise StartError(f"Redis: {error}") from error
        self._child = Child(
            "Redis",
            [program, "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700",
             "--dir", str(self._folder), "--save", "", "--appendonly", "no", "--daemonize", "no"],
            self._folder / "server.log",
        )  # fmt: skip
        await self._child.start()
        await until_serving(self._child, self._answers, self._clock, within_s=_START_S)

    async def _answers(self) -> bool:
        client = redis.asyncio.from_url(self.url, socket_timeout=1, retry=None)
        try:
            return bool(await client.ping())
        except RedisError:
            return False
        finally:
            await client.aclose()

    async def stop(self) -> None:
        if self._child is not None:
            await self._child.stop()

    async def wait(self) -> None:
        if self._child is not None:
            await self._child.wait()
