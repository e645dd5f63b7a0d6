"""One logged-in connection: log-in, check of the rights, and the events in order.

Decides when a connection may be used: Asterisk has greeted, taken the secret, finished booting, and
shown by harmless actions that it grants what the engine needs. It does not reconnect.

Invariant: events are handed over one by one in the order of their coming, from one task; a handler
that raises costs its own event only.

How rights are checked (found by trying on Asterisk 22.10): ``ListCommands`` lists exactly the actions
that the user may send. For what it may *read* there is no question, but ``FullyBooted`` after the
log-in needs read=system, and an Originate over a channel type that does not exist rings nowhere and
is answered by an event that needs read=call.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

import structlog

from dialer.ami.events import ORIGINATE_ID, AmiEvent, Booted, OriginateAnswered
from dialer.ami.messages import AmiMessage, Request
from dialer.ami.reading import Headers, parse_event
from dialer.ami.wire import AmiCounts, Wire
from dialer.clock import Clock
from dialer.errors import AmiError, AmiLost, AmiMalformed, AmiRefused, AmiTimeout

log = structlog.get_logger()

NEEDED_ACTIONS = {
    "Originate": "originate",
    "Hangup": "call",
    "Redirect": "call",
    "Setvar": "call",
    "PlayDTMF": "call",
    "ConfbridgeKick": "call",
    "ConfbridgeMute": "call",
    "ConfbridgeUnmute": "call",
    "CoreSettings": "reporting",
    "CoreShowChannels": "reporting",
    "ConfbridgeListRooms": "reporting",
    "ConfbridgeList": "reporting",
    "DeviceStateList": "reporting",
}
"""What the engine sends, and the class of ``write=`` that allows it."""

_PROBE = "rights-check"
_QUEUE_WARNING = 2_000
_BATCH = 256  # events between two looks at the rest of the loop


class Session:
    """The events of one connection and what was learnt at its log-in.

    Args:
        clock: stamps events that carry no time of their own.
        counts: shared by all connections of one `AmiConnection`.
    """

    def __init__(self, clock: Clock, counts: AmiCounts) -> None:
        self._clock = clock
        self._counts = counts
        self._queue: deque[AmiEvent] = deque()
        self._wake = asyncio.Event()
        self._booted = asyncio.Event()
        self._reads_calls = asyncio.Event()
        self._ended = False
        self._warned = False

    @property
    def queued(self) -> int:
        """Events that wait for their handler."""
        return len(self._queue)

    # --- the wire's side (EventSink) -----------------------------------------------------------------

    def event(self, name: str, headers: Headers) -> None:
        try:
            event = parse_event(name, headers, self._clock.now())
        except AmiMalformed as error:
            self._counts.malformed += 1
            log.error("ami_event_malformed", event_name=name, error=str(error))
            return
        if event is None:
            return
        if isinstance(event, Booted):
            self._booted.set()
        elif isinstance(event, OriginateAnswered) and event.uniqueid == _PROBE:
            self._reads_calls.set()
            return
        self._queue.append(event)
        self._wake.set()
        if len(self._queue) > _QUEUE_WARNING and not self._warned:
            self._warned = True
            log.warning("ami_events_pile_up", queued=len(self._queue))

    def lost(self) -> None:
        self._ended = True
        for waited_for in (self._wake, self._booted, self._reads_calls):
            waited_for.set()

    # --- the engine's side -----------------------------------------------------------------------------

    async def deliver(self, handle: Callable[[AmiEvent], None]) -> None:
        """Hand over events until the connection has ended and the last one is handed over."""
        while True:
            handled = 0
            while self._queue:
                event = self._queue.popleft()
                self._counts.events += 1
                try:
                    handle(event)
                except Exception as error:
                    # The outer edge: one event's trouble must not stop the others. Names nothing but kinds.
                    self._counts.failed_handlers += 1
                    log.error("ami_handler_failed", event_name=event.name, error=type(error).__name__, at=_where(error))
                handled += 1
                if handled % _BATCH == 0:
                    await self._clock.sleep(0)
            self._warned = False
            if self._ended:
                return
            self._wake.clear()
            await self._wake.wait()

    async def log_in(
        self, wire: Wire, user: str, secret: str, *, needs: Mapping[str, str], answer_s: float, boot_s: float
    ) -> str:
        """Log in, wait until Asterisk is booted, check the rights; return Asterisk's version.

        Args:
            needs: actions that will be sent → the class of ``write=`` that allows each.
            answer_s: seconds for each answer. A wrong secret is answered after 1 s by Asterisk 22.
            boot_s: seconds for Asterisk to finish booting.

        Raises:
            AmiRefused: the secret is wrong, or a right is missing; names the right.
            AmiLost, AmiTimeout: the connection ended or stayed silent.
        """
        try:
            await wire.ask(Request("Login", {"Username": user, "Secret": secret, "Events": "on"}), answer_s)
        except (AmiLost, AmiTimeout):
            raise
        except AmiError as refusal:
            raise AmiRefused(f"log-in of AMI user {user!r} refused: {refusal}") from None
        if not await self._heard(self._booted, boot_s):
            raise AmiRefused(
                f"Asterisk did not report FullyBooted in {boot_s:g} s: it is still starting,"
                f" or AMI user {user!r} lacks read=system"
            )
        await self._check_rights(wire, user, needs, answer_s)
        settings = await wire.ask(Request("CoreSettings", {}), answer_s)
        assert isinstance(settings, AmiMessage)
        return settings.text("AsteriskVersion")

    async def _check_rights(self, wire: Wire, user: str, needs: Mapping[str, str], answer_s: float) -> None:
        allowed = await wire.ask(Request("ListCommands", {}), answer_s)
        missing = {action: right for action, right in needs.items() if action not in allowed}
        if missing:
            raise AmiRefused(
                f"AMI user {user!r} lacks write={','.join(sorted(set(missing.values())))}"
                f" (or the module is not loaded): {', '.join(missing)}"
            )
        probe = {
            "Channel": "RightsCheck/none",  # no such channel type: nothing rings
            "Application": "Hangup",
            "Async": "true",
            "ChannelId": _PROBE,
            "ActionID": ORIGINATE_ID + _PROBE,
        }
        await wire.ask(Request("Originate", probe), answer_s)
        if not await self._heard(self._reads_calls, answer_s):
            raise AmiRefused(f"AMI user {user!r} lacks read=call: the answer to an Originate does not arrive")

    async def _heard(self, what: asyncio.Event, within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                await what.wait()
        except TimeoutError:
            return False
        if self._ended:
            raise AmiLost("the connection ended during the log-in")
        return True


def _where(error: BaseException) -> str:
    """Module and line of the raise; no message, for it may hold a person's data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
