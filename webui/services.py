"""What every handler may use, gathered once by ``app.make_app``; and how a handler gives its answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec
from aiohttp import web

from dialer.accounts.passwords import Passwords
from dialer.clock import Clock
from dialer.control_client import ControlClient
from dialer.settings import Settings
from webui.live.feed import LiveFeed
from webui.talk.script import TalkScript


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of the web process; handlers get this object and nothing global."""

    pool: asyncpg.Pool
    control: ControlClient
    clock: Clock
    settings: Settings
    passwords: Passwords
    login_turn: asyncio.Semaphore
    feed: LiveFeed
    script: TalkScript


SERVICES = web.AppKey("services", Services)

_encoder = msgspec.json.Encoder(uuid_format="canonical")


def answer(value: Any, *, status: int = 200) -> web.Response:
    """`value` as JSON; times come out in ISO 8601 with their offset."""
    return web.Response(body=_encoder.encode(value), status=status, content_type="application/json")
