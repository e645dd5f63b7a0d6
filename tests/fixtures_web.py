"""A whole web process for tests: real PostgreSQL, Redis and HTTP, a fake engine, made-up people."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from aiohttp import web
from redis.asyncio import Redis

from dialer.accounts.passwords import Passwords
from dialer.accounts.users import Role, add_user
from dialer.clock import SystemClock
from dialer.control_client import ControlClient
from dialer.db.pool import open_pool
from dialer.settings import Settings
from dialer.site.redis import PrivateRedis
from tests.fake_engine import FakeEngine
from webui.app import make_app
from webui.live.feed import open_reader

PASSWORD = "Correct-Horse-9"
PEOPLE = (
    ("1000234567", "仮名川 架空子", "カナカワ カクウコ", date(1979, 4, 18), "+819000001234"),
    ("1000234568", "仮名川 見本夫", "カナカワ ミホンオ", date(1976, 9, 2), "+819000005678"),
    ("1000987654", "例示山 試", "レイジヤマ タメシ", date(1958, 2, 28), "+810300000321"),
)


@dataclass
class WebSite:
    """A running web process and everything behind it."""

    url: str
    pool: asyncpg.Pool
    redis: PrivateRedis
    publisher: Redis
    engine: FakeEngine
    campaign_id: int
    debtors: list[int]
    users: dict[str, int]
    app: web.Application

    @asynccontextmanager
    async def client(self, login: str | None = None) -> AsyncIterator[aiohttp.ClientSession]:
        """An HTTP client with cookies of its own, logged in when `login` is given."""
        jar = aiohttp.CookieJar(unsafe=True)  # accepts cookies of an IP address
        async with aiohttp.ClientSession(self.url, cookie_jar=jar) as session:
            if login is not None:
                async with session.post("/api/login", json={"login": login, "password": PASSWORD}) as response:
                    assert response.status == 200, await response.text()
            yield session


@asynccontextmanager
async def running_site(dsn: str, *, leg_on_seat: bool = True, **settings: Any) -> AsyncIterator[WebSite]:
    """Everything up; accounts ``agent1``, ``agent2``, ``boss`` with `PASSWORD`."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory(prefix="tsunagu-web-") as folder:
        chosen = Settings(var_dir=folder, **settings)
        chosen.engine_socket.parent.mkdir(parents=True)
        redis = PrivateRedis(Path(folder) / "redis", clock)
        await redis.start()
        pool = await open_pool(dsn, size=8, application="tests")
        users, campaign_id, debtors = await fill(pool)
        publisher: Redis = Redis.from_url(redis.url)
        reader = open_reader(redis.url)
        engine = FakeEngine(chosen.engine_socket, publisher, pool, leg_on_seat=leg_on_seat)
        await engine.start()
        control = ControlClient(chosen.engine_socket)
        app = make_app(pool, reader, control, clock, chosen)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        try:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            yield WebSite(f"http://{host}:{port}", pool, redis, publisher, engine, campaign_id, debtors, users, app)
        finally:
            await runner.cleanup()
            await control.close()
            await engine.stop()
            await reader.aclose()
            await publisher.aclose()
            await redis.stop()
            await pool.close()


