"""The trace of decisions: one JSON line each, a file a day in Japan, so that a decision can be read and replayed later.

A line has the snapshot (counts, elapsed times, probabilities, forecast), the policy's decision and what limited it; no
person, number or agent is in it. Every decision that placed calls is written, and at most `_PER_SECOND` on average of
those that placed none and differ from the one before by mode, number or limit: the words differ at every look by some
tenth. A file ends at `_MOST_BYTES`, and those older than so many days are deleted.

Invariant: the engine never waits for the disk; when the disk is slow or full, lines are lost and calls go on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec
import structlog

from campaigns.calendar import jst_date
from campaigns.model import DialMode
from dialer.clock import Clock
from dialer.pacing.limits import LimitedBy
from dialer.pacing.policy import Decision, Snapshot
from dialer.pacing.rate import CallRate

log = structlog.get_logger()

_PER_SECOND = 2.0
_MOST_BYTES = 100_000_000
_QUEUE = 1_000
"""Twenty campaigns that place calls at each look, ten times a second, are written after 5 s at the latest."""
_EVERY_S = 0.5


class TraceUnreadable(Exception):
    """A trace, or a line of it, can't be read; the message names file, line, field and reason."""


@dataclass(frozen=True, slots=True)
class TracedDecision:
    """One line.

    Args:
        mode: the policy that decided: of a campaign over its limit ``progressive``.
        patience_s: what the policy took for the threshold of abandonment.
        decision: the policy's own, before the limits.
        placed: calls that were placed, or people shown: no more than the limits left, fewer when fewer were found.
        limited_by: the limit that was reached, if any.
    """

    at: datetime
    campaign_id: int
    mode: DialMode
    patience_s: float
    snapshot: Snapshot
    decision: Decision
    placed: int
    limited_by: LimitedBy | None = None


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
        self._full_on: date | None = None

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
        """Write until cancelled, in a thread of its own."""
        while True:
            await self._clock.sleep(_EVERY_S)
            if not self._queue:
                continue
            lines = list(self._queue)
            self._queue.clear()
            try:
                await asyncio.to_thread(self.write, lines)
            except OSError as error:
                log.warning("pacing_trace_lost", lines=len(lines), error=type(error).__name__)

    def write(self, lines: list[TracedDecision]) -> None:
        """Append `lines` to the files of their days.

        Raises:
            OSError: the disk refused.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for one in lines:
            day = jst_date(one.at)
            path = self._folder / f"{day}.jsonl"
            if not path.exists():
                self._delete_before(day - timedelta(days=self._keep_days - 1))
            with path.open("ab") as file:
                if file.tell() < _MOST_BYTES:
                    file.write(msgspec.json.encode(one) + b"\n")
                elif self._full_on != day:
                    self._full_on = day
                    log.warning("pacing_trace_full", day=str(day))

    def _delete_before(self, first_on: date) -> None:
        for path in self._folder.glob("????-??-??.jsonl"):
            if path.stem < str(first_on):
                path.unlink(missing_ok=True)


def read_trace(path: Path) -> Iterator[TracedDecision]:
    """The decisions of a file, in their order.

    Raises:
        TraceUnreadable: the line, the field and what is wrong with it; also when the file can't be read.
    """
    decoder = msgspec.json.Decoder(TracedDecision)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield decoder.decode(line)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    raise TraceUnreadable(f"{path.name}, line {number}: {error}") from error
    except OSError as error:
        raise TraceUnreadable(f"{path.name}: {error.strerror}") from error
