"""How the manager connection starts, is lost, comes back and ends, against a fake peer on a real socket."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from structlog.testing import capture_logs

from dialer.ami.connection import AmiConnection, Timing
from dialer.clock import SystemClock
from dialer.errors import AmiLost, AmiMalformed, AmiRefused
from tests.deadline import until
from tests.protocol.conftest import QUICK, Engine, connect_to
from tests.protocol.fake_asterisk import BOOTED, FakeAsterisk, ringing

PING_EVERY_S = 3600.0  # no wait between tries is as long


class WaitsNoted:
    """A clock that writes down how long it was to sleep between tries, and sleeps hardly at all."""

    def __init__(self) -> None:
        self._real = SystemClock()
        self.waits_s: list[float] = []

    def now(self) -> datetime:
        return self._real.now()

    def monotonic_s(self) -> float:
        return self._real.monotonic_s()

    async def sleep(self, seconds: float) -> None:
        if 0 < seconds < PING_EVERY_S:
            self.waits_s.append(seconds)
        await self._real.sleep(min(seconds, 0.005))


def with_clock(asterisk: FakeAsterisk, engine: Engine, clock: WaitsNoted, timing: Timing) -> AmiConnection:
    return AmiConnection(
        "127.0.0.1",
        asterisk.port,
        "tsunagu",
        "right",
        clock=clock,
        on_event=engine.on_event,
        on_connected=engine.on_connected,
        on_lost=engine.on_lost,
        timing=timing,
    )


async def test_start_learns_the_version_and_logs_in_once(asterisk: FakeAsterisk, ami: AmiConnection) -> None:
    """After `start` the connection is usable, and one log-in was enough."""
    assert (ami.connected, ami.version, asterisk.logins) == (True, "22.10.1", 1)


async def test_start_waits_until_asterisk_has_booted(asterisk: FakeAsterisk, engine: Engine) -> None:
    """A log-in is taken before the modules are loaded; the engine is told only afterwards."""
    asterisk.after_login = ""
    connection = connect_to(asterisk, engine)
    starting = asyncio.create_task(connection.start())
    await until(lambda: asterisk.logins == 1)
    assert engine.told == []
    asterisk.say(BOOTED)
    await starting
    assert engine.told == ["connected"]
    await connection.close()


async def test_a_port_that_nobody_listens_on_is_given_up_after_the_limit(engine: Engine) -> None:
    """The error names host and port; nothing goes on in the background."""
    nobody = FakeAsterisk()
    await nobody.start()
    await nobody.stop()
    connection = connect_to(nobody, engine)
    with pytest.raises(AmiLost, match=f"127.0.0.1:{nobody.port} can't be reached"):
        await connection.start()
    assert not [t for t in asyncio.all_tasks() if t.get_name().startswith("ami")]


async def test_start_waits_for_a_port_that_opens_within_the_limit(asterisk: FakeAsterisk, engine: Engine) -> None:
    """Asterisk and the engine may be started together."""
    await asterisk.stop()
    connection = connect_to(asterisk, engine, timing=Timing(retry_first_s=0.02, start_within_s=5))
    starting = asyncio.create_task(connection.start())
    await asyncio.sleep(0)
    await asterisk.start()
    await starting
    assert connection.connected
    await connection.close()


async def test_another_service_on_the_port_is_told_apart(asterisk: FakeAsterisk, engine: Engine) -> None:
    """A wrong port number is named as such and not retried."""
    asterisk.greeting = "220 mail ready\n"
    with pytest.raises(AmiRefused, match="not an Asterisk manager interface"):
        await connect_to(asterisk, engine).start()


async def test_a_service_that_says_nothing_is_told_apart(asterisk: FakeAsterisk, engine: Engine) -> None:
    """A peer that waits for us to speak first is no manager interface."""
    asterisk.greeting = ""
    with pytest.raises(AmiRefused, match="does not greet"):
        await connect_to(asterisk, engine, timing=Timing(connect_s=0.1)).start()


async def test_a_greeting_in_pieces_is_understood(asterisk: FakeAsterisk, engine: Engine) -> None:
    """The first read may hold a part of the first line."""
    asterisk.greeting = "Aster"
    connection = connect_to(asterisk, engine)
    starting = asyncio.create_task(connection.start())
    await until(lambda: asterisk.connections == 1)
    await asterisk.say_bytewise("isk Call Manager/11.0.0\n")
    await starting
    assert connection.connected
    await connection.close()


@pytest.mark.parametrize(("action", "right"), [("Originate", "originate"), ("ConfbridgeList", "reporting")])
async def test_a_missing_write_right_is_named(asterisk: FakeAsterisk, engine: Engine, action: str, right: str) -> None:
    """The administrator reads which right of which user to grant."""
    asterisk.granted.remove(action)
    with pytest.raises(AmiRefused, match=rf"'tsunagu' lacks write={right} .*: {action}$"):
        await connect_to(asterisk, engine).start()
    assert engine.told == []


async def test_only_the_actions_that_will_be_sent_are_demanded(asterisk: FakeAsterisk, engine: Engine) -> None:
    """Another user than the engine, the simulated carrier's, needs less."""
    asterisk.granted = ["Originate", "Hangup"]
    connection = AmiConnection(
        "127.0.0.1",
        asterisk.port,
        "tsunagu",
        "right",
        clock=SystemClock(),
        on_event=engine.on_event,
        on_connected=engine.on_connected,
        on_lost=engine.on_lost,
        timing=QUICK,
        needs={"Hangup": "call"},
    )
    await connection.start()
    assert connection.connected
    await connection.close()


