"""How a typed event is read from an AMI event's headers.

Decides which events exist for the engine (the table at the end) and what must be in each.

Invariants:
    * An event whose name is not in the table is never built; unknown headers are ignored.
    * A header that is needed and missing or unreadable is one typed error, `AmiMalformed`.
    * Channels that Asterisk makes for itself (a conference's announcer) give no events.

Source: https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/AMI_Events/ ; the header
sets were compared with what Asterisk 22.10 sends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from dialer.ami.events import (
    ORIGINATE_ID,
    OWN_CHANNELS,
    AmiEvent,
    Booted,
    ChannelCreated,
    ChannelGone,
    ChannelState,
    ContactStatus,
    DialEnded,
    DialStarted,
    DtmfEnd,
    Held,
    LineState,
    OriginateAnswered,
    PeerStatus,
    RecordingStarted,
    RecordingStopped,
    RoomJoined,
    RoomLeft,
    ShuttingDown,
    TrunkRegistration,
    Unheld,
)
from dialer.errors import AmiMalformed

Headers = Mapping[str, str]


def parse_event(name: str, headers: Headers, received_at: datetime) -> AmiEvent | None:
    """The typed event; None when it is not one of ours.

    Args:
        received_at: used when the event has no ``Timestamp`` (``timestampevents=no``, FullyBooted).

    Raises:
        AmiMalformed: a needed header is missing or unreadable; names the event and never a value.
    """
    read = _READERS.get(name)
    if read is None or headers.get("Channel", "").startswith(OWN_CHANNELS):
        return None
    try:
        stamp = headers.get("Timestamp")
        return read(name, received_at if stamp is None else datetime.fromtimestamp(float(stamp), UTC), headers)
    except KeyError as missing:
        raise AmiMalformed(f"{name} without header {missing.args[0]}") from None
    except (ValueError, OverflowError):
        raise AmiMalformed(f"{name} with an unreadable header") from None


def _known(value: str) -> str:
    """A number that Asterisk writes as ``<unknown>`` when it has none."""
    return "" if value == "<unknown>" else value


def _channel_created(name: str, at: datetime, h: Headers) -> AmiEvent:
    return ChannelCreated(
        name,
        at,
        h["Uniqueid"],
        h["Channel"],
        h["Linkedid"],
        LineState(int(h["ChannelState"])),
        h.get("Context", ""),
        h.get("Exten", ""),
        _known(h.get("CallerIDNum", "")),
    )


def _channel_state(name: str, at: datetime, h: Headers) -> AmiEvent:
    return ChannelState(name, at, h["Uniqueid"], h["Channel"], h["Linkedid"], LineState(int(h["ChannelState"])))


def _channel_gone(name: str, at: datetime, h: Headers) -> AmiEvent:
    return ChannelGone(
        name,
        at,
        h["Uniqueid"],
        h["Channel"],
        h["Linkedid"],
        int(h["Cause"]),
        h.get("Cause-txt", ""),
        h.get("TechCause", ""),
    )


def _originate_answered(name: str, at: datetime, h: Headers) -> AmiEvent:
    # Our own ActionID is the surer name: Asterisk writes "<null>" where no channel came to be.
    action_id = h.get("ActionID", "")
    ours = action_id.removeprefix(ORIGINATE_ID) if action_id.startswith(ORIGINATE_ID) else h["Uniqueid"]
    return OriginateAnswered(name, at, ours, h["Channel"], h["Response"] == "Success", int(h["Reason"]))


def _dial_started(name: str, at: datetime, h: Headers) -> AmiEvent:
    return DialStarted(name, at, h["DestUniqueid"], h["DestChannel"])


def _dial_ended(name: str, at: datetime, h: Headers) -> AmiEvent:
    return DialEnded(name, at, h["DestUniqueid"], h["DestChannel"], h["DialStatus"])


def _room_joined(name: str, at: datetime, h: Headers) -> AmiEvent:
    return RoomJoined(name, at, h["Uniqueid"], h["Channel"], h["Conference"], int(h.get("BridgeNumChannels", "0")))


def _room_left(name: str, at: datetime, h: Headers) -> AmiEvent:
    return RoomLeft(name, at, h["Uniqueid"], h["Channel"], h["Conference"])


def _dtmf_end(name: str, at: datetime, h: Headers) -> AmiEvent:
    return DtmfEnd(
        name,
        at,
        h["Uniqueid"],
        h["Channel"],
        h["Digit"],
        int(h.get("DurationMs", "0")),
        h["Direction"] == "Received",
    )


def _contact_status(name: str, at: datetime, h: Headers) -> AmiEvent:
    return ContactStatus(name, at, "", "", h["AOR"], h["ContactStatus"])


def _peer_status(name: str, at: datetime, h: Headers) -> AmiEvent:
    return PeerStatus(name, at, "", "", h["Peer"], h["PeerStatus"])


def _trunk_registration(name: str, at: datetime, h: Headers) -> AmiEvent:
    return TrunkRegistration(name, at, "", "", h["Domain"], h["Status"])


def _shutting_down(name: str, at: datetime, h: Headers) -> AmiEvent:
    return ShuttingDown(name, at, "", "", h.get("Restart", "") == "True")


def _booted(name: str, at: datetime, h: Headers) -> AmiEvent:
    return Booted(name, at, "", "")


_Reader = Callable[[str, datetime, Headers], AmiEvent]


def _of_channel(kind: Callable[[str, datetime, str, str], AmiEvent]) -> _Reader:
    """Reader of an event of which nothing but its channel matters."""
    return lambda name, at, h: kind(name, at, h["Uniqueid"], h["Channel"])


_READERS: dict[str, _Reader] = {
    "Newchannel": _channel_created,
    "Newstate": _channel_state,
    "Hangup": _channel_gone,
    "OriginateResponse": _originate_answered,
    "DialBegin": _dial_started,
    "DialEnd": _dial_ended,
    "ConfbridgeJoin": _room_joined,
    "ConfbridgeLeave": _room_left,
    "Hold": _of_channel(Held),
    "Unhold": _of_channel(Unheld),
    "DTMFEnd": _dtmf_end,
    "MixMonitorStart": _of_channel(RecordingStarted),
    "MixMonitorStop": _of_channel(RecordingStopped),
    "ContactStatus": _contact_status,
    "PeerStatus": _peer_status,
    "Registry": _trunk_registration,
    "FullyBooted": _booted,
    "Shutdown": _shutting_down,
}

EVENT_NAMES = frozenset(_READERS)
"""Names that `parse_event` knows; the wire throws away everything else unread."""
