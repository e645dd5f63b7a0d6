"""Machine detection on the real Asterisk: people and machines that speak, and an engine that is ill."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path
from uuid import uuid4

import pytest

from agi.questions import Room
from campaigns.model import E164
from dialer.ami import actions
from dialer.ami.events import RoomJoined
from dialer.asterisk.templates import PROMPTS
from dialer.simulation.network import SimulatedNetwork
from tests.asterisk.desk import FAILING, Desk
from tests.asterisk.sound import prompts_in, seconds_of
from tests.asterisk.watching import CALLER_ID, Watched
from tests.deadline import until

pytestmark = pytest.mark.asterisk

PERSON = "09000000900"  # answers at once
PERSON_E164 = E164("+819000000900")
MACHINE = "09000000006"
SEAT = "2001"
ROOM = Room(f"seat-{SEAT}")
LISTENS_S = 6.0


@pytest.fixture
def test_prompts(test_prompts: Path) -> Path:
    """The hello and the machine's greeting in real voices, our own sentences as short tones."""
    for name in ("callee_hello", "voicemail_greeting"):
        (test_prompts / f"{name}.wav").write_bytes((PROMPTS / f"{name}.wav").read_bytes())
    return test_prompts


@pytest.fixture
async def network(pbx_and_carrier: SimulatedNetwork) -> SimulatedNetwork:
    """Callees say hello and then wait for an answer; what they hear is recorded."""
    await pbx_and_carrier.driver.let_callees_listen(LISTENS_S)
    return pbx_and_carrier


async def call(pbx: Watched, number: str) -> str:
    """Have `number` called as the engine does it for a campaign that detects machines."""
    attempt_id = str(uuid4())
    await actions.originate(
        pbx.ami,
        channel=f"PJSIP/{number}@trunk",
        channel_id=attempt_id,
        context="detecting",
        ring_timeout_s=25,
        caller_id=CALLER_ID,
    )
    return attempt_id


async def test_a_person_is_joined_and_a_machine_gets_no_agent(
    pbx: Watched, network: SimulatedNetwork, desk: Desk
) -> None:
    """Both verdicts come within 3.2 s of the answer, and both calls are recorded from the answer on."""
    desk.room = ROOM
    await pbx.lay_leg(SEAT)
    machine = await call(pbx, MACHINE)
    person = await call(pbx, PERSON)
    up_machine, up_person = await pbx.answered(machine), await pbx.answered(person)
    joined, ended = await pbx.event(RoomJoined, person), await pbx.gone(machine)

    verdicts = {call_id: (status, cause.partition("-")[0]) for call_id, status, cause in desk.verdicts}
    assert verdicts == {person: ("HUMAN", "HUMAN"), machine: ("MACHINE", "LONGGREETING")}
    assert desk.asked == [person]
    assert ended.cause == 16
    assert (joined.at - up_person.at).total_seconds() < 3.2
    assert (ended.at - up_machine.at).total_seconds() < 3.2
    recording = network.settings.spool / f"{machine}-callee.wav"
    await until(lambda: seconds_of(recording) > 2.0, what="the machine's recording")
    (offer,) = network.driver.offers.of(E164("+819000000006"))
    assert prompts_in(network.carrier.heard(offer)) == set(), "a machine hears no apology"


async def test_somebody_who_says_nothing_is_a_person(
    pbx: Watched, network: SimulatedNetwork, test_prompts: Path, desk: Desk
) -> None:
    """Silence is never a machine: after the whole analysis an agent is asked for."""
    with wave.open(str(test_prompts / "callee_hello.wav"), "wb") as silence:
        silence.setparams((1, 2, 8000, 0, "NONE", "not compressed"))
        silence.writeframes(bytes(16_000))
    desk.room = ROOM
    await pbx.lay_leg(SEAT)
    attempt = await call(pbx, PERSON)
    up, joined = await pbx.answered(attempt), await pbx.event(RoomJoined, attempt)
    ((_, status, cause),) = desk.verdicts
    assert (status, cause.partition("-")[0]) == ("NOTSURE", "TOOLONG")
    assert 2.5 < (joined.at - up.at).total_seconds() < 3.5


async def test_without_the_module_everybody_is_a_person(pbx: Watched, network: SimulatedNetwork, desk: Desk) -> None:
    """No detection, no wait: the callee is joined at once."""
    await network.pbx.console("module unload app_amd.so")
    desk.room = ROOM
    await pbx.lay_leg(SEAT)
    attempt = await call(pbx, MACHINE)
    up, joined = await pbx.answered(attempt), await pbx.event(RoomJoined, attempt)
    assert desk.verdicts == [(attempt, "", "")]
    assert (joined.at - up.at).total_seconds() < 0.2


async def test_without_detection_nothing_is_listened_to(pbx: Watched, desk: Desk) -> None:
    """A campaign that doesn't detect is joined as ever, a machine too."""
    desk.room = ROOM
    await pbx.lay_leg(SEAT)
    attempt = await pbx.call(MACHINE)
    up, joined = await pbx.answered(attempt), await pbx.event(RoomJoined, attempt)
    assert desk.verdicts == []
    assert (joined.at - up.at).total_seconds() < 0.1


async def until_heard(network: SimulatedNetwork, number: E164, prompts: set[str]) -> None:
    """Until the call to `number` is over and these prompts, no others, were heard on it."""
    (offer,) = network.driver.offers.of(number)
    await until(lambda: offer.ended_at is not None)
    await until(lambda: prompts_in(network.carrier.heard(offer)) == prompts)


@pytest.mark.parametrize("how", ["never_answers", "dead"])
async def test_a_failing_engine_leaves_nobody_in_silence_after_the_verdict(
    pbx: Watched, network: SimulatedNetwork, how: str
) -> None:
    """The apology after the verdict and the time limit of one question; of a machine nothing but the end."""
    settings = network.settings
    server = None
    if how != "dead":
        server = await asyncio.start_server(FAILING[how], settings.agi_host, settings.agi_port)
    try:
        person, machine = await call(pbx, PERSON), await call(pbx, MACHINE)
        up = await pbx.answered(person)
        ended, _ = await pbx.gone(person, within_s=12), await pbx.gone(machine, within_s=12)
    finally:
        if server is not None:
            server.close()
    assert (ended.at - up.at).total_seconds() < 3 + 5 + 1.5
    await until_heard(network, PERSON_E164, {"abandoned"})
    await until_heard(network, E164("+819000000006"), set())
