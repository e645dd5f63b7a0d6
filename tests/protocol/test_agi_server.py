"""The FastAGI server against peers of every kind: the dialplan, port probes, garbage, callers who leave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from asterisk.agi import AGIAppError, AGIInvalidCommand, AGIUnknownError, AGIUsageError
from structlog.testing import capture_logs

from agi.answered import Answered
from agi.inbound import Inbound
from agi.questions import InboundAnswer, Prompt, Room
from agi.replies import Reply
from agi.server import AgiServer
from agi.session import AgiSession
from tests.deadline import until
from tests.protocol.fake_dialplan import FakeDialplan

CALL_ID = "6f1c1d1e-0000-4000-8000-000000000001"


class FakeEngine:
    """Knows the answers that a test gives it."""

    def __init__(self) -> None:
        self.room: Room | None = Room("seat-1001")
        self.inbound_answer = InboundAnswer(prompt=Prompt.CLOSED)
        self.asked: list[tuple[str, ...]] = []
        self.cancelled: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error: Exception | None = None

    async def answered(self, call_id: str) -> Room | None:
        self.asked.append((call_id,))
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled.append(call_id)
            raise
        if self.error is not None:
            raise self.error
        return self.room

    async def detected(self, call_id: str, status: str, cause: str) -> None:
        self.asked.append((call_id, status, cause))

    async def inbound(self, call_id: str, dialled: str, caller: str | None) -> InboundAnswer:
        self.asked.append((call_id, dialled, str(caller)))
        return self.inbound_answer


@pytest.fixture
async def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
async def server(engine: FakeEngine) -> AsyncIterator[AgiServer]:
    """A server with both questions, and one more where a test puts a handler of its own."""
    agi = AgiServer(max_sessions=20, env_limit_s=0.3)
    agi.add_route("answered", Answered(engine, limit_s=0.3))
    agi.add_route("inbound", Inbound(engine, limit_s=0.3))
    yield agi
    await agi.close()


@pytest.fixture
async def port(server: AgiServer) -> int:
    return await server.start()


async def handled_by(server: AgiServer, dialplan: FakeDialplan, outcome: list[object], *commands: str) -> None:
    """Run a session whose handler sends `commands` and notes each reply or the kind of its error."""

    async def handler(session: AgiSession) -> None:
        for command in commands:
            try:
                outcome.append(await session.send_command(command, 0.3))
            except Exception as error:
                outcome.append(type(error).__name__)

    dialplan.introduction["network_script"] = "trial"
    server.add_route("trial", handler)
    await dialplan.run()


# --- the questions -------------------------------------------------------------------------------------


async def test_an_answered_callee_gets_the_room(engine: FakeEngine, port: int) -> None:
    """ROOM is all that the dialplan needs."""
    assert await FakeDialplan(port).run() == {"ROOM": "seat-1001"}
    assert engine.asked == [(CALL_ID,)]


async def test_without_a_room_nothing_is_set(engine: FakeEngine, port: int) -> None:
    """The dialplan's own branch then apologises."""
    engine.room = None
    assert await FakeDialplan(port).run() == {}


async def test_a_room_that_means_something_to_the_dialplan_is_not_set(engine: FakeEngine, port: int) -> None:
    """A comma would become a further argument of ConfBridge."""
    engine.room = Room("seat-1001,evil_profile")
    assert await FakeDialplan(port).run() == {}


async def test_a_query_string_does_not_change_the_question(engine: FakeEngine, port: int) -> None:
    """``agi://host/answered?campaign=12`` is the question ``answered``."""
    assert await FakeDialplan(port, network_script="answered?campaign=12").run() == {"ROOM": "seat-1001"}


async def test_an_inbound_call_is_described_by_both_its_numbers(engine: FakeEngine, port: int) -> None:
    """DNID and caller id arrive as the trunk writes them."""
    dialplan = FakeDialplan(port, network_script="inbound", dnid="0300000000", callerid="09000000001")
    assert await dialplan.run() == {"PROMPT": "closed"}
    assert engine.asked == [(CALL_ID, "0300000000", "09000000001")]


