"""Wires the worker of recordings to the settings of this site; decides nothing itself."""

from __future__ import annotations

import asyncio
import os
import shutil
from contextlib import suppress

import asyncpg

from dialer.clock import Clock
from dialer.db.pool import COMMAND_TIMEOUT_S, open_pool
from dialer.errors import StartError
from dialer.settings import Settings
from dialer.site.servers import database_url
from recordings import store
from recordings.archive import Archive
from recordings.keeping import Place
from recordings.worker import Worker

_PARALLEL = 2  # encoders at a time: 32 calls that end together are done in seconds, and Asterisk keeps a core
_NICENESS = 19
_CLOSE_TIMEOUT_S = 5.0
_APPLICATION = "tsunagu-worker"


def _start_conditions(settings: Settings) -> Place:
    if shutil.which("ffmpeg") is None:
        raise StartError("ffmpeg is not installed; recordings can't be encoded without it")
    try:
        settings.archive.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"the archive {settings.archive} can't be made: {error.strerror}") from error
    return Place(settings.spool, Archive(settings.archive))


async def run(settings: Settings, clock: Clock, *, once: bool = False, retry_failed: bool = False) -> None:
    """Keep recordings until cancelled.

    Args:
        once: return as soon as none waits.
        retry_failed: first put those that failed back to waiting.

    Raises:
        StartError: ffmpeg, the archive or PostgreSQL is not there.
    """
    place = _start_conditions(settings)
    dsn = database_url(settings)

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(
            dsn, timeout=COMMAND_TIMEOUT_S, server_settings={"application_name": f"{_APPLICATION}-listen"}
        )

    _step_back()
    pool = await open_pool(dsn, size=_PARALLEL + 2, application=_APPLICATION)
    try:
        if retry_failed:
            async with pool.acquire() as conn:
                await store.again(conn, clock.now())
        worker = Worker(pool, connect, place, clock, parallel=_PARALLEL)
        await (worker.drain() if once else worker.run())
    finally:
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await pool.close()
        except TimeoutError:
            pool.terminate()


def _step_back() -> None:
    """Let the telephone come first: this process and its encoders run when nobody else wants the processor.

    A nice process still finishes its slice before a call that has just been answered; under SCHED_IDLE it is put
    off at once. Source: sched(7).
    """
    with suppress(OSError):
        os.nice(_NICENESS)
    with suppress(OSError, AttributeError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
