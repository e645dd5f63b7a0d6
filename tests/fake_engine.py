"""A small engine for tests of the web process: the control contract over a real Unix socket, live messages over a real
Redis, the agents' and calls' rows in a real PostgreSQL. There is no telephone line behind it: tests say what happens.

A fake, not a mock: it keeps the contract of ARCHITECTURE.md (states, refusals, snapshot and ``seq``), and pages can't
tell it from the engine except that nobody talks.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from aiohttp import web
from redis.asyncio import Redis

CHANNEL = "tsunagu:live"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class FakeAgent:
    """One agent, in the shape of the contract."""

    agent_id: int
    name: str
    extension: str | None = None
    state: str = "logged_out"
    reason: str | None = None
    since: str = ""
    leg_up: bool = False
    call_id: str | None = None
    debtor_id: int | None = None
    next: str | None = None
    languages: list[str] = field(default_factory=lambda: ["ja"])
    shift_ends_at: str | None = None


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        self.code, self.message = code, message


@dataclass
class FakeEngine:
    """Start it, then tell it what happens on the line.

    Args:
        leg_on_seat: the telephone of a seat is there at once, as a SIP telephone's would be.
    """

    socket: Path
    redis: Redis
    pool: asyncpg.Pool
    leg_on_seat: bool = True
    ami: bool = True
    seq: int = 0
    agents: dict[int, FakeAgent] = field(default_factory=dict)
    calls: dict[str, dict[str, Any]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: {"dialed": 0, "answered": 0, "connected": 0, "abandoned": 0})
    disposed: list[dict[str, Any]] = field(default_factory=list)
    hung_up: list[int] = field(default_factory=list)
    previews: list[tuple[int, str]] = field(default_factory=list)
    snapshots: int = 0
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(middlewares=[_refusals])
        app.add_routes(
            [
                web.get("/health", self._health),
                web.get("/live", self._live),
                web.post("/agents/{agent_id:\\d+}/seat", self._take_seat),
                web.delete("/agents/{agent_id:\\d+}/seat", self._leave_seat),
                web.post("/agents/{agent_id:\\d+}/ready", self._ready),
                web.post("/agents/{agent_id:\\d+}/not-ready", self._not_ready),
                web.post("/agents/{agent_id:\\d+}/hangup", self._hang_up),
                web.post("/agents/{agent_id:\\d+}/preview/{choice}", self._preview),
                web.post("/calls/{call_id}/disposition", self._dispose),
                web.post("/campaigns/{campaign_id:\\d+}/state", self._campaign_state),
            ]
        )
        self.socket.unlink(missing_ok=True)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.UnixSite(self._runner, str(self.socket)).start()
        await self.publish({"type": "reset"})

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.socket.unlink(missing_ok=True)

    # --- what the test lets happen -------------------------------------------------------------------

    async def publish(self, message: dict[str, Any]) -> None:
        """Number a message and send it to the pages."""
        self.seq += 1
        await self.redis.publish(CHANNEL, json.dumps({"seq": self.seq, **message}))

    async def leg_up(self, agent_id: int) -> None:
        await self._set(self.agents[agent_id], leg_up=True)

    async def shift_ends(self, agent_id: int, at: datetime | None) -> None:
        """Her shift ends then, or has no end today; if it is over already, she is sent home."""
        agent = self.agents[agent_id]
        await self._set(agent, shift_ends_at=at.isoformat() if at else None)
        if at is not None and at <= _now():
            await self._set(agent, state="not_ready", reason="shift_over")

    async def connect(self, agent_id: int, debtor_id: int, campaign_id: int) -> UUID:
        """Somebody answered and is in the agent's room."""
        call_id = uuid4()
        await self._claim(call_id, debtor_id, campaign_id, "talking")
        await self.pool.execute(
            "INSERT INTO call (call_id, attempt_id, direction, debtor_id, campaign_id, agent_id, answered_at,"
            " joined_at) VALUES ($1, $1, 'outbound', $2, $3, $4, $5, $5)",
            call_id, debtor_id, campaign_id, agent_id, _now(),
        )  # fmt: skip
        await self._call(call_id, "talking", debtor_id, campaign_id, agent_id)
        agent = self.agents[agent_id]
        await self._set(agent, state="talking", call_id=str(call_id), debtor_id=debtor_id, next="ready")
        return call_id

    async def offer_preview(self, agent_id: int, debtor_id: int, campaign_id: int) -> UUID:
        """A person is chosen for the agent, nothing is dialled yet."""
        call_id = uuid4()
        await self._claim(call_id, debtor_id, campaign_id, "claimed", agent_id)
        await self._call(call_id, "claimed", debtor_id, campaign_id, agent_id)
        agent = self.agents[agent_id]
        await self._set(agent, state="reserved", call_id=str(call_id), debtor_id=debtor_id, next="ready")
        await self.publish(
            {"type": "preview", "agent_id": agent_id, "attempt_id": str(call_id), "debtor_id": debtor_id}
        )
        return call_id

    async def call_in(self, campaign_id: int, *, waited_s: float = 0.0) -> UUID:
        """Somebody whom nobody knows calls us, and waits for an agent since `waited_s` seconds ago."""
        call_id, came_at = uuid4(), _now() - timedelta(seconds=waited_s)
        await self._call(call_id, "answered", None, campaign_id, None, came_at=came_at)
        return call_id

    async def take(self, call_id: UUID, agent_id: int) -> None:
        """An agent takes a caller who waits."""
        campaign_id = self.calls[str(call_id)]["campaign_id"]
        await self.pool.execute(
            "INSERT INTO call (call_id, direction, campaign_id, agent_id, answered_at, joined_at)"
            " VALUES ($1, 'inbound', $2, $3, $4, $4)",
            call_id, campaign_id, agent_id, _now(),
        )  # fmt: skip
        await self._call(call_id, "talking", None, campaign_id, agent_id, came_at=_now())
        await self._set(self.agents[agent_id], state="talking", call_id=str(call_id), debtor_id=None, next="ready")

    async def ring(self, debtor_id: int, campaign_id: int) -> UUID:
        """A call that has no agent yet."""
        call_id = uuid4()
        await self._call(call_id, "ringing", debtor_id, campaign_id, None)
        return call_id

    async def end(self, call_id: UUID) -> None:
        """The callee hung up."""
        row = self.calls.pop(str(call_id))
        await self.pool.execute(
            "UPDATE call SET ended_at = $2, ended_by = 'callee' WHERE call_id = $1", call_id, _now()
        )
        await self.pool.execute(
            "UPDATE attempt SET state = 'ended', ended_at = $2, outcome = 'answered' WHERE attempt_id = $1",
            call_id, _now(),
        )  # fmt: skip
        await self.publish({"type": "call", "call": {**row, "state": "ended"}})
        if row["agent_id"] is not None:
            await self._set(self.agents[row["agent_id"]], state="wrap_up")

    async def count(self, **counts: int) -> None:
        self.counts.update(counts)
        await self.publish({"type": "counts", "counts": self.counts})

    # --- rows and messages ------------------------------------------------------------------------------

    async def _claim(
        self, call_id: UUID, debtor_id: int, campaign_id: int, state: str, agent_id: int | None = None
    ) -> None:
        await self.pool.execute(
            "INSERT INTO attempt (attempt_id, campaign_id, debtor_id, number, caller_id, call_window, agent_id, state,"
            " state_at, claimed_at, dialed_at)"
            " SELECT $1, $2, $3, min(number), '+81300000001', 'weekday', $6, $4, $5, $5, $5"
            " FROM debtor_phone WHERE debtor_id = $3",
            call_id, campaign_id, debtor_id, state, _now(), agent_id,
        )  # fmt: skip

    async def _call(
        self,
        call_id: UUID,
        state: str,
        debtor_id: int | None,
        campaign_id: int,
        agent_id: int | None,
        *,
        came_at: datetime | None = None,
    ) -> None:
        """`came_at`: of a call that came in; None = one of ours."""
        answered_at = came_at or (_now() if state == "talking" else None)
        row = {
            "call_id": str(call_id),
            "state": state,
            "campaign_id": campaign_id,
            "debtor_id": debtor_id,
            "agent_id": agent_id,
            "since": _now().isoformat(),
            "answered_at": answered_at and answered_at.isoformat(),
            "direction": "outbound" if came_at is None else "inbound",
        }
        self.calls[str(call_id)] = row
        await self.publish({"type": "call", "call": row})

    async def _set(self, agent: FakeAgent, **changes: Any) -> None:
        if changes.get("state", agent.state) != agent.state:
            agent.since = _now().isoformat()
        for name, value in changes.items():
            setattr(agent, name, value)
        await self.pool.execute(
            "UPDATE agent SET state = $2, reason = $3, state_at = $4, extension = $5, leg_up = $6, call_id = $7"
            " WHERE agent_id = $1",
            agent.agent_id, agent.state, agent.reason, datetime.fromisoformat(agent.since), agent.extension,
            agent.leg_up, UUID(agent.call_id) if agent.call_id else None,
        )  # fmt: skip
        await self.publish({"type": "agent", "agent": asdict(agent)})

    async def _agent(self, request: web.Request) -> FakeAgent:
        agent_id = int(request.match_info["agent_id"])
        if agent_id not in self.agents:
            name = await self.pool.fetchval("SELECT display_name FROM app_user WHERE user_id = $1", agent_id)
            self.agents[agent_id] = FakeAgent(agent_id, name, since=_now().isoformat())
        return self.agents[agent_id]

    # --- handlers ------------------------------------------------------------------------------------------

    async def _health(self, _: web.Request) -> web.Response:
        return web.json_response({"ami": self.ami, "asterisk": "22", "calls": len(self.calls), "agents": 0, "drift": 0})

    async def _live(self, _: web.Request) -> web.Response:
        self.snapshots += 1
        rows = await self.pool.fetch("SELECT campaign_id, name, state, dial_mode, ratio FROM campaign")
        return web.json_response(
            {
                "seq": self.seq,
                "agents": [asdict(a) for a in self.agents.values() if a.state != "logged_out"],
                "calls": list(self.calls.values()),
                "campaigns": [dict(r) for r in rows],
                "counts": self.counts,
            }
        )

    async def _take_seat(self, request: web.Request) -> web.Response:
        agent = await self._agent(request)
        extension = (await request.json())["extension"]
        if agent.extension is not None:
            raise _Refused("has_seat", "すでに席に着いています。")
        if any(a.extension == extension for a in self.agents.values()):
            raise _Refused("seat_taken", "この席は使用中です。")
        await self._set(agent, state="not_ready", reason="login", extension=extension, leg_up=self.leg_on_seat)
        return web.json_response(asdict(agent))

    async def _leave_seat(self, request: web.Request) -> web.Response:
        agent = await self._agent(request)
        forced = request.query.get("force") == "true" and agent.state == "wrap_up"
        if agent.call_id is not None and not forced:
            raise _Refused("on_call", "通話または後処理が終わってから操作してください。")
        await self._set(
            agent, state="logged_out", reason=None, extension=None, leg_up=False,
            call_id=None, debtor_id=None, next=None,
        )  # fmt: skip
        return web.json_response(asdict(agent))

    async def _ready(self, request: web.Request) -> web.Response:
        agent = await self._agent(request)
        if not agent.leg_up:
            raise _Refused("phone_not_connected", "電話がつながっていません。電話の状態を確認してください。")
        if agent.call_id is not None:
            await self._set(agent, next="ready")
        else:
            await self._set(agent, state="ready", reason=None)
        return web.json_response(asdict(agent))

    async def _not_ready(self, request: web.Request) -> web.Response:
        agent = await self._agent(request)
        reason = (await request.json())["reason"]
        if agent.call_id is not None:
            await self._set(agent, next="not_ready")
        else:
            await self._set(agent, state="not_ready", reason=reason)
        return web.json_response(asdict(agent))

    async def _hang_up(self, request: web.Request) -> web.Response:
        agent = await self._agent(request)
        if agent.state != "talking" or agent.call_id is None:
            raise _Refused("no_call", "通話がありません。")
        self.hung_up.append(agent.agent_id)
        await self.end(UUID(agent.call_id))
        return web.json_response(asdict(agent))

    async def _preview(self, request: web.Request) -> web.Response:
        agent = await self._agent(request)
        choice = request.match_info["choice"]
        assert agent.call_id is not None
        self.previews.append((agent.agent_id, choice))
        row = self.calls[agent.call_id]
        if choice == "dial":
            row["state"] = "dialing"
            await self.publish({"type": "call", "call": row})
        else:
            del self.calls[agent.call_id]
            await self.publish({"type": "call", "call": {**row, "state": "ended"}})
            await self._set(agent, state="ready", call_id=None, debtor_id=None, next=None)
        return web.json_response(asdict(agent))

    async def _dispose(self, request: web.Request) -> web.Response:
        body = await request.json()
        agent = self.agents[body["agent_id"]]
        if agent.call_id != request.match_info["call_id"] or agent.state != "wrap_up":
            raise _Refused("still_talking", "通話が終わってから結果を登録してください。")
        self.disposed.append({"call_id": agent.call_id, **body})
        await self.pool.execute(
            "UPDATE call SET disposition = $2, disposed_at = $3, note = $4 WHERE call_id = $1",
            UUID(agent.call_id), body["disposition"], _now(), body.get("note"),
        )  # fmt: skip
        state = {"ready": "ready", "not_ready": "not_ready"}[body["next"]]
        await self._set(agent, state=state, reason=body.get("reason"), call_id=None, debtor_id=None, next=None)
        return web.json_response(asdict(agent))

    async def _campaign_state(self, request: web.Request) -> web.Response:
        campaign_id = int(request.match_info["campaign_id"])
        state = (await request.json())["state"]
        row = await self.pool.fetchrow(
            "UPDATE campaign SET state = $2 WHERE campaign_id = $1"
            " RETURNING campaign_id, name, state, dial_mode, ratio",
            campaign_id, state,
        )  # fmt: skip
        if row is None:
            raise _Refused("no_such_campaign", "その業務は登録されていません。")
        await self.publish({"type": "campaign", "campaign": dict(row)})
        return web.json_response({"state": state})


@web.middleware
async def _refusals(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        response: web.StreamResponse = await handler(request)
        return response
    except _Refused as refused:
        return web.json_response({"error": {"code": refused.code, "message": refused.message}}, status=409)
