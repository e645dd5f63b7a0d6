"""One FastAGI session: what Asterisk tells about the channel, commands to it, and its hang-up.

Decides how commands are written and how a hang-up is noticed while we wait for something else. What
is asked and answered stands in the files named after the questions.

Invariants:
    * A value can't end its command or its quotes.
    * Every command and every question has a time limit.
    * ``HANGUP`` and the end of the connection are noticed at any moment and end what is waited for.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from asterisk.agi import AGIResultHangup, AGIUnknownError
from panoramisk.fast_agi import Request

from agi.replies import Reply, is_whole, parse_reply

COMMAND_S = 5.0
MAX_REPLY_LINES = 200  # the longest usage text of Asterisk 22 has about 30
MAX_COMMAND_BYTES = 2000  # Asterisk's buffer for one command holds 2048

_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]*")
_NOBODY = ("", "unknown", "<unknown>", "anonymous", "restricted", "unavailable")
T = TypeVar("T")


class AgiSession(Request):  # type: ignore[misc]  # panoramisk has no types
    """A channel that waits in ``AGI()``.

    Attributes:
        env: all that Asterisk sent, without the ``agi_`` before the names.
        question: the route, ``answered`` of ``agi://host/answered?x=1``.
        query: the parameters after it.
        uniqueid, channel: of the channel; `channel` may hold a telephone number.
        arguments: those of the dialplan's ``AGI()`` after the address.
    """

    def __init__(
        self, app: object, env: Mapping[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        super().__init__(app, env, reader, writer)
        self.env = env
        address = urlsplit(env.get("network_script", ""))
        self.question = address.path.strip("/")
        self.query = dict(parse_qsl(address.query))
        self.uniqueid = env.get("uniqueid", "")
        self.channel = env.get("channel", "")
        self.arguments = [env[f"arg_{n}"] for n in range(1, 128) if f"arg_{n}" in env]
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()  # None: nothing more will come
        self._gone = asyncio.Event()
        self._listening = asyncio.create_task(self._listen())

    @property
    def caller(self) -> str | None:
        """The calling number as the trunk writes it; None when there is none or it is withheld."""
        return _number(self.env.get("callerid", ""))

    @property
    def dialled(self) -> str:
        """The number dialed (DNID), else the extension."""
        return _number(self.env.get("dnid", "")) or self.env.get("extension", "")

    @property
    def gone(self) -> bool:
        """The caller has hung up, or Asterisk has closed the connection."""
        return self._gone.is_set()

    # --- waiting for somebody else -----------------------------------------------------------------------

    async def ask(self, question: Coroutine[Any, Any, T], limit_s: float) -> T:
        """Await `question` while listening for the hang-up; it is cancelled when its answer is of no use.

        Raises:
            AGIResultHangup: the caller hung up first.
            TimeoutError: no answer within `limit_s` seconds.
        """
        asked = asyncio.ensure_future(question)
        gone = asyncio.ensure_future(self._gone.wait())
        try:
            await asyncio.wait({asked, gone}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return asked.result()
            if gone.done():
                raise AGIResultHangup("hung up while waiting for an answer")
            raise TimeoutError
        finally:
            asked.cancel()
            gone.cancel()
            await asyncio.wait({asked, gone}, timeout=1.0)

    # --- commands ----------------------------------------------------------------------------------------

    async def set_variable(self, name: str, value: str) -> None:
        """Set a variable of the channel."""
        await self.command("SET VARIABLE", _variable(name), value)

    async def get_variable(self, name: str) -> str | None:
        """A variable of the channel; None when it is not set."""
        reply = await self.command("GET VARIABLE", _variable(name))
        return reply.data if reply.result == "1" else None

    async def verbose(self, message: str, level: int = 1) -> None:
        """A line for Asterisk's own log; never a person's data."""
        await self.command("VERBOSE", message, str(level))

    async def hangup(self) -> None:
        """End the channel."""
        await self.command("HANGUP")

    async def command(self, verb: str, *arguments: str, limit_s: float = COMMAND_S) -> Reply:
        """Send one command with quoted arguments.

        Raises:
            ValueError: an argument holds a line break or NUL, or the command is too long for Asterisk.
            AGIError: Asterisk refused or failed; `AGIHangup`, a kind of it: the caller is gone.
            TimeoutError: no answer within `limit_s` seconds; the session is of no more use.
        """
        return await self.send_command(" ".join([verb, *map(_quoted, arguments)]), limit_s)

    async def send_command(self, command: str, limit_s: float = COMMAND_S) -> Reply:
        """Send one command as it is; see `command`, which quotes."""
        if any(c in command for c in "\r\n\0"):
            raise ValueError("a line break or NUL in an AGI command")
        line = command.encode(errors="replace") + b"\n"
        if len(line) > MAX_COMMAND_BYTES:
            raise ValueError("an AGI command too long for Asterisk")
        async with asyncio.timeout(limit_s):
            return await self._exchange(line)

    async def _exchange(self, line: bytes) -> Reply:
        while not self._lines.empty() and not self.gone:
            self._lines.get_nowait()  # a rest that no command claimed must not answer this one
        try:
            self.writer.write(line)
            await self.writer.drain()
        except ConnectionError:
            raise AGIResultHangup("the connection ended") from None
        while True:
            lines = [await self._next_line()]
            while not is_whole(lines):
                if len(lines) == MAX_REPLY_LINES:
                    raise AGIUnknownError("an endless reply")
                lines.append(await self._next_line())
            reply = parse_reply(lines)
            if reply is None:
                continue  # "100 Trying": the answer is still to come
            if reply.data == "hangup":
                raise AGIResultHangup("hung up during the command")
            return reply

    async def _next_line(self) -> str:
        line = None if self.gone else await self._lines.get()
        if line is None:
            raise AGIResultHangup("hung up before the answer")
        return line

    # --- listening -----------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        """Sort what Asterisk sends into replies and the notice of a hang-up."""
        try:
            while line := await self.reader.readline():
                text = line.decode(errors="replace").rstrip("\r\n")
                if text == "HANGUP":
                    break
                self._lines.put_nowait(text)
        except (ConnectionError, ValueError):
            pass  # cut, or a line beyond the reader's limit: no Asterisk speaks there any more
        finally:
            self._gone.set()
            self._lines.put_nowait(None)

    async def close(self) -> None:
        """End the session; Asterisk goes on in the dialplan."""
        self._listening.cancel()
        await asyncio.wait({self._listening})


def _variable(name: str) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ValueError("not the name of a variable")
    return name


def _quoted(argument: str) -> str:
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _number(value: str) -> str | None:
    return None if value.lower() in _NOBODY else value
