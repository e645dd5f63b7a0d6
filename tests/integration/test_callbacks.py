"""Calls at an agreed hour: kept first of all, by whom it was agreed, and let go when they are missed."""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg
import pytest

from campaigns.attempts import end, end_call
from campaigns.callbacks import (
    EXPIRES_AFTER,
    GRACE,
    CallbackInvalid,
    NewCallback,
    Swept,
    agree,
    agreed_with,
    sweep_callbacks,
)
from campaigns.campaign import Campaign
from campaigns.claiming import Claim, claim_reserved, reserved_wanted, still_allowed
from campaigns.dispositions import dispose
from campaigns.errors import AlreadyDisposed
from campaigns.listing import list_drift
from campaigns.model import AttemptState, Disposition, Outcome, Window
from campaigns.promises import Settled, settle
from tests.fixtures_people import TUESDAY, Town

AGENT = 7
SOON = TUESDAY + timedelta(hours=1)


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax")
    return town


async def a_talk(town: Town, campaign: Campaign) -> Claim:
    """A person who was called, talked with AGENT and hung up."""
    (one,) = await town.claim(campaign, limit=1)
    await town.talk(one, AGENT)
    await end(
        town.conn, one.attempt_id, frm=AttemptState.TALKING, at=TUESDAY, outcome=Outcome.ANSWERED, hangup_cause=16
    )  # fmt: skip
    await end_call(town.conn, one.attempt_id, at=TUESDAY, ended_by="callee")
    return one


async def call_back(town: Town, call: Claim, callback: NewCallback | None, now: datetime = TUESDAY) -> None:
    await dispose(
        town.conn, call.attempt_id, AGENT, Disposition.CALL_BACK, note=None, promise=None, callback=callback, now=now
    )  # fmt: skip


async def closed_as(town: Town) -> list[str | None]:
    return [r["closed_as"] for r in await town.conn.fetch("SELECT closed_as FROM callback ORDER BY callback_id")]


async def test_who_asked_for_an_hour_is_called_at_that_hour_and_not_before(town: Town) -> None:
    """Though the line was rung just now, and though three calls a day are the cap: the person asked for it."""
    await town.person()
    campaign = await town.campaign()
    await town.conn.execute("UPDATE call_cap SET at_most = 1")
    call = await a_talk(town, campaign)
    await call_back(town, call, NewCallback(SOON))
    assert await list_drift(town.conn) == 0
    assert await town.claim(campaign, SOON - timedelta(seconds=1)) == []
    (again,) = await town.claim(campaign, SOON)
    assert again.wants is None
    assert (await still_allowed(town.conn, again.attempt_id, SOON)).allowed


async def test_an_agreed_hour_comes_before_everybody_else(town: Town) -> None:
    """Whatever the others are worth."""
    first = await town.person()
    campaign = await town.campaign()
    await a_talk(town, campaign)
    for _ in range(5):
        await town.person()
    await town.listed()
    await town.conn.execute("UPDATE list_entry SET weekday_grade = 200 WHERE debtor_id <> $1", first)
    await agree(town.conn, first, SOON, None, None, TUESDAY)
    (one,) = await town.claim(campaign, SOON, limit=1)
    assert one.debtor_id == first


async def test_an_agreed_hour_is_kept_though_that_hour_rang_in_vain_before(town: Town) -> None:
    """The spread over hours and days is for those who named none."""
    debtor_id = await town.person()
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    await town.dial(one, Outcome.NO_ANSWER)
    week_later = TUESDAY + timedelta(days=7)
    assert await town.claim(campaign, week_later) == []
    await agree(town.conn, debtor_id, week_later, None, None, TUESDAY)
    (again,) = await town.claim(campaign, week_later)
    assert (await still_allowed(town.conn, again.attempt_id, week_later)).allowed


async def test_a_callback_with_a_name_is_hers_alone_until_the_grace_is_over(town: Town) -> None:
    """Then anyone calls: for the person the hour matters more than the voice."""
    await town.person()
    campaign = await town.campaign()
    await call_back(town, await a_talk(town, campaign), NewCallback(SOON, named=True))
    assert await town.claim(campaign, SOON) == []
    assert await reserved_wanted(town.conn, campaign.campaign_id, SOON) == {f"agent:{AGENT}"}
    other = await claim_reserved(town.conn, campaign, Window.WEEKDAY, SOON, agent_id=AGENT + 1)
    assert other is None
    (mine,) = await agreed_with(town.conn, AGENT, 5)
    assert mine.due_at == SOON
    assert await sweep_callbacks(town.conn, SOON + GRACE) == Swept()
    late = SOON + GRACE + timedelta(seconds=1)
    assert await settle(town.conn, late) == Settled(freed=1)
    assert await settle(town.conn, late) == Settled(), "a second time changes nothing"
    assert await list_drift(town.conn) == 0
    assert await agreed_with(town.conn, AGENT, 5) == []
    assert len(await town.claim(campaign, late)) == 1


