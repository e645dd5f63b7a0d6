"""``GET /api/live``: the WebSocket of one page.

Sends only; what a page says is ignored. The session behind it is looked at again every `_RECHECK_S`, so that a
log-out or a disabled account ends its open pages too, and a page left open keeps its session alive.
"""

from __future__ import annotations

import asyncio

import asyncpg
from aiohttp import WSCloseCode, web

from webui.access import Principal
from webui.live.messages import View
from webui.live.page import PageQueue
from webui.services import Services
from webui.sessions import find_principal

_HEARTBEAT_S = 20.0
_SEND_TIMEOUT_S = 10.0
_RECHECK_S = 30.0
SESSION_ENDED = 4001  # own close code: the page goes to /login instead of reconnecting


async def live(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """Serve live messages until either side ends."""
    socket = web.WebSocketResponse(heartbeat=_HEARTBEAT_S, max_msg_size=1024)
    await socket.prepare(request)
    view = View(agent_id=me.user_id if me.takes_calls else None, everything=me.supervises)
    with services.feed.open_page(view) as page:
        reading = asyncio.create_task(_read_until_closed(socket, page))
        try:
            code = await _send(request, services, socket, page)
        finally:
            reading.cancel()
    # RFC 6455 7.4.1: 1013 = try again later.
    await socket.close(code=code)
    return socket


async def _send(request: web.Request, services: Services, socket: web.WebSocketResponse, page: PageQueue) -> int:
    """Pass messages on; the close code when there is an end."""
    checked_s = services.clock.monotonic_s()
    while True:
        text = await page.next(_RECHECK_S)
        if page.closed:
            return WSCloseCode.TRY_AGAIN_LATER
        if text is not None:
            try:
                async with asyncio.timeout(_SEND_TIMEOUT_S):
                    await socket.send_str(text)
            except (ConnectionError, TimeoutError):
                return WSCloseCode.TRY_AGAIN_LATER
        if services.clock.monotonic_s() - checked_s >= _RECHECK_S:
            checked_s = services.clock.monotonic_s()
            if await _session_ended(request, services):
                return SESSION_ENDED


async def _session_ended(request: web.Request, services: Services) -> bool:
    try:
        return await find_principal(request, services) is None
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        return False  # not known: asked again at the next round


async def _read_until_closed(socket: web.WebSocketResponse, page: PageQueue) -> None:
    """Reading is what answers pings and notices the close."""
    async for _ in socket:
        pass
    page.close()
