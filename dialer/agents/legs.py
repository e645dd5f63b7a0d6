"""The agents' legs: one nailed-up channel each, from log-in to log-out, in the seat's room.

Decides when a leg is laid: the agent has a seat, the seat's telephone is registered, and no leg is up
or on its way. A leg that is lost is laid again; the agent stays not ready until she says otherwise.

Source: facts on ConfBridge legs in docs/adr/ (the leg stays, the callee enters).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import asyncpg
import structlog

from dialer.agents.agent import Agent, room_of
from dialer.agents.floor import Floor
from dialer.agents.machine import AgentEvent, AgentState
from dialer.calls.desk import Spawn
from dialer.clock import Clock
from dialer.errors import AmiError, IllegalTransition
from dialer.line import Line, LiveChannel

log = structlog.get_logger()

LEG_PREFIX = "leg-"
_RELAY_AFTER_S = (0.2, 1.0, 2.0, 5.0)
"""Pauses before a leg is laid again, the last one repeated."""


class Legs:
    """Lays legs and follows what becomes of them.

    Args:
        on_lost: called when a seated agent's leg is gone, after her state was written.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        floor: Floor,
        line: Line,
        clock: Clock,
        *,
        spawn: Spawn,
        on_lost: Callable[[Agent], None],
    ) -> None:
        self._pool = pool
        self._floor = floor
        self._line = line
        self._clock = clock
        self._spawn = spawn
        self._on_lost = on_lost
        self._laying: dict[str, str] = {}  # extension → leg id on its way
        self._failures: dict[str, int] = {}
        self.registered: set[str] = set()

    # --- what Asterisk reports ---------------------------------------------------------------------

    def telephone_registered(self, extension: str) -> None:
        self.registered.add(extension)
        self._lay_if_wanted(extension)

    def telephone_gone(self, extension: str) -> None:
        """The seat's telephone is unregistered or unreachable: an idle agent's leg can't be trusted."""
        self.registered.discard(extension)
        agent = self._floor.by_extension(extension)
        if agent is not None and agent.leg_id and agent.status.call_id is None:
            self._spawn(self._hang_up(agent.leg_id))

    async def leg_joined(self, leg_id: str) -> None:
        """The leg is in its room."""
        extension = extension_of(leg_id)
        self._laying.pop(extension, None)
        self._failures.pop(extension, None)
        agent = self._floor.by_extension(extension)
        if agent is None or extension not in self.registered or agent.leg_id not in (None, leg_id):
            # She or her telephone left while it was being called, or she has a leg already.
            self._spawn(self._hang_up(leg_id))
            return
        try:
            await self._floor.change(self._pool, agent, AgentEvent.LEG_UP, leg_id=leg_id)
        except IllegalTransition:
            self._spawn(self._hang_up(leg_id))  # she left in this very instant

    async def leg_gone(self, leg_id: str) -> None:
        """The leg ended, or never came up."""
        extension = extension_of(leg_id)
        if self._laying.get(extension) == leg_id:
            del self._laying[extension]
            self._failures[extension] = self._failures.get(extension, 0) + 1
        agent = self._floor.by_leg(leg_id)
        if agent is not None:
            await self._floor.change(self._pool, agent, AgentEvent.LEG_LOST)
            self._on_lost(agent)
        self._spawn(self._lay_later(extension))

    async def resync(self, channels: dict[str, LiveChannel], registered: set[str]) -> None:
        """Compare with what Asterisk has, after a (re)connect."""
        self.registered = set(registered)
        self._laying.clear()
        for agent in list(self._floor):
            if agent.extension is None:
                continue
            up = [c for c in channels.values() if c.uniqueid.startswith(f"{LEG_PREFIX}{agent.extension}-") and c.room]
            if agent.leg_id and not any(c.uniqueid == agent.leg_id for c in up):
                await self._floor.change(self._pool, agent, AgentEvent.LEG_LOST)
                self._on_lost(agent)
            if up and agent.leg_id is None:
                await self._floor.change(self._pool, agent, AgentEvent.LEG_UP, leg_id=up[0].uniqueid)
            self._lay_if_wanted(agent.extension)
        for channel in channels.values():
            if channel.uniqueid.startswith(LEG_PREFIX) and self._floor.by_leg(channel.uniqueid) is None:
                self._spawn(self._hang_up(channel.uniqueid))

    # --- what agents ask for -----------------------------------------------------------------------

    async def take_seat(self, agent: Agent, extension: str) -> None:
        """Seat the agent and lay her leg as soon as the telephone is there."""
        await self._floor.change(self._pool, agent, AgentEvent.TOOK_SEAT, extension=extension)
        self._failures.pop(extension, None)
        self._lay_if_wanted(extension)

    async def leave_seat(self, agent: Agent) -> None:
        leg_id = await self._floor.change(self._pool, agent, AgentEvent.LEFT_SEAT)
        if leg_id is not None:
            await self._hang_up(leg_id)

    # --- laying ------------------------------------------------------------------------------------

    def _lay_if_wanted(self, extension: str) -> None:
        agent = self._floor.by_extension(extension)
        wanted = agent is not None and agent.status.state is not AgentState.LOGGED_OUT and not agent.status.leg_up
        if wanted and extension in self.registered and extension not in self._laying:
            leg_id = f"{LEG_PREFIX}{extension}-{secrets.token_hex(4)}"
            self._laying[extension] = leg_id
            self._spawn(self._lay(leg_id, extension))

    async def _lay(self, leg_id: str, extension: str) -> None:
        try:
            await self._line.lay_leg(leg_id, extension, room_of(extension))
        except AmiError as error:
            log.warning("leg_not_laid", extension=extension, error=error.code)
            await self.leg_gone(leg_id)

    async def _lay_later(self, extension: str) -> None:
        failures = self._failures.get(extension, 0)
        await self._clock.sleep(_RELAY_AFTER_S[min(failures, len(_RELAY_AFTER_S) - 1)])
        self._lay_if_wanted(extension)

    async def _hang_up(self, leg_id: str) -> None:
        try:
            await self._line.hang_up(leg_id)
        except AmiError as error:
            log.warning("leg_not_hung_up", leg_id=leg_id, error=error.code)


def extension_of(leg_id: str) -> str:
    """``leg-1001-0a1b2c3d`` → ``1001``."""
    return leg_id.removeprefix(LEG_PREFIX).rpartition("-")[0]
