"""What a callee and a caller hear on every branch of our dialplan, with the engine well, ill or dead."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import re
import sqlite3
from pathlib import Path
from typing import cast

import msgspec
import pytest

from agi.questions import InboundAnswer, Prompt, Room
from campaigns.model import E164
from dialer.ami import actions
from dialer.ami.events import RoomJoined, RoomLeft
from dialer.asterisk.line import AsteriskLine
from dialer.asterisk.render import TRUNK_WATCH
from dialer.clock import SystemClock
from dialer.errors import AmiError
from dialer.settings import Settings
from dialer.simulation.network import SimulatedNetwork
from tests.asterisk.desk import FAILING, Desk
from tests.asterisk.ports import free_ports
from tests.asterisk.sound import AGENT_HZ, CALLEE_HZ, frames_with, heard_for_s, prompts_in, seconds_of
from tests.asterisk.watching import CALLER_ID, Watched
from tests.deadline import until

pytestmark = pytest.mark.asterisk

STAYS = "09000000900"  # answers at once, stays until we hang up
STAYS_E164 = E164("+819000000900")
TALKS_2_S = "09000000000"
SEAT = "2001"
ROOM = Room(f"seat-{SEAT}")


HARMLESS = (
    "No channel type registered for 'RightsCheck'",  # asked for by dialer/ami/session.py at each log-in
    "registered during operation. Enable PJSIP_SAFE_MODULE",  # a REGISTER came between the loading of two modules
)


async def callee_heard(network: SimulatedNetwork, prompt: str) -> None:
    """The call is over for the callee, too, and `prompt` was all that was said."""
    (offer,) = network.driver.offers.of(STAYS_E164)
    await until(lambda: offer.ended_at is not None)
    await until(lambda: prompts_in(network.carrier.heard(offer)) == {prompt}, what=f"callee heard {prompt}")


# --- an agent is free ----------------------------------------------------------------------------------------


async def test_a_callee_is_joined_with_the_agent_and_both_are_recorded(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """The callee hears the agent within 100 ms; each voice is in a file of its own, from the answer on."""
    desk.room = ROOM
    await pbx.lay_leg(SEAT)
    attempt = await pbx.call("09000000100")  # talks 5 s
    up = await pbx.answered(attempt)
    joined = await pbx.event(RoomJoined, attempt)
    await pbx.gone(attempt)

    assert (joined.at - up.at).total_seconds() < 0.1
    (offer,) = pbx_and_carrier.driver.offers.of(E164("+819000000100"))
    assert frames_with(pbx_and_carrier.carrier.heard(offer), AGENT_HZ)[0] <= 0.1
    spool = pbx_and_carrier.settings.spool
    callee, agent = spool / f"{attempt}-callee.wav", spool / f"{attempt}-agent.wav"
    await until(lambda: (spool / f"{attempt}.wav").exists() and seconds_of(agent) == seconds_of(callee))
    assert seconds_of(callee) == pytest.approx(5, abs=0.3)
    assert heard_for_s(callee, CALLEE_HZ) > 3.5
    assert frames_with(callee, AGENT_HZ) == []
    assert heard_for_s(agent, AGENT_HZ) > 4.5
    assert frames_with(agent, CALLEE_HZ) == []


async def test_the_next_callee_finds_the_agent_still_there(pbx: Watched, desk: Desk) -> None:
    """The leg outlives its calls: it is laid once."""
    desk.room = ROOM
    leg = await pbx.lay_leg(SEAT)
    for number in ("09000000009", TALKS_2_S, TALKS_2_S):
        attempt = await pbx.call(number)
        await pbx.gone(attempt)
    assert {room.room: room.parties for room in await actions.rooms(pbx.ami)} == {ROOM: 1}
    assert pbx.of(RoomLeft, leg) == []


# --- nobody is free, or nobody answers the question ----------------------------------------------------------


async def test_without_a_room_the_callee_hears_the_apology(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """The engine says that nobody is free."""
    attempt = await pbx.call(STAYS)
    assert (await pbx.gone(attempt)).cause == 16
    assert desk.asked == [attempt]
    await callee_heard(pbx_and_carrier, "abandoned")


async def test_without_an_engine_the_callee_hears_the_apology_at_once(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork
) -> None:
    """Nobody listens on the FastAGI port."""
    attempt = await pbx.call(STAYS)
    up, ended = await pbx.answered(attempt), await pbx.gone(attempt)
    assert (ended.at - up.at).total_seconds() < 1.5
    await callee_heard(pbx_and_carrier, "abandoned")


@pytest.mark.parametrize("how", sorted(FAILING))
async def test_a_failing_engine_never_leaves_the_callee_in_silence(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, how: str
) -> None:
    """Whatever listens on the port: after 5 s at the latest the callee hears the apology, then the end."""
    settings = pbx_and_carrier.settings
    async with await asyncio.start_server(FAILING[how], settings.agi_host, settings.agi_port):
        attempt = await pbx.call(STAYS)
        up, ended = await pbx.answered(attempt), await pbx.gone(attempt)
    assert (ended.at - up.at).total_seconds() < 5 + 1.5
    assert ended.cause == 16
    await callee_heard(pbx_and_carrier, "abandoned")


async def test_a_callee_who_hangs_up_while_waiting_is_gone_at_once(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """The question is taken back, no channel stays."""
    desk.busy = True
    attempt = await pbx.call(TALKS_2_S)
    await pbx.gone(attempt, within_s=4)
    await until(lambda: desk.cancelled == 1)
    assert await actions.channels(pbx.ami) == []


async def test_a_waiting_callee_can_be_sent_to_a_prompt(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """Redirect takes the channel out of the question."""
    desk.busy = True
    attempt = await pbx.call(STAYS)
    await until(lambda: desk.asked == [attempt])
    assert await actions.redirect(pbx.ami, attempt, "sorry", "closed")
    await pbx.gone(attempt)
    await callee_heard(pbx_and_carrier, "closed")
    assert desk.cancelled == 1


# --- the agent is lost ---------------------------------------------------------------------------------------


async def test_when_the_agent_leaves_the_callee_hears_a_sentence_without_the_engine(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """Asterisk alone takes the callee out of the room and says that the call was interrupted."""
    desk.room = ROOM
    leg = await pbx.lay_leg(SEAT)
    attempt = await pbx.call(STAYS)
    await pbx.event(RoomJoined, attempt)
    await desk.server.close()
    assert await actions.hang_up(pbx.ami, leg)
    left, ended = await pbx.event(RoomLeft, attempt), await pbx.gone(attempt)
    # The prompt lasts 0.6 s; an announcement of Asterisk's own would make it longer.
    assert (ended.at - left.at).total_seconds() == pytest.approx(0.6, abs=0.2)
    assert ended.cause == 16
    await callee_heard(pbx_and_carrier, "interrupted")


async def test_an_agent_whose_telephone_hangs_up_is_the_same(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """BYE comes from the telephone."""
    desk.room = ROOM
    leg = await pbx.lay_leg(SEAT)
    attempt = await pbx.call(STAYS)
    await pbx.event(RoomJoined, attempt)
    await pbx_and_carrier.driver.hang_up_telephones()
    await pbx.gone(leg)
    await pbx.gone(attempt)
    await callee_heard(pbx_and_carrier, "interrupted")


async def test_a_room_without_an_agent_is_never_entered(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """The agent's leg ended between the engine's answer and the door: no silent room, a sentence."""
    desk.room = ROOM
    attempt = await pbx.call(STAYS)
    await pbx.gone(attempt)
    assert pbx.of(RoomJoined, attempt) == []
    await callee_heard(pbx_and_carrier, "interrupted")


async def test_a_callee_who_is_put_out_of_the_room_hears_a_sentence(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """ConfbridgeKick; the agent's leg stays."""
    desk.room = ROOM
    leg = await pbx.lay_leg(SEAT)
    attempt = await pbx.call(STAYS)
    joined = await pbx.event(RoomJoined, attempt)
    await actions.kick(pbx.ami, ROOM, joined.channel)
    await pbx.gone(attempt)
    await callee_heard(pbx_and_carrier, "interrupted")
    assert pbx.of(RoomLeft, leg) == []


