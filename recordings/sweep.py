"""Looks through the spool for files that no worker will come for, and says what they are.

Removes only what is safely stored already (the worker died between the row and the removal) or holds no
sound; everything else is reported and left for people.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from recordings import spool, store
from recordings.keeping import Place
from recordings.model import RecordingState

OLDER_THAN_S = 3600.0
_AT_A_TIME = 500  # calls in one question to the database


@dataclass(slots=True)
class Found:
    """What lay in the spool, by call."""

    unknown: list[UUID] = field(default_factory=list)  # no row: nobody will ever ask for it
    unfinished: list[UUID] = field(default_factory=list)  # the row says that the call is still up
    damaged: list[UUID] = field(default_factory=list)  # stored, but the archive's file is not what was stored
    failed: list[UUID] = field(default_factory=list)  # kept on purpose
    removed: int = 0  # calls whose files were left over
    half_made: int = 0  # files that killed workers left in the archive, removed

    @property
    def needs_attention(self) -> bool:
        return bool(self.unknown or self.unfinished or self.damaged)


async def sweep(pool: asyncpg.Pool, place: Place, now: datetime, *, older_than_s: float = OLDER_THAN_S) -> Found:
    """Look at every call whose files were not changed for `older_than_s` seconds."""
    found = Found()
    found.half_made = await asyncio.to_thread(place.archive.clear, now, older_than_s=older_than_s)
    calls = await asyncio.to_thread(lambda: list(spool.calls_in(place.spool, now, older_than_s=older_than_s)))
    for start in range(0, len(calls), _AT_A_TIME):
        some = [call_id for call_id, _ in calls[start : start + _AT_A_TIME]]
        async with pool.acquire() as conn:
            rows = await store.rows_of(conn, some)
        for call_id in some:
            if await _judge(place, call_id, rows.get(call_id), found):
                await asyncio.to_thread(spool.remove, place.spool, call_id)
                found.removed += 1
    return found


async def _judge(place: Place, call_id: UUID, row: store.RowOfFile | None, found: Found) -> bool:
    """Whether the files of this call may go; otherwise they are noted in `found`."""
    if row is None:
        found.unknown.append(call_id)
    elif row.state is RecordingState.STORED:
        assert row.path is not None
        assert row.bytes is not None
        assert row.sha256 is not None
        if await asyncio.to_thread(place.archive.holds, row.path, row.bytes, row.sha256):
            return True
        found.damaged.append(call_id)
    elif row.state is RecordingState.RECORDING:
        found.unfinished.append(call_id)
    elif row.state is RecordingState.FAILED:
        if row.empty:
            return True
        found.failed.append(call_id)
    return False
