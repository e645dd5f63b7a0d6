"""``python -m bench.soak --minutes N``: everything at once for N minutes, with crashes, then the invariants.

30 agents call people of every kind; meanwhile more people are imported, and engine and Asterisk are killed (-9) in
turns, at random moments from a seed. What ended is started again by the site itself, as in a real one. At the end the
rows, the engine, Asterisk, the carrier's own book and the archive must tell one story.

When our Asterisk dies, nobody tells the network: its side of each call would stay up until it hears no sound for a
minute. The people hang up at once instead, as people do.

Exit status 1 when an invariant is broken, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
from collections import Counter
from functools import partial
from itertools import cycle
from pathlib import Path

from bench.bench_site import CLOCK, SQL, BenchSite, Report, bench_site, clean_folder
from bench.figures import Figure, at_most, exactly, percentile
from bench.machine import MB, Memory, Use, describe
from bench.people import MIXED, scripted_people
from bench.telling import show, tell
from campaigns.campaign import CampaignState
from campaigns.model import DialMode
from dialer.errors import DialerError
from dialer.logs import log_to
from dialer.site.interrupt import until_interrupted

AGENTS = 30
_RATIO = 1.5
_FIRST_PEOPLE = 8000
_MORE_PEOPLE = 500
_KILL_EVERY_S = (30.0, 75.0)
_IMPORT_EVERY_S = 60.0
_LAST_KILL_BEFORE_END_S = 45.0
_BACK_WITHIN_S = 120.0
_SETTLE_S = 60.0


class Soak:
    """One run.

    Args:
        seed: decides when, and which first.
    """

    def __init__(self, bench: BenchSite, seconds: float, seed: int, report: Report) -> None:
        self._bench = bench
        self._until_s = CLOCK.monotonic_s() + seconds
        self._chance = random.Random(seed)
        self._report = report
        self._people = scripted_people(_FIRST_PEOPLE + 50 * _MORE_PEOPLE, MIXED)
        self.kills = {"engine": 0, "Asterisk": 0}
        self.largest = Memory()

    async def run(self) -> list[Figure]:
        bench = self._bench
        await bench.add_people(self._people[:_FIRST_PEOPLE])
        await bench.add_campaign(DialMode.FIXED_RATIO, ratio=_RATIO, max_lines=2 * AGENTS)
        use = Use(bench.cpu_s)
        helpers = [asyncio.create_task(work) for work in (bench.site.watch(), self._import_more(), self._look())]
        try:
            await bench.run_campaign()
            await self._kill_now_and_then()
            await CLOCK.sleep(max(0.0, self._until_s - CLOCK.monotonic_s()))
            self._report("no new calls; those that are up come to their end")
            await bench.run_campaign(CampaignState.STOPPED)
            await bench.site.until_zero(partial(SQL.open_attempts, bench.site.db), _SETTLE_S)
            await self._hang_up_all()
            await bench.drain()
        finally:
            for helper in helpers:
                helper.cancel()
            ends = await asyncio.gather(*helpers, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end
        return await self._figures(use)

    # --- what happens meanwhile ----------------------------------------------------------------------

    async def _kill_now_and_then(self) -> None:
        kills = [self._kill_engine, self._kill_asterisk]
        self._chance.shuffle(kills)
        for kill in cycle(kills):
            pause_s = self._chance.uniform(*_KILL_EVERY_S)
            if CLOCK.monotonic_s() + pause_s > self._until_s - _LAST_KILL_BEFORE_END_S:
                return
            await CLOCK.sleep(pause_s)
            await kill()

    async def _kill_engine(self) -> None:
        self._report("kill -9 engine")
        self.kills["engine"] += 1
        self._bench.processes["engine"].kill()
        await self._until_back()

    async def _kill_asterisk(self) -> None:
        self._report("kill -9 Asterisk")
        self.kills["Asterisk"] += 1
        self._bench.site.pbx.kill()
        await self._hang_up_all()
        await self._until_back()

    async def _hang_up_all(self) -> None:
        driver = self._bench.site.carrier.driver
        for offer in list(driver.offers.calls.values()):
            if offer.ended_at is None:
                await driver.hang_up(offer.uniqueid)
        await driver.hang_up_telephones()

    async def _until_back(self) -> None:
        """Wait until calls are placed again; that they are is what the site promises after a crash."""
        since = CLOCK.now()
        joined = partial(SQL.joined_since, self._bench.site.db, since=since)
        if not await self._bench.until_count(joined, 1, _BACK_WITHIN_S):
            raise DialerError(f"nobody was joined to an agent for {_BACK_WITHIN_S:g} s after a crash")
        self._report(f"agents talk again after {(CLOCK.now() - since).total_seconds():.1f} s")

    async def _import_more(self) -> None:
        for begin in range(_FIRST_PEOPLE, len(self._people), _MORE_PEOPLE):
            await CLOCK.sleep(_IMPORT_EVERY_S)
            await self._bench.add_people(self._people[begin : begin + _MORE_PEOPLE])

    async def _look(self) -> None:
        while True:
            await CLOCK.sleep(5)
            now = sum((Memory.of(process.pid) for process in self._bench.processes.values()), Memory())
            self.largest = self.largest.or_larger(now)

    # --- what must be true afterwards ------------------------------------------------------------------

    async def _figures(self, use: Use) -> list[Figure]:
        bench = self._bench
        summary = await bench.summary()
        book = bench.site.carrier.driver.offers
        join_ms = [row["ms"] async for row in SQL.joins(bench.site.db)]
        states = {row["state"]: row["recordings"] async for row in SQL.recordings_by_state(bench.site.db)}
        unexplained = await SQL.unexplained_recordings(bench.site.db)
        lost = await SQL.lost(bench.site.db)
        return [
            *(Figure("soak", f"kill -9 of {name}", count) for name, count in self.kills.items()),
            Figure("soak", "dialed", summary.dialed),
            Figure("soak", "answered", summary.answered),
            Figure("soak", "joined to an agent", summary.connected),
            Figure("soak", "abandoned", summary.abandoned),
            Figure("soak", "ended by a crash while ringing, told so", lost["ringing"]),
            Figure("soak", "ended by a crash while talking, told so", lost["talking"]),
            Figure("soak", "unaccounted", await self._unaccounted(), "", exactly(0)),
            Figure("soak", "drift at the end", summary.drift, "", exactly(0)),
            Figure("soak", "two calls to one number at a time", len(book.overlaps), "", exactly(0)),
            Figure("soak", "recordings stored", states.get("stored", 0)),
            Figure("soak", "recordings failed, with a reason", states.get("failed", 0)),
            Figure("soak", "recordings neither stored nor explained", unexplained, "", exactly(0)),
            Figure("soak", "answer to both in one bridge, rows, p50", percentile(join_ms, 0.50), "ms"),
            Figure("soak", "answer to both in one bridge, rows, p99", percentile(join_ms, 0.99), "ms"),
            Figure("soak", "engine, web and worker, RSS", self.largest.rss / MB, "MB", at_most(400)),
            *use.figures("soak"),
        ]

    async def _unaccounted(self) -> int:
        """Attempts without an end, calls that the network never saw, and calls of the network that no row explains."""
        rows = [row async for row in SQL.calls_by_number(self._bench.site.db)]
        sent, reached = ({row["number"]: row[what] for row in rows} for what in ("sent", "reached"))
        book = Counter({str(number): n for number, n in self._bench.site.carrier.driver.offers.per_number().items()})
        unseen = (Counter(reached) - book).total()
        unexplained = (book - Counter(sent)).total()
        return int(await SQL.without_end(self._bench.site.db)) + unseen + unexplained


async def soak(folder: Path, minutes: float, seed: int) -> list[Figure]:
    """Run it in `folder`; return the figures."""
    async with bench_site(folder, agents=AGENTS, wrap_up_s=2.0, report=tell, calls_per_second=20.0) as bench:
        return await Soak(bench, 60 * minutes, seed, tell).run()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description="Everything at once, with crashes.")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--keep", action="store_true", help="keep the folder with logs, and say where it is")
    given = parser.parse_args()
    about = describe() | {"seed": given.seed, "minutes": given.minutes}
    with clean_folder(keep=given.keep) as folder, (folder / "bench.log").open("w", encoding="utf-8") as log:
        if given.keep:
            tell(f"folder {folder}")
        log_to(log)
        try:
            figures = asyncio.run(until_interrupted(soak(folder / "soak", given.minutes, given.seed)))
        except DialerError as error:
            tell(f"soak: {error}")
            return 2
    if figures is None:
        return 130
    return show(figures, about, given.json)


if __name__ == "__main__":
    sys.exit(main())
