"""The interface behind the pages 架電の理由 and 候補者, over a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from campaigns.listing import refresh_progress
from campaigns.rules import Reason
from tests.fixtures_web import PEOPLE, WebSite, running_site


@pytest.fixture
async def site(dsn: str) -> AsyncIterator[WebSite]:
    """Three people on the list; the first was tried nine times."""
    async with running_site(dsn) as running:
        async with running.pool.acquire() as conn:
            await refresh_progress(conn, None)
            await conn.execute(
                "UPDATE debtor_progress SET weekday_attempts = 9 WHERE debtor_id = $1", running.debtors[0]
            )
        yield running


async def operations(site: WebSite) -> list[tuple[str, str, int]]:
    rows = await site.pool.fetch("SELECT act, subject, rows FROM operation_log ORDER BY operation_log_id")
    return [(row["act"], row["subject"], row["rows"]) for row in rows]


async def test_a_look_at_a_person_is_answered_and_logged(site: WebSite) -> None:
    """By addressee number or by id; every rule has its answer; the log names the id, never the person."""
    async with site.client("boss") as boss:
        why = await (await boss.post("/api/why", json={"addressee_no": PEOPLE[0][0]})).json()
        assert (why["name"], why["debtor_id"]) == (PEOPLE[0][1], site.debtors[0])
        (campaign,) = why["campaigns"]
        assert [rule["reason"] for rule in campaign["rules"]] == list(Reason)
        assert "架電が停止中です" in [rule["label"] for rule in campaign["rules"] if rule["stands"]]
        assert [row["window"] for row in why["lines"][0]["table"]] == ["weekday", "evening", "weekend"]
        assert len(why["tried"]) == 4
        assert (await boss.post("/api/why", json={"debtor_id": site.debtors[1]})).status == 200
    assert await operations(site) == [("person_viewed", f"debtor {n}", 1) for n in site.debtors[:2]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"addressee_no": "nobody"}, 404),
        ({"debtor_id": 999}, 404),
        ({}, 400),
        ({"addressee_no": "1", "debtor_id": 1}, 400),
        ({"debtor_id": "x"}, 400),
    ],
)
async def test_whom_nobody_knows_is_refused_and_not_logged(site: WebSite, body: dict[str, object], status: int) -> None:
    """One shape of error for all of them."""
    async with site.client("boss") as boss:
        answer = await boss.post("/api/why", json=body)
        assert (answer.status, set(await answer.json())) == (status, {"error"})
    assert await operations(site) == []


async def test_a_campaigns_counts_hold_no_person(site: WebSite) -> None:
    """Totals per reason, in Japanese; unknown campaigns are 404."""
    async with site.client("boss") as boss:
        answer = await boss.get(f"/api/why/campaigns/{site.campaign_id}")
        text = await answer.text()
        told = await answer.json()
        assert (told["people_n"], told["listed_n"], told["campaign"]["name"]) == (3, 3, "市税 11月")
        assert "仮名川" not in text
        for wrong in ("999", "x", "9" * 30):
            assert (await boss.get(f"/api/why/campaigns/{wrong}")).status == 404


async def test_candidates_are_filtered_counted_and_logged(site: WebSite) -> None:
    """With the reason in a sentence; the log says how many people were shown."""
    async with site.client("boss") as boss:
        found = await (await boss.get("/api/candidates", params={"channel": "visit", "page": "1"})).json()
        (one,) = found["candidates"]
        assert (one["name"], one["mobile"], found["total_n"]) == (PEOPLE[0][1], "090-0000-1234", 1)
        assert one["reason"] == "接触のないまま9回架電（平日9）。SMSは3回から。催告書は5回から。訪問は8回から"
        assert found["totals"] == {"sms": 1, "letter": 1, "visit": 1, "research": 0}
        for wrong in ("channel=fax", "campaign_id=x", "page=0", "page=x"):
            assert (await boss.get(f"/api/candidates?{wrong}")).status in (400, 404), wrong
    assert await operations(site) == [("person_viewed", "candidates visit all campaigns", 1)]


async def test_the_whole_list_comes_as_a_file_for_a_spreadsheet(site: WebSite) -> None:
    """UTF-8 with a byte order mark, Japanese head, dated name."""
    async with site.client("boss") as boss:
        answer = await boss.get("/api/candidates.csv", params={"campaign_id": str(site.campaign_id)})
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="candidates-all-')
        raw = await answer.read()
    assert raw.startswith(b"\xef\xbb\xbf")
    head, row = raw.decode("utf-8-sig").splitlines()
    assert head.startswith("キャンペーン,宛名番号,氏名")
    assert f"{PEOPLE[0][0]},{PEOPLE[0][1]}" in row
    assert await operations(site) == [("person_viewed", f"candidates.csv any campaign {site.campaign_id}", 1)]


async def test_agents_see_none_of_it(site: WebSite) -> None:
    """Pages and interface are for supervisors."""
    async with site.client("agent1") as agent:
        for path in ("/why", "/candidates", "/api/candidates", "/api/candidates.csv", "/api/why/campaigns/1"):
            assert (await agent.get(path)).status == 403, path
        assert (await agent.post("/api/why", json={"debtor_id": 1})).status == 403


async def test_the_pages_themselves_hold_no_personal_data(site: WebSite) -> None:
    """Frames only: everything comes over the interface."""
    async with site.client("boss") as boss:
        for path in ("/why", f"/why?debtor_id={site.debtors[0]}", "/candidates"):
            text = await (await boss.get(path)).text()
            assert "仮名川" not in text
            assert PEOPLE[0][0] not in text
