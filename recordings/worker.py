"""The worker: takes recordings that wait, keeps them, and decides what becomes of those that fail.

Woken by PostgreSQL's NOTIFY; also looks every `CHECK_EVERY_S` and when a delayed one is due. Several workers may
run on the same database, each on its own claims.

What becomes of a failure: `TryLater` costs nothing and waits (a full disk pauses all taking); `StepFailed` and
anything unexpected is tried again after 5 s, 30 s, 2 min and 10 min, then the row is ``failed`` and the sources
stay; `NothingToStore` is ``failed`` at once. An ``Empty`` one has no sound, so its files go.

Invariant: a worker that stops gives its claims back; one that is killed loses them after `LEASE_S`.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import asyncpg
import structlog

from recordings import spool, store
from recordings.bell import Bell, Connect
from recordings.errors import Empty, NoRoom, NothingToStore, RecordingError, StepFailed, TryLater
from recordings.keeping import Place, keep
from recordings.model import Claim, Clock
from recordings.sweep import sweep

LEASE_S = 60.0
CHECK_EVERY_S = 10.0
SWEEP_EVERY_S = 600.0
MAX_TRIES = 5
_DELAYS_S = (5.0, 30.0, 120.0, 600.0)
_RELEASE_TIMEOUT_S = 5.0
_DATABASE_PAUSE_S = 1.0
_DATABASE_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, ConnectionError)
_SYSTEM_ERRORS = (*_DATABASE_ERRORS, OSError)  # OSError: PostgreSQL's socket, or a folder, is not there

_T = TypeVar("_T")

log = structlog.get_logger()


class Worker:
    """Keeps recordings, `parallel` at a time.

    Args:
        pool: connections to PostgreSQL, at least `parallel` + 1.
        connect: opens the connection of its own on which it listens.
        lease_s: how long a killed worker's claims stay its own, seconds.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        connect: Connect,
        place: Place,
        clock: Clock,
        *,
        parallel: int = 2,
        lease_s: float = LEASE_S,
    ) -> None:
        self._pool = pool
        self._place = place
        self._clock = clock
        self._parallel = parallel
        self._lease_s = lease_s
        self._bell = Bell(connect, store.CHANNEL, clock)
        self._held: set[Claim] = set()
        self._paused_until: datetime | None = None

    async def run(self) -> None:
        """Work until cancelled; then give back what is under way."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._bell.listen())
            group.create_task(self._sweep_forever())
            group.create_task(self._renew_forever())
            while True:
                await self._bell.wait(await self._safely(self._fill, group) or _DATABASE_PAUSE_S)

    async def drain(self) -> None:
        """Work until nothing waits any more, or only what failed and is delayed for longer than a moment."""
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(self._renew_forever())
            while True:
                pause_s = await self._fill(group)
                if not self._held and pause_s > spool.SETTLE_S - 1:
                    break
                await self._bell.wait(pause_s)
            renewing.cancel()

    async def _safely(self, work: Callable[..., Coroutine[Any, Any, _T]], *given: object) -> _T | None:
        """The result of `work`, or None when the database or a disk was not there; the worker lives on."""
        try:
            return await work(*given)
        except _SYSTEM_ERRORS as error:
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # the database went with us: its error hid the cancellation
                raise asyncio.CancelledError from error
            log.warning("worker_hindered", work=work.__name__.lstrip("_"), error=type(error).__name__)
            return None

    async def _fill(self, group: asyncio.TaskGroup) -> float:
        """Take what is due, as much as there is room for; return how many seconds to wait at most."""
        now = self._clock.now()
        if self._paused_until is not None and now < self._paused_until:
            return (self._paused_until - now).total_seconds()
        self._paused_until = None
        async with self._pool.acquire() as conn:
            if room := self._parallel - len(self._held):
                for claim in await store.claim(conn, now, now + timedelta(seconds=self._lease_s), room):
                    self._held.add(claim)
                    group.create_task(self._one(claim)).add_done_callback(partial(self._done, claim))
            due_at = await store.next_due(conn)
        if due_at is None or len(self._held) == self._parallel:
            return CHECK_EVERY_S
        return min(CHECK_EVERY_S, max(0.05, (due_at - now).total_seconds()))

    def _done(self, claim: Claim, _: asyncio.Task[None]) -> None:
        self._held.discard(claim)
        self._bell.ring()

    async def _one(self, claim: Claim) -> None:
        """Keep one recording; the outer edge for whatever goes wrong with it."""
        call_id = str(claim.call_id)
        try:
            kept = await keep(self._pool, self._place, claim, self._clock)
        except asyncio.CancelledError:
            with suppress(*_SYSTEM_ERRORS):
                async with asyncio.timeout(_RELEASE_TIMEOUT_S):
                    await self._later(claim, 0.0, None, counted=False)
            raise
        except _DATABASE_ERRORS as error:  # the claim runs out by itself
            log.warning("recording_left_to_lease", call_id=call_id, error=type(error).__name__)
        except RecordingError as error:
            await self._safely(self._settle, claim, error)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            kind = NoRoom if full else StepFailed
            await self._safely(self._settle, claim, kind(error.strerror or type(error).__name__))
        except Exception as error:  # a job runner's edge: one bad recording must not stop the others
            log.exception("recording_unexpected_error", call_id=call_id)
            await self._safely(self._settle, claim, StepFailed(type(error).__name__))
        else:
            if kept is None:
                log.warning("recording_taken_over", call_id=call_id)
            else:
                log.info("recording_stored", call_id=call_id, duration_ms=kept.duration_ms, remark=kept.remark)

    async def _settle(self, claim: Claim, error: RecordingError) -> None:
        """Write what became of a recording that could not be kept."""
        call_id = str(claim.call_id)
        if isinstance(error, NoRoom) and self._paused_until is None:
            log.error("recordings_paused", problem=error.problem, again_in_s=error.delay_s)
            self._paused_until = self._clock.now() + timedelta(seconds=error.delay_s)
        if isinstance(error, TryLater):
            await self._later(claim, error.delay_s, error.problem, counted=False)
        elif isinstance(error, NothingToStore) or claim.tries >= MAX_TRIES:
            async with self._pool.acquire() as conn:
                await store.failed(conn, claim, error.problem)
            if isinstance(error, Empty):
                await asyncio.to_thread(spool.remove, self._place.spool, claim.call_id)
                log.info("recording_empty", call_id=call_id)
            else:
                log.error("recording_failed", call_id=call_id, problem=error.problem, tries=claim.tries)
        else:
            delay_s = _DELAYS_S[claim.tries - 1]
            await self._later(claim, delay_s, error.problem, counted=True)
            log.warning("recording_retried", call_id=call_id, problem=error.problem, tries=claim.tries, in_s=delay_s)

    async def _later(self, claim: Claim, delay_s: float, problem: str | None, *, counted: bool) -> None:
        due_at = self._clock.now() + timedelta(seconds=delay_s)
        async with self._pool.acquire() as conn:
            await store.later(conn, claim, due_at, problem, counted=counted)

    async def _renew_forever(self) -> None:
        while True:
            await self._clock.sleep(self._lease_s / 3)
            if self._held:
                await self._safely(self._renew)

    async def _renew(self) -> None:
        async with self._pool.acquire() as conn:
            await store.renew(conn, list(self._held), self._clock.now() + timedelta(seconds=self._lease_s))

    async def _sweep_forever(self) -> None:
        while True:
            await self._safely(self._sweep)
            await self._clock.sleep(SWEEP_EVERY_S)

    async def _sweep(self) -> None:
        found = await sweep(self._pool, self._place, self._clock.now())
        if found.needs_attention:
            log.error(
                "spool_needs_attention",
                unknown=[str(c) for c in found.unknown[:5]],
                unknown_count=len(found.unknown),
                unfinished_count=len(found.unfinished),
                damaged=[str(c) for c in found.damaged[:5]],
                failed_count=len(found.failed),
            )
        if found.removed or found.half_made:
            log.info("leftovers_removed", calls=found.removed, half_made=found.half_made)
