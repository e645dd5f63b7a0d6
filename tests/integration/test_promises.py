"""Promises settled as kept or broken, and what a broken one does to the lists."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta

import asyncpg
import pytest

from campaigns.calendar import JST
from campaigns.claiming import claim
from campaigns.dispositions import NewPromise, dispose
from campaigns.listing import list_drift, refresh_progress
from campaigns.model import Disposition, Urgency, Window
from campaigns.promises import Settled, settle, settle_promises
from campaigns.rules import PROMISE_GRACE_DAYS
from tests.fixtures_people import TUESDAY, Town

MADE_ON = date(2026, 11, 2)
DUE_ON = date(2026, 11, 20)
SETTLED_ON = DUE_ON + timedelta(days=PROMISE_GRACE_DAYS + 1)  # Tuesday 24 November
CONTACT = datetime(2026, 11, 2, 15, tzinfo=JST)


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    return town


async def promised(
    town: Town, debtor_id: int, *, yen: int | None = None, debt_type: str | None = "city_tax", due_on: date = DUE_ON
) -> None:
    """A promise made on 2 November in a talk, which was that month's contact."""
    await town.conn.execute(
        "INSERT INTO promise (debtor_id, debt_type, due_on, amount_yen, made_at) VALUES ($1, $2, $3, $4, $5)",
        debtor_id, debt_type, due_on, yen, CONTACT,
    )  # fmt: skip
    await town.conn.execute(
        "INSERT INTO debtor_progress (debtor_id, contacted_at) VALUES ($1, $2)"
        " ON CONFLICT (debtor_id) DO UPDATE SET contacted_at = $2",
        debtor_id, CONTACT,
    )  # fmt: skip


async def paid(
    town: Town, debtor_id: int, on: date, *, yen: int | None = None, whole: bool = True, debt_type: str = "city_tax"
) -> None:
    """A payment of the person's debt; `whole`: the debt is paid with it. `yen` None: the debts' file alone says so."""
    if whole:
        await town.conn.execute(
            "UPDATE debt_item SET paid_on = $3 WHERE debtor_id = $1 AND debt_type = $2", debtor_id, debt_type, on
        )
    if yen is not None:
        import_id = await town.conn.fetchval(
            "INSERT INTO import_file (sha256, mapping, file_name, rows, applied_at)"
            " VALUES ('', '', '', 1, now()) RETURNING import_id"
        )
        await town.conn.execute(
            "INSERT INTO payment (debt_item_id, paid_on, amount_yen, of_principal_yen, import_id)"
            " SELECT debt_item_id, $3, $4, principal_yen, $5 FROM debt_item WHERE debtor_id = $1 AND debt_type = $2",
            debtor_id, debt_type, on, yen, import_id,
        )  # fmt: skip


async def fate(town: Town) -> list[str | None]:
    rows = await town.conn.fetch("SELECT closed_as FROM promise ORDER BY debtor_id, due_on, promise_id")
    return [r["closed_as"] for r in rows]


async def test_who_paid_kept_the_promise_and_who_did_not_is_called_again_this_month_first(town: Town) -> None:
    """Paid on the promised day; not paid: back on the list though talked with this month, before everybody else."""
    kept, broken = await town.person(), await town.person()
    others = [await town.person() for _ in range(3)]
    for one in (kept, broken):
        await promised(town, one)
    await paid(town, kept, DUE_ON)
    campaign = await town.campaign()
    assert {one.debtor_id for one in await town.claim(campaign)} == set(others), "in this month they were talked with"
    assert await settle_promises(town.conn, SETTLED_ON) == Settled(kept=1, broken=1)
    assert await list_drift(town.conn) == 0
    assert await fate(town) == ["kept", "broken"]
    await town.person()
    await town.listed()
    (first,) = await town.claim(campaign, limit=1)
    assert first.debtor_id == broken


