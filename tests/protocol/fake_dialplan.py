"""A dialplan that asks over FastAGI as Asterisk 22.10 does: the introduction, answers to commands, hang-up."""

from __future__ import annotations

import asyncio
import contextlib
import re

INTRODUCTION = {
    "network": "yes",
    "network_script": "answered",
    "request": "agi://127.0.0.1/answered",
    "channel": "PJSIP/trunk-00000001",
    "language": "ja",
    "type": "PJSIP",
    "uniqueid": "6f1c1d1e-0000-4000-8000-000000000001",
    "version": "22.10.1",
    "callerid": "unknown",
    "calleridname": "unknown",
    "callingpres": "0",
    "dnid": "unknown",
    "rdnis": "unknown",
    "context": "answered",
    "extension": "s",
    "priority": "4",
    "enhanced": "0.0",
    "accountcode": "",
    "threadid": "139795759986368",
}


class FakeDialplan:
    """One ``AGI()`` of a channel.

    Attributes:
        variables: what the session has set.
        commands: every command line that came.
        answers: what to say to a command instead of carrying it out, by its first two words; "" = nothing.
        closed: the server has ended the session.
    """

    def __init__(self, port: int, **introduction: str) -> None:
        self._port = port
        self.introduction = INTRODUCTION | introduction
        self.variables: dict[str, str] = {}
        self.commands: list[str] = []
        self.answers: dict[str, str] = {}
        self.closed = False
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def introduce(self) -> None:
        self.say("".join(f"agi_{name}: {value}\n" for name, value in self.introduction.items()) + "\n")

    async def run(self) -> dict[str, str]:
        """The whole session, from connect to the server's close; returns the variables set."""
        await self.connect()
        try:
            await self.introduce()
            await self.serve()
        finally:
            await self.hang_up()
        return self.variables

    async def serve(self) -> None:
        """Answer commands until the server closes."""
        try:
            while line := await self._reader.readline():
                self.commands.append(line.decode().rstrip("\n"))
                self.say(self._answer(self.commands[-1]))
        except ConnectionError:
            pass
        self.closed = True

    def say(self, text: str) -> None:
        self.say_bytes(text.encode())

    def say_bytes(self, raw: bytes) -> None:
        self._writer.write(raw)

    async def hang_up(self) -> None:
        """End the connection."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):  # cut by the server
            await self._writer.wait_closed()

    def _answer(self, command: str) -> str:
        words = " ".join(command.split(" ")[:2])
        if words in self.answers:
            return self.answers[words]
        if match := re.fullmatch(r'SET VARIABLE "(\w+)" "(.*)"', command):
            self.variables[match[1]] = match[2].replace('\\"', '"').replace("\\\\", "\\")
            return "200 result=1\n"
        if match := re.fullmatch(r'GET VARIABLE "(\w+)"', command):
            value = self.variables.get(match[1])
            return "200 result=0\n" if value is None else f"200 result=1 ({value})\n"
        return "510 Invalid or unknown command\n"
