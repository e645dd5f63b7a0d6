"""A manager interface on a real TCP port that says what a test tells it to say.

The answers were recorded from Asterisk 22.10 (header names, order, the second line break after "No Contacts found").
Not a model of Asterisk: it places no calls, and tests/asterisk shows that the real one behaves as recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from dialer.ami.session import NEEDED_ACTIONS

Action = dict[str, str]
Answer = Callable[[Action], str]

BOOTED = "Event: FullyBooted\nPrivilege: system,all\nUptime: 4\nLastReload: 4\nStatus: Fully Booted\n\n"
COMPLETE = "Event: {name}\nActionID: {id}\nEventList: Complete\nListItems: {n}\n\n"


def originate_response(action_id: str, uniqueid: str, *, success: bool) -> str:
    return (
        f"Event: OriginateResponse\nPrivilege: call,all\nTimestamp: 1795208289.361224\nActionID: {action_id}\n"
        f"Response: {'Success' if success else 'Failure'}\nChannel: PJSIP/0900000000@trunk\nContext: answered\n"
        f"Exten: s\nReason: {4 if success else 0}\nUniqueid: {uniqueid}\nCallerIDNum: <unknown>\n"
        "CallerIDName: <unknown>\n\n"
    )


def ringing(uniqueid: str, state: int = 5) -> str:
    return (
        "Event: Newstate\nPrivilege: call,all\nTimestamp: 1795208278.339538\nChannel: PJSIP/trunk-00000001\n"
        f"ChannelState: {state}\nChannelStateDesc: Ringing\nCallerIDNum: 0300000000\nCallerIDName: 試験\n"
        "ConnectedLineNum: <unknown>\nConnectedLineName: <unknown>\nLanguage: ja\nAccountCode: \nContext: answered\n"
        f"Exten: s\nPriority: 1\nUniqueid: {uniqueid}\nLinkedid: {uniqueid}\n\n"
    )


def joined(uniqueid: str, room: str) -> str:
    return (
        f"Event: ConfbridgeJoin\nPrivilege: call,all\nTimestamp: 1795208282.002820\nConference: {room}\n"
        "BridgeUniqueid: 42489ae1-e4fa-4d8c-bd63-d3b9ee1a15f5\nBridgeType: base\nBridgeTechnology: softmix\n"
        f"BridgeNumChannels: 2\nChannel: PJSIP/trunk-00000001\nChannelState: 6\nUniqueid: {uniqueid}\n"
        f"Linkedid: {uniqueid}\nAdmin: No\nMuted: No\n\n"
    )


class FakeAsterisk:
    """Takes any number of connections; all see the same answers.

    Attributes:
        received: every action but pings, in order, from all connections.
        answers: what an action is answered with, by its name; "" = silence. Replace entries at will.
        logins: connections that logged in.
        pings: pings answered or not.
    """

    def __init__(self) -> None:
        self.received: list[Action] = []
        self.logins = 0
        self.pings = 0
        self.connections = 0
        self.port = 0
        self.answers: dict[str, Answer] = {
            "Login": self._login,
            "Logoff": lambda a: "Response: Goodbye\nMessage: Thanks for all the fish.\n\n",
            "Ping": lambda a: _response(a, "Ping: Pong\nTimestamp: 1795208226.503496\n"),
            "ListCommands": lambda a: _response(a, "".join(f"{n}: does it  (Priv: x)\n" for n in self.granted)),
            "CoreSettings": lambda a: _response(a, "AMIversion: 11.0.0\nAsteriskVersion: 22.10.1\nSystemName: \n"),
            "Originate": self._originate,
        }
        self.secret = "right"
        self.granted = list(NEEDED_ACTIONS)
        self.greeting = "Asterisk Call Manager/11.0.0\n"
        self.after_login = BOOTED
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut everybody."""
        assert self._server is not None
        self._server.close()
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._server.wait_closed()

    def cut(self) -> None:
        """End all connections at once, as a crash does."""
        for writer in self._writers:
            writer.transport.abort()

    def say(self, text: str) -> None:
        """Send to everybody. Line ends are written as ``\\n`` in tests."""
        self.say_bytes(text.replace("\n", "\r\n").encode())

    def say_bytes(self, raw: bytes) -> None:
        for writer in self._writers:
            writer.write(raw)

    async def say_bytewise(self, text: str) -> None:
        """Send so that every byte comes in a read of its own."""
        for byte in text.replace("\n", "\r\n").encode():
            self.say_bytes(bytes([byte]))
            for writer in self._writers:
                await writer.drain()
            await asyncio.sleep(0.001)

    def actions(self, name: str) -> list[Action]:
        return [a for a in self.received if a["Action"] == name and a.get("ChannelId") != "rights-check"]

    # --- inside --------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        writer.write(self.greeting.replace("\n", "\r\n").encode())
        try:
            while True:
                raw = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = {k: v for k, _, v in (line.partition(": ") for line in raw.strip().split("\r\n"))}
                if action["Action"] == "Ping":
                    self.pings += 1
                else:
                    self.received.append(action)
                answer = self.answers.get(action["Action"], _ok)(action)
                writer.write(answer.replace("\n", "\r\n").encode())
                if action["Action"] == "Logoff":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.close()

    def _login(self, action: Action) -> str:
        if action["Secret"] != self.secret:
            return f"Response: Error\nActionID: {action['ActionID']}\nMessage: Authentication failed\n\n"
        self.logins += 1
        return _response(action, "Message: Authentication accepted\n") + self.after_login

    def _originate(self, action: Action) -> str:
        queued = _response(action, "Message: Originate successfully queued\n")
        if action["ChannelId"] != "rights-check":
            return queued
        return queued + originate_response(action["ActionID"], action["ChannelId"], success=False)


def _response(action: Action, lines: str) -> str:
    return f"Response: Success\nActionID: {action['ActionID']}\n{lines}\n"


def _ok(action: Action) -> str:
    return _response(action, "")
