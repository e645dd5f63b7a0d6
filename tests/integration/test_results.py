"""Attempts and calls in the database: each step once, the end with all that follows from it."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from uuid import uuid4

import asyncpg
import pytest

from campaigns.attempts import (
    counts_since,
    end,
    end_call,
    join_call,
    move,
    open_attempts,
    open_call,
    open_inbound_call,
)
from campaigns.calendar import DayKind, WindowRule
from campaigns.dispositions import dispose
from campaigns.errors import StaleState
from campaigns.listing import list_drift, refresh_progress
from campaigns.model import AttemptState, Disposition, Outcome, Window
from campaigns.results import record_attempt
from tests.fixtures_people import TUESDAY, Town

WEEKDAY_ONLY = (WindowRule(Window.WEEKDAY, DayKind.WEEKDAY, 9 * 3600, 17 * 3600),)
MINUTE = timedelta(minutes=1)


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax")
    return town


async def test_a_step_from_another_state_is_refused_and_changes_nothing(town: Town) -> None:
    """Two writers can't both believe to be the first."""
    await town.person()
    (one,) = await town.claim(await town.campaign())
    before = await town.conn.fetchrow("SELECT * FROM attempt")
    with pytest.raises(StaleState):
        await move(town.conn, one.attempt_id, frm=AttemptState.DIALING, to=AttemptState.RINGING, at=TUESDAY)
    with pytest.raises(StaleState):
        await end(
            town.conn, one.attempt_id, frm=AttemptState.DIALING, at=TUESDAY, outcome=Outcome.BUSY, hangup_cause=17
        )
    assert await town.conn.fetchrow("SELECT * FROM attempt") == before


async def test_an_ended_attempt_ends_once(town: Town) -> None:
    """The second hang-up event finds it ended; the person's progress counts one try."""
    debtor_id = await town.person()
    (one,) = await town.claim(await town.campaign())
    await town.dial(one, Outcome.NO_ANSWER)
    for frm in (AttemptState.DIALING, AttemptState.ENDED):
        with pytest.raises(StaleState):
            await end(town.conn, one.attempt_id, frm=frm, at=TUESDAY, outcome=Outcome.NO_ANSWER, hangup_cause=19)
    tries = "SELECT weekday_attempts FROM debtor_progress WHERE debtor_id = $1"
    assert await town.conn.fetchval(tries, debtor_id) == 1


async def test_moments_are_written_with_the_step_that_reaches_them(town: Town) -> None:
    """dialed_at and answered_at are set once and stay."""
    await town.person()
    (one,) = await town.claim(await town.campaign())
    await town.talk(one, agent_id=1)
    await move(
        town.conn, one.attempt_id, frm=AttemptState.TALKING, to=AttemptState.TALKING,
        at=TUESDAY + MINUTE, dialed_at=TUESDAY + MINUTE, answered_at=TUESDAY + MINUTE,
    )  # fmt: skip
    row = await town.conn.fetchrow("SELECT state, state_at, dialed_at, answered_at FROM attempt")
    assert tuple(row) == ("talking", TUESDAY + MINUTE, TUESDAY, TUESDAY)


async def test_an_attempt_can_not_be_moved_to_its_end(town: Town) -> None:
    """The end needs an outcome."""
    with pytest.raises(ValueError, match="outcome"):
        await move(town.conn, uuid4(), frm=AttemptState.DIALING, to=AttemptState.ENDED, at=TUESDAY)


