"""One TCP connection to the manager interface: bytes in, events and answers out.

panoramisk's protocol with its measured defects closed (docs/adr/0005-panoramisk.md). Decides how bytes become
messages and to which request a message belongs. It neither logs in nor reconnects.

Invariants:
    * Nothing raised by a handler or by one bad message reaches asyncio: the connection stays, and
      what follows is still read.
    * Reading is never paused: Asterisk cuts a client that does not read.
    * Bytes are split at message ends first and decoded then, so no character is ever cut.
    * When the connection ends, every pending request fails with `AmiLost`; nothing is kept for later.
    * A message for a request that has timed out is counted and dropped.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

import structlog
from panoramisk.ami_protocol import AMIProtocol

from dialer.ami.messages import AmiMessage, AmiResponse, Request
from dialer.ami.reading import EVENT_NAMES, Headers
from dialer.errors import AmiLost, AmiNotSent, AmiRefused, AmiTimeout

log = structlog.get_logger()

GREETING = b"Asterisk Call Manager/"
MAX_MESSAGE_BYTES = 1 << 20  # far above any real message; beyond it the peer is no Asterisk

_END = b"\r\n\r\n"
_NAMES = frozenset(name.encode() for name in EVENT_NAMES)


@dataclass(slots=True)
class AmiCounts:
    """What happened since the start, over all connections.

    Attributes:
        events: events delivered to the engine's handler.
        ignored: events that the engine does not know, thrown away unread.
        late: answers that came after their request had timed out, or for no request of ours.
        malformed: events without what we need of them.
        broken: messages whose handling raised something unforeseen.
        failed_handlers: events whose handler raised.
        lost: established connections that ended without our asking.
    """

    events: int = 0
    ignored: int = 0
    late: int = 0
    malformed: int = 0
    broken: int = 0
    failed_handlers: int = 0
    lost: int = 0


class EventSink(Protocol):
    """Who gets what the wire reads."""

    def event(self, name: str, headers: Headers) -> None:
        """An event of `EVENT_NAMES`, in order. What it raises is logged, and reading goes on."""
        ...

    def lost(self) -> None:
        """The connection has ended, for whatever reason; called once."""
        ...


class Wire(AMIProtocol):  # type: ignore[misc]  # panoramisk has no types
    """asyncio protocol of one connection.

    Attributes:
        greeted: done when the first line was Asterisk's greeting; fails with `AmiRefused`
            when it is something else, `AmiLost` when the connection ended.
    """

    def __init__(self, sink: EventSink, counts: AmiCounts) -> None:
        self._sink = sink
        self._counts = counts
        self._rest = b""
        self._lists = 0
        self._ended = asyncio.Event()
        self.responses: dict[str, Request] = {}
        self.greeted: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    # --- asyncio's side ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.responses = {}

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        if not self.greeted.done() and not (data := self._greet(data)):
            return
        *blocks, self._rest = data.split(_END)
        if len(self._rest) > MAX_MESSAGE_BYTES:
            self.abort()
            return
        for block in blocks:
            try:
                self._take(block.lstrip(b"\r\n"))
            except Exception as error:
                # The outermost edge: a raise here would make asyncio drop the connection and the rest of this read.
                self._counts.broken += 1
                log.error("ami_message_broken", error=type(error).__name__)

    def connection_lost(self, exc: BaseException | None) -> None:
        self.closed = True
        for request in self.responses.values():
            if not request.future.done():
                request.future.set_exception(AmiLost(f"{request.name}: the connection ended before the answer"))
        self.responses = {}
        if not self.greeted.done():
            self.greeted.set_exception(AmiLost("the connection ended before Asterisk's greeting"))
        self.greeted.exception()  # whoever waits hears it; if nobody does, that is no error
        self._ended.set()
        self._sink.lost()

    # --- our side ----------------------------------------------------------------------------------

    async def ask(self, request: Request, timeout_s: float) -> AmiResponse | list[AmiMessage]:
        """Send `request` once and wait for its whole answer.

        Raises:
            AmiNotSent: the connection is closed; nothing was written.
            AmiLost: it ended before the answer; Asterisk may have acted.
            AmiTimeout: no whole answer in `timeout_s` seconds; Asterisk may have acted.
            AmiError: Asterisk refused.
        """
        if self.closed or self.transport.is_closing():
            raise AmiNotSent(f"{request.name}: not connected")
        self.responses[request.id] = request
        self._lists += request.takes_events
        self.transport.write(str(request).encode())
        try:
            async with asyncio.timeout(timeout_s):
                answer: AmiResponse | list[AmiMessage] = await request.future
                return answer
        except TimeoutError:
            raise AmiTimeout(f"{request.name}: no answer in {timeout_s:g} s") from None
        finally:
            self._forget(request)

    async def log_off(self, within_s: float = 1.0) -> None:
        """Say good-bye and return when the connection has ended; harmless when it has."""
        if not self.closed and not self.transport.is_closing():
            self.transport.write(b"Action: Logoff\r\n\r\n")
            self.transport.close()
        try:
            async with asyncio.timeout(within_s):
                await self._ended.wait()
        except TimeoutError:
            self.abort()  # the peer takes no bytes any more

    def abort(self) -> None:
        """End the connection now: the peer does not answer."""
        self.transport.abort()

    def _forget(self, request: Request) -> None:
        """Whatever still comes for `request` is late from now on."""
        if self.responses.pop(request.id, None) is not None:
            self._lists -= request.takes_events

    # --- reading -------------------------------------------------------------------------------------

    def _greet(self, data: bytes) -> bytes:
        """Take the first line off `data`; empty while it is not whole."""
        line, end, rest = data.partition(b"\r\n")
        if not end and GREETING.startswith(data[: len(GREETING)]) and len(data) < 100:
            self._rest = data
            return b""
        self._rest = b""
        if not line.startswith(GREETING):
            self.greeted.set_exception(AmiRefused("what listens there is not an Asterisk manager interface"))
            self.abort()
            return b""
        self.version = line.removeprefix(GREETING).decode(errors="replace")
        self.greeted.set_result(self.version)
        return rest

    def _take(self, block: bytes) -> None:
        if not block.startswith(b"Event: "):
            if block:
                self._answer(AmiMessage.from_line(block.decode(errors="replace")))
            return
        name = block[7 : block.find(b"\r\n")] if b"\r\n" in block else block[7:]
        if self._lists and b"\r\nActionID: " in block and self._list_entry(block):
            return
        if name not in _NAMES:
            self._counts.ignored += 1
            return
        lines = block.decode(errors="replace").split("\r\n")
        self._sink.event(name.decode(), {key: value for key, _, value in (line.partition(": ") for line in lines)})

    def _list_entry(self, block: bytes) -> bool:
        start = block.index(b"\r\nActionID: ") + len(b"\r\nActionID: ")
        request = self.responses.get(block[start:].split(b"\r\n", 1)[0].decode(errors="replace"))
        if request is None or not request.takes_events:
            return False
        self._answer(AmiMessage.from_line(block.decode(errors="replace")))
        return True

    def _answer(self, message: AmiMessage | None) -> None:
        if message is None:
            return
        request = self.responses.get(message.text("ActionID"))
        if request is None:
            self._counts.late += 1
        elif request.add_message(message):
            self._forget(request)
