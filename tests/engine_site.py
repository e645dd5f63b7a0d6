"""A whole engine on a real Asterisk, for tests: database rows, simulated network, engine, agents.

The engine runs in this process unless a test wants to kill it (``own_process=True``); the agents are
driven through the engine's control socket as the web process would do it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from campaigns.calendar import DayKind, WindowRule
from campaigns.campaign import CampaignState, NewCampaign, add_campaign, set_state
from campaigns.listing import refresh_progress
from campaigns.model import E164, DialMode, Window
from dialer.agents.store import Seat, add_seats
from dialer.clock import SystemClock
from dialer.control_client import ControlClient
from dialer.engine import Engine
from dialer.errors import EngineUnavailable, RequestRefused
from dialer.settings import Settings
from dialer.simulation.network import SimulatedNetwork
from dialer.site.processes import OwnProcess
from dialer.site.processes import engine as engine_process
from tests.deadline import until, until_found

CLOCK = SystemClock()
ALWAYS = (
    WindowRule(Window.WEEKDAY, DayKind.WEEKDAY, 0, 17 * 3600),
    WindowRule(Window.EVENING, DayKind.WEEKDAY, 17 * 3600, 24 * 3600),
    WindowRule(Window.WEEKEND, DayKind.DAY_OFF, 0, 24 * 3600),
)
"""Windows that are open whenever the tests run."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, TCP and UDP, on 127.0.0.1."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        while len(found) < count:
            tcp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            udp = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    return found


def site_settings(folder: Path, dsn: str, redis_url: str, **given: Any) -> Settings:
    """Settings of a simulated site on free ports, everything below `folder`."""
    sip, ami, agi, http, web, carrier_sip, carrier_ami, carrier_agi = free_ports(8)
    return msgspec.structs.replace(
        Settings(
            var_dir=str(folder),
            database_url=dsn,
            redis_url=redis_url,
            sip_port=sip,
            ami_port=ami,
            ami_secret="only-for-tests",
            agi_port=agi,
            asterisk_http_port=http,
            web_port=web,
            rtp_start=40000,
            rtp_end=41999,
            carrier_sip_port=carrier_sip,
            carrier_ami_port=carrier_ami,
            carrier_agi_port=carrier_agi,
            carrier_rtp_start=42000,
            carrier_rtp_end=43999,
            web_seats=1,
            sip_seats=4,
            reconcile_every_s=1.0,
            min_free_disk_mb=100,
        ),
        **given,
    )


