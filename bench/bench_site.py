"""A whole simulated site for one section of the bench: clean folder, free ports, agents at work.

Decides where it lies, on which ports, and when it is ready; what is measured is decided by the sections.

Invariant: everything that was started has ended, and the folder is gone, when the context is left.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path

import aiosql
import asyncpg
import msgspec

from bench import machine
from campaigns.calendar import jst_date
from campaigns.campaign import CampaignState, NewCampaign, add_campaign, set_state
from campaigns.importing.importer import import_file
from campaigns.importing.mapping import load_mapping
from campaigns.model import DialMode
from dialer.clock import SystemClock
from dialer.errors import EngineUnavailable, StartError
from dialer.settings import Settings
from dialer.simulation.agents import Habits, SimulatedAgent
from dialer.simulation.people import Person
from dialer.simulation.people_file import write_file
from dialer.simulation.population import Callees
from dialer.simulation.simulated_site import ANY_HOUR, SimulatedSite, cancel
from dialer.simulation.summary import Summary, read_summary
from dialer.site.processes import OwnProcess
from dialer.site.servers import database_url
from tests.asterisk.ports import free_ports, free_range

CLOCK = SystemClock()
MAPPING = load_mapping("niigata")
DEBT_TYPES = tuple(kind.code for kind in MAPPING.debt_types)
SQL = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg")
Report = Callable[[str], None]
Count = Callable[[], Awaitable[int]]

_SEATED_S = 60.0
_DRAIN_S = 90.0
_POLL_S = 0.2
_RTP_PORTS = 1000


@contextmanager
def clean_folder(*, keep: bool = False) -> Iterator[Path]:
    """A new folder below the system's temporary one; gone afterwards, unless it is to be looked at."""
    folder = Path(tempfile.mkdtemp(prefix="tsunagu-bench-"))
    folder.chmod(0o755)  # PostgreSQL does not run as root: it must reach its own folder
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


@dataclass
class BenchSite:
    """What the sections need of a running site."""

    site: SimulatedSite
    processes: dict[str, OwnProcess]
    report: Report
    agents: Sequence[SimulatedAgent] = ()
    campaign_id: int = 0
    _working: list[asyncio.Task[None]] = field(default_factory=list)

    # --- people and campaign -------------------------------------------------------------------------

    async def add_people(self, people: Sequence[Person]) -> None:
        """Import `people` as a city's file."""
        file = self.site.settings.var / "people.csv"
        await asyncio.to_thread(write_file, file, MAPPING, people)
        conn = await asyncpg.connect(database_url(self.site.settings), server_settings={"timezone": "UTC"})
        try:
            result = await import_file(conn, file, MAPPING, now=CLOCK.now(), progress=lambda _: None)
        finally:
            await conn.close()
        assert result.applied, "the bench's own people must be importable"
        self.report(f"{result.rows} debts of {result.persons} people are imported")

    async def add_campaign(
        self,
        mode: DialMode,
        *,
        ratio: float = 1.0,
        max_lines: int,
        ring_timeout_s: int = 15,
        debt_types: Sequence[str] = DEBT_TYPES,
    ) -> None:
        """Add a campaign that may call now, whatever day and hour it is; it is stopped."""
        today = jst_date(CLOCK.now())
        for day in (today, today + timedelta(days=1)):
            await SQL.open_day(self.site.db, day=day)
        self.campaign_id = await add_campaign(
            self.site.db,
            NewCampaign(
                name=f"bench {debt_types[0]}",
                debt_types=tuple(debt_types),
                dial_mode=mode,
                ratio=ratio,
                max_lines=max_lines,
                ring_timeout_s=ring_timeout_s,
                windows=ANY_HOUR,
            ),
        )

    async def run_campaign(self, state: CampaignState = CampaignState.RUNNING) -> None:
        await set_state(self.site.db, self.campaign_id, state)

    # --- waiting ---------------------------------------------------------------------------------------

    async def until(self, enough: Callable[[], Awaitable[bool]], within_s: float) -> bool:
        """Ask until `enough` says so; False when it does not in time."""
        deadline_s = CLOCK.monotonic_s() + within_s
        while not await enough():
            if CLOCK.monotonic_s() >= deadline_s:
                return False
            await CLOCK.sleep(_POLL_S)
        return True

    async def until_count(self, count: Count, at_least: int, within_s: float) -> bool:
        """Wait until `count` gives `at_least`; tell, and return False, when it does not in time."""

        async def enough() -> bool:
            return await count() >= at_least

        if met := await self.until(enough, within_s):
            return met
        self.report(f"only {await count()} of {at_least} within {within_s:g} s")
        return False

    async def drain(self, *, recordings: bool = True) -> None:
        """Stop dialing and wait until nothing is open: attempts, results and, unless told otherwise, recordings."""
        await self.run_campaign(CampaignState.STOPPED)
        counts = {"calls": SQL.open_attempts, "results": SQL.agents_at_work}
        if recordings:
            counts["recordings"] = SQL.open_recordings
        for what, count in counts.items():
            if not await self.site.until_zero(partial(count, self.site.db), _DRAIN_S):
                self.report(f"{what} are still open after {_DRAIN_S:g} s")

    async def seated(self, *, within_s: float = _SEATED_S) -> None:
        """Wait until every simulated agent is ready.

        Raises:
            StartError: they are not in time.
        """
        if not await self.until_count(partial(SQL.agents_ready, self.site.db), len(self.agents), within_s):
            raise StartError("simulated agents are not ready")

    # --- what is true afterwards -----------------------------------------------------------------------

    async def summary(self, *, check_book: bool = True) -> Summary:
        """The demo's summary of the last campaign; drift is asked after two comparisons more.

        Args:
            check_book: the carrier's book knows the calls of this campaign and no others.
        """
        await CLOCK.sleep(3 * self.site.settings.reconcile_every_s)
        try:
            health = await self.site.control.health()
            drift = health.drift + health.calls
        except EngineUnavailable:
            drift = 1
        drift += self.site.carrier.driver.offers.open_count
        book = self.site.carrier.driver.offers if check_book else None
        return await read_summary(self.site.db, self.campaign_id, drift=drift, book=book)

    def cpu_s(self) -> dict[str, float]:
        """Processor seconds that each part has used so far, its children included; what does not run is left out."""
        postmaster = self.site.settings.var / "postgres" / "data" / "postmaster.pid"
        pids = {name: process.pid for name, process in self.processes.items()} | {
            "Asterisk": self.site.pbx.pid,
            "carrier": self.site.carrier.asterisk.pid,
            "PostgreSQL": int(postmaster.read_text().partition("\n")[0]),
        }
        return {name: machine.cpu_s(pid) for name, pid in pids.items() if pid is not None} | {
            "carrier's driver, agents' hands": time.process_time()
        }


