"""AMI events as types: what the engine may hear of Asterisk.

How each is read from its headers stands in `reading.py`; what it means for a call in ``dialer.calls``.

Invariant: `repr` of an event shows no channel name and no number: they may hold a telephone number.

Source: https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/AMI_Events/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

OWN_CHANNELS = ("CBAnn/", "CBRec/", "Announcer/", "Recorder/", "Surrogate/", "Message/")
"""Name prefixes of channels that Asterisk makes for itself; no leg of anybody's call."""

ORIGINATE_ID = "originate:"
"""`ActionID` of our Originates: this and the channel's unique id."""


class LineState(IntEnum):
    """``ChannelState``, as in Asterisk's channelstate.h."""

    DOWN = 0
    RESERVED = 1
    OFF_HOOK = 2
    DIALING = 3
    RING = 4  # the other side rings us
    RINGING = 5  # we ring the other side
    UP = 6
    BUSY = 7
    DIALING_OFF_HOOK = 8
    PRE_RING = 9


@dataclass(frozen=True, slots=True)
class AmiEvent:
    """What all events have.

    Attributes:
        name: Asterisk's own name of the event.
        at: when Asterisk published it (its ``Timestamp``, microseconds, UTC); without that header,
            when we read it.
        uniqueid: of the channel it concerns; empty when it concerns none.
        channel: name of that channel; may hold a dialed number.
    """

    name: str
    at: datetime
    uniqueid: str
    channel: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChannelCreated(AmiEvent):
    """Newchannel. `extension` is what an inbound caller dialed, `caller` the number given or empty."""

    linkedid: str
    state: LineState
    context: str
    extension: str = field(repr=False)
    caller: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ChannelState(AmiEvent):
    """Newstate."""

    linkedid: str
    state: LineState


@dataclass(frozen=True, slots=True)
class ChannelGone(AmiEvent):
    """Hangup. `cause` is Q.850 (0 = Asterisk knows none), `tech_cause` the SIP status or empty."""

    linkedid: str
    cause: int
    cause_txt: str
    tech_cause: str


@dataclass(frozen=True, slots=True)
class OriginateAnswered(AmiEvent):
    """OriginateResponse: what became of an Originate; `uniqueid` is the one that it asked for.

    `reason` is Asterisk's control frame: 4 answered, 5 busy, 3 rang in vain, 8 congestion, 1 hung
    up, 0 no channel could be made (then no Hangup event follows).
    """

    success: bool
    reason: int


@dataclass(frozen=True, slots=True)
class DialStarted(AmiEvent):
    """DialBegin, told of the called channel."""


@dataclass(frozen=True, slots=True)
class DialEnded(AmiEvent):
    """DialEnd, told of the called channel. `status`: ANSWER, BUSY, NOANSWER, CANCEL, CONGESTION, CHANUNAVAIL …"""

    status: str


@dataclass(frozen=True, slots=True)
class RoomJoined(AmiEvent):
    """ConfbridgeJoin. `members` counts all in the room's bridge, this one and announcers included."""

    room: str
    members: int


@dataclass(frozen=True, slots=True)
class RoomLeft(AmiEvent):
    """ConfbridgeLeave."""

    room: str


@dataclass(frozen=True, slots=True)
class Held(AmiEvent):
    """Hold: the telephone on this channel put the call on hold."""


@dataclass(frozen=True, slots=True)
class Unheld(AmiEvent):
    """Unhold."""


@dataclass(frozen=True, slots=True)
class DtmfEnd(AmiEvent):
    """DTMFEnd. `received`: the digit came from the telephone (else we sent it)."""

    digit: str = field(repr=False)
    duration_ms: int
    received: bool


@dataclass(frozen=True, slots=True)
class RecordingStarted(AmiEvent):
    """MixMonitorStart."""


@dataclass(frozen=True, slots=True)
class RecordingStopped(AmiEvent):
    """MixMonitorStop."""


@dataclass(frozen=True, slots=True)
class ContactStatus(AmiEvent):
    """ContactStatus. `status`: Created, Reachable, Unreachable, NonQualified, Removed, Updated, Unknown."""

    aor: str
    status: str


@dataclass(frozen=True, slots=True)
class PeerStatus(AmiEvent):
    """PeerStatus. `peer`: ``PJSIP/1001``; `status`: Registered, Unregistered, Reachable, Unreachable, Rejected."""

    peer: str
    status: str


@dataclass(frozen=True, slots=True)
class TrunkRegistration(AmiEvent):
    """Registry: how our registration at a trunk stands. `server`: the URI asked; `status`: Registered, Rejected …"""

    server: str = field(repr=False)
    status: str


@dataclass(frozen=True, slots=True)
class Booted(AmiEvent):
    """FullyBooted: Asterisk takes calls."""


@dataclass(frozen=True, slots=True)
class ShuttingDown(AmiEvent):
    """Shutdown. `restart`: Asterisk means to come back."""

    restart: bool
