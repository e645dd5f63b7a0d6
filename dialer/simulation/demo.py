"""The demo: a simulated site at work, from an imported file to a summary.

Each run adds a campaign of its own and changes nothing else, so it can run on a database that is in use.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import aiosql
import asyncpg

from campaigns.calendar import DayKind, day_kind, jst_date, to_jst
from campaigns.campaign import CampaignState, NewCampaign, add_campaign, set_state
from campaigns.importing.importer import import_file
from campaigns.importing.mapping import load_mapping
from campaigns.model import DialMode
from campaigns.opening.store import load_openings
from dialer.accounts.users import Role
from dialer.clock import Clock
from dialer.errors import EngineUnavailable, StartError
from dialer.settings import Settings
from dialer.simulation.agents import Habits
from dialer.simulation.carrier import RingBackHabit
from dialer.simulation.habits import habits_of
from dialer.simulation.people_file import write_people
from dialer.simulation.population import Population
from dialer.simulation.simulated_site import ANY_HOUR, Account, SimulatedSite, cancel
from dialer.simulation.summary import Summary, read_summary

_sql = aiosql.from_path(Path(__file__).parent / "sql" / "demo.sql", "asyncpg")

_MAPPING = "niigata"
_ROWS = 4000
_SEED = 1
_RATIO = 1.5
_LINES_PER_AGENT = {DialMode.PREDICTIVE: 6}
"""Calls at one time; 2 in the other modes. The predictive mode is to be held by its target, not by its lines."""
_RING_BACKS = RingBackHabit(ratio=0.15, after_s=20.0)
_DRAIN_S = 240.0
_RECORDINGS_S = 60.0
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What the caller may choose.

    Args:
        calls: end after so many attempts; None = run until interrupted.
        agents: simulated agents, 1 or more (at most the seats of kind ``sip``).
        mode: how the number of calls is decided; simulated agents start no previews.
        talk_s: mean length of a conversation, seconds.
    """

    calls: int | None = None
    agents: int = 8
    mode: DialMode = DialMode.FIXED_RATIO
    talk_s: float = 12.0


