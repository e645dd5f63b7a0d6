"""The actions that the engine sends, as functions with types.

Decides how each is written for Asterisk 22 and how its answer is read; not when to send it.

A channel is named by its unique id, which Asterisk 22.10 takes for Hangup, Redirect and PlayDTMF just
as well as its name (tried). ConfBridge actions are the exception: they know channel *names* only.

Every function raises `AmiError` and its kinds as ``AmiConnection.action`` does, and ValueError, before
anything is sent, for a value that Asterisk would read as something else.

Source: https://docs.asterisk.org/Asterisk_22_Documentation/API_Documentation/AMI_Actions/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from dialer.ami.events import ORIGINATE_ID, OWN_CHANNELS, LineState
from dialer.ami.messages import AmiMessage, AmiResponse, HeaderValue
from dialer.errors import AmiError, AmiLost, AmiTimeout

NORMAL_CLEARING = 16  # Q.850
_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]*|PJSIP_HEADER\(add,[A-Za-z0-9-]+\)")
_SPEAKING_BREAKS = re.compile(r'[,"\\]')  # Originate splits its Variable header at commas and takes quotes off
_NO_SUCH_ROOM = ("No Conference", "No active conferences")  # when there are others, when there are none at all
_DIGITS = frozenset("0123456789*#ABCD")


class Manager(Protocol):
    """What the functions need of an ``AmiConnection``."""

    async def action(self, name: str, headers: Mapping[str, HeaderValue], *, timeout_s: float = 5.0) -> AmiResponse: ...

    async def list_action(
        self, name: str, headers: Mapping[str, HeaderValue], *, complete: str, timeout_s: float = 5.0
    ) -> list[AmiMessage]: ...


@dataclass(frozen=True, slots=True)
class ChannelInfo:
    """One channel that is up, ringing or being dialed.

    Attributes:
        room: conference whose application it runs, None outside; it may still wait for the door there.
        duration_s: whole seconds since the channel was made.
    """

    uniqueid: str
    channel: str = field(repr=False)
    linkedid: str
    state: LineState
    context: str
    application: str
    room: str | None
    duration_s: int


@dataclass(frozen=True, slots=True)
class RoomInfo:
    """A conference; `parties` without announcers, `marked` the agents among them."""

    room: str
    parties: int
    marked: int


@dataclass(frozen=True, slots=True)
class RoomMember:
    """One channel in a conference; `waiting`: in its hall, because no marked member is there."""

    uniqueid: str
    channel: str = field(repr=False)
    marked: bool
    waiting: bool
    muted: bool


async def originate(
    ami: Manager,
    *,
    channel: str,
    channel_id: str,
    context: str,
    extension: str = "s",
    ring_timeout_s: float,
    caller_id: str = "",
    caller_name: str = "",
    variables: Mapping[str, str] | None = None,
    timeout_s: float = 5.0,
) -> None:
    """Have Asterisk call `channel` and send it to `context` when it answers. Returns when the order is taken.

    What becomes of it arrives as ``OriginateAnswered`` with ``uniqueid == channel_id``. An error other
    than `AmiNotSent` and `AmiError` itself leaves it open whether Asterisk dials: look for the channel.

    Args:
        channel: dial string, ``PJSIP/<number>@trunk``.
        channel_id: becomes the channel's unique id; a second channel with it is refused while the first lives.
        ring_timeout_s: how long it may ring, more than 0.
        variables: set on the channel; a name may be ``PJSIP_HEADER(add,X-Name)``.
    """
    headers: dict[str, HeaderValue] = {
        "ActionID": ORIGINATE_ID + channel_id,
        "Channel": channel,
        "ChannelId": channel_id,
        "Context": context,
        "Exten": extension,
        "Priority": "1",
        "Timeout": str(max(1, round(ring_timeout_s * 1000))),
        "Async": "true",
    }
    if caller_id:
        if any(c in caller_id + caller_name for c in '"<>'):
            raise ValueError("caller id with a quote or bracket")
        headers["CallerID"] = f'"{caller_name}" <{caller_id}>' if caller_name else f"<{caller_id}>"
    if variables:
        for name, value in variables.items():
            if not _VARIABLE.fullmatch(name) or _SPEAKING_BREAKS.search(value):
                raise ValueError(f"variable {name}: name or value that Originate would take apart")
        headers["Variable"] = [f"{name}={value}" for name, value in variables.items()]
    await ami.action("Originate", headers, timeout_s=timeout_s)


async def redirect(ami: Manager, channel: str, context: str, extension: str, *, timeout_s: float = 5.0) -> bool:
    """Send a channel elsewhere in the dialplan at once; False when it is gone."""
    headers = {"Channel": _one_channel(channel), "Context": context, "Exten": extension, "Priority": "1"}
    return await _unless_gone(ami, "Redirect", headers, "Channel does not exist", timeout_s)


async def set_variable(ami: Manager, channel: str, name: str, value: str, *, timeout_s: float = 5.0) -> bool:
    """Set a variable of a channel; False when it is gone."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError("not the name of a variable")
    headers = {"Channel": _one_channel(channel), "Variable": name, "Value": value}
    return await _unless_gone(ami, "Setvar", headers, "No such channel", timeout_s)


