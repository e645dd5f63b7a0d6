"""A site starts in order, leaves nothing half started, and nothing running behind it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

import asyncpg
import psutil
import pytest
import redis.asyncio

from dialer.clock import SystemClock
from dialer.errors import PortTaken, StartError
from dialer.settings import Settings
from dialer.site.processes import as_environment
from dialer.site.redis import PrivateRedis
from dialer.site.servers import Site, running_database
from tests.deadline import until
from tests.fakes_site import FakePart, StepClock

A_PROGRAM = """
import asyncio
from dialer.clock import SystemClock
from dialer.settings import read_settings
from dialer.site.interrupt import until_interrupted
from dialer.site.processes import as_environment
from dialer.site.redis import PrivateRedis
from dialer.site.servers import Site

async def run():
    async with Site(read_settings(dotenv=None), SystemClock(), report=lambda line: print(line, flush=True)) as site:
        print("up", flush=True)
        await site.watch()

asyncio.run(until_interrupted(run()))
print("down", flush=True)
"""


@pytest.fixture
def var() -> Iterator[Path]:
    """A folder with a short path: the sockets' names have to fit into 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="ts-site-") as folder:
        yield Path(folder)


@pytest.fixture
def settings(var: Path) -> Settings:
    return on_free_ports(var)


@pytest.fixture
async def given(var: Path, dsn: str) -> AsyncIterator[Settings]:
    """Settings of a site whose servers are all given, so that only the test's own parts start."""
    lender = PrivateRedis(var / "lent", SystemClock())
    await lender.start()
    yield on_free_ports(var / "ours", database_url=dsn, redis_url=lender.url)
    await lender.stop()


def on_free_ports(var: Path, *, database_url: str = "", redis_url: str = "", min_free_disk_mb: int = 1) -> Settings:
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(5)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        web, ami, agi, sip, http = (int(probe.getsockname()[1]) for probe in probes)
    return Settings(
        var_dir=str(var),
        min_free_disk_mb=min_free_disk_mb,
        database_url=database_url,
        redis_url=redis_url,
        web_port=web,
        ami_port=ami,
        agi_port=agi,
        sip_port=sip,
        asterisk_http_port=http,
    )


def running_below(var: Path) -> list[str]:
    """Every process whose command line names a file below `var`."""
    found = []
    for process in psutil.process_iter(["cmdline", "pid"]):
        words = " ".join(process.info["cmdline"] or [])
        if str(var) in words and process.info["pid"] != os.getpid():
            found.append(words)
    return found


async def test_private_servers_serve_and_are_gone_afterwards(settings: Settings, var: Path) -> None:
    """PostgreSQL has the schema, Redis answers, and leaving the context ends both."""
    lines: list[str] = []
    async with Site(settings, SystemClock(), report=lines.append) as site:
        conn = await asyncpg.connect(site.database_url)
        assert await conn.fetchval("SELECT count(*) FROM schema_file") > 0
        await conn.close()
        client = redis.asyncio.from_url(site.redis_url)
        assert await client.ping()
        await client.aclose()
        assert running_below(var) != []
    assert running_below(var) == []
    assert [line.split()[0] for line in lines] == ["PostgreSQL", "Redis"]


async def test_what_was_written_is_there_at_the_next_start(settings: Settings) -> None:
    """The cluster is made once."""
    for expected in (0, 1):
        async with running_database(settings, SystemClock()) as address:
            conn = await asyncpg.connect(address)
            assert await conn.fetchval("SELECT count(*) FROM app_user") == expected
            await conn.execute(
                "INSERT INTO app_user (login, display_name, role, password_hash)"
                " VALUES ('made.up', 'Made Up', 'admin', '-') ON CONFLICT DO NOTHING"
            )
            await conn.close()


async def test_a_command_uses_the_database_of_the_site_that_runs(settings: Settings) -> None:
    """`dialer import` beside `dialer up` starts no second server and stops none."""
    async with Site(settings, SystemClock()) as site:
        async with running_database(settings, SystemClock()) as address:
            assert address == site.database_url
        conn = await asyncpg.connect(site.database_url)  # still there
        await conn.close()


