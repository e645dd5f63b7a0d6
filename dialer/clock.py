"""The only place where the time of day is read.

Everything that decides takes ``now`` as an argument; everything that does takes a ``Clock``.
Ruff's banned-api list forbids ``time.time``, ``datetime.now`` and ``asyncio.sleep`` elsewhere.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as the engine sees it."""

    def now(self) -> datetime:
        """The present, aware, UTC."""
        ...

    def monotonic_s(self) -> float:
        """Seconds on a clock that never steps; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
