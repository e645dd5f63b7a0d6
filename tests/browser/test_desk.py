"""The agent's page in a real browser, from the log-in to the next call."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from playwright.async_api import Page, expect

from campaigns.calendar import JST, jst_date
from campaigns.callbacks import agree
from dialer.clock import SystemClock
from tests.browser.conftest import Desk
from tests.browser.test_choosing import picture
from tests.deadline import until

pytestmark = pytest.mark.browser


async def work(page: Page) -> None:
    """Take a seat and wait for calls."""
    await page.get_by_test_id("take-seat").click()
    await page.get_by_test_id("ready").click()
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "ready")


async def test_an_answered_call_brings_the_person_on_the_screen_and_ends_with_a_promise(desk: Desk) -> None:
    """The whole way by keyboard: seat, ready, person, result, promise, wrap-up, ready again."""
    site = desk.site
    agent_id = site.users["agent1"]
    async with desk.page("agent1") as page:
        await expect(page.get_by_test_id("take-seat")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("state-label")).to_have_text("離席")
        await page.keyboard.press("Alt+r")
        await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "ready")

        call_id = await site.engine.connect(agent_id, site.debtors[0], site.campaign_id)
        await expect(page.get_by_test_id("person-name")).to_contain_text("仮名川 架空子")
        await expect(page.get_by_test_id("person-kana")).to_have_text("カナカワ カクウコ")
        await expect(page.get_by_test_id("addressee-no")).to_have_text("1000234567")
        await expect(page.get_by_test_id("household")).to_contain_text("仮名川 見本夫")
        await expect(page.get_by_test_id("total")).to_have_text("110,800円")
        await expect(page.get_by_test_id("promises")).to_contain_text("不履行")
        await expect(page.get_by_test_id("history")).to_contain_text("給料日のあと")
        await expect(page.get_by_test_id("script")).to_contain_text("納税課、納付お知らせセンターの試験 花子")
        await expect(page.get_by_test_id("state-label")).to_have_text("通話")
        assert "仮名川" not in await page.title()
        assert page.url.endswith("/desk")

        await expect(page.get_by_test_id("dispose-ready")).to_be_disabled()
        await page.keyboard.press("Alt+h")
        await expect(page.get_by_test_id("state-label")).to_have_text("後処理")
        assert site.engine.hung_up == [agent_id]

        await page.keyboard.press("1")
        due_on = jst_date(SystemClock().now()) + timedelta(days=7)
        await page.get_by_test_id("promise-due").fill(due_on.isoformat())
        await page.get_by_test_id("promise-amount").fill("１２，０００")
        await page.get_by_test_id("note").fill("来週、窓口で納付するとのこと。1")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "ready")
        await expect(page.get_by_test_id("person")).to_have_count(0)
    assert site.engine.disposed == [
        {
            "call_id": str(call_id),
            "agent_id": agent_id,
            "disposition": "promise",
            "next": "ready",
            "note": "来週、窓口で納付するとのこと。1",
            "promise": {"due_on": due_on.isoformat(), "amount_yen": 12000},
        }
    ]


async def test_the_page_says_when_the_shift_ends_today_and_that_it_is_over(desk: Desk) -> None:
    """As soon as the engine knows it; without an end there is nothing to read."""
    engine, agent_id = desk.site.engine, desk.site.users["agent1"]
    async with desk.page("agent1") as page:
        await work(page)
        await expect(page.get_by_test_id("shift-chip")).to_be_hidden()
        ends_at = SystemClock().now().astimezone(JST).replace(hour=23, minute=59, second=0, microsecond=0)
        await engine.shift_ends(agent_id, ends_at)
        await expect(page.get_by_test_id("shift-chip")).to_have_text("本日の終業 23:59")
        await engine.shift_ends(agent_id, ends_at - timedelta(days=1))
        await expect(page.get_by_test_id("state-label")).to_have_text("離席")
        await expect(page.get_by_test_id("state")).to_contain_text("終業")
        await engine.shift_ends(agent_id, None)
        await expect(page.get_by_test_id("shift-chip")).to_be_hidden()


async def test_a_caller_whom_nobody_knows_is_said_to_be_one(desk: Desk) -> None:
    """着信 in the band, no person on the screen, and the call can be ended with a result."""
    site = desk.site
    agent_id = site.users["agent1"]
    async with desk.page("agent1") as page:
        await work(page)
        call_id = await site.engine.call_in(site.campaign_id)
        await site.engine.take(call_id, agent_id)
        await expect(page.get_by_test_id("person")).to_contain_text("登録のない発信者")
        await expect(page.get_by_test_id("strip-note")).to_have_text("着信です。電話番号の持ち主が特定できません。")
        await site.engine.end(call_id)
        await expect(page.get_by_test_id("state-label")).to_have_text("後処理")
        await page.get_by_test_id("disposition-contact_third_party").click()
        await page.get_by_test_id("dispose-ready").click()
        await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "ready")


async def test_a_page_that_is_loaded_again_in_a_call_finds_the_call(desk: Desk) -> None:
    """State is the engine's: a reload shows the same seat, the same person, the same state."""
    site = desk.site
    async with desk.page("agent1") as page:
        await work(page)
        call_id = await site.engine.connect(site.users["agent1"], site.debtors[0], site.campaign_id)
        await expect(page.get_by_test_id("person-name")).to_contain_text("仮名川 架空子")
        page.on("dialog", lambda dialog: dialog.accept())
        await page.reload()
        await expect(page.get_by_test_id("state-label")).to_have_text("通話")
        await expect(page.get_by_test_id("person-name")).to_contain_text("仮名川 架空子")
        await expect(page.get_by_test_id("phone-chip")).to_contain_text("内線 1001")
        await site.engine.end(call_id)
        await page.keyboard.press("8")
        await page.get_by_test_id("leave-reason").select_option("break")
        await page.get_by_test_id("dispose-leave").click()
        await expect(page.get_by_test_id("state")).to_contain_text("休憩")


