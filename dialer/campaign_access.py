"""What the commands about campaigns share: this site's database, and a campaign by its name or id."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import click

from campaigns.campaign import Campaign, load_campaigns
from campaigns.errors import CampaignError, CampaignUnknown
from dialer.clock import SystemClock
from dialer.db.pool import open_pool
from dialer.settings import read_settings
from dialer.site.servers import running_database

Result = TypeVar("Result")


async def find_campaign(conn: asyncpg.Connection, name: str) -> Campaign:
    """The campaign of that name, or of that id when no name fits.

    Raises:
        CampaignUnknown: there is none.
    """
    campaigns = await load_campaigns(conn)
    for campaign in campaigns:
        if campaign.name == name:
            return campaign
    for campaign in campaigns:
        if str(campaign.campaign_id) == name:
            return campaign
    raise CampaignUnknown(f"{name}: no campaign has this name or id (see `dialer campaign list`)")


def on_database(act: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
    """Do one thing on one connection to this site's database; a refusal becomes the command's error."""

    async def run() -> Result:
        async with running_database(read_settings(), SystemClock()) as dsn:
            pool = await open_pool(dsn, size=1, application="tsunagu campaign")
            try:
                async with pool.acquire() as conn:
                    return await act(conn)
            finally:
                await pool.close()

    try:
        return asyncio.run(run())
    except CampaignError as error:
        raise click.ClickException(str(error)) from error
