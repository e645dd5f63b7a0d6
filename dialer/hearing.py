"""What Asterisk reports, sorted to whom it concerns: the desk (callees and callers) and the legs (agents).

Pure of decisions: typed events in, happenings out. Called by the AMI connection in order; it never
blocks. What the legs hear goes through a queue of its own, since hearing it takes writing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from dialer.agents.legs import LEG_PREFIX, Legs
from dialer.ami.events import (
    AmiEvent,
    ChannelCreated,
    ChannelGone,
    ChannelState,
    ContactStatus,
    LineState,
    OriginateAnswered,
    RoomJoined,
    TrunkRegistration,
)
from dialer.calls.callers import Callers
from dialer.calls.desk import CallDesk
from dialer.calls.live_call import Happening
from dialer.calls.machine import Event
from dialer.calls.outcomes import NOT_PLACED
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY, unless_cancelled
from dialer.line import call_id_of, call_id_or_none

log = structlog.get_logger()

_REACHABLE = frozenset({"Created", "Reachable", "NonQualified", "Updated"})
_GONE = frozenset({"Removed", "Unreachable"})
_RETRY_S = 0.5
_OVERTAKEN_S = 0.5


class Hearing:
    """Sorts events."""

    def __init__(self, desk: CallDesk, callers: Callers, legs: Legs, clock: Clock) -> None:
        self._desk = desk
        self._callers = callers
        self._legs = legs
        self._clock = clock
        self._for_legs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self.trunk = ""
        """How our registration at the trunk stands, in Asterisk's word; empty when there is none."""
        self._with_channel: set[str] = set()

    def hear(self, event: AmiEvent) -> None:
        """Take one event."""
        match event:
            case ChannelCreated(uniqueid=uniqueid):
                self._with_channel.add(uniqueid)
                self._desk.return_calls.hear(event)
            case ChannelGone(uniqueid=uniqueid):
                self._with_channel.discard(uniqueid)
            case OriginateAnswered(success=False):
                # Under load it can overtake the news of its own channel: wait a moment for that.
                asyncio.get_running_loop().call_later(_OVERTAKEN_S, self._not_placed, event)
                return
            case _:
                pass
        match event:
            case ContactStatus(aor=extension, status=status):
                if status in _GONE:
                    self._legs.telephone_gone(extension)
                elif status in _REACHABLE:
                    self._legs.telephone_registered(extension)
            case TrunkRegistration(status=status):
                self.trunk = status
                log.info("trunk_registration", status=status)
            case _ if event.uniqueid.startswith(LEG_PREFIX):
                self._of_leg(event)
            case _:
                self._of_call(event)

    def _not_placed(self, event: OriginateAnswered) -> None:
        """An Originate failed: for want of a channel, unless one was seen; then its hang-up says more."""
        if event.uniqueid in self._with_channel:
            return
        if event.uniqueid.startswith(LEG_PREFIX):
            self._for_legs.put_nowait(lambda: self._legs.leg_gone(event.uniqueid))
        elif (call_id := call_id_or_none(event.uniqueid)) is not None:
            self._desk.tell(call_id, Happening(Event.ORIGINATE_FAILED, event.at, hangup_cause=NOT_PLACED))

    def _of_leg(self, event: AmiEvent) -> None:
        leg_id = event.uniqueid
        match event:
            case RoomJoined():
                self._for_legs.put_nowait(lambda: self._legs.leg_joined(leg_id))
            case ChannelGone():
                self._for_legs.put_nowait(lambda: self._legs.leg_gone(leg_id))
            case _:
                pass

    def _of_call(self, event: AmiEvent) -> None:
        match event:
            case ChannelState(state=LineState.RINGING):
                happening = Happening(Event.RINGING, event.at)
            case ChannelState(state=LineState.UP):
                happening = Happening(Event.ANSWERED, event.at)
            case RoomJoined():
                happening = Happening(Event.JOINED, event.at)
            case ChannelGone(cause=cause):
                happening = Happening(Event.HUNG_UP, event.at, hangup_cause=cause)
            case _:
                return
        if not self._desk.tell(call_id_of(event.uniqueid), happening) and isinstance(event, ChannelGone):
            self._callers.left(event.uniqueid)

    async def run(self) -> None:
        """Let the legs hear, one thing after the other, until cancelled."""
        while True:
            hear = await self._for_legs.get()
            while True:
                try:
                    await hear()
                    break
                except DATABASE_AWAY as error:
                    unless_cancelled(error)
                    log.error("database_away", while_writing="leg", error=type(error).__name__)
                    await self._clock.sleep(_RETRY_S)
                except Exception as error:
                    unless_cancelled(error)
                    # An outer edge: what one leg did must not keep the others from being heard.
                    log.exception("leg_not_heard", error=type(error).__name__)
                    break
