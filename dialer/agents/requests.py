"""What agents ask for: seats, readiness, previews, the end of a call and its disposition.

Each method is one request of the control socket; a refusal is a ``RequestRefused`` with a sentence for
the page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import asyncpg

from campaigns import dispositions
from campaigns.calendar import jst_date
from campaigns.callbacks import NewCallback
from campaigns.dispositions import NewPromise
from campaigns.errors import AlreadyDisposed, DispositionRefused
from campaigns.model import AttemptState, Disposition
from dialer.agents import store
from dialer.agents.agent import Agent, Planned
from dialer.agents.floor import Floor
from dialer.agents.legs import Legs
from dialer.agents.machine import AgentEvent, AgentState, Details
from dialer.agents.shift_end import Nearing
from dialer.calls.desk import CallDesk
from dialer.calls.live_call import Happening, LiveCall
from dialer.calls.machine import Event
from dialer.clock import Clock
from dialer.errors import RequestRefused

SENT_HOME = "other"
"""The reason of the instant between a wrap-up that is ended from outside and the log-out."""

SKIPPED_FOR_S = 3600.0
"""A person whom an agent skipped in preview is not offered again before that."""


@dataclass(frozen=True, slots=True)
class DispositionRequest:
    """What the agent chose at the end of a call. `go_ready`: what she wants to be next."""

    agent_id: int
    disposition: Disposition
    note: str | None
    promise: NewPromise | None
    go_ready: bool
    reason: str | None
    callback: NewCallback | None = None


class AgentRequests:
    """Carries out what the pages ask on behalf of agents."""

    def __init__(self, pool: asyncpg.Pool, floor: Floor, legs: Legs, desk: CallDesk, clock: Clock) -> None:
        self._pool = pool
        self._floor = floor
        self._legs = legs
        self._desk = desk
        self._clock = clock

    async def take_seat(self, agent_id: int, extension: str) -> Agent:
        """Log in at a seat. The same seat again is no change."""
        agent = await self._agent(agent_id)
        if agent.extension == extension:
            return agent
        async with self._pool.acquire() as conn:
            if await store.seat_kind(conn, extension) is None:
                raise RequestRefused("no_such_seat", "その席は登録されていません。")
        await self._legs.take_seat(agent, extension)
        return agent

    async def leave_seat(self, agent_id: int, *, force: bool = False) -> Agent:
        """Log out.

        Args:
            force: a supervisor frees the seat of somebody who left it in wrap-up. The call stays without a result
                until she enters one. A talk is not cut, nor a callee who is on the way to her left alone.

        Raises:
            RequestRefused: she is on a call; without `force`, in wrap-up too.
        """
        agent = await self._agent(agent_id)
        if force and agent.status.state is AgentState.WRAP_UP:
            await self._floor.change(self._pool, agent, AgentEvent.DISPOSED, Details(reason=SENT_HOME))
        await self._legs.leave_seat(agent)
        return agent

    async def ready(self, agent_id: int) -> Agent:
        """Ready now; on a call: after it. Who says so after the end of her shift has none any more on that day."""
        agent = await self._agent(agent_id)
        await self._floor.change(self._pool, agent, AgentEvent.WENT_READY)
        now = self._clock.now()
        ends_at = agent.shift.at(now)
        if ends_at is not None and now >= ends_at:
            # In memory first, so that nobody sends her home in between.
            agent.shift, agent.nearing = replace(agent.shift, moved_on=jst_date(now), moved_to=None), Nearing.FAR
            async with self._pool.acquire() as conn:
                await store.move_shift_end(conn, agent_id, on=jst_date(now), to=None)
        return agent

    async def not_ready(self, agent_id: int, reason: str) -> Agent:
        """Not ready now; on a call: after it."""
        agent = await self._agent(agent_id)
        await self._floor.change(self._pool, agent, AgentEvent.WENT_NOT_READY, Details(reason=reason))
        return agent

    async def hang_up(self, agent_id: int) -> Agent:
        """End the callee's leg of the agent's call."""
        agent = await self._agent(agent_id)
        if agent.status.call_id is None or agent.status.state is AgentState.WRAP_UP:
            raise RequestRefused("no_call", "通話していません。")
        await self._desk.hang_up_by_agent(agent.status.call_id)
        return agent

    async def preview_dial(self, agent_id: int) -> Agent:
        """Start the call of the person on the screen."""
        agent, call = await self._previewed(agent_id)
        call.chosen = True
        self._desk.dial_preview(call)
        return agent

    async def preview_skip(self, agent_id: int) -> Agent:
        """Leave the person on the screen for later."""
        agent, call = await self._previewed(agent_id)
        call.chosen = True
        call.again_after_s = SKIPPED_FOR_S
        call.inbox.put_nowait(Happening(Event.REFUSED, self._clock.now()))
        return agent

    async def dispose(self, call_id: UUID, request: DispositionRequest) -> Agent:
        """Write the disposition and end the wrap-up, both in one transaction.

        Repeating the same disposition after the wrap-up has ended is no change (a page that lost the
        answer asks again).
        """
        agent = await self._agent(request.agent_id)
        async with self._floor.changing([agent]):
            now = self._clock.now()
            hers = agent.status.call_id == call_id
            if hers and agent.status.state is not AgentState.WRAP_UP:
                raise RequestRefused("still_talking", "通話が終わってから結果を登録してください。")
            planned = None
            if hers:
                reason = None if request.go_ready and agent.status.leg_up else request.reason or "other"
                planned = self._floor.plan(agent, AgentEvent.DISPOSED, Details(reason=reason), at=now)
            try:
                async with self._pool.acquire() as conn, conn.transaction():
                    await dispositions.dispose(
                        conn,
                        call_id,
                        request.agent_id,
                        request.disposition,
                        note=request.note,
                        promise=request.promise,
                        callback=request.callback,
                        now=now,
                    )
                    if planned is not None:
                        await self._floor.write(conn, planned, at=now)
            except DispositionRefused as error:
                if planned is not None and isinstance(error, AlreadyDisposed):
                    await self._end_wrap_up(planned, now)
                raise RequestRefused(error.code, str(error)) from error
            if planned is not None:
                self._floor.take_in(planned)
        return agent

    async def _end_wrap_up(self, planned: Planned, now: datetime) -> None:
        """The call has its result, written when the database broke off and so not known here: nothing is left to do."""
        async with self._pool.acquire() as conn, conn.transaction():
            await self._floor.write(conn, planned, at=now)
        self._floor.take_in(planned)

    async def _agent(self, agent_id: int) -> Agent:
        known = self._floor.find(agent_id)
        if known is not None:
            return known
        async with self._pool.acquire() as conn:
            return await self._floor.get(conn, agent_id)

    async def _previewed(self, agent_id: int) -> tuple[Agent, LiveCall]:
        agent = await self._agent(agent_id)
        call = self._desk.calls.get(agent.status.call_id) if agent.status.call_id else None
        waits = call is not None and call.is_preview and call.state is AttemptState.CLAIMED and not call.chosen
        if call is None or not waits or call.agent is not agent:
            raise RequestRefused("no_preview", "表示中の発信候補がありません。")
        return agent, call
