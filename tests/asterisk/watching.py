"""Our Asterisk as the engine sees it: a manager connection that remembers events."""

from __future__ import annotations

import asyncio
from typing import TypeVar
from uuid import uuid4

from dialer.ami import actions
from dialer.ami.connection import AmiConnection
from dialer.ami.events import AmiEvent, ChannelCreated, ChannelGone, ChannelState, LineState, RoomJoined
from dialer.clock import SystemClock
from dialer.simulation.network import SimulatedNetwork

CALLER_ID = "+81250000000"
E = TypeVar("E", bound=AmiEvent)


class Watched:
    """Events of our Asterisk in the order of their coming, and the few commands that the tests give."""

    def __init__(self, network: SimulatedNetwork) -> None:
        self.events: list[AmiEvent] = []
        settings = network.settings
        self.ami = AmiConnection(
            settings.ami_host,
            settings.ami_port,
            settings.ami_user,
            network.ami_secret,
            clock=SystemClock(),
            on_event=self._take,
            on_connected=self._nothing,
            on_lost=lambda: None,
        )
        self._news = asyncio.Event()

    def _take(self, event: AmiEvent) -> None:
        self.events.append(event)
        self._news.set()

    async def _nothing(self) -> None: ...

    def of(self, kind: type[E], uniqueid: str) -> list[E]:
        return [e for e in self.events if isinstance(e, kind) and e.uniqueid == uniqueid]

    async def event(self, kind: type[E], uniqueid: str, *, within_s: float = 10.0) -> E:
        """The first event of a kind on a channel, waited for."""
        async with asyncio.timeout(within_s):
            while not (found := self.of(kind, uniqueid)):
                self._news.clear()
                await self._news.wait()
        return found[0]

    async def answered(self, uniqueid: str, *, within_s: float = 10.0) -> ChannelState:
        """The answer of a channel, waited for."""
        async with asyncio.timeout(within_s):
            while not (found := [e for e in self.of(ChannelState, uniqueid) if e.state is LineState.UP]):
                self._news.clear()
                await self._news.wait()
        return found[0]

    async def gone(self, uniqueid: str, *, within_s: float = 10.0) -> ChannelGone:
        return await self.event(ChannelGone, uniqueid, within_s=within_s)

    async def incoming(self, *, within_s: float = 10.0) -> ChannelCreated:
        """The first call that came in through the trunk."""
        async with asyncio.timeout(within_s):
            while True:
                for event in self.events:
                    if isinstance(event, ChannelCreated) and event.context == "from-trunk" and event.extension != "s":
                        return event
                self._news.clear()
                await self._news.wait()

    async def call(self, number: str, *, ring_timeout_s: float = 25.0) -> str:
        """Have `number` called as the engine does; return the attempt's id."""
        attempt_id = str(uuid4())
        await actions.originate(
            self.ami,
            channel=f"PJSIP/{number}@trunk",
            channel_id=attempt_id,
            context="answered",
            ring_timeout_s=ring_timeout_s,
            caller_id=CALLER_ID,
        )
        return attempt_id

    async def lay_leg(self, extension: str) -> str:
        """Put the telephone of a seat into its room; return the leg's id."""
        leg_id = f"leg-{extension}-{uuid4().hex[:8]}"
        await self.phones_registered({extension})
        await actions.originate(
            self.ami,
            channel=f"PJSIP/{extension}",
            channel_id=leg_id,
            context="agent-leg",
            ring_timeout_s=10,
            caller_id=extension,
            variables={"ROOM": f"seat-{extension}"},
        )
        await self.event(RoomJoined, leg_id)
        return leg_id

    async def phones_registered(self, extensions: set[str], *, within_s: float = 10.0) -> None:
        async with asyncio.timeout(within_s):
            while not extensions <= await actions.reachable(self.ami):  # noqa: ASYNC110
                await asyncio.sleep(0.02)  # asks Asterisk itself: nothing here could set an event
