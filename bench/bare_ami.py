"""A bare AMI script: Originates as fast as Asterisk ends them, and nothing else; what the engine is compared with.

It logs in, keeps a number of Originates in flight, and counts an Originate as ended when the ``Hangup`` of its channel,
or a refusal of the Originate, comes. No rows, no rules, no typed events: the events' bytes are searched for one word.

    python -m bench.bare_ami < order.json       (a JSON object with the fields of `Order`)

Prints one JSON object: ``{"ended", "refused", "seconds", "cpu_s"}``.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

_CONNECT_S = 5.0
_SILENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Order:
    """What to do.

    Args:
        numbers: one Originate each, in this order.
        lines: Originates in flight at most.
        seconds: when to begin no more.
    """

    host: str
    port: int
    user: str
    secret: str
    numbers: list[str]
    caller_id: str
    lines: int
    seconds: float
    ring_timeout_s: int


async def originate_all(order: Order) -> dict[str, float]:
    """Do it; return what was reached."""
    reader, writer = await asyncio.wait_for(asyncio.open_connection(order.host, order.port), _CONNECT_S)
    writer.write(_action("Login", Username=order.user, Secret=order.secret, Events="on"))
    await _until(reader, b"Event: FullyBooted")
    left, in_flight, ended, refused = iter(order.numbers), set[bytes](), 0, 0
    begun_s, cpu_began_s = time.perf_counter(), time.process_time()
    last_s = begun_s
    _fill(writer, order, left, in_flight)
    while in_flight:
        block = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _SILENCE_S)
        if block.startswith(b"Event: Hangup\r\n"):
            call = _header(block, b"Uniqueid")
        elif block.startswith(b"Response: Error\r\n"):
            call = _header(block, b"ActionID")
            refused += call in in_flight
        else:
            continue
        if call in in_flight:
            in_flight.discard(call)
            ended += 1
            last_s = time.perf_counter()
            if last_s - begun_s < order.seconds:
                _fill(writer, order, left, in_flight)
    writer.write(_action("Logoff"))
    writer.close()
    return {
        "ended": ended,
        "refused": refused,
        "seconds": last_s - begun_s,
        "cpu_s": time.process_time() - cpu_began_s,
    }


def _fill(writer: asyncio.StreamWriter, order: Order, left: Iterator[str], in_flight: set[bytes]) -> None:
    while len(in_flight) < order.lines and (number := next(left, None)) is not None:
        call_id = str(uuid4())
        in_flight.add(call_id.encode())
        writer.write(
            _action(
                "Originate",
                ActionID=call_id,
                Channel=f"PJSIP/{number}@trunk",
                ChannelId=call_id,
                Context="answered",
                Exten="s",
                Priority="1",
                Timeout=str(1000 * order.ring_timeout_s),
                CallerID=f"<{order.caller_id}>",
                Async="true",
            )
        )


def _action(name: str, **headers: str) -> bytes:
    lines = [f"Action: {name}", *(f"{key}: {value}" for key, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _header(block: bytes, name: bytes) -> bytes:
    begin = block.find(b"\r\n" + name + b": ") + len(name) + 4
    return block[begin : block.find(b"\r\n", begin)]


async def _until(reader: asyncio.StreamReader, word: bytes) -> None:
    while word not in (block := await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _CONNECT_S)):
        if b"Response: Error" in block:
            raise ConnectionError("the log-in was refused")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(originate_all(Order(**json.load(sys.stdin))))))
