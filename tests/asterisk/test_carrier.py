"""The simulated carrier does what the digits or the population say, and keeps true books."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agi.questions import Room
from campaigns.model import E164, Window
from dialer.ami.events import ChannelState, LineState
from dialer.clock import SystemClock
from dialer.settings import Settings
from dialer.simulation.carrier import RingBackHabit
from dialer.simulation.network import SimulatedNetwork
from dialer.simulation.population import Habit, Population
from tests.asterisk.desk import Desk
from tests.asterisk.sound import AGENT_HZ, CALLEE_HZ, SIMULATED, frames_with, heard_for_s
from tests.asterisk.watching import CALLER_ID, Watched
from tests.deadline import until

pytestmark = pytest.mark.asterisk


@pytest.mark.parametrize(
    ("digit", "cause", "meaning"),
    [(3, 17, "busy"), (5, 1, "unallocated"), (7, 34, "congestion"), (8, 21, "rejected")],
)
async def test_the_last_digit_scripts_a_failure(pbx: Watched, digit: int, cause: int, meaning: str) -> None:
    """Each failure arrives at our Asterisk with its Q.850 cause and without an answer."""
    attempt = await pbx.call(f"+8190000000{digit:02d}")
    assert (await pbx.gone(attempt)).cause == cause, meaning
    assert [e.state for e in pbx.of(ChannelState, attempt)] == []


async def test_nobody_answers_until_we_give_up(pbx: Watched, pbx_and_carrier: SimulatedNetwork) -> None:
    """Digit 4 rings; after our ring time-out the carrier's side is gone, too."""
    attempt = await pbx.call("09000000004", ring_timeout_s=1)
    assert (await pbx.gone(attempt)).cause == 19
    assert [e.state for e in pbx.of(ChannelState, attempt)] == [LineState.RINGING]
    await until(lambda: pbx_and_carrier.driver.offers.open_count == 0)
    assert pbx_and_carrier.driver.offers.answered_count == 0


@pytest.mark.parametrize("number", ["09000000020", "+819000000020"])
async def test_digits_say_how_long_it_rings_and_talks(pbx: Watched, desk: Desk, number: str) -> None:
    """``020``: rings 2 s, talks 2 s; national and international numbers are one."""
    desk.busy = True
    attempt = await pbx.call(number)
    ended = await pbx.gone(attempt)
    ringing, up = pbx.of(ChannelState, attempt)
    assert (ringing.state, up.state) == (LineState.RINGING, LineState.UP)
    assert (up.at - ringing.at).total_seconds() == pytest.approx(2, abs=0.3)
    assert (ended.at - up.at).total_seconds() == pytest.approx(2, abs=0.3)


async def test_one_may_answer_and_hang_up_at_once(pbx: Watched) -> None:
    """Digit 9."""
    attempt = await pbx.call("09000000009")
    ended = await pbx.gone(attempt)
    up = await pbx.answered(attempt)
    assert (ended.at - up.at).total_seconds() < 0.3


async def test_a_voicemail_greets_and_beeps(pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk) -> None:
    """Digit 6: greeting, beep, then silence."""
    desk.busy = True
    attempt = await pbx.call("09000000006")
    await pbx.answered(attempt)
    offer = pbx_and_carrier.driver.offers.of(E164("+819000000006"))[0]
    said = pbx_and_carrier.carrier.said(offer)
    await until(lambda: said.exists() and heard_for_s(said, SIMULATED["beep"]) > 0.5)
    assert heard_for_s(said, SIMULATED["voicemail_greeting"]) > 0.5
    assert heard_for_s(said, CALLEE_HZ) == 0


