"""How many calls to place now: the interface of every dial mode, and what a policy may see.

A policy is pure: the same snapshot gives the same decision, so a recorded snapshot can be replayed
through any policy. It may see only what a real dialer can see; what was learnt from earlier calls
is part of the snapshot (``forecast``). Limits that hold for every mode (lines, calls per second)
are applied afterwards, in ``limits``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dialer.agents.machine import AgentState
from dialer.pacing.forecast import Forecast


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent: state and how long she has been in it.

    Args:
        leaving: she takes no further call: a break was asked for, or her shift ends.
    """

    state: AgentState
    elapsed_s: float
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A call placed and not answered yet.

    Args:
        elapsed_s: seconds since the Originate.
        answer_probability: 0..1, that this call will be answered at all; None when no model says.
    """

    elapsed_s: float
    answer_probability: float | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The moment as one campaign's policy sees it.

    Args:
        agents: every agent of the campaign's group who is logged in.
        pending: calls placed, ringing or not, not answered, whose answer would go to these agents: those
            of other campaigns that share the agents are among them.
        waiting: answered calls that have no agent yet and wait for these agents, inbound ones too.
        ratio: the campaign's calls per ready agent (fixed ratio only), 1..10.
        lines_free: lines that this campaign may still take.
        next_probabilities: 0..1, of being answered, of the calls that would be placed next, in their
            order, as far as somebody knows; beyond them, and when it is empty, the forecast says.
        forecast: what was learnt from earlier calls; modes that need none ignore it.
    """

    agents: Sequence[AgentView]
    pending: Sequence[PendingCall]
    waiting: int
    ratio: float
    lines_free: int
    next_probabilities: Sequence[float] = ()
    forecast: Forecast | None = None

    @property
    def ready(self) -> int:
        """Agents who can take a call this instant."""
        return sum(1 for agent in self.agents if agent.state is AgentState.READY and not agent.leaving)


@dataclass(frozen=True, slots=True)
class Decision:
    """How many calls to place now, and why, in words for the supervisor (Japanese).

    Args:
        chances: of each call to place, the probability of being answered, 0..1; empty when the mode forecasts nothing.
        risks: of each, the expected number of people abandoned because of it, 0 or more.
    """

    place: int
    because: str
    chances: tuple[float, ...] = ()
    risks: tuple[float, ...] = ()


class Policy(Protocol):
    """One dial mode."""

    def decide(self, snapshot: Snapshot) -> Decision:
        """Calls to place now (0 or more), before the limits."""
        ...


def per_ready_agent(snapshot: Snapshot, ratio: float) -> int:
    """Calls to place so that `ratio` of them (1 or more) ring for each ready agent whom nobody waits for."""
    return max(0, math.floor(ratio * max(0, snapshot.ready - snapshot.waiting)) - len(snapshot.pending))
