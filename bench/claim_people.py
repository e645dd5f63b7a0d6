"""A list of 300,000 debtors with millions of past attempts, made up in the database by set-based SQL.

Decides what such a list looks like (``sql/claiming.sql``); nothing of it is measured. It takes about two minutes.

Invariant: the two databases hold the same people, histories and grades; only the past attempts differ in number.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from bench.bench_site import CLOCK, SQL, Report
from campaigns.calendar import JST, cell_of, jst_date
from campaigns.campaign import CampaignState, NewCampaign, add_campaign, set_state
from campaigns.model import Window
from dialer.db.migrate import migrate
from dialer.site.postgres import PrivatePostgres

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=JST).astimezone(UTC)
"""A Tuesday, in the weekday window."""

DEBT_TYPES = ("city_tax", "care_insurance")
FEW, MANY = "few", "many"


@asynccontextmanager
async def made_up_lists(
    folder: Path, people: int, few: int, many: int, report: Report
) -> AsyncIterator[PrivatePostgres]:
    """A private server with two databases, `FEW` and `MANY`, by their number of past attempts."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    server = PrivatePostgres(folder / "pg", CLOCK)
    await server.start()
    try:
        admin = await asyncpg.connect(server.dsn("postgres"))
        try:
            await admin.execute(f"CREATE DATABASE {FEW}")
            await _fill(server.dsn(FEW), people, few, report)
            await admin.execute(f"CREATE DATABASE {MANY} TEMPLATE {FEW}")
        finally:
            await admin.close()
        await _add_attempts(server.dsn(MANY), people, few, many, report)
        for name in (FEW, MANY):
            await _settle(server.dsn(name))
        yield server
    finally:
        await server.stop()


async def connect(server: PrivatePostgres, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(server.dsn(database), server_settings={"timezone": "UTC"})


async def _fill(dsn: str, people: int, attempts: int, report: Report) -> None:
    report(f"{people:,} debtors are made up")
    conn = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        await migrate(conn, CLOCK)
        await SQL.fast_loading(conn)
        await SQL.make_debt_types(conn)
        await SQL.make_households(conn, people=people)
        await SQL.make_people(conn, people=people)
        await SQL.make_phones(conn, people=people)
        await SQL.make_first_numbers(conn, people=people)
        await SQL.make_second_numbers(conn, people=people)
        await SQL.make_debts(conn, people=people)
        await SQL.make_progress(conn, now=NOW, people=people)
        for make in (
            SQL.make_line_rests,
            SQL.make_household_rests,
            SQL.make_stops,
            SQL.make_promises,
            SQL.make_evidence,
        ):
            await make(conn, now=NOW)
        campaign_id = await add_campaign(conn, NewCampaign(name="bench", debt_types=DEBT_TYPES))
        await set_state(conn, campaign_id, CampaignState.RUNNING)
        await SQL.make_grades(conn, day=cell_of(Window.WEEKDAY, jst_date(NOW)))
        await SQL.now_graded(conn, now=NOW)
    finally:
        await conn.close()
    await _add_attempts(dsn, people, 0, attempts, report)


async def _add_attempts(dsn: str, people: int, made: int, wanted: int, report: Report) -> None:
    report(f"{wanted - made:,} past attempts are made up")
    conn = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        await SQL.fast_loading(conn)
        await SQL.drop_attempt_indexes(conn)
        await SQL.make_attempts(conn, first=made + 1, last=wanted, people=people, campaign_id=1, now=NOW)
        await SQL.make_attempt_indexes(conn)
    finally:
        await conn.close()


async def _settle(dsn: str) -> None:
    conn = await asyncpg.connect(dsn)
    try:
        await SQL.settle(conn)
    finally:
        await conn.close()