@dataclass
class EngineSite:
    """What a test needs of a running site."""

    settings: Settings
    network: SimulatedNetwork
    db: asyncpg.Connection
    control: ControlClient
    agents: list[int]
    campaign_id: int = 0
    _engine: asyncio.Task[None] | OwnProcess | None = None
    numbers: list[E164] = field(default_factory=list)

    # --- engine ------------------------------------------------------------------------------------

    async def start_engine(self, *, own_process: bool = False) -> None:
        """Start the engine and wait until it may dial."""
        if own_process:
            self._engine = engine_process(self.settings, CLOCK)
            await self._engine.start()
            return
        ready = asyncio.Event()
        engine = Engine(
            self.settings,
            CLOCK,
            database_url=self.settings.database_url,
            redis_url=self.settings.redis_url,
            ami_secret=self.settings.ami_secret,
            journal=self.network.journal,
        )
        self._engine = asyncio.create_task(engine.run(ready))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([self._engine, waiting], return_when=asyncio.FIRST_COMPLETED, timeout=30)
        waiting.cancel()
        if self._engine.done():
            self._engine.result()

    async def stop_engine(self) -> None:
        engine, self._engine = self._engine, None
        if isinstance(engine, OwnProcess):
            await engine.stop()
        elif engine is not None:
            engine.cancel()
            await asyncio.gather(engine, return_exceptions=True)

    async def kill_engine(self) -> None:
        """SIGKILL, as a crash would be; only for an engine that is a process of its own."""
        assert isinstance(self._engine, OwnProcess)
        self._engine.kill()
        await self._engine.wait()
        self._engine = None

    # --- people and campaigns ------------------------------------------------------------------------

    async def add_people(self, endings: Sequence[str]) -> list[int]:
        """One debtor a three-digit ending (the carrier's script), each with a number of its own."""
        ids = []
        for ending in endings:
            n = len(self.numbers)
            number = E164(f"+8190{n:05d}{ending}")
            self.numbers.append(number)
            debtor_id = await self.db.fetchval(
                "INSERT INTO debtor (addressee_no, name, updated_at) VALUES ($1, $2, now()) RETURNING debtor_id",
                f"{n:010d}",
                f"見本 {n}",
            )
            await self.db.execute("INSERT INTO phone (number, kind) VALUES ($1, 'mobile')", number)
            await self.db.execute(
                "INSERT INTO debtor_phone (debtor_id, number, source, added_at) VALUES ($1, $2, 'import', now())",
                debtor_id,
                number,
            )
            await self.db.execute(
                "INSERT INTO debt_item (debtor_id, debt_type, assessment_year, levy_year, notice_no, instalment,"
                " due_on, principal_yen) VALUES ($1, 'city_tax', 2025, 2025, $2, 1, $3, 12000)",
                debtor_id,
                f"N{n}",
                date(2025, 6, 30),
            )
            ids.append(debtor_id)
        await self.db.execute(
            "INSERT INTO debtor_progress (debtor_id) SELECT debtor_id FROM debtor ON CONFLICT DO NOTHING"
        )
        await refresh_progress(self.db, None)
        return ids

    async def start_campaign(self, mode: DialMode = DialMode.PROGRESSIVE, **given: Any) -> None:
        """Add a campaign that may call at any hour, and start it."""
        new = NewCampaign(name="試験", debt_types=("city_tax",), dial_mode=mode, windows=ALWAYS, **given)
        self.campaign_id = await add_campaign(self.db, new)
        await set_state(self.db, self.campaign_id, CampaignState.RUNNING)

    # --- agents ----------------------------------------------------------------------------------------

    async def seat_agents(self, count: int | None = None, *, ready: bool = True) -> None:
        """Seat the first `count` agents at the simulated telephones, wait for their legs, make them ready."""
        extensions = [s.extension for s in self.network.seats if s.kind == "sip"]
        for agent_id, extension in list(zip(self.agents, extensions, strict=False))[:count]:
            await self.control.take_seat(agent_id, extension)
            await self.agent_until(agent_id, leg_up=True)
            if ready:
                await self.control.ready(agent_id)

    async def agent(self, agent_id: int) -> dict[str, Any]:
        snapshot = await self.control.live()
        return next((a for a in snapshot["agents"] if a["agent_id"] == agent_id), {"state": "logged_out"})

    async def agent_until(self, agent_id: int, *, within_s: float = 20.0, **wanted: Any) -> dict[str, Any]:
        """Wait until the agent's view has the wanted values; return it."""

        async def as_wanted() -> dict[str, Any] | None:
            view = await self.agent(agent_id)
            return view if all(view.get(key) == value for key, value in wanted.items()) else None

        return await until_found(as_wanted, within_s=within_s, what=f"agent {agent_id} with {wanted}")

    async def until_other_call(self, agent_id: int, call_id: str) -> dict[str, Any]:
        """Wait until the agent has another call than `call_id`; return her view."""

        async def other() -> dict[str, Any] | None:
            view = await self.agent(agent_id)
            return view if view.get("call_id") not in (None, call_id) else None

        return await until_found(other, within_s=20, what="another call")

    def answer_for_agents(self) -> asyncio.Task[None]:
        """Enter a result for every agent in wrap-up and send her back, until the task is cancelled."""

        async def work() -> None:
            while True:
                with contextlib.suppress(EngineUnavailable, RequestRefused):
                    for view in (await self.control.live())["agents"]:
                        if view["state"] == "wrap_up":
                            await self.dispose(view["agent_id"], view["call_id"])
                        elif view["state"] == "not_ready" and view["leg_up"]:
                            await self.control.ready(view["agent_id"])
                await asyncio.sleep(0.05)

        return asyncio.create_task(work())

    async def channel_of(self, uniqueid: str) -> str:
        """The name of a channel by its unique id."""
        for line in (await self.network.pbx.console("core show channels concise")).splitlines():
            if line.endswith(f"!{uniqueid}"):
                return line.split("!", 1)[0]
        raise LookupError(uniqueid)

    async def until_waiting_channels(self, count: int) -> None:
        """Wait until so many callers hear that they shall wait."""

        async def wait() -> bool:
            shown = await self.network.pbx.console("core show channels concise")
            return sum(line.split("!")[1] == "waiting" for line in shown.splitlines() if "!" in line) == count

        await until_found(wait, within_s=20, what=f"{count} callers who wait")

    async def cut_ami(self) -> None:
        """Have Asterisk drop the engine's manager connection at once."""
        for line in (await self.network.pbx.console("manager show connected")).splitlines():
            fields = line.split()
            if fields and fields[0] == self.settings.ami_user:
                await self.network.pbx.console(f"manager kick session {fields[4]}")
                return
        raise LookupError("the engine is not connected")

    async def until_connected(self) -> None:
        """Wait until the engine has its manager connection and may dial."""

        async def connected() -> bool:
            return (await self.control.health()).ami

        await until_found(connected, within_s=20, what="the manager connection")

    @staticmethod
    async def until(condition: Callable[[], bool], *, within_s: float = 20.0, what: str) -> None:
        await until(condition, within_s=within_s, what=what)

    async def dispose(self, agent_id: int, call_id: str, disposition: str = "contact_person", **more: Any) -> None:
        await self.control.dispose(
            UUID(call_id), {"agent_id": agent_id, "disposition": disposition, "next": "ready", **more}
        )

    # --- what is true afterwards -----------------------------------------------------------------------

    async def until_row(self, query: str, *args: Any, within_s: float = 30.0) -> asyncpg.Record:
        """Wait until a query has a row; return it."""
        return await until_found(lambda: self.db.fetchrow(query, *args), within_s=within_s, what="a row")

    async def until_all_ended(self, count: int, *, within_s: float = 60.0) -> list[asyncpg.Record]:
        """Wait until `count` attempts exist and all have ended; return them in the order of their claims."""
        await self.until_row(
            "SELECT 1 FROM attempt HAVING count(*) >= $1 AND count(*) FILTER (WHERE ended_at IS NULL) = 0",
            count,
            within_s=within_s,
        )
        rows: list[asyncpg.Record] = await self.db.fetch(
            "SELECT a.*, c.agent_id AS talked_to, c.joined_at, c.ended_by, c.disposition"
            " FROM attempt a LEFT JOIN call c ON c.call_id = a.attempt_id ORDER BY a.claimed_at, a.attempt_id"
        )
        return rows

    async def assert_no_drift(self) -> None:
        """Rows, engine and Asterisk agree: nothing open anywhere, nobody called twice at once."""

        async def settled() -> bool:
            health = await self.control.health()
            return health.calls == 0 and health.drift == 0

        await until_found(settled, within_s=15, what="agreement of engine and Asterisk")
        assert await self.db.fetchval("SELECT count(*) FROM attempt WHERE ended_at IS NULL") == 0
        await until(lambda: self.network.driver.offers.open_count == 0, what="the carrier's last call has ended")
        assert self.network.driver.offers.overlaps == []


@contextlib.asynccontextmanager
async def engine_site(
    folder: Path, dsn: str, redis_url: str, *, agents: int = 4, **given: Any
) -> AsyncIterator[EngineSite]:
    """Network, rows and control client; the engine is started by the test."""
    settings = site_settings(folder, dsn, redis_url, **given)
    network = SimulatedNetwork(settings, CLOCK)
    db = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    control = ControlClient(settings.engine_socket)
    try:
        await network.start()
        await add_seats(db, [Seat(s.extension, s.kind, s.secret) for s in network.seats])
        await db.execute("INSERT INTO debt_type VALUES ('city_tax', '市税', '納税課', '+81250000001')")
        ids = []
        for n in range(agents):
            user_id = await db.fetchval(
                "INSERT INTO app_user (login, display_name, role, password_hash)"
                " VALUES ($1, $2, 'agent', 'none') RETURNING user_id",
                f"agent{n}",
                f"担当 {n}",
            )
            await db.execute("INSERT INTO agent (agent_id, state_at) VALUES ($1, now())", user_id)
            ids.append(user_id)
        site = EngineSite(settings, network, db, control, ids)
        try:
            yield site
        finally:
            await site.stop_engine()
    finally:
        await control.close()
        await db.close()
        await network.stop()
