"""One recording from the spool into the archive, with real ffmpeg, cut off at every step."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from recordings import keeping, spool, store
from recordings.archive import Archive
from recordings.encoding import Format
from recordings.errors import EncodeFailed, NoRoom, VerifyFailed
from recordings.keeping import Place
from recordings.model import Claim
from recordings.sweep import sweep
from recordings.voices import tone_level
from tests.fixtures_recordings import (
    AGENT_HZ,
    CALLEE_HZ,
    NOON,
    HandClock,
    asterisk_wav,
    hang_up,
    lay,
    lay_call,
    row,
    tone,
)

LEASE = timedelta(seconds=60)


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4) as pool:
        yield pool


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "spool").mkdir()
    return Place(tmp_path / "spool", Archive(tmp_path / "archive", free_at_least=0))


async def _claimed(db: asyncpg.Connection, place: Place, seconds: float = 2.0, now_s: float = 0.0) -> Claim:
    call_id = await hang_up(db, seconds)
    lay_call(place.spool, call_id, seconds)
    return await _claim(db, now_s)


async def _claim(db: asyncpg.Connection, now_s: float = 0.0) -> Claim:
    now = NOON + timedelta(seconds=now_s)
    (claim,) = await store.claim(db, now, now + LEASE, 1)
    return claim


def _in_archive(place: Place) -> list[str]:
    return sorted(str(p.relative_to(place.archive.root)) for p in place.archive.root.rglob("*") if p.is_file())


def _in_spool(place: Place) -> int:
    return len(list(place.spool.iterdir()))


def _assert_kept(place: Place, call_id: UUID, found: asyncpg.Record) -> None:
    path = f"2026/11/20/{call_id}.ogg"
    assert _in_archive(place) == [path.replace(".ogg", ".json"), path]
    stored = place.archive.root / path
    assert (found["state"], found["path"]) == ("stored", path)
    assert (found["bytes"], found["sha256"]) == (
        stored.stat().st_size,
        hashlib.sha256(stored.read_bytes()).hexdigest(),
    )


@pytest.mark.parametrize(("form", "suffix"), [("opus", ".ogg"), ("flac", ".flac"), ("wav", ".wav")])
async def test_a_call_is_stored_with_the_callee_left_and_the_agent_right(
    db: asyncpg.Connection, pool: asyncpg.Pool, place: Place, form: Format, suffix: str
) -> None:
    """Both voices are in the file, each on its own side, and the spool is empty afterwards (CALL-2)."""
    place = Place(place.spool, place.archive, form)
    claim = await _claimed(db, place, 3.0)
    assert await keeping.keep(pool, place, claim, HandClock())
    found = await row(db, claim.call_id)
    assert (found["state"], found["duration_ms"], found["problem"]) == ("stored", 3000, None)
    assert found["callee_dbfs"] == pytest.approx(-12.0, abs=0.2)
    assert found["agent_dbfs"] == pytest.approx(-12.0, abs=0.2)
    stored = place.archive.root / found["path"]
    assert stored.suffix == suffix
    assert tone_level(stored, CALLEE_HZ, channel=0) > -14
    assert tone_level(stored, AGENT_HZ, channel=1) > -14
    assert tone_level(stored, AGENT_HZ, channel=0) < -40
    assert tone_level(stored, CALLEE_HZ, channel=1) < -40
    assert len(json.loads(stored.with_suffix(".json").read_text())["callee"]) == 150
    assert _in_spool(place) == 0


@pytest.mark.parametrize("cut_after", ["gather", "make", "verify", "rename", "commit"])
async def test_a_worker_killed_after_any_step_is_followed_by_one_that_finishes(
    db: asyncpg.Connection, pool: asyncpg.Pool, place: Place, cut_after: str
) -> None:
    """The second run ends in the same state whatever the first left behind: one file, one row, an empty spool."""
    claim = await _claimed(db, place)
    sources = await keeping.gather(place, claim, HandClock())
    if cut_after != "gather":
        made = await keeping.make(place, claim, sources)
        if cut_after != "make":
            await keeping.verify(made)
        if cut_after == "rename":
            place.archive.publish(made.part, made.stored.path, made.voices)
        if cut_after == "commit":
            assert await keeping.commit(pool, place, claim, made, HandClock())
    assert _in_spool(place) == 3, "nothing is removed before the row is written"

    later = NOON + LEASE * 2
    if cut_after == "commit":
        found = await sweep(pool, place, later, older_than_s=60)
        assert found.removed == 1
    else:
        (again,) = await store.claim(db, later, later + LEASE, 1)
        assert await keeping.keep(pool, place, again, HandClock(later))
    assert _in_spool(place) == 0
    _assert_kept(place, claim.call_id, await row(db, claim.call_id))


async def test_the_same_sound_gives_the_same_file(db: asyncpg.Connection, place: Place) -> None:
    """A repeated run changes nothing, so the hash of the first is still true."""
    claim = await _claimed(db, place)
    sources = await keeping.gather(place, claim, HandClock())
    hashes = {(await keeping.make(place, claim, sources)).stored.sha256 for _ in range(2)}
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("form", "damage"),
    [
        *itertools.product(("opus", "flac"), ("truncated", "flipped", "empty")),
        ("wav", "truncated"),  # plain samples have no checksum: a flipped one can't be seen
        ("wav", "empty"),
    ],
)
async def test_no_source_is_removed_when_the_encoded_file_is_not_whole(
    db: asyncpg.Connection, place: Place, form: Format, damage: str
) -> None:
    """A file that does not decode to its full length is thrown away, not stored."""
    place = Place(place.spool, place.archive, form)
    claim = await _claimed(db, place)
    made = await keeping.make(place, claim, await keeping.gather(place, claim, HandClock()))
    data = bytearray(made.part.read_bytes())
    if damage == "flipped":
        data[len(data) // 2] ^= 0xFF
    made.part.write_bytes({"truncated": bytes(data[: len(data) * 2 // 3]), "empty": b""}.get(damage, bytes(data)))
    with pytest.raises(VerifyFailed):
        await keeping.verify(made)
    assert not made.part.exists()
    assert _in_spool(place) == 3


async def test_a_worker_that_lost_its_claim_leaves_the_stored_file_alone(
    db: asyncpg.Connection, pool: asyncpg.Pool, place: Place
) -> None:
    """The slow one finds its claim gone and throws its own work away."""
    slow = await _claimed(db, place)
    made = await keeping.make(place, slow, await keeping.gather(place, slow, HandClock()))
    kept_aside = place.archive.root / "aside"
    shutil.copy(made.part, kept_aside)
    quick = await _claim(db, 61)
    assert await keeping.keep(pool, place, quick, HandClock())
    made.part.write_bytes(b"another encoding")
    kept_aside.unlink()
    assert not await keeping.commit(pool, place, slow, made, HandClock())
    _assert_kept(place, slow.call_id, await row(db, slow.call_id))


async def test_a_lost_beginning_is_taken_from_the_length(
    db: asyncpg.Connection, pool: asyncpg.Pool, place: Place
) -> None:
    """The row then says when the call was answered, as near as the files know."""
    call_id = UUID(int=7)
    await store.finished(db, call_id, NOON)
    lay_call(place.spool, call_id, 3.0)
    await keeping.keep(pool, place, await _claim(db), HandClock())
    assert (await row(db, call_id))["started_at"] == NOON - timedelta(seconds=3)


async def test_what_a_killed_asterisk_left_is_stored_with_a_remark(
    db: asyncpg.Connection, pool: asyncpg.Pool, place: Place
) -> None:
    """Nothing that reached the disk is lost, and people are told that the end may be missing."""
    call_id = await hang_up(db, 8.0)
    lay_call(place.spool, call_id, 4.1, closed=False)
    await keeping.keep(pool, place, await _claim(db), HandClock(NOON + timedelta(seconds=11)))
    found = await row(db, call_id)
    assert (found["state"], found["duration_ms"]) == ("stored", 4100)
    assert found["problem"] == "Asterisk ended while it was being written; 4.1 s recorded of a call of 8.0 s"


async def test_a_very_short_call_with_a_little_sound_is_stored(
    db: asyncpg.Connection, pool: asyncpg.Pool, place: Place
) -> None:
    """A fifth of a second is a recording like any other."""
    claim = await _claimed(db, place, 0.2)
    assert await keeping.keep(pool, place, claim, HandClock())
    assert (await row(db, claim.call_id))["duration_ms"] == 200


async def test_a_missing_ffmpeg_is_a_clear_failure(
    db: asyncpg.Connection, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row says what is not there."""
    claim = await _claimed(db, place)
    sources = await keeping.gather(place, claim, HandClock())
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EncodeFailed, match="ffmpeg can't be started: No such file"):
        await keeping.make(place, claim, sources)


