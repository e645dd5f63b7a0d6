"""The check right before the Originate (CALL-8): whether somebody who was claimed may still be called.

The rules decide (``campaigns.rules``); a fault means no.

Invariant: an attempt that was not dialed ends: whatever goes wrong here, it hears of it.
"""

from __future__ import annotations

import asyncio

import asyncpg
import structlog

from campaigns.claiming import still_allowed
from dialer.calls.live_call import Happening, LiveCall
from dialer.calls.machine import Event
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY

log = structlog.get_logger()

_AT_ONCE = 4
"""Checks at one time, so that those who have answered always find a free connection."""


class SecondCheck:
    """Asks for one call at a time, and a few at once."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def ask(self, call: LiveCall) -> None:
        """Tell `call`, which is CLAIMED, that it is dialed, or refused."""
        event = Event.REFUSED
        try:
            async with self._free, self._pool.acquire() as conn:
                verdict = await still_allowed(conn, call.call_id, self._clock.now())
        except DATABASE_AWAY as error:
            log.error("database_away", while_writing="check", call_id=str(call.call_id), error=type(error).__name__)
        else:
            if verdict.allowed and not call.called_off:
                event = Event.DIALED
            else:
                reasons = [str(reason) for reason in verdict.reasons]
                log.info("attempt_refused", call_id=str(call.call_id), reasons=reasons)
        finally:
            call.inbox.put_nowait(Happening(event, self._clock.now()))
