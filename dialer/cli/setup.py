"""``dialer setup``: prepares database, seats, secrets and Asterisk's files without running the site."""

from __future__ import annotations

import asyncio

import click

from dialer.clock import Clock, SystemClock
from dialer.settings import Settings, read_settings
from dialer.site.interrupt import until_interrupted
from dialer.site.pbx import render_private, seats_of
from dialer.site.servers import running_database


@click.command()
def command() -> None:
    """Bring the schema up to date, make seats and secrets, write Asterisk's files; nothing keeps running.

    With ASTERISK=external the files are those to be copied to the machine that Asterisk runs on.
    """
    asyncio.run(until_interrupted(_prepare(read_settings(), SystemClock())))


async def _prepare(settings: Settings, clock: Clock) -> None:
    async with running_database(settings, clock) as address:
        click.echo("database: the schema is that of this release")
        seats = await seats_of(settings, address)
    click.echo(f"seats: {len(seats)}")
    click.echo(f"Asterisk's files: {render_private(settings, seats, clock).folder / 'etc'}")
