"""A telephone line in memory: channels that ring, answer, enter rooms and hang up, told as typed AMI events.

It behaves as our Asterisk does where the engine could notice: an agent's leg that ends takes the callee out of the
room to an apology; an answered callee asks the dialplan's question and goes where the answer says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from agi.questions import InboundAnswer
from campaigns.detection import Verdict, verdict_of
from campaigns.model import E164
from dialer.ami.events import (
    AmiEvent,
    ChannelCreated,
    ChannelGone,
    ChannelState,
    ContactStatus,
    LineState,
    OriginateAnswered,
    RoomJoined,
)
from dialer.clock import Clock
from dialer.errors import AmiError, AmiNotSent
from dialer.line import FROM_TRUNK, WAITING, EndedChannel, LiveChannel


@dataclass
class FakeLine:
    """Implements ``dialer.line.Line``.

    Args:
        on_event: where events go while the manager connection is up.
        ask: the dialplan's question; None = nobody listens, the callee hears the apology.
        detected: where verdicts go; None = nobody listens.
        ask_inbound: the dialplan's question about a call that came in; as `ask`.
    """

    clock: Clock
    on_event: Callable[[AmiEvent], None] = lambda event: None
    ask: Callable[[UUID], Awaitable[str | None]] | None = None
    detected: Callable[[UUID, Verdict], None] | None = None
    ask_inbound: Callable[[str, str, str | None], Awaitable[InboundAnswer]] | None = None
    on_dial: Callable[[], None] = lambda: None
    """Called when an order to dial has come, before there is a channel."""
    connected: bool = True
    faults: dict[str, AmiError] = field(default_factory=dict)
    """Raised by the next command of that name, which is not carried out."""
    dialed: list[str] = field(default_factory=list)
    listened_to: set[str] = field(default_factory=set)
    """Callees who are asked for only after `verdict`, as the dialplan's context ``detecting`` does it."""
    apologised: list[str] = field(default_factory=list)
    """Callees and callers who heard a prompt instead of an agent."""
    said: dict[str, str] = field(default_factory=dict)
    """Which prompt it was, where it is known."""
    journal: dict[str, EndedChannel] = field(default_factory=dict)
    telephones: set[str] = field(default_factory=set)
    up: dict[str, LiveChannel] = field(default_factory=dict)
    _came_in: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    # --- dialer.line.Line ------------------------------------------------------------------------------

    async def dial(
        self, attempt_id: str, number: E164, caller_id: E164, ring_timeout_s: int, *, detects: bool = False
    ) -> None:
        self._command("dial")
        self.on_dial()
        self.dialed.append(attempt_id)
        if detects:
            self.listened_to.add(attempt_id)
        self._create(attempt_id)
        self._tell(ChannelState("Newstate", self.clock.now(), attempt_id, "", attempt_id, LineState.RINGING))

    async def lay_leg(self, leg_id: str, extension: str, room: str) -> None:
        self._command("lay_leg")
        if extension not in self.telephones:
            self._tell(OriginateAnswered("OriginateResponse", self.clock.now(), leg_id, "", False, 0))
            return
        self._create(leg_id)
        self.up[leg_id] = LiveChannel(leg_id, True, None)
        self._enter(leg_id, room)

    async def hang_up(self, channel_id: str) -> None:
        self._command("hang_up")
        if channel_id in self.up:
            self.end(channel_id)

    async def apologise(self, channel_id: str, prompt: str) -> None:
        self._command("apologise")
        if channel_id in self.up:
            self.said[channel_id] = prompt
            self._apology(channel_id)

    async def fetch(self, channel_id: str, call_id: str, extension: str) -> None:
        self._command("fetch")
        if channel_id in self.up:
            self._enter_or_apologise(channel_id, f"seat-{extension}")

    async def channels(self) -> dict[str, LiveChannel]:
        self._command("channels")
        return dict(self.up)

    async def registered(self) -> set[str]:
        self._command("registered")
        return set(self.telephones)

    async def how_it_ended(self, channel_ids: set[str]) -> dict[str, EndedChannel]:
        return {one: self.journal[one] for one in channel_ids if one in self.journal}

    # --- what people do ----------------------------------------------------------------------------------

    def register(self, extension: str) -> None:
        """Switch a seat's telephone on."""
        self.telephones.add(extension)
        self._tell(ContactStatus("ContactStatus", self.clock.now(), "", "", extension, "Reachable"))

    def unregister(self, extension: str) -> None:
        """Switch it off."""
        self.telephones.discard(extension)
        self._tell(ContactStatus("ContactStatus", self.clock.now(), "", "", extension, "Removed"))

    @property
    def ringing(self) -> list[str]:
        """Callees whose telephone rings, the longest ringing first."""
        return [c.uniqueid for c in self.up.values() if not c.is_up and not c.asks]

    @property
    def callers(self) -> list[str]:
        """Callers who are told to wait, the longest waiting first."""
        return [c.uniqueid for c in self.up.values() if c.waits]

    @property
    def talking(self) -> list[str]:
        """Callees in a room."""
        return [c.uniqueid for c in self.up.values() if c.room and not c.uniqueid.startswith("leg-")]

    def legs(self, room: str) -> list[str]:
        return [c.uniqueid for c in self.up.values() if c.room == room and c.uniqueid.startswith("leg-")]

    def come_in(self, dialled: str, caller: str | None) -> str:
        """Somebody calls one of our numbers; the dialplan asks what becomes of it. Returns the channel's unique id."""
        self._came_in += 1
        channel_id, now = f"1795210673.{self._came_in}", self.clock.now()
        self.up[channel_id] = LiveChannel(channel_id, False, None, FROM_TRUNK)
        self._tell(
            ChannelCreated(
                "Newchannel", now, channel_id, "", channel_id, LineState.RING, FROM_TRUNK, dialled, caller or ""
            )
        )
        self._start(self._from_trunk(channel_id, dialled, caller))
        return channel_id

    def answer(self, channel_id: str) -> None:
        """The callee picks up; the dialplan asks for a room."""
        self.up[channel_id] = replace(self.up[channel_id], is_up=True)
        now = self.clock.now()
        self.journal[channel_id] = EndedChannel(now, None, now, None)
        self._tell(ChannelState("Newstate", now, channel_id, "", channel_id, LineState.UP))
        if channel_id not in self.listened_to:
            self._start_dialplan(channel_id)

    def verdict(self, channel_id: str, status: str) -> None:
        """Asterisk's detection has an opinion (AMDSTATUS): a machine is hung up on, for everybody else a room is asked.

        An empty one stands for a detection of which the engine is not told.
        """
        if status and self.detected:
            self.detected(UUID(channel_id), verdict_of(status, f"{status}-1-1", self.clock.now()))
        if status == "MACHINE":
            self.end(channel_id)
        else:
            self._start_dialplan(channel_id)

    def _start_dialplan(self, channel_id: str) -> None:
        self._start(self._dialplan(channel_id))

    def _start(self, dialplan: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(dialplan)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self, channel_id: str, cause: int = 16) -> None:
        """A channel hangs up, whoever wanted it."""
        room = self.up.pop(channel_id).room
        now, known = self.clock.now(), self.journal.get(channel_id)
        answered_at, joined_at = (known.answered_at, known.joined_at) if known else (None, None)
        self.journal[channel_id] = EndedChannel(answered_at, joined_at, now, cause)
        self._tell(ChannelGone("Hangup", now, channel_id, "", channel_id, cause, "", ""))
        if channel_id.startswith("leg-") and room is not None and not self.legs(room):
            for callee in [c for c in self.talking if self.up[c].room == room]:
                self._apology(callee)

    async def settled(self) -> None:
        """Wait until every callee who asked has gone where the answer says."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # --- inside --------------------------------------------------------------------------------------------

    async def _dialplan(self, channel_id: str) -> None:
        try:
            async with asyncio.timeout(5.0):
                room = await self.ask(UUID(channel_id)) if self.ask else None
        except TimeoutError:
            room = None
        if channel_id not in self.up:
            return
        if room is None:
            self._apology(channel_id)
        else:
            self._enter_or_apologise(channel_id, room)

    async def _from_trunk(self, channel_id: str, dialled: str, caller: str | None) -> None:
        try:
            async with asyncio.timeout(5.0):
                answer = await self.ask_inbound(channel_id, dialled, caller) if self.ask_inbound else None
        except TimeoutError:
            answer = None
        if channel_id not in self.up:
            return
        now = self.clock.now()
        self.up[channel_id] = replace(self.up[channel_id], is_up=True, context=WAITING)
        self.journal[channel_id] = EndedChannel(now, None, now, None)
        self._tell(ChannelState("Newstate", now, channel_id, "", channel_id, LineState.UP))
        if answer is not None and answer.room is not None:
            self._enter_or_apologise(channel_id, answer.room)
        elif answer is None or not answer.waits:
            self.said[channel_id] = "busy_desk" if answer is None else str(answer.prompt)
            self._apology(channel_id)

    def _enter_or_apologise(self, channel_id: str, room: str) -> None:
        if self.legs(room):
            self._enter(channel_id, room)
        else:
            self._apology(channel_id)

    def _apology(self, channel_id: str) -> None:
        self.apologised.append(channel_id)
        self.end(channel_id)

    def _create(self, channel_id: str) -> None:
        self.up[channel_id] = LiveChannel(channel_id, False, None)
        now = self.clock.now()
        self._tell(ChannelCreated("Newchannel", now, channel_id, "", channel_id, LineState.DOWN, "", "", ""))

    def _enter(self, channel_id: str, room: str) -> None:
        self.up[channel_id] = replace(self.up[channel_id], room=room, context="room")
        now = self.clock.now()
        if channel_id in self.journal:
            self.journal[channel_id] = replace(self.journal[channel_id], joined_at=now)
        self._tell(RoomJoined("ConfbridgeJoin", now, channel_id, "", room, len(self.legs(room)) + 1))

    def _command(self, name: str) -> None:
        if not self.connected:
            raise AmiNotSent(f"{name}: not connected")
        if name in self.faults:
            raise self.faults.pop(name)

    def _tell(self, event: AmiEvent) -> None:
        """Soon, and in order, as the manager connection does it."""
        if self.connected:
            asyncio.get_running_loop().call_soon(self.on_event, event)
