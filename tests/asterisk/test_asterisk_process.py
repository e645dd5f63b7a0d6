"""A private Asterisk starts, says why when it can't, and never outlives us."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psutil
import pytest

from dialer.asterisk.box import OLDEST, find_root, version_number
from dialer.asterisk.process import AsteriskProcess
from dialer.clock import SystemClock
from dialer.errors import StartError
from tests.deadline import is_running, until

pytestmark = pytest.mark.asterisk


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def configure(folder: Path, manager_port: int) -> None:
    """The least that Asterisk boots with."""
    etc = folder / "etc"
    etc.mkdir(parents=True, exist_ok=True)
    places = ("astvarlibdir", "astdbdir", "astkeydir", "astspooldir", "astcachedir")
    lines = [f"{place} = {folder / 'lib'}" for place in places]
    (folder / "lib").mkdir(exist_ok=True)
    (folder / "log").mkdir(exist_ok=True)
    (etc / "asterisk.conf").write_text(
        f"[directories]\nastetcdir = {etc}\nastrundir = {folder / 'run'}\nastlogdir = {folder / 'log'}\n"
        + "\n".join(lines)
        + "\n"
    )
    (etc / "modules.conf").write_text("[modules]\nautoload = no\n")
    (etc / "logger.conf").write_text("[general]\n[logfiles]\nconsole = warning,error\n")
    (etc / "manager.conf").write_text(f"[general]\nenabled = yes\nbindaddr = 127.0.0.1\nport = {manager_port}\n")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path: the console socket has to fit into 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="ts-ast-") as path:
        configure(Path(path), a_free_port())
        yield Path(path)


@pytest.fixture
async def asterisk(folder: Path) -> AsyncIterator[AsteriskProcess]:
    process = AsteriskProcess(folder, find_root(), SystemClock())
    try:
        yield process
    finally:
        await process.stop()


async def test_it_boots_answers_its_console_and_ends(asterisk: AsteriskProcess) -> None:
    """`start` returns with a booted Asterisk, `pid` is Asterisk's own, `stop` leaves no process."""
    await asterisk.start()
    pid = asterisk.pid
    assert pid is not None
    assert psutil.Process(pid).name() == "asterisk"
    said = await asterisk.console("core show version")
    assert said.startswith(asterisk.version())
    assert version_number(asterisk.version()) >= OLDEST
    await asterisk.stop()
    assert not asterisk.alive
    assert not is_running(pid)


async def test_it_is_not_root_even_when_we_are(asterisk: AsteriskProcess) -> None:
    """No capability is left to the process that handles packets from the network."""
    await asterisk.start()
    status = Path(f"/proc/{asterisk.pid}/status").read_text()
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)$", status, re.MULTILINE)
    assert effective is not None
    assert int(effective.group(1), 16) == 0


async def test_a_killed_asterisk_can_be_started_again(asterisk: AsteriskProcess) -> None:
    """The socket that the dead one left behind is not taken for the new one."""
    await asterisk.start()
    first = asterisk.pid
    asterisk.kill()
    await asterisk.wait()
    await asterisk.start()
    assert asterisk.pid not in (None, first)
    assert "System uptime" in await asterisk.console("core show uptime")


async def test_a_refused_configuration_is_said_in_one_line(folder: Path, asterisk: AsteriskProcess) -> None:
    """The message holds Asterisk's own words, in one line."""
    (folder / "etc" / "modules.conf").write_text("[modules]\nautoload = no\nrequire = no_such_module.so\n")
    with pytest.raises(StartError) as caught:
        await asterisk.start()
    assert "no_such_module" in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_missing_configuration_is_named(folder: Path, asterisk: AsteriskProcess) -> None:
    """Nothing is started without the rendered files."""
    (folder / "etc" / "asterisk.conf").unlink()
    with pytest.raises(StartError, match=r"asterisk\.conf is missing"):
        await asterisk.start()
    assert asterisk.pid is None


async def test_an_interrupted_start_leaves_nothing(asterisk: AsteriskProcess) -> None:
    """Cancelled while it boots, `stop` still ends what runs."""
    starting = asyncio.create_task(asterisk.start())
    await until(lambda: asterisk.pid is not None)
    pid = asterisk.pid
    assert pid is not None
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await asterisk.stop()
    assert not is_running(pid)


async def test_asterisk_dies_with_a_parent_that_is_killed(folder: Path) -> None:
    """After SIGKILL to us, the kernel ends Asterisk too: no orphan keeps the ports."""
    program = (
        "import asyncio, sys; from pathlib import Path\n"
        "from dialer.asterisk.box import find_root; from dialer.asterisk.process import AsteriskProcess\n"
        "from dialer.clock import SystemClock\n"
        "async def main():\n"
        "    one = AsteriskProcess(Path(sys.argv[1]), find_root(), SystemClock())\n"
        "    await one.start(); print(one.pid, flush=True); await one.wait()\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(folder), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await asyncio.wait_for(parent.stdout.readline(), 30))
    parent.kill()
    await parent.communicate()
    await until(lambda: not is_running(pid))
