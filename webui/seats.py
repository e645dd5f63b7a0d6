"""Taking and leaving a seat, ready and not ready: the agent's own state, asked of the engine.

The server gives the extension: the agent says only whether she works with the browser or a telephone. Two agents may
be offered the same free seat at once; the engine lets one have it, and the other is offered the next.

A page that was loaded again asks once more for its seat and gets the same one back, with its call.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiosql
from aiohttp import web

from dialer.errors import RequestRefused
from webui.access import Principal
from webui.bodies import NotReady, TakeSeat, read_body
from webui.errors import ApiError
from webui.security import telephone_ws_url
from webui.services import Services, answer

_TRIES = 5
_sql: Any = aiosql.from_path(Path(__file__).parent / "sql" / "seats.sql", "asyncpg")


async def list_seats(_: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``GET /api/seats``: all seats, and which are free."""
    return answer(
        {
            "seats": [
                {
                    "extension": r["extension"],
                    "kind": r["kind"],
                    "free": r["agent_id"] is None,
                    "mine": r["agent_id"] == me.user_id,
                }
                async for r in _sql.seats(services.pool)
            ]
        }
    )


async def take_seat(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/seat``: a seat of the kind, with what its telephone needs to register."""
    body = await read_body(request, TakeSeat)
    mine = await _sql.my_seat(services.pool, agent_id=me.user_id)
    if mine is not None:
        if mine["kind"] == body.kind and body.extension in (None, mine["extension"]):
            return answer(_seat(mine, services))
        raise ApiError(409, "has_seat", f"すでに席 {mine['extension']} に着いています。いったん席を離れてください。")
    offered = _sql.free_seats(services.pool, kind=body.kind, extension=body.extension, limit=_TRIES)
    free = [r async for r in offered]
    for seat in free:
        try:
            await services.control.take_seat(me.user_id, seat["extension"])
        except RequestRefused as refused:
            if refused.reason != "seat_taken" or body.extension is not None:
                raise
            continue
        return answer(_seat(seat, services))
    raise ApiError(409, "no_free_seat", "空いている席がありません。管理者に連絡してください。")


async def leave_seat(_: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``DELETE /api/seat``."""
    await services.control.leave_seat(me.user_id)
    return answer({})


async def ready(_: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/ready``: takes effect after the call when there is one."""
    await services.control.ready(me.user_id)
    return answer({})


async def not_ready(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/not-ready {reason}``."""
    body = await read_body(request, NotReady)
    await services.control.not_ready(me.user_id, body.reason)
    return answer({})


def _seat(row: Any, services: Services) -> dict[str, Any]:
    return {
        "extension": row["extension"],
        "kind": row["kind"],
        "sip": {
            "uri": f"sip:{row['extension']}@{services.settings.media_host}",
            "password": row["secret"],
            "ws_url": telephone_ws_url(services.settings),
        },
    }
