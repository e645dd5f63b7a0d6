"""How many calls to place now: the interface of every dial mode, and what a policy may see.

A policy is pure: the same snapshot gives the same decision, so a recorded snapshot can be replayed
through any policy. It may see only what a real dialer can see. Limits that hold for every mode
(lines, calls per second) are applied afterwards, in ``limit``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dialer.agents.machine import AgentState


@dataclass(frozen=True, slots=True)
class AgentView:
    """One agent: state and how long she has been in it."""

    state: AgentState
    elapsed_s: float


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
        waiting: answered calls that have no agent yet and wait for these agents.
        ratio: the campaign's calls per ready agent (fixed ratio only), 1..10.
        lines_free: lines that this campaign may still take.
    """

    agents: Sequence[AgentView]
    pending: Sequence[PendingCall]
    waiting: int
    ratio: float
    lines_free: int

    @property
    def ready(self) -> int:
        """Agents who can take a call this instant."""
        return sum(1 for agent in self.agents if agent.state is AgentState.READY)


@dataclass(frozen=True, slots=True)
class Decision:
    """How many calls to place now, and why, in words for the supervisor (Japanese)."""

    place: int
    because: str


class Policy(Protocol):
    """One dial mode."""

    def decide(self, snapshot: Snapshot) -> Decision:
        """Calls to place now (0 or more), before the limits."""
        ...


def limit(decision: Decision, *, lines_free: int, rate_allows: int) -> Decision:
    """`decision` within the free lines and the calls that the rate still allows this instant."""
    place = decision.place
    for allowed, name in ((lines_free, "回線数"), (rate_allows, "毎秒の発信数")):
        if place > allowed:
            place = max(0, allowed)
            decision = Decision(place, f"{decision.because}、{name}の上限により {place}件")
    return decision
