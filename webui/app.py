"""Puts the web process together: routes with their rights, middlewares, the live feed.

The way of a request: headers → one error shape → origin check → right of the route → handler → (engine | PostgreSQL).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp_jinja2
import asyncpg
import jinja2
import structlog
from aiohttp import web
from redis.asyncio import Redis

from dialer.accounts.passwords import Passwords
from dialer.clock import Clock
from dialer.control_client import ControlClient
from dialer.settings import Settings
from webui import board, calls, candidates, choosing, pages, plan, seats, sessions
from webui.access import GuardedHandler, PublicHandler, Right, guarded, public
from webui.errors import one_shape
from webui.live.feed import LiveFeed
from webui.live.socket import live
from webui.security import headers_middleware, origin_middleware
from webui.services import SERVICES, Services, answer
from webui.talk.script import read_script

_HERE = Path(__file__).parent
_BODY_LIMIT = 64 * 1024  # bytes
_LOGINS_AT_ONCE = 4
_RESTART_S = 1.0

_log = structlog.get_logger(__name__)

PUBLIC_ROUTES: tuple[tuple[str, str, PublicHandler], ...] = (
    ("GET", "/", pages.home),
    ("GET", "/login", pages.login_page),
    ("POST", "/api/login", sessions.log_in),
    ("POST", "/api/logout", sessions.log_out),
)

ROUTES: tuple[tuple[str, str, Right, GuardedHandler], ...] = (
    ("GET", "/desk", Right.DESK, pages.desk_page),
    ("GET", "/board", Right.BOARD, pages.board_page),
    ("GET", "/why", Right.BOARD, pages.why_page),
    ("GET", "/candidates", Right.BOARD, pages.candidates_page),
    ("GET", "/plan", Right.BOARD, pages.plan_page),
    ("GET", "/api/me", Right.SIGNED_IN, sessions.show_me),
    ("GET", "/api/live", Right.SIGNED_IN, live),
    ("GET", "/api/seats", Right.DESK, seats.list_seats),
    ("POST", "/api/seat", Right.DESK, seats.take_seat),
    ("DELETE", "/api/seat", Right.DESK, seats.leave_seat),
    ("POST", "/api/ready", Right.DESK, seats.ready),
    ("POST", "/api/not-ready", Right.DESK, seats.not_ready),
    ("GET", "/api/calls/{call_id}", Right.SIGNED_IN, calls.show_call),
    ("POST", "/api/calls/{call_id}/disposition", Right.DESK, calls.dispose),
    ("POST", "/api/calls/{call_id}/numbers", Right.DESK, calls.learn_number),
    ("GET", "/api/callbacks", Right.DESK, calls.show_callbacks),
    ("POST", "/api/hangup", Right.DESK, calls.hang_up),
    ("POST", "/api/preview/dial", Right.DESK, calls.preview_dial),
    ("POST", "/api/preview/skip", Right.DESK, calls.preview_skip),
    ("GET", "/api/board", Right.BOARD, board.show_board),
    ("POST", "/api/campaigns/{campaign_id}/state", Right.BOARD, board.set_campaign_state),
    ("DELETE", "/api/agents/{agent_id}/seat", Right.BOARD, board.free_seat),
    ("POST", "/api/why", Right.BOARD, choosing.show_why),
    ("GET", "/api/why/campaigns/{campaign_id}", Right.BOARD, choosing.show_standing),
    ("GET", "/api/candidates", Right.BOARD, candidates.list_candidates),
    ("GET", "/api/candidates.csv", Right.BOARD, candidates.export_candidates),
    ("GET", "/api/candidates/closed", Right.BOARD, candidates.list_closed),
    ("GET", "/api/candidates/closed.csv", Right.BOARD, candidates.export_closed),
    ("POST", "/api/candidates/closed", Right.BOARD, candidates.close),
    ("POST", "/api/candidates/closed/{closing_id}/reopen", Right.BOARD, candidates.reopen),
    ("GET", "/api/plan", Right.BOARD, plan.show_settings),
    ("POST", "/api/plan", Right.BOARD, plan.show_plan),
    ("POST", "/api/plan/others", Right.BOARD, plan.show_others),
    ("POST", "/api/plan/floor", Right.BOARD, plan.show_floor),
    ("POST", "/api/campaigns/{campaign_id}/choosing", Right.BOARD, plan.change_choosing),
)


def make_app(
    pool: asyncpg.Pool, redis: Redis, control: ControlClient, clock: Clock, settings: Settings
) -> web.Application:
    """The application; it owns none of what it is given, the caller closes it.

    Args:
        redis: a client for blocking reads (``webui.live.feed.open_reader``).

    Raises:
        SettingsError: the talk script can't be used.
    """
    app = web.Application(
        middlewares=[headers_middleware(settings), one_shape, origin_middleware(settings)],
        client_max_size=_BODY_LIMIT,
    )
    app[SERVICES] = Services(
        pool=pool,
        control=control,
        clock=clock,
        settings=settings,
        passwords=Passwords(),
        login_turn=asyncio.Semaphore(_LOGINS_AT_ONCE),
        feed=LiveFeed(redis, control, clock),
        script=read_script(),
    )
    app[plan.OUTLOOKS] = plan.Outlooks()
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for method, path, open_handler in PUBLIC_ROUTES:
        app.router.add_route(method, path, public(open_handler))
    for method, path, right, handler in ROUTES:
        app.router.add_route(method, path, guarded(handler, right, sessions.find_principal))
    app.router.add_get("/health", _health)
    app.router.add_static("/static/", _HERE / "static", follow_symlinks=False)
    app.cleanup_ctx.append(_keep_feed)
    app.on_shutdown.append(_close_pages)
    return app


async def _health(request: web.Request) -> web.StreamResponse:
    """``GET /health``: this process answers; how many pages are open."""
    return answer({"pages": request.app[SERVICES].feed.pages})


async def _keep_feed(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(_run_feed(app[SERVICES]))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _run_feed(services: Services) -> None:
    """The outer edge of the feed: whatever ends it is logged, its pages are cut, and it begins again."""
    while True:
        try:
            await services.feed.run()
        except* Exception as group:
            _log.error("live_feed_failed", kinds=[type(error).__name__ for error in group.exceptions])
        services.feed.close_pages()
        await services.clock.sleep(_RESTART_S)


async def _close_pages(app: web.Application) -> None:
    app[SERVICES].feed.close_pages()