async def test_a_callee_says_hello_and_then_sounds_the_tone(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """What the callee says is in the carrier's recording and, as heard, in ours."""
    desk.busy = True
    attempt = await pbx.call("09000000000")
    await pbx.gone(attempt)
    offer = pbx_and_carrier.driver.offers.of(E164("+819000000000"))[0]
    ours = pbx_and_carrier.settings.spool / f"{attempt}-callee.wav"
    for recording in (pbx_and_carrier.carrier.said(offer), ours):
        assert heard_for_s(recording, SIMULATED["callee_hello"]) > 0.5
        assert heard_for_s(recording, CALLEE_HZ) > 0.7


async def test_the_book_tells_a_number_that_was_called_twice_at_a_time(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """Two calls to one number overlap: a violation that no test may miss; calls one after the other don't."""
    desk.busy = True
    offers = pbx_and_carrier.driver.offers
    first = await pbx.call("09000000900")
    await pbx.answered(first)
    second = await pbx.call("+819000000900")
    await pbx.answered(second)
    await until(lambda: offers.offered_count == 2)
    assert len(offers.overlaps) == 1
    third = await pbx.call("09000000003")
    await pbx.gone(third)
    fourth = await pbx.call("09000000003")
    await pbx.gone(fourth)
    await until(lambda: offers.offered_count == 4)
    assert len(offers.overlaps) == 1
    assert offers.per_number() == {E164("+819000000900"): 2, E164("+819000000003"): 2}


async def test_who_missed_a_call_can_ring_back(pbx: Watched, pbx_and_carrier: SimulatedNetwork) -> None:
    """The call comes from the callee's number to the caller id that was shown."""
    attempt = await pbx.call("09000000004", ring_timeout_s=1)
    await pbx.gone(attempt)
    call_id = await pbx_and_carrier.driver.ring_back(E164("+819000000004"), talk_s=1)
    incoming = await pbx.incoming()
    assert (incoming.caller, incoming.extension) == ("+819000000004", CALLER_ID)
    ringing = pbx_and_carrier.driver.ring_backs[call_id]
    await until(lambda: ringing.ended_at is not None)
    assert ringing.answered_at is not None  # nobody answers questions here: the caller hears a sentence


async def test_telephones_of_all_seats_register(pbx: Watched, pbx_and_carrier: SimulatedNetwork) -> None:
    """Every seat of kind sip, none of kind web."""
    await pbx.phones_registered({seat.extension for seat in pbx_and_carrier.seats if seat.kind == "sip"})


async def test_agents_can_speak_before_their_tone(pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk) -> None:
    """A callee who is joined at once hears the rest of the sentence, then the tone."""
    await pbx_and_carrier.driver.let_agents_speak(True)
    desk.room = Room("seat-2001")
    await pbx.lay_leg("2001")
    attempt = await pbx.call("09000000100")  # talks 5 s, the sentence of the tests lasts 3 s
    await pbx.gone(attempt)
    agent = pbx_and_carrier.settings.spool / f"{attempt}-agent.wav"
    speech, tone = frames_with(agent, SIMULATED["agent_hello"]), frames_with(agent, AGENT_HZ)
    assert speech[0] < 0.1
    assert speech[-1] < tone[0]
    assert tone[-1] > 4.5


class TestPopulation:
    """The driver decides each call."""

    HOME, AWAY = E164("+819000000101"), E164("+819000000102")

    @pytest.fixture
    async def pbx_and_carrier(self, network_settings: Settings, test_prompts: Path) -> AsyncIterator[SimulatedNetwork]:
        always = dict.fromkeys(Window, 1.0)
        never = dict.fromkeys(Window, 0.0)
        people = Population(
            {self.HOME: Habit(always, 0.2, 1.0), self.AWAY: Habit(never, 0.2, 1.0)}, seed=7, busy_ratio=0.0
        )
        network = SimulatedNetwork(
            network_settings,
            SystemClock(),
            prompts=test_prompts,
            population=people,
            ring_backs=RingBackHabit(ratio=1.0, after_s=0.2, talk_s=1.0),
        )
        await network.start()
        try:
            yield network
        finally:
            await network.stop()

    async def test_people_do_as_their_habits_say(self, pbx: Watched, pbx_and_carrier: SimulatedNetwork) -> None:
        """Who is at home answers, who is away lets it ring, who has no telephone is unallocated."""
        at_home = await pbx.call(self.HOME)
        away = await pbx.call(self.AWAY, ring_timeout_s=1)
        nobody = await pbx.call("+819000000103")
        await pbx.answered(at_home)
        assert (await pbx.gone(away)).cause == 19
        assert (await pbx.gone(nobody)).cause == 1
        await pbx.gone(at_home, within_s=20)
        offers = pbx_and_carrier.driver.offers
        await until(lambda: offers.open_count == 0)
        assert (offers.offered_count, offers.answered_count, offers.overlaps) == (3, 1, [])

        incoming = await pbx.incoming()  # who missed a call rings back, and nobody else does
        assert (incoming.caller, incoming.extension) == (self.AWAY, CALLER_ID)
        assert [ringing.number for ringing in pbx_and_carrier.driver.ring_backs.values()] == [self.AWAY]
