"""Ports for test servers, so that several runs on one machine don't meet."""

from __future__ import annotations

import contextlib
import random
import socket

# Below the kernel's ephemeral range: no outgoing connection takes one between our looking and our using.
_LOWEST, _HIGHEST = 11_000, 31_000


def free_ports(count: int) -> list[int]:
    """`count` ports of 127.0.0.1 that are free for TCP and UDP alike."""
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(_LOWEST, _HIGHEST)
        if port not in found and _is_free(port):
            found.append(port)
    return found


def free_range(size: int) -> tuple[int, int]:
    """First and last of a range for RTP. Asterisk passes over single ports that are taken."""
    start = random.randrange(_LOWEST, _HIGHEST - size, 2)
    return start, start + size - 1


def _is_free(port: int) -> bool:
    with contextlib.ExitStack() as probes:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            probe = probes.enter_context(socket.socket(socket.AF_INET, kind))
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