async def test_a_missing_right_to_read_calls_is_named(asterisk: FakeAsterisk, engine: Engine) -> None:
    """Without read=call the engine would dial and never hear what became of it."""
    asterisk.answers["Originate"] = lambda a: f"Response: Success\nActionID: {a['ActionID']}\nMessage: queued\n\n"
    with pytest.raises(AmiRefused, match="lacks read=call"):
        await connect_to(asterisk, engine).start()


async def test_a_missing_right_to_read_system_events_is_named(asterisk: FakeAsterisk, engine: Engine) -> None:
    """FullyBooted and the telephones' registrations are system events."""
    asterisk.after_login = ""
    with pytest.raises(AmiRefused, match="read=system"):
        await connect_to(asterisk, engine).start()


async def test_a_failure_to_rebuild_at_start_is_raised_there(asterisk: FakeAsterisk, engine: Engine) -> None:
    """The engine does not begin with a wrong picture."""

    async def fails() -> None:
        raise LookupError("database away")

    engine.on_connected = fails  # type: ignore[method-assign]  # this test's own behaviour
    connection = connect_to(asterisk, engine)
    with pytest.raises(LookupError):
        await connection.start()
    assert not connection.connected


async def test_a_failure_to_rebuild_later_is_tried_again(
    asterisk: FakeAsterisk, engine: Engine, ami: AmiConnection
) -> None:
    """The database may be away for a moment when Asterisk comes back."""
    tries = 0

    async def fails_once() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise LookupError("database away")

    ami._on_connected = fails_once
    asterisk.cut()
    await until(lambda: tries == 2 and ami.connected)
    assert ami.problem == ""


async def test_the_wait_between_tries_doubles_up_to_its_limit(asterisk: FakeAsterisk, engine: Engine) -> None:
    """Asterisk that comes up again is found soon, and one that stays away isn't flooded."""
    clock = WaitsNoted()
    connection = with_clock(asterisk, engine, clock, Timing(ping_every_s=PING_EVERY_S))
    await connection.start()
    clock.waits_s.clear()
    await asterisk.stop()
    await until(lambda: len(clock.waits_s) >= 8)
    waits_s = clock.waits_s[:8]
    for wait_s, full_s in zip(waits_s, [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0], strict=True):
        assert 0.75 * full_s <= wait_s <= full_s
    await asterisk.start()
    await until(lambda: connection.connected and engine.told.count("connected") == 2)
    pings = asterisk.pings
    await until(lambda: asterisk.pings > pings + 1)
    clock.waits_s.clear()
    asterisk.cut()
    await until(lambda: bool(clock.waits_s))
    assert clock.waits_s[0] <= 0.2  # a connection that lasted starts the count anew
    await connection.close()