async def hang_up(ami: Manager, channel: str, *, cause: int = NORMAL_CLEARING, timeout_s: float = 5.0) -> bool:
    """End a channel with a Q.850 cause; False when it is gone already."""
    headers = {"Channel": _one_channel(channel), "Cause": str(cause)}
    return await _unless_gone(ami, "Hangup", headers, "No such channel", timeout_s)


async def play_dtmf(ami: Manager, channel: str, digits: str, *, timeout_s: float = 5.0) -> None:
    """Send keys to the telephone on `channel`, one action a key."""
    if not digits or not set(digits) <= _DIGITS:
        raise ValueError("not keys of a telephone")
    for digit in digits:
        await ami.action("PlayDTMF", {"Channel": _one_channel(channel), "Digit": digit}, timeout_s=timeout_s)


async def mute(ami: Manager, room: str, channel_name: str, *, on: bool = True, timeout_s: float = 5.0) -> None:
    """Stop (or let through again) what a member of a room says. Takes the channel's *name*."""
    headers = {"Conference": room, "Channel": _one_channel(channel_name)}
    await ami.action("ConfbridgeMute" if on else "ConfbridgeUnmute", headers, timeout_s=timeout_s)


async def kick(ami: Manager, room: str, channel_name: str, *, timeout_s: float = 5.0) -> None:
    """Put one member out of a room; its channel goes on in the dialplan. Takes the channel's *name*."""
    headers = {"Conference": room, "Channel": _one_channel(channel_name)}
    await ami.action("ConfbridgeKick", headers, timeout_s=timeout_s)


async def channels(ami: Manager, *, timeout_s: float = 5.0) -> list[ChannelInfo]:
    """All channels but those that Asterisk makes for itself."""
    entries = await ami.list_action("CoreShowChannels", {}, complete="CoreShowChannelsComplete", timeout_s=timeout_s)
    return [_channel_info(e) for e in entries if not e.text("Channel").startswith(OWN_CHANNELS)]


async def rooms(ami: Manager, *, timeout_s: float = 5.0) -> list[RoomInfo]:
    """All conferences in which somebody is."""
    entries = await _list_or_none(
        ami, "ConfbridgeListRooms", {}, "ConfbridgeListRoomsComplete", ("No active conferences",), timeout_s
    )
    return [RoomInfo(e.text("Conference"), int(e.text("Parties")), int(e.text("Marked"))) for e in entries]


