"""Two dialers that decide by `Predictive`: the real one, and one that knows when each agent will be ready.

The agent-oracle shares everything with the real one (the rule, what it learns about answers, the accounts), but where
the real one has probabilities for busy agents it has the truth. It doesn't know who will answer.
"""

from __future__ import annotations

import numpy as np

from dialer.agents.machine import AgentState
from dialer.pacing.estimating import Estimates
from dialer.pacing.observed import Observed, Placed
from dialer.pacing.policy import Decision, Snapshot
from dialer.pacing.predictive import MOMENTS, Predictive
from dialer.simulation.pacing.dialers import Moment


class PredictiveDialer:
    """The predictive mode as the engine runs it.

    Args:
        target: abandonment, 0..1.
    """

    def __init__(self, target: float) -> None:
        self._estimates = Estimates(target)

    def observe(self, seen: Observed) -> None:
        """Hear what became of a call or an agent."""
        self._estimates.observe(seen)

    def place(self, moment: Moment) -> int:
        """Calls to place now."""
        snapshot = Snapshot(
            agents=moment.agents(),
            pending=moment.pending(),
            waiting=moment.waiting + moment.waiting_inbound,
            ratio=1.0,
            lines_free=moment.lines_free,
            next_probabilities=moment.next_probabilities(),
            forecast=self._estimates.forecast(moment.now_s),
        )
        decision = self._decide(snapshot, moment)
        if decision.place:
            self._estimates.observe(Placed(moment.now_s, sum(decision.chances), sum(decision.risks)))
        return decision.place

    def _decide(self, snapshot: Snapshot, moment: Moment) -> Decision:
        return Predictive(moment.threshold_s).decide(snapshot)


class AgentOracle(PredictiveDialer):
    """Knows when each agent will be ready."""

    def _decide(self, snapshot: Snapshot, moment: Moment) -> Decision:
        policy, forecast = Predictive(moment.threshold_s), snapshot.forecast
        assert forecast is not None
        if not forecast.sure:
            return policy.decide(snapshot)
        busy = (AgentState.TALKING, AgentState.WRAP_UP, AgentState.RESERVED)
        free_in_s = [
            free_s for agent, free_s in zip(snapshot.agents, moment.free_in_s(), strict=True) if agent.state in busy
        ]
        freed = np.array(free_in_s)[:, None] <= MOMENTS + moment.threshold_s
        return policy.fill(snapshot, forecast, freed.astype(float).reshape(-1, len(MOMENTS)))
