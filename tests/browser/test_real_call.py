"""A person in a real browser takes a call on a real Asterisk, and both voices are in the recording."""

from __future__ import annotations

import math
import shutil
import struct
import tempfile
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec
import pytest
from playwright.async_api import Page, async_playwright, expect

from campaigns.campaign import CampaignState, NewCampaign, add_campaign, set_state
from campaigns.listing import refresh_progress
from campaigns.model import DialMode
from dialer.accounts.users import Role
from dialer.clock import SystemClock
from dialer.simulation.simulated_site import ANY_HOUR, Account, SimulatedSite
from recordings.voices import tone_level
from tests.browser.conftest import FLAGS
from tests.deadline import until_found
from tests.engine_site import site_settings

pytestmark = [pytest.mark.browser, pytest.mark.asterisk]

CLOCK = SystemClock()
AGENT_HZ, CALLEE_HZ = 450, 1000
NAME = "見本川 録音子"


def write_microphone(path: Path) -> None:
    """Ten seconds of the agent's tone, whole cycles, so that the loop has no click."""
    rate = 48_000
    frames = (round(12_000 * math.sin(2 * math.pi * AGENT_HZ * n / rate)) for n in range(10 * rate))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(b"".join(struct.pack("<h", frame) for frame in frames))


@dataclass
class RealDesk:
    """A whole running site, an account at it, and the agent's page, not yet logged in."""

    site: SimulatedSite
    account: Account
    page: Page


@pytest.fixture
async def desk(dsn: str) -> AsyncIterator[RealDesk]:
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory(prefix="tsunagu-real-") as folder:
        microphone = Path(folder) / "microphone.wav"
        write_microphone(microphone)
        settings = msgspec.structs.replace(
            site_settings(Path(folder) / "var", dsn, ""), audio_processing=False, web_seats=1, sip_seats=1
        )
        site = SimulatedSite(settings, CLOCK, telephones=0, report=lambda _: None)
        async with site, async_playwright() as playwright:
            await site.start_network(None)
            await site.start_processes()
            account = await site.account("madoguchi", "窓口 見本", Role.AGENT, takes_calls=True)
            flags = [*FLAGS, f"--use-file-for-fake-audio-capture={microphone}", "--allow-loopback-in-peer-connection"]
            browser = await playwright.chromium.launch(executable_path=found, headless=True, args=flags)
            context = await browser.new_context(base_url=site.base_url, locale="ja-JP")
            page = await context.new_page()
            try:
                yield RealDesk(site, account, page)
            finally:
                await browser.close()


async def add_person(site: SimulatedSite, number: str) -> int:
    """One debtor of a running campaign of its own."""
    db = site.db
    await db.execute(
        "INSERT INTO debt_type VALUES ('city_tax', '市税', '納税課', '+81250000001') ON CONFLICT DO NOTHING"
    )
    debtor_id: int = await db.fetchval(
        "INSERT INTO debtor (addressee_no, name, updated_at) VALUES ($1, $2, now()) RETURNING debtor_id", number, NAME
    )
    await db.execute("INSERT INTO phone (number, kind) VALUES ($1, 'mobile')", number)
    await db.execute(
        "INSERT INTO debtor_phone (debtor_id, number, source, added_at) VALUES ($1, $2, 'import', now())",
        debtor_id,
        number,
    )
    await db.execute(
        "INSERT INTO debt_item (debtor_id, debt_type, assessment_year, levy_year, notice_no, instalment, due_on,"
        " principal_yen) VALUES ($1, 'city_tax', 2025, 2025, $2, 1, $3, 12000)",
        debtor_id,
        number,
        date(2025, 6, 30),
    )
    await db.execute("INSERT INTO debtor_progress (debtor_id) VALUES ($1) ON CONFLICT DO NOTHING", debtor_id)
    await refresh_progress(db, [debtor_id])
    return debtor_id


async def start_campaign(site: SimulatedSite) -> None:
    new = NewCampaign(name="試験", debt_types=("city_tax",), dial_mode=DialMode.PROGRESSIVE, windows=ANY_HOUR)
    await set_state(site.db, await add_campaign(site.db, new), CampaignState.RUNNING)


async def sit_down(desk: RealDesk) -> None:
    """Log in through the form, take the browser's seat, go ready."""
    page = desk.page
    await page.goto("/login")
    await page.get_by_test_id("login-id").fill(desk.account.login)
    await page.get_by_test_id("login-password").fill(desk.account.password)
    await page.get_by_test_id("login-submit").click()
    await page.get_by_test_id("take-seat").click()
    await page.get_by_test_id("ready").click()
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "ready")


async def test_the_browser_takes_the_call_and_both_voices_are_recorded(desk: RealDesk) -> None:
    """From the log-in form to the stored recording: left the callee's tone, right the agent's microphone."""
    site, page = desk.site, desk.page
    await sit_down(desk)
    await add_person(site, "+819000000210")  # answers after 1 s, talks 10 s
    await start_campaign(site)
    await expect(page.get_by_test_id("person-name")).to_contain_text(NAME, timeout=15_000)
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "talking")
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "wrap_up", timeout=30_000)
    await page.get_by_test_id("disposition-contact_person").click()
    await page.get_by_test_id("dispose-ready").click()
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "ready")
    row = await until_found(
        lambda: site.db.fetchrow("SELECT * FROM recording WHERE state = 'stored'"), within_s=30, what="the recording"
    )
    stored = site.settings.archive / row["path"]
    assert abs(row["duration_ms"] - 10_000) < 1500
    for channel, here, elsewhere in ((0, CALLEE_HZ, AGENT_HZ), (1, AGENT_HZ, CALLEE_HZ)):
        assert tone_level(stored, here, channel=channel) > -30, "the voice is there"
        assert tone_level(stored, elsewhere, channel=channel) < -40, "and the other one is not"
    disposition = await site.db.fetchval("SELECT disposition FROM call")
    assert disposition == "contact_person"


async def test_a_closed_page_ends_the_call_with_a_sentence_and_the_agent_finds_her_call_again(desk: RealDesk) -> None:
    """The tab is reloaded in mid-call: the telephone is gone, and the page comes back to the result form."""
    site, page = desk.site, desk.page
    await sit_down(desk)
    await add_person(site, "+819000000900")  # talks until we hang up
    await start_campaign(site)
    await expect(page.get_by_test_id("person-name")).to_contain_text(NAME, timeout=15_000)
    await page.reload()
    await expect(page.get_by_test_id("person-name")).to_contain_text(NAME, timeout=15_000)
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "wrap_up", timeout=40_000)
    await page.get_by_test_id("disposition-no_conversation").click()
    await page.get_by_test_id("dispose-leave").click()
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "not_ready")
    assert await site.db.fetchval("SELECT outcome FROM attempt") == "answered"
