"""A number told on a call, on its way from the desk to the database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import aiohttp
import pytest

from tests.fixtures_web import PEOPLE, WebSite, running_site


@pytest.fixture
async def site(dsn: str) -> AsyncIterator[WebSite]:
    async with running_site(dsn) as running:
        yield running


async def in_call(site: WebSite, agent: aiohttp.ClientSession) -> UUID:
    await agent.post("/api/seat", json={"kind": "sip"})
    return await site.engine.connect(site.users["agent1"], site.debtors[0], site.campaign_id)


async def test_a_told_number_is_the_first_one_from_then_on(site: WebSite) -> None:
    """The answer has all numbers as the screen shows them; the log has the person's id, not the number."""
    async with site.client("agent1") as agent:
        call_id = await in_call(site, agent)
        answer = await agent.post(f"/api/calls/{call_id}/numbers", json={"number": "０７０－００００－９９９９"})
        assert answer.status == 200, await answer.text()
        assert [(p["number"], p["source"]) for p in (await answer.json())["phones"]] == [
            ("070-0000-9999", "call"), ("090-0000-1234", "import"),
        ]  # fmt: skip
        shown = await (await agent.get(f"/api/calls/{call_id}")).json()
        assert shown["phones"][0]["number"] == "070-0000-9999"
    logged = await site.pool.fetchval("SELECT subject FROM operation_log WHERE act = 'number_learnt'")
    assert logged == f"debtor {site.debtors[0]}"


async def test_what_is_no_number_is_refused_in_japanese(site: WebSite) -> None:
    """One sentence that doesn't repeat what was typed; nothing is written."""
    refused = [("110", "number_refused"), ("123-4567", "number_refused"), ("", "malformed"), ("0" * 41, "malformed")]
    async with site.client("agent1") as agent:
        call_id = await in_call(site, agent)
        for number, code in refused:
            answer = await agent.post(f"/api/calls/{call_id}/numbers", json={"number": number})
            error = (await answer.json())["error"]
            assert (answer.status, error["code"]) == (400, code), number
            assert not error["message"].isascii()
    assert await site.pool.fetchval("SELECT count(*) FROM debtor_phone") == len(PEOPLE)


async def test_nobody_writes_on_the_call_of_another(site: WebSite) -> None:
    """Neither another agent, nor a supervisor, nor on a call that was never made."""
    async with site.client("agent1") as agent, site.client("agent2") as other, site.client("boss") as boss:
        call_id = await in_call(site, agent)
        body = {"number": "070-0000-9999"}
        answer = await other.post(f"/api/calls/{call_id}/numbers", json=body)
        assert (answer.status, (await answer.json())["error"]["code"]) == (409, "not_your_call")
        assert (await boss.post(f"/api/calls/{call_id}/numbers", json=body)).status == 403
        unknown = await agent.post(f"/api/calls/{UUID(int=7)}/numbers", json=body)
        assert (unknown.status, (await unknown.json())["error"]["code"]) == (409, "call_unknown")
        assert (await agent.post("/api/calls/7/numbers", json=body)).status == 404
    assert await site.pool.fetchval("SELECT count(*) FROM debtor_phone") == len(PEOPLE)
