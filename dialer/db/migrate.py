"""Brings a PostgreSQL database to the schema of this release.

Each of the four folders that own tables keeps plain SQL files ``NNNN_name.sql`` in its ``schema/``;
they are applied in the order in which the folders may refer to each other. One transaction a file,
with its SHA-256 in ``schema_file``; a changed or unknown file is an error and nothing is applied.

Concurrent runners wait for each other by polling ``pg_try_advisory_lock``: a blocking lock would
deadlock with ``CREATE INDEX CONCURRENTLY``, which waits for the snapshots of those who wait.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

import asyncpg

from dialer.clock import Clock
from dialer.errors import SchemaError

OWNERS = ("campaigns", "recordings", "dialer", "webui")
_LOCK_KEY = 0x7_5A6E_4147  # any constant of our own
_POLL_S = 0.05


@dataclass(frozen=True)
class SchemaFile:
    """One file of DDL; `name` is ``owner/NNNN_name.sql``."""

    name: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def schema_files() -> list[SchemaFile]:
    """All files of this release, in the order in which they are applied."""
    found = []
    for owner in OWNERS:
        folder = files(owner) / "schema"
        for entry in sorted(folder.iterdir(), key=lambda e: e.name):
            if entry.name.endswith(".sql"):
                found.append(SchemaFile(f"{owner}/{entry.name}", entry.read_text(encoding="utf-8")))
    return found


async def migrate(conn: asyncpg.Connection, clock: Clock, applying: list[SchemaFile] | None = None) -> list[str]:
    """Apply what is missing; return the names applied (empty when the schema was current).

    Raises:
        SchemaError: an applied file has changed since, or the database knows a file that this
            release does not (it was made by a newer one).
    """
    ours = schema_files() if applying is None else applying
    while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK_KEY):
        await clock.sleep(_POLL_S)
    try:
        await conn.execute(
            "CREATE TABLE IF NOT EXISTS schema_file"
            " (name text PRIMARY KEY, sha256 text NOT NULL, applied_at timestamptz NOT NULL)"
        )
        applied = {r["name"]: r["sha256"] for r in await conn.fetch("SELECT name, sha256 FROM schema_file")}
        known = {f.name for f in ours}
        if unknown := sorted(set(applied) - known):
            raise SchemaError(f"the database was made by a newer release: it holds {', '.join(unknown)}")
        if changed := sorted(f.name for f in ours if applied.get(f.name, f.sha256) != f.sha256):
            raise SchemaError(f"applied schema files were changed afterwards: {', '.join(changed)}")
        done = []
        for file in ours:
            if file.name in applied:
                continue
            async with conn.transaction():
                await conn.execute(file.text)
                await conn.execute("INSERT INTO schema_file VALUES ($1, $2, $3)", file.name, file.sha256, clock.now())
            done.append(file.name)
        return done
    finally:
        await conn.execute("SELECT pg_advisory_unlock($1)", _LOCK_KEY)