@pytest.mark.parametrize("withheld", ["unknown", "anonymous", ""])
async def test_a_withheld_number_is_none(engine: FakeEngine, port: int, withheld: str) -> None:
    """And without a DNID the extension counts."""
    dialplan = FakeDialplan(port, network_script="inbound", callerid=withheld, extension="0300000009")
    await dialplan.run()
    assert engine.asked == [(CALL_ID, "0300000009", "None")]


async def test_an_inbound_call_with_a_room_may_name_its_recording(engine: FakeEngine, port: int) -> None:
    """The call's id is not the channel's when the call is an attempt's return."""
    engine.inbound_answer = InboundAnswer(room=Room("seat-1002"), call_id="other")
    assert await FakeDialplan(port, network_script="inbound").run() == {"CALL_ID": "other", "ROOM": "seat-1002"}


async def test_a_caller_for_whom_nobody_is_free_is_told_to_wait(engine: FakeEngine, port: int) -> None:
    """Neither a room nor the end."""
    engine.inbound_answer = InboundAnswer(waits=True)
    assert await FakeDialplan(port, network_script="inbound").run() == {"WAITS": "yes"}


def test_an_inbound_answer_is_a_room_a_place_to_wait_or_a_prompt() -> None:
    """Never two of them, never none: the caller would hear nothing."""
    with pytest.raises(ValueError, match="or a prompt"):
        InboundAnswer()
    with pytest.raises(ValueError, match="or a prompt"):
        InboundAnswer(room=Room("a"), prompt=Prompt.CLOSED)
    with pytest.raises(ValueError, match="or a prompt"):
        InboundAnswer(waits=True, prompt=Prompt.CLOSED)


# --- failures ------------------------------------------------------------------------------------------


async def test_an_engine_that_fails_leaves_the_decision_to_the_dialplan(
    engine: FakeEngine, server: AgiServer, port: int
) -> None:
    """The session ends at once with nothing set; the log holds no personal data."""
    engine.error = LookupError("person 09000001234")
    with capture_logs() as logs:
        assert await FakeDialplan(port).run() == {}
    (entry,) = logs
    assert (entry["event"], entry["error"], entry["call_id"]) == ("agi_question_failed", "LookupError", CALL_ID)
    assert "09000001234" not in str(logs)
    assert server.counts.failed == 1


async def test_an_engine_that_does_not_answer_is_not_waited_for(engine: FakeEngine, port: int) -> None:
    """The callee hears the apology when the limit is over, and the engine is told to stop."""
    engine.may_answer.clear()
    async with asyncio.timeout(2):
        assert await FakeDialplan(port).run() == {}
    assert engine.cancelled == [CALL_ID]


@pytest.mark.parametrize("notice", ["HANGUP\n", ""])
async def test_a_caller_who_leaves_cancels_the_question(
    engine: FakeEngine, server: AgiServer, port: int, notice: str
) -> None:
    """No agent is reserved for somebody who is gone: noticed by HANGUP or by the end of the connection."""
    engine.may_answer.clear()
    dialplan = FakeDialplan(port)
    await dialplan.connect()
    await dialplan.introduce()
    await until(lambda: bool(engine.asked))
    if notice:
        dialplan.say(notice)
        await until(lambda: bool(engine.cancelled), within_s=0.25)
    await dialplan.hang_up()
    await until(lambda: engine.cancelled == [CALL_ID], within_s=0.25)
    await until(lambda: server.counts.hung_up == 1)
    assert server.counts.failed == 0


async def test_a_question_that_nobody_knows_ends_at_once(server: AgiServer, port: int) -> None:
    """A dialplan newer than the engine falls back to its own branch."""
    async with asyncio.timeout(2):
        assert await FakeDialplan(port, network_script="nonsense").run() == {}
    assert server.counts.refused == 1


