"""The way of one recording from the spool into the archive, step by step.

    gather ─► make (join, measure, encode) ─► verify ─► commit (rename + row) ─► remove the sources

Each step may be the last before a crash, and the whole may then be run again from the start: until
`commit` nothing but a temporary file exists; after it the row says stored and only the removal may be
missing, which the sweep does.

Invariant: the sources are removed only after the stored file was decoded, has the length that went in, and
the row that names it is committed.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import asyncpg

from recordings import spool, store
from recordings.archive import Archive
from recordings.encoding import ENCODERS, Format, decoded_ms, encode
from recordings.errors import VerifyFailed
from recordings.joining import Joining
from recordings.model import SAMPLE_RATE, Claim, Clock, Stored, Voices
from recordings.spool import Sources

_SAME_LENGTH_MS = 40  # Opus counts in frames of 20 ms
_WAV_HEADER_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """Where recordings come from and go to."""

    spool: Path
    archive: Archive
    format: Format = "opus"


@dataclass(frozen=True, slots=True)
class Made:
    """An encoded file under its temporary name, with what the row will say of it."""

    part: Path
    voices: Voices
    stored: Stored


async def gather(place: Place, claim: Claim, clock: Clock) -> Sources:
    """Step 1: both voices, complete. Raises what `recordings.spool.gather` raises."""
    return await asyncio.to_thread(spool.gather, place.spool, claim, clock.now())


async def make(place: Place, claim: Claim, sources: Sources) -> Made:
    """Step 2: join, measure, encode to a temporary file, flush it.

    Raises:
        NoRoom: the disk is full.
        EncodeFailed: ffmpeg failed.
    """
    encoder = ENCODERS[place.format]
    started_at = claim.started_at
    if claim.expected_s is None:  # the answer's time was lost: the files know how long it was
        started_at = claim.ended_at - timedelta(seconds=sources.frames / SAMPLE_RATE)
    path = place.archive.path_of(claim.call_id, started_at, encoder.suffix)
    need = sources.frames * 4 + _WAV_HEADER_BYTES
    part = await asyncio.to_thread(place.archive.prepare, path, claim.tries, need)
    try:
        with Joining(sources.callee, sources.agent) as joining:
            voices = await encode(joining, part, encoder)
        size, sha256 = await asyncio.to_thread(place.archive.settle, part)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    remark = spool.remarks(sources, claim)
    return Made(
        part,
        voices,
        Stored(path, started_at, voices.duration_ms, voices.callee_dbfs, voices.agent_dbfs, size, sha256, remark),
    )


async def verify(made: Made) -> None:
    """Step 3: the file decodes from end to end and is as long as what went in.

    Raises:
        VerifyFailed: it isn't.
    """
    try:
        length_ms = await decoded_ms(made.part)
        if abs(length_ms - made.stored.duration_ms) > _SAME_LENGTH_MS:
            raise VerifyFailed(f"{length_ms} ms came back of {made.stored.duration_ms} ms")
    except BaseException:
        made.part.unlink(missing_ok=True)
        raise


async def commit(pool: asyncpg.Pool, place: Place, claim: Claim, made: Made, clock: Clock) -> bool:
    """Step 4: final name and row, both or (after a crash) the name alone; False when the claim was lost.

    The row is locked before the rename, so a worker that was thought dead can't replace the file of the
    one that took over.
    """
    async with pool.acquire() as conn, conn.transaction():
        if not await store.hold(conn, claim):
            await asyncio.to_thread(made.part.unlink, missing_ok=True)
            return False
        await asyncio.to_thread(place.archive.publish, made.part, made.stored.path, made.voices)
        await store.stored(conn, claim, made.stored, clock.now())
    return True


async def keep(pool: asyncpg.Pool, place: Place, claim: Claim, clock: Clock) -> Stored | None:
    """All steps. None when another worker has taken the recording over meanwhile.

    Raises:
        RecordingError: its class says what is to be done with the row.
    """
    sources = await gather(place, claim, clock)
    made = await make(place, claim, sources)
    await verify(made)
    if not await commit(pool, place, claim, made, clock):
        return None
    await asyncio.to_thread(spool.remove, place.spool, claim.call_id)
    return made.stored