async def test_a_restarted_engine_and_redis_are_found_again(desk: Desk) -> None:
    """While a part is away the page says so; afterwards it shows what is true then, without a reload."""
    site = desk.site
    async with desk.page("agent1") as page:
        await work(page)
        await site.engine.stop()
        await expect(page.get_by_test_id("notice-link")).to_contain_text("エンジンが応答していません")
        site.engine.seq = 0  # a new engine counts anew
        await site.engine.start()
        await expect(page.get_by_test_id("notice-link")).to_have_count(0)

        await site.redis.stop()
        await expect(page.get_by_test_id("notice-link")).to_contain_text("ライブ更新が止まっています")
        await site.redis.start()
        await expect(page.get_by_test_id("notice-link")).to_have_count(0)
        await site.engine.connect(site.users["agent1"], site.debtors[2], site.campaign_id)
        await expect(page.get_by_test_id("person-name")).to_contain_text("例示山 試")


async def test_in_preview_the_person_is_shown_before_anything_is_dialled(desk: Desk) -> None:
    """A preview campaign: look first, then dial or skip."""
    site = desk.site
    await site.pool.execute("UPDATE campaign SET dial_mode = 'preview'")
    agent_id = site.users["agent1"]
    async with desk.page("agent1") as page:
        await work(page)
        await site.engine.offer_preview(agent_id, site.debtors[0], site.campaign_id)
        await expect(page.get_by_test_id("person-name")).to_contain_text("仮名川 架空子")
        await expect(page.get_by_test_id("state-label")).to_have_text("プレビュー")
        await page.keyboard.press("Alt+d")
        await expect(page.get_by_test_id("state-label")).to_have_text("発信中")
        await expect(page.get_by_test_id("preview")).to_be_hidden()
    assert site.engine.previews == [(agent_id, "dial")]


