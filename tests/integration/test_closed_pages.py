"""Marking candidates as served through the pages' interface, over a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from campaigns.listing import refresh_progress
from tests.fixtures_web import PEOPLE, WebSite, running_site


@pytest.fixture
async def site(dsn: str) -> AsyncIterator[WebSite]:
    """Two candidates for all ways, on the list of one campaign."""
    async with running_site(dsn) as running:
        async with running.pool.acquire() as conn:
            await refresh_progress(conn, None)
            await conn.execute(
                "UPDATE debtor_progress SET weekday_attempts = 9 WHERE debtor_id = ANY ($1)", running.debtors[:2]
            )
        yield running


def body(site: WebSite, *people: int, **changed: Any) -> dict[str, Any]:
    places = [{"campaign_id": site.campaign_id, "debtor_id": one} for one in people]
    return {"channel": "letter", "closed_as": "done", "people": places, **changed}


async def operations(site: WebSite) -> list[tuple[str, str, int]]:
    rows = await site.pool.fetch("SELECT act, subject, rows FROM operation_log ORDER BY operation_log_id")
    return [(row["act"], row["subject"], row["rows"]) for row in rows]


async def test_who_was_sent_a_letter_moves_to_the_closed_list_and_back(site: WebSite) -> None:
    """With the name of who did it, the note, and a line in the operation log for each step."""
    async with site.client("boss") as boss:
        answer = await boss.post("/api/candidates/closed", json=body(site, *site.debtors[:2], note="11月便"))
        assert (answer.status, await answer.json()) == (200, {"closed_n": 2})
        left = await (await boss.get("/api/candidates")).json()
        assert left["totals"] == {"sms": 2, "letter": 0, "visit": 2, "research": 0}
        found = await (await boss.get("/api/candidates/closed", params={"channel": "letter"})).json()
        assert (found["total_n"], found["totals"]["letter"], found["page"]) == (2, 2, 1)
        one = found["closed"][0]
        assert (one["name"], one["closed_by"], one["label"], one["note"]) == (
            PEOPLE[1][1], "管理 一郎", "送付済み", "11月便",
        )  # fmt: skip
        path = f"/api/candidates/closed/{one['closing_id']}/reopen"
        assert (await boss.post(path, json={})).status == 200
        again = await boss.post(path, json={})
        assert (again.status, (await again.json())["error"]["code"]) == (409, "closing_unknown")
        back = await (await boss.get("/api/candidates", params={"channel": "letter"})).json()
        assert [row["debtor_id"] for row in back["candidates"]] == [site.debtors[1]]
    assert await operations(site) == [
        ("candidates_closed", f"letter done campaigns {site.campaign_id}", 2),
        ("person_viewed", "candidates any all campaigns", 2),
        ("person_viewed", "candidates closed letter all campaigns", 2),
        ("candidate_reopened", f"closing {one['closing_id']}", 1),
        ("person_viewed", "candidates letter all campaigns", 1),
    ]


async def test_who_is_a_candidate_again_is_shown_with_the_last_time(site: WebSite) -> None:
    """The sentence tells since when the tries are counted."""
    async with site.client("boss") as boss:
        await boss.post("/api/candidates/closed", json=body(site, site.debtors[0], channel="sms"))
        await site.pool.execute("UPDATE candidate_closed SET closed_at = '2026-01-05 01:00Z'")
        await site.pool.execute("UPDATE attempt SET claimed_at = now(), outcome = 'no_answer'")
        found = await (await boss.get("/api/candidates", params={"channel": "sms"})).json()
    assert "SMSは3回から（前回は2026年1月5日(月)10:00、その後3回）" in found["candidates"][0]["reason"]


async def test_the_closed_list_comes_as_a_file(site: WebSite) -> None:
    """For a spreadsheet: a byte order mark, no formula."""
    async with site.client("boss") as boss:
        await boss.post("/api/candidates/closed", json=body(site, site.debtors[0], note="=1+1"))
        answer = await boss.get("/api/candidates/closed.csv")
        assert answer.headers["Content-Disposition"].startswith('attachment; filename="closed-all-')
        raw = await answer.read()
    assert raw.startswith(b"\xef\xbb\xbf")
    head, row = raw.decode("utf-8-sig").splitlines()
    assert head == "キャンペーン,宛名番号,氏名,区分,処理,処理日時,処理者,メモ"
    assert row.startswith(f"市税 11月,{PEOPLE[0][0]},{PEOPLE[0][1]},催告書,送付済み,")
    assert row.endswith(",管理 一郎,'=1+1")


async def test_what_makes_no_sense_closes_nobody(site: WebSite) -> None:
    """All of them or none, and one clear sentence."""
    unknown = {"people": [{"campaign_id": site.campaign_id, "debtor_id": one} for one in (site.debtors[0], 999)]}
    refused: list[tuple[dict[str, Any], int, str]] = [
        ({"channel": "fax"}, 400, "malformed"),
        ({"closed_as": "lost"}, 400, "malformed"),
        ({"people": []}, 400, "malformed"),
        ({"note": "あ" * 201}, 400, "malformed"),
        ({"note": "一\n二"}, 400, "note_invalid"),
        ({"people": [{"campaign_id": 99, "debtor_id": site.debtors[0]}]}, 404, "candidate_unknown"),
        (unknown, 404, "candidate_unknown"),
    ]
    async with site.client("boss") as boss:
        for changed, status, code in refused:
            answer = await boss.post("/api/candidates/closed", json=body(site, site.debtors[0]) | changed)
            assert (answer.status, (await answer.json())["error"]["code"]) == (status, code), changed
    assert await site.pool.fetchval("SELECT count(*) FROM candidate_closed") == 0
    assert await operations(site) == []


async def test_agents_close_nobody(site: WebSite) -> None:
    """These lists are the supervisors'."""
    async with site.client("agent1") as agent:
        for path in ("/api/candidates/closed", "/api/candidates/closed.csv"):
            assert (await agent.get(path)).status == 403, path
        for path in ("/api/candidates/closed", "/api/candidates/closed/1/reopen"):
            assert (await agent.post(path, json=body(site, site.debtors[0]))).status == 403, path
