"""Section ``recordings``: 32 calls recorded at once, none lost, none cut, both voices in each.

32 agents talk with 32 people who stay until the driver of the carrier hangs all of them up together. Each stored file
is decoded: the callee's tone must be left, the agent's tone right, each for as long as it sounded on the line.
"""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import asyncpg

from bench.bench_site import CLOCK, SQL, BenchSite, Report, bench_site
from bench.figures import Figure, at_most, exactly
from bench.people import TALKS_UNTIL_HUNG_UP, scripted_people
from bench.sound import AGENT_HZ, CALLEE_HZ, decoded, heard_for_s
from campaigns.model import DialMode

CALLS = 32
TALK_S = 20.0
CUT_S = 0.3
_HELLO_S = 1.5  # the callee says hello, then sounds her tone
_JOINED_WITHIN_S = 30.0


async def run(folder: Path, report: Report, *, calls: int = CALLS, talk_s: float = TALK_S) -> list[Figure]:
    async with bench_site(folder, agents=calls, wrap_up_s=1.0, report=report) as bench:
        await bench.add_people(scripted_people(calls, TALKS_UNTIL_HUNG_UP))
        await bench.add_campaign(DialMode.PROGRESSIVE, max_lines=calls)
        await bench.run_campaign()
        await bench.until_count(partial(SQL.talking, bench.site.db), calls, _JOINED_WITHIN_S)
        report(f"{calls} talk at once; in {talk_s:g} s all hang up")
        await CLOCK.sleep(talk_s)
        together = await SQL.talking(bench.site.db)
        driver = bench.site.carrier.driver
        await asyncio.gather(*(driver.hang_up(uniqueid) for uniqueid in list(driver.offers.calls)))
        await bench.drain()
        rows = [row async for row in SQL.stored(bench.site.db)]
        summary = await bench.summary()
        silent = await asyncio.to_thread(lambda: sum(not _is_whole(bench, row) for row in rows))
    apart_ms = [1000 * abs(row["line_s"] - row["stored_s"]) for row in rows]
    return [
        Figure("recordings", "calls recorded at once", together, "", exactly(calls)),
        Figure("recordings", "lost", calls - len(rows), "", exactly(0)),
        Figure("recordings", "stored and line differ, most", max(apart_ms, default=None), "ms", at_most(1000 * CUT_S)),
        Figure("recordings", "stored with a problem", sum(row["problem"] is not None for row in rows), "", exactly(0)),
        Figure("recordings", "both voices, by level", summary.recordings_both_voices, "", exactly(calls)),
        Figure("recordings", "a tone is missing, short, or on the wrong side", silent, "", exactly(0)),
        Figure("recordings", "hang-up to last one stored", max((row["wait_s"] for row in rows), default=None), "s"),
        Figure("recordings", "unaccounted", summary.unaccounted, "", exactly(0)),
        Figure("recordings", "drift at the end", summary.drift, "", exactly(0)),
    ]


def _is_whole(bench: BenchSite, row: asyncpg.Record) -> bool:
    """Callee left, agent right, neither on the other's side, each to the end."""
    callee, agent = decoded(bench.site.settings.archive / row["path"])
    return (
        heard_for_s(agent, AGENT_HZ) > row["joined_s"] - CUT_S
        and heard_for_s(callee, CALLEE_HZ) > row["joined_s"] - _HELLO_S - CUT_S
        and heard_for_s(agent, CALLEE_HZ) < CUT_S
        and heard_for_s(callee, AGENT_HZ) < CUT_S
    )
