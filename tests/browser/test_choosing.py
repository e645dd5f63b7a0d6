"""The pages 架電の理由 and 候補者 in a real browser."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from campaigns.listing import refresh_progress
from tests.browser.conftest import Desk
from tests.fixtures_web import PEOPLE, WebSite

pytestmark = pytest.mark.browser


async def prepare(site: WebSite) -> None:
    """A campaign that calls at any hour of any day, all on its list, the first person tried nine times."""
    async with site.pool.acquire() as conn:
        for kind, window in (("weekday", "weekday"), ("day_off", "weekend")):
            await conn.execute(
                "INSERT INTO campaign_window VALUES ($1, $2, $3, '00:00', '24:00')", site.campaign_id, window, kind
            )
        await conn.execute("UPDATE campaign SET state = 'running'")
        await refresh_progress(conn, None)
        await conn.execute("UPDATE debtor_progress SET weekday_attempts = 9 WHERE debtor_id = $1", site.debtors[0])
        await conn.execute("INSERT INTO contact_stop VALUES ($1, now(), '破産手続中')", site.debtors[1])
        await conn.execute("UPDATE phone SET dead_at = now() WHERE number = $1", PEOPLE[2][4])
        await refresh_progress(conn, None)


async def picture(page: Page, name: str) -> None:
    """A screenshot for people, when somebody asks for one."""
    if folder := os.environ.get("PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def test_a_supervisor_sees_why_a_person_is_not_called(desk: Desk) -> None:
    """The rule that stands, its fact, the next moment, the model's table; nothing of it in the address."""
    await prepare(desk.site)
    async with desk.page("boss") as page:
        await page.get_by_role("link", name="架電の理由", exact=True).click()
        await page.get_by_test_id("addressee-no").fill(PEOPLE[1][0])
        await page.keyboard.press("Enter")
        card = page.get_by_test_id(f"campaign-{desk.site.campaign_id}")
        await expect(card).to_contain_text("いまは架電しません")
        await expect(card.get_by_test_id("rule-contact_stop")).to_contain_text("破産手続中")
        await expect(card.get_by_test_id("next")).to_contain_text("なし（催告中止です）")
        await picture(page, "why-stopped")
        await page.get_by_test_id("addressee-no").fill(PEOPLE[0][0])
        await page.keyboard.press("Enter")
        await expect(card).to_contain_text("いま架電できます")
        await expect(page.get_by_test_id("line")).to_contain_text("090-0000-1234")
        await expect(page.get_by_test_id("line").get_by_role("row")).to_have_count(4)
        await picture(page, "why-person")
        assert PEOPLE[0][0] not in page.url
        await page.goto(f"/why?addressee_no={PEOPLE[2][0]}")
        await expect(page.get_by_test_id("who")).to_contain_text(PEOPLE[2][1])
        assert PEOPLE[2][0] not in page.url


async def test_a_supervisor_sees_why_a_campaign_stands_still(desk: Desk) -> None:
    """Counts per reason, those who are callable, and what the engine says."""
    await prepare(desk.site)
    async with desk.page("boss") as page:
        await page.goto(f"/why?campaign_id={desk.site.campaign_id}")
        await expect(page.get_by_test_id("callable")).to_contain_text("1")
        await expect(page.get_by_test_id("count-contact_stop")).to_contain_text("催告中止です")
        await expect(page.get_by_test_id("count-dead_number")).to_be_visible()
        await picture(page, "why-campaign")
        assert "仮名川" not in await page.content()
        await page.get_by_test_id("addressee-no").fill("nobody")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("notice-passing")).to_contain_text("登録されていません")


async def test_candidates_are_filtered_by_channel_and_lead_to_their_reasons(desk: Desk) -> None:
    """Counts on the buttons, an empty state, a file, and a link to why."""
    await prepare(desk.site)
    async with desk.page("boss") as page:
        await page.goto("/candidates")
        await expect(page.get_by_test_id("candidate")).to_have_count(2)
        await expect(page.get_by_test_id("channel-research")).to_contain_text("1")
        await picture(page, "candidates")
        await page.get_by_test_id("channel-visit").click()
        await expect(page.get_by_test_id("candidate")).to_have_count(1)
        await expect(page.get_by_test_id("candidate")).to_contain_text("接触のないまま9回架電")
        await expect(page.get_by_test_id("page-after")).to_be_disabled()
        async with page.expect_download() as downloading:
            await page.get_by_test_id("csv").click()
        assert (await downloading.value).suggested_filename.startswith("candidates-visit-")
        await page.get_by_role("link", name=PEOPLE[0][0]).click()
        await expect(page.get_by_test_id("who")).to_contain_text(PEOPLE[0][1])
        await desk.site.pool.execute("UPDATE debt_item SET paid_on = '2026-11-01'")
        await page.goto("/candidates?channel=sms")
        await expect(page.get_by_test_id("no-candidates")).to_have_text("候補者はいません。")


async def test_candidates_are_marked_as_served_and_stay_findable(desk: Desk) -> None:
    """One way chosen, ticked, marked with a note; found under 済み, and taken back when it was a mistake."""
    await prepare(desk.site)
    async with desk.page("boss") as page:
        await page.goto("/candidates")
        await expect(page.get_by_test_id("closing")).to_contain_text("手段を1つ選ぶと")
        await expect(page.get_by_test_id("tick")).to_have_count(0)
        await page.get_by_test_id("channel-letter").click()
        await expect(page.get_by_test_id("close-done")).to_have_text("送付済みにする")
        await expect(page.get_by_test_id("close-done")).to_be_disabled()
        await page.get_by_test_id("tick-all").check()
        await expect(page.get_by_test_id("ticked")).to_have_text("1人を選択中")
        await page.get_by_test_id("closing-note").fill("11月便")
        await picture(page, "candidates-ticked")
        await page.get_by_test_id("close-done").click()
        await expect(page.get_by_test_id("notice-passing")).to_contain_text("1人を「送付済み」として記録しました")
        await expect(page.get_by_test_id("no-candidates")).to_be_visible()

        await page.get_by_test_id("state-closed").click()
        row = page.get_by_test_id("closed")
        for words in (PEOPLE[0][1], "催告書", "送付済み", "管理 一郎", "11月便"):
            await expect(row).to_contain_text(words)
        await picture(page, "candidates-closed")
        await page.reload()
        await expect(row).to_have_count(1)
        assert "state=closed" in page.url
        async with page.expect_download() as downloading:
            await page.get_by_test_id("csv").click()
        assert (await downloading.value).suggested_filename.startswith("closed-letter-")
        await page.get_by_test_id("reopen").click()
        await expect(page.get_by_test_id("no-closed")).to_be_visible()
        await page.get_by_test_id("state-any").click()
        await expect(page.get_by_test_id("candidate")).to_have_count(1)
