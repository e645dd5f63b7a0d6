"""Reading typed AMI events, from headers as Asterisk 22.10 sends them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dialer.ami.events import (
    AmiEvent,
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
    RoomJoined,
    RoomLeft,
    ShuttingDown,
    TrunkRegistration,
)
from dialer.ami.reading import EVENT_NAMES, parse_event
from dialer.errors import AmiMalformed

READ_AT = datetime(2026, 11, 20, 1, 2, 3, tzinfo=UTC)
AT = datetime(2026, 11, 20, 20, 57, 58, 339126, tzinfo=UTC)
NUMBER = "09000001234"

CHANNEL = {
    "Privilege": "call,all",
    "Timestamp": "1795208278.339126",
    "Channel": f"Local/{NUMBER}@x-00000000;1",
    "ChannelState": "6",
    "ChannelStateDesc": "Up",
    "CallerIDNum": NUMBER,
    "CallerIDName": "<unknown>",
    "Context": "answered",
    "Exten": "s",
    "Priority": "1",
    "Uniqueid": "u1",
    "Linkedid": "l1",
}
DIAL = {"Timestamp": CHANNEL["Timestamp"], "DestChannel": "PJSIP/trunk-1", "DestUniqueid": "u1"}
ORIGINATE = {
    "Timestamp": CHANNEL["Timestamp"],
    "ActionID": "originate:u1",
    "Response": "Failure",
    "Channel": f"PJSIP/{NUMBER}@trunk",
    "Reason": "5",
    "Uniqueid": "u1",
}
SYSTEM = {"Timestamp": CHANNEL["Timestamp"]}

SAMPLES: list[tuple[str, dict[str, str], type[AmiEvent], dict[str, object]]] = [
    (
        "Newchannel",
        CHANNEL,
        ChannelCreated,
        {"state": LineState.UP, "caller": NUMBER, "extension": "s", "linkedid": "l1"},
    ),
    ("Newstate", CHANNEL | {"ChannelState": "5"}, ChannelState, {"state": LineState.RINGING, "linkedid": "l1"}),
    (
        "Hangup",
        CHANNEL | {"Cause": "19", "Cause-txt": "User alerting, no answer", "TechCause": "480"},
        ChannelGone,
        {"cause": 19, "cause_txt": "User alerting, no answer", "tech_cause": "480"},
    ),
    ("Hangup", CHANNEL | {"Cause": "0", "Cause-txt": "Unknown"}, ChannelGone, {"cause": 0, "tech_cause": ""}),
    ("OriginateResponse", ORIGINATE, OriginateAnswered, {"success": False, "reason": 5}),
    ("OriginateResponse", ORIGINATE | {"Uniqueid": "<null>"}, OriginateAnswered, {"success": False}),
    (
        "OriginateResponse",
        ORIGINATE | {"ActionID": "another", "Response": "Success"},
        OriginateAnswered,
        {"success": True},
    ),
    ("DialBegin", DIAL, DialStarted, {}),
    ("DialEnd", DIAL | {"DialStatus": "CHANUNAVAIL"}, DialEnded, {"status": "CHANUNAVAIL"}),
    ("ConfbridgeJoin", CHANNEL | {"Conference": "seat-1001", "BridgeNumChannels": "2"}, RoomJoined, {"members": 2}),
    ("ConfbridgeLeave", CHANNEL | {"Conference": "seat-1001"}, RoomLeft, {"room": "seat-1001"}),
    ("Hold", CHANNEL, Held, {}),
    ("DTMFEnd", CHANNEL | {"Digit": "5", "DurationMs": "100", "Direction": "Received"}, DtmfEnd, {"received": True}),
    ("MixMonitorStart", CHANNEL, RecordingStarted, {}),
]
SYSTEM_SAMPLES: list[tuple[str, dict[str, str], type[AmiEvent], dict[str, object]]] = [
    ("ContactStatus", SYSTEM | {"AOR": "1001", "ContactStatus": "Removed"}, ContactStatus, {"aor": "1001"}),
    ("PeerStatus", SYSTEM | {"Peer": "PJSIP/1001", "PeerStatus": "Reachable"}, PeerStatus, {"status": "Reachable"}),
    ("Registry", SYSTEM | {"Domain": "sip:a", "Status": "Rejected"}, TrunkRegistration, {"status": "Rejected"}),
    ("Shutdown", SYSTEM | {"Shutdown": "Uncleanly", "Restart": "True"}, ShuttingDown, {"restart": True}),
]


@pytest.mark.parametrize(("name", "headers", "kind", "fields"), SAMPLES)
def test_a_channel_event_carries_its_channel_and_its_own_fields(
    name: str, headers: dict[str, str], kind: type[AmiEvent], fields: dict[str, object]
) -> None:
    """Name, time in microseconds, unique id and channel stand in every one."""
    event = parse_event(name, {"Event": name} | headers, READ_AT)
    assert type(event) is kind
    assert (event.name, event.at, event.uniqueid) == (name, AT, "u1")
    assert event.channel == headers.get("Channel", headers.get("DestChannel"))
    assert fields == {field: getattr(event, field) for field in fields}


@pytest.mark.parametrize(("name", "headers", "kind", "fields"), SYSTEM_SAMPLES)
def test_an_event_without_a_channel_has_an_empty_unique_id(
    name: str, headers: dict[str, str], kind: type[AmiEvent], fields: dict[str, object]
) -> None:
    """So that no event of the system is ever taken for a call's."""
    event = parse_event(name, headers, READ_AT)
    assert type(event) is kind
    assert (event.uniqueid, event.channel, event.at) == ("", "", AT)
    assert fields == {field: getattr(event, field) for field in fields}