async def test_a_secret_that_has_become_wrong_is_tried_slowly_and_reported_once(
    asterisk: FakeAsterisk, engine: Engine
) -> None:
    """No flood of failed log-ins in Asterisk's security log; the connection heals when the secret is put right."""
    clock = WaitsNoted()
    connection = with_clock(asterisk, engine, clock, Timing(ping_every_s=PING_EVERY_S))
    await connection.start()
    asterisk.secret = "changed"
    with capture_logs() as logs:
        asterisk.cut()
        await until(lambda: clock.waits_s.count(30.0) >= 4)
    assert [entry["event"] for entry in logs].count("ami_unusable") == 1
    assert "refused" in connection.problem
    asterisk.secret = "right"
    await until(lambda: connection.connected)
    assert connection.problem == ""
    await connection.close()


async def test_a_lost_connection_is_told_and_counted_once(
    asterisk: FakeAsterisk, engine: Engine, ami: AmiConnection
) -> None:
    """Every event that came before the loss is delivered before it."""
    asterisk.say(ringing("a") + ringing("b"))
    await until(lambda: len(engine.events) == 2)
    asterisk.cut()
    await until(lambda: engine.told.count("connected") == 2)
    assert [t if isinstance(t, str) else t.uniqueid for t in engine.told] == [
        "connected",
        "a",
        "b",
        "lost",
        "connected",
    ]
    assert ami.lost_count == 1


async def test_closing_is_no_loss_and_says_good_bye(asterisk: FakeAsterisk, engine: Engine) -> None:
    """Asterisk sees a log-off; the engine is not told of a loss; twice is harmless."""
    connection = connect_to(asterisk, engine)
    await connection.start()
    await connection.close()
    await connection.close()
    await until(lambda: bool(asterisk.actions("Logoff")))
    assert engine.told == ["connected"]
    assert not connection.connected


async def test_an_event_without_what_we_need_is_counted_and_named(
    asterisk: FakeAsterisk, engine: Engine, ami: AmiConnection
) -> None:
    """One strange event is reported by its name, without its content, and the next is handled."""
    with capture_logs() as logs:
        asterisk.say("Event: Hangup\nChannel: PJSIP/0900000000@trunk\nUniqueid: a\n\n" + ringing("b"))
        await until(lambda: engine.uniqueids == ["b"])
    (entry,) = [e for e in logs if e["event"] == "ami_event_malformed"]
    assert entry["error"] == "Hangup without header Linkedid"
    assert ami.counts.malformed == 1
    assert AmiMalformed.code == "ami_malformed"


async def test_nonsense_between_messages_is_survived(
    asterisk: FakeAsterisk, engine: Engine, ami: AmiConnection
) -> None:
    """Empty lines (Asterisk sends one too many after "No Contacts found"), unknown and half messages."""
    asterisk.say("\n\n\n\nEvent: \n\nEvent: Nonsense\nX\n\nhello\n\n: \n\nEvent\n\nResponse: \n\n")
    asterisk.say_bytes(b"\xff\xfe\x00\r\n\r\nEvent: Newstate\r\n\r\n")
    asterisk.say(ringing("a"))
    await until(lambda: engine.uniqueids == ["a"])
    assert (ami.connected, ami.counts.broken) == (True, 0)


async def test_a_message_without_end_ends_the_connection(
    asterisk: FakeAsterisk, engine: Engine, ami: AmiConnection
) -> None:
    """Memory is bounded whatever the peer sends."""
    asterisk.say_bytes(b"x" * 2_000_000)
    await until(lambda: engine.told == ["connected", "lost", "connected"])


async def test_a_pile_of_waiting_events_is_reported_once(
    asterisk: FakeAsterisk, engine: Engine, ami: AmiConnection
) -> None:
    """The operator sees that the engine is too slow before Asterisk cuts it off."""
    engine.rebuilt.clear()
    asterisk.cut()
    await until(lambda: engine.told.count("connected") == 2)
    with capture_logs() as logs:
        asterisk.say("".join(ringing(str(i)) for i in range(3000)))
        await until(lambda: ami.queued >= 3000)
    assert [e["event"] for e in logs].count("ami_events_pile_up") == 1
    engine.rebuilt.set()
    await until(lambda: len(engine.events) == 3000)


async def test_close_while_the_engine_rebuilds_ends_at_once(asterisk: FakeAsterisk, engine: Engine) -> None:
    """An interrupted start leaves nothing running."""
    engine.rebuilt.clear()
    connection = connect_to(asterisk, engine, timing=QUICK)
    starting = asyncio.create_task(connection.start())
    await until(lambda: engine.told == ["connected"])
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert not [t for t in asyncio.all_tasks() if t.get_name().startswith("ami")]
