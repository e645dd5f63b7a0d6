"""A whole site whose telephone network, people and agents are simulated: what the demo and the bench start.

Everything else is what a real site runs, started in the same way. It decides nothing about calls.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import asyncpg

from campaigns.calendar import DayKind, WindowRule
from campaigns.model import Window
from dialer.accounts.passwords import Passwords
from dialer.accounts.users import Role, add_user, list_users, set_password
from dialer.asterisk.box import find_root
from dialer.clock import Clock
from dialer.control_client import ControlClient
from dialer.errors import StartError
from dialer.settings import Settings
from dialer.simulation.agents import Habits, SimulatedAgent
from dialer.simulation.carrier import RingBackHabit
from dialer.simulation.network import SimulatedCarrier
from dialer.simulation.population import Callees
from dialer.site import processes
from dialer.site.pbx import render_private, seats_of
from dialer.site.servers import Site
from dialer.site.trunk import until_registered

_HOUR_S = 3600
ANY_HOUR = (
    WindowRule(Window.WEEKDAY, DayKind.WEEKDAY, 0, 17 * _HOUR_S),
    WindowRule(Window.EVENING, DayKind.WEEKDAY, 17 * _HOUR_S, 24 * _HOUR_S),
    WindowRule(Window.WEEKEND, DayKind.DAY_OFF, 0, 24 * _HOUR_S),
)
"""Windows that are open whenever a simulation runs."""


@dataclass(frozen=True, slots=True)
class Account:
    """A log-in that was made for this run."""

    role: Role
    login: str
    password: str


class SimulatedSite:
    """The servers from `__aenter__` on; network and processes with `start_network` and `start_processes`.

    Args:
        telephones: seats of kind ``sip`` whose telephones the carrier plays: as many as simulated agents.
        report: takes one line for the person who waits.
    """

    def __init__(self, settings: Settings, clock: Clock, *, telephones: int, report: Callable[[str], None]) -> None:
        self.settings = settings
        self.control = ControlClient(settings.engine_socket)
        self._clock = clock
        self._telephones = telephones
        self._site = Site(settings, clock, report=report, simulated=True)
        self._stack = AsyncExitStack()
        self._passwords = Passwords()

    @property
    def base_url(self) -> str:
        return f"http://{self.settings.web_host}:{self.settings.web_port}"

    async def __aenter__(self) -> Self:
        """Start PostgreSQL (schema included) and Redis.

        Raises:
            DialerError: one clear sentence; nothing is left running.
        """
        await self._stack.enter_async_context(self._site)
        try:
            self.db: asyncpg.Connection = await asyncpg.connect(
                self._site.database_url, server_settings={"timezone": "UTC"}
            )
            self._stack.push_async_callback(self.db.close)
            self._stack.push_async_callback(self.control.close)
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def start_network(self, population: Callees | None, ring_backs: RingBackHabit | None = None) -> None:
        """Start our Asterisk and the carrier.

        Args:
            population: None = the last digits of the numbers script the calls.
            ring_backs: how people who missed a call behave; None = nobody rings back.

        Raises:
            StartError: too few seats, or one of the two did not come up.
        """
        seats = await seats_of(self.settings, self._site.database_url)
        telephones = [seat for seat in seats if seat.kind == "sip"][: self._telephones]
        if len(telephones) < self._telephones:
            raise StartError(f"SIP_SEATS: {len(telephones)} seats are too few for {self._telephones} agents")
        self.pbx = render_private(self.settings, seats, self._clock)
        await self._site.start(self.pbx)
        self.carrier = SimulatedCarrier(
            self.settings,
            self.settings.var / "carrier",
            self._clock,
            phones=telephones,
            rootfs=find_root(),
            population=population,
            ring_backs=ring_backs,
        )
        await self._site.start(self.carrier)
        await until_registered(self.settings, self._clock)

    async def start_processes(self) -> dict[str, processes.OwnProcess]:
        """Start engine, web, worker and planner; return them by name."""
        kinds = (processes.engine, processes.web, processes.worker, processes.planner)
        own = [make(self.settings, self._clock) for make in kinds]
        for process in own:
            await self._site.start(process)
        return {process.name: process for process in own}

    def watch(self) -> Coroutine[Any, Any, None]:
        """Start again whatever ends by itself; runs until cancelled."""
        return self._site.watch()

    async def account(self, login: str, name: str, role: Role, *, takes_calls: bool) -> Account:
        """Make the account, or give it a new password when it is there."""
        password, now = f"{secrets.token_urlsafe(9)}-Aa1", self._clock.now()
        if login in {user.login for user in await list_users(self.db)}:
            await set_password(self.db, self._passwords, login=login, password=password, now=now, done_by="simulation")
        else:
            await add_user(
                self.db,
                self._passwords,
                login=login,
                display_name=name,
                role=role,
                password=password,
                now=now,
                done_by="simulation",
                takes_calls=takes_calls,
            )
        return Account(role, login, password)

    async def agents(self, habits: Habits, *, seed: int) -> list[SimulatedAgent]:
        """One simulated agent a telephone, not yet at work."""
        made = []
        for n in range(1, self._telephones + 1):
            account = await self.account(f"sim{n:02d}", f"模擬 {n}", Role.AGENT, takes_calls=True)
            made.append(
                SimulatedAgent(
                    self.base_url, account.login, account.password, self._clock, habits=habits, seed=seed + n
                )
            )
        return made

    async def until_zero(self, count: Callable[[], Coroutine[Any, Any, int]], within_s: float) -> bool:
        """Wait until `count` gives 0; False when it didn't within `within_s` seconds."""
        deadline_s = self._clock.monotonic_s() + within_s
        while await count():
            if self._clock.monotonic_s() >= deadline_s:
                return False
            await self._clock.sleep(0.1)
        return True


def cancel(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel every task."""
    for task in tasks:
        task.cancel()