async def test_nothing_is_settled_before_the_grace_is_over_nor_twice(town: Town) -> None:
    """The bank's data come days later; the day after the grace decides, once."""
    await promised(town, await town.person())
    await town.listed()
    assert await settle_promises(town.conn, SETTLED_ON - timedelta(days=1)) == Settled()
    assert await fate(town) == [None]
    now = datetime(2026, 11, 24, 0, 0, tzinfo=JST)
    assert await settle(town.conn, now) == Settled(broken=1)
    assert await settle(town.conn, now + timedelta(days=1)) == Settled()


@pytest.mark.parametrize(
    ("yen", "whole", "on", "promised_yen", "expected"),
    [
        (None, True, DUE_ON, None, "kept"),
        (10_000, True, DUE_ON + timedelta(days=PROMISE_GRACE_DAYS), None, "kept"),
        (10_000, True, SETTLED_ON, None, "broken"),
        (4_000, False, DUE_ON, 4_000, "kept"),
        (4_000, False, DUE_ON, 4_001, "broken"),
        (4_000, False, DUE_ON, None, "broken"),
        (4_000, False, MADE_ON - timedelta(days=1), 4_000, "broken"),
        (None, True, DUE_ON, 10_000, "kept"),
    ],
    ids=[
        "paid, by the debts' file", "paid within the grace", "paid afterwards", "the promised part", "a yen less",
        "a part without an amount", "paid before it was promised", "paid, with an amount, no payment row",
    ],
)  # fmt: skip
async def test_what_keeps_a_promise(
    town: Town, yen: int | None, whole: bool, on: date, promised_yen: int | None, expected: str
) -> None:
    """The debts paid, or the amount come in, between the day it was made and the end of the grace."""
    debtor_id = await town.person()
    await promised(town, debtor_id, yen=promised_yen)
    await paid(town, debtor_id, on, yen=yen, whole=whole)
    await town.listed()
    await settle_promises(town.conn, SETTLED_ON + timedelta(days=5))
    assert await fate(town) == [expected]


async def test_a_payment_that_was_taken_back_keeps_nothing(town: Town) -> None:
    """The bank returned it."""
    debtor_id = await town.person()
    await promised(town, debtor_id, yen=5_000)
    await paid(town, debtor_id, DUE_ON, yen=5_000, whole=False)
    await town.conn.execute("UPDATE payment SET taken_back_by = import_id")
    await town.listed()
    assert await settle_promises(town.conn, SETTLED_ON) == Settled(broken=1)


async def test_promises_made_on_one_day_share_what_comes_in(town: Town) -> None:
    """Payment in parts: the first part keeps the first promise, not the second too."""
    debtor_id = await town.person(owes={"city_tax": 30_000})
    for due_on in (date(2026, 11, 5), DUE_ON):
        await promised(town, debtor_id, yen=10_000, due_on=due_on)
    await paid(town, debtor_id, date(2026, 11, 4), yen=10_000, whole=False)
    await town.listed()
    assert await settle_promises(town.conn, SETTLED_ON) == Settled(kept=1, broken=1)
    assert await fate(town) == ["kept", "broken"]


async def test_a_promise_for_one_debt_type_asks_for_that_one_only(town: Town) -> None:
    """And one for all asks for all."""
    one, all_ = [await town.person(owes={"city_tax": 1, "care_insurance": 1}) for _ in range(2)]
    await promised(town, one)
    await promised(town, all_, debt_type=None)
    for debtor_id in (one, all_):
        await paid(town, debtor_id, DUE_ON)
    await town.listed()
    assert await settle_promises(town.conn, SETTLED_ON) == Settled(kept=1, broken=1)
    assert await fate(town) == ["kept", "broken"]


