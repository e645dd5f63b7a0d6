"""The worker on a real PostgreSQL with real ffmpeg: woken, cut off, killed, out of disk."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import psutil
import pytest

from dialer.clock import SystemClock
from recordings import store
from recordings.archive import Archive
from recordings.keeping import Place
from recordings.worker import MAX_TRIES, Worker
from tests.fixtures_recordings import NOON, HandClock, asterisk_wav, hang_up, lay, lay_call, row


@dataclass
class Bench:
    """A worker's surroundings."""

    dsn: str
    db: asyncpg.Connection
    pool: asyncpg.Pool
    place: Place
    clock: HandClock

    def worker(self, place: Place | None = None, *, parallel: int = 2) -> Worker:
        return Worker(self.pool, lambda: asyncpg.connect(self.dsn), place or self.place, self.clock, parallel=parallel)

    async def call(self, seconds: float = 1.0) -> UUID:
        """A call with its files, hung up at the clock's now."""
        call_id = uuid4()
        lay_call(self.place.spool, call_id, seconds)
        return await hang_up(self.db, seconds, self.clock.now(), call_id)

    async def state(self, call_id: UUID) -> str:
        return str((await row(self.db, call_id))["state"])

    def in_spool(self) -> int:
        return len(list(self.place.spool.iterdir()))


@pytest.fixture
async def bench(dsn: str, db: asyncpg.Connection, tmp_path: Path) -> AsyncIterator[Bench]:
    (tmp_path / "spool").mkdir()
    place = Place(tmp_path / "spool", Archive(tmp_path / "recordings", free_at_least=0))
    async with asyncpg.create_pool(dsn, min_size=1, max_size=6) as pool:
        yield Bench(dsn, db, pool, place, HandClock())


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[None]:
    """The worker runs inside the block and is stopped after it."""
    task = asyncio.create_task(worker.run())
    try:
        yield
        assert not task.done(), task.exception()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[bool]], within_s: float = 20.0) -> None:
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + within_s
    while not await condition():
        assert loop.time() < deadline_s, f"condition not met within {within_s} s"
        await asyncio.sleep(0.02)


async def test_a_hang_up_wakes_the_worker(bench: Bench) -> None:
    """A recording is stored soon after its call, not at the next look (which is 10 s away)."""
    async with running(bench.worker()):
        first = await bench.call()
        await until(lambda: _is(bench, first, "stored"))
        second = await bench.call()
        await until(lambda: _is(bench, second, "stored"), within_s=5)
    assert bench.in_spool() == 0


async def _is(bench: Bench, call_id: UUID, state: str) -> bool:
    return await bench.state(call_id) == state


async def test_a_lost_connection_is_made_again_and_nothing_is_missed(bench: Bench) -> None:
    """After PostgreSQL cut every session the worker goes on, with what came meanwhile too."""
    async with running(bench.worker()):
        await until(lambda: _listening(bench))
        await bench.db.execute(
            # Until they are gone: a claim by one that is dying would be left to its lease, and the hand clock stands.
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        call_id = await bench.call()
        await until(lambda: _is(bench, call_id, "stored"))
        await until(lambda: _listening(bench))


async def _listening(bench: Bench) -> bool:
    return bool(
        await bench.db.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        )
    )


async def test_thirty_two_calls_that_end_together_are_all_stored(bench: Bench) -> None:
    """32 channels at once (CALL-2), by two workers that share the work."""
    calls = [await bench.call() for _ in range(32)]
    await asyncio.gather(bench.worker().drain(), bench.worker().drain())
    assert await store.counts(bench.db) == {"recording": 0, "waiting": 0, "stored": 32, "failed": 0, "empty": 0}
    assert {(await row(bench.db, call_id))["tries"] for call_id in calls} == {1}
    assert bench.in_spool() == 0


async def test_a_full_disk_pauses_and_costs_nothing(bench: Bench) -> None:
    """While the archive is full no recording fails; afterwards they are stored as if nothing had been."""
    calls = [await bench.call() for _ in range(3)]
    full = Place(bench.place.spool, Archive(bench.place.archive.root, free_at_least=2**60))
    for _ in range(MAX_TRIES + 1):
        await bench.worker(full).drain()
        bench.clock.at += timedelta(seconds=61)
    found = await row(bench.db, calls[0])
    assert (found["state"], found["tries"]) == ("waiting", 0)
    assert found["problem"].startswith("no_room: the disk of the archive is full")
    assert bench.in_spool() == 9
    await bench.worker().drain()
    assert (await store.counts(bench.db))["stored"] == 3


