"""How many AMI events the engine's connection takes per second of CPU, beside panoramisk's own manager.

    .venv/bin/python bench/ami_bench.py [CALLS]

A fake manager in a process of its own sends CALLS calls of 26 events as Asterisk 22.10 writes them (10 that the engine
knows, 16 that it does not; 470 bytes on average). Both readers get the same bytes, one after the other, and both call
one function per event; ours gets typed events. Counted is the reader's own CPU time, so other load disturbs little.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

from panoramisk.manager import Manager

sys.path.insert(0, str(Path(__file__).parents[1]))  # the fake manager lives with the tests

from dialer.ami.connection import AmiConnection
from dialer.ami.events import AmiEvent, ChannelGone
from dialer.clock import SystemClock
from tests.protocol.fake_asterisk import FakeAsterisk

CHANNEL = (
    "Channel: PJSIP/trunk-{n:08x}\nChannelState: 6\nChannelStateDesc: Up\nCallerIDNum: 0300000000\n"
    "CallerIDName: 納付センター\nConnectedLineNum: <unknown>\nConnectedLineName: <unknown>\nLanguage: ja\n"
    "AccountCode: \nContext: answered\nExten: s\nPriority: 3\n"
    "Uniqueid: 6f1c1d1e-0000-4000-8000-{n:012x}\nLinkedid: 6f1c1d1e-0000-4000-8000-{n:012x}\n"
)
BRIDGE = (
    "BridgeUniqueid: 42489ae1-e4fa-4d8c-bd63-d3b9ee1a15f5\nBridgeType: base\nBridgeTechnology: softmix\n"
    "BridgeNumChannels: 2\n"
)
DEST = "DestChannel: PJSIP/trunk-{n:08x}\nDestUniqueid: 6f1c1d1e-0000-4000-8000-{n:012x}\nDialString: 0@trunk\n"
ONE_CALL = [
    ("Newchannel", CHANNEL),
    ("Newexten", CHANNEL + "Extension: s\nApplication: Set\nAppData: TIMEOUT(absolute)=5\n"),
    ("DialBegin", CHANNEL.replace("Channel", "X-Channel") + DEST),
    ("Newstate", CHANNEL.replace("ChannelState: 6", "ChannelState: 5")),
    ("DeviceStateChange", "Device: PJSIP/trunk\nState: INUSE\n"),
    ("Newstate", CHANNEL),
    ("DialEnd", CHANNEL.replace("Channel", "X-Channel") + DEST + "DialStatus: ANSWER\n"),
    (
        "OriginateResponse",
        "ActionID: originate:6f1c1d1e-0000-4000-8000-{n:012x}\nResponse: Success\nChannel: PJSIP/trunk-{n:08x}\n"
        "Context: answered\nExten: s\nReason: 4\nUniqueid: 6f1c1d1e-0000-4000-8000-{n:012x}\n",
    ),
    ("MixMonitorStart", CHANNEL),
    *[("Newexten", CHANNEL + "Extension: s\nApplication: AGI\nAppData: agi://127.0.0.1/answered\n")] * 6,
    *[("VarSet", CHANNEL + "Variable: ROOM\nValue: seat-1001\n")] * 6,
    ("BridgeEnter", BRIDGE + CHANNEL),
    ("ConfbridgeJoin", "Conference: seat-1001\n" + BRIDGE + CHANNEL + "Admin: No\nMuted: No\n"),
    ("BridgeLeave", BRIDGE + CHANNEL),
    ("ConfbridgeLeave", "Conference: seat-1001\n" + BRIDGE + CHANNEL),
    ("Hangup", CHANNEL + "Cause: 16\nCause-txt: Normal Clearing\n"),
]
assert len(ONE_CALL) == 26


def call_bytes(n: int) -> bytes:
    events = (
        f"Event: {name}\nPrivilege: call,all\nTimestamp: 1795208278.339126\n{headers.format(n=n)}\n"
        for name, headers in ONE_CALL
    )
    return "".join(events).replace("\n", "\r\n").encode()


async def send(calls: int, pipe: Connection) -> None:
    """Serve two readers, one after the other."""
    fake = FakeAsterisk()
    await fake.start()
    pipe.send(fake.port)
    for _ in range(2):
        await asyncio.to_thread(pipe.recv)
        for n in range(calls):
            fake.say_bytes(call_bytes(n))
            if n % 20 == 0:
                await asyncio.gather(*(writer.drain() for writer in fake._writers))
        await asyncio.gather(*(writer.drain() for writer in fake._writers))
        await asyncio.to_thread(pipe.recv)
    await fake.stop()


def sender(calls: int, pipe: Connection) -> None:
    asyncio.run(send(calls, pipe))


async def ours(port: int, calls: int, pipe: Connection) -> float:
    gone = asyncio.Event()
    left = calls

    def on_event(event: AmiEvent) -> None:
        nonlocal left
        if type(event) is ChannelGone:
            left -= 1
            if not left:
                gone.set()

    async def on_connected() -> None:
        pass

    ami = AmiConnection(
        "127.0.0.1",
        port,
        "tsunagu",
        "right",
        clock=SystemClock(),
        on_event=on_event,
        on_connected=on_connected,
        on_lost=lambda: None,
    )
    await ami.start()
    pipe.send("go")
    began_s = time.process_time()
    await gone.wait()
    used_s = time.process_time() - began_s
    assert (ami.counts.events, ami.counts.ignored) == (10 * calls + 1, 16 * calls)
    await ami.close()
    pipe.send("done")
    return used_s


async def stock(port: int, calls: int, pipe: Connection) -> float:
    gone = asyncio.Event()
    logged_in = asyncio.Event()
    left = calls

    def on_event(manager: object, event: dict[str, str]) -> None:
        nonlocal left
        if event["Event"] == "Hangup":
            left -= 1
            if not left:
                gone.set()

    manager = Manager(
        host="127.0.0.1", port=port, username="tsunagu", secret="right", on_login=lambda m: logged_in.set()
    )
    manager.register_event("*", on_event)
    await manager.connect()
    await logged_in.wait()
    pipe.send("go")
    began_s = time.process_time()
    await gone.wait()
    used_s = time.process_time() - began_s
    manager.protocol.factory.connection_lost = lambda exc: None  # or it would connect again
    manager.close()
    pipe.send("done")
    return used_s


async def main(calls: int) -> None:
    here, there = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=sender, args=(calls, there))
    child.start()
    port = await asyncio.to_thread(here.recv)
    events = 26 * calls
    rates = {
        "tsunagu_events_per_cpu_s": round(events / await ours(port, calls, here)),
        "panoramisk_events_per_cpu_s": round(events / await stock(port, calls, here)),
    }
    child.join()
    ratio = rates["tsunagu_events_per_cpu_s"] / rates["panoramisk_events_per_cpu_s"]
    mean = round(len(call_bytes(1)) / 26)
    print(json.dumps({"events": events, "mean_bytes": mean, **rates, "ratio": round(ratio, 2)}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 4000))