@asynccontextmanager
async def bench_site(
    folder: Path,
    *,
    agents: int,
    wrap_up_s: float,
    report: Report,
    calls_per_second: float = 100.0,
    lines: int = 200,
    callees: Callees | None = None,
) -> AsyncIterator[BenchSite]:
    """Servers, network, processes and `agents` simulated agents who are ready.

    Args:
        folder: VAR_DIR; made here.
        wrap_up_s: mean time between a hang-up and the agent's result, seconds.
        callees: decide each call; None = the last digits of the numbers do.

    Raises:
        DialerError: something could not be started; nothing runs any more.
    """
    folder.mkdir(parents=True)
    folder.chmod(0o755)
    site = SimulatedSite(
        bench_settings(folder, agents, calls_per_second, lines), CLOCK, telephones=agents, report=report
    )
    async with site:
        await site.start_network(callees)
        bench = BenchSite(site, await site.start_processes(), report)
        bench.agents = await site.agents(Habits(wrap_up_s=wrap_up_s), seed=1)
        working = [asyncio.create_task(agent.run()) for agent in bench.agents]
        try:
            await bench.seated()
            report(f"{agents} agents are ready")
            yield bench
        finally:
            cancel(working)
            ends = await asyncio.gather(*working, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):
                raise end  # a defect of the simulated agents: the figures can't be trusted


def bench_settings(folder: Path, agents: int, calls_per_second: float, lines: int) -> Settings:
    """Everything below `folder`, on ports that are free now, the looks at drift close together."""
    sip, ami, agi, http, web, carrier_sip, carrier_ami, carrier_agi = free_ports(8)
    rtp_start, carrier_rtp_end = free_range(2 * _RTP_PORTS)
    return msgspec.structs.replace(
        Settings(),
        var_dir=str(folder),
        web_port=web,
        sip_port=sip,
        ami_port=ami,
        ami_secret="only-for-the-bench",
        agi_port=agi,
        asterisk_http_port=http,
        rtp_start=rtp_start,
        rtp_end=rtp_start + _RTP_PORTS - 1,
        carrier_sip_port=carrier_sip,
        carrier_ami_port=carrier_ami,
        carrier_agi_port=carrier_agi,
        carrier_rtp_start=rtp_start + _RTP_PORTS,
        carrier_rtp_end=carrier_rtp_end,
        trunk_lines=lines,
        calls_per_second=calls_per_second,
        web_seats=1,
        sip_seats=agents,
        reconcile_every_s=1.0,
    )
