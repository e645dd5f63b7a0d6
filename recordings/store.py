"""The ``recording`` rows in PostgreSQL: the engine begins and finishes them, a worker claims and closes them.

Writes what others decided. All functions take a connection, so that a caller can join them to a
transaction of its own; ``finished`` inside a transaction wakes the worker when that commits.

Invariant: a worker changes only a row whose number of tries is the one that it was given with its claim.
Invariant: every function may be called twice with the same arguments; the second call changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import aiosql
import asyncpg

from recordings.model import Claim, RecordingState, Stored

CHANNEL = "recording_waiting"  # of NOTIFY

_sql = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg")


async def begin(conn: asyncpg.Connection, call_id: UUID | str, started_at: datetime) -> None:
    """Asterisk records `call_id` since `started_at`, the answer (requirement CALL-2)."""
    await _sql.begin(conn, call_id=call_id, started_at=started_at)


async def finished(
    conn: asyncpg.Connection, call_id: UUID | str, ended_at: datetime, started_at: datetime | None = None
) -> None:
    """The call hung up at `ended_at`: its recording waits for a worker from now on.

    Right also when ``begin`` was lost: give `started_at` if it is known; otherwise the worker takes the
    beginning from the length of the files. A second hang-up of the same call is ignored.
    """
    await _sql.finished(conn, call_id=call_id, ended_at=ended_at, started_at=started_at)


async def claim(conn: asyncpg.Connection, now: datetime, until: datetime, at_most: int) -> list[Claim]:
    """Take up to `at_most` recordings that are due, the longest waiting first.

    They are ours until `until`; a worker that dies loses them then. Two workers never get the same row
    (``FOR UPDATE SKIP LOCKED``), and the engine never waits for a worker: no lock is held afterwards.
    """
    rows = [row async for row in _sql.claim(conn, now=now, until=until, at_most=at_most)]
    return [Claim(row["call_id"], row["started_at"], row["ended_at"], row["tries"]) for row in rows]


async def renew(conn: asyncpg.Connection, claims: Sequence[Claim], until: datetime) -> None:
    """Keep `claims` until `until`."""
    ids, tries = [c.call_id for c in claims], [c.tries for c in claims]
    await _sql.renew(conn, call_ids=ids, tries=tries, until=until)


async def hold(conn: asyncpg.Connection, claim: Claim) -> bool:
    """Lock the row for the rest of the transaction; False when the claim was lost to another worker."""
    return bool(await _sql.hold(conn, call_id=claim.call_id, tries=claim.tries))


async def stored(conn: asyncpg.Connection, claim: Claim, what: Stored, now: datetime) -> None:
    """The recording is in the archive."""
    await _sql.stored(
        conn,
        call_id=claim.call_id,
        tries=claim.tries,
        started_at=what.started_at,
        path=what.path,
        duration_ms=what.duration_ms,
        callee_dbfs=what.callee_dbfs,
        agent_dbfs=what.agent_dbfs,
        bytes=what.bytes,
        sha256=what.sha256,
        stored_at=now,
        remark=what.remark,
    )


async def later(
    conn: asyncpg.Connection, claim: Claim, due_at: datetime, problem: str | None, *, counted: bool
) -> None:
    """Give the claim back, to be taken again at `due_at`; not `counted`: as if it had not been taken."""
    await _sql.later(
        conn, call_id=claim.call_id, tries=claim.tries, due_at=due_at, problem=problem, uncounted=0 if counted else 1
    )


async def failed(conn: asyncpg.Connection, claim: Claim, problem: str) -> None:
    """Give up; `problem` is for people."""
    await _sql.failed(conn, call_id=claim.call_id, tries=claim.tries, problem=problem)


async def again(conn: asyncpg.Connection, now: datetime) -> int:
    """Put every failed recording that had a sound back to waiting; return how many.

    Their tries go on counting (the number fences off older workers): each gets one more try.
    """
    return int(await _sql.again(conn, now=now))


async def next_due(conn: asyncpg.Connection) -> datetime | None:
    """When the next waiting recording may be taken; None when none waits."""
    due: datetime | None = await _sql.next_due(conn)
    return due


async def counts(conn: asyncpg.Connection) -> dict[str, int]:
    """Number of recordings by state, all states named; ``empty`` = failed because nothing was said in time."""
    found = dict.fromkeys([*(str(s) for s in RecordingState), "empty"], 0)
    async for row in _sql.counts(conn):
        found[row["state"]] = row["n"]
    return found


@dataclass(frozen=True, slots=True)
class RowOfFile:
    """What the database says of a file that was found in the spool."""

    state: RecordingState
    path: str | None
    bytes: int | None
    sha256: str | None
    empty: bool


async def rows_of(conn: asyncpg.Connection, call_ids: Iterable[UUID]) -> dict[UUID, RowOfFile]:
    """The rows of these calls; calls without a row are left out."""
    return {
        row["call_id"]: RowOfFile(
            RecordingState(row["state"]),
            row["path"],
            row["bytes"],
            row["sha256"],
            (row["problem"] or "").startswith("empty:"),
        )
        async for row in _sql.rows_of(conn, call_ids=list(call_ids))
    }