@pytest.mark.parametrize(("name", "headers", "kind", "fields"), SAMPLES + SYSTEM_SAMPLES)
def test_no_event_shows_a_telephone_number_when_printed(
    name: str, headers: dict[str, str], kind: type[AmiEvent], fields: dict[str, object]
) -> None:
    """Channel names and caller ids hold numbers; a log line with an event must not."""
    assert NUMBER not in repr(parse_event(name, headers, READ_AT))


@pytest.mark.parametrize(("name", "headers", "kind", "fields"), SAMPLES + SYSTEM_SAMPLES)
def test_without_any_header_every_event_is_malformed(
    name: str, headers: dict[str, str], kind: type[AmiEvent], fields: dict[str, object]
) -> None:
    """A missing header is one typed error; only Shutdown needs none."""
    if kind is ShuttingDown:
        assert parse_event(name, {}, READ_AT) == ShuttingDown("Shutdown", READ_AT, "", "", restart=False)
        return
    with pytest.raises(AmiMalformed, match=rf"^{name} without header "):
        parse_event(name, {}, READ_AT)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("ChannelState", "77"),
        ("ChannelState", "up"),
        ("Timestamp", "yesterday"),
        ("Timestamp", "1e99"),
        ("Timestamp", "nan"),
    ],
)
def test_an_unreadable_header_is_malformed_and_not_shown(header: str, value: str) -> None:
    """The error names the event and nothing that it held."""
    with pytest.raises(AmiMalformed, match=r"^Newstate with an unreadable header$"):
        parse_event("Newstate", CHANNEL | {header: value}, READ_AT)


def test_without_a_time_stamp_the_moment_of_reading_counts() -> None:
    """timestampevents may be off in a site's own manager.conf."""
    headers = {k: v for k, v in CHANNEL.items() if k != "Timestamp"}
    event = parse_event("Newstate", headers, READ_AT)
    assert event is not None
    assert event.at == READ_AT


@pytest.mark.parametrize("channel", ["CBAnn/seat-1001-00000004;2", "CBRec/x", "Surrogate/y", "Message/ast_msg_queue"])
def test_channels_of_asterisk_itself_give_no_event(channel: str) -> None:
    """A conference's announcer is nobody's leg."""
    assert parse_event("Newchannel", CHANNEL | {"Channel": channel}, READ_AT) is None


def test_an_unknown_event_is_none() -> None:
    """New events of a newer Asterisk disturb nothing."""
    assert parse_event("RTCPSent", CHANNEL, READ_AT) is None


def test_every_event_of_the_table_has_a_sample_here() -> None:
    """Who adds an event adds what Asterisk sends for it."""
    assert {s[0] for s in SAMPLES + SYSTEM_SAMPLES} | {"Unhold", "MixMonitorStop", "FullyBooted"} == EVENT_NAMES
