"""One file's way into the database, whatever its kind: chunks ahead in a thread, batches merged in one transaction.

Decides nothing about rows. A thread reads and checks one batch ahead, because PostgreSQL is busy with the one before it
for about as long. At the first error merging stops, while the checking goes on to the end of the file so that the
report is complete.

Invariant: everything is committed, or nothing.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

import asyncpg

from campaigns.importing.problems import Problems
from campaigns.importing.reading import TableFile

BatchT = TypeVar("BatchT")

CHECK_ROWS = 1024  # checked at a time: what fits the processor's cache


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is.

    Attributes:
        phase: ``checking`` (rows are read and staged), then ``merging``.
        done_bytes, total_bytes: of the file.
        rows: read so far.
    """

    phase: str
    done_bytes: int
    total_bytes: int
    rows: int


class _RollBack(Exception):  # no error: it only leaves the transaction
    pass


async def drive(
    conn: asyncpg.Connection,
    table: TableFile,
    batches: Iterator[BatchT],
    problems: Problems,
    *,
    begin: Callable[[], Awaitable[None]],
    add: Callable[[BatchT], Awaitable[None]],
    finish: Callable[[], Awaitable[None]],
    rows: Callable[[], int],
    progress: Callable[[Progress], None],
    dry_run: bool,
) -> bool:
    """Bring all `batches` of `table` into the database; return whether they were committed.

    Args:
        conn: outside a transaction.
        batches: made in a thread, each while the one before it is added.
        problems: an error in it, whenever it is found, rolls everything back.
        begin, add, finish: called inside the transaction; `add` and `finish` only while there is no error.
        rows: how many were read so far.
        progress: called after each batch; `finish` tells its own.
        dry_run: do all of it, then roll back.
    """
    with suppress(_RollBack), _no_garbage():
        async with conn.transaction():
            await begin()
            async with aclosing(_ahead(batches)) as coming:
                async for batch in coming:
                    if not problems.errors:
                        await add(batch)
                    progress(Progress("checking", table.position, table.size, rows()))
            if problems.errors:
                raise _RollBack
            await finish()
            if problems.errors or dry_run:
                raise _RollBack
        return True
    return False


async def _ahead(batches: Iterator[BatchT]) -> AsyncGenerator[BatchT, None]:
    """`batches`, each made in a thread while the one before it is merged."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(1, "import") as pool:  # leaving it waits for the thread
        upcoming = loop.run_in_executor(pool, next, batches, None)
        try:
            while (batch := await upcoming) is not None:
                upcoming = loop.run_in_executor(pool, next, batches, None)
                yield batch
        finally:
            upcoming.cancel()


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Without the cycle collector: rows make no cycles, but it would walk all that is kept of them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