@pytest.mark.parametrize(
    ("outcome", "delay"),
    [
        (Outcome.BUSY, timedelta(minutes=5)),
        (Outcome.NO_ANSWER, timedelta(hours=1)),
        (Outcome.CONGESTION, timedelta(minutes=10)),
        (Outcome.FAILED, timedelta(minutes=10)),
        (Outcome.REJECTED, timedelta(days=1)),
        (Outcome.MACHINE, timedelta(hours=4)),
        (Outcome.ABANDONED, timedelta(hours=1)),
    ],
)
async def test_the_next_call_comes_after_the_delay_of_the_outcome(
    town: Town, outcome: Outcome, delay: timedelta
) -> None:
    """Not a second before, and then at once: there are no other days to wait for."""
    await town.person()
    always = (WindowRule(Window.WEEKDAY, DayKind.WEEKDAY, 0, 86_400),)
    campaign = await town.campaign(windows=always)
    await town.closed(date(2026, 11, 26) if outcome is Outcome.REJECTED else date(2026, 11, 25), 15)
    (one,) = await town.claim(campaign)
    await town.dial(one, outcome)
    assert await town.claim(campaign, TUESDAY + delay - timedelta(seconds=1)) == []
    assert await town.claim_reserved(campaign, TUESDAY + delay - timedelta(seconds=1)) is None
    reserved = await town.claim_reserved(campaign, TUESDAY + delay)
    assert (reserved is not None) is (outcome is Outcome.ABANDONED)
    assert len(await town.claim(campaign, TUESDAY + delay)) == (outcome is not Outcome.ABANDONED)


async def test_a_row_of_the_table_overrides_the_default_delay(town: Town) -> None:
    """Per campaign and outcome."""
    await town.person()
    campaign = await town.campaign(windows=WEEKDAY_ONLY)
    await town.conn.execute("INSERT INTO retry_rule VALUES ($1, 'busy', 30)", campaign.campaign_id)
    (one,) = await town.claim(campaign)
    await town.dial(one, Outcome.BUSY)
    assert await town.claim(campaign, TUESDAY + timedelta(seconds=29)) == []
    assert len(await town.claim(campaign, TUESDAY + timedelta(seconds=30))) == 1


async def test_a_missed_hour_is_not_repeated_a_week_later(town: Town) -> None:
    """Tuesday at ten in vain: next Tuesday not at ten, but at eleven, if no other day opens at all (CALL-7)."""
    await town.person()
    campaign = await town.campaign(windows=WEEKDAY_ONLY)
    await town.closed(date(2026, 11, 25), 6)
    await town.closed(date(2026, 12, 2), 20)
    (one,) = await town.claim(campaign)
    await town.dial(one, Outcome.NO_ANSWER)
    week = timedelta(days=7)
    assert await town.claim(campaign, TUESDAY + week) == []
    assert len(await town.claim(campaign, TUESDAY + week + 30 * MINUTE)) == 1


async def test_a_number_out_of_service_is_never_called_again(town: Town) -> None:
    """It is marked dead for everyone; the person's next number may be called at once (CALL-8, CALL-9)."""
    dead, alive = town.number(), town.number()
    await town.person(numbers=[dead, alive])
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    await town.dial(one, Outcome.INVALID_NUMBER)
    row = await town.conn.fetchrow("SELECT dead_at, dead_reason FROM phone WHERE number = $1", dead)
    assert tuple(row) == (TUESDAY, "call")
    assert [c.number for c in await town.claim(campaign)] == [alive]


async def test_an_attempt_that_was_never_dialed_leaves_progress_alone(town: Town) -> None:
    """The line refused before anything was sent."""
    await town.person()
    (one,) = await town.claim(await town.campaign())
    await end(
        town.conn, one.attempt_id, frm=AttemptState.CLAIMED, at=TUESDAY, outcome=Outcome.FAILED, hangup_cause=None
    )
    assert await town.conn.fetchval("SELECT last_attempt_at FROM debtor_progress") is None


async def test_the_list_follows_every_result(town: Town) -> None:
    """After each outcome the written list equals what the facts say."""
    for outcome in [o for o in Outcome if o is not Outcome.CANCELLED]:
        await town.person(household_id=await town.household())
        await town.listed()
        campaign = await town.campaign(name=str(outcome))
        (one, *_) = await town.claim(campaign)
        await town.dial(one, outcome)
        assert await list_drift(town.conn) == 0, outcome


async def test_who_shares_the_number_moves_back_in_the_list(town: Town) -> None:
    """Unless another number of theirs is free: then the claim takes that one."""
    shared = town.number()
    called, alone = await town.person(numbers=[shared]), await town.person(numbers=[shared])
    other_line = await town.person(numbers=[shared, town.number()])
    campaign = await town.campaign()
    (one,) = await town.claim(campaign, limit=1)
    assert one.debtor_id == called
    await town.dial(one, Outcome.NO_ANSWER)
    listed = await town.conn.fetch("SELECT debtor_id, callable_from FROM list_entry ORDER BY debtor_id")
    assert [(r["debtor_id"], r["callable_from"] <= TUESDAY) for r in listed] == [
        (called, False), (alone, False), (other_line, True),
    ]  # fmt: skip
    assert listed[1]["callable_from"] == TUESDAY + timedelta(hours=1)
    assert await list_drift(town.conn) == 0


