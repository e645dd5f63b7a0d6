"""What a dialplan question costs: one FastAGI session from connect to close, and 200 at the same time.

    .venv/bin/python bench/agi_bench.py

The dialplan is a fake in a process of its own (Asterisk's introduction of 19 lines, one SET VARIABLE); the engine
behind the question answers at once. Printed are milliseconds from the dialplan's connect to the server's close.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the fake dialplan lives with the tests

from agi.answered import Answered
from agi.questions import InboundAnswer, Prompt, Room
from agi.server import AgiServer
from tests.protocol.fake_dialplan import FakeDialplan

ONE_BY_ONE = 1000
AT_ONCE = 200


class AtOnce:
    async def answered(self, call_id: str) -> Room | None:
        return Room("seat-1001")

    async def inbound(self, call_id: str, dialled: str, caller: str | None) -> InboundAnswer:
        return InboundAnswer(prompt=Prompt.CLOSED)

    async def detected(self, call_id: str, status: str, cause: str) -> None:
        return None


async def ask(port: int) -> float:
    began_s = time.perf_counter()
    dialplan = FakeDialplan(port)
    assert await dialplan.run() == {"ROOM": "seat-1001"}
    return 1000 * (time.perf_counter() - began_s)


async def dialplans(port: int) -> dict[str, float]:
    await ask(port)
    alone_ms = sorted([await ask(port) for _ in range(ONE_BY_ONE)])
    began_s = time.perf_counter()
    together_ms = sorted(await asyncio.gather(*(ask(port) for _ in range(AT_ONCE))))
    whole_ms = 1000 * (time.perf_counter() - began_s)
    return {
        "one_p50_ms": round(alone_ms[ONE_BY_ONE // 2], 2),
        "one_p99_ms": round(alone_ms[ONE_BY_ONE * 99 // 100], 2),
        f"{AT_ONCE}_at_once_all_done_ms": round(whole_ms, 1),
        f"{AT_ONCE}_at_once_p99_ms": round(together_ms[AT_ONCE * 99 // 100], 1),
    }


def asker(port: int, pipe: Connection) -> None:
    pipe.send(asyncio.run(dialplans(port)))


async def main() -> None:
    server = AgiServer()
    server.add_route("answered", Answered(AtOnce()))
    port = await server.start()
    here, there = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=asker, args=(port, there))
    child.start()
    began_s = time.process_time()
    figures = await asyncio.to_thread(here.recv)
    used_ms = 1000 * (time.process_time() - began_s) / server.counts.sessions
    child.join()
    await server.close()
    assert (server.counts.sessions, server.counts.failed) == (1 + ONE_BY_ONE + AT_ONCE, 0)
    print(json.dumps({**figures, "server_cpu_ms_per_session": round(used_ms, 3)}))


if __name__ == "__main__":
    asyncio.run(main())
