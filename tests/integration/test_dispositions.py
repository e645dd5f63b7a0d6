"""An agent's result: one transaction, once, and what the next claim makes of it."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from campaigns.attempts import end, end_call, open_inbound_call
from campaigns.campaign import Campaign
from campaigns.claiming import Claim
from campaigns.dispositions import NewPromise, dispose, undisposed
from campaigns.errors import AlreadyDisposed, CallUnknown, DispositionRefused, NotYourCall, PromiseInvalid
from campaigns.listing import list_drift
from campaigns.model import AttemptState, Disposition, Outcome, Window
from tests.fixtures_people import TUESDAY, Town

AGENT = 7
DUE = date(2026, 12, 1)
PROMISE = NewPromise(DUE, 5_000, "city_tax")


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    return town


async def a_talk(town: Town, campaign: Campaign) -> Claim:
    """A person who was called, talked with AGENT and hung up."""
    (one,) = await town.claim(campaign, limit=1)
    await town.talk(one, AGENT)
    await end(
        town.conn, one.attempt_id, frm=AttemptState.TALKING, at=TUESDAY, outcome=Outcome.ANSWERED, hangup_cause=16
    )
    await end_call(town.conn, one.attempt_id, at=TUESDAY, ended_by="callee")
    return one


async def result(
    town: Town,
    call_id: UUID,
    disposition: Disposition,
    *,
    agent_id: int = AGENT,
    note: str | None = None,
    promise: NewPromise | None = None,
) -> None:
    await dispose(town.conn, call_id, agent_id, disposition, note=note, promise=promise, now=TUESDAY)


async def everything(town: Town) -> list[object]:
    tables = ("call", "promise", "debtor_progress", "debtor_phone", "list_entry")
    return [await town.conn.fetch(f"SELECT * FROM {table} ORDER BY 1") for table in tables]


async def test_a_promise_is_written_and_keeps_the_person_from_being_called(town: Town) -> None:
    """Until its day and its grace are over, and in this month because it was a contact (CALL-7, CALL-8, CALL-10)."""
    await town.person()
    campaign = await town.campaign()
    call = await a_talk(town, campaign)
    await result(town, call.attempt_id, Disposition.PROMISE, note=" 年金支給後 ", promise=PROMISE)
    row = await town.conn.fetchrow("SELECT debt_type, due_on, amount_yen, call_id, closed_on FROM promise")
    assert tuple(row) == ("city_tax", DUE, 5_000, call.attempt_id, None)
    assert await town.conn.fetchval("SELECT note FROM call") == "年金支給後"
    assert await list_drift(town.conn) == 0
    evening = TUESDAY + timedelta(days=7, hours=7)  # 12/1: still to be kept
    assert await town.claim(campaign, evening, window=Window.EVENING) == []
    evening += timedelta(days=3)  # 12/4: over, but a payment may be on its way
    assert await town.claim(campaign, evening, window=Window.EVENING) == []
    evening += timedelta(days=3)  # 12/7: broken, called again
    assert len(await town.claim(campaign, evening, window=Window.EVENING)) == 1


@pytest.mark.parametrize(
    ("debt_type", "replaced"),
    [("city_tax", {"city_tax"}), (None, {"city_tax", "care_insurance"})],
    ids=["of one debt type", "of all debts"],
)
async def test_a_new_promise_replaces_the_older_ones_that_it_covers(
    town: Town, debt_type: str | None, replaced: set[str]
) -> None:
    """The others stay open."""
    debtor_id = await town.person(owes={"city_tax": 1, "care_insurance": 1})
    campaign = await town.campaign("city_tax", "care_insurance")
    call = await a_talk(town, campaign)
    for older in ("city_tax", "care_insurance"):
        await town.conn.execute(
            "INSERT INTO promise (debtor_id, debt_type, due_on, made_at) VALUES ($1, $2, '2026-11-25', $3)",
            debtor_id, older, TUESDAY,
        )  # fmt: skip
    await result(town, call.attempt_id, Disposition.PROMISE, promise=NewPromise(DUE, None, debt_type))
    closed = await town.conn.fetch("SELECT debt_type, closed_on FROM promise WHERE closed_as = 'replaced'")
    assert {r["debt_type"] for r in closed} == replaced
    assert {r["closed_on"] for r in closed} == {date(2026, 11, 24)}
    assert await town.conn.fetchval("SELECT count(*) FROM promise WHERE closed_on IS NULL") == 3 - len(replaced)
    assert await list_drift(town.conn) == 0


async def test_the_same_result_sent_again_changes_nothing(town: Town) -> None:
    """A page that lost the answer may repeat its request."""
    await town.person()
    call = await a_talk(town, await town.campaign())
    await result(town, call.attempt_id, Disposition.PROMISE, note="x", promise=PROMISE)
    before = await everything(town)
    await result(town, call.attempt_id, Disposition.PROMISE, note="x ", promise=PROMISE)
    assert await everything(town) == before


@pytest.mark.parametrize(
    "other",
    [
        (Disposition.REFUSED, "x", PROMISE),
        (Disposition.PROMISE, "y", PROMISE),
        (Disposition.PROMISE, "x", NewPromise(DUE, 6_000, "city_tax")),
        (Disposition.DISPUTE, "x", None),
    ],
    ids=["disposition", "note", "promise", "no promise"],
)
async def test_a_different_second_result_is_refused(
    town: Town, other: tuple[Disposition, str, NewPromise | None]
) -> None:
    """What was reported to the department doesn't change silently."""
    await town.person()
    call = await a_talk(town, await town.campaign())
    await result(town, call.attempt_id, Disposition.PROMISE, note="x", promise=PROMISE)
    before = await everything(town)
    disposition, note, promise = other
    with pytest.raises(AlreadyDisposed):
        await result(town, call.attempt_id, disposition, note=note, promise=promise)
    assert await everything(town) == before


