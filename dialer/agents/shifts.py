"""Watches the ends of the agents' shifts: who takes no further call, and who is sent into the end of her day.

Decides nothing itself: when what begins is in ``shift_end``. It is asked once a second by the dialing loop. Whoever is
on a call at the end is not ready after it; the reason is `SHIFT_OVER`. Who says that she is ready again afterwards
goes on without an end for that day (``dialer.agents.requests``).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import asyncpg

from dialer.agents.agent import Agent
from dialer.agents.floor import Floor
from dialer.agents.machine import SHIFT_OVER, AgentEvent, AgentState, Details
from dialer.agents.shift_end import Nearing, nearing
from dialer.clock import Clock
from dialer.errors import RequestRefused


class Shifts:
    """The ends of one floor's shifts."""

    def __init__(self, pool: asyncpg.Pool, floor: Floor, clock: Clock) -> None:
        self._pool = pool
        self._floor = floor
        self._clock = clock

    async def look(self, call_s: Callable[[str], float], ring_s: float) -> None:
        """Take up what time it is.

        Args:
            call_s: by agent group, median seconds of a call from the join to the end of the wrap-up.
            ring_s: seconds for which a telephone rings at the longest.
        """
        now = self._clock.now()
        for agent in list(self._floor):
            if agent.status.state is AgentState.LOGGED_OUT:
                continue
            if agent.shift_ends_at != (ends_at := agent.shift.at(now)):
                agent.shift_ends_at, agent.nearing_since = ends_at, None
                self._floor.tell(agent)
            agent.nearing = nearing(now, ends_at, call_s=call_s(agent.group), ring_s=ring_s, since=agent.nearing_since)
            if agent.nearing is not Nearing.FAR and agent.nearing_since is None:
                agent.nearing_since = now
            # Nobody holds her any more: who was held before is on a call in a moment.
            if agent.nearing is Nearing.OVER and agent.goes_on and not agent.held:
                await self._send_home(agent)

    async def _send_home(self, agent: Agent) -> None:
        with suppress(RequestRefused):  # she left by herself in this very instant
            await self._floor.change(self._pool, agent, AgentEvent.WENT_NOT_READY, Details(reason=SHIFT_OVER))
