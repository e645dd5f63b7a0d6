"""One agent at work, and a change of hers that is decided but not yet written.

Decides nothing but what her state means: whether she is free, goes on, and may be counted on for further calls.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime

from dialer.agents.machine import AgentEvent, AgentState, AgentStatus
from dialer.agents.shift_end import NO_SHIFT_END, Nearing, ShiftEnd

_AT_WORK = (AgentState.READY, AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP)


@dataclass(slots=True, eq=False)
class Agent:
    """One agent at work. `debtor_id` is the person of her current call.

    `shift_ends_at`, `nearing` and since when it isn't FAR are what ``dialer.agents.shifts`` last found of her `shift`.
    """

    agent_id: int
    name: str
    group: str
    languages: tuple[str, ...]
    status: AgentStatus
    state_at: datetime
    extension: str | None = None
    leg_id: str | None = None
    debtor_id: int | None = None
    held: bool = False
    shift: ShiftEnd = NO_SHIFT_END
    shift_ends_at: datetime | None = None
    nearing: Nearing = Nearing.FAR
    nearing_since: datetime | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def room(self) -> str:
        return room_of(self.extension or "")

    @property
    def is_free(self) -> bool:
        """Can take a call this instant."""
        return self.status.state is AgentState.READY and self.status.leg_up and not self.held

    @property
    def goes_on(self) -> bool:
        """Is at work and ready again after the call that she has; nobody who is in a break, or asked for one."""
        return self.status.state in _AT_WORK and self.status.after is None

    @property
    def takes_more(self) -> bool:
        """Calls may be dialed for her, for now or for when the present one is done: her shift doesn't end before."""
        return self.goes_on and self.nearing is Nearing.FAR


@dataclass(frozen=True, slots=True)
class Planned:
    """A change that is decided but not yet written."""

    agent: Agent
    event: AgentEvent
    status: AgentStatus
    state_at: datetime
    extension: str | None
    leg_id: str | None
    debtor_id: int | None


def room_of(extension: str) -> str:
    """The ConfBridge room of a seat."""
    return f"seat-{extension}"
