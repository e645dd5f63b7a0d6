"""The hour of a callback on its way from the page to the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from tests.fixtures_web import WebSite, running_site


@pytest.fixture
async def site(dsn: str) -> AsyncIterator[WebSite]:
    async with running_site(dsn) as running:
        yield running


async def in_wrap_up(site: WebSite, agent: aiohttp.ClientSession) -> UUID:
    """The agent's call is over and waits for its result."""
    await agent.post("/api/seat", json={"kind": "sip"})
    call_id = await site.engine.connect(site.users["agent1"], site.debtors[0], site.campaign_id)
    await site.engine.end(call_id)
    return call_id


async def test_the_agreed_hour_reaches_the_engine_as_it_was_typed(site: WebSite) -> None:
    """With its offset from UTC; nobody has to guess the clock that was meant."""
    async with site.client("agent1") as agent:
        call_id = await in_wrap_up(site, agent)
        callback = {"due_at": "2099-01-30T18:30:00+09:00", "named": True}
        body = {"disposition": "call_back", "next": "ready", "callback": callback}
        async with agent.post(f"/api/calls/{call_id}/disposition", json=body) as response:
            assert response.status == 200, await response.text()
    assert [sent["callback"] for sent in site.engine.disposed] == [callback]


@pytest.mark.parametrize(
    ("disposition", "callback", "code"),
    [
        ("contact_person", {"due_at": "2099-01-30T18:30:00+09:00"}, "callback_unexpected"),
        ("call_back", {"due_at": "2099-01-30T18:30:00"}, "malformed"),
        ("call_back", {"due_at": "tomorrow"}, "malformed"),
        ("call_back", {"named": True}, "malformed"),
        ("call_back", {"due_at": "2099-01-30T18:30:00+09:00", "agent_id": 7}, "malformed"),
    ],
    ids=["another result", "no offset", "no moment", "no hour", "for somebody else"],
)
async def test_an_hour_that_makes_no_sense_is_refused_before_the_engine(
    site: WebSite, disposition: str, callback: dict[str, Any], code: str
) -> None:
    """In Japanese; the call keeps waiting for its result."""
    async with site.client("agent1") as agent:
        call_id = await in_wrap_up(site, agent)
        body = {"disposition": disposition, "next": "ready", "callback": callback}
        async with agent.post(f"/api/calls/{call_id}/disposition", json=body) as response:
            answer = await response.json()
            assert (response.status, answer["error"]["code"]) == (400, code)
            assert not answer["error"]["message"].isascii()
    assert site.engine.disposed == []
