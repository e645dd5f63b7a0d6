"""The AMI wire fed by hand: however TCP cuts the stream, the same events come out."""

from __future__ import annotations

import asyncio
import itertools
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from dialer.ami.reading import Headers
from dialer.ami.wire import AmiCounts, Wire

STREAM = (
    "Asterisk Call Manager/11.0.0\r\n"
    "Response: Success\r\nActionID: nobody's\r\nMessage: Authentication accepted\r\n\r\n"
    "Event: ConfbridgeJoin\r\nConference: 部屋𠮷\r\nUniqueid: a\r\nAccountCode: \r\n\r\n"
    "Response: Error\r\nActionID: x\r\nMessage: No Contacts found\r\n\r\n\r\n"
    "Event: VarSet\r\nVariable: ROOM\r\nValue: Event: Hangup\r\n\r\n"
    "Event: Newstate\r\nUniqueid: b\r\nCallerIDName: a: b: c\r\n\r\n"
    "Event: Hangup\r\nUniqueid: b\r\nCause-txt: \r\n\r\n"
).encode()


class Collected:
    """Keeps what the wire reads."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, str]]] = []

    def event(self, name: str, headers: Headers) -> None:
        self.events.append((name, dict(headers)))

    def lost(self) -> None:
        raise AssertionError("nothing ends the connection here")


class NoTransport:
    """Takes nothing and never closes."""

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        raise AssertionError("the stream is in order")


async def read(pieces: list[bytes]) -> tuple[list[tuple[str, dict[str, str]]], AmiCounts]:
    collected, counts = Collected(), AmiCounts()
    wire = Wire(collected, counts)
    wire.connection_made(cast(asyncio.BaseTransport, NoTransport()))
    for piece in pieces:
        wire.data_received(piece)
    assert await wire.greeted == "11.0.0"
    return collected.events, counts


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM))))
def test_the_stream_reads_the_same_wherever_it_is_cut(cuts: list[int]) -> None:
    """No character, header or message is lost or doubled at a cut."""
    at = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in itertools.pairwise(at)]
    events, counts = asyncio.run(read(pieces))
    assert events == [
        ("ConfbridgeJoin", {"Event": "ConfbridgeJoin", "Conference": "部屋𠮷", "Uniqueid": "a", "AccountCode": ""}),
        ("Newstate", {"Event": "Newstate", "Uniqueid": "b", "CallerIDName": "a: b: c"}),
        ("Hangup", {"Event": "Hangup", "Uniqueid": "b", "Cause-txt": ""}),
    ]
    assert (counts.late, counts.ignored, counts.broken) == (2, 1, 0)
