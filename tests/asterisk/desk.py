"""Who answers the dialplan's questions in the tests, and the ways in which an engine can fail to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from agi.answered import Answered
from agi.detected import Detected
from agi.inbound import Inbound
from agi.questions import InboundAnswer, Prompt, Room
from agi.server import AgiServer


class Desk:
    """A fake engine: gives every callee `room`, every caller `inbound_answer`; `busy` lets them wait for ever."""

    def __init__(self) -> None:
        self.room: Room | None = None
        self.busy = False
        self.inbound_answer = InboundAnswer(prompt=Prompt.BUSY_DESK)
        self.asked: list[str] = []
        self.dialled: list[tuple[str, str | None]] = []
        self.verdicts: list[tuple[str, str, str]] = []
        self.cancelled = 0
        self.server = AgiServer()
        self.server.add_route("answered", Answered(self))
        self.server.add_route("detected", Detected(self))
        self.server.add_route("inbound", Inbound(self))

    async def answered(self, call_id: str) -> Room | None:
        self.asked.append(call_id)
        await self._perhaps_for_ever()
        return self.room

    async def detected(self, call_id: str, status: str, cause: str) -> None:
        self.verdicts.append((call_id, status, cause))

    async def inbound(self, call_id: str, dialled: str, caller: str | None) -> InboundAnswer:
        self.asked.append(call_id)
        self.dialled.append((dialled, caller))
        await self._perhaps_for_ever()
        return self.inbound_answer

    async def _perhaps_for_ever(self) -> None:
        if self.busy:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise


Failing = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Accepts the question and stays silent until the other side gives up."""
    await _until_closed(reader, writer)


async def closes_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As an engine that dies the moment it is asked."""
    writer.close()


async def dies_in_the_middle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Half a command, then the end."""
    await reader.readuntil(b"\n\n")
    writer.write(b"SET VARIABLE RO")
    await writer.drain()
    writer.close()


async def talks_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Another program listens on the port."""
    writer.write(b"220 mail.example ESMTP\r\n")
    await _until_closed(reader, writer)


async def _until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        pass
    writer.close()


FAILING: dict[str, Failing] = {
    failing.__name__: failing for failing in (never_answers, closes_at_once, dies_in_the_middle, talks_nonsense)
}
