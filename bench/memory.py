"""Section ``memory``: what engine, web and worker keep resident while 30 agents call from a list of 60,000 debtors.

The sum of the resident sets counts the pages that the three share three times; PSS counts them once. The goal is set
against the larger figure. Encoders that the worker starts are told apart: they come and go.
"""

from __future__ import annotations

from pathlib import Path

from bench.bench_site import CLOCK, SQL, BenchSite, Report, bench_site
from bench.figures import Figure, at_most, exactly
from bench.machine import MB, Memory
from bench.people import MIXED, scripted_people
from campaigns.model import DialMode

AGENTS = 30
PEOPLE = 60_000
CALL_S = 60.0
_RATIO = 2.0
_LOOK_EVERY_S = 1.0


async def run(
    folder: Path, report: Report, *, agents: int = AGENTS, people: int = PEOPLE, call_s: float = CALL_S
) -> list[Figure]:
    async with bench_site(folder, agents=agents, wrap_up_s=2.0, report=report) as bench:
        await bench.add_people(scripted_people(people, MIXED))
        await bench.add_campaign(DialMode.FIXED_RATIO, ratio=_RATIO, max_lines=2 * agents)
        await bench.run_campaign()
        largest, encoders = await _watch(bench, call_s)
        dialed = await SQL.dialed(bench.site.db)
        for offer in list(bench.site.carrier.driver.offers.calls.values()):
            if offer.ended_at is None:
                await bench.site.carrier.driver.hang_up(offer.uniqueid)
        await bench.drain()
        summary = await bench.summary()
    whole = sum(largest.values(), Memory())
    return [
        *(Figure("memory", f"{name}, RSS", used.rss / MB, "MB") for name, used in largest.items()),
        Figure("memory", "engine, web and worker, RSS", whole.rss / MB, "MB", at_most(400)),
        Figure("memory", "engine, web and worker, PSS", whole.pss / MB, "MB"),
        Figure("memory", "encoders at one moment, PSS", encoders.pss / MB, "MB"),
        Figure("memory", f"calls dialed in {call_s:g} s", dialed),
        Figure("memory", "unaccounted", summary.unaccounted, "", exactly(0)),
        Figure("memory", "drift at the end", summary.drift, "", exactly(0)),
    ]


async def _watch(bench: BenchSite, for_s: float) -> tuple[dict[str, Memory], Memory]:
    """The most that each process, and the encoders, held at any look."""
    largest = dict.fromkeys(bench.processes, Memory())
    encoders = Memory()
    until_s = CLOCK.monotonic_s() + for_s
    while CLOCK.monotonic_s() < until_s:
        await CLOCK.sleep(_LOOK_EVERY_S)
        for name, process in bench.processes.items():
            largest[name] = largest[name].or_larger(Memory.of(process.pid))
        encoders = encoders.or_larger(Memory.of(bench.processes["worker"].pid, children=True))
    return largest, encoders
