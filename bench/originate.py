"""Section ``originate``: calls placed and ended a second, by the engine and by a bare AMI script, in turns.

Two loads, each with the same number of lines in flight for both, on the same two Asterisks, the same legs up:

* ``rings``: nobody answers and each call rings 5 s, so the lines bound the rate: does the engine keep them all in use?
* ``busy``: every callee is busy at once, so that nothing but processors bounds the rate: what does a call cost?

No call needs an agent. The engine's process does not run while the bare script does: its share of the events would slow
the script, and flatter us.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from bench.bare_ami import Order
from bench.bench_site import CLOCK, DEBT_TYPES, SQL, BenchSite, Report, bench_site
from bench.figures import Figure, at_least, exactly
from bench.machine import Use
from bench.people import BUSY, NOBODY_ANSWERS, scripted_people
from campaigns.campaign import CampaignState
from campaigns.model import DialMode, Outcome
from dialer.simulation.people import Person

AGENTS = 20
RATIO = 10.0
_DRAIN_S = 30.0
_CALLER_ID = "+81250000001"
_PROJECT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Load:
    """One kind of callee.

    Args:
        people: more than can be called in all rounds together.
        lines: in flight, at most `AGENTS` × `RATIO`.
        outcome: what every call must end as.
        round_s: seconds in which calls are begun.
    """

    name: str
    endings: Sequence[str]
    people: int
    lines: int
    ring_timeout_s: int
    outcome: Outcome
    rounds: int
    round_s: float


LOADS = (
    Load("rings", NOBODY_ANSWERS, 4000, 200, 5, Outcome.NO_ANSWER, rounds=2, round_s=20.0),
    Load("busy", BUSY, 12000, 40, 15, Outcome.BUSY, rounds=4, round_s=8.0),
)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round reached; `cpu_s` by part."""

    ended: float
    seconds: float
    idle_ratio: float
    cpu_s: dict[str, float]

    @property
    def rate(self) -> float:
        return self.ended / self.seconds


async def run(folder: Path, report: Report, *, loads: Sequence[Load] = LOADS) -> list[Figure]:
    figures: list[Figure] = []
    async with bench_site(folder, agents=AGENTS, wrap_up_s=1.0, report=report, calls_per_second=200.0) as bench:
        for kind, load in enumerate(loads):
            people = scripted_people(load.people, load.endings, kind=kind)
            await bench.add_people(people)
            await bench.add_campaign(
                DialMode.FIXED_RATIO, ratio=RATIO, max_lines=load.lines, ring_timeout_s=load.ring_timeout_s,
                debt_types=DEBT_TYPES[kind : kind + 1],
            )  # fmt: skip
            bare, ours = await _rounds(bench, load, people, report)
            figures += _figures(load, bare, ours)
            summary = await bench.summary(check_book=False)  # the carrier's book has the script's calls, too
            figures.append(Figure("originate", f"{load.name}: drift at the end", summary.drift, "", exactly(0)))
        right = {*(load.outcome for load in loads), Outcome.CANCELLED}
        outcomes = {row["outcome"]: row["attempts"] async for row in SQL.outcomes(bench.site.db)}
    wrong = {outcome: count for outcome, count in outcomes.items() if outcome not in right}
    told = ", ".join(f"{count} {outcome}" for outcome, count in wrong.items())
    return [*figures, Figure("originate", "calls with a wrong outcome", sum(wrong.values()), "", exactly(0), told)]


def _figures(load: Load, bare: Sequence[Round], ours: Sequence[Round]) -> list[Figure]:
    def of(what: str, measured: float, unit: str = "", anchor: str = "") -> Figure:
        return Figure("originate", f"{load.name}: {what}", measured, unit, None, anchor)

    ratios = [engine.rate / script.rate for engine, script in zip(ours, bare, strict=True)]
    found = [
        of("bare AMI script, median", statistics.median(one.rate for one in bare), "calls/s", f"{load.lines} lines"),
        of("engine, median", statistics.median(one.rate for one in ours), "calls/s", f"{load.lines} lines"),
        Figure("originate", f"{load.name}: engine ÷ bare, median", statistics.median(ratios), "", at_least(0.9)),
        of("engine ÷ bare, worst round", min(ratios)),
        of("processors idle, bare", 100 * statistics.median(one.idle_ratio for one in bare), "%"),
        of("processors idle, engine", 100 * statistics.median(one.idle_ratio for one in ours), "%"),
    ]
    for who, rounds in (("bare", bare), ("engine", ours)):
        calls = sum(one.ended for one in rounds)
        for part in rounds[0].cpu_s:
            each_ms = 1000 * sum(one.cpu_s.get(part, 0.0) for one in rounds) / calls
            found.append(of(f"processor time a call, {who} rounds, {part}", each_ms, "ms"))
    return found


async def _rounds(
    bench: BenchSite, load: Load, people: Sequence[Person], report: Report
) -> tuple[list[Round], list[Round]]:
    numbers = [f"+81{person.phones[0][1:]}" for person in people]
    bare: list[Round] = []
    ours: list[Round] = []
    for turn in range(load.rounds):
        bare.append(await _bare_round(bench, load, numbers))
        ours.append(await _engine_round(bench, load))
        report(f"{load.name}, round {turn + 1}: bare {bare[-1].rate:.1f}, engine {ours[-1].rate:.1f} calls a second")
    return bare, ours


async def _bare_round(bench: BenchSite, load: Load, numbers: list[str]) -> Round:
    settings = bench.site.settings
    await bench.processes["engine"].stop()
    order = Order(
        host=settings.ami_host,
        port=settings.ami_port,
        user=settings.ami_user,
        secret=settings.ami_secret,
        numbers=numbers,
        caller_id=_CALLER_ID,
        lines=load.lines,
        seconds=load.round_s,
        ring_timeout_s=load.ring_timeout_s,
    )
    use = Use(bench.cpu_s)
    script = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.bare_ami", cwd=_PROJECT, stdin=PIPE, stdout=PIPE
    )
    try:
        async with asyncio.timeout(load.round_s + 60):
            said, _ = await script.communicate(json.dumps(asdict(order)).encode())
    finally:
        if script.returncode is None:
            script.kill()
            await script.wait()
    found: dict[str, float] = json.loads(said)
    assert not found["refused"], "Asterisk refused Originates of the bare script"
    assert found["ended"] < len(numbers), "too few people for a whole round"
    cpu_s = use.by_part_s() | {"script": found["cpu_s"]}
    return Round(found["ended"], found["seconds"], use.idle_ratio(), cpu_s)


async def _engine_round(bench: BenchSite, load: Load) -> Round:
    await bench.processes["engine"].start()
    await bench.seated()
    since = CLOCK.now()
    use = Use(bench.cpu_s)
    await bench.site.control.set_campaign_state(bench.campaign_id, CampaignState.RUNNING)
    await CLOCK.sleep(load.round_s)
    await bench.site.control.set_campaign_state(bench.campaign_id, CampaignState.STOPPED)
    await bench.site.until_zero(partial(SQL.open_attempts, bench.site.db), _DRAIN_S)
    idle_ratio, cpu_s = use.idle_ratio(), use.by_part_s()
    row = await SQL.round(bench.site.db, since=since, outcome=load.outcome)
    assert row["ended"], "the engine placed no call"
    return Round(row["ended"], row["seconds"], idle_ratio, cpu_s)