class Demo:
    """One run.

    Args:
        report: takes one line for the person who waits.
    """

    def __init__(self, settings: Settings, clock: Clock, options: DemoOptions, report: Callable[[str], None]) -> None:
        self.settings = settings
        self._clock = clock
        self._options = options
        self._report = report
        self._site = SimulatedSite(settings, clock, telephones=options.agents, report=report)
        self.campaign_id = 0
        self.accounts: list[Account] = []

    @property
    def url(self) -> str:
        return f"{self._site.base_url}/"

    async def run(self, watch: Callable[[], asyncio.Task[None]] | None = None) -> Summary:
        """Start everything, call, and return the summary; also when it is interrupted while it calls.

        Args:
            watch: starts what shows the run live; cancelled at the end.

        Raises:
            DialerError: something could not be started; nothing runs any more.
        """
        async with self._site as site:
            population = await self._import_people(site.db)
            await site.start_network(population, replace(_RING_BACKS, talk_s=self._options.talk_s))
            await site.start_processes()
            self.accounts = [
                await site.account("kanrisha", "管理 花子", Role.SUPERVISOR, takes_calls=False),
                await site.account("madoguchi", "窓口 太郎", Role.AGENT, takes_calls=True),
            ]
            agents = await site.agents(Habits(), seed=_SEED)
            await self._open_today(site.db)
            self.campaign_id = await self._add_campaign(site.db)
            async with asyncio.TaskGroup() as tasks:
                working = [tasks.create_task(agent.run()) for agent in agents]
                working.append(tasks.create_task(site.watch()))
                if watch is not None:
                    working.append(watch())
                interrupted = False
                try:
                    await set_state(site.db, self.campaign_id, CampaignState.RUNNING)
                    await self._until_enough(site.db)
                except asyncio.CancelledError:
                    current = asyncio.current_task()
                    assert current is not None
                    current.uncancel()  # Ctrl-C: what is up is brought to its end, then summed up
                    interrupted = True
                await self._drain(site, in_a_hurry=interrupted)
                cancel(working)
            return await self._summary(site)

    # --- before ------------------------------------------------------------------------------------

    async def _import_people(self, conn: asyncpg.Connection) -> Population | None:
        """Import the given file, or one of made-up people; return how these behave."""
        mapping = load_mapping(_MAPPING)
        population = None
        if self.settings.demo_file:
            file = Path(self.settings.demo_file)
        else:
            file = self.settings.var / "demo" / "people.csv"
            file.parent.mkdir(parents=True, exist_ok=True)
            people = await asyncio.to_thread(write_people, file, mapping, _ROWS, _SEED)
            population = Population(habits_of(people, seed=_SEED, talk_s=self._options.talk_s), _SEED)
        result = await import_file(conn, file, mapping, now=self._clock.now(), progress=lambda _: None)
        if result.problems.errors:
            raise StartError(f"{file}: {result.problems.errors} errors; `dialer import` lists them")
        self._report(f"{result.rows} debts of {result.persons} people are imported from {file.name}")
        return population

    async def _open_today(self, conn: asyncpg.Connection) -> None:
        """On a closed day (12/29–1/3) the demo would call nobody: it says so and opens the day."""
        now = self._clock.now()
        told = {day: said.kind for day, said in (await load_openings(conn)).site_days.items()}
        for day in (jst_date(now), jst_date(now + timedelta(days=1))):
            if day_kind(day, told) is DayKind.CLOSED:
                await _sql.open_day(conn, day=day, day_kind=DayKind.DAY_OFF, reason="デモ")
                self._report(f"{day} is closed in the calendar; the demo opens it as a day off")

    async def _add_campaign(self, conn: asyncpg.Connection) -> int:
        return await add_campaign(
            conn,
            NewCampaign(
                name=f"デモ {to_jst(self._clock.now()):%Y-%m-%d %H:%M:%S}",
                debt_types=tuple(kind.code for kind in load_mapping(_MAPPING).debt_types),
                dial_mode=self._options.mode,
                ratio=_RATIO,
                max_lines=_LINES_PER_AGENT.get(self._options.mode, 2) * self._options.agents,
                ring_timeout_s=15,
                windows=ANY_HOUR,
            ),
        )

    # --- while it calls, and after -------------------------------------------------------------------

    async def _until_enough(self, conn: asyncpg.Connection) -> None:
        """Return when as many attempts as wanted were dialed; never without a wish."""
        while True:
            dialed = await _sql.dialed(conn, campaign_id=self.campaign_id)
            if self._options.calls is not None and dialed >= self._options.calls:
                return
            await self._clock.sleep(_POLL_S)

    async def _drain(self, site: SimulatedSite, *, in_a_hurry: bool) -> None:
        """Stop dialing, let the calls that are up come to their end, and the worker store what it has.

        Args:
            in_a_hurry: the simulated people hang up now.
        """
        await set_state(site.db, self.campaign_id, CampaignState.STOPPED)
        site.carrier.driver.nobody_rings_back()
        self._report("no new calls; those that are up come to their end")
        if in_a_hurry:
            await site.carrier.driver.hang_up_people()
        for count, within_s in (
            (_sql.open_attempts, _DRAIN_S),
            (_sql.open_inbound, _DRAIN_S),
            (_sql.undisposed, _RECORDINGS_S),
            (_sql.recordings_open, _RECORDINGS_S),
        ):
            await site.until_zero(partial(count, site.db, campaign_id=self.campaign_id), within_s)

    async def _summary(self, site: SimulatedSite) -> Summary:
        try:
            health = await site.control.health()
            drift = health.drift + health.calls
        except EngineUnavailable:
            drift = 1
        book = None if self.settings.trunk_host else site.carrier.driver.offers
        return await read_summary(site.db, self.campaign_id, drift=drift, book=book)
