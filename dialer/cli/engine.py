"""Run the engine: places calls, joins answered ones to agents (started by `dialer up` and `dialer demo`)."""

from __future__ import annotations

import asyncio
import sys

import click

from dialer.clock import SystemClock
from dialer.engine import engine_of
from dialer.logs import log_to
from dialer.settings import read_settings
from dialer.site.interrupt import until_interrupted
from dialer.site.servers import ami_secret, database_url, redis_url


@click.command("engine")
def command() -> None:
    """Run the engine until it is interrupted."""
    settings = read_settings()
    log_to(sys.stderr)
    engine = engine_of(
        settings,
        SystemClock(),
        database_url=database_url(settings),
        redis_url=redis_url(settings),
        ami_secret=ami_secret(settings),
    )
    asyncio.run(until_interrupted(engine.run()))
