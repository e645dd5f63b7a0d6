"""Calls that come in, as far as they teach: each is counted as evidence once (``campaigns.return_calls``).

Decides which channels are calls that come in; what callers hear is the dialplan's and ``agi/inbound.py``'s to say.

Invariant: nobody waits for this, neither the caller nor whoever reads Asterisk's events.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import structlog

from campaigns.return_calls import count_return_call
from dialer.ami.events import ChannelCreated, LineState
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY, unless_cancelled
from dialer.line import FROM_TRUNK, call_id_or_none

log = structlog.get_logger()

_RETRY_S = 0.5
_TRIES = 240
"""The database may be away for two minutes; after that the call is not counted."""


class ReturnCalls:
    """Counts calls that come in.

    Args:
        spawn: starts a task that the engine's TaskGroup owns.
    """

    def __init__(
        self, pool: asyncpg.Pool, clock: Clock, *, spawn: Callable[[Coroutine[Any, Any, None]], object]
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._spawn = spawn

    def hear(self, event: ChannelCreated) -> None:
        """Take a new channel: one on which somebody rings us from the trunk and shows a number is counted."""
        if is_inbound(event) and event.caller:
            self._spawn(self._count(event))

    async def _count(self, event: ChannelCreated) -> None:
        for _ in range(_TRIES):
            try:
                async with self._pool.acquire() as conn:
                    lines_n = await count_return_call(conn, event.uniqueid, event.caller, event.at)
            except DATABASE_AWAY as error:
                unless_cancelled(error)
                await self._clock.sleep(_RETRY_S)  # counted or not: a second time changes nothing
            else:
                if lines_n:
                    log.info("return_call_counted", uniqueid=event.uniqueid, lines_n=lines_n)
                return
        log.error("return_call_not_counted", uniqueid=event.uniqueid)


def is_inbound(event: ChannelCreated) -> bool:
    """Whether somebody rings us from the trunk.

    A channel of our own Originate passes the trunk, too; it has our id, and begins as DOWN: nobody rings us on it.
    """
    rings_us = event.context == FROM_TRUNK and event.state is LineState.RING
    return rings_us and call_id_or_none(event.uniqueid) is None
