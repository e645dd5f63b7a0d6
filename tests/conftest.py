"""Fixtures that every kind of test may use: a real PostgreSQL with a schema per test, a clock."""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from dialer.clock import SystemClock
from dialer.db.migrate import migrate
from dialer.site.postgres import PrivatePostgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PrivatePostgres]:
    """One private server for the whole run, with the migrated template ``tsunagu``."""
    with tempfile.TemporaryDirectory(prefix="tsunagu-pg-") as folder:
        Path(folder).chmod(0o755)
        server = PrivatePostgres(Path(folder), SystemClock())

        async def up() -> None:
            await server.start()
            conn = await asyncpg.connect(server.dsn())
            try:
                await migrate(conn, SystemClock())
            finally:
                await conn.close()

        with asyncio.Runner() as runner:
            runner.run(up())
            try:
                yield server
            finally:
                runner.run(server.stop())


@pytest.fixture
async def dsn(postgres_server: PrivatePostgres) -> AsyncIterator[str]:
    """A database of this test's own, cloned from the migrated template."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    admin = await asyncpg.connect(postgres_server.dsn("postgres"))
    try:
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE tsunagu')
        yield postgres_server.dsn(name)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """One connection to this test's own database."""
    conn = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        yield conn
    finally:
        await conn.close()
