"""The question ``detected`` over FastAGI: the verdict reaches the engine, and whatever fails holds nobody up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from agi.detected import Detected
from agi.questions import InboundAnswer, Prompt, Room
from agi.server import AgiServer
from tests.protocol.fake_dialplan import INTRODUCTION, FakeDialplan


class Listener:
    """An engine that remembers verdicts; `may_answer` cleared: it hangs."""

    def __init__(self) -> None:
        self.verdicts: list[tuple[str, str, str]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def answered(self, call_id: str) -> Room | None:
        return None

    async def detected(self, call_id: str, status: str, cause: str) -> None:
        self.verdicts.append((call_id, status, cause))
        await self.may_answer.wait()

    async def inbound(self, call_id: str, dialled: str, caller: str | None) -> InboundAnswer:
        return InboundAnswer(prompt=Prompt.BUSY_DESK)


@pytest.fixture
async def listener() -> Listener:
    return Listener()


@pytest.fixture
async def server(listener: Listener) -> AsyncIterator[AgiServer]:
    agi = AgiServer()
    agi.add_route("detected", Detected(listener, limit_s=0.1))
    yield agi
    await agi.close()


async def ask(server: AgiServer, **arguments: str) -> FakeDialplan:
    dialplan = FakeDialplan(await server.start(), network_script="detected", **arguments)
    assert await dialplan.run() == {}
    return dialplan


async def test_the_verdict_and_its_cause_reach_the_engine(server: AgiServer, listener: Listener) -> None:
    """As the dialplan gives them; nothing is set, the dialplan goes on by itself."""
    await ask(server, arg_1="MACHINE", arg_2="LONGGREETING-1500-1500")
    assert listener.verdicts == [(INTRODUCTION["uniqueid"], "MACHINE", "LONGGREETING-1500-1500")]


async def test_without_a_detection_both_are_empty(server: AgiServer, listener: Listener) -> None:
    """Asterisk lacks the module: the engine hears so, and takes the callee for a person."""
    await ask(server)
    assert listener.verdicts == [(INTRODUCTION["uniqueid"], "", "")]


async def test_an_engine_that_hangs_is_not_waited_for(server: AgiServer, listener: Listener) -> None:
    """The session ends at its limit, and the dialplan asks its next question."""
    listener.may_answer.clear()
    dialplan = await ask(server)
    assert dialplan.closed
    assert server.counts.failed == 1
