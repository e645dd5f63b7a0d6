"""The control socket: every route with its contract, what is malformed, and what is refused in Japanese."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest

from campaigns.campaign import CampaignState, set_state
from campaigns.dispositions import undisposed
from dialer.agents.agent import Agent
from dialer.agents.machine import AgentState
from dialer.control import Control
from dialer.errors import AmiNotSent
from tests.deadline import until
from tests.fixtures_floor import SmallEngine, small_engine


@dataclass
class Socket:
    """The engine and a client of its socket."""

    engine: SmallEngine
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None) -> tuple[int, Any]:
        given: dict[str, Any] = {"data": raw} if raw is not None else {} if body is None else {"json": body}
        async with self.session.request(method, f"http://engine{path}", **given) as response:
            return response.status, await response.json()

    async def refused(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None) -> tuple[int, str]:
        """Status and code; the message is Japanese."""
        status, answer = await self.ask(method, path, body, raw=raw)
        assert any("぀" <= c <= "鿿" for c in answer["error"]["message"]), answer
        return status, answer["error"]["code"]


@pytest.fixture
async def socket(dsn: str, tmp_path: Path) -> AsyncIterator[Socket]:
    async with small_engine(dsn) as engine:
        engine.start()

        async def change_campaign(campaign_id: int, state: CampaignState) -> None:
            async with engine.pool.acquire() as conn:
                await set_state(conn, campaign_id, state)
            engine.placing.reload_soon()

        control = Control(
            engine.requests,
            health=lambda: {"ami": True},
            snapshot=lambda: {"seq": 1},
            change_campaign=change_campaign,
        )
        path = tmp_path / "engine.sock"
        runner = await control.serve(path)
        try:
            assert path.stat().st_mode & 0o777 == 0o600, "whoever can open it may do everything"
            async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session:
                yield Socket(engine, session)
        finally:
            await runner.cleanup()


async def talking(socket: Socket) -> tuple[Agent, UUID]:
    """An agent in a talk."""
    engine = socket.engine
    await engine.town.person()
    campaign = await engine.town.campaign()
    await engine.town.listed()
    (agent,) = await engine.add_agents(1)
    engine.placing.reload_soon()
    await until(lambda: bool(engine.line.ringing), what="it rings")
    await engine.stop_campaign(campaign)
    engine.line.answer(engine.line.ringing[0])
    await until(lambda: agent.status.state is AgentState.TALKING, what="they talk")
    assert agent.status.call_id is not None
    return agent, agent.status.call_id


async def test_health_and_snapshot_are_given_as_they_are(socket: Socket) -> None:
    """What the engine says of itself."""
    assert await socket.ask("GET", "/health") == (200, {"ami": True})
    assert await socket.ask("GET", "/live") == (200, {"seq": 1})


async def test_a_shift_from_log_in_to_log_out(socket: Socket) -> None:
    """Seat, ready, a talk, hang-up, result, not ready, log-out: each answer is the agent as she is then."""
    agent, call_id = await talking(socket)
    path = f"/agents/{agent.agent_id}"
    assert await socket.refused("DELETE", f"{path}/seat") == (409, "on_call")
    status, view = await socket.ask("POST", f"{path}/not-ready", {"reason": "lunch"})
    assert (status, view["state"], view["next"]) == (200, "talking", "not_ready")
    status, view = await socket.ask("POST", f"{path}/hangup", {})
    assert status == 200
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="the wrap-up")
    body = {"agent_id": agent.agent_id, "disposition": "contact_person", "next": "not_ready", "reason": "lunch"}
    status, view = await socket.ask("POST", f"/calls/{call_id}/disposition", body)
    assert (status, view["state"], view["reason"]) == (200, "not_ready", "lunch")
    status, view = await socket.ask("POST", f"/calls/{call_id}/disposition", body)
    assert (status, view["state"]) == (200, "not_ready"), "the same result again changes nothing"
    status, view = await socket.ask("DELETE", f"{path}/seat")
    assert (status, view["state"], view["extension"]) == (200, "logged_out", None)
    await socket.engine.assert_settled()


async def test_a_result_that_is_written_already_ends_the_wrap_up(socket: Socket) -> None:
    """It was committed when the database broke off, and the agent then chose another: she must not be stuck."""
    agent, call_id = await talking(socket)
    await socket.engine.everybody_hangs_up()
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="the wrap-up")
    await socket.engine.db.execute(
        "UPDATE call SET disposition = 'refused', disposed_at = now() WHERE call_id = $1", call_id
    )
    body = {"agent_id": agent.agent_id, "disposition": "contact_person", "next": "ready"}
    assert await socket.refused("POST", f"/calls/{call_id}/disposition", body) == (409, "already_disposed")
    assert agent.status.state is AgentState.READY


async def in_wrap_up(socket: Socket) -> tuple[Agent, UUID]:
    """An agent whose callee has hung up."""
    agent, call_id = await talking(socket)
    await socket.engine.everybody_hangs_up()
    await until(lambda: agent.status.state is AgentState.WRAP_UP, what="the wrap-up")
    return agent, call_id


async def test_an_agreed_hour_is_written_for_her_or_refused_with_the_next_opening(socket: Socket) -> None:
    """The page sends the moment with its offset; who answers for it is the agent of the call."""
    agent, call_id = await in_wrap_up(socket)
    body = {"agent_id": agent.agent_id, "disposition": "call_back", "next": "ready"}
    night = {**body, "callback": {"due_at": "2026-11-25T23:00:00+09:00"}}
    path = f"/calls/{call_id}/disposition"
    status, answer = await socket.ask("POST", path, night)
    assert (status, answer["error"]["code"]) == (409, "callback_invalid")
    assert "11月26日(木) 9:00から" in answer["error"]["message"]
    assert agent.status.state is AgentState.WRAP_UP
    agreed = {**body, "callback": {"due_at": "2026-11-25T18:30:00+09:00", "named": True}}
    status, view = await socket.ask("POST", path, agreed)
    assert (status, view["state"]) == (200, "ready")
    row = await socket.engine.db.fetchrow("SELECT due_at, agent_id, call_id, closed_at FROM callback")
    assert (row["due_at"].isoformat(), row["agent_id"]) == ("2026-11-25T09:30:00+00:00", agent.agent_id)
    assert (row["call_id"], row["closed_at"]) == (call_id, None)
    assert (await socket.ask("POST", path, agreed))[0] == 200, "the same result again changes nothing"


async def test_a_supervisor_frees_the_seat_of_somebody_who_left_in_wrap_up(socket: Socket) -> None:
    """She is logged out, and her call keeps waiting for its result; without the wish of a supervisor it is refused."""
    agent, call_id = await in_wrap_up(socket)
    path = f"/agents/{agent.agent_id}/seat"
    assert await socket.refused("DELETE", path) == (409, "on_call")
    status, view = await socket.ask("DELETE", f"{path}?force=true")
    assert (status, view["state"], view["extension"]) == (200, "logged_out", None)
    assert await undisposed(socket.engine.db, agent.agent_id) == call_id
    body = {"agent_id": agent.agent_id, "disposition": "contact_person"}
    assert (await socket.ask("POST", f"/calls/{call_id}/disposition", body))[0] == 200, "she enters it later"
    await socket.engine.assert_settled()


async def test_nobody_is_forced_out_of_a_talk(socket: Socket) -> None:
    """The callee would be alone."""
    agent, _ = await talking(socket)
    assert await socket.refused("DELETE", f"/agents/{agent.agent_id}/seat?force=true") == (409, "on_call")
    assert agent.status.state is AgentState.TALKING


async def test_what_the_state_does_not_allow_is_refused(socket: Socket) -> None:
    """Each with a code for programs and a sentence for the page."""
    (agent,) = await socket.engine.add_agents(1, ready=False)
    path = f"/agents/{agent.agent_id}"
    assert await socket.refused("POST", f"{path}/seat", {"extension": "9999"}) == (409, "no_such_seat")
    assert await socket.refused("POST", f"{path}/hangup", {}) == (409, "no_call")
    assert await socket.refused("POST", f"{path}/preview/dial", {}) == (409, "no_preview")
    assert await socket.refused("POST", f"{path}/preview/skip", {}) == (409, "no_preview")
    assert await socket.refused("POST", "/agents/999999/ready", {}) == (409, "no_such_agent")
    body = {"agent_id": agent.agent_id, "disposition": "refused"}
    assert await socket.refused("POST", f"/calls/{uuid4()}/disposition", body) == (409, "call_unknown")
    assert await socket.refused("POST", "/calls/none/disposition", body) == (409, "no_such_call")
    assert await socket.refused("POST", "/campaigns/99/state", {"state": "paused"}) == (409, "no_such_campaign")
    status, view = await socket.ask("POST", f"{path}/seat", {"extension": agent.extension})
    assert (status, view["state"]) == (200, "not_ready"), "the same seat again is no change"


async def test_a_seat_that_another_agent_has_is_refused(socket: Socket) -> None:
    """Two agents never sit on one seat."""
    first, second = await socket.engine.add_agents(2, ready=False)
    seat = first.extension
    await socket.ask("DELETE", f"/agents/{second.agent_id}/seat")
    refusal = await socket.refused("POST", f"/agents/{second.agent_id}/seat", {"extension": seat})
    assert refusal == (409, "seat_taken")
    assert second.status.state is AgentState.LOGGED_OUT


async def test_an_agent_without_a_telephone_is_not_ready(socket: Socket) -> None:
    """Her telephone never registered: she is told so, and can leave."""
    (agent,) = await socket.engine.add_agents(1, ready=False)
    socket.engine.line.telephones.clear()
    socket.engine.line.end(socket.engine.line.legs(agent.room)[0])
    await until(lambda: not agent.status.leg_up, what="her leg is gone")
    refusal = await socket.refused("POST", f"/agents/{agent.agent_id}/ready", {})
    assert refusal == (409, "phone_not_connected")
    assert (await socket.ask("DELETE", f"/agents/{agent.agent_id}/seat"))[0] == 200


async def test_a_campaign_is_started_and_stopped(socket: Socket) -> None:
    """The next tick goes by it."""
    campaign = await socket.engine.town.campaign()
    for state in ("paused", "running", "stopped"):
        path = f"/campaigns/{campaign.campaign_id}/state"
        assert await socket.ask("POST", path, {"state": state}) == (200, {"state": state})
        assert await socket.engine.db.fetchval("SELECT state FROM campaign") == state


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("/agents/1/seat", b""),
        ("/agents/1/seat", b"{"),
        ("/agents/1/seat", b"[]"),
        ("/agents/1/seat", b'{"extension": 1001}'),
        ("/agents/1/seat", b'{"extension": "\\u0000"}'),
        ("/agents/1/not-ready", b"{}"),
        ("/agents/1/not-ready", b'{"reason": ""}'),
        ("/agents/1/not-ready", b'{"reason": "' + b"x" * 41 + b'"}'),
        ("/agents/1/not-ready", b"\xff"),
        ("/calls/x/disposition", b'{"agent_id": 1, "disposition": "happy"}'),
        ("/calls/x/disposition", b'{"agent_id": 0, "disposition": "refused"}'),
        ("/calls/x/disposition", b'{"agent_id": 99999999999999999999, "disposition": "refused"}'),
        ("/calls/x/disposition", b'{"agent_id": 1, "disposition": "refused", "next": "lunch"}'),
        ("/calls/x/disposition", b'{"agent_id": 1, "disposition": "refused", "note": "a\\u0000b"}'),
        ("/calls/x/disposition", b'{"agent_id": 1, "disposition": "promise", "promise": {"due_on": "tomorrow"}}'),
        (
            "/calls/x/disposition",
            b'{"agent_id": 1, "disposition": "promise", "promise": {"due_on": "2099-01-31", "amount_yen": 0}}',
        ),
        (
            "/calls/x/disposition",
            b'{"agent_id": 1, "disposition": "promise",'
            b' "promise": {"due_on": "2099-01-31", "amount_yen": 99999999999999999999}}',
        ),
        ("/calls/x/disposition", b'{"agent_id": 1, "disposition": "call_back", "callback": {}}'),
        (
            "/calls/x/disposition",
            b'{"agent_id": 1, "disposition": "call_back", "callback": {"due_at": "2026-11-25T18:30:00"}}',
        ),
        ("/campaigns/1/state", b'{"state": "asleep"}'),
    ],
)
async def test_a_malformed_body_is_400_and_names_the_fault(socket: Socket, path: str, raw: bytes) -> None:
    """Nothing that PostgreSQL could not take gets past this door."""
    assert await socket.refused("POST", path, raw=raw) == (400, "malformed")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [("GET", "/nothing", 404), ("PUT", "/health", 405), ("POST", "/agents/99999999999999999999/ready", 404)],
)
async def test_what_is_no_request_has_the_shape_of_every_error(
    socket: Socket, method: str, path: str, expected: int
) -> None:
    """The page shows its sentence like any other."""
    assert await socket.refused(method, path) == (expected, "no_such_request")


async def test_asterisk_away_and_database_away_are_503(socket: Socket) -> None:
    """Nobody is told that it was done; a defect is 500 and stays inside."""
    agent, _ = await talking(socket)
    socket.engine.line.faults["hang_up"] = AmiNotSent("not connected")
    assert await socket.refused("POST", f"/agents/{agent.agent_id}/hangup", {}) == (503, "ami_not_sent")
    await socket.engine.db.execute("ALTER TABLE campaign RENAME TO campaign_gone")
    assert await socket.refused("POST", "/campaigns/1/state", {"state": "paused"}) == (500, "internal")
    await socket.engine.db.execute("ALTER TABLE campaign_gone RENAME TO campaign")
    name = await socket.engine.db.fetchval("SELECT current_database()")
    assert name
    socket.engine.pool.terminate()
    assert await socket.refused("POST", "/campaigns/1/state", {"state": "paused"}) == (503, "database_away")
