"""The manager connection and its actions on a real Asterisk: what the fake of tests/protocol was recorded from."""

from __future__ import annotations

import asyncio

import pytest

from dialer.ami import actions
from dialer.ami.connection import AmiConnection
from dialer.ami.events import AmiEvent, ChannelGone, LineState, OriginateAnswered, RoomLeft
from dialer.clock import SystemClock
from dialer.errors import AmiLost, AmiNotSent, AmiRefused
from dialer.simulation.network import SimulatedNetwork
from tests.asterisk.watching import CALLER_ID, Watched
from tests.deadline import until

pytestmark = pytest.mark.asterisk

STAYS = "09000000900"  # answers at once, stays until we hang up
SEAT = "2001"
ROOM = f"seat-{SEAT}"


async def test_channels_are_named_by_our_own_ids(pbx: Watched) -> None:
    """Listing, keys, redirection and hang-up of a leg, all by the id given to Originate; mute by its name."""
    leg_id = await pbx.lay_leg(SEAT)
    (leg,) = await actions.channels(pbx.ami)
    assert (leg.uniqueid, leg.state, leg.room) == (leg_id, LineState.UP, ROOM)
    (room,) = await actions.rooms(pbx.ami)
    assert (room.room, room.parties, room.marked) == (ROOM, 1, 1)
    await actions.mute(pbx.ami, ROOM, leg.channel)
    (member,) = await actions.room_members(pbx.ami, ROOM)
    assert (member.uniqueid, member.marked, member.muted) == (leg_id, True, True)
    await actions.mute(pbx.ami, ROOM, leg.channel, on=False)
    await actions.play_dtmf(pbx.ami, leg_id, "1#")
    assert await actions.redirect(pbx.ami, leg_id, "sorry", "interrupted")
    await pbx.event(RoomLeft, leg_id)
    assert await actions.hang_up(pbx.ami, leg_id, cause=16)
    assert (await pbx.gone(leg_id)).cause == 16
    await until(lambda: pbx.ami.queued == 0)
    assert await actions.channels(pbx.ami) == []
    assert await actions.rooms(pbx.ami) == []
    assert await actions.room_members(pbx.ami, ROOM) == []
    assert not await actions.hang_up(pbx.ami, leg_id)
    assert not await actions.redirect(pbx.ami, leg_id, "sorry", "interrupted")


async def test_a_second_channel_with_the_same_id_is_refused(pbx_and_carrier: SimulatedNetwork, pbx: Watched) -> None:
    """Even an Originate sent twice by mistake could not ring a person twice at once."""
    attempt_id = await pbx.call(STAYS)
    await pbx.answered(attempt_id)
    await until(lambda: len(pbx.of(OriginateAnswered, attempt_id)) == 1)  # a refusal is reported sooner than an answer
    await actions.originate(
        pbx.ami,
        channel=f"PJSIP/{STAYS}@trunk",
        channel_id=attempt_id,
        context="answered",
        ring_timeout_s=5,
        caller_id=CALLER_ID,
    )
    await until(lambda: len(pbx.of(OriginateAnswered, attempt_id)) == 2)
    assert [(e.success, e.reason) for e in pbx.of(OriginateAnswered, attempt_id)] == [(True, 4), (False, 0)]
    assert len(await actions.channels(pbx.ami)) == 1
    await actions.hang_up(pbx.ami, attempt_id)
    await pbx.gone(attempt_id)
    # Asterisk 22.10 keeps the refused SIP session and then takes more than 10 s to stop in order.
    await pbx_and_carrier.kill_pbx()


async def test_a_wrong_secret_is_refused_by_name(pbx_and_carrier: SimulatedNetwork) -> None:
    """In about one second: Asterisk delays the answer to a failed log-in."""
    settings = pbx_and_carrier.settings
    events: list[AmiEvent] = []

    async def nothing() -> None: ...

    connection = AmiConnection(
        settings.ami_host,
        settings.ami_port,
        settings.ami_user,
        "wrong",
        clock=SystemClock(),
        on_event=events.append,
        on_connected=nothing,
        on_lost=lambda: None,
    )
    with pytest.raises(AmiRefused, match="Authentication failed"):
        await connection.start()
    assert events == []


async def test_a_killed_asterisk_is_noticed_and_found_again(pbx_and_carrier: SimulatedNetwork, pbx: Watched) -> None:
    """Pending actions fail at once, nothing is sent meanwhile, and the connection comes back by itself."""
    attempt_id = await pbx.call(STAYS)
    await pbx.answered(attempt_id)
    await pbx_and_carrier.kill_pbx()
    await until(lambda: pbx.ami.lost_count == 1)
    assert not pbx.ami.connected
    with pytest.raises((AmiLost, AmiNotSent)):
        await actions.channels(pbx.ami)
    await pbx_and_carrier.start_pbx()
    async with asyncio.timeout(20):
        await until(lambda: pbx.ami.connected, within_s=20)
    assert await actions.channels(pbx.ami) == []
    assert pbx.of(ChannelGone, attempt_id) == []  # nobody tells of it: the engine has to compare