async def test_digits_in_the_note_choose_no_result(desk: Desk) -> None:
    """Shortcuts are for the page, not for fields: a phone number in a note is a phone number."""
    site = desk.site
    async with desk.page("agent1") as page:
        await work(page)
        await site.engine.connect(site.users["agent1"], site.debtors[0], site.campaign_id)
        await page.get_by_test_id("note").click()
        await page.keyboard.type("1234567890tr")
        assert await page.get_by_test_id("note").input_value() == "1234567890tr"
        await expect(page.locator('[role="radio"][aria-checked="true"]')).to_have_count(0)


async def test_a_number_told_on_the_call_is_shown_at_once(desk: Desk) -> None:
    """What is no number is said beside the field; what was typed and not saved holds the result back."""
    site = desk.site
    async with desk.page("agent1") as page:
        await work(page)
        call_id = await site.engine.connect(site.users["agent1"], site.debtors[0], site.campaign_id)
        field, said = page.get_by_test_id("told-number"), page.get_by_test_id("told-said")
        await field.fill("123-4567")
        await page.keyboard.press("Enter")
        await expect(said).to_have_text("市外局番から入力してください。")
        await expect(field).to_be_focused()
        await field.fill("０７０ー００００ー９９９９")
        await picture(page, "desk-number")
        await site.engine.end(call_id)
        await expect(page.get_by_test_id("state-label")).to_have_text("後処理")
        await page.keyboard.press("Control+Enter")
        await expect(said).to_contain_text("まだ登録されていません")
        assert site.engine.disposed == []
        await page.keyboard.press("Enter")
        await expect(said).to_contain_text("登録しました")
        first = page.get_by_test_id("phone-list").get_by_role("listitem").first
        await expect(first).to_contain_text("070-0000-9999 携帯 通話で判明")
        await picture(page, "desk-number-saved")
        await page.get_by_test_id("disposition-contact_person").click()
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "ready")
    assert await site.pool.fetchval("SELECT count(*) FROM debtor_phone WHERE call_id = $1", call_id) == 1


async def test_a_second_tab_does_not_take_the_telephone(desk: Desk) -> None:
    """Two tabs of one agent would unregister each other for ever."""
    async with desk.page("agent1") as page:
        await work(page)
        second = await page.context.new_page()
        await second.goto("/desk")
        await expect(second.get_by_test_id("second-tab")).to_be_visible()
        await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "ready")


async def test_not_ready_with_a_reason_by_keyboard(desk: Desk) -> None:
    """Alt+B opens the reasons, arrows choose, Enter takes."""
    site = desk.site
    async with desk.page("agent1") as page:
        await work(page)
        await page.keyboard.press("Alt+b")
        await expect(page.get_by_test_id("reason-break")).to_be_focused()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("state")).to_contain_text("研修")
        await until(lambda: site.engine.agents[site.users["agent1"]].reason == "training")


async def test_a_wrong_password_is_said_beside_the_form(desk: Desk) -> None:
    """One sentence, no hint whether the login exists, and the focus where it is needed."""
    async with desk.page() as page:
        await page.goto("/login")
        await page.get_by_test_id("login-id").fill("agent1")
        await page.get_by_test_id("login-password").fill("not this one")
        await page.get_by_test_id("login-submit").click()
        await expect(page.get_by_test_id("login-problem")).to_have_text("ログインIDまたはパスワードが違います。")
        await expect(page.get_by_test_id("login-password")).to_be_focused()


@pytest.mark.parametrize("width", [1366, 1440])
async def test_long_names_of_debt_types_push_no_amount_out_of_sight(desk: Desk, width: int) -> None:
    """後期高齢者医療保険料 wraps in its column; the totals stay inside the card without scrolling sideways."""
    site = desk.site
    await site.pool.execute("UPDATE debt_type SET name = '後期高齢者医療保険料'")
    async with desk.page("agent1", width=width) as page:
        await work(page)
        await site.engine.connect(site.users["agent1"], site.debtors[0], site.campaign_id)
        total = page.get_by_test_id("total")
        await expect(total).to_be_visible()
        cell, card = await total.bounding_box(), await page.get_by_test_id("debts").bounding_box()
        assert cell is not None
        assert card is not None
        assert cell["x"] + cell["width"] <= card["x"] + card["width"]


