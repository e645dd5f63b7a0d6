"""Section ``pacing``: the simulation of the pacing, checked against the real thing.

Ten simulated agents take calls of a predictive campaign on the real Asterisk; what becomes of each call is drawn from
the laws of one scenario. Then the same scenario is played many times in ``dialer/simulation/pacing``. Utilisation and
abandonment of the real run must lie in the intervals in which 95 of 100 played runs lie. Both begin with nothing learnt
and leave out the same first minute.

What the engine does and the simulation's dialers don't is given to the one that plays here: the look ten times a
second, 1:1 above the hard limit of abandonment, and what the planner's grades say of strangers.

A real run that is just like the played ones misses one of the two intervals about once in twelve.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import msgspec
import numpy as np

from bench.bench_site import CLOCK, SQL, BenchSite, Report, bench_site
from bench.figures import Figure, at_least, at_most, exactly, percentile
from bench.machine import Use
from bench.people import NOBODY_ANSWERS, scripted_people
from campaigns.answers import live_answers_by_hour
from campaigns.model import E164, DialMode, Window
from campaigns.pacing import USUAL
from dialer.errors import StartError
from dialer.pacing.abandonment import Count
from dialer.pacing.modes import Progressive
from dialer.pacing.observed import Abandoned, Joined, Observed
from dialer.pacing.policy import Decision, Snapshot
from dialer.settings import Settings
from dialer.simulation.pacing.calls import Calls
from dialer.simulation.pacing.dialers import Moment
from dialer.simulation.pacing.oracles import PredictiveDialer
from dialer.simulation.pacing.played import Played
from dialer.simulation.pacing.scenario_file import Law, Level, Scenario
from dialer.simulation.pacing.world import World
from dialer.simulation.population import CallPlan, Fate

SCENARIO = Scenario(
    name="real",
    agents=10,
    levels=(Level(0.0, 0.3),),
    talk=(Law(mean_s=9.0, least_s=3.0),),
    wrap=(Law(mean_s=4.0),),
    answer=(Law(mean_s=3.0, shape=4.0, least_s=1.0),),
    ring_timeout_s=10.0,
    quick_failures=0.1,
    quick_failure_s=0.1,
    threshold_s=USUAL.abandon_threshold_s,
    warm_up_h=60.0 / 3600.0,
    hours=400.0 / 3600.0,
)
SEEDS = 50
LIVE_ANSWERS = 150
_JOBS = 2
_TICK_S = 0.1  # as the engine looks
_LINES_PER_AGENT = 12  # as the simulation has them: the campaign is to be held by its target
_PEOPLE = 3_000
_STARTS_WITHIN_S = 30.0

MEANS = {
    "answer_s": "from claim to answer",
    "in_vain_s": "from claim to the end of a ring in vain",
    "busy_s": "from claim to the end at a busy line",
    "join_s": "from answer to join",
    "talk_s": "talk",
    "wrap_s": "wrap-up",
}
"""Durations of the real calls that are told beside what was played, by their names in ``pacing.sql``."""


class DrawnCallees:
    """What becomes of the k-th call that reaches the carrier: the k-th of the scenario (a `population.Callees`)."""

    def __init__(self, scenario: Scenario) -> None:
        self._calls = Calls(scenario, np.random.default_rng([scenario.seed, 1]))
        self._level = scenario.levels[0].probability
        self._ring_timeout_s = scenario.ring_timeout_s

    def plan(self, number: E164, calls_before: int, window: Window) -> CallPlan:
        """The next one; who is called makes no difference."""
        call = self._calls.take(self._level)
        if call.answered:
            return CallPlan(Fate.ANSWERS, round(call.answer_s, 3), round(call.talk_s, 3))
        return CallPlan(Fate.BUSY if call.failure_s < self._ring_timeout_s else Fate.NO_ANSWER)


class HeldDialer(PredictiveDialer):
    """The predictive mode, 1:1 while abandonment is above its hard limit. Args: ratios, 0..1."""

    def __init__(self, target_ratio: float, limit_ratio: float) -> None:
        super().__init__(target_ratio)
        self._limit_ratio = limit_ratio
        self._count = Count()

    def observe(self, seen: Observed) -> None:
        """Hear what became of a call or an agent."""
        super().observe(seen)
        if isinstance(seen, Joined | Abandoned):
            self._count += Count(1, int(isinstance(seen, Abandoned)))

    def _decide(self, snapshot: Snapshot, moment: Moment) -> Decision:
        if self._count.is_over(self._limit_ratio):
            return Progressive().decide(snapshot)
        return super()._decide(snapshot, moment)


@dataclass(frozen=True, slots=True)
class Real:
    """What the real run came to in its measured time.

    Args:
        utilisation: agents' time in talk and wrap-up over their time logged in without breaks, 0..1.
        answers, abandoned: live answers, and those of them who met no agent in time.
        told: mean answer probability that the model had of who was called, 0..1; None = it had none.
        means: `MEANS` of all calls, the first minute included, seconds; None = there were no such calls.
    """

    utilisation: float
    answers: int
    abandoned: int
    told: float | None
    means: dict[str, float | None]

    @property
    def abandonment(self) -> float:
        """Abandoned over live answers, 0..1."""
        return self.abandoned / self.answers if self.answers else 0.0


async def run(folder: Path, report: Report, *, scenario: Scenario = SCENARIO, seeds: int = SEEDS) -> list[Figure]:
    async with bench_site(
        folder,
        agents=scenario.agents,
        wrap_up_s=scenario.wrap[0].mean_s,
        report=report,
        calls_per_second=Settings().calls_per_second,
        callees=DrawnCallees(scenario),
    ) as bench:
        await bench.add_people(scripted_people(_PEOPLE, NOBODY_ANSWERS))
        await bench.add_campaign(
            DialMode.PREDICTIVE,
            max_lines=_LINES_PER_AGENT * scenario.agents,
            ring_timeout_s=round(scenario.ring_timeout_s),
        )
        use = Use(bench.cpu_s)
        await bench.run_campaign()
        real = await _dial(bench, scenario)
        used = use.figures("pacing")
        await bench.drain(recordings=False)
        summary = await bench.summary()
    report(f"the simulation plays {seeds} such runs")
    runs = await asyncio.to_thread(_played, as_told(scenario, real.told), seeds)
    return [
        *compared(real, runs),
        *(Figure("pacing", f"{what}, mean", real.means[key], "s", None, _usual(scenario, key))
          for key, what in MEANS.items()),
        Figure("pacing", "unaccounted", summary.unaccounted, "", exactly(0)),
        Figure("pacing", "drift at the end", summary.drift, "", exactly(0)),
        *used,
    ]  # fmt: skip


async def _dial(bench: BenchSite, scenario: Scenario) -> Real:
    """Wait until the scenario's time is over, then read what came of it.

    Raises:
        StartError: nobody was called.
    """
    db = bench.site.db

    async def begun() -> bool:
        return await SQL.first_claim(db) is not None

    if not await bench.until(begun, _STARTS_WITHIN_S):
        raise StartError("the campaign calls nobody")
    begun_at = await SQL.first_claim(db)
    since = begun_at + timedelta(hours=scenario.warm_up_h)
    until = since + timedelta(hours=scenario.hours)
    bench.report(f"calls are placed for {(until - begun_at).total_seconds():g} s")
    await CLOCK.sleep((until - CLOCK.now()).total_seconds())
    hours = await live_answers_by_hour(db, since)
    time = await SQL.team_time(db, since=since, until=until)
    calls = dict(await SQL.course(db))
    return Real(
        utilisation=time["busy_s"] / time["paid_s"],
        answers=sum(hour.answers for hour in hours),
        abandoned=sum(hour.abandoned for hour in hours),
        told=calls.pop("told"),
        means=calls,
    )


def as_told(scenario: Scenario, told: float | None) -> Scenario:
    """`scenario` as the engine saw it: all calls with the same answer probability `told`, which may be wrong."""
    if told is None:
        return scenario
    truth = scenario.levels[0].probability
    bias = (told / (1.0 - told)) / (truth / (1.0 - truth))
    return msgspec.structs.replace(scenario, told=True, told_bias=bias)


def play(scenario: Scenario) -> Played:
    """One run of the simulation; the scenario's seed is the run's."""
    dialer = HeldDialer(USUAL.abandon_target_ratio, USUAL.abandon_limit_ratio)
    return World(scenario, dialer, scenario.seed, tick_s=_TICK_S).play()


def _played(scenario: Scenario, seeds: int) -> list[Played]:
    jobs = [msgspec.structs.replace(scenario, seed=scenario.seed + number) for number in range(seeds)]
    with ProcessPoolExecutor(_JOBS, mp_context=get_context("spawn")) as workers:
        return list(workers.map(play, jobs))


def compared(real: Real, runs: Sequence[Played]) -> list[Figure]:
    """The real run beside the played ones, of which the first had the same calls."""
    found = [Figure("pacing", "live answers", real.answers, "", at_least(LIVE_ANSWERS))]
    for what in ("utilisation", "abandonment"):
        measured: float = getattr(real, what)
        played: list[float] = [getattr(one, what) for one in runs]
        found += [
            Figure("pacing", f"{what}, least of 95% of the played runs", measured, "",
                   None if (low := percentile(played, 0.025)) is None else at_least(low),
                   f"played: mean {np.mean(played):.3g}"),
            Figure("pacing", f"{what}, most of 95% of the played runs", measured, "",
                   None if (high := percentile(played, 0.975)) is None else at_most(high),
                   f"played with the same calls: {played[0]:.3g}"),
        ]  # fmt: skip
    return found


def _usual(scenario: Scenario, key: str) -> str:
    played_s = {
        "answer_s": scenario.answer[0].whole_mean_s,
        "in_vain_s": scenario.ring_timeout_s,
        "busy_s": scenario.quick_failure_s,
        "join_s": 0.0,
        "talk_s": scenario.talk[0].whole_mean_s,
        "wrap_s": scenario.wrap[0].whole_mean_s,
    }
    return f"played: {played_s[key]:g}"
