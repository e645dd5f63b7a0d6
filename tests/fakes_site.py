"""A part of a site that is no process: it does what a test tells it, and remembers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from dialer.errors import StartError


class FakePart:
    """Fulfils `dialer.site.part.Part`.

    Args:
        journal: shared list; every start and stop is written into it as ``+name`` and ``-name``.
        refuses: how many of the first starts fail.
        hangs: a start never returns.
    """

    def __init__(self, name: str, journal: list[str], *, refuses: int = 0, hangs: bool = False) -> None:
        self.name = name
        self._journal = journal
        self._refuses = refuses
        self._hangs = hangs
        self._ended = asyncio.Event()

    async def start(self) -> None:
        self._journal.append(f"+{self.name}")
        if self._hangs:
            await asyncio.Event().wait()
        if self._refuses > 0:
            self._refuses -= 1
            raise StartError(f"{self.name} refuses")
        self._ended.clear()

    async def stop(self) -> None:
        self._journal.append(f"-{self.name}")
        self._ended.set()

    async def wait(self) -> None:
        await self._ended.wait()

    def refuse_next(self, starts: int) -> None:
        self._refuses = starts

    def die(self) -> None:
        """End without having been asked to."""
        self._ended.set()


class StepClock:
    """A clock whose sleeps return at once and move it on; the sleeps are remembered."""

    def __init__(self) -> None:
        self.sleeps_s: list[float] = []
        self._now_s = 0.0

    def now(self) -> datetime:
        return datetime(2026, 4, 1, tzinfo=UTC) + timedelta(seconds=self._now_s)

    def monotonic_s(self) -> float:
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        self.sleeps_s.append(seconds)
        self._now_s += seconds
        await asyncio.sleep(0)