async def fill(pool: asyncpg.Pool) -> tuple[dict[str, int], int, list[int]]:
    """Accounts, seats, one campaign and three people, all made up; returns their ids."""
    now = datetime.now(UTC)
    async with pool.acquire() as conn:
        passwords = Passwords()
        users = {}
        for login, name, role, takes_calls in (
            ("agent1", "試験 花子", Role.AGENT, True),
            ("agent2", "見本 太郎", Role.AGENT, True),
            ("boss", "管理 一郎", Role.SUPERVISOR, False),
        ):
            users[login] = await add_user(
                conn,
                passwords,
                login=login,
                display_name=name,
                role=role,
                password=PASSWORD,
                now=now,
                done_by="tests",
                takes_calls=takes_calls,
            )
        await conn.executemany(
            "INSERT INTO seat VALUES ($1, $2, $3)",
            [("1001", "web", "secret-1"), ("1002", "web", "secret-2"), ("2001", "sip", "secret-3")],
        )
        await conn.executemany(
            "INSERT INTO debt_type VALUES ($1, $2, $3, $4)",
            [
                ("city_tax", "市税", "納税課", "+81300000001"),
                ("care", "介護保険料", "介護保険課", "+81300000002"),
            ],
        )
        campaign_id = await conn.fetchval(
            "INSERT INTO campaign (name, dial_mode, state) VALUES ('市税 11月', 'progressive', 'paused')"
            " RETURNING campaign_id"
        )
        await conn.execute("INSERT INTO campaign_debt_type VALUES ($1, 'city_tax')", campaign_id)
        household = await conn.fetchval("INSERT INTO household (household_no) VALUES ('H-77') RETURNING household_id")
        debtors = []
        for n, (addressee_no, name, kana, born_on, number) in enumerate(PEOPLE):
            debtor_id = await conn.fetchval(
                "INSERT INTO debtor (addressee_no, household_id, name, kana, postal_code, address, born_on, updated_at)"
                " VALUES ($1, $2, $3, $4, '000-0000', '見本市架空町1丁目2番3号 仮ハイツ405', $5, $6)"
                " RETURNING debtor_id",
                addressee_no, household if n < 2 else None, name, kana, born_on, now,
            )  # fmt: skip
            await conn.execute("INSERT INTO phone (number, kind) VALUES ($1, 'mobile')", number)
            await conn.execute("INSERT INTO debtor_phone VALUES ($1, $2, 1, 'import', $3)", debtor_id, number, now)
            await conn.executemany(
                "INSERT INTO debt_item (debtor_id, debt_type, assessment_year, levy_year, notice_no, instalment,"
                " due_on, principal_yen, late_charge_yen) VALUES ($1, $2, 2026, $3, $4, $5, $6, $7, $8)",
                [
                    (debtor_id, "city_tax", 2025, f"25{debtor_id:06}", 4, date(2026, 2, 2), 31000, 1800),
                    (debtor_id, "city_tax", 2026, f"26{debtor_id:06}", 1, date(2026, 6, 30), 32400, 900),
                    (debtor_id, "city_tax", 2026, f"26{debtor_id:06}", 2, date(2026, 8, 31), 32000, None),
                    (debtor_id, "care", 2026, f"76{debtor_id:06}", 3, date(2026, 9, 30), 12700, 0),
                ],
            )
            debtors.append(debtor_id)
        await conn.execute(
            "INSERT INTO promise (debtor_id, debt_type, due_on, amount_yen, made_at, closed_on, closed_as)"
            " VALUES ($1, 'city_tax', $2, 31000, $3, $2, 'broken')",
            debtors[0], date(2026, 10, 30), now - timedelta(days=35),
        )  # fmt: skip
        for days, window, outcome in (
            (20, "weekday", "no_answer"),
            (12, "evening", "no_answer"),
            (3, "weekend", "busy"),
        ):
            await conn.execute(
                "INSERT INTO attempt (campaign_id, debtor_id, number, caller_id, call_window, state, state_at,"
                " claimed_at, dialed_at, ended_at, outcome)"
                " VALUES ($1, $2, $3, '+81300000001', $4, 'ended', $5, $5, $5, $5, $6)",
                campaign_id, debtors[0], PEOPLE[0][4], window, now - timedelta(days=days), outcome,
            )  # fmt: skip
        talked = now - timedelta(days=35)
        await conn.execute(
            "INSERT INTO call (call_id, direction, debtor_id, agent_id, answered_at, joined_at, ended_at, ended_by,"
            " disposition, disposed_at, note) VALUES (gen_random_uuid(), 'inbound', $1, $2, $3, $3, $4, 'callee',"
            " 'promise', $4, '給料日のあと、4期分から納める。')",
            debtors[0], users["agent2"], talked, talked + timedelta(seconds=194),
        )  # fmt: skip
    return users, campaign_id, debtors


async def next_json(socket: aiohttp.ClientWebSocketResponse, kind: str, *, within_s: float = 8.0) -> dict[str, Any]:
    """The next live message of `kind`; others are passed over."""
    async with asyncio.timeout(within_s):
        while True:
            message = await socket.receive_json()
            if message["type"] == kind:
                return dict(message)
