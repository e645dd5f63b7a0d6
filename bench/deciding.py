"""Section ``deciding``: what one decision of the predictive mode costs, for small and large teams.

Moments are made up but of the sizes that occur: an eighth of the team ready, a fifth in wrap-up, as many calls ringing
as agents. The forecast is learnt from made-up calls and stays the same, as it does between two renewals.
Processor time of the thread: what else runs on the machine plays little part.
"""

from __future__ import annotations

from pathlib import Path
from time import thread_time

import numpy as np

from bench.bench_site import Report
from bench.figures import Figure, at_most
from dialer.agents.machine import AgentState
from dialer.pacing.estimating import Estimates
from dialer.pacing.forecast import Forecast
from dialer.pacing.observed import RingEnded, Talked, WrappedUp
from dialer.pacing.policy import AgentView, PendingCall, Snapshot
from dialer.pacing.predictive import Predictive

GOALS_MS = {7: None, 30: 2.0, 300: 20.0}
DECISIONS = 1_000


async def run(folder: Path, report: Report, *, decisions: int = DECISIONS) -> list[Figure]:
    chance = np.random.default_rng(1)
    forecast = _learnt(chance)
    figures = []
    for agents, goal_ms in GOALS_MS.items():
        report(f"{decisions:,} decisions for {agents} agents")
        moments = [_moment(agents, forecast, chance) for _ in range(decisions)]
        Predictive().decide(moments[0])  # the tables of a forecast are made once
        took_ms = [_timed_ms(moment) for moment in moments]
        p50_ms, p99_ms = np.percentile(took_ms, [50, 99]).tolist()
        figures.append(Figure("deciding", f"one decision, {agents} agents, p50", p50_ms, "ms"))
        goal = None if goal_ms is None else at_most(goal_ms)
        figures.append(Figure("deciding", f"one decision, {agents} agents, p99", p99_ms, "ms", goal))
    return figures


def _timed_ms(moment: Snapshot) -> float:
    begun_s = thread_time()
    Predictive().decide(moment)
    return (thread_time() - begun_s) * 1_000.0


def _learnt(chance: np.random.Generator) -> Forecast:
    estimates = Estimates(0.01)
    for at_s in range(0, 2_000, 5):
        estimates.observe(RingEnded(at_s, bool(chance.random() < 0.2), float(chance.gamma(4.0, 3.0))))
        estimates.observe(Talked(at_s, float(chance.exponential(100.0))))
        estimates.observe(WrappedUp(at_s, float(chance.gamma(3.0, 13.0))))
    return estimates.forecast(2_000.0)


def _moment(agents: int, forecast: Forecast, chance: np.random.Generator) -> Snapshot:
    ready, wrapping = int(chance.integers(0, max(2, agents // 8))), agents // 5
    talking = agents - ready - wrapping
    team = [AgentView(AgentState.READY, 3.0)] * ready
    team += [AgentView(AgentState.WRAP_UP, float(chance.uniform(0, 60))) for _ in range(wrapping)]
    team += [AgentView(AgentState.TALKING, float(chance.uniform(0, 300))) for _ in range(talking)]
    rings = [PendingCall(float(chance.uniform(0, 25)), 0.2) for _ in range(int(chance.integers(0, agents)))]
    return Snapshot(team, rings, 0, 1.0, 12 * agents, (0.2,) * 12, forecast)
