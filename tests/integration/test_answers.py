"""Live answers and recent attempts as the database tells them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import asyncpg

from campaigns.answers import AnswersOfHour, live_answers_by_hour, recent_attempts
from campaigns.model import AttemptState
from campaigns.queries import queries
from tests.fixtures_pacing import past_attempt
from tests.fixtures_people import TUESDAY, Town

HOUR = TUESDAY.replace(minute=0)
DAY = timedelta(days=1)


async def prepared(db: asyncpg.Connection) -> tuple[Town, int, int]:
    """A town, a campaign, and a person of it."""
    town = Town(db)
    await town.debt_types("city_tax")
    debtor_id = await town.person()
    return town, (await town.campaign()).campaign_id, debtor_id


CASES: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "joined in time": ({"outcome": "answered", "joined_after_s": 1.9}, (1, 0)),
    "joined too late": ({"outcome": "answered", "joined_after_s": 2.1}, (1, 1)),
    "abandoned": ({"outcome": "abandoned"}, (1, 1)),
    "abandoned just now": ({"outcome": None, "state": AttemptState.ABANDONING}, (1, 1)),
    "hung up within the threshold": ({"outcome": "hung_up_early", "lasted_s": 1.0}, (0, 0)),
    "hung up after it, no agent": ({"outcome": "hung_up_early", "lasted_s": 2.5}, (1, 1)),
    "machine before the join": ({"outcome": "machine"}, (0, 0)),
    "machine by the agent": ({"outcome": "answered", "joined_after_s": 1.0, "disposition": "voicemail"}, (0, 0)),
    "talk": ({"outcome": "answered", "joined_after_s": 1.0, "disposition": "promise"}, (1, 0)),
    "waits for an agent": ({"outcome": None, "state": AttemptState.ANSWERED}, (0, 0)),
}


async def test_what_a_live_answer_is_and_when_it_is_abandoned(db: asyncpg.Connection) -> None:
    """The definition, case by case, each in an hour of its own; the threshold is the campaign's."""
    town, campaign_id, _ = await prepared(db)
    at = {case: TUESDAY - timedelta(hours=n) for n, case in enumerate(CASES)}
    for case, (columns, _) in CASES.items():
        await past_attempt(db, campaign_id, await town.person(), at[case], answered_after_s=9.0, **columns)
    told = {one.starts_at: (one.answers, one.abandoned) for one in await live_answers_by_hour(db, HOUR - DAY)}
    found = {case: told.get(when.replace(minute=0), (0, 0)) for case, when in at.items()}
    assert found == {case: expected for case, (_, expected) in CASES.items()}
    await db.execute("UPDATE campaign SET abandon_threshold_s = 2.2")
    when = at["joined too late"].replace(minute=0)
    assert AnswersOfHour(campaign_id, when, 1, 0) in await live_answers_by_hour(db, HOUR - DAY)


async def test_answers_are_told_by_campaign_and_hour_from_a_moment_on(db: asyncpg.Connection) -> None:
    """Older ones, unanswered ones and inbound calls are left out."""
    town, campaign_id, debtor_id = await prepared(db)
    other = (await town.campaign(name="別")).campaign_id
    for one, hours in [(campaign_id, 0), (campaign_id, 0), (campaign_id, 1), (other, 1), (other, 30)]:
        at = TUESDAY - timedelta(hours=hours)
        await past_attempt(db, one, debtor_id, at, answered_after_s=9.0, outcome="answered", joined_after_s=0.1)
    await past_attempt(db, campaign_id, debtor_id, TUESDAY, outcome="no_answer")
    await db.execute(
        "INSERT INTO call (call_id, direction, campaign_id, answered_at) VALUES (gen_random_uuid(), 'inbound', $1, $2)",
        campaign_id, TUESDAY,
    )  # fmt: skip
    found = await live_answers_by_hour(db, HOUR - timedelta(hours=2))
    assert sorted(found, key=lambda one: (one.campaign_id, one.starts_at)) == [
        AnswersOfHour(campaign_id, HOUR - timedelta(hours=1), 1, 0),
        AnswersOfHour(campaign_id, HOUR, 2, 0),
        AnswersOfHour(other, HOUR - timedelta(hours=1), 1, 0),
    ]


