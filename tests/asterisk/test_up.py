"""`dialer up` on a real site: it comes up, goes on when a part is killed, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Any

import psutil
import pytest

from dialer.settings import Settings
from dialer.site.processes import as_environment
from tests.deadline import until

pytestmark = pytest.mark.asterisk

_PORTS = ("web_port", "ami_port", "agi_port", "sip_port", "asterisk_http_port", "trunk_port")


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Settings of a site on free ports in a folder of its own, whose trunk is a closed port of this machine."""
    with tempfile.TemporaryDirectory(prefix="ts-up-") as var:
        with ExitStack() as held:
            probes = [held.enter_context(socket.socket()) for _ in _PORTS]
            for probe in probes:
                probe.bind(("127.0.0.1", 0))
            ports = {name.upper(): str(probe.getsockname()[1]) for name, probe in zip(_PORTS, probes, strict=True)}
        yield {
            **as_environment(Settings(var_dir=var, trunk_host="127.0.0.1", web_seats=1, sip_seats=1)),
            **ports,
        }


class Up:
    """`dialer up` as a process, with the lines that it has said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def says(self, words: str) -> None:
        """Read on until a line holds `words`."""
        assert self.process.stdout is not None
        while not self.lines or words not in self.lines[-1]:
            line = await asyncio.wait_for(self.process.stdout.readline(), 60)
            assert line, f"it ended before it said {words!r}: {self.lines}"
            self.lines.append(line.decode().rstrip())


async def dialer(environment: dict[str, str], *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dialer", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment,
    )  # fmt: skip


@pytest.fixture
async def up(environment: dict[str, str]) -> AsyncIterator[Up]:
    running = Up(await dialer(environment, "up"))
    try:
        await running.says("Ctrl-C")
        yield running
    finally:
        if running.process.returncode is None:
            running.process.terminate()
        await running.process.communicate()


def below(var: str) -> dict[str, int]:
    """Processes of the site in `var`, by what they are."""
    found = {}
    for process in psutil.process_iter(["cmdline", "environ", "pid"]):
        words = process.info["cmdline"] or []
        belongs = var in " ".join(words) or (process.info["environ"] or {}).get("VAR_DIR") == var
        if belongs and process.info["pid"] != os.getpid() and words[:1] != ["bwrap"]:
            found[" ".join(words[-2:])] = process.info["pid"]
    return found


async def test_every_part_comes_up_in_order_and_nothing_stays(up: Up, environment: dict[str, str]) -> None:
    """The doctor sees them all; the one thing wrong is the trunk, which is not there."""
    ready = [line.split()[0] for line in up.lines if "is ready" in line]
    assert ready == ["PostgreSQL", "Redis", "Asterisk", "engine", "web", "worker", "planner"]
    doctor = await dialer(environment, "doctor", "--json")
    said, complaints = await asyncio.wait_for(doctor.communicate(), 60)
    report = json.loads(said)
    states = {finding["part"]: finding["state"] for finding in report["findings"] if finding["part"] != "時計"}
    assert {part for part, state in states.items() if state != "ok"} == {"回線"}
    assert doctor.returncode == 1
    assert complaints == b""
    up.process.send_signal(signal.SIGINT)
    await up.says("everything is stopped")
    assert await up.process.wait() == 0
    assert below(environment["VAR_DIR"]) == {}


async def test_a_killed_engine_is_started_again(up: Up, environment: dict[str, str]) -> None:
    """The rest of the site stays as it is."""
    before = below(environment["VAR_DIR"])
    os.kill(before["dialer engine"], signal.SIGKILL)
    await up.says("engine is ready again")
    after = below(environment["VAR_DIR"])
    assert after.pop("dialer engine") != before.pop("dialer engine")
    assert after == before


async def test_a_killed_site_takes_all_its_processes_with_it(up: Up, environment: dict[str, str]) -> None:
    """SIGKILL to `dialer up` itself: no engine goes on dialing without anybody who watches it."""
    assert below(environment["VAR_DIR"])
    up.process.kill()
    await up.process.wait()
    left: dict[str, int] = {}

    def nothing_left() -> bool:
        left.clear()
        left.update(below(environment["VAR_DIR"]))
        return not left

    try:
        await until(nothing_left, within_s=20)
    except AssertionError:
        raise AssertionError(f"still there: {', '.join(left)}") from None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"TRUNK_HOST": ""}, "TRUNK_HOST"),
        ({"WEB_PORT": "no number"}, "WEB_PORT"),
        ({"MIN_FREE_DISK_MB": "999999999"}, "MIN_FREE_DISK_MB"),
        ({"DATABASE_URL": "postgresql://nobody:hunter2@127.0.0.1:9/none"}, "PostgreSQL"),
        ({"REDIS_URL": "redis://:hunter2@127.0.0.1:9/0"}, "Redis"),
        ({"MEDIA_HOST": "not an address"}, "MEDIA_HOST"),
        ({"VAR_DIR": "/proc/nothing"}, "/proc/nothing"),
    ],
)
async def test_what_is_wrong_is_one_line_and_status_1(
    environment: dict[str, str], change: dict[str, str], words: str
) -> None:
    """And nothing is left running, and no password is shown."""
    process = await dialer({**environment, **change}, "up")
    said, complaint = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert complaint.decode().startswith("dialer: ")
    assert complaint.count(b"\n") == 1
    assert words in complaint.decode()
    assert b"hunter2" not in said + complaint
    assert below(environment["VAR_DIR"]) == {}


async def test_a_taken_port_is_one_line(environment: dict[str, str]) -> None:
    """With the setting to change."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(environment["AMI_PORT"])))
        other.listen()
        process = await dialer(environment, "up")
        _, complaint = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert complaint.decode() == (
        f"dialer: tcp port {environment['AMI_PORT']} on 127.0.0.1 is taken by another program: set AMI_PORT\n"
    )


class Registrar(asyncio.DatagramProtocol):
    """A trunk that gives one and the same answer to every REGISTER; `status` None = stays silent."""

    def __init__(self, status: str | None) -> None:
        self._status = status
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        lines = data.decode().split("\r\n")
        if not lines[0].startswith("REGISTER "):
            return
        self.asked += 1
        if self._status is None:
            return
        kept = [line for line in lines if line.split(":")[0] in ("Via", "From", "Call-ID", "CSeq", "Contact")]
        to = next(line for line in lines if line.startswith("To:"))
        answer = [f"SIP/2.0 {self._status}", *kept, f"{to};tag=1", "Expires: 300", "Content-Length: 0", "", ""]
        assert isinstance(self._transport, asyncio.DatagramTransport)
        self._transport.sendto("\r\n".join(answer).encode(), addr)


@pytest.mark.parametrize("status", ["403 Forbidden", None])
async def test_a_trunk_that_does_not_take_us_is_one_line_and_status_1(
    environment: dict[str, str], status: str | None
) -> None:
    """The start ends with the setting to look at, and nothing is left running."""
    loop = asyncio.get_running_loop()
    address = ("127.0.0.1", int(environment["TRUNK_PORT"]))
    transport, registrar = await loop.create_datagram_endpoint(lambda: Registrar(status), local_addr=address)
    try:
        process = await dialer({**environment, "TRUNK_USER": "city", "TRUNK_SECRET": "hunter2"}, "up")
        _, complaint = await asyncio.wait_for(process.communicate(), 60)
    finally:
        transport.close()
    assert registrar.asked > 0
    assert process.returncode == 1
    (line,) = complaint.decode().splitlines()
    assert "does not take our registration" in line
    assert "hunter2" not in line
    assert below(environment["VAR_DIR"]) == {}