async def test_closing_the_server_ends_its_sessions(engine: FakeEngine, server: AgiServer, port: int) -> None:
    """At the engine's end every waiting caller goes on in the dialplan."""
    engine.may_answer.clear()
    sessions = [asyncio.create_task(FakeDialplan(port).run()) for _ in range(5)]
    await until(lambda: len(engine.asked) == 5)
    await server.close()
    async with asyncio.timeout(2):
        assert await asyncio.gather(*sessions) == [{}] * 5
    assert server.open_sessions == 0


async def test_a_taken_port_is_an_error_at_start(server: AgiServer, port: int) -> None:
    """Whoever starts the engine learns it at once."""
    with pytest.raises(OSError, match="address already in use"):
        await AgiServer().start(port=port)


async def test_a_question_has_one_handler(server: AgiServer) -> None:
    """A second one would silently replace the first."""
    with pytest.raises(ValueError, match="answered"):
        server.add_route("answered", Answered(FakeEngine()))


# --- peers that are no dialplan --------------------------------------------------------------------------


async def test_a_port_probe_does_not_freeze_the_loop(engine: FakeEngine, server: AgiServer, port: int) -> None:
    """Connect and close, as every TCP health check does; panoramisk's handler spins for ever."""
    async with asyncio.timeout(2):
        for _ in range(10):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            await writer.wait_closed()
        await until(lambda: server.counts.probes == 10)
        assert await FakeDialplan(port).run() == {"ROOM": "seat-1001"}
    assert server.open_sessions == 0


@pytest.mark.parametrize(
    "raw",
    [
        b"agi_network: yes\nagi_uniq",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n\n\n",
        b"\x16\x03\x01\x02\x00\x01\x00\xff\xfe\n\n",
        b"\n\n",
        b"agi_network_script: answered\n\n",
        b"x" * 1_000_000,
    ],
)
async def test_garbage_ends_its_own_connection_only(
    engine: FakeEngine, server: AgiServer, port: int, raw: bytes
) -> None:
    """Half a request, HTTP, TLS, nothing but ends of lines, no channel, a megabyte without end."""
    peer = FakeDialplan(port)
    await peer.connect()
    peer.say_bytes(raw)
    if raw.endswith(b"uniq"):
        await peer.hang_up()
    else:
        async with asyncio.timeout(2):
            await peer.serve()
        await peer.hang_up()
    await until(lambda: server.counts.garbage == 1)
    assert engine.asked == []
    assert await FakeDialplan(port).run() == {"ROOM": "seat-1001"}


async def test_a_peer_that_speaks_slowly_is_cut_off(server: AgiServer, port: int) -> None:
    """The time for the whole introduction is limited, not that between two bytes."""
    peer = FakeDialplan(port)
    await peer.connect()
    serving = asyncio.create_task(peer.serve())
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    while not serving.done():
        peer.say("a")
        assert loop.time() < began_s + 3
        await asyncio.wait({serving}, timeout=0.02)
    assert loop.time() - began_s >= 0.25
    assert server.counts.garbage == 1
    await peer.hang_up()


async def test_connections_beyond_the_limit_are_closed_at_once(
    engine: FakeEngine, server: AgiServer, port: int
) -> None:
    """Twenty wait; the next is turned away, and the twenty are served."""
    engine.may_answer.clear()
    waiting = [asyncio.create_task(FakeDialplan(port).run()) for _ in range(20)]
    await until(lambda: len(engine.asked) == 20)
    assert await FakeDialplan(port).run() == {}
    engine.may_answer.set()
    assert await asyncio.gather(*waiting) == [{"ROOM": "seat-1001"}] * 20
    assert (server.counts.refused, server.counts.sessions) == (1, 20)


# --- commands --------------------------------------------------------------------------------------------


