"""The dialers that can be compared, by name, and what of some of them is chosen with hindsight.

Decides which parameters each is given; all have the same target. A figure that its users would have to find by trial
(calls per agent, the greatest level) is chosen in each scenario with hindsight, on the very seeds of the comparison:
an advantage that nobody has in a real centre.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dialer.simulation.pacing.baselines.fixed_ratio import FixedRatio
from dialer.simulation.pacing.baselines.impact_dialing import ImpactDialing
from dialer.simulation.pacing.baselines.issabel import Issabel
from dialer.simulation.pacing.baselines.omnidialer import OmniDialer
from dialer.simulation.pacing.baselines.vicidial import MAX_LEVEL, Method, ViciDial
from dialer.simulation.pacing.baselines.webitel import Webitel
from dialer.simulation.pacing.clairvoyant import Clairvoyant
from dialer.simulation.pacing.dialers import Dialer
from dialer.simulation.pacing.oracles import AgentOracle, PredictiveDialer
from dialer.simulation.pacing.scenario_file import Scenario

TARGET = 0.01
"""Abandoned over answered calls that all aim at."""

OURS, ORACLE = "predictive", "agent-oracle"


@dataclass(frozen=True, slots=True)
class Hindsight:
    """A figure that is chosen after the fact.

    Args:
        first, last: of the values tried.
        coarse, fine: steps: of the first look, and around the best of it.
    """

    first: float
    last: float
    coarse: float
    fine: float


@dataclass(frozen=True, slots=True)
class Contestant:
    """One dialer.

    Args:
        make: a fresh one for a run, from its scenario and the figure that is chosen with hindsight.
        hindsight: which values of it are tried; None = it has none.
        label: for tables and pictures.
    """

    label: str
    make: Callable[[Scenario, float], Dialer]
    hindsight: Hindsight | None = None


def _vicidial(method: Method) -> Callable[[Scenario, float], Dialer]:
    return lambda scenario, _: _vicidial_of(scenario, method, MAX_LEVEL)


def _vicidial_of(scenario: Scenario, method: Method, max_level: float) -> Dialer:
    lasts_s = (scenario.warm_up_h + scenario.hours) * 3_600.0
    return ViciDial(method, TARGET, lasts_s, max_level=max_level, blended=scenario.inbound_per_h > 0)


CONTESTANTS: dict[str, Contestant] = {
    OURS: Contestant("Tsunagu", lambda *_: PredictiveDialer(TARGET)),
    ORACLE: Contestant(
        "agent-oracle",
        lambda _, share: AgentOracle(TARGET * share),
        Hindsight(first=1.0, last=1.2, coarse=0.1, fine=0.1),
    ),
    "clairvoyant": Contestant("clairvoyant", lambda scenario, _: Clairvoyant(scenario.ring_timeout_s)),
    "progressive": Contestant("progressive", lambda *_: FixedRatio(1.0)),
    "fixed-ratio": Contestant(
        "best fixed ratio", lambda _, ratio: FixedRatio(ratio), Hindsight(first=1.0, last=15.0, coarse=0.5, fine=0.05)
    ),
    "vicidial-hard-limit": Contestant("ViciDial HARD_LIMIT", _vicidial(Method.HARD_LIMIT)),
    "vicidial-average": Contestant("ViciDial AVERAGE", _vicidial(Method.AVERAGE)),
    "vicidial-tapered": Contestant("ViciDial TAPERED", _vicidial(Method.TAPERED)),
    "vicidial-tuned": Contestant(
        "ViciDial, best level",
        lambda scenario, level: _vicidial_of(scenario, Method.HARD_LIMIT, level),
        Hindsight(first=1.0, last=8.0, coarse=0.5, fine=0.25),
    ),
    "issabel": Contestant("Issabel", lambda *_: Issabel(overcommit=False)),
    "issabel-overcommit": Contestant("Issabel, overcommit", lambda *_: Issabel(overcommit=True)),
    "omnidialer": Contestant("OMniDialer", lambda *_: OmniDialer(TARGET)),
    "webitel": Contestant("Webitel", lambda *_: Webitel(TARGET)),
    "impact-dialing": Contestant("Impact Dialing", lambda scenario, _: ImpactDialing(TARGET, scenario.seed)),
}
