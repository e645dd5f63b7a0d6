"""A fake manager interface and a connection to it, with waits short enough for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from dialer.ami.connection import AmiConnection, Timing
from dialer.ami.events import AmiEvent, Booted
from dialer.clock import SystemClock
from tests.protocol.fake_asterisk import FakeAsterisk

QUICK = Timing(
    connect_s=1.0,
    answer_s=0.3,
    boot_s=0.5,
    ping_every_s=5.0,
    start_within_s=0.3,
    retry_first_s=0.02,
    retry_most_s=0.1,
    refused_retry_s=0.2,
)


class Engine:
    """What the engine would be told, in order: ``connected``, ``lost``, and the events."""

    def __init__(self) -> None:
        self.told: list[str | AmiEvent] = []
        self.fail_on: str = ""
        self.rebuilt = asyncio.Event()
        self.rebuilt.set()

    def on_event(self, event: AmiEvent) -> None:
        if isinstance(event, Booted):
            return
        self.told.append(event)
        if self.fail_on and event.uniqueid == self.fail_on:
            raise LookupError("a handler's own mistake")

    async def on_connected(self) -> None:
        self.told.append("connected")
        await self.rebuilt.wait()

    def on_lost(self) -> None:
        self.told.append("lost")

    @property
    def events(self) -> list[AmiEvent]:
        return [t for t in self.told if isinstance(t, AmiEvent)]

    @property
    def uniqueids(self) -> list[str]:
        return [e.uniqueid for e in self.events]


def connect_to(
    asterisk: FakeAsterisk, engine: Engine, *, timing: Timing = QUICK, secret: str = "right"
) -> AmiConnection:
    return AmiConnection(
        "127.0.0.1",
        asterisk.port,
        "tsunagu",
        secret,
        clock=SystemClock(),
        on_event=engine.on_event,
        on_connected=engine.on_connected,
        on_lost=engine.on_lost,
        timing=timing,
    )


@pytest.fixture
async def asterisk() -> AsyncIterator[FakeAsterisk]:
    fake = FakeAsterisk()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
async def engine() -> Engine:
    return Engine()


@pytest.fixture
async def ami(asterisk: FakeAsterisk, engine: Engine) -> AsyncIterator[AmiConnection]:
    """A connection that is up."""
    connection = connect_to(asterisk, engine)
    await connection.start()
    yield connection
    await connection.close()