async def test_the_answer_after_a_usage_text_belongs_to_the_next_command(server: AgiServer, port: int) -> None:
    """panoramisk is off by one for the rest of the call after a 520."""
    dialplan = FakeDialplan(port)
    dialplan.answers["EXEC"] = (
        "520-Invalid command syntax.  Proper usage follows:\n Usage: EXEC <application>\n200 result=9\n\n"
        "520 End of proper usage.\n"
    )
    dialplan.variables["A"] = "value"
    outcome: list[object] = []
    await handled_by(server, dialplan, outcome, "EXEC", 'GET VARIABLE "A"', "NONSENSE", 'GET VARIABLE "B"')
    assert [AGIUsageError.__name__, Reply("1", "value"), AGIInvalidCommand.__name__, Reply("0")] == outcome


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("200 result= (timeout)\n", Reply("", "timeout")),
        ("200 result=1 (timeout)\n", Reply("1", "timeout")),
        ("200 result=0 endpos=8000\n", Reply("0", None, 8000)),
        ("200 result=1 (a (b) c)\n", Reply("1", "a (b) c")),
        ("200 result=1 (two\nlines)\n", Reply("1", "two\nlines")),
        ("200 result=1 ()\n", Reply("1", "")),
        ("100 result=0 Trying...\n200 result=0\n", Reply("0")),
        ("200 result=-1\n", AGIAppError.__name__),
        ("200 result=1 (hangup)\n", "AGIResultHangup"),
        ("511 Command Not Permitted on a dead channel or intercept routine\n", AGIInvalidCommand.__name__),
        ("520 Invalid command syntax.  Proper usage not available.\n", AGIUsageError.__name__),
        ("\n", AGIUnknownError.__name__),
        ("200\n", AGIUnknownError.__name__),
        ("999 result=1\n", AGIUnknownError.__name__),
        ("520-x\n" * 300, AGIUnknownError.__name__),
        ("HANGUP\n", "AGIResultHangup"),
        ("", "TimeoutError"),
    ],
)
async def test_every_form_of_answer_is_understood(server: AgiServer, port: int, said: str, expected: object) -> None:
    """As Asterisk 22 writes them, and as it should never write them."""
    dialplan = FakeDialplan(port)
    dialplan.answers["TRY IT"] = said
    outcome: list[object] = []
    await handled_by(server, dialplan, outcome, "TRY IT")
    assert [expected] == outcome


async def test_a_connection_that_ends_during_a_command_is_a_hang_up(server: AgiServer, port: int) -> None:
    """panoramisk reads the end of the stream as the answer '' and fails on int('')."""
    outcome: list[object] = []

    async def handler(session: AgiSession) -> None:
        try:
            await session.send_command("TRY IT")
        except Exception as error:
            outcome.append(type(error).__name__)
            raise

    server.add_route("trial", handler)
    peer = FakeDialplan(port, network_script="trial")
    await peer.connect()
    await peer.introduce()
    await peer.hang_up()
    await until(lambda: server.counts.hung_up == 1)
    assert outcome == ["AGIResultHangup"]


async def test_a_value_can_not_leave_its_quotes(server: AgiServer, port: int) -> None:
    """Quotes, backslashes and Japanese arrive as they are; line breaks and over-long values are refused."""
    refused = 0

    async def handler(session: AgiSession) -> None:
        nonlocal refused
        await session.set_variable("A", 'a" "b\\" 田中')
        assert await session.get_variable("A") == 'a" "b\\" 田中'
        assert await session.get_variable("B") is None
        for name, value in (
            ("A", "x\nHANGUP"),
            ("A", "x\rHANGUP"),
            ("A", "\0"),
            ("A B", "x"),
            ("", "x"),
            ("A", "x" * 2000),
        ):
            try:
                await session.set_variable(name, value)
            except ValueError:
                refused += 1

    server.add_route("trial", handler)
    dialplan = FakeDialplan(port, network_script="trial")
    assert await dialplan.run() == {"A": 'a" "b\\" 田中'}
    assert refused == 6
    assert len(dialplan.commands) == 3
    assert server.counts.failed == 0
