"""What plays in a simulated centre: a dialer sees the moment, places calls, and hears what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from dialer.pacing.observed import Observed
from dialer.pacing.policy import AgentView, PendingCall


@dataclass(frozen=True, slots=True)
class NextCall:
    """What only a clairvoyant knows of the next call: whether and when it is answered."""

    answered: bool
    after_s: float


class Moment(Protocol):
    """The centre at one moment, as much of it as a dialer asks for."""

    now_s: float
    threshold_s: float

    @property
    def lines_free(self) -> int:
        """Lines that may still be taken."""
        ...

    @property
    def waiting(self) -> int:
        """Answered calls without an agent."""
        ...

    @property
    def waiting_inbound(self) -> int:
        """Inbound calls without an agent."""
        ...

    @property
    def ready(self) -> int:
        """Agents who can take a call this instant."""
        ...

    @property
    def talking(self) -> int:
        """Agents in talk."""
        ...

    @property
    def wrapping(self) -> int:
        """Agents in wrap-up."""
        ...

    @property
    def logged_in(self) -> int:
        """All agents, those on a break too."""
        ...

    @property
    def ringing(self) -> int:
        """Calls not answered yet."""
        ...

    def agents(self) -> Sequence[AgentView]:
        """Everyone logged in, one by one; the counts above cost less."""
        ...

    def pending(self) -> Sequence[PendingCall]:
        """Calls not answered yet, one by one."""
        ...

    def next_probabilities(self) -> Sequence[float]:
        """Of the calls to be placed next, when the dialer is told; else empty."""
        ...

    def free_in_s(self) -> Sequence[float]:
        """The truth, for oracles only: when each of `agents` is ready again; infinite for who won't be."""
        ...

    def leaves_in_s(self) -> Sequence[float]:
        """The truth, for the clairvoyant only: when each of `agents` takes no more calls; infinite or negative too."""
        ...

    def next_call(self, ahead: int) -> NextCall:
        """The truth, for the clairvoyant only: the call placed after `ahead` others."""
        ...

    def answers_in_s(self) -> Sequence[float]:
        """The truth, for the clairvoyant only: in how many seconds those pending calls answer that do."""
        ...

    def arrivals_in_s(self, within_s: float) -> Sequence[float]:
        """The truth, for the clairvoyant only: in how many seconds the inbound calls of that time come."""
        ...


class Dialer(Protocol):
    """One way of pacing, with whatever it keeps in mind."""

    def observe(self, seen: Observed) -> None:
        """Hear what became of a call or an agent."""
        ...

    def place(self, moment: Moment) -> int:
        """Calls to place now, 0 or more."""
        ...