async def test_who_had_only_the_dead_number_leaves_the_list(town: Town) -> None:
    """All who shared it, at once; who has another stays."""
    shared = town.number()
    await town.person(numbers=[shared])
    await town.person(numbers=[shared])
    other_line = await town.person(numbers=[shared, town.number()])
    (one,) = await town.claim(await town.campaign(), limit=1)
    await town.dial(one, Outcome.INVALID_NUMBER)
    listed = await town.conn.fetch("SELECT debtor_id FROM list_entry")
    assert [r["debtor_id"] for r in listed] == [other_line]
    assert await list_drift(town.conn) == 0


async def test_a_refresh_finds_whoever_was_forgotten_and_writes_nothing_twice(town: Town) -> None:
    """The drift is counted, mended, and a second refresh touches no row."""
    await town.person()
    await town.campaign()
    gone, new = await town.person(), await town.person()
    await town.listed()
    await town.conn.execute("UPDATE debt_item SET paid_on = '2026-11-24' WHERE debtor_id = $1", gone)
    await town.conn.execute("UPDATE debtor_progress SET missed_cells = 5 WHERE debtor_id = $1", new)
    forgotten = await town.person()
    assert await list_drift(town.conn) == 2
    await refresh_progress(town.conn, [gone, new, forgotten])
    assert await list_drift(town.conn) == 0
    rows = "SELECT debtor_id, xmin, ctid FROM list_entry ORDER BY debtor_id"
    before = [tuple(r) for r in await town.conn.fetch(rows)]
    await town.listed()
    assert [tuple(r) for r in await town.conn.fetch(rows)] == before
    assert [r[0] for r in before] == [1, new, forgotten]


async def test_a_restarted_engine_finds_every_open_attempt(town: Town) -> None:
    """With its state, moments and the agent who talks; ended ones are left out."""
    for _ in range(3):
        await town.person()
    first, second, third = await town.claim(await town.campaign())
    await town.talk(second, agent_id=7)
    await town.dial(third, Outcome.BUSY)
    claimed, talking = sorted(await open_attempts(town.conn), key=lambda a: a.state)
    assert (claimed.attempt_id, claimed.state, claimed.dialed_at) == (first.attempt_id, AttemptState.CLAIMED, None)
    assert (talking.attempt_id, talking.state, talking.number) == (
        second.attempt_id, AttemptState.TALKING, second.number,
    )  # fmt: skip
    assert (talking.answered_at, talking.call_agent_id, talking.joined_at) == (TUESDAY, 7, TUESDAY)


async def test_a_call_is_written_once_and_ends_once(town: Town) -> None:
    """Repeated events keep the first moments; an unanswered attempt has no call to end."""
    await town.person()
    (one,) = await town.claim(await town.campaign())
    await end_call(town.conn, one.attempt_id, at=TUESDAY, ended_by="callee")
    assert await town.conn.fetchval("SELECT count(*) FROM call") == 0
    for at in (TUESDAY, TUESDAY + MINUTE):
        await open_call(town.conn, one.attempt_id, answered_at=at)
    await join_call(town.conn, one.attempt_id, 7, TUESDAY)
    for at in (TUESDAY + MINUTE, TUESDAY + 2 * MINUTE):
        await end_call(town.conn, one.attempt_id, at=at, ended_by="agent")
    row = await town.conn.fetchrow("SELECT direction, debtor_id, answered_at, agent_id, ended_at FROM call")
    assert tuple(row) == ("outbound", one.debtor_id, TUESDAY, 7, TUESDAY + MINUTE)


async def test_a_call_has_one_agent(town: Town) -> None:
    """A second one can't be joined, nor anybody after its end."""
    call_id = uuid4()
    await open_inbound_call(town.conn, call_id, answered_at=TUESDAY)
    await join_call(town.conn, call_id, 7, TUESDAY)
    with pytest.raises(StaleState):
        await join_call(town.conn, call_id, 8, TUESDAY)
    await end_call(town.conn, call_id, at=TUESDAY, ended_by="callee")
    with pytest.raises(StaleState):
        await join_call(town.conn, call_id, 7, TUESDAY)


