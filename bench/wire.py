"""What passes on the wire between both Asterisks: when a callee's 200 OK was sent, when the agent's tone came to her.

The only exact clock of both: a recording begins with the first sound, not with the answer. Packets of the loopback
interface can be read by root (CAP_NET_RAW) only; without that right `Wire.start` says so and nothing is measured here.
A process of its own, so that it does not slow what it watches; the kernel passes it nothing but what it needs.

    python -m bench.wire SIP_PORT RTP_START RTP_END     (the carrier's; ends when its standard input does)

Prints one JSON object: milliseconds by number. Source: packet(7), the Linux Socket Filter documentation.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import re
import selectors
import socket
import struct
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path

import numpy as np

from bench.sound import AGENT_HZ, RATE_HZ
from dialer.settings import Settings

_ETHER, _UDP, _RTP = 14, 8, 12  # bytes of the headers
_IPV4, _ALL = 0x0800, 0x0003
_OUTGOING = 4  # each packet of the loopback interface is seen twice, sent and received: once is enough
_SO_ATTACH_FILTER, _SO_TIMESTAMPNS, _RECEIVE_BUFFER = 26, 35, 1 << 24
_NO_RIGHT = 3
_STOP_S = 10.0
_AUDIBLE = 1000.0  # amplitude of 32768
_ANSWERED = re.compile(rb"\r\nTo:[^\r]*sip:(\+\d+)@.*\r\nm=audio (\d+) ", re.DOTALL)
_CALL_ID = re.compile(rb"\r\nCall-ID: ([^\r]+)")


class Wire:
    """Listens from `start` to `stop`."""

    def __init__(self, settings: Settings) -> None:
        self._ports = [settings.carrier_sip_port, settings.carrier_rtp_start, settings.carrier_rtp_end]
        self._process: Process | None = None

    async def start(self) -> bool:
        """Begin; False when this user may not read packets."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.wire", *map(str, self._ports),
            cwd=Path(__file__).parents[1], stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
        )  # fmt: skip
        assert self._process.stdout is not None
        return bool(await self._process.stdout.readline())

    async def stop(self) -> dict[str, float]:
        """Milliseconds from each callee's answer to the agent's tone, by number; empty when nothing was heard."""
        process, self._process = self._process, None
        if process is None:
            return {}
        try:
            async with asyncio.timeout(_STOP_S):
                said, _ = await process.communicate(b"")  # the end of its input tells it to end
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return dict(json.loads(said)) if said else {}


def _listen(sip_port: int, rtp_start: int, rtp_end: int) -> dict[str, float]:
    """Until the standard input ends."""
    waiting: dict[int, tuple[float, str]] = {}  # by the port on which the callee hears
    known: set[bytes] = set()
    heard_ms: dict[str, float] = {}
    with (
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL)) as wire,
        selectors.DefaultSelector() as ready,
    ):
        wire.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        _let_pass(wire, sip_port, rtp_start, rtp_end)
        wire.bind(("lo", 0))
        print("listening", flush=True)
        ready.register(wire, selectors.EVENT_READ)
        ready.register(sys.stdin, selectors.EVENT_READ)
        while all(key.fileobj is wire for key, _ in ready.select()):
            packet, told, _, _ = wire.recvmsg(4096, 64)
            at_s = _stamp_s(told)
            udp = _ETHER + 4 * (packet[_ETHER] & 15)
            source, target = struct.unpack_from("!HH", packet, udp)
            payload = packet[udp + _UDP :]
            if source == sip_port:
                if (answer := _answer(payload, known)) is not None:
                    waiting[answer[0]] = (at_s, answer[1])
            elif target in waiting and _has_tone(payload):
                answered_s, number = waiting.pop(target)
                heard_ms[number] = 1000 * (at_s - answered_s)
    return heard_ms


def _answer(message: bytes, known: set[bytes]) -> tuple[int, str] | None:
    """Port and number of a callee who answers; None for all else, a repeated answer included."""
    if not message.startswith(b"SIP/2.0 200 ") or (call := _CALL_ID.search(message)) is None or call[1] in known:
        return None
    found = _ANSWERED.search(message)
    if found is None:
        return None
    known.add(call[1])
    return int(found[2]), found[1].decode()


def _has_tone(rtp: bytes) -> bool:
    """Whether the agent's tone sounds in a packet of μ-law (ITU-T G.711)."""
    if len(rtp) < _RTP + RATE_HZ // 100 or rtp[0] >> 6 != 2:
        return False
    code = ~np.frombuffer(rtp[_RTP:], np.uint8)
    size = (((code & 15).astype(np.int32) << 3) + 132 << ((code >> 4) & 7)) - 132
    x = np.where(code & 128, -size, size)
    turn = np.exp(-2j * np.pi * AGENT_HZ * np.arange(len(x)) / RATE_HZ)
    return bool(abs(x @ turn) * 2 / len(x) > _AUDIBLE)


def _stamp_s(told: list[tuple[int, int, bytes]]) -> float:
    seconds, nanoseconds = struct.unpack("qq", told[0][2])
    return float(seconds + nanoseconds / 1e9)


def _let_pass(wire: socket.socket, sip_port: int, rtp_start: int, rtp_end: int) -> None:
    """Only UDP that leaves `sip_port` or goes to an RTP port, in classic BPF."""
    ld, ldh, ldb, ldxb, ldh_x, jeq, jge, jgt, ret = 0x20, 0x28, 0x30, 0xB1, 0x48, 0x15, 0x35, 0x25, 0x06
    program = [
        (ld, 0, 0, 0xFFFFF004),  # direction
        (jeq, 0, 11, _OUTGOING),
        (ldh, 0, 0, 12),
        (jeq, 0, 9, _IPV4),
        (ldb, 0, 0, _ETHER + 9),
        (jeq, 0, 7, socket.IPPROTO_UDP),
        (ldxb, 0, 0, _ETHER),  # length of the IP header
        (ldh_x, 0, 0, _ETHER),
        (jeq, 3, 0, sip_port),
        (ldh_x, 0, 0, _ETHER + 2),
        (jge, 0, 2, rtp_start),
        (jgt, 1, 0, rtp_end),
        (ret, 0, 0, 0xFFFF),
        (ret, 0, 0, 0),
    ]
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    wire.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(code)))


if __name__ == "__main__":
    try:
        print(json.dumps(_listen(*map(int, sys.argv[1:4]))))
    except PermissionError:
        sys.exit(_NO_RIGHT)
