"""Section ``claiming``: the next 100 people out of 300,000 debtors with 5 million past attempts, and with 0.5 million.

Each claim is one call of `campaigns.claiming.claim` on a connection of its own, as the engine does it. Between two, the
last but one is made to have rung in vain, and the planner's short pass over those who were called is imitated (it comes
every few seconds), so that the walk meets what it meets in a working hour. Then the lists that are worst for a walk:
100,000 people at the head of it rest, or can't be called at this hour, and no planner has taken them out.

The server's processor time is told beside the time that passed: it says what a claim costs when others want the
processors, too.

The plan of the claim, with the pages that it touched, is written to ``bench/plans/claim.txt``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg

from bench.bench_site import CLOCK, SQL, Report
from bench.claim_people import FEW, MANY, NOW, connect, made_up_lists
from bench.claim_plan import explained
from bench.figures import Figure, at_most, exactly, percentile
from campaigns.calendar import cell_of, hour_of_week, jst_date
from campaigns.campaign import Campaign, load_campaigns
from campaigns.claiming import claim, claim_reserved
from campaigns.listing import refresh_progress
from campaigns.model import Window
from dialer.site.postgres import PrivatePostgres

PEOPLE, FEW_ATTEMPTS, MANY_ATTEMPTS = 300_000, 500_000, 5_000_000
CLAIMS, LIMIT, WORKERS = 250, 100, 8
WORST = 100_000
PLAN = Path(__file__).parent / "plans" / "claim.txt"
_WARM_UP = 10  # first claims of a connection: plans are made, pages are read
_WORST_CLAIMS = 50


async def run(
    folder: Path,
    report: Report,
    *,
    people: int = PEOPLE,
    few: int = FEW_ATTEMPTS,
    many: int = MANY_ATTEMPTS,
    claims: int = CLAIMS,
    worst: int = WORST,
    plan: Path | None = PLAN,
) -> list[Figure]:
    async with made_up_lists(folder, people, few, many, report) as server:
        return await measure(server, report, many=many, claims=claims, worst=worst, plan=plan)


async def measure(
    server: PrivatePostgres, report: Report, *, many: int, claims: int, worst: int, plan: Path | None
) -> list[Figure]:
    """All figures, on lists that are there already."""
    report(f"{claims} claims of {LIMIT}, in turns")
    taken_ms, cpu_ms = await _in_turns(server, claims)
    p50, p99 = ({name: percentile(ms, ratio) for name, ms in taken_ms.items()} for ratio in (0.5, 0.99))
    figures = [
        Figure("claiming", f"{LIMIT} people, {many:,} past attempts, p50", p50[MANY], "ms"),
        Figure("claiming", "the same, p99", p99[MANY], "ms", at_most(50)),
        Figure("claiming", "the same, the server's processor time, p99", percentile(cpu_ms[MANY], 0.99), "ms"),
        Figure(
            "claiming", "p50 ÷ the same with a tenth of the attempts", _ratio(p50[MANY], p50[FEW]), "", at_most(1.25)
        ),
    ]
    if plan is not None:
        conn = await connect(server, MANY)
        try:
            plan.parent.mkdir(exist_ok=True)
            plan.write_text(await explained(conn, await _campaign(conn), LIMIT), encoding="utf-8")
        finally:
            await conn.close()
    report(f"{WORKERS} workers at once")
    at_once_ms, collisions = await _at_once(server, claims)
    figures += [
        Figure("claiming", f"{WORKERS} workers at once, {LIMIT} each, p50", percentile(at_once_ms, 0.5), "ms"),
        Figure("claiming", "the same: people, households or numbers held twice", collisions, "", exactly(0)),
    ]
    conn = await connect(server, FEW)
    try:
        await conn.execute("SET synchronous_commit = off")
        await SQL.close_open(conn)
        await SQL.grade_blindly(conn)
        await SQL.remember(conn)
        for what, spoil, act in _worst_lists(worst):
            found_ms = await _worst(conn, spoil, act)
            report(f"{what}: p50 {percentile(found_ms, 0.5):.1f} ms")
            figures.append(Figure("claiming", f"{what}, p99", percentile(found_ms, 0.99), "ms", at_most(50)))
    finally:
        await conn.close()
    return figures


def _ratio(one: float | None, other: float | None) -> float | None:
    return one / other if one and other else None


async def _campaign(conn: asyncpg.Connection) -> Campaign:
    return (await load_campaigns(conn))[0]


async def _timed(act: Callable[[], Awaitable[object]]) -> float:
    began_s = CLOCK.monotonic_s()
    await act()
    return (CLOCK.monotonic_s() - began_s) * 1000


class _Claimer:
    """One connection that claims and lets what it claimed ring in vain, two claims later."""

    def __init__(self, conn: asyncpg.Connection, campaign: Campaign, *, plans: bool = True) -> None:
        self._conn, self._campaign, self._plans = conn, campaign, plans
        self._held: list[list[UUID]] = []
        self._server = Path(f"/proc/{conn.get_server_pid()}/schedstat")
        self.taken_ms: list[float] = []
        self.cpu_ms: list[float] = []
        self.claimed = 0

    def _server_ms(self) -> float:
        """Processor time of this connection's server process so far (proc(5): nanoseconds)."""
        return int(self._server.read_text(encoding="ascii").split()[0]) / 1e6

    async def step(self) -> None:
        began_s, cpu_ms = CLOCK.monotonic_s(), self._server_ms()
        found = await claim(self._conn, self._campaign, LIMIT, Window.WEEKDAY, NOW)
        self.taken_ms.append((CLOCK.monotonic_s() - began_s) * 1000)
        self.cpu_ms.append(self._server_ms() - cpu_ms)
        self.claimed += len(found)
        self._held.append([one.attempt_id for one in found])
        if len(self._held) > 2:
            await SQL.let_ring(self._conn, attempt_ids=self._held.pop(0), now=NOW)
        if self._plans:
            await SQL.grade_the_called(self._conn)


