"""The engine: wires its parts together and keeps them running. Decides nothing itself.

Order at the start: the lock by which one engine works on one database, agents from PostgreSQL, FastAGI
(so that no answered call finds the door closed), AMI with a full comparison of rows and channels, then the
control socket, then dialing. At the stop: dialing ends first, then whatever can ask for work, then the work
itself; calls and legs stay up in Asterisk and are found again at the next start.

Invariant: nothing is dialed while Asterisk is not connected and compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import asyncpg
import redis.asyncio
import structlog

from agi.answered import Answered
from agi.detected import Detected
from agi.inbound import Inbound
from agi.questions import InboundAnswer, Room
from agi.server import AgiServer
from campaigns.campaign import CampaignState, set_state
from campaigns.detection import verdict_of
from dialer.agents.agent import Agent
from dialer.agents.floor import Floor
from dialer.agents.legs import Legs
from dialer.agents.machine import AgentState
from dialer.agents.requests import AgentRequests
from dialer.ami.connection import AmiConnection
from dialer.asterisk.line import AsteriskLine
from dialer.calls.callers import Callers
from dialer.calls.desk import CallDesk
from dialer.calls.live_call import LiveCall
from dialer.campaigning import Campaigning
from dialer.clock import Clock
from dialer.control import Control
from dialer.db.away import DATABASE_AWAY
from dialer.db.pool import open_pool
from dialer.db.sole import SoleEngine
from dialer.errors import DialerError, PortTaken
from dialer.hearing import Hearing
from dialer.line import call_id_or_none
from dialer.live import Live
from dialer.pacing.trace import Trace
from dialer.placing import Placing
from dialer.reconcile import Reconciliation
from dialer.settings import Settings

log = structlog.get_logger()

_POOL_SIZE = 10
_CLOSE_S = 5.0
_ANSWER_MARGIN_S = 2.5  # beyond the abandon threshold; the dialplan itself waits 3 s longer (render.py)


class Engine:
    """One engine for one Asterisk.

    Args:
        database_url, redis_url, ami_secret: as resolved by the site.
        journal: Asterisk's channel event log (``dialer.asterisk.journal``).
    """

    def __init__(
        self, settings: Settings, clock: Clock, *, database_url: str, redis_url: str, ami_secret: str, journal: Path
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._database_url = database_url
        self._redis_url = redis_url
        self._ami_secret = ami_secret
        self._journal = journal
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self, ready: asyncio.Event | None = None) -> None:
        """Run until cancelled; `ready` is set when calls may be placed.

        Raises:
            StartError, AmiError: a part could not be started; everything started before is stopped again.
            StartError: another engine took over the database while the server had lost us.
        """
        try:
            await self._run(ready)
        except ExceptionGroup as group:
            raise _cause(group) from group

    async def _run(self, ready: asyncio.Event | None) -> None:
        async with AsyncExitStack() as stack:
            sole = SoleEngine(self._database_url, self._clock)
            stack.push_async_callback(sole.release)
            await sole.take()
            pool = await open_pool(self._database_url, size=_POOL_SIZE, application="tsunagu engine", ready=True)
            stack.push_async_callback(_close, pool)
            client = redis.asyncio.Redis.from_url(self._redis_url)
            stack.push_async_callback(client.aclose)
            self._wire(pool, client)
            async with pool.acquire() as conn:
                await self._floor.load(conn)
            async with asyncio.TaskGroup() as tasks, AsyncExitStack() as asking:
                self._tasks = tasks
                running = [tasks.create_task(part) for part in (self._hearing.run(), self._live.run(), sole.keep())]
                await self._listen_to_the_dialplan(asking)
                await self._ami.start()
                asking.push_async_callback(self._ami.close)
                control = await self._control.serve(self._settings.engine_socket)
                asking.push_async_callback(control.cleanup)
                running += [
                    tasks.create_task(self._live.run_counts()),
                    tasks.create_task(self._reconciliation.run()),
                    tasks.create_task(self._placing.run()),
                    tasks.create_task(self._trace.run()),
                ]
                log.info("engine_ready", asterisk=self._ami.version)
                if ready is not None:
                    ready.set()
                await asyncio.gather(*running)

    async def _listen_to_the_dialplan(self, asking: AsyncExitStack) -> None:
        agi = AgiServer()
        limit_s = self._settings.abandon_after_s + _ANSWER_MARGIN_S
        agi.add_route("answered", Answered(self, limit_s))
        agi.add_route("detected", Detected(self))
        agi.add_route("inbound", Inbound(self, limit_s))
        try:
            await agi.start(self._settings.agi_host, self._settings.agi_port)
        except OSError as error:
            raise PortTaken(f"AGI_PORT {self._settings.agi_port}: {error.strerror}") from error
        asking.push_async_callback(agi.close)

    # --- wiring --------------------------------------------------------------------------------------

    def _wire(self, pool: asyncpg.Pool, client: redis.asyncio.Redis) -> None:
        settings, clock = self._settings, self._clock
        self._pool = pool
        self._floor = Floor(clock, on_change=self._agent_changed)
        self._ami = AmiConnection(
            settings.ami_host,
            settings.ami_port,
            settings.ami_user,
            self._ami_secret,
            clock=clock,
            on_event=lambda event: self._hearing.hear(event),
            on_connected=self._connected,
            on_lost=self._lost,
        )
        line = AsteriskLine(self._ami, self._journal)
        self._desk = CallDesk(
            pool,
            self._floor,
            line,
            clock,
            on_change=self._call_changed,
            spawn=self._spawn,
            abandon_after_s=settings.abandon_after_s,
            inbound_wait_s=settings.inbound_wait_s,
        )
        self._callers = Callers(pool, self._floor, self._desk, clock, spawn=self._spawn)
        self._legs = Legs(pool, self._floor, line, clock, spawn=self._spawn, on_lost=self._desk.agent_lost)
        self._hearing = Hearing(self._desk, self._callers, self._legs, clock)
        self._trace = Trace(settings.pacing_trace, clock, keep_days=settings.pacing_trace_days)
        self._placing = Placing(
            pool,
            self._floor,
            self._desk,
            clock,
            lines=settings.trunk_lines,
            calls_per_second=settings.calls_per_second,
            spare_lines=settings.spare_lines,
            abandon_limit_ratio=settings.abandon_limit_ratio,
            abandon_after_s=settings.abandon_after_s,
            callers=self._callers,
            trace=self._trace,
        )
        self._reconciliation = Reconciliation(
            pool,
            self._floor,
            self._legs,
            self._desk,
            self._callers,
            line,
            clock,
            every_s=settings.reconcile_every_s,
        )
        self._live = Live(client, pool, clock, self._campaigns_at_work)
        self._control = Control(
            AgentRequests(pool, self._floor, self._legs, self._desk, clock),
            health=self._health,
            snapshot=lambda: self._live.snapshot(self._floor, self._desk),
            change_campaign=self._change_campaign,
        )

    def _spawn(self, work: Coroutine[Any, Any, None]) -> object:
        assert self._tasks is not None
        return self._tasks.create_task(_contained(work))

    def _campaigns_at_work(self) -> list[Campaigning]:
        return list(self._placing.campaigns.values())

    # --- what the parts report -------------------------------------------------------------------------

    def _agent_changed(self, agent: Agent) -> None:
        self._live.agent_changed(agent)
        self._placing.agent_changed(agent)
        if agent.is_free:
            self._desk.match_waiting()

    def _call_changed(self, call: LiveCall) -> None:
        self._live.call_changed(call)
        self._placing.call_changed(call)

    async def _connected(self) -> None:
        await self._reconciliation.after_connect()
        self._placing.line_up = True
        log.info("line_up", asterisk=self._ami.version)

    def _lost(self) -> None:
        self._placing.line_up = False
        log.error("line_lost")

    async def _change_campaign(self, campaign_id: int, state: CampaignState) -> None:
        async with self._pool.acquire() as conn:
            await set_state(conn, campaign_id, state)
        self._placing.reload_soon()

    def _health(self) -> dict[str, object]:
        return {
            "ami": self._ami.connected and self._placing.line_up,
            "asterisk": self._ami.version,
            "calls": len(self._desk.calls),
            "agents": sum(1 for a in self._floor if a.status.state is not AgentState.LOGGED_OUT),
            "drift": self._reconciliation.drift.total,
            "drift_seen": self._reconciliation.drift_seen,
            "trunk": self._hearing.trunk,
        }

    # --- the dialplan's questions (agi.questions.Answers) ----------------------------------------------

    async def answered(self, call_id: str) -> Room | None:
        """The room for the callee of an Originate; None = apologise."""
        attempt_id = call_id_or_none(call_id)
        room = None if attempt_id is None else await self._desk.room_for(attempt_id)
        return None if room is None else Room(room)

    async def detected(self, call_id: str, status: str, cause: str) -> None:
        """The verdict on the callee of an Originate."""
        attempt_id = call_id_or_none(call_id)
        if attempt_id is not None:
            self._desk.detected(attempt_id, verdict_of(status, cause, self._clock.now()))

    async def inbound(self, call_id: str, dialled: str, caller: str | None) -> InboundAnswer:
        """A room, a place among those who wait, or a sentence for somebody who calls us."""
        return await self._callers.answer(call_id, dialled, caller)


def engine_of(settings: Settings, clock: Clock, *, database_url: str, redis_url: str, ami_secret: str) -> Engine:
    """The engine of a site whose private Asterisk writes below ``var/asterisk``."""
    return Engine(
        settings,
        clock,
        database_url=database_url,
        redis_url=redis_url,
        ami_secret=ami_secret,
        journal=settings.var / "asterisk" / "log" / "cel-custom" / "calls.csv",
    )


def _cause(group: ExceptionGroup[Exception]) -> Exception:
    """What a TaskGroup wrapped: the one sentence that says why the engine ended, if there is one."""
    said = group.subgroup(DialerError)
    leaf: Exception = said if said is not None else group
    while isinstance(leaf, ExceptionGroup):
        leaf = leaf.exceptions[0]
    return leaf


async def _close(pool: asyncpg.Pool) -> None:
    """Close the pool; a server that is away must not hold up the stop."""
    try:
        async with asyncio.timeout(_CLOSE_S):
            await pool.close()
    except (*DATABASE_AWAY, asyncpg.PostgresError):
        pool.terminate()


async def _contained(work: Coroutine[Any, Any, None]) -> None:
    """An outer edge: a defect that shows in one call must not end the others.

    The call's row stays open; the reconciliation takes it up anew.
    """
    try:
        await work
    except Exception as error:
        log.exception("task_failed", task=getattr(work, "__qualname__", ""), error=type(error).__name__)
