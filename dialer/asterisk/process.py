"""Starts, watches and ends one private Asterisk.

Decides how the process runs: in the foreground, unprivileged, boxed (`box.py`), ended with us. What it is told
to do stands in ``<folder>/etc``, which `render.py` writes before.

Invariant: `start` returns only when Asterisk is fully booted and its manager interface greets; otherwise it
raises and says the last lines of Asterisk's own log.
"""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Sequence
from pathlib import Path

from dialer.asterisk import console
from dialer.asterisk.box import boxed, needs_box, version_of, write_names
from dialer.clock import Clock
from dialer.errors import StartError
from dialer.site.child import Child
from dialer.site.waiting import until_serving

_START_S = 30.0
_STOP_S = 10.0
_MAX_SOCKET_PATH = 107  # bytes, sockaddr_un
_GREETING = b"Asterisk Call Manager/"


class AsteriskProcess:
    """One Asterisk.

    Args:
        folder: ``etc/asterisk.conf`` lies in it, and everything that Asterisk writes.
        rootfs: private root file system; None = the machine's own Asterisk. `box.find_root` knows which.
        name: what the person who reads a message calls it.
        writable, readable: more folders that it needs: the spool, the prompts. Made when missing.
        resolve_names: ask the DNS for names; needed only when the trunk is given by name.
    """

    def __init__(
        self,
        folder: Path,
        rootfs: Path | None,
        clock: Clock,
        *,
        name: str = "Asterisk",
        writable: Sequence[Path] = (),
        readable: Sequence[Path] = (),
        resolve_names: bool = False,
    ) -> None:
        self.name = name
        self.folder = folder.resolve()
        self._rootfs = rootfs
        self._clock = clock
        self._writable = [path.resolve() for path in writable]
        self._readable = [path.resolve() for path in readable]
        self._resolve_names = resolve_names
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        """Process id of Asterisk itself, not of the box; None when it does not run."""
        return None if self._child is None else self._child.pid

    @property
    def alive(self) -> bool:
        return self._child is not None and self._child.alive

    def version(self) -> str:
        """For example ``Asterisk 22.10.1``; empty when it can't be run."""
        return version_of(self._rootfs)

    async def start(self) -> None:
        """Start it and wait until it is fully booted.

        Raises:
            StartError: the configuration is missing or refused, or it did not come up in 30 s.
        """
        config = self.folder / "etc" / "asterisk.conf"
        if not config.is_file():
            raise StartError(f"{self.name}: {config} is missing")
        socket = self._console
        if len(str(socket).encode()) > _MAX_SOCKET_PATH:
            raise StartError(
                f"the path {socket.parent} is too long for {self.name}'s socket: set VAR_DIR to a shorter one"
            )
        try:
            for folder in (self.folder, socket.parent, *self._writable):
                folder.mkdir(parents=True, exist_ok=True)
            socket.unlink(missing_ok=True)  # left behind by one that was killed: it must not be taken for the new one
        except OSError as error:
            raise StartError(f"{self.name}: {error}") from error
        command = ["asterisk", "-f", "-C", str(config)]
        is_boxed = needs_box(self._rootfs)
        if is_boxed:
            names = self.folder / "box"
            write_names(names, resolve=self._resolve_names)
            writable = [self.folder, *self._writable]
            command = [*boxed(self._rootfs, names, writable=writable, readable=self._readable), *command]
        self._child = Child(self.name, command, self.folder / "log" / "stdout", boxed=is_boxed)
        await self._child.start()
        await until_serving(self._child, self._booted, self._clock, within_s=_START_S, one_try_s=_START_S)
        await until_serving(self._child, self._greets, self._clock, within_s=5.0)

    async def _booted(self) -> bool:
        await self.console("core waitfullybooted", timeout_s=_START_S)
        return True

    async def _greets(self) -> bool:
        reader, writer = await asyncio.open_connection(*self._manager_address())
        try:
            return (await reader.readline()).startswith(_GREETING)
        finally:
            writer.close()

    async def console(self, command: str, *, timeout_s: float = 5.0) -> str:
        """What ``asterisk -rx command`` would print.

        Raises:
            OSError: it does not run.
            TimeoutError: no answer within `timeout_s`.
        """
        return await console.ask(self._console, command, timeout_s=timeout_s)

    async def stop(self) -> None:
        """End it at once: calls in progress are hung up, their recordings closed."""
        if self._child is not None:
            await self._child.stop(within_s=_STOP_S)

    def kill(self) -> None:
        """SIGKILL, as a crash would be."""
        if self._child is not None:
            self._child.kill()

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, for example SIGSTOP to see what the engine makes of a frozen Asterisk."""
        if self._child is not None:
            self._child.signal(number)

    async def wait(self) -> None:
        if self._child is not None:
            await self._child.wait()

    @property
    def _console(self) -> Path:
        folder = _value(self.folder / "etc" / "asterisk.conf", "astrundir") or str(self.folder / "run")
        return Path(folder) / "asterisk.ctl"

    def _manager_address(self) -> tuple[str, int]:
        manager = self.folder / "etc" / "manager.conf"
        host = _value(manager, "bindaddr") or "127.0.0.1"
        return ("127.0.0.1" if host == "0.0.0.0" else host), int(_value(manager, "port") or 5038)  # noqa: S104  # asked, not bound


def _value(file: Path, key: str) -> str | None:
    """First value of `key` in one of Asterisk's files; None when it is not there."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    found = re.search(rf"^\s*{re.escape(key)}\s*=>?\s*([^;\s]+)", text, re.MULTILINE)
    return found.group(1) if found else None