async def test_an_agreed_hour_is_entered_by_keyboard_and_stands_on_her_page(desk: Desk) -> None:
    """Call back: the date and time as typed, Japanese time, for herself; half an hour is refused at once."""
    site = desk.site
    agent_id = site.users["agent1"]
    day = jst_date(SystemClock().now()) + timedelta(days=1)
    async with desk.page("agent1") as page:
        await work(page)
        await expect(page.get_by_test_id("callbacks")).to_contain_text("予定はありません")
        call_id = await site.engine.connect(agent_id, site.debtors[0], site.campaign_id)
        await expect(page.get_by_test_id("person-name")).to_contain_text("仮名川 架空子")
        await site.engine.end(call_id)
        await expect(page.get_by_test_id("state-label")).to_have_text("後処理")
        await expect(page.get_by_test_id("callback")).to_be_hidden()
        await page.keyboard.press("5")
        await expect(page.get_by_test_id("callback-day")).to_be_focused()
        await page.get_by_test_id("callback-day").fill(day.isoformat())
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_test_id("notice-passing")).to_contain_text("日付と時刻を両方")
        await expect(page.get_by_test_id("callback-time")).to_be_focused()
        await page.get_by_test_id("callback-time").fill("18:30")
        await page.get_by_test_id("callback-named").focus()
        await page.keyboard.press("Space")
        due_at = datetime(day.year, day.month, day.day, 18, 30, tzinfo=JST)
        async with site.pool.acquire() as conn:  # as the engine writes it
            await agree(conn, site.debtors[0], due_at, agent_id, call_id, SystemClock().now())
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "ready")
        await expect(page.get_by_test_id("callbacks")).to_contain_text("18:30")
        await expect(page.get_by_test_id("callbacks")).to_contain_text("仮名川 架空子")
    (sent,) = site.engine.disposed
    assert sent["disposition"] == "call_back"
    assert sent["callback"] == {"due_at": due_at.isoformat(), "named": True}


async def test_call_back_without_an_hour_is_sent_as_before(desk: Desk) -> None:
    """Empty fields mean: in turn, from tomorrow on."""
    site = desk.site
    async with desk.page("agent1") as page:
        await work(page)
        call_id = await site.engine.connect(site.users["agent1"], site.debtors[0], site.campaign_id)
        await expect(page.get_by_test_id("person-name")).to_contain_text("仮名川 架空子")
        await site.engine.end(call_id)
        await expect(page.get_by_test_id("dispose-ready")).to_be_enabled()
        await page.keyboard.press("5")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "ready")
    (sent,) = site.engine.disposed
    assert "callback" not in sent


async def test_a_person_for_whom_she_is_held_is_shown_while_it_rings(desk: Desk) -> None:
    """Dialed at once, without a click: who it is and in which language stands there before the answer."""
    site = desk.site
    await site.pool.execute("UPDATE debtor SET language = 'ne' WHERE debtor_id = $1", site.debtors[0])
    async with desk.page("agent1") as page:
        await work(page)
        await site.engine.offer_preview(
            site.users["agent1"], site.debtors[0], site.campaign_id
        )  # not a preview campaign
        await expect(page.get_by_test_id("person-name")).to_contain_text("仮名川 架空子")
        await expect(page.get_by_test_id("state-label")).to_have_text("発信中")
        await expect(page.get_by_test_id("state")).to_contain_text("あなたを指定した発信です")
        await expect(page.get_by_test_id("preview")).to_be_hidden()
        await expect(page.get_by_test_id("language")).to_have_text("ネパール語")