async def _in_turns(server: PrivatePostgres, claims: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Milliseconds that passed, and of the server's processor, by database."""
    connections = {name: await connect(server, name) for name in (FEW, MANY)}
    try:
        claimers = {name: _Claimer(conn, await _campaign(conn)) for name, conn in connections.items()}
        for _ in range(_WARM_UP + claims):
            for claimer in claimers.values():
                await claimer.step()
        assert all(claimer.claimed > 0.9 * LIMIT * claims for claimer in claimers.values()), "the lists ran dry"
        return (
            {name: claimer.taken_ms[_WARM_UP:] for name, claimer in claimers.items()},
            {name: claimer.cpu_ms[_WARM_UP:] for name, claimer in claimers.items()},
        )
    finally:
        for conn in connections.values():
            await conn.close()


async def _at_once(server: PrivatePostgres, claims: int) -> tuple[list[float], int]:
    connections = [await connect(server, MANY) for _ in range(WORKERS)]
    try:
        claimers = [_Claimer(conn, await _campaign(conn), plans=place == 0) for place, conn in enumerate(connections)]

        async def work(claimer: _Claimer) -> None:
            for _ in range(claims // WORKERS):
                await claimer.step()

        async with asyncio.TaskGroup() as workers:
            for claimer in claimers:
                workers.create_task(work(claimer))
        return [ms for claimer in claimers for ms in claimer.taken_ms], await SQL.open_twice(connections[0])
    finally:
        for conn in connections:
            await conn.close()


Spoil = Callable[[asyncpg.Connection], Awaitable[object]]
Act = Callable[[asyncpg.Connection, Campaign], Awaitable[object]]


def _worst_lists(n: int) -> Sequence[tuple[str, Spoil, Act]]:
    """What stands at the head of the list, how it came there, and what is asked of the list then."""
    today, hour = cell_of(Window.WEEKDAY, jst_date(NOW)), hour_of_week(NOW)
    in_an_hour = n // 5  # more than 300 agents can miss in one

    async def ordinary(conn: asyncpg.Connection, campaign: Campaign) -> None:
        assert len(await claim(conn, campaign, LIMIT, Window.WEEKDAY, NOW)) > 0.9 * LIMIT

    async def reserved(conn: asyncpg.Connection, campaign: Campaign) -> None:
        assert await claim_reserved(conn, campaign, Window.WEEKDAY, NOW, agent_id=1, languages=["ne", "vi"])

    async def in_vain_and_nepali(conn: asyncpg.Connection) -> None:
        await SQL.best_rang_in_vain(conn, n=n, cell=today)
        await SQL.best_speak_nepali(conn, n=n + 1000)

    async def missed_in_this_hour(conn: asyncpg.Connection) -> None:
        await SQL.best_missed_hour(conn, n=in_an_hour, hour_of_week=hour)

    first = f"the first {n:,}"
    return [
        (f"{first} rest", lambda c: SQL.best_rest(c, n=n, until=NOW + timedelta(hours=1)), ordinary),
        (f"{first} were missed on this day", lambda c: SQL.best_rang_in_vain(c, n=n, cell=today), ordinary),
        (f"the first {in_an_hour:,} were missed in this hour of the week", missed_in_this_hour, ordinary),
        (f"{first} speak Nepali only", lambda c: SQL.best_speak_nepali(c, n=n), ordinary),
        (f"{first} speak Nepali and were missed on this day, for an agent who does", in_vain_and_nepali, reserved),
    ]


async def _worst(conn: asyncpg.Connection, spoil: Spoil, act: Act) -> list[float]:
    """How long claims take on a list spoiled in this way; each is taken back."""
    await SQL.restore_progress(conn)
    await SQL.restore_languages(conn)
    await spoil(conn)
    await refresh_progress(conn, None)
    await SQL.settle_lists(conn)
    campaign, taken_ms = await _campaign(conn), list[float]()
    for _ in range(_WARM_UP + _WORST_CLAIMS):
        transaction = conn.transaction()
        await transaction.start()
        taken_ms.append(await _timed(lambda: act(conn, campaign)))
        await transaction.rollback()
    return taken_ms[_WARM_UP:]