async def test_nobody_takes_the_callback_from_an_agent_who_is_calling(town: Town) -> None:
    """Her call is under way when the grace ends."""
    await town.person()
    campaign = await town.campaign()
    await call_back(town, await a_talk(town, campaign), NewCallback(SOON, named=True))
    assert await claim_reserved(town.conn, campaign, Window.WEEKDAY, SOON, agent_id=AGENT)
    assert await sweep_callbacks(town.conn, SOON + timedelta(hours=1)) == Swept()


async def test_a_newer_agreement_replaces_the_older_one(town: Town) -> None:
    """One hour a person."""
    debtor_id = await town.person()
    campaign = await town.campaign()
    await agree(town.conn, debtor_id, SOON, AGENT, None, TUESDAY)
    later = SOON + timedelta(hours=2)
    await agree(town.conn, debtor_id, later, None, None, TUESDAY)
    assert await closed_as(town) == ["replaced", None]
    assert await town.claim(campaign, SOON) == []
    assert len(await town.claim(campaign, later)) == 1


async def test_a_callback_that_was_tried_is_closed_and_a_busy_line_is_tried_again(town: Town) -> None:
    """Busy: in five minutes, still first. No answer: in turn."""
    await town.person()
    campaign = await town.campaign()
    await call_back(town, await a_talk(town, campaign), NewCallback(SOON))
    (busy,) = await town.claim(campaign, SOON)
    await town.dial(busy, Outcome.BUSY, SOON)
    assert await closed_as(town) == [None]
    again_at = SOON + timedelta(minutes=5)
    (again,) = await town.claim(campaign, again_at)
    await town.dial(again, Outcome.NO_ANSWER, again_at)
    assert await closed_as(town) == ["called"]
    assert await town.conn.fetchval("SELECT urgency FROM debtor_progress") == 0


async def test_a_callback_that_nobody_kept_is_given_up(town: Town) -> None:
    """The person is called in turn again."""
    await town.person()
    campaign = await town.campaign()
    await call_back(town, await a_talk(town, campaign), NewCallback(SOON, named=True))
    assert (await sweep_callbacks(town.conn, SOON + EXPIRES_AFTER)).expired == 0
    gone = SOON + EXPIRES_AFTER + timedelta(seconds=1)
    assert await sweep_callbacks(town.conn, gone) == Swept(expired=1)
    assert await closed_as(town) == ["expired"]
    row = await town.conn.fetchrow("SELECT urgency, wants FROM list_entry")
    assert tuple(row) == (0, None)
    assert await list_drift(town.conn) == 0


async def test_those_who_share_the_line_are_listed_rightly_when_its_rest_is_cut_short(town: Town) -> None:
    """The agreed hour ends the rest of the number and the household for all of them; the lists say so."""
    household_id = await town.household()
    shared = town.number()
    for _ in range(2):
        await town.person(numbers=[shared], household_id=household_id)
    campaign = await town.campaign()
    call = await a_talk(town, campaign)
    assert await town.claim(campaign, SOON) == [], "the line rests after a talk"
    await call_back(town, call, NewCallback(SOON))
    assert await list_drift(town.conn) == 0
    (one,) = await town.claim(campaign, SOON)
    assert one.debtor_id == call.debtor_id


async def test_the_same_result_again_is_no_second_agreement(town: Town) -> None:
    """A page that lost the answer sends it again; another hour is refused."""
    await town.person()
    call = await a_talk(town, await town.campaign())
    for _ in range(2):
        await call_back(town, call, NewCallback(SOON, named=True))
    assert await closed_as(town) == [None]
    with pytest.raises(AlreadyDisposed):
        await call_back(town, call, NewCallback(SOON))


@pytest.mark.parametrize(
    ("disposition", "due_at", "said"),
    [
        (Disposition.CONTACT_PERSON, SOON, "折り返し希望"),
        (Disposition.CALL_BACK, TUESDAY, "過ぎています"),
        (Disposition.CALL_BACK, TUESDAY + timedelta(hours=12), "時間外.*11月25日"),
    ],
    ids=["another result", "past", "at night"],
)
async def test_an_hour_that_can_not_be_agreed_leaves_no_trace(
    town: Town, disposition: Disposition, due_at: datetime, said: str
) -> None:
    """The call has no result afterwards; the agent chooses again."""
    await town.person()
    call = await a_talk(town, await town.campaign())
    before = await town.conn.fetch("SELECT * FROM debtor_progress")
    with pytest.raises(CallbackInvalid, match=said):
        await dispose(
            town.conn, call.attempt_id, AGENT, disposition,
            note=None, promise=None, callback=NewCallback(due_at), now=TUESDAY,
        )  # fmt: skip
    assert await town.conn.fetch("SELECT * FROM debtor_progress") == before
    assert await town.conn.fetchval("SELECT disposition FROM call") is None
    assert await closed_as(town) == []


async def test_call_back_without_an_hour_is_a_day_later(town: Town) -> None:
    """As before."""
    await town.person()
    campaign = await town.campaign()
    await call_back(town, await a_talk(town, campaign), None)
    assert await closed_as(town) == []
    assert await town.conn.fetchval("SELECT urgency FROM debtor_progress") == 0
    row = await town.conn.fetchrow("SELECT callable_from FROM list_entry")
    assert row["callable_from"] == TUESDAY + timedelta(days=1)
