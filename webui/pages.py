"""The pages. Each is a frame: its words and rights are in it, all data comes over the interface afterwards.

Invariant: no personal data is in a page's HTML, title or address, so nothing of it stays in a history or cache.
"""

from __future__ import annotations

from typing import Any

import aiohttp_jinja2
import msgspec
from aiohttp import web

from webui.access import Principal
from webui.labels import for_pages
from webui.services import Services
from webui.sessions import describe, find_principal, home_of


async def home(request: web.Request, services: Services) -> web.StreamResponse:
    """``/``: to where this person's work begins."""
    me = await find_principal(request, services)
    raise web.HTTPSeeOther("/login" if me is None else home_of(me))


async def login_page(request: web.Request, services: Services) -> web.StreamResponse:
    """``/login``."""
    me = await find_principal(request, services)
    if me is not None:
        raise web.HTTPSeeOther(home_of(me))
    return _page(request, "login.html", {})


async def desk_page(request: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``/desk``: the agent's page."""
    data = {"me": describe(me), "labels": for_pages(), "audio_processing": services.settings.audio_processing}
    return _page(request, "desk.html", data, me)


async def board_page(request: web.Request, _: Services, me: Principal) -> web.StreamResponse:
    """``/board``: the supervisor's page."""
    return _page(request, "board.html", {"me": describe(me), "labels": for_pages()}, me)


async def why_page(request: web.Request, _: Services, me: Principal) -> web.StreamResponse:
    """``/why``: why a person is called or not, why a campaign dials nobody."""
    return _page(request, "why.html", {"me": describe(me), "labels": for_pages()}, me)


async def candidates_page(request: web.Request, _: Services, me: Principal) -> web.StreamResponse:
    """``/candidates``: who is to be reached in another way than by a call."""
    return _page(request, "candidates.html", {"me": describe(me), "labels": for_pages()}, me)


async def plan_page(request: web.Request, _: Services, me: Principal) -> web.StreamResponse:
    """``/plan``: a month ahead, and what is set about the choice."""
    return _page(request, "plan.html", {"me": describe(me), "labels": for_pages()}, me)


def _page(request: web.Request, template: str, data: dict[str, Any], me: Principal | None = None) -> web.Response:
    # "<" as an escape, so that nothing in the data can end the element that holds it.
    text = msgspec.json.encode(data).decode().replace("<", "\\u003c")
    return aiohttp_jinja2.render_template(template, request, {"data": text, "me": me})
