"""The process's one reader of the live channel, and the snapshots for its pages.

Two tasks: one reads Redis and offers each message to every page; the other fetches a snapshot from the engine
whenever pages wait for one. All pages that wait share one request, so that three hundred pages coming back
at once cost the engine no more than one does.

Every (re)subscription, and every ``reset`` of a new engine, makes all pages wait for a fresh snapshot: pub/sub keeps
nothing for those who were away. When the engine or Redis can't be reached, pages are told (``link``), because
numbers that stand still must not look alive.

Invariant: a page sees each change once, in order, or is given a new snapshot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from dialer.clock import Clock
from dialer.control_client import ControlClient
from dialer.errors import EngineUnavailable, RequestRefused
from webui.live.messages import RESET, View, read_message
from webui.live.page import PageQueue

CHANNEL = "tsunagu:live"
_SILENCE_S = 10.0  # then Redis is pinged
_RETRY_S = 1.0
_PROBE_S = 2.0  # how often the engine is asked whether it lives

_log = structlog.get_logger(__name__)


def open_reader(url: str) -> Redis:
    """A Redis client for blocking reads.

    redis-py 8 gives up reading after 5 s by default, and reconnects behind one's back: neither suits a subscriber.
    """
    client: Redis = Redis.from_url(
        url, socket_timeout=None, socket_connect_timeout=5, retry=Retry(NoBackoff(), 0), client_name="tsunagu-web-live"
    )
    return client


class LiveFeed:
    """Fan-out of live messages; `run` it as a task, `open_page` for each WebSocket."""

    def __init__(self, redis: Redis, control: ControlClient, clock: Clock) -> None:
        self._redis = redis
        self._control = control
        self._clock = clock
        self._pages: set[PageQueue] = set()
        self._wanted = asyncio.Event()
        self._epoch = 0  # grows whenever snapshots on their way have become void
        self._link = {"redis": False, "engine": False, "asterisk": False}

    @property
    def pages(self) -> int:
        """Open pages."""
        return len(self._pages)

    @contextmanager
    def open_page(self, view: View) -> Iterator[PageQueue]:
        """A queue that receives, first, a snapshot; removed at the end of the block."""
        page = PageQueue(view)
        self._pages.add(page)
        page.put(self._link_text())
        self._wanted.set()
        try:
            yield page
        finally:
            self._pages.discard(page)

    def close_pages(self) -> None:
        """Cut all pages; they come back by themselves."""
        for page in self._pages:
            page.close()

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read())
            tasks.create_task(self._give_snapshots())
            tasks.create_task(self._probe())

    async def _read(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(CHANNEL)
                    await self._read_from(channel)
            except (RedisError, OSError, TimeoutError) as error:
                if self._link["redis"]:
                    _log.warning("live_channel_lost", kind=type(error).__name__)
            self._tell(redis=False)
            await self._clock.sleep(_RETRY_S)

    async def _read_from(self, channel: Any) -> None:
        """Read until the connection is lost or silent."""
        pinged = False
        while True:
            entry = await channel.get_message(timeout=_SILENCE_S)
            if entry is None:
                if pinged:
                    raise TimeoutError
                await channel.ping()
                pinged = True
                continue
            pinged = False
            if entry["type"] == "subscribe":
                self._tell(redis=True)
                self._resync()
            elif entry["type"] == "message":
                self._take(entry["data"])

    def _take(self, raw: bytes) -> None:
        message = read_message(raw)
        if message is None:
            _log.warning("live_message_unreadable", bytes=len(raw))
        elif message.type == RESET:
            self._resync()
        else:
            text = raw.decode()
            for page in self._pages:
                page.offer(message, text)

    def _resync(self) -> None:
        self._epoch += 1
        for page in self._pages:
            page.expect_snapshot()
        self._wanted.set()

    async def _give_snapshots(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            waiting = [page for page in self._pages if page.awaits_snapshot]
            if not waiting:
                continue
            epoch = self._epoch
            try:
                snapshot = await self._control.live()
            except (EngineUnavailable, RequestRefused):
                self._tell(engine=False, asterisk=False)
                await self._clock.sleep(_RETRY_S)
                self._wanted.set()
                continue
            if epoch != self._epoch:
                self._wanted.set()
                continue
            now_iso = self._clock.now().isoformat()
            for page in waiting:
                page.begin(snapshot, now_iso)

    async def _probe(self) -> None:
        """An engine that was killed says nothing; ask, so that pages know within seconds."""
        while True:
            try:
                health = await self._control.health()
            except (EngineUnavailable, RequestRefused):
                self._tell(engine=False, asterisk=False)
            else:
                came_back = not self._link["engine"]
                self._tell(engine=True, asterisk=health.ami)
                if came_back:
                    self._resync()
            await self._clock.sleep(_PROBE_S)

    def _tell(self, **parts: bool) -> None:
        changed = {**self._link, **parts}
        if changed != self._link:
            self._link = changed
            text = self._link_text()
            for page in self._pages:
                page.put(text)

    def _link_text(self) -> str:
        return msgspec.json.encode({"type": "link", **self._link}).decode()
