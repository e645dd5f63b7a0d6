"""Sounds and rows for the tests of recordings: files as Asterisk writes them, a clock that is set by hand."""

from __future__ import annotations

import asyncio
import math
import os
import struct
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from recordings import store
from recordings.model import SAMPLE_RATE

NOON = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)  # 12:00 in Japan
CALLEE_HZ, AGENT_HZ = 1000, 600


@dataclass
class HandClock:
    """Stands still until it is set; sleeping is real."""

    at: datetime = field(default=NOON)

    def now(self) -> datetime:
        return self.at

    def monotonic_s(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def tone(hz: float, seconds: float, dbfs: float = -12.0) -> bytes:
    """A sine whose RMS level is `dbfs`, 8 kHz 16 bit."""
    amplitude = 32768 * math.sqrt(2) * 10 ** (dbfs / 20)
    frames = round(seconds * SAMPLE_RATE)
    return array(
        "h", (round(amplitude * math.sin(2 * math.pi * hz * n / SAMPLE_RATE)) for n in range(frames))
    ).tobytes()


def asterisk_wav(sound: bytes, *, closed: bool = True) -> bytes:
    """The bytes of a file as Asterisk 22 writes it; not `closed`: its writer was killed (seen on a real one)."""
    length = len(sound) if closed else 0
    riff = 36 + length if closed else 0
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", riff, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16, b"data", length
    ) + sound  # fmt: skip


def lay(path: Path, data: bytes, changed_at: datetime = NOON) -> Path:
    """Write a file that was last changed at `changed_at`."""
    path.write_bytes(data)
    os.utime(path, (changed_at.timestamp(), changed_at.timestamp()))
    return path


def lay_call(
    spool: Path, call_id: UUID, seconds: float = 2.0, *, closed: bool = True, changed_at: datetime = NOON
) -> None:
    """Three files of a call: the callee sounds 1000 Hz, the agent 600 Hz."""
    for suffix, hz in (("-callee", CALLEE_HZ), ("-agent", AGENT_HZ), ("", CALLEE_HZ)):
        lay(spool / f"{call_id}{suffix}.wav", asterisk_wav(tone(hz, seconds), closed=closed), changed_at)


async def hang_up(
    db: asyncpg.Connection, seconds: float = 2.0, ended_at: datetime = NOON, call_id: UUID | None = None
) -> UUID:
    """A call that was answered, recorded and hung up; its row waits."""
    call_id = call_id or uuid4()
    await store.begin(db, call_id, ended_at - timedelta(seconds=seconds))
    await store.finished(db, call_id, ended_at)
    return call_id


async def row(db: asyncpg.Connection, call_id: UUID) -> asyncpg.Record:
    found = await db.fetchrow("SELECT * FROM recording WHERE call_id = $1", call_id)
    assert found is not None
    return found
