"""Section ``memory``: what our own processes keep resident while 30 agents call from a list of 60,000 debtors.

Past records of everybody come in first, so that the planner fits its model and grades the whole list meanwhile: the
most that it ever does. The sum of the resident sets counts the pages that the processes share once for each; PSS
counts them once. The goal is set against the larger figure. Encoders that the worker starts are told apart: they come
and go. The command that starts and watches the others is the bench itself here, and isn't counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import asyncpg

from bench.bench_site import CLOCK, SQL, BenchSite, Report, bench_site
from bench.figures import Figure, at_least, at_most, exactly
from bench.machine import MB, Memory
from bench.people import MIXED, scripted_people
from campaigns.calendar import jst_date
from campaigns.campaign import load_campaign
from campaigns.grading.fitting import load_model
from campaigns.importing.history.importer import import_history
from campaigns.importing.history.mapping import load_history_mapping
from campaigns.model import DialMode
from dialer.simulation.habits import habits_of
from dialer.simulation.history_file import write_history
from dialer.simulation.past import past_calls
from dialer.simulation.people import Person
from dialer.site.servers import database_url

AGENTS = 30
PEOPLE = 60_000
CALL_S = 60.0
RECORDS_MONTHS = 1  # of each line the planner holds one row, however many its calls were
_RATIO = 2.0
_LOOK_EVERY_S = 0.5
_PLANNED_WITHIN_S = 120.0  # beside CALL_S; the planner stands back behind the others


async def run(
    folder: Path, report: Report, *, agents: int = AGENTS, people: int = PEOPLE, call_s: float = CALL_S
) -> list[Figure]:
    async with bench_site(folder, agents=agents, wrap_up_s=2.0, report=report) as bench:
        crowd = scripted_people(people, MIXED)
        await bench.add_people(crowd)
        async with _looks(bench) as most:
            await _add_past_calls(bench, crowd)
            await bench.add_campaign(DialMode.FIXED_RATIO, ratio=_RATIO, max_lines=2 * agents)
            await bench.run_campaign()
            await CLOCK.sleep(call_s)
            if not await bench.until(partial(_is_planned, bench), _PLANNED_WITHIN_S):
                report("the planner has not graded the whole list")
        dialed = await SQL.dialed(bench.site.db)
        lines = (await load_model(bench.site.db)).model.lines if await _is_planned(bench) else None
        for offer in list(bench.site.carrier.driver.offers.calls.values()):
            if offer.ended_at is None:
                await bench.site.carrier.driver.hang_up(offer.uniqueid)
        await bench.drain()
        summary = await bench.summary()
    whole = sum(most.processes.values(), Memory())
    *others, last = most.processes
    together = f"{', '.join(others)} and {last}"
    return [
        *(Figure("memory", f"{name}, RSS", used.rss / MB, "MB") for name, used in most.processes.items()),
        Figure("memory", f"{together}, RSS", whole.rss / MB, "MB", at_most(400)),
        Figure("memory", f"{together}, PSS", whole.pss / MB, "MB"),
        Figure("memory", "encoders at one moment, PSS", most.encoders.pss / MB, "MB"),
        Figure("memory", "calls dialed meanwhile", dialed),
        Figure("memory", "lines that the planner fitted and graded meanwhile", lines, "", at_least(1)),
        Figure("memory", "unaccounted", summary.unaccounted, "", exactly(0)),
        Figure("memory", "drift at the end", summary.drift, "", exactly(0)),
    ]


@dataclass
class _Most:
    """The most that each process, and the encoders, held at any look."""

    processes: dict[str, Memory]
    encoders: Memory = field(default_factory=Memory)


@asynccontextmanager
async def _looks(bench: BenchSite) -> AsyncIterator[_Most]:
    """Look again and again until the context is left."""
    most = _Most(dict.fromkeys(bench.processes, Memory()))

    async def look() -> None:
        while True:
            for name, process in bench.processes.items():
                most.processes[name] = most.processes[name].or_larger(Memory.of(process.pid))
            most.encoders = most.encoders.or_larger(Memory.of(bench.processes["worker"].pid, children=True))
            await CLOCK.sleep(_LOOK_EVERY_S)

    looking = asyncio.create_task(look())
    try:
        yield most
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


async def _is_planned(bench: BenchSite) -> bool:
    """Whether the model knows the past calls and the whole list is graded by it."""
    campaign = await load_campaign(bench.site.db, bench.campaign_id)
    fitted = await load_model(bench.site.db)
    return fitted.model.lines > 0 and campaign.graded_at is not None


async def _add_past_calls(bench: BenchSite, people: Sequence[Person]) -> None:
    """Import what a former system would have recorded of `people`."""
    file = bench.site.settings.var / "history.csv"
    mapping = load_history_mapping("niigata")
    now = CLOCK.now()

    def write() -> None:
        calls = past_calls(people, habits_of(people, seed=1), months=RECORDS_MONTHS, until=jst_date(now), seed=1)
        write_history(file, mapping, calls)

    await asyncio.to_thread(write)
    conn = await asyncpg.connect(database_url(bench.site.settings), server_settings={"timezone": "UTC"})
    try:
        result = await import_history(conn, file, mapping, now=now, progress=lambda _: None)
    finally:
        await conn.close()
    assert result.applied, "the bench's own records must be importable"
    bench.report(f"{result.rows} past calls are imported")
