"""The trace of decisions: a line each, a file a day in Japan, so that a decision can be read and replayed later.

A line (``traced``) has the snapshot, the policy's decision and what limited it; no person, number or agent is in it.
Every decision that placed calls is written, and at most `_PER_SECOND` on average of those that placed none and differ
from the one before by mode, number or limit: the words differ at every look by some tenth. An engine that starts in
the middle of a day begins another file of that day. A day ends at `_MOST_BYTES`, and files older than so many days
are deleted.

Invariant: the engine never waits for the disk; when the disk is slow or full, lines are lost and calls go on.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from datetime import date, timedelta
from itertools import count, groupby
from pathlib import Path

import structlog

from campaigns.calendar import jst_date
from campaigns.model import DialMode
from dialer.clock import Clock
from dialer.pacing.limits import LimitedBy
from dialer.pacing.rate import CallRate
from dialer.pacing.trace_file import TraceFile
from dialer.pacing.traced import TracedDecision

log = structlog.get_logger()

_PER_SECOND = 2.0
_MOST_BYTES = 100_000_000
_QUEUE = 1_000
"""Twenty campaigns that place calls at each look, ten times a second, are written after 5 s at the latest."""
_EVERY_S = 1.0
"""A crash loses so much."""
_AFTER_FAULT_S = 60.0
"""After a fault of the disk: each try begins a file."""


class Trace:
    """Writes traced decisions.

    Args:
        folder: made when the first line is written.
        keep_days: files of this many days are kept, today's among them; 0 = nothing is written.
    """

    def __init__(self, folder: Path, clock: Clock, *, keep_days: int) -> None:
        self._folder = folder
        self._clock = clock
        self._keep_days = keep_days
        self._rate = CallRate(_PER_SECOND, clock.monotonic_s())
        self._queue: deque[TracedDecision] = deque(maxlen=_QUEUE)
        self._told: dict[int, tuple[DialMode, int, LimitedBy | None]] = {}
        self._writing = threading.Lock()
        self._day: date | None = None
        self._file: TraceFile | None = None
        self._bytes = 0

    def tell(self, one: TracedDecision) -> None:
        """Keep a decision for writing, if it is worth a line and there is room for one. Never waits."""
        if not self._keep_days:
            return
        news = (one.mode, one.decision.place, one.limited_by)
        if not one.placed:
            is_old = self._told.get(one.campaign_id) == news
            if is_old or self._rate.allows(self._clock.monotonic_s()) < 1:
                return
            self._rate.take(1)
        self._told[one.campaign_id] = news
        self._queue.append(one)

    async def run(self) -> None:
        """Write until cancelled, in a thread of its own; then what is left, and the end of the file."""
        try:
            while True:
                await self._clock.sleep(_EVERY_S)
                decisions = self._queued()
                try:
                    await asyncio.to_thread(self.write, decisions)
                except OSError as error:
                    log.warning("pacing_trace_lost", decisions=len(decisions), error=type(error).__name__)
                    await self._clock.sleep(_AFTER_FAULT_S)
        finally:
            decisions = self._queued()
            try:
                self.write(decisions)
                self.close()
            except OSError as error:
                log.warning("pacing_trace_lost", decisions=len(decisions), error=type(error).__name__)

    def _queued(self) -> list[TracedDecision]:
        decisions = list(self._queue)
        self._queue.clear()
        return decisions

    def write(self, decisions: list[TracedDecision]) -> None:
        """Append `decisions` to the files of their days.

        Raises:
            OSError: the disk refused; they are lost, and the next ones begin a new file.
        """
        with self._writing:
            for day, of_day in groupby(decisions, lambda one: jst_date(one.at)):
                self._write_day(day, list(of_day))

    def close(self) -> None:
        """End the present file; what is written afterwards begins a new one."""
        with self._writing:
            self._close()

    def _write_day(self, day: date, decisions: list[TracedDecision]) -> None:
        if self._day != day:
            self._close()
            self._begin(day)
        if self._file is None:
            return
        try:
            self._file.write(decisions)
        except OSError:
            self._day, self._file = None, None
            raise
        if self._bytes + self._file.size >= _MOST_BYTES:
            full, self._file = self._file, None
            log.warning("pacing_trace_full", day=str(day))
            full.close()

    def _begin(self, day: date) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._delete_before(day - timedelta(days=self._keep_days - 1))
        self._bytes = sum(path.stat().st_size for path in self._folder.glob(f"{day}*"))
        if self._bytes < _MOST_BYTES:
            numbers = ("" if n == 1 else f"-{n}" for n in count(1))
            paths = (self._folder / f"{day}{number}.jsonl.gz" for number in numbers)
            self._file = TraceFile(next(path for path in paths if not path.exists()))
        self._day = day

    def _close(self) -> None:
        file, self._file, self._day = self._file, None, None
        if file is not None:
            file.close()

    def _delete_before(self, first_on: date) -> None:
        for path in self._folder.glob("????-??-??*.jsonl*"):
            if path.name[:10] < str(first_on):
                path.unlink(missing_ok=True)
