"""The list of a campaign that is made right after a large import, before PostgreSQL has looked at the tables."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from campaigns.campaign import NewCampaign, add_campaign
from campaigns.importing.importer import import_file
from campaigns.importing.mapping import load_mapping
from dialer.clock import SystemClock
from dialer.simulation.people_file import write_people

ROWS = 30_000
CLOCK = SystemClock()


async def test_a_campaign_can_be_added_right_after_a_large_import(db: asyncpg.Connection, tmp_path: Path) -> None:
    """Its list takes a fraction of the import's time; nested loops over tables believed empty took several times it.

    Held against the import itself, so that a slow machine slows both.
    """
    mapping, file = load_mapping("niigata"), tmp_path / "people.csv"
    write_people(file, mapping, ROWS, 1)
    began_s = CLOCK.monotonic_s()
    result = await import_file(db, file, mapping, now=CLOCK.now(), progress=lambda _: None)
    assert result.applied
    imported_s = CLOCK.monotonic_s()
    await add_campaign(db, NewCampaign(name="試験", debt_types=tuple(kind.code for kind in mapping.debt_types)))
    listed_s = CLOCK.monotonic_s()
    assert listed_s - imported_s < imported_s - began_s
    assert await db.fetchval("SELECT count(*) FROM list_entry") > ROWS / 10
