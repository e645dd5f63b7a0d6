"""Asks the engine through its control socket (HTTP and JSON over a Unix socket).

The engine's side is ``dialer/control.py``; the contract is in ARCHITECTURE.md. This module adds no
decision: it sends, waits at most `_TIMEOUT_S`, and turns refusals into `RequestRefused` and silence
into `EngineUnavailable`. Nothing is sent twice by itself: whether a request that got no answer was
carried out is not known, and the live messages will tell.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import aiohttp
import msgspec

from dialer.errors import EngineUnavailable, RequestRefused

_TIMEOUT_S = 5.0
_HEALTH_TIMEOUT_S = 2.0
_DOWN = "エンジンに接続できません。しばらくお待ちください。"

Json = dict[str, Any]


class Health(msgspec.Struct, frozen=True):
    """What ``GET /health`` says; unknown keys are ignored."""

    ami: bool
    asterisk: str = ""
    calls: int = 0
    agents: int = 0
    drift: int = 0


class ControlClient:
    """One client a process; `close` it at the end.

    Args:
        socket: path of the engine's Unix socket (`Settings.engine_socket`).
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def health(self) -> Health:
        """Whether the engine is alive and has its Asterisk."""
        answer = await self._ask("GET", "/health", timeout_s=_HEALTH_TIMEOUT_S)
        try:
            return msgspec.convert(answer, Health)
        except msgspec.ValidationError as error:
            raise EngineUnavailable("the engine's health is not understood") from error

    async def live(self) -> Json:
        """The snapshot: ``seq``, ``agents``, ``calls``, ``campaigns``, ``counts``."""
        return await self._ask("GET", "/live")

    async def take_seat(self, agent_id: int, extension: str) -> Json:
        return await self._ask("POST", f"/agents/{agent_id}/seat", {"extension": extension})

    async def leave_seat(self, agent_id: int, *, force: bool = False) -> Json:
        """Log the agent out; `force`: out of a wrap-up too, which ends without a result."""
        return await self._ask("DELETE", f"/agents/{agent_id}/seat{'?force=true' if force else ''}")

    async def ready(self, agent_id: int) -> Json:
        return await self._ask("POST", f"/agents/{agent_id}/ready", {})

    async def not_ready(self, agent_id: int, reason: str) -> Json:
        return await self._ask("POST", f"/agents/{agent_id}/not-ready", {"reason": reason})

    async def hang_up(self, agent_id: int) -> Json:
        """End the callee's leg of the agent's call."""
        return await self._ask("POST", f"/agents/{agent_id}/hangup", {})

    async def preview(self, agent_id: int, choice: Literal["dial", "skip"]) -> Json:
        return await self._ask("POST", f"/agents/{agent_id}/preview/{choice}", {})

    async def dispose(self, call_id: UUID, body: Json) -> Json:
        """`body`: ``agent_id``, ``disposition``, ``note``?, ``promise``?, ``callback``?, ``next``, ``reason``?."""
        return await self._ask("POST", f"/calls/{call_id}/disposition", body)

    async def set_campaign_state(self, campaign_id: int, state: str) -> Json:
        return await self._ask("POST", f"/campaigns/{campaign_id}/state", {"state": state})

    async def _ask(self, method: str, path: str, body: Json | None = None, *, timeout_s: float = _TIMEOUT_S) -> Json:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(self._socket)))
        try:
            async with self._session.request(
                method, f"http://engine{path}", json=body, timeout=aiohttp.ClientTimeout(total=timeout_s)
            ) as response:
                raw = await response.read()
                status = response.status
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise EngineUnavailable(_DOWN) from error
        return _understand(status, raw)


def _understand(status: int, raw: bytes) -> Json:
    """The answer's JSON object.

    Raises:
        RequestRefused: an error of the contract's shape.
        EngineUnavailable: anything else that is not a 2xx with a JSON object.
    """
    try:
        answer = msgspec.json.decode(raw) if raw else {}
    except msgspec.DecodeError as error:
        raise EngineUnavailable(_DOWN) from error
    if not isinstance(answer, dict):
        raise EngineUnavailable(_DOWN)
    if 200 <= status < 300:
        return answer
    refusal = answer.get("error")
    if status >= 400 and isinstance(refusal, dict):
        raise RequestRefused(str(refusal.get("code", "refused")), str(refusal.get("message", _DOWN)))
    raise EngineUnavailable(_DOWN)
