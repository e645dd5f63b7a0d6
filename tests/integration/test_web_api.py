"""The HTTP interface over a real PostgreSQL, Redis and control socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
import asyncpg
import pytest

from campaigns.calendar import jst_date
from dialer.accounts.passwords import Passwords
from dialer.accounts.users import Role, add_user, list_users, set_disabled, set_password
from dialer.clock import SystemClock
from dialer.errors import AccountRefused
from tests.deadline import until
from tests.fixtures_web import PASSWORD, WebSite, next_json, running_site
from webui.app import ROUTES
from webui.services import SERVICES

CLOCK = SystemClock()


@pytest.fixture
async def site(dsn: str) -> AsyncIterator[WebSite]:
    async with running_site(dsn) as running:
        yield running


async def error_of(response: aiohttp.ClientResponse) -> tuple[int, str]:
    """Status and code of a refusal, whose shape is checked on the way."""
    body = await response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    return response.status, body["error"]["code"]


async def test_nothing_is_open_without_a_session(site: WebSite) -> None:
    """Every route of the table answers 401, pages send to the log-in."""
    async with site.client() as nobody:
        for method, path, _, _ in ROUTES:
            path = path.format(call_id="x", campaign_id="1", agent_id="1", closing_id="1")
            body: dict[str, str] | None = {} if method == "POST" else None
            async with nobody.request(method, path, json=body, allow_redirects=False) as response:
                if path.startswith("/api/"):
                    assert await error_of(response) == (401, "not_logged_in"), path
                else:
                    assert (response.status, response.headers["Location"]) == (303, "/login")


async def test_agents_have_no_rights_on_the_board_and_supervisors_no_seat(site: WebSite) -> None:
    """Roles are checked on the server, for pages and interface alike."""
    async with site.client("agent1") as agent, site.client("boss") as boss:
        assert await error_of(await agent.get("/api/board")) == (403, "forbidden")
        assert await error_of(await agent.post("/api/campaigns/1/state", json={"state": "running"})) == (
            403,
            "forbidden",
        )
        assert (await agent.get("/board")).status == 403
        assert await error_of(await boss.post("/api/seat", json={"kind": "web"})) == (403, "forbidden")


async def test_a_session_ends_with_log_out_and_with_its_account(site: WebSite) -> None:
    """The server ends sessions: a kept cookie opens nothing afterwards."""
    async with site.client("agent1") as agent, site.client("agent2") as other:
        cookie = {c.key: c.value for c in agent.cookie_jar}
        await agent.post("/api/logout", json={})
        async with site.client() as thief:
            response = await thief.get("/api/me", cookies=cookie)
            assert response.status == 401
        async with site.pool.acquire() as conn:
            await set_disabled(conn, login="agent2", disabled=True, now=CLOCK.now(), done_by="tests")
        assert (await other.get("/api/me")).status == 401
        assert await site.pool.fetchval("SELECT count(*) FROM web_session WHERE length(token_sha256) <> 64") == 0


async def test_the_cookie_is_strict_and_out_of_reach_of_scripts(dsn: str) -> None:
    """Behind TLS it is Secure and bound to the host too."""
    async with running_site(dsn, web_origin="https://dialer.example") as site, site.client() as client:
        response = await client.post(
            "/api/login",
            json={"login": "agent1", "password": PASSWORD},
            headers={"Origin": "https://dialer.example", "X-Forwarded-For": "203.0.113.9, 198.51.100.7"},
        )
        cookie = response.headers["Set-Cookie"]
        assert cookie.startswith("__Host-tsunagu=")
        for part in ("HttpOnly", "Secure", "SameSite=Strict", "Path=/"):
            assert part in cookie
        assert "max-age" in response.headers["Strict-Transport-Security"]
        assert await site.pool.fetchval("SELECT remote FROM login_log") == "198.51.100.7"


async def test_requests_of_another_sites_page_are_refused(site: WebSite) -> None:
    """By origin, by Sec-Fetch-Site, by content type; the WebSocket too."""
    async with site.client("agent1") as agent:
        evil = {"Origin": "https://evil.example"}
        assert await error_of(await agent.post("/api/ready", json={}, headers=evil)) == (403, "foreign_origin")
        cross = {"Sec-Fetch-Site": "cross-site"}
        assert await error_of(await agent.post("/api/ready", json={}, headers=cross)) == (403, "foreign_origin")
        assert await error_of(await agent.post("/api/ready", data="x=1")) == (415, "unsupported_media_type")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await agent.ws_connect("/api/live", headers=evil)
        assert refused.value.status == 403


async def test_every_answer_carries_the_security_headers(site: WebSite) -> None:
    """Pages, interface, errors, redirects and static files."""
    async with site.client("agent1") as agent:
        for path in ("/desk", "/api/me", "/api/nothing", "/nothing", "/static/app.css", "/"):
            response = await agent.get(path, allow_redirects=False)
            assert "default-src 'none'" in response.headers["Content-Security-Policy"], path
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            wanted = "no-cache" if path.startswith("/static/") else "no-store"
            assert response.headers["Cache-Control"] == wanted, path


async def test_guessing_is_throttled_and_logged(site: WebSite) -> None:
    """Five wrong passwords, then even the right one waits; a burst gets no further than a file of patient tries."""
    async with site.client() as guesser:
        wrong = {"login": "agent1", "password": "Wrong-Password-1"}
        answers = await asyncio.gather(*(guesser.post("/api/login", json=wrong) for _ in range(20)))
        statuses = [a.status for a in answers]
        assert 5 <= statuses.count(401) <= 8
        assert statuses.count(401) + statuses.count(429) == 20
        right = {"login": "agent1", "password": PASSWORD}
        refused = await guesser.post("/api/login", json=right)
        assert refused.status == 429
        assert refused.headers["Retry-After"] == "300"
        other = await guesser.post("/api/login", json={"login": "agent2", "password": PASSWORD})
        assert other.status == 200
    logged = await site.pool.fetch("SELECT login, succeeded FROM login_log ORDER BY at DESC LIMIT 1")
    assert [tuple(r) for r in logged] == [("agent2", True)]


async def test_a_password_in_the_login_field_is_not_logged(site: WebSite) -> None:
    """What can't be a login is kept as a question mark."""
    async with site.client() as client:
        await client.post("/api/login", json={"login": PASSWORD + "!", "password": "x"})
    assert await site.pool.fetchval("SELECT login FROM login_log") == "?"


