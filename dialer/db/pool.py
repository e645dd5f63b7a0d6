"""Opens the pool of PostgreSQL connections that one process uses."""

from __future__ import annotations

import asyncpg

from dialer.errors import StartError

COMMAND_TIMEOUT_S = 10.0


async def open_pool(
    dsn: str,
    *,
    size: int = 8,
    application: str = "tsunagu",
    ready: bool = False,
    command_timeout_s: float = COMMAND_TIMEOUT_S,
) -> asyncpg.Pool:
    """A pool of at most `size` connections; connecting times out after `COMMAND_TIMEOUT_S`.

    Args:
        command_timeout_s: longest time for one command.
        ready: open all connections now and keep them, and don't ask the server to forget a session's settings at
            each release: for a process in which somebody waits for each write, and that sets nothing there.

    Raises:
        StartError: the server can't be reached or refuses (its own words, without the DSN).
    """
    try:
        return await asyncpg.create_pool(
            dsn,
            min_size=size if ready else 1,
            max_size=size,
            max_inactive_connection_lifetime=0 if ready else 300,
            timeout=COMMAND_TIMEOUT_S,
            reset=_nothing if ready else None,
            command_timeout=command_timeout_s,
            server_settings={"application_name": application, "timezone": "UTC"},
        )
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise StartError(f"PostgreSQL: {error}") from error


async def _nothing(_: asyncpg.Connection) -> None:
    """asyncpg itself ends a transaction that was left open; there is nothing else to undo."""
