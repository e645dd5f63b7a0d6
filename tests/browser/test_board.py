"""The supervisor's page in a real browser."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Desk

pytestmark = pytest.mark.browser


async def test_the_board_follows_agents_calls_and_counts_without_a_reload(desk: Desk) -> None:
    """What the engine says is on the board at once."""
    site = desk.site
    agent_id = site.users["agent1"]
    async with desk.page("boss") as page, site.client("agent1") as agent:
        await expect(page.get_by_test_id("no-agents")).to_be_visible()
        await expect(page.get_by_test_id("no-calls")).to_be_visible()
        await agent.post("/api/seat", json={"kind": "sip"})
        tile = page.get_by_test_id(f"agent-{agent_id}")
        await expect(tile).to_contain_text("試験 花子")
        await expect(tile).to_have_attribute("data-state", "not_ready")
        await agent.post("/api/ready", json={})
        await expect(tile).to_have_attribute("data-state", "ready")
        call_id = await site.engine.connect(agent_id, site.debtors[0], site.campaign_id)
        await expect(tile).to_have_attribute("data-state", "talking")
        await expect(page.get_by_test_id("call-row")).to_contain_text("試験 花子")
        await site.engine.count(dialed=50, answered=21, connected=19, abandoned=1, contacts=12)
        await expect(page.get_by_test_id("figure-放棄率")).to_contain_text("5.0%")
        await expect(page.get_by_test_id("figure-接触率")).to_contain_text("24.0%")
        await site.engine.end(call_id)
        await expect(page.get_by_test_id("no-calls")).to_be_visible()
        assert "仮名川" not in await page.content()


async def test_the_board_says_how_many_callers_wait_and_how_long(desk: Desk) -> None:
    """Pushed: it appears with the first of them, and is gone when an agent has taken the last."""
    site = desk.site
    agent_id = site.users["agent1"]
    async with desk.page("boss") as page, site.client("agent1") as agent:
        await expect(page.get_by_test_id("waiting")).to_be_hidden()
        await agent.post("/api/seat", json={"kind": "sip"})
        await agent.post("/api/ready", json={})
        first = await site.engine.call_in(site.campaign_id, waited_s=75)
        await site.engine.call_in(site.campaign_id)
        await expect(page.get_by_test_id("waiting")).to_contain_text("待ち呼 2人、最長 1:1")
        await site.engine.take(first, agent_id)
        await expect(page.get_by_test_id("waiting")).to_contain_text("待ち呼 1人")
        await expect(page.get_by_test_id(f"agent-{agent_id}")).to_have_attribute("data-state", "talking")
        await expect(page.get_by_test_id("call-row").first).to_contain_text("受電")


async def test_a_supervisor_frees_a_seat_that_was_left_in_wrap_up(desk: Desk) -> None:
    """Her languages stand on her tile; the seat is freed after a question, and never out of a talk."""
    site = desk.site
    agent_id = site.users["agent1"]
    async with desk.page("boss") as page, site.client("agent1") as agent:
        await agent.post("/api/seat", json={"kind": "sip"})
        site.engine.agents[agent_id].languages = ["ja", "ne"]
        await agent.post("/api/ready", json={})
        tile, free = page.get_by_test_id(f"agent-{agent_id}"), page.get_by_test_id(f"free-seat-{agent_id}")
        await expect(tile).to_contain_text("ネパール語")
        call_id = await site.engine.connect(agent_id, site.debtors[0], site.campaign_id)
        await expect(tile).to_have_attribute("data-state", "talking")
        await expect(free).to_be_hidden()
        await site.engine.end(call_id)
        await free.click()
        await page.get_by_test_id("confirm-free").click()
        await expect(page.get_by_test_id("no-agents")).to_be_visible()
    assert await site.pool.fetchval("SELECT subject FROM operation_log WHERE act = 'seat_freed'") == f"agent {agent_id}"


async def test_a_campaign_is_started_paused_and_stopped_from_the_board(desk: Desk) -> None:
    """Stopping asks first; each change comes back from the engine."""
    site = desk.site
    key = f"campaign-{site.campaign_id}"
    async with desk.page("boss") as page:
        state = page.get_by_test_id(f"{key}-state")
        await expect(state).to_have_text("一時停止")
        await page.get_by_test_id(f"{key}-running").click()
        await expect(state).to_have_text("稼働中")
        await page.get_by_test_id(f"{key}-stopped").click()
        await page.get_by_test_id("confirm-stop").click()
        await expect(state).to_have_text("停止")
        why = page.get_by_test_id(f"{key}-why")
        await expect(why).to_have_attribute("href", f"/why?campaign_id={site.campaign_id}")


async def test_the_tooltip_of_the_abandoned_ratio_names_its_parts(desk: Desk) -> None:
    """A ratio without its definition is a rumour; by keyboard too."""
    async with desk.page("boss") as page:
        figure = page.get_by_test_id("figure-放棄率")
        await figure.focus()
        await expect(figure.get_by_role("tooltip")).to_be_visible()
        await expect(figure.get_by_role("tooltip")).to_contain_text("放棄 ÷（放棄＋接続）")