async def test_two_agents_who_ask_at_once_get_two_seats(site: WebSite) -> None:
    """The server chooses; asking again gives the same seat; when all are taken it says so."""
    async with site.client("agent1") as one, site.client("agent2") as two:
        first, second = await asyncio.gather(*(c.post("/api/seat", json={"kind": "web"}) for c in (one, two)))
        seats = [await r.json() for r in (first, second)]
        assert {s["extension"] for s in seats} == {"1001", "1002"}
        assert seats[0]["sip"]["uri"] == f"sip:{seats[0]['extension']}@127.0.0.1"
        again = await (await one.post("/api/seat", json={"kind": "web"})).json()
        assert again == seats[0]
        assert await error_of(await one.post("/api/seat", json={"kind": "sip"})) == (409, "has_seat")
        listed = (await (await two.get("/api/seats")).json())["seats"]
        assert [s["extension"] for s in listed if s["free"]] == ["2001"]
        assert [s["extension"] for s in listed if s["mine"]] == [seats[1]["extension"]]
        await one.delete("/api/seat")
        assert (await (await one.post("/api/seat", json={"kind": "sip", "extension": "2001"})).json())["kind"] == "sip"


async def test_the_person_is_shown_to_the_agent_of_the_call_only(site: WebSite) -> None:
    """Another agent gets the same 404 as for a call that never was; each view is in the operation log."""
    async with site.client("agent1") as one, site.client("agent2") as two, site.client("boss") as boss:
        await one.post("/api/seat", json={"kind": "sip"})
        call_id = await site.engine.connect(site.users["agent1"], site.debtors[0], site.campaign_id)
        shown = await (await one.get(f"/api/calls/{call_id}")).json()
        assert shown["debtor"]["name"] == "仮名川 架空子"
        assert shown["debtor"]["addressee_no"] == "1000234567"
        assert [m["name"] for m in shown["household"]] == ["仮名川 見本夫"]
        assert [d["in_campaign"] for d in shown["debts"]] == [True, True, True, False]
        assert shown["totals"]["total_yen"] == 110_800
        assert shown["totals"]["late_charge_open"] is True
        assert shown["promises"][0]["closed_as"] == "broken"
        assert [h["outcome"] or h["disposition"] for h in shown["history"]] == [
            "busy", "no_answer", "no_answer", "promise"
        ]  # fmt: skip
        assert shown["call"]["number"] == "090-0000-1234"
        assert await error_of(await two.get(f"/api/calls/{call_id}")) == (404, "not_found")
        assert await error_of(await two.get("/api/calls/nonsense")) == (404, "not_found")
        assert (await boss.get(f"/api/calls/{call_id}")).status == 200
    log = await site.pool.fetch("SELECT user_id, act, subject FROM operation_log ORDER BY at")
    subject = f"debtor {site.debtors[0]}"
    assert [tuple(r) for r in log] == [
        (site.users["agent1"], "person_viewed", subject),
        (site.users["boss"], "person_viewed", subject),
    ]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"disposition": "promise", "next": "ready"}, "promise_missing"),
        ({"disposition": "promise", "next": "ready", "promise": {"due_on": "2020-01-01"}}, "promise_date"),
        ({"disposition": "promise", "next": "ready", "promise": {"due_on": "2999-01-01"}}, "promise_date"),
        ({"disposition": "refused", "next": "ready", "promise": {"due_on": "2026-12-01"}}, "promise_unexpected"),
        ({"disposition": "refused", "next": "not_ready"}, "reason_missing"),
        ({"disposition": "invented", "next": "ready"}, "malformed"),
        ({"disposition": "refused", "next": "ready", "note": "x" * 2001}, "malformed"),
        ({"disposition": "refused", "next": "ready", "extra": 1}, "malformed"),
        (["no", "object"], "malformed"),
    ],
)
async def test_a_disposition_that_makes_no_sense_is_refused(site: WebSite, body: object, code: str) -> None:
    """The form of what is sent is checked before the engine is asked."""
    async with site.client("agent1") as agent:
        path = "/api/calls/00000000-0000-4000-8000-000000000000/disposition"
        assert await error_of(await agent.post(path, json=body)) == (400, code)
    assert site.engine.disposed == []


