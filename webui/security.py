"""Headers of every answer, and the check that a request that changes something comes from our own page.

Cross-site requests are stopped three times over: the session cookie is SameSite=Strict; ``Origin`` (or, where
a browser sends none, ``Sec-Fetch-Site``) must be ours; and a POST must say ``application/json``, which a form can't.
A WebSocket handshake is checked alike: browsers send cookies with it whatever page opens it.

Programs that are no browsers (simulated agents) send neither ``Origin`` nor ``Sec-Fetch-Site`` and pass.

Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet; CSP Level 3; requirement SEC-1.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from dialer.settings import Settings
from webui.errors import ApiError

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_tls(settings: Settings) -> bool:
    """Whether browsers reach us through a TLS proxy."""
    return settings.web_origin.startswith("https://")


def telephone_ws_url(settings: Settings) -> str:
    """WebSocket of the browser's telephone; a path alone means the page's own origin."""
    return settings.sip_ws_url or f"ws://{settings.media_host}:{settings.asterisk_http_port}/ws"


def content_security_policy(settings: Settings) -> str:
    """Nothing from elsewhere, nothing inline, nothing evaluated."""
    connect = ["'self'"]
    telephone = urlsplit(telephone_ws_url(settings))
    if telephone.netloc:
        connect.append(f"{telephone.scheme}://{telephone.netloc}")
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            "font-src 'self'",
            "media-src 'self' blob:",
            f"connect-src {' '.join(connect)}",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


def headers_middleware(settings: Settings) -> Middleware:
    """Security headers on every answer; nothing but static files may be kept by a cache."""
    fixed = {
        "Content-Security-Policy": content_security_policy(settings),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if is_tls(settings):
        fixed["Strict-Transport-Security"] = "max-age=31536000"

    def dress(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(fixed)
        # Static files are asked for again with their ETag; everything else holds personal data.
        response.headers[hdrs.CACHE_CONTROL] = "no-cache" if request.path.startswith("/static/") else "no-store"

    @web.middleware
    async def add_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            response = await handler(request)
        except web.HTTPException as redirect:
            dress(request, redirect)
            raise
        if not response.prepared:  # the handshake of a WebSocket went out long ago
            dress(request, response)
        return response

    return add_headers


def origin_middleware(settings: Settings) -> Middleware:
    """Refuses requests that another site's page made the browser send."""

    @web.middleware
    async def check_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
        upgrading = request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"
        if request.method not in _SAFE or upgrading:
            _refuse_foreign(request, settings)
        if request.method == "POST" and request.content_type != "application/json":
            raise ApiError(415)
        return await handler(request)

    return check_origin


def _refuse_foreign(request: web.Request, settings: Settings) -> None:
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None:
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise ApiError(403, "foreign_origin")
        return
    ours = settings.web_origin or f"http://{request.host}"
    if origin != ours:
        raise ApiError(403, "foreign_origin")


def remote_address(request: web.Request, settings: Settings) -> str:
    """Whose request it is, for the log-in log: behind our own proxy, the last address it saw."""
    peer = request.remote or "unknown"
    if is_tls(settings) and peer in ("127.0.0.1", "::1"):
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return forwarded[:64] or peer
    return peer
