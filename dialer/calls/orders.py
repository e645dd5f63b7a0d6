"""What the telephone line is told to do for one call, and what becomes of it when the line does not take the order.

Decides nothing about states: what went wrong is told to the call's inbox, or left to the reconciliation.

Invariant: Originate is sent once. When its fate is unknown, nobody sends it again.
"""

from __future__ import annotations

import structlog

from campaigns.model import AttemptState
from dialer.calls.live_call import Happening, LiveCall
from dialer.calls.machine import Event
from dialer.calls.outcomes import NOT_PLACED
from dialer.clock import Clock
from dialer.errors import AmiError, AmiLost, AmiNotSent, AmiTimeout
from dialer.line import Line

log = structlog.get_logger()

_RETRY_S, _SOON_S = 0.5, 0.05
INTERRUPTED, BUSY_DESK = "interrupted", "busy_desk"
"""Prompts: extensions of the dialplan's context ``sorry``."""


class Orders:
    """Gives orders to the line."""

    def __init__(self, line: Line, clock: Clock) -> None:
        self._line = line
        self._clock = clock

    async def originate(self, call: LiveCall) -> None:
        """Dial; `call` is DIALING."""
        if call.called_off:
            self._not_placed(call)
            return
        assert call.number is not None, "a call that came in is not dialed"
        try:
            await self._line.dial(
                str(call.call_id), call.number, call.caller_id, call.ring_timeout_s, detects=call.detects
            )
        except AmiNotSent:
            self._not_placed(call)
        except (AmiLost, AmiTimeout) as error:
            # Perhaps it was taken, perhaps not: the reconciliation looks for the channel.
            log.warning("originate_unconfirmed", call_id=str(call.call_id), error=error.code)
        except AmiError as error:
            log.error("originate_refused", call_id=str(call.call_id), error=error.code)
            self._not_placed(call)

    def _not_placed(self, call: LiveCall) -> None:
        call.inbox.put_nowait(Happening(Event.ORIGINATE_FAILED, self._clock.now(), hangup_cause=NOT_PLACED))

    async def say(self, call: LiveCall, prompt: str) -> None:
        """Take the other side out of where it is, to a sentence and the end."""
        try:
            await self._line.apologise(call.channel_id, prompt)
        except AmiError as error:
            log.warning("apology_failed", call_id=str(call.call_id), error=error.code)

    async def hang_up(self, call: LiveCall) -> None:
        """End a call that rings at somebody who calls us."""
        try:
            await self._line.hang_up(call.channel_id)
        except AmiError as error:
            log.warning("hang_up_failed", call_id=str(call.call_id), error=error.code)

    async def fetch(self, call: LiveCall) -> None:
        """Take a caller who waits to the agent who is reserved for the call.

        The order may be given again until the caller is there: Asterisk may not be connected, and the caller waits on.
        """
        while call.state is AttemptState.JOINING and call.agent is not None and call.agent.extension is not None:
            try:
                channel = (await self._line.channels()).get(call.channel_id)
                if channel is not None and channel.asks:
                    await self._clock.sleep(_SOON_S)  # our answer, that he shall wait, is on its way still
                    continue
                if channel is not None and channel.waits:
                    await self._line.fetch(call.channel_id, str(call.call_id), call.agent.extension)
                return  # or the caller is in the room, or gone: that is heard, or found by looking
            except AmiError as error:
                log.warning("caller_not_fetched", call_id=str(call.call_id), error=error.code)
                await self._clock.sleep(_RETRY_S)