async def test_a_step_that_keeps_failing_ends_as_failed_with_the_sources_kept(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five tries with growing delays, then people are asked; after the mending one command stores it."""
    call_id = await bench.call()
    with monkeypatch.context() as without:
        without.setenv("PATH", "/nowhere")
        for tries in range(1, MAX_TRIES + 1):
            await _one_try(bench)
            found = await row(bench.db, call_id)
            assert found["tries"] == tries
            assert found["state"] == ("failed" if tries == MAX_TRIES else "waiting")
            bench.clock.at += timedelta(seconds=601)
    assert found["problem"] == "encode_failed: ffmpeg can't be started: No such file or directory"
    assert bench.in_spool() == 3
    await store.again(bench.db, bench.clock.now())
    await bench.worker().drain()
    assert await bench.state(call_id) == "stored"


async def _one_try(bench: Bench) -> None:
    tries = await bench.db.fetchval("SELECT sum(tries) FROM recording")
    async with running(bench.worker()):
        await until(lambda: _settled(bench, tries + 1))


async def _settled(bench: Bench, tries: int) -> bool:
    found = await bench.db.fetchrow("SELECT tries, problem, due_at FROM recording")
    later = found["due_at"] is None or found["due_at"] != bench.clock.now() + timedelta(seconds=60)
    return bool(found["tries"] == tries and found["problem"] and later)


async def test_an_unexpected_error_stops_neither_the_worker_nor_the_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One recording whose folder can't be made is tried again; the next is stored meanwhile."""
    bad = await bench.call()
    (bench.place.spool / f"{bad}-agent.wav").unlink()
    (bench.place.spool / f"{bad}-agent.wav").mkdir()  # reading it raises IsADirectoryError
    good = await bench.call()
    async with running(bench.worker(parallel=1)):
        await until(lambda: _is(bench, good, "stored"))
    found = await row(bench.db, bad)
    assert (found["state"], found["problem"]) == ("waiting", "step_failed: Is a directory")


async def test_missing_files_fail_with_the_reason(bench: Bench) -> None:
    """At once after the settling time: waiting longer brings no file back."""
    call_id = await hang_up(bench.db, 30.0)
    lay(bench.place.spool / f"{call_id}-callee.wav", asterisk_wav(b"\1\0" * 240_000))
    bench.clock.at = NOON + timedelta(seconds=15)
    await bench.worker().drain()
    found = await row(bench.db, call_id)
    assert (found["state"], found["problem"]) == ("failed", f"missing: not in the spool: {call_id}-agent.wav")
    assert bench.in_spool() == 1


async def test_a_call_that_ended_before_a_sound_is_empty_and_leaves_nothing(bench: Bench) -> None:
    """Answered and gone at once is ordinary: no alarm, no files, and not put back by a retry."""
    call_id = await hang_up(bench.db, 0.3)
    for suffix in ("-callee", "-agent", ""):
        lay(bench.place.spool / f"{call_id}{suffix}.wav", asterisk_wav(b""))
    bench.clock.at = NOON + timedelta(seconds=15)
    await bench.worker().drain()
    assert (await store.counts(bench.db))["empty"] == 1
    assert bench.in_spool() == 0
    assert await store.again(bench.db, bench.clock.now()) == 0


async def test_a_worker_that_is_stopped_gives_its_claims_back(bench: Bench) -> None:
    """The next start takes them at once, without waiting for a lease; no encoder goes on."""
    calls = [await bench.call(40.0) for _ in range(2)]
    async with running(bench.worker()):
        await until(lambda: _taken(bench))
    for call_id in calls:
        found = await row(bench.db, call_id)
        assert (found["state"], found["tries"], found["due_at"]) == ("waiting", 0, bench.clock.now())
    await bench.worker().drain()
    assert (await store.counts(bench.db))["stored"] == 2
    assert not list(bench.place.archive.root.rglob("*.part"))


async def _taken(bench: Bench) -> bool:
    return int(await bench.db.fetchval("SELECT min(tries) FROM recording")) == 1


@pytest.mark.parametrize("after", [1, 3])
async def test_a_killed_worker_loses_no_recording(bench: Bench, after: int) -> None:
    """The real process, killed with SIGKILL in the middle; another one does the rest after the lease."""
    bench.clock.at = SystemClock().now()
    for _ in range(6):
        await bench.call(20.0)
    var = bench.place.spool.parent
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dialer", "worker",
        env={**os.environ, "VAR_DIR": str(var), "DATABASE_URL": bench.dsn},
        stdout=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        await until(lambda: _stored(bench, after))
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    await until(lambda: _gone(process.pid))  # its encoders end when their input does
    bench.clock.at += timedelta(seconds=120)
    await bench.worker().drain()
    assert await store.counts(bench.db) == {"recording": 0, "waiting": 0, "stored": 6, "failed": 0, "empty": 0}
    assert not list(bench.place.archive.root.rglob("*.part"))
    assert len(list(bench.place.archive.root.rglob("*.ogg"))) == 6


async def _gone(group: int) -> bool:
    """Whether nothing of this process group runs (a dead process that nobody reaps is gone too)."""
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return False
    return True


async def _stored(bench: Bench, number: int) -> bool:
    return (await store.counts(bench.db))["stored"] >= number