async def test_a_debt_that_came_later_is_not_what_was_promised(town: Town) -> None:
    """Due after the promise was made: the promise was about the older one."""
    debtor_id = await town.person()
    await promised(town, debtor_id)
    await paid(town, debtor_id, DUE_ON)
    await town.conn.execute(
        "INSERT INTO debt_item (debtor_id, debt_type, assessment_year, levy_year, notice_no, instalment, due_on,"
        " principal_yen) VALUES ($1, 'city_tax', 2026, 2026, 'later', 2, $2, 9)",
        debtor_id, date(2026, 11, 16),
    )  # fmt: skip
    await town.listed()
    assert await settle_promises(town.conn, SETTLED_ON) == Settled(kept=1)


async def test_a_talk_after_the_promise_broke_is_not_followed_by_another_call(town: Town) -> None:
    """Settled late, after a talk: the person was asked already and is called again next month."""
    debtor_id = await town.person()
    await promised(town, debtor_id)
    campaign = await town.campaign()
    talked_at = datetime(2026, 11, 25, 9, tzinfo=JST)
    await town.conn.execute("UPDATE debtor_progress SET contacted_at = $1", talked_at)
    assert await settle(town.conn, talked_at + timedelta(hours=1)) == Settled(broken=1)
    assert await town.claim(campaign, talked_at + timedelta(hours=2)) == []
    assert await town.conn.fetchval("SELECT urgency FROM debtor_progress") == Urgency.NONE


async def test_an_agreed_hour_stays_before_a_broken_promise(town: Town) -> None:
    """A broken promise takes no callback's place."""
    await promised(town, await town.person())
    await town.conn.execute("UPDATE debtor_progress SET urgency = $1", Urgency.CALLBACK)
    await town.listed()
    await settle_promises(town.conn, SETTLED_ON)
    assert await town.conn.fetchval("SELECT urgency FROM debtor_progress") == Urgency.CALLBACK


async def test_a_promise_that_is_being_replaced_is_left_alone(town: Town, dsn: str) -> None:
    """An agent writes a new one in this instant: nobody waits, and the next settlement finds what is left."""
    debtor_id = await town.person()
    await promised(town, debtor_id)
    await town.listed()
    other = await asyncpg.connect(dsn)
    try:
        async with other.transaction():
            await other.execute("UPDATE promise SET closed_on = $1, closed_as = 'replaced'", SETTLED_ON)
            assert await settle_promises(town.conn, SETTLED_ON) == Settled()
    finally:
        await other.close()
    assert await settle_promises(town.conn, SETTLED_ON) == Settled()
    assert await fate(town) == ["replaced"]


@pytest.fixture
async def workers(dsn: str) -> AsyncIterator[list[asyncpg.Connection]]:
    opened = [await asyncpg.connect(dsn) for _ in range(3)]
    yield opened
    for conn in opened:
        await conn.close()


async def test_a_settlement_beside_claims_and_results_leaves_the_lists_right(
    town: Town, workers: list[asyncpg.Connection]
) -> None:
    """A hundred promises broken while others claim, dial and enter results: no deadlock, nobody lost."""
    for _ in range(100):
        await promised(town, await town.person())
    for _ in range(60):
        await town.person()
    campaign = await town.campaign()

    async def work(conn: asyncpg.Connection) -> None:
        busy = Town(conn)
        for _ in range(5):
            for one in await claim(conn, campaign, 3, Window.WEEKDAY, TUESDAY):
                await busy.talk(one, 7)
                given = NewPromise(date(2026, 12, 1))
                await dispose(conn, one.attempt_id, 7, Disposition.PROMISE, note=None, promise=given, now=TUESDAY)

    done = await asyncio.gather(settle_promises(town.conn, SETTLED_ON), *[work(conn) for conn in workers])
    late = await settle_promises(town.conn, SETTLED_ON)
    settled = done[0]
    assert isinstance(settled, Settled)
    assert settled.broken + late.broken + (await fate(town)).count("replaced") == 100
    await refresh_progress(town.conn, [])
    assert await list_drift(town.conn) == 0