@pytest.mark.parametrize(("says", "error"), [("No space left on device", NoRoom), ("Invalid argument", EncodeFailed)])
async def test_an_encoder_that_dies_is_told_apart_from_a_full_disk(
    db: asyncpg.Connection,
    place: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    says: str,
    error: type[Exception],
) -> None:
    """A full disk is waited for; anything else counts as a try. No half file stays."""
    fake = tmp_path / "bin" / "ffmpeg"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\necho half > \"$(eval echo \\${{$#}})\"\necho '{says}' >&2\nexit 1\n")
    fake.chmod(0o755)
    claim = await _claimed(db, place)
    sources = await keeping.gather(place, claim, HandClock())
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    with pytest.raises(error):
        await keeping.make(place, claim, sources)
    assert _in_archive(place) == []
    assert _in_spool(place) == 3


async def test_the_sweep_says_what_every_old_file_is(db: asyncpg.Connection, pool: asyncpg.Pool, place: Place) -> None:
    """Only what is safely stored or has no sound is removed; the rest is named."""
    kept = await _claimed(db, place)
    await keeping.keep(pool, place, kept, HandClock())
    lay_call(place.spool, kept.call_id)  # left over

    damaged = await _claimed(db, place)
    await keeping.keep(pool, place, damaged, HandClock())
    lay_call(place.spool, damaged.call_id)
    (place.archive.root / (await row(db, damaged.call_id))["path"]).write_bytes(b"x")

    empty, failed = await _claimed(db, place), await _claimed(db, place)
    await store.failed(db, empty, "empty: nothing")
    await store.failed(db, failed, "missing: a voice")

    waiting = await _claimed(db, place)
    unfinished, unknown = UUID(int=1), UUID(int=2)
    await store.begin(db, unfinished, NOON)
    for call_id in (unfinished, unknown):
        lay(place.spool / f"{call_id}-agent.wav", asterisk_wav(tone(600, 0.1)))

    found = await sweep(pool, place, NOON + timedelta(hours=2))
    assert (found.removed, found.unknown, found.unfinished) == (2, [unknown], [unfinished])
    assert (found.damaged, found.failed) == ([damaged.call_id], [failed.call_id])
    assert found.needs_attention
    left = {call_id for call_id, _ in spool.calls_in(place.spool, NOON + timedelta(hours=2), older_than_s=0)}
    assert left == {damaged.call_id, failed.call_id, waiting.call_id, unfinished, unknown}