async def test_recent_attempts_are_the_newest_that_are_over_oldest_first(db: asyncpg.Connection) -> None:
    """As many as are asked for; open and never dialed ones are left out."""
    _, campaign_id, debtor_id = await prepared(db)

    async def at(minutes: int, **columns: Any) -> datetime:
        when = TUESDAY - timedelta(minutes=minutes)
        await past_attempt(db, campaign_id, debtor_id, when, **columns)
        return when

    await at(50, outcome="no_answer")
    talked = await at(30, outcome="answered", answered_after_s=8.0, joined_after_s=1.0, lasted_s=60.0, probability=0.25)
    busy = await at(20, outcome="busy")
    await at(10, outcome="cancelled", dialed=False)
    await at(1, outcome=None, state=AttemptState.DIALING)
    first, second = await recent_attempts(db, TUESDAY - timedelta(days=3), 2)
    assert (first.claimed_at, second.claimed_at) == (talked, busy)
    assert (first.answered_at, first.joined_at) == (talked + timedelta(seconds=8), talked + timedelta(seconds=9))
    assert (first.talk_ended_at, first.answer_probability) == (talked + timedelta(seconds=68), 0.25)
    assert (second.answered_at, second.joined_at, second.had_agent) == (None, None, False)
    assert len(await recent_attempts(db, TUESDAY - timedelta(minutes=25), 100)) == 1


async def test_of_each_campaign_its_own_newest_attempts_are_read(db: asyncpg.Connection) -> None:
    """A busy campaign leaves the small one its history."""
    town, busy, debtor_id = await prepared(db)
    small = (await town.campaign(name="別")).campaign_id
    for one, minutes in [(small, 300), (small, 200), (busy, 40), (busy, 30), (busy, 20), (busy, 10)]:
        await past_attempt(db, one, debtor_id, TUESDAY - timedelta(minutes=minutes), outcome="no_answer")
    found = await recent_attempts(db, TUESDAY - DAY, 3)
    told = [(one.campaign_id, (TUESDAY - one.claimed_at) // timedelta(minutes=1)) for one in found]
    assert told == [(small, 300), (small, 200), (busy, 30), (busy, 20), (busy, 10)]


async def test_an_outage_of_the_trunk_is_not_read_as_people_who_did_not_answer(db: asyncpg.Connection) -> None:
    """It takes no place of those that teach, either."""
    _, campaign_id, debtor_id = await prepared(db)
    teaching = ["answered", "busy", "invalid_number", "machine", "no_answer", "rejected"]
    for n, outcome in enumerate([*teaching, "failed", "congestion", "cancelled"]):
        at = TUESDAY - timedelta(minutes=60 - n)
        await past_attempt(db, campaign_id, debtor_id, at, outcome=outcome, lasted_s=float(n))
    found = await recent_attempts(db, TUESDAY - DAY, len(teaching))
    assert [(one.ended_at - one.claimed_at).total_seconds() for one in found] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


async def test_whoever_left_before_the_verdict_has_not_answered(db: asyncpg.Connection) -> None:
    """As it is counted live; without detection, and with a verdict, they have."""
    _, campaign_id, debtor_id = await prepared(db)
    for n, outcome in enumerate(["hung_up_early", "abandoned", "answered"]):
        at = TUESDAY - timedelta(minutes=60 - n)
        await past_attempt(db, campaign_id, debtor_id, at, outcome=outcome, answered_after_s=9.0)

    async def answered() -> list[bool]:
        return [one.answered_at is not None for one in await recent_attempts(db, TUESDAY - DAY, 9)]

    assert await answered() == [True, True, True]
    await db.execute("UPDATE campaign SET amd = true")
    assert await answered() == [False, False, True]
    await db.execute("UPDATE attempt SET amd_status = 'human', amd_s = 2.0")
    assert await answered() == [True, True, True]


async def test_a_lost_verdict_is_no_way_round_abandonment(db: asyncpg.Connection) -> None:
    """From the verdict: three seconds of detection and two of patience after the answer somebody was abandoned."""
    town, campaign_id, _ = await prepared(db)
    await db.execute("UPDATE campaign SET amd = true, abandon_from = 'verdict'")
    for hours, lasted_s in [(1, 4.9), (2, 5.1)]:
        at, debtor_id = TUESDAY - timedelta(hours=hours), await town.person()
        await past_attempt(
            db, campaign_id, debtor_id, at, outcome="hung_up_early", answered_after_s=9.0, lasted_s=lasted_s
        )
    assert await live_answers_by_hour(db, HOUR - DAY) == [AnswersOfHour(campaign_id, HOUR - timedelta(hours=2), 1, 1)]
    await db.execute("UPDATE attempt SET agent_id = 1")  # held before: nobody listened to them
    assert len(await live_answers_by_hour(db, HOUR - DAY)) == 2


async def test_what_is_read_while_calls_wait_walks_an_index(db: asyncpg.Connection) -> None:
    """A large table must not make the next agent wait."""
    await db.execute("SET enable_seqscan = off")  # the tables are empty here, and a whole read of nothing is cheapest
    for query, arguments, index in (
        (queries.live_answers_by_hour, [HOUR], "call_answered"),
        (queries.recent_attempts, [HOUR, ["failed"], 1000, 100], "attempt_claimed"),
    ):
        plan = await db.fetch(f"EXPLAIN {query.sql}", *arguments)
        assert any(index in row[0] for row in plan)
