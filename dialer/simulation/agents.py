"""Simulated agents: they log in, take a telephone seat, go ready, talk, and enter results.

They use the same HTTP interface and live messages as the page; their telephones are played by the
simulated carrier, which registers as the seats of kind ``sip``. They decide nothing about calls.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import structlog

from campaigns.calendar import jst_date
from campaigns.model import Disposition
from dialer.clock import Clock

log = structlog.get_logger()

_RETRY_S = 1.0
_ANSWER_S = 10.0
_PROMISE_DAYS = (3, 20)
_CHOICES: Sequence[tuple[Disposition, float]] = (
    (Disposition.CONTACT_PERSON, 0.34),
    (Disposition.PROMISE, 0.30),
    (Disposition.CONTACT_HOUSEHOLD, 0.12),
    (Disposition.PAID_ALREADY, 0.08),
    (Disposition.REFUSED, 0.05),
    (Disposition.NO_CONVERSATION, 0.06),
    (Disposition.WRONG_NUMBER, 0.02),
    (Disposition.HANDED_OVER, 0.03),
)


@dataclass(frozen=True, slots=True)
class Habits:
    """How the simulated agents work.

    Args:
        wrap_up_s: mean time between the hang-up and the result, seconds (exponential).
    """

    wrap_up_s: float = 3.0


class SimulatedAgent:
    """One agent; `run` until cancelled.

    Args:
        base_url: of the web process.
        seed: decides her wrap-up times and results.
    """

    def __init__(self, base_url: str, login: str, password: str, clock: Clock, *, habits: Habits, seed: int) -> None:
        self._base_url = base_url
        self._login = login
        self._password = password
        self._clock = clock
        self._habits = habits
        self._random = random.Random(seed)  # noqa: S311  # a simulation, not a secret
        self._disposing: set[str] = set()
        self._tasks: asyncio.TaskGroup | None = None
        self.disposed = 0

    async def run(self) -> None:
        """Work until cancelled; after any fault begin again with the log-in."""
        while True:
            try:
                await self._work()
            except* (aiohttp.ClientError, OSError, TimeoutError) as group:
                kind = type(group.exceptions[0]).__name__
                log.warning("simulated_agent_starts_again", login=self._login, error=kind)
            await self._clock.sleep(_RETRY_S)

    async def _work(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
        jar = aiohttp.CookieJar(unsafe=True)  # the demo is served on an IP address
        async with aiohttp.ClientSession(self._base_url, cookie_jar=jar, timeout=timeout) as session:
            await _ask(session, "/api/login", {"login": self._login, "password": self._password})
            await _ask(session, "/api/seat", {"kind": "sip"})
            async with (
                session.ws_connect("/api/live", heartbeat=20, timeout=aiohttp.ClientWSTimeout(ws_close=2)) as live,
                asyncio.TaskGroup() as tasks,
            ):
                self._tasks = tasks
                async for message in live:
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        break
                    await self._take(session, message.json())
                raise aiohttp.ClientConnectionError("live messages ended")

    async def _take(self, session: aiohttp.ClientSession, message: dict[str, Any]) -> None:
        if message["type"] == "snapshot":
            for agent in message.get("agents", []):
                await self._react(session, agent)
        elif message["type"] == "agent":
            await self._react(session, message["agent"])
        elif message["type"] == "preview":
            await _ask(session, "/api/preview/dial", {})

    async def _react(self, session: aiohttp.ClientSession, me: dict[str, Any]) -> None:
        if me["state"] == "not_ready" and me["leg_up"]:
            await _ask(session, "/api/ready", {})
        elif me["state"] == "wrap_up" and me["call_id"] not in self._disposing:
            self._disposing.add(me["call_id"])
            assert self._tasks is not None
            self._tasks.create_task(self._dispose(session, me["call_id"]))

    async def _dispose(self, session: aiohttp.ClientSession, call_id: str) -> None:
        """Look at the person as the page does, think for a while, enter a result."""
        async with session.get(f"/api/calls/{call_id}") as response:
            response.raise_for_status()
            is_known = (await response.json())["debtor"] is not None
        await self._clock.sleep(self._random.expovariate(1 / self._habits.wrap_up_s))
        chosen = self._random.choices([d for d, _ in _CHOICES], [weight for _, weight in _CHOICES])[0]
        if not is_known:
            chosen = Disposition.CONTACT_THIRD_PARTY  # of a caller whom nobody knows nothing can be promised
        body: dict[str, Any] = {"disposition": str(chosen), "next": "ready"}
        if chosen is Disposition.PROMISE:
            due_on = jst_date(self._clock.now()) + timedelta(days=self._random.randint(*_PROMISE_DAYS))
            body["promise"] = {"due_on": due_on.isoformat(), "amount_yen": 1000 * self._random.randint(1, 60)}
        try:
            await _ask(session, f"/api/calls/{call_id}/disposition", body)
            self.disposed += 1
        finally:
            self._disposing.discard(call_id)


async def _ask(session: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> None:
    async with session.post(path, json=body) as response:
        if response.status == 409:  # the state has moved on meanwhile; the live messages will tell
            log.info("simulated_agent_refused", path=path.split("/")[2])
            return
        response.raise_for_status()
