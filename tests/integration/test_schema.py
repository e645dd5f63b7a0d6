"""The schema: every file applies, once."""

from __future__ import annotations

import asyncpg
import pytest

from dialer.clock import SystemClock
from dialer.db.migrate import SchemaFile, migrate, schema_files
from dialer.errors import SchemaError


async def test_a_second_run_applies_nothing(db: asyncpg.Connection) -> None:
    """`dialer up` on a current database changes nothing."""
    assert await migrate(db, SystemClock()) == []


async def test_a_changed_file_is_refused(db: asyncpg.Connection) -> None:
    """A file that was edited after it had been applied stops the start, naming the file."""
    changed = [SchemaFile(f.name, f.text + "\n-- edited") for f in schema_files()]
    with pytest.raises(SchemaError, match=r"campaigns/0001_people\.sql"):
        await migrate(db, SystemClock(), changed)


async def test_a_database_of_a_newer_release_is_refused(db: asyncpg.Connection) -> None:
    """An older release must not run on tables that it doesn't know."""
    with pytest.raises(SchemaError, match="newer release"):
        await migrate(db, SystemClock(), schema_files()[:-1])