# --- inbound -------------------------------------------------------------------------------------------------


async def ring_in(network: SimulatedNetwork, *, talk_s: float = 0) -> str:
    return await network.driver.call_in(E164("+819000001234"), CALLER_ID, talk_s=talk_s)


async def test_a_caller_reaches_the_agent_and_is_recorded_from_then_on(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """The answer names the room and the recording."""
    await pbx.lay_leg(SEAT)
    desk.inbound_answer = InboundAnswer(room=ROOM, call_id="4f8e6a52-0000-4000-8000-000000000001")
    call_id = await ring_in(pbx_and_carrier, talk_s=2)
    incoming = await pbx.incoming()
    await pbx.event(RoomJoined, incoming.uniqueid)
    await pbx.gone(incoming.uniqueid)
    assert desk.dialled == [(CALLER_ID, "+819000001234")]
    heard = pbx_and_carrier.carrier.heard(pbx_and_carrier.driver.ring_backs[call_id])
    assert heard_for_s(heard, AGENT_HZ) > 1.5
    agent = pbx_and_carrier.settings.spool / "4f8e6a52-0000-4000-8000-000000000001-agent.wav"
    assert heard_for_s(agent, AGENT_HZ) > 1.5


@pytest.mark.parametrize("prompt", [Prompt.CLOSED, Prompt.BUSY_DESK])
async def test_a_caller_who_gets_no_agent_hears_why_and_is_not_recorded(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk, prompt: Prompt
) -> None:
    """Requirement IN-3: outside hours the caller hears it, nothing is recorded, the line is hung up."""
    desk.inbound_answer = InboundAnswer(prompt=prompt)
    call_id = await ring_in(pbx_and_carrier)
    await pbx.gone((await pbx.incoming()).uniqueid)
    heard = pbx_and_carrier.carrier.heard(pbx_and_carrier.driver.ring_backs[call_id])
    await until(lambda: prompts_in(heard) == {str(prompt)})
    assert list(pbx_and_carrier.settings.spool.iterdir()) == []


async def test_a_caller_who_waits_is_never_in_silence_and_is_recorded_when_an_agent_takes_him(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """Sentence and music until he is fetched; then both voices, under the call's own name."""
    call_id = "4f8e6a52-0000-4000-8000-000000000002"
    await pbx.lay_leg(SEAT)
    desk.inbound_answer = InboundAnswer(waits=True)
    heard_id = await ring_in(pbx_and_carrier)
    incoming = await pbx.incoming()
    heard = pbx_and_carrier.carrier.heard(pbx_and_carrier.driver.ring_backs[heard_id])
    await until(lambda: heard.exists() and prompts_in(heard) == {"waiting", "waiting_music"}, what="sentence and music")
    line = AsteriskLine(pbx.ami, pbx_and_carrier.journal)
    assert (await line.channels())[incoming.uniqueid].waits
    assert list(pbx_and_carrier.settings.spool.iterdir()) == []
    await line.fetch(incoming.uniqueid, call_id, SEAT)
    await pbx.event(RoomJoined, incoming.uniqueid)
    agent = pbx_and_carrier.settings.spool / f"{call_id}-agent.wav"
    await until(lambda: agent.exists() and heard_for_s(agent, AGENT_HZ) > 1.0, what="the agent is recorded")
    await line.hang_up(incoming.uniqueid)
    await pbx.gone(incoming.uniqueid)
    assert heard_for_s(pbx_and_carrier.settings.spool / f"{call_id}-callee.wav", CALLEE_HZ) > 1.0


@pytest.mark.parametrize("network_settings", [{"inbound_wait_s": 0.5}], indirect=True)
async def test_a_caller_whom_nobody_fetches_hears_the_sentence(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """The engine that told him to wait is dead: the dialplan ends it by itself, 5 s after the engine would have."""
    desk.inbound_answer = InboundAnswer(waits=True)
    call_id = await ring_in(pbx_and_carrier)
    await pbx.gone((await pbx.incoming()).uniqueid, within_s=15.0)
    heard = pbx_and_carrier.carrier.heard(pbx_and_carrier.driver.ring_backs[call_id])
    await until(lambda: "busy_desk" in prompts_in(heard))
    assert list(pbx_and_carrier.settings.spool.iterdir()) == []


@pytest.mark.parametrize("engine", ["dead", "never_answers"])
async def test_a_caller_hears_a_sentence_without_an_engine(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, engine: str
) -> None:
    """Nobody listens, or whoever listens stays silent."""
    settings = pbx_and_carrier.settings
    async with contextlib.AsyncExitStack() as stack:
        if engine != "dead":
            server = await asyncio.start_server(FAILING[engine], settings.agi_host, settings.agi_port)
            await stack.enter_async_context(server)
        call_id = await ring_in(pbx_and_carrier)
        await pbx.gone((await pbx.incoming()).uniqueid)
    heard = pbx_and_carrier.carrier.heard(pbx_and_carrier.driver.ring_backs[call_id])
    await until(lambda: prompts_in(heard) == {"busy_desk"})


# --- what Asterisk allows and writes -------------------------------------------------------------------------


async def test_a_telephone_can_dial_nobody_by_itself(pbx_and_carrier: SimulatedNetwork) -> None:
    """A stolen seat secret makes no calls: its context has no extension."""
    assert "0 extensions" in await pbx_and_carrier.pbx.console("dialplan show from-seat")


@pytest.mark.parametrize(
    ("action", "headers"),
    [
        ("Command", {"Command": "core show channels"}),
        ("GetConfig", {"Filename": "pjsip.conf"}),
        ("UpdateConfig", {"SrcFilename": "extensions.conf", "DstFilename": "extensions.conf"}),
        ("DialplanExtensionAdd", {"Context": "x", "Extension": "1", "Priority": "1", "Application": "Hangup"}),
        ("Reload", {}),
    ],
)
async def test_the_engines_manager_user_can_change_nothing(pbx: Watched, action: str, headers: dict[str, str]) -> None:
    """Whoever steals the secret can neither run commands nor read or change configuration."""
    with pytest.raises(AmiError):
        await pbx.ami.action(action, headers)


async def test_an_originate_can_run_no_program(pbx: Watched, pbx_and_carrier: SimulatedNetwork) -> None:
    """Asterisk refuses applications that reach the shell to a user without the right for it."""
    headers = {"Channel": f"PJSIP/{STAYS}@trunk", "Application": "System", "Data": "true", "Async": "true"}
    with pytest.raises(AmiError):
        await pbx.ami.action("Originate", headers)
    assert pbx_and_carrier.driver.offers.offered_count == 0


async def test_the_journal_tells_how_a_call_went(pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk) -> None:
    """After a crash of the engine: answer, room, prompt and cause of each channel stand in the CEL file."""
    desk.room = ROOM
    await pbx.lay_leg(SEAT)
    joined = await pbx.call(TALKS_2_S)
    await pbx.gone(joined)
    desk.room = None
    abandoned = await pbx.call(TALKS_2_S)
    await pbx.gone(abandoned)
    busy = await pbx.call("09000000003")
    await pbx.gone(busy)

    def of(uniqueid: str) -> list[tuple[str, str]]:
        with pbx_and_carrier.journal.open(newline="") as file:
            return [(row[0], row[5] if row[0] == "APP_START" else "") for row in csv.reader(file) if row[2] == uniqueid]

    await until(lambda: pbx_and_carrier.journal.exists() and of(busy)[-1:] == [("HANGUP", "")])
    assert of(joined) == [
        ("CHAN_START", ""),
        ("ANSWER", ""),
        ("APP_START", "ConfBridge"),
        ("BRIDGE_ENTER", ""),
        ("BRIDGE_EXIT", ""),
        ("HANGUP", ""),
    ]
    assert of(abandoned) == [("CHAN_START", ""), ("ANSWER", ""), ("APP_START", "Playback"), ("HANGUP", "")]
    assert of(busy) == [("CHAN_START", ""), ("HANGUP", "")]
    with pbx_and_carrier.journal.open(newline="") as file:
        *_, last = csv.reader(file)
    assert json.loads(last[6])["hangupcause"] == 17
    assert re.fullmatch(r"\d+\.\d{6}", last[1])


async def test_nothing_that_asterisk_writes_names_a_number(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork, desk: Desk
) -> None:
    """Journal, log and recordings' names hold no telephone number, and there is no error or warning."""
    desk.room = ROOM
    await pbx.lay_leg(SEAT)
    attempt = await pbx.call(TALKS_2_S)
    await pbx.gone(attempt)
    call_id = await ring_in(pbx_and_carrier, talk_s=1)
    ringing = pbx_and_carrier.driver.ring_backs[call_id]
    await until(lambda: ringing.ended_at is not None)
    written = [path for path in pbx_and_carrier.folder.rglob("*") if path.is_file() and "etc" not in path.parts]
    text = "".join(path.read_text(errors="replace") + path.name for path in written if path.suffix in (".log", ".csv"))
    assert not re.search(r"900000\d{4}|250000000", text)
    log = (pbx_and_carrier.folder / "log" / "messages.log").read_text()
    troubles = [line for line in log.splitlines() if "ERROR" in line or "WARNING" in line]
    assert [line for line in troubles if not any(harmless in line for harmless in HARMLESS)] == []


# --- the trunk ----------------------------------------------------------------------------------


async def test_a_killed_asterisk_comes_back_with_its_telephones(
    pbx: Watched, pbx_and_carrier: SimulatedNetwork
) -> None:
    """Registrations outlive a crash, so a leg can be laid at once."""
    seats = {seat.extension for seat in pbx_and_carrier.seats if seat.kind == "sip"}
    await pbx.phones_registered(seats)
    # Asterisk writes its database once a second.
    database = f"file:{pbx_and_carrier.folder}/lib/astdb.sqlite3?mode=ro"
    kept = "SELECT count(*) FROM astdb WHERE key LIKE '/registrar/contact/%'"
    with contextlib.closing(sqlite3.connect(database, uri=True)) as astdb:
        await until(lambda: astdb.execute(kept).fetchone() == (len(seats),))
    await pbx_and_carrier.kill_pbx()
    await until(lambda: not pbx.ami.connected)
    await pbx_and_carrier.start_pbx()
    await until(lambda: pbx.ami.connected)
    await pbx.phones_registered(seats)
    await pbx.lay_leg(SEAT)


@pytest.mark.parametrize(("secret", "status"), [("right", "Registered"), ("wrong", "Rejected")])
async def test_a_trunk_with_a_user_registers_or_says_that_it_is_refused(
    network_settings: Settings, test_prompts: Path, secret: str, status: str
) -> None:
    """TRUNK_USER registers at the carrier, and then calls pass; with a wrong secret the state says Rejected."""
    settings = msgspec.structs.replace(network_settings, trunk_user="tsunagu", trunk_secret="right")
    network = SimulatedNetwork(settings, SystemClock(), prompts=test_prompts)
    network.settings = msgspec.structs.replace(settings, trunk_secret=secret)
    pbx = Watched(network)
    try:
        await network.start()
        await pbx.ami.start()
        async with asyncio.timeout(10):
            while await actions.trunk_registrations(pbx.ami) != {"trunk": status}:  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # asks Asterisk itself: nothing here could set an event
        attempt = await pbx.call("09000000003")
        assert ((await pbx.gone(attempt)).cause == 17) is (secret == "right")
    finally:
        await pbx.ami.close()
        await network.stop()


class SomeTrunk(asyncio.DatagramProtocol):
    """Another SIP host than the simulated carrier: busy for every call, deaf to everything else."""

    def __init__(self) -> None:
        self.invites: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = data.decode()
        if request.startswith("INVITE "):
            self.invites.append(request)
            headers = [x for x in request.split("\r\n") if x.split(":")[0] in ("Via", "From", "To", "Call-ID", "CSeq")]
            answer = ["SIP/2.0 486 Busy Here", *headers, "Content-Length: 0", "", ""]
            self._transport.sendto("\r\n".join(answer).encode(), addr)


async def test_another_sip_host_can_be_the_trunk(network_settings: Settings, test_prompts: Path) -> None:
    """TRUNK_HOST and TRUNK_PORT: the number in the request, the debt type's number in From and P-Asserted-Identity.

    A host that never answers OPTIONS gets calls all the same.
    """
    loop = asyncio.get_running_loop()
    transport, trunk = await loop.create_datagram_endpoint(SomeTrunk, local_addr=("127.0.0.1", 0))
    port = int(transport.get_extra_info("sockname")[1])
    settings = msgspec.structs.replace(network_settings, trunk_host="127.0.0.1", trunk_port=port)
    network = SimulatedNetwork(settings, SystemClock(), prompts=test_prompts)
    pbx = Watched(network)
    try:
        await network.start()
        await pbx.ami.start()
        async with asyncio.timeout(10):
            while (await actions.endpoints(pbx.ami)).get(TRUNK_WATCH) != "UNAVAILABLE":  # noqa: ASYNC110
                await asyncio.sleep(0.05)  # asks Asterisk itself: nothing here could set an event
        attempt = await pbx.call("+819000000000")
        assert (await pbx.gone(attempt)).cause == 17
        invite = trunk.invites[0]
        assert invite.startswith(f"INVITE sip:+819000000000@127.0.0.1:{port} SIP/2.0")
        assert re.search(r"^From: .*<sip:\+81250000000@", invite, re.MULTILINE)
        assert re.search(r"^P-Asserted-Identity: .*<sip:\+81250000000@", invite, re.MULTILINE)
        assert network.driver.offers.offered_count == 0
        await pbx.lay_leg(SEAT)  # the simulated telephones work beside it
    finally:
        await pbx.ami.close()
        await network.stop()
        transport.close()


async def test_a_dead_trunk_is_known_before_a_telephone_would_stop_to_ring(
    network_settings: Settings, test_prompts: Path
) -> None:
    """Nothing answers the INVITE: the call fails within 8 s, and its SIP status 408 tells it from nobody at home."""
    settings = msgspec.structs.replace(network_settings, trunk_host="127.0.0.1", trunk_port=free_ports(1)[0])
    network = SimulatedNetwork(settings, SystemClock(), prompts=test_prompts)
    pbx = Watched(network)
    try:
        await network.start()
        await pbx.ami.start()
        attempt = await pbx.call(STAYS)
        ended = await pbx.gone(attempt, within_s=8)
        assert (ended.cause, ended.tech_cause) == (18, "408")
    finally:
        await pbx.ami.close()
        await network.stop()
