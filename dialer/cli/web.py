"""``dialer web``: serve the pages and their HTTP interface.

The one place that wires ``webui`` to its database, Redis, engine and clock. ``dialer up`` and ``dialer demo`` start
this command; the servers must run.
"""

from __future__ import annotations

import asyncio
import signal
import sys

import click
from aiohttp import web

from dialer.clock import SystemClock
from dialer.control_client import ControlClient
from dialer.db.pool import open_pool
from dialer.errors import PortTaken
from dialer.logs import log_to
from dialer.settings import Settings, read_settings
from dialer.site.servers import database_url, redis_url
from webui.app import make_app
from webui.live.feed import open_reader

_SHUTDOWN_S = 3.0


@click.command()
def command() -> None:
    """Serve the pages until interrupted."""
    settings = read_settings()
    log_to(sys.stderr)
    asyncio.run(serve(settings))


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        StartError: the database can't be reached, or the port is taken.
    """
    pool = await open_pool(database_url(settings), application="tsunagu web")
    redis = open_reader(redis_url(settings))
    control = ControlClient(settings.engine_socket)
    runner = web.AppRunner(
        make_app(pool, redis, control, SystemClock(), settings), access_log=None, shutdown_timeout=_SHUTDOWN_S
    )
    try:
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.web_host, settings.web_port).start()
        except OSError as error:
            raise PortTaken(f"WEB_PORT {settings.web_port} on {settings.web_host}: {error.strerror}") from error
        click.echo(f"http://{settings.web_host}:{settings.web_port}/", err=True)
        await _until_told_to_stop()
    finally:
        await runner.cleanup()
        await control.close()
        await redis.aclose()
        await pool.close()


async def _until_told_to_stop() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await stop.wait()
