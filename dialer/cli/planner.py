"""``dialer planner``: grades the lists by what each hour is worth, fits the model, settles promises."""

from __future__ import annotations

import asyncio
import sys

import click

from dialer.clock import SystemClock
from dialer.logs import log_to
from dialer.planner import run
from dialer.settings import read_settings
from dialer.site.interrupt import until_interrupted


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
def command(once: bool) -> None:
    """Plan: whom to call next in each kind of hour. Runs until interrupted."""
    settings = read_settings()
    log_to(sys.stderr)
    asyncio.run(until_interrupted(run(settings, SystemClock(), once=once)))
