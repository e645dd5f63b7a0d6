"""``dialer worker``: keeps recordings: joins, encodes, checks and stores them after the hang-up."""

from __future__ import annotations

import asyncio
import sys

import click

from dialer.clock import SystemClock
from dialer.logs import log_to
from dialer.settings import read_settings
from dialer.site.interrupt import until_interrupted
from dialer.worker import run


@click.command()
@click.option("--once", is_flag=True, help="Store what waits now, then end.")
@click.option("--retry-failed", is_flag=True, help="First put recordings that failed back to waiting.")
def command(once: bool, retry_failed: bool) -> None:
    """Keep recordings: join both voices, encode, check, store. Runs until interrupted."""
    settings = read_settings()
    log_to(sys.stderr)
    asyncio.run(until_interrupted(run(settings, SystemClock(), once=once, retry_failed=retry_failed)))
