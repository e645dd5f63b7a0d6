"""The Asterisk of a site: its seats, its files, its process.

Decides which extensions there are (as many of each kind as the settings say) and where Asterisk's folder lies;
the files' content is decided in `dialer/asterisk/render.py`.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence

import asyncpg

from dialer.agents.store import Seat, add_seats, load_seats
from dialer.asterisk.box import find_root
from dialer.asterisk.process import AsteriskProcess
from dialer.asterisk.render import render_pbx
from dialer.asterisk.templates import PROMPTS
from dialer.clock import Clock
from dialer.errors import StartError
from dialer.settings import Settings
from dialer.site.servers import ami_secret

_FIRST_EXTENSION = {"web": 1001, "sip": 2001}
_SECRET_BYTES = 18
_CONNECT_S = 5.0


async def seats_of(settings: Settings, database_url: str) -> list[Seat]:
    """All seats, after adding those that the settings ask for and that are not there yet.

    A seat is never taken away here: its number may stand in agents' time and on a telephone.

    Raises:
        StartError: the database can't be reached.
    """
    wanted = [
        Seat(str(_FIRST_EXTENSION[kind] + i), kind, secrets.token_urlsafe(_SECRET_BYTES))
        for kind, count in (("web", settings.web_seats), ("sip", settings.sip_seats))
        for i in range(count)
    ]
    try:
        conn = await asyncpg.connect(database_url, timeout=_CONNECT_S, command_timeout=_CONNECT_S)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise StartError(f"PostgreSQL: {error or 'no answer'}") from error
    try:
        async with conn.transaction():
            await add_seats(conn, wanted)
            return await load_seats(conn)
    finally:
        await conn.close(timeout=_CONNECT_S)


def render_private(settings: Settings, seats: Sequence[Seat], clock: Clock) -> AsteriskProcess:
    """Write the files of this site's Asterisk; it is ready to be started.

    Raises:
        StartError, SettingsError: no Asterisk is here, or a setting can't stand in its files.
    """
    folder, root = settings.var / "asterisk", find_root()
    render_pbx(settings, folder, seats=seats, ami_secret=ami_secret(settings), rootfs=root, spool=settings.spool)
    return AsteriskProcess(
        folder,
        root,
        clock,
        writable=[settings.spool],
        readable=[PROMPTS],
        resolve_names=_is_name(settings.trunk_host),
    )


def _is_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host != ""
    return False
