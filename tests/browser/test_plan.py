"""The page 計画 in a real browser."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Desk
from tests.fixtures_hours import people_with_past
from tests.fixtures_people import Town
from tests.fixtures_web import WebSite

pytestmark = pytest.mark.browser


async def prepare(site: WebSite, people: int = 40) -> None:
    """People of three sorts on the list of a campaign that calls on weekdays, in the evening and on days off."""
    async with site.pool.acquire() as conn:
        await conn.execute("DELETE FROM attempt")
        await conn.executemany(
            f"INSERT INTO campaign_window VALUES ({site.campaign_id}, $1, $2, $3::text::time, $4::text::time)",
            [("weekday", "weekday", "09:00", "17:00"), ("evening", "weekday", "17:00", "20:00"),
             ("weekend", "day_off", "09:00", "17:00")],
        )  # fmt: skip
        await people_with_past(Town(conn), people, 10, datetime.now(UTC) - timedelta(days=1))
        told = {
            "prices": [0.05, 0.11, 0.21],
            "people": people,
            "below_floor": 3,
            "drawn": 1,
            "pick_up": [0.3, 0.4, 0.4],
        }
        await conn.execute("UPDATE campaign SET graded_at = now(), grading = $1", json.dumps(told))


async def picture(page: Page, name: str) -> None:
    """A screenshot for people, when somebody asks for one."""
    if folder := os.environ.get("PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


async def test_a_supervisor_moves_sessions_and_sees_what_that_brings(desk: Desk) -> None:
    """The month as the calendar has it; fewer evenings, fewer contacts; one click and it is as before."""
    await prepare(desk.site)
    async with desk.page("boss") as page:
        await page.get_by_role("link", name="計画").click()
        ratio = page.get_by_test_id("contact-ratio")
        await expect(ratio).to_contain_text("%")
        await expect(page.get_by_test_id("basis")).to_contain_text("対象者43人（全員で計算）")
        await expect(page.get_by_test_id("others")).to_contain_text("平日夜間を1回増やす")
        await expect(page.get_by_test_id("best").get_by_role("listitem").first).to_contain_text("接触率")
        before = await ratio.inner_text()
        await picture(page, "plan-usual")
        for window in ("weekday", "evening", "weekend"):
            await page.get_by_test_id(f"{window}-回数").fill("1")
            await page.get_by_test_id(f"{window}-人数").fill("1")
        await expect(ratio).to_contain_text("いまのカレンダーより −")
        await expect(page.get_by_test_id("weekday-slider")).to_have_value("1")
        await picture(page, "plan-moved")
        await page.get_by_test_id("as-calendar").click()
        await expect(ratio).not_to_contain_text("いまのカレンダーより")
        assert await ratio.inner_text() == before


async def test_what_is_set_about_the_choice_is_saved_and_its_price_shown(desk: Desk) -> None:
    """The database has it, the operation log knows who, and the last grading is told in words."""
    site = desk.site
    await prepare(site)
    async with desk.page("boss") as page:
        await page.goto("/plan")
        await expect(page.get_by_test_id("graded")).to_contain_text("休日の枠が最も不足しています")
        await expect(page.get_by_test_id("floor-price")).to_contain_text("最低回数は設定されていません")
        await page.get_by_test_id("floor_attempts").fill("2")
        await page.get_by_test_id("floor_each_window").check()
        await page.get_by_test_id("lot_ratio").fill("5")
        await page.get_by_test_id("save-choosing").click()
        await expect(page.get_by_test_id("floor-price")).to_contain_text("全員に月2回以上、各時間帯で1回以上")
        await expect(page.get_by_test_id("graded")).to_contain_text("設定を変えたあと、まだ行われていません")
    row = await site.pool.fetchrow("SELECT floor_attempts, floor_each_window, lot_ratio, graded_at FROM campaign")
    assert (row["floor_attempts"], row["floor_each_window"], row["graded_at"]) == (2, True, None)
    assert row["lot_ratio"] == pytest.approx(0.05)
    subject = await site.pool.fetchval("SELECT subject FROM operation_log WHERE act = 'choosing_set'")
    assert subject.startswith(f"campaign {site.campaign_id} ")


async def test_the_page_fits_a_narrow_window(desk: Desk) -> None:
    """Tables scroll in themselves, the page does not."""
    await prepare(desk.site, people=6)
    async with desk.page("boss", width=420, height=900) as page:
        await page.goto("/plan")
        await expect(page.get_by_test_id("others")).to_contain_text("平日夜間を1回増やす")
        await picture(page, "plan-narrow")
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


async def test_the_page_says_so_when_there_is_nobody_to_plan_for(desk: Desk) -> None:
    """No list, no figures; what is set about the choice can still be set."""
    async with desk.page("boss") as page:
        await desk.site.pool.execute("UPDATE debt_item SET paid_on = due_on")
        await page.goto("/plan")
        await expect(page.get_by_test_id("empty")).to_contain_text("この月にかける対象者がいません")
        await expect(page.get_by_test_id("figures")).to_be_hidden()
        await expect(page.get_by_test_id("choosing")).to_be_visible()