async def room_members(ami: Manager, room: str, *, timeout_s: float = 5.0) -> list[RoomMember]:
    """Who is in a room; empty when there is no such room."""
    entries = await _list_or_none(
        ami, "ConfbridgeList", {"Conference": room}, "ConfbridgeListComplete", _NO_SUCH_ROOM, timeout_s
    )
    return [
        RoomMember(
            uniqueid=e.text("Uniqueid"),
            channel=e.text("Channel"),
            marked=e.text("MarkedUser") == "Yes",
            waiting=e.text("Waiting") == "Yes",
            muted=e.text("Muted") == "Yes",
        )
        for e in entries
        if not e.text("Channel").startswith(OWN_CHANNELS)
    ]


async def endpoints(ami: Manager, *, timeout_s: float = 5.0) -> dict[str, str]:
    """PJSIP endpoints by name with their device state; one that never registered is left out.

    The states are NOT_INUSE, INUSE, RINGING, RINGINUSE, BUSY, ONHOLD, UNAVAILABLE. DeviceStateList needs
    write=reporting only; PJSIPShowContacts would need write=system, and with that anybody who has the
    secret could run programs on the exchange.
    """
    entries = await ami.list_action("DeviceStateList", {}, complete="DeviceStateListComplete", timeout_s=timeout_s)
    states = {e.text("Device"): e.text("State") for e in entries}
    return {device.removeprefix("PJSIP/"): state for device, state in states.items() if device.startswith("PJSIP/")}


async def reachable(ami: Manager, *, timeout_s: float = 5.0) -> set[str]:
    """Endpoints whose telephone is registered and reachable now."""
    found = await endpoints(ami, timeout_s=timeout_s)
    return {name for name, state in found.items() if state not in ("UNAVAILABLE", "INVALID", "UNKNOWN")}


async def trunk_registrations(ami: Manager, *, timeout_s: float = 5.0) -> dict[str, str]:
    """Outbound registrations by name with their status: Registered, Unregistered, Rejected, Stopped."""
    entries = await ami.list_action(
        "PJSIPShowRegistrationsOutbound", {}, complete="OutboundRegistrationDetailComplete", timeout_s=timeout_s
    )
    # Each registration is followed by the details of its auth, which has a name of its own, often the same.
    return {e.text("ObjectName"): e.text("Status") for e in entries if e.text("ObjectType") == "registration"}


def _one_channel(name: str) -> str:
    # Hangup takes "/…/" as a pattern for many channels, ConfBridge actions take "all" and "participants".
    if not name or name.startswith("/") or name in ("all", "participants", "non_admins", "admins"):
        raise ValueError("not the name or unique id of one channel")
    return name


async def _unless_gone(
    ami: Manager, action: str, headers: Mapping[str, HeaderValue], gone: str, timeout_s: float
) -> bool:
    try:
        await ami.action(action, headers, timeout_s=timeout_s)
    except (AmiLost, AmiTimeout):
        raise
    except AmiError as refusal:
        if gone in str(refusal):
            return False
        raise
    return True


async def _list_or_none(
    ami: Manager,
    action: str,
    headers: Mapping[str, HeaderValue],
    complete: str,
    none: tuple[str, ...],
    timeout_s: float,
) -> list[AmiMessage]:
    """A list for which Asterisk reports an error where it means that there is nothing."""
    try:
        return await ami.list_action(action, headers, complete=complete, timeout_s=timeout_s)
    except (AmiLost, AmiTimeout):
        raise
    except AmiError as refusal:
        if any(words in str(refusal) for words in none):
            return []
        raise


def _channel_info(entry: AmiMessage) -> ChannelInfo:
    hours, minutes, seconds = entry.text("Duration").split(":")
    in_room = entry.text("Application") == "ConfBridge"
    return ChannelInfo(
        uniqueid=entry.text("Uniqueid"),
        channel=entry.text("Channel"),
        linkedid=entry.text("Linkedid"),
        state=LineState(int(entry.text("ChannelState"))),
        context=entry.text("Context"),
        application=entry.text("Application"),
        room=entry.text("ApplicationData").split(",", 1)[0] if in_room else None,
        duration_s=int(hours) * 3600 + int(minutes) * 60 + int(seconds),
    )
