"""The words of a recording: its states, what a worker has claimed, what was stored.

Decides nothing; the other modules of this folder speak in these words. The rows live in
``schema/0001_recordings.sql``.

    begin ──► recording ──(hang-up)──► waiting ──(worker)──► stored
                                          ▲  │
                                          │  └─ after MAX_TRIES, or nothing to store ──► failed
                                          └──────────────(again)─────────────────────────┘

Invariant: the values of the states are the strings in PostgreSQL; they are not renamed without a migration.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

SAMPLE_RATE = 8000  # Hz; what the telephone network carries and MixMonitor writes
SAMPLE_BYTES = 2  # signed 16 bit, little endian


class Clock(Protocol):
    """Time as this folder needs it; the engine's clock fits."""

    def now(self) -> datetime:
        """The present, aware, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` seconds."""
        ...


class RecordingState(StrEnum):
    """Where one recording stands."""

    RECORDING = "recording"  # the call is up, Asterisk writes
    WAITING = "waiting"  # hung up; a worker takes it when it is due
    STORED = "stored"  # in the archive, verified; the sources are gone
    FAILED = "failed"  # not stored; `problem` says why and the sources are kept


@dataclass(frozen=True, slots=True)
class Claim:
    """A recording that this worker has taken.

    `tries` is the number of this taking: it rises with each one, so a worker that was taken for dead
    can't write over the work of the one that came after it.
    """

    call_id: UUID
    started_at: datetime  # equal to ended_at when the answer's time was lost
    ended_at: datetime
    tries: int

    @property
    def expected_s(self) -> float | None:
        """Length of the call, seconds; None when the moment of the answer is unknown."""
        length = self.ended_at - self.started_at
        return None if length <= timedelta(0) else length.total_seconds()


@dataclass(frozen=True, slots=True)
class Voices:
    """What one pass over both voices found.

    `callee_dbfs` and `agent_dbfs` are RMS levels, −96.0..0.0 dBFS; the peaks are `(n,)` greatest
    amplitudes of equal stretches, 0..255.
    """

    frames: int
    callee_dbfs: float
    agent_dbfs: float
    callee_peaks: tuple[int, ...]
    agent_peaks: tuple[int, ...]

    @property
    def duration_ms(self) -> int:
        return round(self.frames * 1000 / SAMPLE_RATE)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is written into the row when a recording is in the archive. `path` is below the archive."""

    path: str
    started_at: datetime
    duration_ms: int
    callee_dbfs: float
    agent_dbfs: float
    bytes: int
    sha256: str
    remark: str | None
