"""Which new channels are calls that come in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dialer.ami.events import ChannelCreated, LineState
from dialer.calls.returning import is_inbound

AT = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
ATTEMPT = "0b7e9d0c-6f3a-4c58-9d5e-0f9b8a4c2d11"


def channel(uniqueid: str, state: LineState, context: str) -> ChannelCreated:
    return ChannelCreated("Newchannel", AT, uniqueid, "", uniqueid, state, context, "0251112222", "09000000001")


@pytest.mark.parametrize(
    ("event", "comes_in"),
    [
        (channel("1763948000.7", LineState.RING, "from-trunk"), True),
        (channel(ATTEMPT, LineState.DOWN, "from-trunk"), False),
        (channel(ATTEMPT, LineState.RING, "from-trunk"), False),
        (channel("1763948000.7", LineState.DOWN, "from-trunk"), False),
        (channel("1763948000.7", LineState.RING, "from-seat"), False),
        (channel("leg-1001-00c0ffee", LineState.DOWN, "from-seat"), False),
    ],
)
def test_only_who_rings_us_from_the_trunk_calls_in(event: ChannelCreated, comes_in: bool) -> None:
    """A channel of our own Originate is created on the same trunk and teaches nothing before it ends."""
    assert is_inbound(event) is comes_in
