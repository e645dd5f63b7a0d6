"""Keeps what was expected of the calls placed and what came of them, in small parts, for the next engine.

Decides nothing: the accounts are ``daring``'s. Told part by part in their order, they are at the next start what they
were at the last stop, but for what happened in the second before a crash.

Invariant: a part is written whole, so writing it twice changes nothing. One engine writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiosql
import asyncpg

from dialer.pacing.observed import Abandoned, Observed, Placed

AT_MOST = 10_000
"""Parts of a campaign that are read: with so many answers behind it a part counts for less than a thousandth."""
_ANSWERS = 2.0
"""A part ends with so many answers expected: few enough to fade together. 40 agents need a quarter of a minute."""
_LASTS = timedelta(hours=1)
"""And after so long at the latest."""
_sql: Any = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg")


@dataclass(slots=True)
class Expected:
    """What was expected of some calls of a campaign, and what came meanwhile.

    Args:
        starts_at: the first of it.
        answers: expected of the calls that were placed.
        abandoned: people expected to be abandoned because of these calls.
        came: people who were abandoned.
    """

    campaign_id: int
    starts_at: datetime
    answers: float = 0.0
    abandoned: float = 0.0
    came: int = 0

    def observed(self, at_s: float) -> Iterator[Observed]:
        """The same, as it was seen while it happened.

        Args:
            at_s: `starts_at` on the scale of the observations.
        """
        if self.answers:
            yield Placed(at_s, self.answers, self.abandoned)
        for _ in range(self.came):
            yield Abandoned(at_s)


class Expectations:
    """All campaigns'."""

    def __init__(self) -> None:
        self._open: dict[int, Expected] = {}
        self._unwritten: dict[tuple[int, datetime], Expected] = {}

    def observe(self, campaign_id: int, seen: Observed, now: datetime) -> None:
        """Something of one campaign happened; what is neither an expectation nor an abandonment is left out."""
        if not isinstance(seen, Placed | Abandoned):
            return
        part = self._open.get(campaign_id)
        if part is None or _is_over(part, seen, now):
            part = self._open[campaign_id] = Expected(campaign_id, now)
        if isinstance(seen, Placed):
            part.answers += seen.answers
            part.abandoned += seen.abandoned
        else:
            part.came += 1
        self._unwritten[campaign_id, part.starts_at] = part

    async def write(self, conn: asyncpg.Connection) -> None:
        """Write what has changed since the last time."""
        if not self._unwritten:
            return
        parts, self._unwritten = self._unwritten, {}  # what happens while it is written is written the next time
        ids, starts, answers, abandoned, came = zip(*map(astuple, parts.values()), strict=True)
        try:
            await _sql.write_expectations(
                conn, campaign_ids=ids, starts_at=starts, answers=answers, abandoned=abandoned, came=came
            )
        except BaseException:
            self._unwritten = parts | self._unwritten
            raise

    async def read(self, conn: asyncpg.Connection, since: datetime) -> list[Expected]:
        """Of each campaign the newest `AT_MOST` parts since `since`, the oldest first; what is older is deleted."""
        await self.write(conn)
        await _sql.forget_expectations(conn, before=since)
        return [Expected(**row) async for row in _sql.expectations(conn, since=since, at_most=AT_MOST)]


def _is_over(part: Expected, seen: Placed | Abandoned, now: datetime) -> bool:
    """Whether what is seen now belongs to a new part; a part is known by its first moment, so none has another's."""
    lasted = now - part.starts_at
    if not timedelta() <= lasted < _LASTS:
        return True
    # Somebody abandoned changes what the next calls may cost, so those are told after him.
    after_somebody = part.came > 0 and isinstance(seen, Placed)
    return lasted > timedelta() and (part.answers >= _ANSWERS or after_somebody)
