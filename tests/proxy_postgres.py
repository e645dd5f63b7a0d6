"""A wire between a client and the real PostgreSQL that a test can cut at the worst moment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from dialer.site.postgres import private_dsn


class Wire:
    """Passes bytes on, both ways, until it is told to lose something.

    Attributes:
        commits_to_lose: commits that are still to be carried out by the server but never confirmed.
        lost: how many were.
        away: whoever connects is cut off at once.
    """

    def __init__(self, server: Path) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()
        self.commits_to_lose = 0
        self.lost = 0
        self.away = False

    async def cut(self) -> None:
        """End every connection, and let nobody in before `away` is false again."""
        self.away = True
        await self.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self.away:
            writer.close()
            return
        self._tasks.add(task)
        ends = [writer]
        try:
            server_reader, server_writer = await asyncio.open_unix_connection(str(self._server))
            ends.append(server_writer)
            with contextlib.suppress(OSError):
                await self._pass(reader, writer, server_reader, server_writer)
        except asyncio.CancelledError:
            pass  # cut
        finally:
            for end in ends:
                end.close()
                with contextlib.suppress(OSError):
                    await end.wait_closed()
            self._tasks.discard(task)

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        server_reader: asyncio.StreamReader,
        server_writer: asyncio.StreamWriter,
    ) -> None:
        answers = asyncio.create_task(_copy(server_reader, writer))
        try:
            while data := await reader.read(65536):
                if b"COMMIT" in data and self.commits_to_lose > 0:
                    self.commits_to_lose -= 1
                    self.lost += 1
                    answers.cancel()
                    await asyncio.wait({answers})
                    server_writer.write(data)
                    await server_reader.read(65536)  # the server has committed
                    return
                server_writer.write(data)
        finally:
            answers.cancel()
            await asyncio.wait({answers})

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(set(self._tasks))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@contextlib.asynccontextmanager
async def wire_to(server_folder: Path, database: str, folder: Path) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the private server in `server_folder`; yields it and the address of `database` through it."""
    wire = Wire(server_folder / ".s.PGSQL.5432")
    server = await asyncio.start_unix_server(wire.serve, str(folder / ".s.PGSQL.5432"))
    try:
        yield wire, private_dsn(folder, database)
    finally:
        server.close()
        await wire.close()
