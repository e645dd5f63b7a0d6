"""Who is asking, and may they: the rights of each route, enforced in one place.

A handler is called only after its right was checked, and gets the `Principal`; ``app.ROUTES`` is the whole
table of rights. Rights follow the role; taking calls is a right of its own (``agent`` row), because a
supervisor may help out at a desk.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum

from aiohttp import web

from dialer.accounts.users import Role
from webui.errors import ApiError
from webui.services import SERVICES, Services


@dataclass(frozen=True, slots=True)
class Principal:
    """The person behind a request; ``agent_id`` equals ``user_id`` for those who take calls."""

    user_id: int
    login: str
    display_name: str
    role: Role
    takes_calls: bool

    @property
    def supervises(self) -> bool:
        return self.role in (Role.SUPERVISOR, Role.ADMIN)


class Right(Enum):
    """What a route asks of the person."""

    ANYONE = "anyone"
    SIGNED_IN = "signed_in"
    DESK = "desk"  # takes calls
    BOARD = "board"  # supervises

    def has(self, me: Principal) -> bool:
        if self is Right.DESK:
            return me.takes_calls
        if self is Right.BOARD:
            return me.supervises
        return True


PublicHandler = Callable[[web.Request, Services], Awaitable[web.StreamResponse]]
GuardedHandler = Callable[[web.Request, Services, Principal], Awaitable[web.StreamResponse]]
FindPrincipal = Callable[[web.Request, Services], Awaitable[Principal | None]]


def public(handler: PublicHandler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler that anyone may call."""

    async def open_to_all(request: web.Request) -> web.StreamResponse:
        return await handler(request, request.app[SERVICES])

    return open_to_all


def guarded(
    handler: GuardedHandler, right: Right, find: FindPrincipal
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler that is called only for a person who has `right`.

    Pages send whoever is not logged in to ``/login``; the interface answers 401, and 403 without the right.
    """

    async def guard(request: web.Request) -> web.StreamResponse:
        services = request.app[SERVICES]
        me = await find(request, services)
        if me is None:
            if not request.path.startswith("/api/"):
                raise web.HTTPSeeOther("/login")
            raise ApiError(401)
        if not right.has(me):
            raise ApiError(403)
        return await handler(request, services, me)

    return guard
