"""Numbers borrowed from the household and learnt on calls, on a real database."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from campaigns.attempts import join_call, open_inbound_call
from campaigns.dispositions import dispose
from campaigns.errors import AlreadyDisposed, CallUnknown, NotYourCall
from campaigns.listing import list_drift
from campaigns.model import E164, Disposition
from campaigns.numbers import (
    NumberRefused,
    Told,
    borrow_household_numbers,
    learn_number,
    learn_number_on_call,
    numbers_told,
)
from tests.fixtures_people import TUESDAY, Town


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    made = Town(db)
    await made.debt_types("city_tax")
    return made


async def live(town: Town, debtor_id: int) -> list[tuple[str, str]]:
    """(number, source) of the live numbers, first the one to be called first."""
    rows = await town.conn.fetch(
        "SELECT number, source FROM debtor_phone JOIN phone USING (number)"
        " WHERE debtor_id = $1 AND removed_at IS NULL AND dead_at IS NULL ORDER BY rank, number",
        debtor_id,
    )
    return [(row["number"], row["source"]) for row in rows]


async def test_who_has_no_number_is_called_on_that_of_the_household(town: Town) -> None:
    """CALL-9: borrowed, on the list at once, and nothing changes when it is done again."""
    household = await town.household()
    mother = await town.person(household_id=household, numbers=[E164("+81900000001")])
    son = await town.person(household_id=household, numbers=[])
    campaign = await town.campaign()
    assert await borrow_household_numbers(town.conn, None, TUESDAY) == {son}
    assert await live(town, son) == [("+81900000001", "household")]
    assert await live(town, mother) == [("+81900000001", "import")]
    listed = await town.conn.fetchval("SELECT count(*) FROM list_entry WHERE debtor_id = $1", son)
    assert (listed, await list_drift(town.conn)) == (1, 0)
    assert await borrow_household_numbers(town.conn, None, TUESDAY + timedelta(days=1)) == frozenset()
    assert len(await town.claim(campaign)) == 1  # one household, one call


async def test_a_borrowed_number_goes_when_one_of_ones_own_comes(town: Town) -> None:
    """And comes back when that one dies."""
    household = await town.household()
    await town.person(household_id=household, numbers=[E164("+81900000001")])
    son = await town.person(household_id=household, numbers=[])
    await borrow_household_numbers(town.conn, None, TUESDAY)
    assert await learn_number(town.conn, son, "090-0000-0002", TUESDAY, None) == "+819000000002"
    assert await live(town, son) == [("+819000000002", "call")]
    await town.conn.execute("UPDATE phone SET dead_at = $1 WHERE number = '+819000000002'", TUESDAY)
    assert await borrow_household_numbers(town.conn, [son], TUESDAY) == {son}
    assert await live(town, son) == [("+81900000001", "household")]


async def test_a_number_marked_wrong_is_not_borrowed_again(town: Town) -> None:
    """What an agent heard on the telephone is worth more than a table."""
    household = await town.household()
    await town.person(household_id=household, numbers=[E164("+81900000001")])
    son = await town.person(household_id=household, numbers=[])
    await borrow_household_numbers(town.conn, None, TUESDAY)
    await town.conn.execute("UPDATE debtor_phone SET removed_at = $2 WHERE debtor_id = $1", son, TUESDAY)
    assert await borrow_household_numbers(town.conn, None, TUESDAY) == frozenset()
    assert await live(town, son) == []


async def test_the_number_of_a_member_under_a_contact_stop_is_not_borrowed(town: Town) -> None:
    """Calling it would be calling that member; a stop that comes later takes it back."""
    household = await town.household()
    father = await town.person(household_id=household, numbers=[E164("+81900000001")])
    son = await town.person(household_id=household, numbers=[])
    await borrow_household_numbers(town.conn, None, TUESDAY)
    await town.conn.execute("INSERT INTO contact_stop VALUES ($1, $2, '破産')", father, TUESDAY)
    assert await borrow_household_numbers(town.conn, None, TUESDAY) == {son}
    assert await live(town, son) == []


async def test_who_moves_out_gives_the_number_back(town: Town) -> None:
    """No household any more, nothing borrowed any more."""
    household = await town.household()
    await town.person(household_id=household)
    son = await town.person(household_id=household, numbers=[])
    await borrow_household_numbers(town.conn, None, TUESDAY)
    await town.conn.execute("UPDATE debtor SET household_id = NULL WHERE debtor_id = $1", son)
    assert await borrow_household_numbers(town.conn, None, TUESDAY) == {son}
    assert await live(town, son) == []


async def test_a_number_told_on_a_call_is_the_first_one_and_alive_for_all(town: Town) -> None:
    """Whoever only had that number, dead until now, is on the list again."""
    shared = E164("+819000000009")
    one = await town.person(numbers=[E164("+81900000001")])
    other = await town.person(numbers=[shared])
    await town.conn.execute("UPDATE phone SET dead_at = $1 WHERE number = $2", TUESDAY, shared)
    await town.campaign()
    call_id = await town.conn.fetchval("SELECT gen_random_uuid()")
    await learn_number(town.conn, one, "０９０ー００００ー０００９", TUESDAY, call_id)
    assert await live(town, one) == [(shared, "call"), ("+81900000001", "import")]
    assert (
        await town.conn.fetchval("SELECT call_id FROM debtor_phone WHERE debtor_id = $1 AND rank = 1", one) == call_id
    )
    assert await town.conn.fetchval("SELECT count(*) FROM list_entry WHERE debtor_id = $1", other) == 1
    assert await list_drift(town.conn) == 0


@pytest.mark.parametrize("typed", ["110", "0990-123-456", "twelve", "", "090-1234"])
async def test_what_is_no_number_is_refused_without_naming_it(town: Town, typed: str) -> None:
    """Nothing is written, and the message holds nothing of what was typed."""
    one = await town.person()
    before = await live(town, one)
    with pytest.raises(NumberRefused) as refused:
        await learn_number(town.conn, one, typed, TUESDAY, None)
    assert not any(c.isdigit() for c in str(refused.value))
    assert await live(town, one) == before


async def test_nobody_learns_a_number_of_nobody(town: Town) -> None:
    """A person who doesn't exist leaves no number behind."""
    with pytest.raises(LookupError):
        await learn_number(town.conn, 999, "090-0000-0009", TUESDAY, None)
    assert await town.conn.fetchval("SELECT count(*) FROM phone") == 0


