"""Asks a running Asterisk through its console socket, as ``asterisk -rx COMMAND`` does.

No second program has to be started (and found inside the box) for it: the socket lies in our folder.

Source: Asterisk's main/asterisk.c, functions ast_remotecontrol and netconsole: the server greets with
one line (host name, process id, version), each command is ended by a NUL byte, and a command that begins
with ``cli quit after`` closes the connection behind its answer.
"""

from __future__ import annotations

import asyncio
from pathlib import Path


async def ask(socket: Path, command: str, *, timeout_s: float = 5.0) -> str:
    """What the console answers to `command`.

    Raises:
        OSError: nobody listens on `socket`.
        TimeoutError: no answer within `timeout_s`.
    """
    async with asyncio.timeout(timeout_s):
        reader, writer = await asyncio.open_unix_connection(str(socket))
        try:
            await reader.readline()
            writer.write(f"cli quit after {command}\0".encode())
            await writer.drain()
            answer = await reader.read()
        finally:
            writer.close()
    return answer.replace(b"\0", b"").decode(errors="replace")
