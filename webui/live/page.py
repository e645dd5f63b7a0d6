"""One open page's queue of live messages.

A page begins by waiting for a snapshot and keeps what arrives meanwhile; with the snapshot it drops what is not newer.
The queue is bounded: a page that reads too slowly is cut, and takes a fresh snapshot when it comes back.

Invariant: putting never waits, so one slow page never holds up another.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

import msgspec

from webui.live.messages import Message, View

_LIMIT = 512  # about ten seconds of a busy board; a page that is further behind starts afresh


class PageQueue:
    """Messages on their way to one page."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.awaits_snapshot = True
        self._kept: list[tuple[int, str]] = []  # arrived while a snapshot was awaited
        self._out: deque[str] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self._newest_seq = -1

    @property
    def closed(self) -> bool:
        return self._closed

    def offer(self, message: Message, raw: str) -> None:
        """Take a message of the engine, if the page may see it and has not seen it in a snapshot."""
        if self._closed or not self.view.shows(message):
            return
        if self.awaits_snapshot:
            self._kept.append((message.seq, raw))
            if len(self._kept) > _LIMIT:
                self.close()
        elif message.seq > self._newest_seq:
            self._newest_seq = message.seq
            self.put(raw)

    def put(self, text: str) -> None:
        """Queue a text as it is; cuts the page when it is too far behind."""
        if self._closed:
            return
        if len(self._out) >= _LIMIT:
            self.close()
            return
        self._out.append(text)
        self._wake.set()

    def expect_snapshot(self) -> None:
        """From now on keep messages until `begin`; what was kept for an older one is void."""
        self.awaits_snapshot = True
        self._kept.clear()

    def begin(self, snapshot: dict[str, Any], now_iso: str) -> None:
        """Queue the page's part of the snapshot, then what was kept and is newer."""
        mine = {"type": "snapshot", "now": now_iso, **self.view.of_snapshot(snapshot)}
        self._newest_seq = int(snapshot.get("seq", 0))
        self.awaits_snapshot = False
        self.put(msgspec.json.encode(mine).decode())
        for seq, raw in self._kept:
            if seq > self._newest_seq:
                self._newest_seq = seq
                self.put(raw)
        self._kept.clear()

    async def next(self, timeout_s: float) -> str | None:
        """The next text; None after `timeout_s` without one, or when closed."""
        if not self._out and not self._closed:
            self._wake.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._wake.wait()
            except TimeoutError:
                return None
        return self._out.popleft() if self._out and not self._closed else None

    def close(self) -> None:
        """End the page: whoever waits in `next` gets None and sees `closed`."""
        self._closed = True
        self._out.clear()
        self._wake.set()
