"""The plan that PostgreSQL keeps for the claim, with what one claim took and touched, as text for ``bench/plans``."""

from __future__ import annotations

import asyncpg

from bench.claim_people import NOW
from campaigns.campaign import Campaign
from campaigns.claiming import claim
from campaigns.model import Window


class _Listener:
    """Stands in for a connection and remembers the last query for rows."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._conn = conn
        self.last: tuple[str, tuple[object, ...]] = ("", ())

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        self.last = (sql, values)
        return list(await self._conn.fetch(sql, *values))

    async def fetchval(self, sql: str, *values: object) -> object:
        return await self._conn.fetchval(sql, *values)


async def explained(conn: asyncpg.Connection, campaign: Campaign, limit: int) -> str:
    """The plan that the server keeps for the claim, with what a claim of `limit` people touched."""
    listener, lines = _Listener(conn), list[str]()
    async with conn.transaction():
        await claim(listener, campaign, limit, Window.WEEKDAY, NOW)
        sql, values = listener.last
        await conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await conn.execute(f"PREPARE the_claim AS {sql}")
        literals = ", ".join([await conn.fetchval("SELECT quote_nullable($1::text)", _text(value)) for value in values])
        lines = [r[0] for r in await conn.fetch(f"EXPLAIN (ANALYZE, BUFFERS) EXECUTE the_claim ({literals})")]
        await conn.execute("DEALLOCATE the_claim")
    return "\n".join(lines) + "\n"


def _text(value: object) -> str | None:
    if isinstance(value, list | tuple):
        return "{" + ",".join(value) + "}"
    return None if value is None else str(value)
