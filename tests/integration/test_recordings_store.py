"""The rows of recordings in a real PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg

from recordings import store
from recordings.model import Claim, Stored
from tests.fixtures_recordings import NOON, hang_up, row

LEASE = timedelta(seconds=60)
STORED = Stored("2026/11/20/x.ogg", NOON, 2000, -12.0, -13.0, 100, "ab", None)


async def _claim_one(db: asyncpg.Connection, now_s: float = 0.0) -> Claim:
    now = NOON + timedelta(seconds=now_s)
    (claim,) = await store.claim(db, now, now + LEASE, 10)
    return claim


async def test_a_hang_up_reported_twice_changes_nothing(db: asyncpg.Connection) -> None:
    """The engine may report the end again after a reconnect, even when the recording is stored."""
    call_id = await hang_up(db)
    before = await row(db, call_id)
    await store.finished(db, call_id, NOON + timedelta(seconds=9))
    await store.begin(db, call_id, NOON - timedelta(seconds=9))
    assert await row(db, call_id) == before
    claim = await _claim_one(db)
    await store.stored(db, claim, STORED, NOON)
    await store.finished(db, call_id, NOON + timedelta(seconds=9))
    assert (await row(db, call_id))["state"] == "stored"


async def test_a_lost_beginning_loses_no_recording(db: asyncpg.Connection) -> None:
    """A hang-up without an answer still makes the recording wait; a late answer gives it its length."""
    call_id = uuid4()
    await store.finished(db, str(call_id), NOON)
    found = await row(db, call_id)
    assert (found["state"], found["started_at"]) == ("waiting", NOON)
    await store.begin(db, call_id, NOON - timedelta(seconds=7))
    assert (await row(db, call_id))["started_at"] == NOON - timedelta(seconds=7)


async def test_the_engine_can_give_both_moments_at_the_end(db: asyncpg.Connection) -> None:
    """After a crash the engine knows both from its own rows."""
    call_id = uuid4()
    await store.finished(db, call_id, NOON, started_at=NOON - timedelta(seconds=7))
    assert (await _claim_one(db)).expected_s == 7


async def test_two_workers_never_get_the_same_recording(dsn: str, db: asyncpg.Connection) -> None:
    """Claims made at the same moment are disjoint and complete."""
    calls = {await hang_up(db) for _ in range(20)}
    workers = [await asyncpg.connect(dsn) for _ in range(4)]
    try:
        claims = await asyncio.gather(*(store.claim(w, NOON, NOON + LEASE, 7) for w in workers))
    finally:
        for worker in workers:
            await worker.close()
    got = [claim.call_id for some in claims for claim in some]
    assert len(got) == len(set(got))
    got += [claim.call_id for claim in await store.claim(db, NOON, NOON + LEASE, 20)]
    assert sorted(got) == sorted(calls)


async def test_the_engine_does_not_wait_for_a_worker(dsn: str, db: asyncpg.Connection) -> None:
    """A claim holds no lock: a repeated hang-up goes through while the worker encodes."""
    call_id = await hang_up(db)
    await _claim_one(db)
    engine = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(2):
            await store.finished(engine, call_id, NOON)
    finally:
        await engine.close()


async def test_a_dead_worker_s_claim_is_free_after_the_lease(db: asyncpg.Connection) -> None:
    """Nobody else gets it before; a live worker renews it."""
    await hang_up(db)
    first = await _claim_one(db)
    assert await store.claim(db, NOON + LEASE / 2, NOON + LEASE, 1) == []
    await store.renew(db, [first], NOON + 2 * LEASE)
    assert await store.claim(db, NOON + 1.5 * LEASE, NOON + LEASE, 1) == []
    assert (await _claim_one(db, 130)).tries == 2


async def test_a_worker_that_was_thought_dead_can_write_nothing(db: asyncpg.Connection) -> None:
    """Its claim has an old number; the row belongs to the one that came after it."""
    call_id = await hang_up(db)
    old = await _claim_one(db)
    new = await _claim_one(db, 61)
    before = await row(db, call_id)
    await store.stored(db, old, STORED, NOON)
    await store.failed(db, old, "x: y")
    await store.later(db, old, NOON, "x: y", counted=True)
    await store.renew(db, [old], NOON + 9 * LEASE)
    assert not await store.hold(db, old)
    assert await row(db, call_id) == before
    assert await store.hold(db, new)


async def test_a_claim_given_back_uncounted_leaves_no_trace(db: asyncpg.Connection) -> None:
    """Waiting for a disk costs no try."""
    call_id = await hang_up(db)
    for now_s in (0, 1, 2):
        claim = await _claim_one(db, now_s)
        await store.later(db, claim, NOON + timedelta(seconds=now_s + 1), "no_room: full", counted=False)
    assert (await row(db, call_id))["tries"] == 0


async def test_the_worker_hears_of_a_hang_up_when_it_is_committed(dsn: str, db: asyncpg.Connection) -> None:
    """Not before, for then it would find no row; and a repeated hang-up is silent."""
    heard: list[str] = []
    listener = await asyncpg.connect(dsn)
    try:
        await listener.add_listener(store.CHANNEL, lambda *_: heard.append("rung"))
        async with db.transaction():
            call_id = await hang_up(db)
            await listener.execute("SELECT 1")
            assert heard == []
        await listener.execute("SELECT 1")
        assert heard == ["rung"]
        await store.finished(db, call_id, NOON)
        await listener.execute("SELECT 1")
        assert heard == ["rung"]
    finally:
        await listener.close()


async def test_failed_recordings_can_be_put_back_but_empty_ones_stay(db: asyncpg.Connection) -> None:
    """After the cause is mended one command tries again what has a sound."""
    for problem in ("missing: gone", "empty: nothing"):
        await hang_up(db)
        await store.failed(db, await _claim_one(db), problem)
    assert await store.counts(db) == {"recording": 0, "waiting": 0, "stored": 0, "failed": 1, "empty": 1}
    assert await store.again(db, NOON) == 1
    assert await store.again(db, NOON) == 0
    assert await store.counts(db) == {"recording": 0, "waiting": 1, "stored": 0, "failed": 0, "empty": 1}


async def test_the_next_due_moment_is_known(db: asyncpg.Connection) -> None:
    """The worker sleeps until then."""
    assert await store.next_due(db) is None
    await hang_up(db, ended_at=NOON + timedelta(seconds=5))
    await hang_up(db)
    assert await store.next_due(db) == NOON
