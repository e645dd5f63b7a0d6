"""One shape for every error: ``{"error": {"code", "message"}}``, or a plain page for a person.

The middleware is the outer edge: it catches everything, logs the kind of an unexpected error (never its
text, which may hold a person's data) and answers with a sentence. Codes are stable, messages Japanese.
"""

from __future__ import annotations

import traceback
from pathlib import Path

import asyncpg
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from dialer.errors import EngineUnavailable, RequestRefused
from webui.services import answer

_log = structlog.get_logger(__name__)

_PLAIN = {
    400: ("malformed", "入力内容が正しくありません。"),
    401: ("not_logged_in", "ログインしてください。"),
    403: ("forbidden", "この操作の権限がありません。"),
    404: ("not_found", "見つかりません。"),
    405: ("method_not_allowed", "この操作はできません。"),
    413: ("too_large", "送信された内容が大きすぎます。"),
    415: ("unsupported_media_type", "JSON で送信してください。"),
}


class ApiError(Exception):
    """A refusal by the web process itself.

    Args:
        status: HTTP status.
        code: stable, for programs.
        message: one Japanese sentence; the usual one for the status when None.
        retry_after_s: sent as ``Retry-After`` when given.
    """

    def __init__(
        self, status: int, code: str | None = None, message: str | None = None, *, retry_after_s: int | None = None
    ) -> None:
        usual = _PLAIN.get(status, ("error", "処理できませんでした。"))
        self.status = status
        self.code = code or usual[0]
        self.message = message or usual[1]
        self.retry_after_s = retry_after_s
        super().__init__(self.code)


@web.middleware
async def one_shape(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever was raised into an answer of the one shape."""
    try:
        return await handler(request)
    except ApiError as error:
        return _say(request, error)
    except RequestRefused as refused:
        return _say(request, ApiError(409, refused.reason, refused.message))
    except EngineUnavailable:
        return _say(
            request, ApiError(503, EngineUnavailable.code, "エンジンに接続できません。しばらくお待ちください。")
        )
    except web.HTTPException as plain:
        if plain.status < 400:
            raise
        return _say(request, ApiError(plain.status))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        _log.error("database_unavailable", route=_route(request), kind=type(error).__name__)
        return _say(request, ApiError(503, "database_unavailable", "データベースに接続できません。"))
    except Exception as error:
        # The outer edge: name the kind and the place, not the text.
        _log.error("request_failed", route=_route(request), kind=type(error).__name__, at=_place(error))
        return _say(request, ApiError(500, "internal", "内部エラーが発生しました。管理者に連絡してください。"))


def _say(request: web.Request, error: ApiError) -> web.StreamResponse:
    if request.path.startswith("/api/"):
        response = answer({"error": {"code": error.code, "message": error.message}}, status=error.status)
    else:
        response = web.Response(text=f"{error.status} {error.message}\n", status=error.status)
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _route(request: web.Request) -> str:
    """The route's pattern, not the path: a path may hold ids."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


def _place(error: Exception) -> str:
    """File and line where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