async def test_the_city_is_told_of_new_dead_and_wrong_numbers(town: Town) -> None:
    """CALL-9, DATA-2: once each, in order of time; what the file brought is no news."""
    one = await town.person(numbers=[E164("+81900000001"), E164("+81900000002"), E164("+81900000003")])
    await learn_number(town.conn, one, "090-0000-0009", TUESDAY, None)
    later = [TUESDAY + timedelta(minutes=n) for n in (1, 2)]
    await town.conn.execute("UPDATE phone SET dead_at = $1 WHERE number = '+81900000001'", later[0])
    await town.conn.execute("UPDATE debtor_phone SET removed_at = $1 WHERE number = '+81900000002'", later[1])
    told = await numbers_told(town.conn, TUESDAY)
    assert [(news.told, news.number) for news in told] == [
        (Told.NEW, "+819000000009"),
        (Told.DEAD, "+81900000001"),
        (Told.WRONG, "+81900000002"),
    ]
    assert await numbers_told(town.conn, TUESDAY + timedelta(hours=1)) == []


async def talking(town: Town) -> tuple[int, UUID]:
    """An answered call of agent 7; who is on the line, and its id."""
    debtor_id = await town.person(numbers=[E164("+81900000001")])
    (one,) = await town.claim(await town.campaign())
    await town.talk(one, 7)
    return debtor_id, one.attempt_id


async def test_the_agent_of_a_call_writes_down_a_number(town: Town) -> None:
    """It is the person's first one, with the call on which it was told."""
    debtor_id, call_id = await talking(town)
    assert await learn_number_on_call(town.conn, call_id, 7, "090-0000-0009", TUESDAY) == "+819000000009"
    assert (await live(town, debtor_id))[0] == ("+819000000009", "call")
    assert await town.conn.fetchval("SELECT call_id FROM debtor_phone WHERE source = 'call'") == call_id


async def test_nobody_else_writes_down_a_number_on_a_call(town: Town) -> None:
    """Not another agent, not on a call that doesn't exist, not after the result."""
    debtor_id, call_id = await talking(town)
    with pytest.raises(NotYourCall):
        await learn_number_on_call(town.conn, call_id, 8, "090-0000-0009", TUESDAY)
    with pytest.raises(CallUnknown):
        await learn_number_on_call(town.conn, uuid4(), 7, "090-0000-0009", TUESDAY)
    await dispose(town.conn, call_id, 7, Disposition.CONTACT_PERSON, note=None, promise=None, now=TUESDAY)
    with pytest.raises(AlreadyDisposed):
        await learn_number_on_call(town.conn, call_id, 7, "090-0000-0009", TUESDAY)
    assert await live(town, debtor_id) == [("+81900000001", "import")]


async def test_an_unknown_caller_has_no_numbers(town: Town) -> None:
    """An inbound call of nobody known; and a number without its area code is told so."""
    call_id = uuid4()
    await open_inbound_call(town.conn, call_id, answered_at=TUESDAY)
    await join_call(town.conn, call_id, 7, TUESDAY)
    with pytest.raises(NumberRefused, match="特定"):
        await learn_number_on_call(town.conn, call_id, 7, "090-0000-0009", TUESDAY)
    with pytest.raises(NumberRefused, match="市外局番"):
        await learn_number(town.conn, await town.person(), "123-4567", TUESDAY, None)
