"""One child process that never outlives us: start, watch, end.

Decides how a child is started, told to end, and killed; what the child is, its owner decides.

Invariants: a child has a session of its own, so Ctrl-C in the terminal reaches us alone and we end the
children in order. When we are killed, the kernel ends the child: ``setpriv --pdeathsig`` (util-linux,
present on every Debian and Ubuntu) or, behind bubblewrap, ``--die-with-parent``.

Source: prctl(2) PR_SET_PDEATHSIG; bwrap(1). Bubblewrap forwards no signals, so they go to its child.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from dialer.errors import StartError

_TAIL_CHARS = 400
_TAIL_BYTES = 4 * _TAIL_CHARS
_LOG_LIMIT_BYTES = 10_000_000


class Child:
    """A process with its log file.

    Args:
        name: what the person who reads a message calls it.
        command: program and arguments.
        log: takes what the child writes; emptied at a start once it is larger than 10 MB.
        boxed: `command` begins with bubblewrap, the program itself is its child.
        stop_signal: asks it to end in good order.
        environment: the child's whole environment; None = ours.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        boxed: bool = False,
        stop_signal: signal.Signals = signal.SIGTERM,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self._command = list(command)
        self._boxed = boxed
        self._stop_signal = stop_signal
        self._environment = environment
        self._process: asyncio.subprocess.Process | None = None
        self._log_begins = 0  # what earlier runs wrote is before it

    async def start(self) -> None:
        """Start it; return as soon as it runs, whatever it does then.

        Raises:
            StartError: the program is missing, or its log can't be written.
        """
        command = self._command if self._boxed else [*_dying_with_us(self._stop_signal), *self._command]
        try:
            self.log.parent.mkdir(parents=True, exist_ok=True)
            with self.log.open("ab") as sink:
                if sink.tell() > _LOG_LIMIT_BYTES:
                    sink.truncate(0)
                self._log_begins = sink.seek(0, os.SEEK_END)
                self._process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=sink,
                    stderr=sink,
                    start_new_session=True,
                    env=self._environment,
                )
        except OSError as error:
            raise StartError(f"{self.name} can't be started: {error}") from error

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def exit_status(self) -> int | None:
        """As the shell knows it, negative = killed by that signal; None = still running or never started."""
        return None if self._process is None else self._process.returncode

    @property
    def pid(self) -> int | None:
        """Process id of the program itself; None when it does not run."""
        if self._process is None or self._process.returncode is not None:
            return None
        return _only_child(self._process.pid) if self._boxed else self._process.pid

    async def wait(self) -> None:
        """Return when it has ended by itself or by anybody's hand."""
        if self._process is not None:
            await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send `number` to the program; nothing happens when it has ended."""
        pid = self.pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """SIGKILL, at once, for the program and its wrapper."""
        self.signal(signal.SIGKILL)
        if self.alive and self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def stop(self, within_s: float = 10.0) -> None:
        """Ask it to end; kill it when it has not after `within_s` seconds. May be called at any time."""
        if not self.alive:
            return
        if self.pid is None:  # the wrapper has not come to start it yet
            self.kill()
        self.signal(self._stop_signal)
        try:
            await asyncio.wait_for(self.wait(), within_s)
        except TimeoutError:
            pass
        finally:  # also when we are cancelled while waiting
            if self.alive:
                self.kill()
        await self.wait()

    def last_words(self) -> str:
        """The end of what it wrote since it was started, in one line.

        Our own commands end with one line ``dialer: what is wrong``; then it is only that.
        """
        try:
            with self.log.open("rb") as written:
                end = written.seek(0, os.SEEK_END)
                written.seek(max(self._log_begins, end - _TAIL_BYTES))
                text = written.read().decode(errors="replace")
        except OSError:
            return "(no log)"
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if lines and lines[-1].startswith("dialer: "):
            return lines[-1].removeprefix("dialer: ")
        return " | ".join(lines)[-_TAIL_CHARS:] or f"it wrote nothing to {self.log}"


def _dying_with_us(how: signal.Signals) -> list[str]:
    setpriv = shutil.which("setpriv")
    return [] if setpriv is None else [setpriv, "--pdeathsig", how.name.removeprefix("SIG"), "--"]


def _only_child(pid: int) -> int | None:
    """The process that bubblewrap `pid` has started; None while it has none yet."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return None
    return int(children[0]) if children else None