async def test_a_disposition_reaches_the_engine_and_its_refusal_the_page(site: WebSite) -> None:
    """While talking the engine refuses, in its own words; in wrap-up it takes everything."""
    due_on = jst_date(CLOCK.now()) + timedelta(days=3)
    body = {
        "disposition": "promise",
        "next": "not_ready",
        "reason": "break",
        "note": "月末に納付",
        "promise": {"due_on": due_on.isoformat(), "amount_yen": 31000, "debt_type": "city_tax"},
    }
    async with site.client("agent1") as agent:
        await agent.post("/api/seat", json={"kind": "sip"})
        call_id = await site.engine.connect(site.users["agent1"], site.debtors[0], site.campaign_id)
        path = f"/api/calls/{call_id}/disposition"
        assert await error_of(await agent.post(path, json=body)) == (409, "still_talking")
        await site.engine.end(call_id)
        assert (await agent.post(path, json=body)).status == 200
    assert site.engine.disposed == [{"call_id": str(call_id), "agent_id": site.users["agent1"], **body}]


async def test_without_the_engine_the_answer_is_503_and_the_board_still_lists_campaigns(site: WebSite) -> None:
    """A part that is away is said in one sentence; nothing hangs."""
    await site.engine.stop()
    async with site.client("agent1") as agent, site.client("boss") as boss:
        assert await error_of(await agent.post("/api/ready", json={})) == (503, "engine_unavailable")
        board = await (await boss.get("/api/board")).json()
        assert board["live"] is None
        assert [c["name"] for c in board["campaigns"]] == ["市税 11月"]


async def test_live_messages_follow_the_snapshot(site: WebSite) -> None:
    """A supervisor hears everything, an agent only of herself."""
    async with (
        site.client("agent1") as agent,
        site.client("boss") as boss,
        agent.ws_connect("/api/live") as hers,
        boss.ws_connect("/api/live") as theirs,
    ):
        assert (await next_json(hers, "snapshot"))["agents"] == []
        assert (await next_json(theirs, "snapshot"))["campaigns"][0]["name"] == "市税 11月"
        await agent.post("/api/seat", json={"kind": "sip"})
        assert (await next_json(hers, "agent"))["agent"]["extension"] == "2001"
        await site.engine.ring(site.debtors[1], site.campaign_id)
        assert (await next_json(theirs, "call"))["call"]["state"] == "ringing"
        await site.engine.count(dialed=7)
        assert (await next_json(hers, "counts"))["counts"]["dialed"] == 7


