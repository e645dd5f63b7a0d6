"""What commands that need nothing but the database share: one connection to it, and campaigns by their name.

Decides nothing. Errors of the domain become one line on stderr.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import click

from campaigns.campaign import Campaign, load_campaigns
from campaigns.errors import CampaignError, CampaignUnknown
from dialer.clock import Clock
from dialer.db.pool import open_pool
from dialer.settings import read_settings
from dialer.site.servers import running_database

Result = TypeVar("Result")


def run_on_database(act: Callable[[asyncpg.Connection], Awaitable[Result]], clock: Clock, application: str) -> Result:
    """Do one thing on one connection to this site's database.

    Args:
        application: as PostgreSQL shows it, for example ``tsunagu why``.

    Raises:
        click.ClickException: what `act` refused.
    """

    async def run() -> Result:
        async with running_database(read_settings(), clock) as dsn:
            pool = await open_pool(dsn, size=1, application=application)
            try:
                async with pool.acquire() as conn:
                    return await act(conn)
            finally:
                await pool.close()

    try:
        return asyncio.run(run())
    except CampaignError as error:
        raise click.ClickException(str(error)) from error


async def campaign_named(conn: asyncpg.Connection, name: str) -> Campaign:
    """The campaign of that name, or of that id when no name fits.

    Raises:
        CampaignUnknown: there is none.
    """
    campaigns = await load_campaigns(conn)
    named = [one for one in campaigns if one.name == name] or [one for one in campaigns if str(one.campaign_id) == name]
    if not named:
        raise CampaignUnknown(f"{name}: no campaign has this name or id (see `dialer campaign list`)")
    return named[0]
