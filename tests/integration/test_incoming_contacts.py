"""Contacts of this month in a former system's records: whom they take off this month's list (CALL-7)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import asyncpg
import msgspec
import pytest

from campaigns.calendar import JST
from campaigns.evidence import Seen, add
from campaigns.facts import read_facts
from campaigns.importing.intake import IntakeResult
from campaigns.listing import list_drift
from campaigns.model import Disposition, Urgency, Window
from campaigns.progress import Progress, after_disposition
from campaigns.queries import queries
from campaigns.rules import Reason, may_call
from campaigns.why import explain_person
from tests.deadline import until_found
from tests.fixtures_history import NIIGATA, call, import_rows
from tests.fixtures_people import TUESDAY, Town

WORDS = msgspec.structs.replace(
    NIIGATA, results={**NIIGATA.results, "call_back": ("かけ直し",), "refused": ("拒否",), "rejected": ("着拒",)}
)
CONTACTS = [
    ("架電", "本人"),
    ("架電", "家族"),
    ("架電", "納付約束"),
    ("架電", "拒否"),
    ("返電", "本人"),
    ("返電", "家族"),
]
NO_CONTACTS = [
    ("架電", "不在"), ("架電", "留守電"), ("架電", "第三者"), ("架電", "無言"), ("架電", "話中"), ("架電", "番号違い"),
    ("架電", "かけ直し"), ("架電", "着拒"), ("返電", "かけ直し"), ("返電", ""), ("返電", "第三者"), ("催告書", "本人"),
]  # fmt: skip

Import = Callable[..., Coroutine[None, None, IntakeResult]]


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax")
    return town


@pytest.fixture
def run(db: asyncpg.Connection, tmp_path: Path) -> Import:
    return partial(import_rows, db, tmp_path, mapping=WORDS)


async def address(town: Town, debtor_id: int) -> str:
    return str(await town.conn.fetchval("SELECT addressee_no FROM debtor WHERE debtor_id = $1", debtor_id))


async def contacted_at(town: Town, debtor_id: int) -> datetime | None:
    found = await town.conn.fetchval("SELECT contacted_at FROM debtor_progress WHERE debtor_id = $1", debtor_id)
    assert found is None or isinstance(found, datetime)
    return found


@pytest.mark.parametrize(("way", "result"), CONTACTS)
async def test_whoever_the_former_system_talked_with_this_month_leaves_this_months_list(
    town: Town, run: Import, way: str, result: str
) -> None:
    """The person or the household, whoever called whom; with the reason, and back on the list in the next month."""
    person, other = await town.person(), await town.person()
    campaign = await town.campaign()
    imported = await run(call(await address(town, person), way=way, result=result))
    assert imported.changes["contacted_new"] == 1
    assert await list_drift(town.conn) == 0
    assert [c.debtor_id for c in await town.claim(campaign)] == [other]
    told = await explain_person(town.conn, TUESDAY, debtor_id=person)
    assert told is not None
    (why,) = told.campaigns
    assert why.standing == (Reason.ALREADY_CONTACTED_THIS_MONTH,)
    assert why.facts.contacted_at == datetime(2026, 11, 19, 1, tzinfo=UTC)
    assert why.next.at == datetime(2026, 12, 1, 9, tzinfo=JST)
    assert [c.debtor_id for c in await town.claim(campaign, why.next.at)] == [person]


@pytest.mark.parametrize(("way", "result"), NO_CONTACTS)
async def test_what_is_no_contact_of_ours_is_none_in_the_records(
    town: Town, run: Import, way: str, result: str
) -> None:
    """Nobody talked, or a stranger, or one who asked to be called back; a return call of which nothing is told, too."""
    person = await town.person()
    campaign = await town.campaign()
    imported = await run(call(await address(town, person), way=way, result=result))
    assert imported.changes["contacted_new"] == 0
    assert may_call(await read_facts(town.conn, campaign, person, TUESDAY), TUESDAY).allowed
    assert [c.debtor_id for c in await town.claim(campaign)] == [person]


async def test_a_list_made_after_the_records_leaves_the_contacted_out_as_well(town: Town, run: Import) -> None:
    """Those of this month, as Japan counts it; what was before midnight belongs to October."""
    early, late = await town.person(), await town.person()
    result = await run(
        call(await address(town, early), day="20261031", time="2359", result="本人"),
        call(await address(town, late), day="20261101", time="0000", result="本人"),
    )
    assert result.changes["contacted_new"] == 1
    campaign = await town.campaign()
    assert [c.debtor_id for c in await town.claim(campaign)] == [early]
    assert await list_drift(town.conn) == 0


async def test_the_same_contacts_again_change_nothing_and_a_later_one_counts(town: Town, run: Import) -> None:
    """A record older than what is known is kept, and tells nothing new about the month."""
    person = await town.person()
    no = await address(town, person)
    rows = [call(no, day="20261110", result="本人"), call(no, day="20261117", result="家族")]
    assert (await run(*rows)).changes["contacted_new"] == 1
    written = await town.conn.fetch("SELECT xmin::text, * FROM debtor_progress")
    again = await run(*rows)
    assert again.applied
    assert not again.changed
    assert await town.conn.fetch("SELECT xmin::text, * FROM debtor_progress") == written
    assert (await run(call(no, day="20261105", result="本人"))).changes["contacted_new"] == 0
    assert (await run(call(no, day="20261118", result="本人"))).changes["contacted_new"] == 1
    assert await contacted_at(town, person) == datetime(2026, 11, 18, 1, tzinfo=UTC)


async def test_contacts_of_records_that_are_held_already_are_made_good_by_the_same_file(
    town: Town, run: Import
) -> None:
    """Kept by a release in which they did not count; nothing else is new."""
    person = await town.person()
    rows = [call(await address(town, person), result="本人")]
    await run(*rows)
    await town.conn.execute("UPDATE debtor_progress SET contacted_at = NULL")
    again = await run(*rows)
    assert {name: n for name, n in again.changes.items() if n} == {"contacted_new": 1}
    assert await contacted_at(town, person) == datetime(2026, 11, 19, 1, tzinfo=UTC)


async def test_a_dry_run_takes_nobody_off(town: Town, run: Import) -> None:
    """It counts whom it would take off."""
    person = await town.person()
    campaign = await town.campaign()
    tried = await run(call(await address(town, person), result="本人"), dry_run=True)
    assert tried.changes["contacted_new"] == 1
    assert [c.debtor_id for c in await town.claim(campaign)] == [person]


TALK = datetime(2026, 11, 17, 1, tzinfo=UTC)
BEFORE, SINCE = datetime(2026, 11, 12, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize("recalled_at", [None, BEFORE, SINCE], ids=["no recall", "recalled before", "recalled since"])
@pytest.mark.parametrize("tried_at", [None, BEFORE, SINCE], ids=["never tried", "tried before", "tried since"])
async def test_a_contact_in_the_records_undoes_nothing_that_came_after_it(
    town: Town, run: Import, tried_at: datetime | None, recalled_at: datetime | None
) -> None:
    """What was before is over, as after a talk of our own; what a later try left, and a later recall, stand."""
    person = await town.person()
    campaign = await town.campaign()
    urgency = Urgency.NONE if recalled_at is None else Urgency.CALLBACK
    await town.conn.execute(
        "UPDATE debtor_progress SET last_attempt_at = $1, overdue_from = $2, recall_from = $3, urgency = $4,"
        " missed_cells = 3, wants_waiting_agent = true",
        tried_at, TUESDAY, recalled_at, urgency,
    )  # fmt: skip
    if recalled_at is not None:
        await town.conn.execute(
            "INSERT INTO callback (debtor_id, due_at, made_at) VALUES ($1, $2, $3)", person, TUESDAY, recalled_at
        )
    await town.listed()
    before = Progress(overdue_from=TUESDAY, urgency=urgency, missed_cells=3, wants_waiting_agent=True)
    talked = after_disposition(before, Disposition.CONTACT_PERSON, TALK, TUESDAY)
    await run(call(await address(town, person), day="20261117", result="本人"))
    row = await town.conn.fetchrow(
        "SELECT contacted_at, missed_cells, overdue_from, wants_waiting_agent, urgency FROM debtor_progress"
    )
    assert row is not None
    stands = before if tried_at is SINCE else talked
    assert tuple(row) == (
        TALK, stands.missed_cells, stands.overdue_from, stands.wants_waiting_agent,
        urgency if recalled_at is SINCE else talked.urgency,
    )  # fmt: skip
    closed = await town.conn.fetch("SELECT closed_as FROM callback WHERE closed_at IS NOT NULL")
    assert [r["closed_as"] for r in closed] == (["contacted"] if recalled_at is BEFORE else [])
    reasons = may_call(await read_facts(town.conn, campaign, person, TUESDAY), TUESDAY).reasons
    assert (Reason.ALREADY_CONTACTED_THIS_MONTH in reasons) is (recalled_at is not SINCE)
    assert await list_drift(town.conn) == 0


async def test_an_attempt_that_ends_during_the_import_and_the_import_wait_in_one_order(
    town: Town, run: Import, dsn: str
) -> None:
    """Progress first, then evidence: in the other order each would hold what the other waits for."""
    person = await town.person(numbers=[number := town.number()])
    await town.campaign()
    record = call(await address(town, person), number="0" + number.removeprefix("+81"), result="本人")
    other = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    try:
        transaction = other.transaction()
        await transaction.start()
        await queries.lock_progress(other, debtor_id=person)
        importing = asyncio.create_task(run(record))
        await until_found(lambda: other.fetchval(waiting), what="the import waits for the ended attempt")
        await add(other, Seen(person, number, Window.WEEKDAY, TUESDAY, hits=0.0, misses=1.0))
        await transaction.commit()
        assert (await importing).changes["contacted_new"] == 1
    finally:
        await other.close()
    hits, misses = (await town.conn.fetch("SELECT weekday_hits, weekday_misses FROM pick_up"))[0]
    assert (round(hits), round(misses)) == (1, 1)