async def test_many_pages_that_come_back_cost_the_engine_one_snapshot(site: WebSite) -> None:
    """After a reset all pages get a new snapshot, which is asked for once (or twice, where two follow closely)."""
    async with site.client("boss") as boss:
        pages = [await boss.ws_connect("/api/live") for _ in range(20)]
        for page in pages:
            await next_json(page, "snapshot")
        before = site.engine.snapshots
        await site.engine.publish({"type": "reset"})
        for page in pages:
            await next_json(page, "snapshot")
        assert site.engine.snapshots - before <= 2
        for page in pages:
            await page.close()


async def test_pages_are_told_when_redis_goes_and_get_a_snapshot_when_it_is_back(site: WebSite) -> None:
    """Pub/sub keeps nothing for those who were away, so what was missed is read anew."""
    async with site.client("boss") as boss, boss.ws_connect("/api/live") as page:
        await next_json(page, "snapshot")
        await site.redis.stop()
        assert (await next_json(page, "link"))["redis"] is False
        site.engine.counts["dialed"] = 99  # happens while nobody can be told
        await site.redis.start()
        assert (await next_json(page, "link"))["redis"] is True
        assert (await next_json(page, "snapshot"))["counts"]["dialed"] == 99


async def test_an_ended_session_ends_no_other_page(site: WebSite) -> None:
    """Closing pages at shutdown and one by one leaves no page behind in the feed."""
    feed = site.app[SERVICES].feed
    async with site.client("boss") as boss:
        one, two = await boss.ws_connect("/api/live"), await boss.ws_connect("/api/live")
        await next_json(two, "snapshot")
        assert feed.pages == 2
        await one.close()
        await until(lambda: feed.pages == 1, what="one page left")
        await two.close()
        await until(lambda: feed.pages == 0, what="no page left")


async def test_campaign_state_is_set_and_logged(site: WebSite) -> None:
    """Start, pause and stop belong to supervisors, and are kept with their names."""
    async with site.client("boss") as boss:
        path = f"/api/campaigns/{site.campaign_id}/state"
        assert (await boss.post(path, json={"state": "running"})).status == 200
        assert await error_of(await boss.post(path, json={"state": "faster"})) == (400, "malformed")
        assert await error_of(await boss.post("/api/campaigns/99/state", json={"state": "running"})) == (
            409,
            "no_such_campaign",
        )
    assert await site.pool.fetchval("SELECT state FROM campaign") == "running"
    assert await site.pool.fetchval("SELECT subject FROM operation_log") == f"campaign {site.campaign_id} running"


async def test_pages_hold_no_personal_data(site: WebSite) -> None:
    """All of it comes over the interface, so nothing of it stays in a history or a cache."""
    async with site.client("agent1") as agent:
        await agent.post("/api/seat", json={"kind": "sip"})
        await site.engine.connect(site.users["agent1"], site.debtors[0], site.campaign_id)
        page = await (await agent.get("/desk")).text()
        assert "仮名川" not in page
        assert "試験 花子" in page  # her own name


async def test_accounts_are_added_stopped_and_never_reuse_a_password(db: asyncpg.Connection) -> None:
    """SEC-1: weak and used passwords are refused, each change has its line in the history."""
    passwords = Passwords()
    now = CLOCK.now()
    common = {"role": Role.AGENT, "now": now, "done_by": "root", "takes_calls": True}
    await add_user(db, passwords, login="new.one", display_name="新規 一子", password=PASSWORD, **common)  # type: ignore[arg-type]
    with pytest.raises(AccountRefused, match="既に使われています"):
        await add_user(db, passwords, login="new.one", display_name="別 人", password=PASSWORD, **common)  # type: ignore[arg-type]
    with pytest.raises(AccountRefused, match="12文字以上"):
        await add_user(db, passwords, login="new.two", display_name="別 人", password="short", **common)  # type: ignore[arg-type]
    await set_password(db, passwords, login="new.one", password="Another-Horse-7", now=CLOCK.now(), done_by="root")
    with pytest.raises(AccountRefused, match="過去に使った"):
        await set_password(db, passwords, login="new.one", password=PASSWORD, now=CLOCK.now(), done_by="root")
    await set_disabled(db, login="new.one", disabled=True, now=CLOCK.now(), done_by="root")
    assert [(u.login, u.disabled_at is not None) for u in await list_users(db)] == [("new.one", True)]
    acts = await db.fetch("SELECT act, done_by FROM account_history ORDER BY account_history_id")
    assert [r["act"] for r in acts] == ["added", "password_set", "disabled"]