async def test_given_servers_are_neither_started_nor_stopped(given: Settings, var: Path) -> None:
    """With both addresses given, nothing of ours runs, and theirs goes on."""
    async with Site(given, SystemClock()) as site:
        assert (site.database_url, site.redis_url) == (given.database_url, given.redis_url)
        assert running_below(var / "ours") == []
    client = redis.asyncio.from_url(given.redis_url)
    assert await client.ping()
    await client.aclose()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://someone:hunter2@127.0.0.1:9/tsunagu", "PostgreSQL"),
        ("mysql://someone:hunter2@127.0.0.1/tsunagu", "DATABASE_URL"),
    ],
)
async def test_a_database_out_of_reach_is_said_without_its_password(var: Path, url: str, words: str) -> None:
    """One line, no secret."""
    given = on_free_ports(var, database_url=url)
    with pytest.raises(StartError, match=words) as caught:
        async with Site(given, SystemClock()):
            pass
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("kind", ["tcp", "udp"])
async def test_a_taken_port_is_named_with_its_setting_before_anything_starts(
    settings: Settings, var: Path, kind: Literal["tcp", "udp"]
) -> None:
    """The person learns which line of `.env` to change."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", settings.web_port if kind == "tcp" else settings.sip_port))
        if kind == "tcp":
            other.listen()
        with pytest.raises(PortTaken, match="WEB_PORT" if kind == "tcp" else "SIP_PORT"):
            async with Site(settings, SystemClock()):
                pass
    assert not (var / "postgres").exists()


async def test_a_full_disk_is_refused_before_anything_starts(var: Path) -> None:
    """Less than MIN_FREE_DISK_MB free: nothing starts."""
    settings = on_free_ports(var, min_free_disk_mb=10**9)
    with pytest.raises(StartError, match="MIN_FREE_DISK_MB"):
        async with Site(settings, SystemClock()):
            pass
    assert not (var / "postgres").exists()


async def test_a_second_site_in_the_same_folder_is_refused(settings: Settings) -> None:
    """The message names the process that is in the way, which is not disturbed."""
    async with Site(settings, SystemClock()) as first:
        with pytest.raises(StartError, match=f"process {os.getpid()}"):
            async with Site(settings, SystemClock()):
                pass
        conn = await asyncpg.connect(first.database_url)
        await conn.close()


async def test_without_a_redis_program_nothing_stays(
    settings: Settings, var: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL, which had been started before, is stopped again."""
    programs = var / "bin"
    programs.mkdir()
    for name in ("bwrap", "setpriv"):
        found = next(Path(p) / name for p in os.environ["PATH"].split(":") if (Path(p) / name).exists())
        (programs / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(programs))
    with pytest.raises(StartError, match="REDIS_URL"):
        async with Site(settings, SystemClock()):
            pass
    assert running_below(var) == []


async def test_parts_stop_in_reverse_order_when_one_does_not_start(given: Settings) -> None:
    """What was started before it is undone, itself included."""
    journal: list[str] = []

    async def run() -> None:
        async with Site(given, SystemClock()) as site:
            await site.start(FakePart("first", journal))
            await site.start(FakePart("second", journal, refuses=1))

    with pytest.raises(StartError, match="second refuses"):
        await run()
    assert journal == ["+first", "+second", "-second", "-first"]


async def test_a_start_that_is_interrupted_is_undone(given: Settings) -> None:
    """Cancelled while a part hangs in its start: that part is stopped, and those before it."""
    journal: list[str] = []

    async def run() -> None:
        async with Site(given, SystemClock()) as site:
            await site.start(FakePart("first", journal))
            await site.start(FakePart("second", journal, hangs=True))

    task = asyncio.create_task(run())
    await until(lambda: "+second" in journal)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert journal[-2:] == ["-second", "-first"]


async def test_a_part_that_dies_is_started_again_with_growing_delays(given: Settings) -> None:
    """Also when the start itself fails twice; the others are left alone."""
    clock = StepClock()
    journal: list[str] = []
    lines: list[str] = []
    async with Site(given, clock, report=lines.append) as site:
        other, part = FakePart("other", journal), FakePart("part", journal)
        await site.start(other)
        await site.start(part)
        clock.sleeps_s.clear()
        watching = asyncio.create_task(site.watch())
        await asyncio.sleep(0)
        part.refuse_next(2)
        part.die()
        await until(lambda: "part is ready again" in lines)
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching
        assert clock.sleeps_s == [0.5, 1.0, 2.0]
        assert journal.count("+part") == 4
        assert journal.count("+other") == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_everything_in_good_order(settings: Settings, var: Path, number: signal.Signals) -> None:
    """Twice the same signal, as a terminal and `make` send it, does not cut the ending short."""
    process = await a_site(settings)
    process.send_signal(number)
    process.send_signal(number)
    assert process.stdout is not None
    said = await asyncio.wait_for(process.stdout.read(), 30)
    assert said.decode().splitlines()[-1] == "down"
    assert await process.wait() == 0
    assert running_below(var) == []


async def test_a_killed_site_leaves_no_process_and_can_be_started_again(settings: Settings, var: Path) -> None:
    """After SIGKILL the kernel ends the servers; the next start finds no lock and recovers the database."""
    process = await a_site(settings)
    process.kill()
    await process.wait()
    await until(lambda: running_below(var) == [], what="no process left")
    async with Site(settings, SystemClock()):
        pass


async def test_a_killed_server_is_started_again(settings: Settings, var: Path) -> None:
    """The site goes on without anybody's help."""
    process = await a_site(settings)
    try:
        pid_file = var / "postgres" / "data" / "postmaster.pid"
        first = int(pid_file.read_text().split()[0])
        os.kill(first, signal.SIGKILL)
        assert process.stdout is not None
        said = ""
        while "PostgreSQL is ready again" not in said:
            said = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        assert int(pid_file.read_text().split()[0]) != first
    finally:
        process.terminate()
        await process.communicate()
    assert running_below(var) == []


async def a_site(settings: Settings) -> asyncio.subprocess.Process:
    """A process of its own in which `settings` are up."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", A_PROGRAM, stdout=asyncio.subprocess.PIPE, env=as_environment(settings)
    )
    assert process.stdout is not None
    while (await asyncio.wait_for(process.stdout.readline(), 60)) not in (b"up\n", b""):
        pass
    assert process.returncode is None
    return process
