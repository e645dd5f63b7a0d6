"""How long 32 recordings that end at once keep the worker busy, and how much memory it takes (CALL-2).

    python bench/recordings_bench.py [--calls 32] [--seconds 60] [--json]

The real ``dialer worker --once`` on a private PostgreSQL, with files as Asterisk writes them: speech-like noise,
each voice in turns. Beside it the floor: bare ffmpeg (merge and encode) on the same files, two at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import numpy as np
import psutil

from dialer.clock import SystemClock
from dialer.db.migrate import migrate
from dialer.site.postgres import PrivatePostgres
from recordings import store
from recordings.encoding import ENCODERS

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.fixtures_recordings import asterisk_wav


def _children_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _voices(seconds: int) -> tuple[bytes, bytes]:
    chance = np.random.default_rng(1)
    turns = (np.arange(seconds * 8000) // 16000) % 2
    noise = np.convolve(chance.normal(0, 5000, seconds * 8000), np.ones(5) / 5, "same")
    return (noise * turns).astype("<i2").tobytes(), (noise * (1 - turns)).astype("<i2").tobytes()


async def _worker(dsn: str, var: Path) -> tuple[float, int]:
    """Seconds, and the worker's largest resident set in bytes."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dialer", "worker", "--once",
        env={**os.environ, "VAR_DIR": str(var), "DATABASE_URL": dsn}, stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    seen, largest = psutil.Process(process.pid), 0
    while process.returncode is None:
        try:
            largest = max(largest, seen.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        await asyncio.sleep(0.05)
    assert await process.wait() == 0
    return time.perf_counter() - began, largest


async def _floor(spool: Path, target: Path) -> float:
    began = time.perf_counter()
    two = asyncio.Semaphore(2)

    async def one(callee: Path) -> None:
        async with two:
            agent = callee.with_name(callee.name.replace("-callee", "-agent"))
            process = await asyncio.create_subprocess_exec(
                "ffmpeg", "-nostdin", "-v", "error", "-y", "-i", str(callee), "-i", str(agent),
                "-filter_complex", "[0:a][1:a]amerge=inputs=2[a]", "-map", "[a]", *ENCODERS["opus"].options,
                str(target / f"{callee.stem}.ogg"),
            )  # fmt: skip
            assert await process.wait() == 0

    await asyncio.gather(*(one(path) for path in spool.glob("*-callee.wav")))
    return time.perf_counter() - began


async def measure(calls: int, seconds: int) -> dict[str, float | int]:
    """One run of both, in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="tsunagu-bench-") as folder:
        var = Path(folder)
        var.chmod(0o755)
        spool, floor = var / "spool", var / "floor"
        spool.mkdir()
        floor.mkdir()
        server = PrivatePostgres(var / "pg", SystemClock())
        await server.start()
        try:
            db = await asyncpg.connect(server.dsn())
            await migrate(db, SystemClock())
            callee, agent = (asterisk_wav(sound) for sound in _voices(seconds))
            now = datetime.now(UTC)
            for _ in range(calls):
                call_id = uuid4()
                (spool / f"{call_id}-callee.wav").write_bytes(callee)
                (spool / f"{call_id}-agent.wav").write_bytes(agent)
                (spool / f"{call_id}.wav").write_bytes(callee)
                await store.begin(db, call_id, now - timedelta(seconds=seconds))
                await store.finished(db, call_id, now)
            before_s = _children_cpu_s()
            floor_s = await _floor(spool, floor)
            floor_cpu_s = _children_cpu_s() - before_s
            before_s = _children_cpu_s()
            worker_s, rss = await _worker(server.dsn(), var)
            worker_cpu_s = _children_cpu_s() - before_s
            counted = await store.counts(db)
            stored_bytes = await db.fetchval("SELECT sum(bytes) FROM recording")
            await db.close()
        finally:
            await server.stop()
        assert counted["stored"] == calls, counted
        return {
            "calls": calls,
            "seconds_each": seconds,
            "worker_s": round(worker_s, 2),
            "worker_cpu_s_each": round(worker_cpu_s / calls, 3),
            "floor_s": round(floor_s, 2),
            "floor_cpu_s_each": round(floor_cpu_s / calls, 3),
            "worker_rss_mb": round(rss / 2**20, 1),
            "kbit_s": round(stored_bytes * 8 / calls / seconds / 1000, 1),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=32)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    result = asyncio.run(measure(given.calls, given.seconds))
    print(json.dumps(result) if given.json else "\n".join(f"{name:20} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
