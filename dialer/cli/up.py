"""``dialer up``: runs a real site: servers, Asterisk, engine, web, worker, planner, until interrupted."""

from __future__ import annotations

import asyncio
import sys

import click

from dialer.clock import Clock, SystemClock
from dialer.errors import SettingsError
from dialer.logs import log_to
from dialer.settings import Settings, read_settings
from dialer.site import processes
from dialer.site.interrupt import until_interrupted
from dialer.site.pbx import render_private, seats_of
from dialer.site.servers import Site
from dialer.site.trunk import until_registered


@click.command()
def command() -> None:
    """Run a real site until interrupted: servers, Asterisk and our processes, started again when they die."""
    settings = read_settings()
    log_to(sys.stderr)
    if settings.asterisk == "private" and not settings.trunk_host:
        raise SettingsError("TRUNK_HOST: must name the telephone network's host (`dialer demo` simulates one)")
    asyncio.run(until_interrupted(_run(settings, SystemClock())))
    click.echo("everything is stopped")


async def _run(settings: Settings, clock: Clock) -> None:
    async with Site(settings, clock, report=click.echo) as site:
        seats = await seats_of(settings, site.database_url)
        if settings.asterisk == "private":
            await site.start(render_private(settings, seats, clock))
            await until_registered(settings, clock)
        for process in (processes.engine, processes.web, processes.worker, processes.planner):
            await site.start(process(settings, clock))
        click.echo(
            f"つなぐ: {settings.web_origin or f'http://{settings.web_host}:{settings.web_port}'}/ (Ctrl-C ends it)"
        )
        await site.watch()