REFUSED: dict[str, tuple[Disposition, int, NewPromise | None, type[DispositionRefused]]] = {
    "another agent": (Disposition.CONTACT_PERSON, AGENT + 1, None, NotYourCall),
    "promise missing": (Disposition.PROMISE, AGENT, None, PromiseInvalid),
    "promise in the past": (Disposition.PROMISE, AGENT, NewPromise(date(2026, 11, 23)), PromiseInvalid),
    "promise of nothing": (Disposition.PROMISE, AGENT, NewPromise(DUE, 0), PromiseInvalid),
    "unknown debt type": (Disposition.PROMISE, AGENT, NewPromise(DUE, 1, "no_such"), PromiseInvalid),
    "promise of a machine": (Disposition.VOICEMAIL, AGENT, PROMISE, PromiseInvalid),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_a_refused_result_leaves_no_trace(town: Town, case: str) -> None:
    """The agent reads why, in Japanese, and may send it again corrected."""
    disposition, agent_id, promise, error = REFUSED[case]
    await town.person()
    call = await a_talk(town, await town.campaign())
    before = await everything(town)
    with pytest.raises(error) as refused:
        await result(town, call.attempt_id, disposition, agent_id=agent_id, promise=promise)
    assert not str(refused.value).isascii()
    assert await everything(town) == before


async def test_an_unknown_call_is_refused(town: Town) -> None:
    """A page from yesterday's database."""
    with pytest.raises(CallUnknown):
        await result(town, uuid4(), Disposition.CONTACT_PERSON)


@pytest.mark.parametrize("disposition", [d for d in Disposition if d is not Disposition.PROMISE])
async def test_a_contact_leaves_this_month_and_returns_with_the_next(town: Town, disposition: Disposition) -> None:
    """All others stay on the list; a wrong number was the only one (CALL-7, CR-2)."""
    await town.person()
    campaign = await town.campaign()
    call = await a_talk(town, campaign)
    await result(town, call.attempt_id, disposition)
    assert await list_drift(town.conn) == 0
    listed = await town.conn.fetchrow("SELECT callable_from FROM list_entry")
    contacted_at = await town.conn.fetchval("SELECT contacted_at FROM debtor_progress")
    if disposition is Disposition.WRONG_NUMBER:
        assert listed is None
    elif disposition.is_contact and disposition is not Disposition.CALL_BACK:
        assert contacted_at == TUESDAY
        assert listed["callable_from"].isoformat() == "2026-11-30T15:00:00+00:00"  # 12/1 0:00 in Japan
    else:
        assert contacted_at is None
        assert listed["callable_from"] <= TUESDAY + timedelta(days=1)


async def test_a_wrong_number_is_taken_off_this_person_only(town: Town) -> None:
    """The other sharer keeps it; this person's next number remains; it is not dead (CALL-9)."""
    shared, own = town.number(), town.number()
    wrong = await town.person(numbers=[shared, own])
    right = await town.person(numbers=[shared])
    campaign = await town.campaign()
    call = await a_talk(town, campaign)
    assert (call.debtor_id, call.number) == (wrong, shared)
    await result(town, call.attempt_id, Disposition.WRONG_NUMBER)
    live = await town.conn.fetch("SELECT debtor_id, number FROM debtor_phone WHERE removed_at IS NULL ORDER BY 1, 2")
    assert [tuple(r) for r in live] == [(wrong, own), (right, shared)]
    assert await town.conn.fetchval("SELECT count(*) FROM phone WHERE dead_at IS NOT NULL") == 0


async def test_no_result_lifts_a_contact_stop(town: Town) -> None:
    """Not even a talk: that is the department's to do."""
    debtor_id = await town.person()
    campaign = await town.campaign()
    call = await a_talk(town, campaign)
    await town.conn.execute("INSERT INTO contact_stop VALUES ($1, now(), '係争中')", debtor_id)
    await result(town, call.attempt_id, Disposition.NO_CONVERSATION)
    assert await town.conn.fetchval("SELECT count(*) FROM contact_stop") == 1
    assert await town.claim(campaign, TUESDAY + timedelta(days=60)) == []


async def test_an_inbound_call_of_an_unknown_person_can_be_disposed(town: Town) -> None:
    """Without a person there is nothing to follow, and no promise."""
    call_id = uuid4()
    await open_inbound_call(town.conn, call_id, answered_at=TUESDAY)
    await town.conn.execute("UPDATE call SET agent_id = $1", AGENT)
    with pytest.raises(PromiseInvalid):
        await result(town, call_id, Disposition.PROMISE, promise=PROMISE)
    await result(town, call_id, Disposition.CONTACT_THIRD_PARTY)
    assert await town.conn.fetchval("SELECT disposition FROM call") == "contact_third_party"


async def test_the_oldest_call_without_result_is_found_again(town: Town) -> None:
    """An agent who logs in again owes a result; a call that is still up is not over."""
    for _ in range(2):
        await town.person()
    campaign = await town.campaign()
    assert await undisposed(town.conn, AGENT) is None
    call = await a_talk(town, campaign)
    (up,) = await town.claim(campaign)
    await town.talk(up, AGENT)
    assert await undisposed(town.conn, AGENT) == call.attempt_id
    assert await undisposed(town.conn, AGENT + 1) is None
    await result(town, call.attempt_id, Disposition.CONTACT_PERSON)
    assert await undisposed(town.conn, AGENT) is None
