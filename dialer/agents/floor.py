"""The agents of this engine: who is present, in which state, and who takes the next call.

PostgreSQL is the truth; this is its working copy. Each change goes: plan (pure) → written in the
caller's transaction → taken into memory → told to the pages.

Invariants:
    * An agent's changes are made one at a time, under her ``lock``.
    * ``hold`` marks an agent as taken in the same instant in which she is chosen (no await between),
      so that two answered calls never get the same agent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

import asyncpg
import structlog

from dialer.agents import store
from dialer.agents.agent import Agent, Planned
from dialer.agents.choosing import fits, is_lent, serves, take_first
from dialer.agents.machine import AgentEvent, AgentState, Details, apply
from dialer.agents.shift_end import Nearing
from dialer.clock import Clock
from dialer.errors import RequestRefused

log = structlog.get_logger()


class Floor:
    """All agents.

    Args:
        on_change: called after each change, with the agent (pages, routing).
    """

    def __init__(self, clock: Clock, on_change: Callable[[Agent], None]) -> None:
        self._clock = clock
        self._on_change = on_change
        self._agents: dict[int, Agent] = {}

    def __iter__(self) -> Iterator[Agent]:
        return iter(self._agents.values())

    async def load(self, conn: asyncpg.Connection) -> None:
        """Take over what PostgreSQL has, for example after a crash of the engine."""
        for row in await store.load_agents(conn):
            self._agents[row.agent_id] = _agent(row)

    async def get(self, conn: asyncpg.Connection, agent_id: int) -> Agent:
        """An agent by id; one added since the start is read now.

        Raises:
            RequestRefused: no such agent.
        """
        if agent_id not in self._agents:
            row = await store.load_agent(conn, agent_id)
            if row is None:
                raise RequestRefused("no_such_agent", "オペレーターとして登録されていません。")
            self._agents.setdefault(agent_id, _agent(row))
        return self._agents[agent_id]

    async def refresh(self, conn: asyncpg.Connection) -> list[Agent]:
        """Take over what was administered since: names, groups, languages, shifts; return who is disabled, at work."""
        staff = {row.agent_id: row for row in await store.load_staff(conn)}
        for agent in self:
            if (row := staff.get(agent.agent_id)) is not None:
                agent.name, agent.group, agent.languages, agent.shift = row.name, row.group, row.languages, row.shift
        present = (a for a in self if a.status.state is not AgentState.LOGGED_OUT)
        return [a for a in present if a.agent_id not in staff or staff[a.agent_id].disabled]

    def find(self, agent_id: int | None) -> Agent | None:
        return None if agent_id is None else self._agents.get(agent_id)

    def by_extension(self, extension: str) -> Agent | None:
        return next((a for a in self if a.extension == extension), None)

    def by_leg(self, leg_id: str) -> Agent | None:
        return next((a for a in self if a.leg_id == leg_id), None)

    def of_group(self, group: str) -> list[Agent]:
        """Logged-in agents who serve `group` (``all`` serves and is served by everyone)."""
        return [a for a in self if a.status.state is not AgentState.LOGGED_OUT and serves(a.group, group)]

    def hold(self, group: str, preferred: int | None = None, wants: str | None = None) -> Agent | None:
        """Choose and take the agent for an answered call: `preferred` if free, else the longest idle.

        Agents of that very group come before those of ``all``, whom other groups may need.

        Args:
            wants: who the callee had better talk with (see `fits`); whoever is free is better than nobody.
        """
        return self.hold_of({group}, preferred, wants)

    def hold_of(
        self,
        groups: Collection[str],
        preferred: int | None = None,
        wants: str | None = None,
        *,
        came_in: bool = False,
    ) -> Agent | None:
        """As `hold`, for a call that agents of any of `groups` may take.

        Args:
            came_in: somebody calls us: an agent takes him up to the end of her shift.
        """
        able = [a for a in self if a.is_free and any(serves(a.group, group) for group in groups)]
        return take_first(
            [a for a in able if came_in or a.nearing < Nearing.NOTHING_ANSWERED],
            lambda a: (
                a.agent_id != preferred,
                wants is not None and not fits(a, wants),
                all(is_lent(a, group) for group in groups),
            ),
        )

    def hold_fitting(self, group: str, wanted: Collection[str], *, lent: bool = True) -> Agent | None:
        """Choose and take the agent for a call that is yet to be dialed, in the order of `hold`; None = none is free.

        Args:
            wanted: she fits one of them (see `fits`).
            lent: whether it may be one whom other groups need, too.
        """
        able = [a for a in self.of_group(group) if a.is_free and a.takes_more and (lent or not is_lent(a, group))]
        return take_first([a for a in able if any(fits(a, w) for w in wanted)], lambda a: (is_lent(a, group),))

    def plan(
        self,
        agent: Agent,
        event: AgentEvent,
        details: Details | None = None,
        *,
        at: datetime,
        debtor_id: int | None = None,
    ) -> Planned:
        """What `event` makes of `agent`.

        Raises:
            RequestRefused, IllegalTransition: see ``dialer.agents.machine``.
        """
        status = apply(agent.status, event, details)
        same_state = (status.state, status.reason) == (agent.status.state, agent.status.reason)
        left = status.state is AgentState.LOGGED_OUT
        return Planned(
            agent,
            event,
            status,
            agent.state_at if same_state else at,
            None if left else agent.extension,
            None if left else agent.leg_id,
            (debtor_id or agent.debtor_id) if status.call_id else None,
        )

    async def write(self, conn: asyncpg.Connection, planned: Planned, *, at: datetime) -> None:
        """Write a planned change in the caller's transaction."""
        await store.write_agent(
            conn,
            planned.agent.agent_id,
            planned.agent.status,
            planned.status,
            at=at,
            state_at=planned.state_at,
            extension=planned.extension,
            leg_id=planned.leg_id,
        )

    def take_in(self, planned: Planned) -> None:
        """Make a written change the present one and tell who listens."""
        agent, before = planned.agent, planned.agent.status
        agent.status, agent.state_at = planned.status, planned.state_at
        agent.extension, agent.leg_id, agent.debtor_id = planned.extension, planned.leg_id, planned.debtor_id
        agent.held = False
        if before != agent.status:
            log.info(
                "agent_changed",
                agent_id=agent.agent_id,
                event_kind=str(planned.event),
                frm=str(before.state),
                to=str(agent.status.state),
                reason=agent.status.reason,
            )
        self._on_change(agent)

    def tell(self, agent: Agent) -> None:
        """Something of `agent` changed that is no state of hers."""
        self._on_change(agent)

    @asynccontextmanager
    async def changing(self, agents: Iterable[Agent]) -> AsyncIterator[None]:
        """Hold the locks of `agents`, in the order of their ids so that no two wait for each other."""
        ordered = sorted({a.agent_id: a for a in agents}.values(), key=lambda a: a.agent_id)
        taken: list[Agent] = []
        try:
            for agent in ordered:
                await agent.lock.acquire()
                taken.append(agent)
            yield
        finally:
            for agent in taken:
                agent.lock.release()

    async def change(
        self,
        pool: asyncpg.Pool,
        agent: Agent,
        event: AgentEvent,
        details: Details | None = None,
        *,
        extension: str | None = None,
        leg_id: str | None = None,
    ) -> str | None:
        """One change that concerns nobody but the agent: plan, write, take in. Returns the leg that she had before.

        Args:
            extension: the seat that TOOK_SEAT takes.
            leg_id: the leg that LEG_UP brings.

        Raises:
            RequestRefused: the state doesn't allow it, or the seat is taken.
        """
        async with self.changing([agent]):
            at, leg_before = self._clock.now(), agent.leg_id
            planned = self.plan(agent, event, details, at=at)
            if extension is not None:
                planned = replace(planned, extension=extension)
            if leg_id is not None:
                planned = replace(planned, leg_id=leg_id)
            elif event is AgentEvent.LEG_LOST:
                planned = replace(planned, leg_id=None)
            try:
                async with pool.acquire() as conn, conn.transaction():
                    await self.write(conn, planned, at=at)
            except asyncpg.UniqueViolationError as error:
                raise RequestRefused("seat_taken", "この席は使用中です。別の席を選んでください。") from error
            self.take_in(planned)
            return leg_before


def _agent(row: store.AgentRow) -> Agent:
    return Agent(
        row.agent_id,
        row.name,
        row.group,
        row.languages,
        row.status,
        row.state_at,
        row.extension,
        row.leg_id,
        row.debtor_id,
        shift=row.shift,
    )
