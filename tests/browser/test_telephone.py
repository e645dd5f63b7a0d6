"""The browser as the agent's telephone, on a real Asterisk: it registers, answers its leg, and mends itself."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright, expect

from dialer.accounts.passwords import Passwords
from dialer.accounts.users import Role, add_user
from dialer.control_client import ControlClient
from dialer.db.pool import open_pool
from dialer.site.redis import PrivateRedis
from tests.browser.conftest import FLAGS, chromium, log_in
from tests.deadline import until_found
from tests.engine_site import CLOCK, EngineSite, engine_site
from tests.fixtures_web import PASSWORD
from webui.app import make_app
from webui.live.feed import open_reader

pytestmark = [pytest.mark.browser, pytest.mark.asterisk]


@dataclass
class Telephone:
    """A site with a running engine, and the page of an agent at its browser seat."""

    site: EngineSite
    page: Page
    agent_id: int

    async def until(self, **wanted: object) -> None:
        """Wait until the page's telephone has the wanted values (asked from here: the page's policy forbids eval)."""

        async def as_wanted() -> bool:
            state = await self.page.evaluate("() => ({ ...window.tsunagu.phone })")
            return all(state[name] == value for name, value in wanted.items())

        await until_found(as_wanted, within_s=20, what=f"telephone with {wanted}")


@pytest.fixture
async def telephone(dsn: str) -> AsyncIterator[Telephone]:
    """An agent who has logged in and taken a seat with the browser."""
    with tempfile.TemporaryDirectory(prefix="tsunagu-phone-") as folder:
        redis = PrivateRedis(Path(folder) / "redis", CLOCK)
        await redis.start()
        try:
            async with engine_site(Path(folder), dsn, redis.url) as site:
                await site.start_engine()
                async with _page(site) as telephone:
                    yield telephone
        finally:
            await redis.stop()


@asynccontextmanager
async def _page(site: EngineSite) -> AsyncIterator[Telephone]:
    agent_id = await add_user(
        site.db,
        Passwords(),
        login="hanako",
        display_name="試験 花子",
        role=Role.AGENT,
        password=PASSWORD,
        now=CLOCK.now(),
        done_by="tests",
        takes_calls=True,
    )
    pool = await open_pool(site.settings.database_url, application="tests")
    reader = open_reader(site.settings.redis_url)
    control = ControlClient(site.settings.engine_socket)
    runner = web.AppRunner(make_app(pool, reader, control, CLOCK, site.settings), access_log=None, shutdown_timeout=0.5)
    try:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium(), args=[*FLAGS, "--allow-loopback-in-peer-connection"]
            )
            context = await browser.new_context(base_url=f"http://{host}:{port}", locale="ja-JP")
            page = await context.new_page()
            page.set_default_timeout(15_000)
            await log_in(page, "hanako")
            await page.get_by_test_id("take-seat").click()
            yield Telephone(site, page, agent_id)
            await browser.close()
    finally:
        await runner.cleanup()
        await control.close()
        await reader.aclose()
        await pool.close()


async def test_the_leg_is_answered_by_the_page_and_carries_a_call(telephone: Telephone) -> None:
    """Seat, registration, leg, ready; a callee who answers is talked to; hung up by the agent; result."""
    page = telephone.page
    await telephone.until(registered=True, inCall=True, iceState="connected")
    await expect(page.get_by_test_id("phone-chip")).to_contain_text("電話: 接続")
    await page.get_by_test_id("ready").click()
    await telephone.site.add_people(["900"])
    await telephone.site.start_campaign()
    await expect(page.get_by_test_id("state-label")).to_have_text("通話")
    await expect(page.get_by_test_id("person-name")).to_contain_text("見本 0")
    await page.get_by_test_id("mute").click()
    await expect(page.get_by_test_id("phone-chip")).to_contain_text("消音中")
    await page.get_by_test_id("mute").click()
    await page.get_by_test_id("hold").click()
    await expect(page.get_by_test_id("phone-chip")).to_contain_text("保留中")
    await page.get_by_test_id("hold").click()
    await expect(page.get_by_test_id("phone-chip")).to_contain_text("電話: 接続")
    await page.get_by_test_id("hangup").click()
    await expect(page.get_by_test_id("state-label")).to_have_text("後処理")
    await telephone.until(inCall=True)  # her own leg stays
    await page.keyboard.press("2")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_test_id("state-label")).to_have_text("待機")


async def test_the_telephone_is_there_again_after_asterisk_was_restarted(telephone: Telephone) -> None:
    """Nobody touches the page: it registers again and answers a new leg."""
    await telephone.until(inCall=True)
    await telephone.site.network.kill_pbx()
    await telephone.until(registered=False)
    await telephone.site.network.start_pbx()
    await telephone.site.agent_until(telephone.agent_id, leg_up=False)
    await telephone.until(registered=True, inCall=True)
    await telephone.site.agent_until(telephone.agent_id, leg_up=True)


async def test_a_page_that_is_loaded_again_has_its_leg_again(telephone: Telephone) -> None:
    """The seat is kept; the telephone registers again and a new leg is laid."""
    before = await telephone.site.agent_until(telephone.agent_id, leg_up=True)
    await telephone.page.reload()
    await telephone.until(registered=True, inCall=True)
    after = await telephone.site.agent_until(telephone.agent_id, leg_up=True, reason="phone_lost")
    assert after["extension"] == before["extension"]
