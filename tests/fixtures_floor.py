"""An engine without an Asterisk: real PostgreSQL, all of the engine's own parts, a `FakeLine` for the telephone line.

It is Tuesday morning there, so that campaigns may call whenever the tests run.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from campaigns.campaign import Campaign, CampaignState, load_campaign, set_state
from campaigns.model import Disposition
from dialer.agents.agent import Agent
from dialer.agents.floor import Floor
from dialer.agents.legs import Legs
from dialer.agents.machine import AgentState
from dialer.agents.requests import AgentRequests, DispositionRequest
from dialer.agents.store import Seat, add_seats
from dialer.calls.callers import Callers
from dialer.calls.desk import CallDesk
from dialer.calls.live_call import LiveCall
from dialer.clock import SystemClock
from dialer.db.pool import open_pool
from dialer.engine import _contained
from dialer.hearing import Hearing
from dialer.placing import Placing
from dialer.reconcile import Reconciliation
from tests.deadline import until
from tests.fakes_line import FakeLine
from tests.fixtures_people import TUESDAY, Town

ABANDON_AFTER_S = 0.3
INBOUND_WAIT_S = 30.0


class TuesdayClock(SystemClock):
    """A clock that runs as ours does and began on that Tuesday; `shift` sets it, as an administrator would."""

    def __init__(self) -> None:
        self._began_s = self.monotonic_s()
        self.shift = timedelta()

    def now(self) -> datetime:
        return TUESDAY + timedelta(seconds=self.monotonic_s() - self._began_s) + self.shift


@dataclass
class SmallEngine:
    """The engine's parts, wired as ``dialer.engine`` does it."""

    pool: asyncpg.Pool
    db: asyncpg.Connection
    town: Town
    clock: TuesdayClock
    line: FakeLine
    seen: list[str] = field(default_factory=list)
    """What broke an invariant at some moment."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.floor = Floor(self.clock, on_change=self._agent_changed)
        self.desk = CallDesk(
            self.pool, self.floor, self.line, self.clock,
            on_change=self._call_changed, spawn=self.spawn, abandon_after_s=ABANDON_AFTER_S,
            inbound_wait_s=INBOUND_WAIT_S,
        )  # fmt: skip
        self.legs = Legs(
            self.pool, self.floor, self.line, self.clock, spawn=self.spawn, on_lost=self.desk.agent_lost
        )  # fmt: skip
        self.callers = Callers(self.pool, self.floor, self.desk, self.clock, spawn=self.spawn)
        self.hearing = Hearing(self.desk, self.callers, self.legs, self.clock)
        self.placing = Placing(
            self.pool, self.floor, self.desk, self.clock,
            lines=30, calls_per_second=100.0, callers=self.callers,
        )  # fmt: skip
        self.reconciliation = Reconciliation(
            self.pool, self.floor, self.legs, self.desk, self.callers, self.line, self.clock, every_s=0.2
        )
        self.requests = AgentRequests(self.pool, self.floor, self.legs, self.desk, self.clock)
        self.line.on_event = self.hearing.hear
        self.line.ask = self.desk.room_for
        self.line.ask_inbound = self.callers.answer
        self.line.detected = self.desk.detected

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(_contained(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _agent_changed(self, agent: Agent) -> None:
        self.placing.agent_changed(agent)
        if agent.is_free:
            self.desk.match_waiting()

    def _call_changed(self, call: LiveCall) -> None:
        self.placing.call_changed(call)
        talking = [c.agent.agent_id for c in self.desk.calls.values() if c.agent is not None]
        self.seen += [f"agent {a} has two calls" for a in set(talking) if talking.count(a) > 1]

    # --- what a test does ------------------------------------------------------------------------------

    def start(self, *, dialing: bool = True, looking: bool = True) -> None:
        """Hear legs, and dial and compare unless the test does that itself."""
        self.spawn(self.hearing.run())
        if looking:
            self.spawn(self.reconciliation.run())
        if dialing:
            self.placing.line_up = True
            self.spawn(self.placing.run())

    async def add_agents(self, count: int, *, ready: bool = True, group: str = "all") -> list[Agent]:
        """New agents with seats, telephones and legs; ready unless told otherwise."""
        before = await self.db.fetchval("SELECT count(*) FROM agent")
        extensions = [str(1001 + before + n) for n in range(count)]
        await add_seats(self.db, [Seat(extension, "sip", "only-for-tests") for extension in extensions])
        agents = []
        for extension in extensions:
            user_id = await self.db.fetchval(
                "INSERT INTO app_user (login, display_name, role, password_hash)"
                " VALUES ($1, $1, 'agent', 'none') RETURNING user_id",
                f"agent{extension}",
            )
            await self.db.execute(
                "INSERT INTO agent (agent_id, agent_group, state_at) VALUES ($1, $2, $3)", user_id, group, TUESDAY
            )
            agent = await self.requests.take_seat(user_id, extension)
            self.line.register(extension)
            agents.append(agent)
        for agent in agents:
            await until(lambda: agent.status.leg_up, what="the leg is up")  # noqa: B023
            if ready:
                await self.requests.ready(agent.agent_id)
        return agents

    async def dispose(self, agent: Agent) -> None:
        """Enter a result for the agent's call."""
        assert agent.status.call_id is not None
        chosen = DispositionRequest(agent.agent_id, Disposition.CONTACT_PERSON, None, None, True, None)
        await self.requests.dispose(agent.status.call_id, chosen)

    async def stop_campaign(self, campaign: Campaign) -> None:
        await set_state(self.db, campaign.campaign_id, CampaignState.STOPPED)
        self.placing.reload_soon()

    async def change_campaign(self, campaign: Campaign, column: str, value: object) -> Campaign:
        await self.db.execute(f"UPDATE campaign SET {column} = $2 WHERE campaign_id = $1", campaign.campaign_id, value)
        return await load_campaign(self.db, campaign.campaign_id)

    async def row(self, call_id: UUID | str) -> asyncpg.Record:
        return await self.db.fetchrow(
            "SELECT a.*, c.agent_id AS talked_to, c.ended_by, c.joined_at FROM attempt a LEFT JOIN call c"
            " ON c.call_id = a.attempt_id WHERE a.attempt_id = $1",
            UUID(str(call_id)),
        )  # fmt: skip

    async def everybody_hangs_up(self, *, within_s: float = 15.0) -> None:
        """End every callee's channel until the engine holds no call any more."""

        def done() -> bool:
            for channel_id in [c for c in self.line.up if not c.startswith("leg-")]:
                self.line.end(channel_id)
            return not self.desk.calls

        await until(done, within_s=within_s, what="every call has ended")

    async def assert_settled(self) -> None:
        """Nothing is open or reserved anywhere, memory and rows agree, and nothing was broken on the way."""
        assert self.seen == []
        assert await self.db.fetchval("SELECT count(*) FROM attempt WHERE ended_at IS NULL") == 0
        assert await self.db.fetchval("SELECT count(*) FROM call WHERE ended_at IS NULL") == 0
        answered = await self.db.fetch("SELECT outcome FROM attempt WHERE answered_at IS NOT NULL")
        assert {r["outcome"] for r in answered} <= {"answered", "abandoned", "hung_up_early", "machine"}
        for agent in self.floor:
            assert not agent.held, f"agent {agent.agent_id} is held for nobody"
            assert agent.status.state not in (AgentState.RESERVED, AgentState.TALKING)
            row = await self.db.fetchrow("SELECT * FROM agent WHERE agent_id = $1", agent.agent_id)
            assert (row["state"], row["leg_id"], row["call_id"]) == (
                str(agent.status.state), agent.leg_id, agent.status.call_id,
            )  # fmt: skip
            open_stretches = await self.db.fetch(
                "SELECT state FROM agent_time WHERE agent_id = $1 AND until IS NULL", agent.agent_id
            )
            present = [] if agent.status.state is AgentState.LOGGED_OUT else [str(agent.status.state)]
            assert [r["state"] for r in open_stretches] == present

    async def close(self) -> None:
        while self._tasks:
            for task in list(self._tasks):
                task.cancel()
            await asyncio.wait(set(self._tasks), timeout=5)
        await self.line.settled()


@contextlib.asynccontextmanager
async def small_engine(dsn: str, engine_dsn: str | None = None) -> AsyncIterator[SmallEngine]:
    """Parts that are wired and not started.

    Args:
        engine_dsn: another way to the same database for the engine alone, for example a proxy.
    """
    db = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    try:
        pool = await open_pool(engine_dsn or dsn, size=6, application="small engine", ready=True)
        try:
            town = Town(db)
            await town.debt_types("city_tax")
            clock = TuesdayClock()
            engine = SmallEngine(pool, db, town, clock, FakeLine(clock))
            try:
                yield engine
            finally:
                await engine.close()
        finally:
            pool.terminate()
    finally:
        await db.close()
