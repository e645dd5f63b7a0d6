"""Log-in, log-out, and the session behind each request.

A session is an opaque random token in a cookie; the table keeps its SHA-256 only, so that neither a copy of
the table nor a log opens a session, and any session can be ended at once by the server. A session dies
after `IDLE` without a request or open page, after `LIFETIME` in any case, and with its account.

Each attempt is written to ``login_log`` (SEC-2), refused ones included.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiosql
import structlog
from aiohttp import web

from dialer.accounts.users import Role
from webui.access import Principal
from webui.bodies import Login, read_body
from webui.errors import ApiError
from webui.security import is_tls, remote_address
from webui.services import Services, answer
from webui.throttle import WINDOW, Failures, is_refused

IDLE = timedelta(hours=1)
LIFETIME = timedelta(hours=14)
_TOUCH_EVERY = timedelta(minutes=1)
_TOKEN_BYTES = 32
_LOGIN = re.compile(r"[a-z0-9._-]{2,40}")

_log = structlog.get_logger(__name__)
_sql: Any = aiosql.from_path(Path(__file__).parent / "sql" / "sessions.sql", "asyncpg")


def cookie_name(services: Services) -> str:
    """``__Host-`` binds the cookie to this very host, where browsers allow it (TLS only)."""
    return "__Host-tsunagu" if is_tls(services.settings) else "tsunagu"


async def log_in(request: web.Request, services: Services) -> web.StreamResponse:
    """``POST /api/login``: check the password, open a session, set its cookie."""
    body = await read_body(request, Login)
    login = body.login.strip().lower()
    # A password typed into the wrong field must not end up in the log.
    login = login if _LOGIN.fullmatch(login) else "?"
    remote = remote_address(request, services.settings)
    async with services.login_turn:  # so that a burst can't pass the throttle before its failures are counted
        row = await _check(services, login, body.password, remote)
    if services.passwords.is_outdated(row["password_hash"]):
        rehashed = await services.passwords.hash(body.password)
        await _sql.set_password_hash(services.pool, user_id=row["user_id"], password_hash=rehashed)
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    now = services.clock.now()
    await _sql.forget_sessions(services.pool, before=now - 7 * LIFETIME)
    await _sql.open_session(services.pool, token_sha256=_digest(token), user_id=row["user_id"], now=now)
    me = _principal(row)
    response = answer({"me": describe(me), "home": home_of(me)})
    response.set_cookie(
        cookie_name(services),
        token,
        max_age=int(LIFETIME.total_seconds()),
        httponly=True,
        samesite="Strict",
        secure=is_tls(services.settings),
        path="/",
    )
    return response


async def _check(services: Services, login: str, password: str, remote: str) -> Any:
    """The account's row, when the password is right and the account open; logged either way.

    Raises:
        ApiError: 429 when refused unseen, 401 when wrong.
    """
    now = services.clock.now()
    failures = await _sql.recent_failures(services.pool, login=login, remote=remote, since=now - WINDOW)
    if is_refused(Failures(failures["of_both"], failures["of_login"], failures["of_remote"])):
        _log.warning("login_throttled", remote=remote)
        raise ApiError(
            429,
            "too_many_attempts",
            "ログインの失敗が続いたため、受け付けていません。5分ほど待ってからやり直してください。",
            retry_after_s=int(WINDOW.total_seconds()),
        )
    row = await _sql.user_by_login(services.pool, login=login)
    good = await services.passwords.matches(password, None if row is None else row["password_hash"])
    succeeded = good and row["disabled_at"] is None
    await _sql.log_login(
        services.pool,
        now=now,
        login=login,
        user_id=None if row is None else row["user_id"],
        succeeded=succeeded,
        remote=remote,
    )
    if not succeeded:
        raise ApiError(401, "login_failed", "ログインIDまたはパスワードが違います。")
    return row


async def log_out(request: web.Request, services: Services) -> web.StreamResponse:
    """``POST /api/logout``: end the session, whatever its state; always succeeds."""
    token = request.cookies.get(cookie_name(services))
    if token:
        await _sql.end_session(services.pool, token_sha256=_digest(token), now=services.clock.now())
    response = answer({})
    response.del_cookie(cookie_name(services), path="/", secure=is_tls(services.settings), samesite="Strict")
    return response


async def find_principal(request: web.Request, services: Services) -> Principal | None:
    """The person whose living session the request carries, or None."""
    token = request.cookies.get(cookie_name(services))
    if not token:
        return None
    now = services.clock.now()
    digest = _digest(token)
    row = await _sql.session(services.pool, token_sha256=digest, idle_since=now - IDLE, created_since=now - LIFETIME)
    if row is None:
        return None
    if now - row["last_seen_at"] > _TOUCH_EVERY:
        await _sql.touch_session(services.pool, token_sha256=digest, now=now)
    return _principal(row)


async def show_me(_: web.Request, services: Services, me: Principal) -> web.StreamResponse:
    """``GET /api/me``."""
    return answer({"me": describe(me), "now": services.clock.now()})


def describe(me: Principal) -> dict[str, Any]:
    """The person as pages see themselves."""
    return {
        "user_id": me.user_id,
        "login": me.login,
        "name": me.display_name,
        "role": me.role,
        "takes_calls": me.takes_calls,
    }


def home_of(me: Principal) -> str:
    """The page where a person's work begins."""
    return "/board" if me.supervises else "/desk"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _principal(row: Any) -> Principal:
    return Principal(
        user_id=row["user_id"],
        login=row["login"],
        display_name=row["display_name"],
        role=Role(row["role"]),
        takes_calls=row["takes_calls"],
    )