async def test_a_call_without_attempt_can_not_be_opened_as_outbound(town: Town) -> None:
    """An unknown channel is an error, not a silent nothing."""
    with pytest.raises(LookupError):
        await open_call(town.conn, uuid4(), answered_at=TUESDAY)


async def test_counts_are_those_of_the_page(town: Town) -> None:
    """Numerators and denominators of the day, from the rows."""
    for _ in range(5):
        await town.person()
    campaign = await town.campaign(windows=WEEKDAY_ONLY)
    busy, missed, abandoned, talked, _ = await town.claim(campaign)
    await town.dial(busy, Outcome.BUSY)
    await town.dial(missed, Outcome.NO_ANSWER)
    await town.dial(abandoned, Outcome.ABANDONED)
    await town.talk(talked, agent_id=7)
    await end(
        town.conn, talked.attempt_id, frm=AttemptState.TALKING, at=TUESDAY, outcome=Outcome.ANSWERED, hangup_cause=16
    )
    await dispose(
        town.conn, talked.attempt_id, 7, Disposition.CONTACT_PERSON, note=None, promise=None, now=TUESDAY
    )  # fmt: skip
    counts = await counts_since(town.conn, TUESDAY)
    assert {name: n for name, n in counts.items() if n} == {
        "dialed": 4, "answered": 1, "connected": 1, "contacts": 1, "abandoned": 1, "busy": 1, "no_answer": 1,
    }  # fmt: skip
    assert set((await counts_since(town.conn, TUESDAY + MINUTE)).values()) == {0}


async def test_an_end_is_nine_round_trips(town: Town) -> None:
    """The engine waits for it with every call: begin, seven statements, commit, whatever has to be written."""
    for _ in range(2):
        await town.person(household_id=await town.household(), numbers=[town.number(), town.number()])
    first, second = await town.claim(await town.campaign())
    await town.dial(first, Outcome.NO_ANSWER)  # asyncpg asks for the types of a query once
    frm = AttemptState.CLAIMED
    await move(town.conn, second.attempt_id, frm=frm, to=AttemptState.DIALING, at=TUESDAY, dialed_at=TUESDAY)
    sent = list[str]()
    with town.conn.query_logger(lambda query: sent.append(query.query)):
        frm = AttemptState.DIALING
        await end(town.conn, second.attempt_id, frm=frm, at=TUESDAY, outcome=Outcome.NO_ANSWER, hangup_cause=19)
        await town.conn.execute("SELECT 1")  # what was sent before it has been told by then
    assert sent.index("COMMIT;") == 8


async def test_a_person_who_was_never_listed_gets_a_history(town: Town) -> None:
    """An attempt that is dialed always ends, wherever it came from."""
    number = town.number()
    debtor_id = await town.person(numbers=[number])
    async with town.conn.transaction():
        await record_attempt(
            town.conn, campaign_id=1, debtor_id=debtor_id, household_id=None, number=number,
            window=Window.WEEKDAY, outcome=Outcome.NO_ANSWER, dialed_at=TUESDAY, ended_at=TUESDAY,
        )  # fmt: skip
    assert await town.conn.fetchval("SELECT weekday_attempts FROM debtor_progress") == 1


async def test_a_retry_waits_for_no_lock_of_an_uncommitted_import(town: Town, dsn: str) -> None:
    """A result that meets a running import waits for it, and then stands: nothing is lost."""
    await town.person()
    campaign = await town.campaign()
    (one,) = await town.claim(campaign)
    other = await asyncpg.connect(dsn)
    try:
        transaction = other.transaction()
        await transaction.start()
        await refresh_progress(other, None)
        ending = asyncio.create_task(town.dial(one, Outcome.NO_ANSWER))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        async with asyncio.timeout(10):
            while not await other.fetchval(waiting):
                assert not ending.done()
        await transaction.commit()
        await asyncio.wait_for(ending, timeout=10)
    finally:
        await other.close()
    assert await list_drift(town.conn) == 0
