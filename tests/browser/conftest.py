"""A real Chromium, one page a test, with a microphone that makes a sound; every error of a page fails its test."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, Page, async_playwright

from tests.fixtures_web import PASSWORD, WebSite, running_site

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip


def chromium() -> str | None:
    """The distribution's browser; None = the one that Playwright installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass
class Desk:
    """Opens pages as one person or another, and keeps what the browser complained about."""

    browser: Browser
    site: WebSite
    complaints: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def page(self, login: str | None = None, *, width: int = 1440, height: int = 900) -> AsyncIterator[Page]:
        """A page of its own session; logged in when `login` is given."""
        context = await self.browser.new_context(
            base_url=self.site.url, locale="ja-JP", viewport={"width": width, "height": height}
        )
        page = await context.new_page()
        page.set_default_timeout(8000)
        page.on("pageerror", lambda error: self.complaints.append(f"pageerror {error}"))
        page.on("console", lambda m: self.complaints.append(m.text) if "Content Security Policy" in m.text else None)
        try:
            if login is not None:
                await log_in(page, login)
            yield page
        finally:
            await context.close()


async def log_in(page: Page, login: str) -> None:
    """Through the form, as a person does."""
    await page.goto("/login")
    await page.get_by_test_id("login-id").fill(login)
    await page.get_by_test_id("login-password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/board" if login == "boss" else "**/desk")


@pytest.fixture
async def site(dsn: str) -> AsyncIterator[WebSite]:
    """The web process; a seat's telephone is up as soon as the seat is taken."""
    async with running_site(dsn) as running:
        yield running


@pytest.fixture
async def desk(site: WebSite) -> AsyncIterator[Desk]:
    """Pages in a real browser; afterwards nothing may have gone wrong in any of them."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), headless=True, args=FLAGS)
        opened = Desk(browser, site)
        try:
            yield opened
        finally:
            await browser.close()
    assert opened.complaints == []
