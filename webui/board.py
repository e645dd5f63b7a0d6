"""The supervisor's board: the campaigns as stored, the engine's snapshot beside them; start, pause, stop; free a seat.

The board is useful without the engine too: campaigns come from PostgreSQL, and ``live`` is null.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiosql
from aiohttp import web

from dialer.errors import EngineUnavailable
from webui.access import Principal
from webui.bodies import CampaignState, read_body
from webui.errors import ApiError
from webui.operations import Act, log_operation
from webui.services import Services, answer

_sql: Any = aiosql.from_path(Path(__file__).parent / "sql" / "board.sql", "asyncpg")


async def show_board(_: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``GET /api/board``."""
    campaigns = [dict(r) async for r in _sql.campaigns(services.pool)]
    try:
        live = await services.control.live()
    except EngineUnavailable:
        live = None
    return answer({"now": services.clock.now(), "campaigns": campaigns, "live": live})


async def set_campaign_state(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``POST /api/campaigns/{campaign_id}/state``."""
    body = await read_body(request, CampaignState)
    campaign_id = _id(request, "campaign_id")
    await services.control.set_campaign_state(campaign_id, body.state)
    await log_operation(services, me, Act.CAMPAIGN_STATE_SET, f"campaign {campaign_id} {body.state}")
    return answer({})


async def free_seat(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``DELETE /api/agents/{agent_id}/seat``: log out somebody who left, out of a wrap-up too; never out of a talk."""
    agent_id = _id(request, "agent_id")
    await services.control.leave_seat(agent_id, force=True)
    await log_operation(services, me, Act.SEAT_FREED, f"agent {agent_id}")
    return answer({})


def _id(request: web.Request, name: str) -> int:
    """An id of the path, as a bigint can hold it.

    Raises:
        ApiError: 404, it is none.
    """
    given = request.match_info[name]
    if not given.isascii() or not given.isdigit() or len(given) > 18:
        raise ApiError(404)
    return int(given)
