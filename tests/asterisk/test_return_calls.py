"""A call that comes in, as a real Asterisk tells of it: recognised, with the caller's number, and no other channel."""

from __future__ import annotations

import pytest

from campaigns.importing.phones import Phone, read_phone
from campaigns.model import E164
from dialer.ami.events import ChannelCreated
from dialer.calls.returning import is_inbound
from dialer.simulation.network import SimulatedNetwork
from tests.asterisk.desk import Desk
from tests.asterisk.watching import CALLER_ID, Watched

pytestmark = pytest.mark.asterisk

STAYS = "09000000900"  # answers at once, stays until we hang up
CALLER = E164("+819000001234")


async def test_only_the_channel_of_the_caller_is_a_call_that_comes_in(
    pbx_and_carrier: SimulatedNetwork, pbx: Watched, desk: Desk
) -> None:
    """Not a channel that we laid to a callee or to a seat; whoever hears that nobody is free counts, too."""
    await pbx.lay_leg("2001")
    attempt_id = await pbx.call(STAYS)
    await pbx.answered(attempt_id)
    await pbx_and_carrier.driver.call_in(CALLER, CALLER_ID, talk_s=5.0)
    incoming = await pbx.incoming()
    await pbx.gone(incoming.uniqueid)  # after the sentence
    created = [event for event in pbx.events if isinstance(event, ChannelCreated)]
    assert len(created) == 3
    assert [event for event in created if is_inbound(event)] == [incoming]
    assert read_phone(incoming.caller) == Phone(CALLER, "mobile")
