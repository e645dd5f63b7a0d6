"""Payments and promises into a real PostgreSQL: whole or not at all, once and again, and on the very next call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from campaigns.calendar import JST
from campaigns.claiming import claim, still_allowed
from campaigns.importing.faults import ImportBusy
from campaigns.importing.importer import import_file
from campaigns.importing.intake import IntakeResult
from campaigns.importing.mapping import Mapping, load_mapping, names
from campaigns.importing.payments.importer import import_payments
from campaigns.importing.payments.mapping import PAYMENT_MAPPINGS, PaymentMapping, load_payment_mapping
from campaigns.importing.pipeline import Progress
from campaigns.importing.report import intake_report, write_csv_report
from campaigns.listing import list_drift
from campaigns.model import Window
from campaigns.rules import Reason
from dialer.simulation.people_file import write_people
from tests.fixtures_people import TUESDAY, Town

NIIGATA, PROMISES = load_payment_mapping("niigata"), load_payment_mapping("niigata_promises")
UNPAID = msgspec.structs.replace(NIIGATA, principal_is="unpaid")
SETTLED = load_payment_mapping("kurume")
HEADERS = {
    "niigata": "税目(料),賦課,通知書番号,期別,納付日,納付額,領収番号\n",
    "niigata_promises": "宛名番号,税目(料),約束期日,約束額,約束日\n",
    "kurume": "債権名\t年度\t通知書番号\t期\t完納日\n",
}
TABLES = ("debt_item", "payment", "promise", "import_file", "list_entry", "debtor_progress")


def paid(notice_no: str, yen: int | str = 10_000, *, on: str = "20261120", receipt: str = "") -> str:
    """One payment of the only instalment of a person of the town."""
    return f"市税,2026,{notice_no},1,{on},{yen},{receipt}\n"


Import = Callable[..., Awaitable[IntakeResult]]


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    return town


@pytest.fixture
def run(db: asyncpg.Connection, tmp_path: Path) -> Import:
    """Import rows as Niigata hands them over."""

    async def run(
        *rows: str, mapping: PaymentMapping = NIIGATA, now: datetime = TUESDAY, **options: Any
    ) -> IntakeResult:
        file = tmp_path / "payments.csv"
        file.write_text(HEADERS[mapping.name] + "".join(rows), encoding="utf-8")
        return await import_payments(db, file, mapping, now=now, progress=lambda _: None, **options)

    return run


async def notice_of(town: Town, debtor_id: int) -> str:
    return str(await town.conn.fetchval("SELECT notice_no FROM debt_item WHERE debtor_id = $1", debtor_id))


async def paid_on(town: Town, notice_no: str) -> date | None:
    day: date | None = await town.conn.fetchval("SELECT paid_on FROM debt_item WHERE notice_no = $1", notice_no)
    return day


async def versions(db: asyncpg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row with the transaction that wrote it: equal only when nothing was written."""
    return {t: [tuple(r) for r in await db.fetch(f"SELECT xmin::text, * FROM {t} ORDER BY ctid")] for t in TABLES}


async def test_who_has_paid_is_refused_by_the_second_check_and_not_claimed_again(town: Town, run: Import) -> None:
    """Claimed before the file, dialed never: payments take effect on the very next call (CALL-8)."""
    payer, other = await town.person(), await town.person()
    campaign = await town.campaign()
    claims = {c.debtor_id: c for c in await town.claim(campaign)}
    assert (await still_allowed(town.conn, claims[payer].attempt_id, TUESDAY)).allowed
    result = await run(paid(await notice_of(town, payer)))
    assert result.applied
    assert result.changes["items_paid"] == 1
    verdict = await still_allowed(town.conn, claims[payer].attempt_id, TUESDAY)
    assert verdict.reasons == (Reason.PAID,)
    assert (await still_allowed(town.conn, claims[other].attempt_id, TUESDAY)).allowed
    listed = [r["debtor_id"] for r in await town.conn.fetch("SELECT debtor_id FROM list_entry")]
    assert listed == [other]
    assert await list_drift(town.conn) == 0


async def test_nobody_passes_the_second_check_after_the_commit_of_the_payment(
    town: Town, run: Import, dsn: str
) -> None:
    """Eight claimers at work during the import; whoever was claimed before, during or after it."""
    people = [await town.person() for _ in range(160)]
    notices = [await notice_of(town, debtor_id) for debtor_id in people]
    campaign, payers = await town.campaign(), set(people[::2])
    committed, at_work = asyncio.Event(), asyncio.Barrier(9)
    checked: list[tuple[int, bool, bool]] = []  # debtor, asked after the commit, allowed

    async def work() -> None:
        conn = await asyncpg.connect(dsn, server_settings={"timezone": "UTC"})
        try:
            claims = await claim(conn, campaign, 5, Window.WEEKDAY, TUESDAY)
            await at_work.wait()
            for _ in range(3):
                await check(conn, claims)
                claims += await claim(conn, campaign, 4, Window.WEEKDAY, TUESDAY)
            await committed.wait()
            claims += await claim(conn, campaign, 5, Window.WEEKDAY, TUESDAY)
            await check(conn, claims)
        finally:
            await conn.close()

    async def check(conn: asyncpg.Connection, claims: list[Any]) -> None:
        for one in claims:
            after = committed.is_set()
            verdict = await still_allowed(conn, one.attempt_id, TUESDAY)
            checked.append((one.debtor_id, after, verdict.allowed))

    async def pay() -> None:
        await at_work.wait()
        await run(*(paid(notices[n]) for n in range(0, len(people), 2)))
        committed.set()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(8):
            tasks.create_task(work())
        tasks.create_task(pay())
    late = [(debtor_id, allowed) for debtor_id, after, allowed in checked if after]
    assert {debtor_id for debtor_id, _ in late} & payers, "some payers were claimed before the commit"
    assert not [debtor_id for debtor_id, allowed in late if allowed and debtor_id in payers]
    assert all(allowed for debtor_id, allowed in late if debtor_id not in payers)
    claimed_anew = await claim(town.conn, campaign, 200, Window.WEEKDAY, TUESDAY)
    assert not {c.debtor_id for c in claimed_anew} & payers
    assert await list_drift(town.conn) == 0


async def test_the_same_file_again_writes_nothing(town: Town, run: Import) -> None:
    """No row gets a new version, the file is not logged again, and the result says so."""
    notices = [await notice_of(town, await town.person()) for _ in range(3)]
    await town.campaign()
    rows = [
        paid(notices[0]),
        paid(notices[1], 4_000),
        paid(notices[1], 4_000),
        paid(notices[2]),
        paid(notices[2], -10_000),
    ]
    first = await run(*rows)
    assert (first.changes["payments_new"], first.changes["payments_taken_back"]) == (4, 1)
    before = await versions(town.conn)
    again = await run(*rows, now=TUESDAY + timedelta(days=1))
    assert again.applied
    assert not again.changed
    assert intake_report(again)[-1].endswith("何も変わりませんでした。")
    assert await versions(town.conn) == before


async def test_one_bad_row_keeps_the_whole_file_out(town: Town, run: Import, tmp_path: Path) -> None:
    """The report names line, column and reason, as text and as CSV."""
    notice = await notice_of(town, await town.person())
    before = await versions(town.conn)
    result = await run(paid(notice), paid(notice, "壱万円"), paid(notice, on="20261131"))
    assert not result.applied
    assert await versions(town.conn) == before
    text = "\n".join(intake_report(result))
    assert "3行目 納付額: 金額として読めません" in text
    assert "取り込みませんでした" in text
    write_csv_report(result, tmp_path / "report.csv")
    assert (tmp_path / "report.csv").read_text(encoding="utf-8-sig").splitlines()[1:] == [
        "3,納付額,誤り,yen_invalid,金額として読めません",
        "4,納付日,誤り,date_invalid,日付として読めません",
    ]


async def test_parts_complete_an_instalment_when_they_reach_its_principal(town: Town, run: Import) -> None:
    """Until then the person is still to be called; the day is that of the completing part."""
    notice = await notice_of(town, await town.person())
    await run(paid(notice, 4_000, on="20261101"))
    assert await paid_on(town, notice) is None
    result = await run(paid(notice, 6_000, on="20261110"), paid(notice, 500, on="20261115"))
    assert await paid_on(town, notice) == date(2026, 11, 10)
    assert (result.changes["payments_new"], result.changes["items_paid"]) == (2, 1)


async def test_rows_alike_are_two_payments_without_receipt_numbers_and_one_with(town: Town, run: Import) -> None:
    """Twice 5,000 yen on one day pay 10,000; the same receipt twice is one payment."""
    first, second = [await notice_of(town, await town.person()) for _ in range(2)]
    result = await run(paid(first, 5_000), paid(first, 5_000), *[paid(second, 5_000, receipt="R1")] * 2)
    assert [(p.line, p.code, p.is_warning) for p in result.problems.kept] == [(3, "payment_twice", True)]
    assert result.changes["payments_new"] == 3
    assert await paid_on(town, first) == date(2026, 11, 20)
    assert await paid_on(town, second) is None


async def test_the_file_may_say_that_nothing_is_left(town: Town, run: Import) -> None:
    """A list of what is paid in full has no amounts."""
    notice = await notice_of(town, await town.person())
    await run(f"市税\t08\t{notice}\t1\t5081118\n", mapping=SETTLED)
    assert await paid_on(town, notice) == date(2026, 11, 18)


async def test_a_payment_that_is_taken_back_opens_the_instalment_again(town: Town, run: Import) -> None:
    """A flash report (速報) was wrong: the person is called again; other payments stand."""
    payer = await town.person()
    notice = await notice_of(town, payer)
    campaign = await town.campaign()
    await run(paid(notice, 4_000), paid(notice, 6_000))
    assert not await town.claim(campaign)
    result = await run(paid(notice, -6_000), now=TUESDAY)
    assert (result.changes["payments_taken_back"], result.changes["items_reopened"]) == (1, 1)
    assert [c.debtor_id for c in await town.claim(campaign)] == [payer]
    assert await list_drift(town.conn) == 0


async def test_what_was_never_paid_cannot_be_taken_back(town: Town, run: Import) -> None:
    """It is reported, and an instalment that a debts' file knows as paid stays paid."""
    notice = await notice_of(town, await town.person())
    await town.conn.execute("UPDATE debt_item SET paid_on = '2026-11-01'")
    result = await run(paid(notice, -10_000))
    assert [(p.line, p.code) for p in result.problems.kept] == [(2, "payment_unknown")]
    assert await paid_on(town, notice) == date(2026, 11, 1)


async def test_payments_of_debts_that_are_not_held_are_left_out_or_refused_when_strict(town: Town, run: Import) -> None:
    """The city's daily file holds everybody's; the report counts them (and names no value)."""
    notice = await notice_of(town, await town.person())
    rows = [paid(notice), paid("X999"), "入湯税,2026,N1,1,20261120,100,\n"]
    refused = await run(*rows, strict=True)
    assert not refused.applied
    assert refused.problems.errors == refused.problems.bad_rows == 1, "the debt type; debts are looked up only then"
    refused = await run(*rows[:2], strict=True)
    assert [(p.line, p.column, p.code) for p in refused.problems.kept] == [(3, "通知書番号", "item_unknown")]
    assert await paid_on(town, notice) is None
    result = await run(*rows)
    assert (result.applied, result.left_out, result.problems.warnings) == (True, 2, 2)
    assert await paid_on(town, notice) is not None
    assert "使わなかった行: 2" in "\n".join(intake_report(result))
    assert "X999" not in "\n".join(intake_report(result))


async def test_a_dry_run_counts_and_keeps_nothing(town: Town, run: Import) -> None:
    """The clerk can look before the day's file is applied."""
    notice = await notice_of(town, await town.person())
    before = await versions(town.conn)
    result = await run(paid(notice), dry_run=True)
    assert (result.applied, result.changes["items_paid"]) == (False, 1)
    assert "試行" in intake_report(result)[-1]
    assert await versions(town.conn) == before


async def test_where_the_principal_is_what_is_unpaid_earlier_payments_do_not_count_twice(
    town: Town, run: Import
) -> None:
    """4,000 of 10,000 paid; the debts' file then says 6,000; 2,000 more leave 4,000 open."""
    notice = await notice_of(town, await town.person())
    await run(paid(notice, 4_000, on="20261101"), mapping=UNPAID)
    await town.conn.execute("UPDATE debt_item SET principal_yen = 6000")
    await run(paid(notice, 2_000, on="20261110"), mapping=UNPAID)
    assert await paid_on(town, notice) is None
    await run(paid(notice, 4_000, on="20261115"), mapping=UNPAID)
    assert await paid_on(town, notice) == date(2026, 11, 15)


async def _debts(db: asyncpg.Connection, folder: Path, mapping: Mapping, yen: str = "1000") -> None:
    file = folder / "debts.csv"
    file.write_text(
        "宛名番号,世帯番号,氏名,カナ,郵便番号,住所,生年月日,税目(料),調定,賦課,通知書番号,期別,納期限,本税(料),"
        "延滞金,備考,納付日,催告中止,電話番号1,電話番号2\n"
        f"1,,見本　太郎,,,,,市税,2025,2025,N1,1,20250630,{yen},,,,0,,\n",
        encoding="utf-8",
    )
    result = await import_file(db, file, mapping, now=TUESDAY, progress=lambda _: None)
    assert result.applied


async def test_a_debts_file_that_does_not_know_the_payment_yet_does_not_open_it_again(
    db: asyncpg.Connection, run: Import, tmp_path: Path
) -> None:
    """The payments' file is ahead of it by days (速報); another amount means that the city knows better."""
    debts, open_items = load_mapping("niigata"), "SELECT count(*) FROM debt_item WHERE paid_on IS NULL"
    await _debts(db, tmp_path, debts)
    await run("市税,2025,N1,1,20261120,1000,\n")
    await _debts(db, tmp_path, debts)
    assert await db.fetchval(open_items) == 0
    await _debts(db, tmp_path, debts, yen="1500")
    assert await db.fetchval(open_items) == 1
    await run("市税,2025,N1,1,20261121,500,\n")
    assert await db.fetchval(open_items) == 0
    await _debts(db, tmp_path, debts, yen="1500")
    assert await db.fetchval(open_items) == 0


async def test_a_promise_keeps_the_person_uncalled_from_the_very_next_call_on(town: Town, run: Import) -> None:
    """Made at a counter: due dates of one day stand beside each other (分納), the last one covers, and its grace."""
    person = await town.person()
    campaign = await town.campaign()
    (claimed,) = await town.claim(campaign)
    no = await town.conn.fetchval("SELECT addressee_no FROM debtor")
    result = await run(
        f"{no},全債権,20261130,5000,20261120\n", f"{no},全債権,20261231,5000,20261120\n", mapping=PROMISES
    )
    assert (result.changes["promises_new"], result.changes["promises_replaced"]) == (2, 0)
    assert (await still_allowed(town.conn, claimed.attempt_id, TUESDAY)).reasons == (Reason.OPEN_PROMISE,)
    opens = "SELECT callable_from FROM list_entry WHERE debtor_id = $1"
    assert await town.conn.fetchval(opens, person) == datetime(2027, 1, 4, tzinfo=JST).astimezone(UTC)
    assert await list_drift(town.conn) == 0


async def test_a_newer_promise_replaces_an_older_one_and_never_the_other_way_round(town: Town, run: Import) -> None:
    """Whichever of the two is heard of first; the file again changes nothing, even when a promise is closed by now."""
    await town.person()
    no = await town.conn.fetchval("SELECT addressee_no FROM debtor")
    older, newer = f"{no},市税,20261130,5000,20261110\n", f"{no},市税,20261225,,20261120\n"
    await run(newer, mapping=PROMISES)
    await run(older, mapping=PROMISES)
    states = "SELECT due_on, closed_as FROM promise ORDER BY due_on"
    expected = [(date(2026, 11, 30), "replaced"), (date(2026, 12, 25), None)]
    assert [tuple(r) for r in await town.conn.fetch(states)] == expected
    await town.conn.execute("UPDATE promise SET closed_on = '2026-12-26', closed_as = 'broken' WHERE closed_as IS NULL")
    assert not (await run(older, newer, mapping=PROMISES)).changed


async def test_promises_of_strangers_and_of_types_not_held_are_left_out(town: Town, run: Import) -> None:
    """A foreign key must not stop a clerk with a message about tables."""
    await town.person()
    no = await town.conn.fetchval("SELECT addressee_no FROM debtor")
    result = await run("777,市税,20261130,,20261120\n", f"{no},保育料,20261130,,20261120\n", mapping=PROMISES)
    assert [(p.line, p.column, p.code) for p in result.problems.kept] == [
        (2, "宛名番号", "person_unknown"), (3, "税目(料)", "debt_type_not_held"),
    ]  # fmt: skip
    assert (result.applied, result.changed, result.left_out) == (True, False, 2)


@pytest.mark.parametrize("name", names(PAYMENT_MAPPINGS))
async def test_the_sample_of_each_city_is_applied(db: asyncpg.Connection, tmp_path: Path, name: str) -> None:
    """To the people whom the same seed makes: four cities, four encodings and forms."""
    debts = load_mapping(name.partition("_")[0])
    write_people(tmp_path / "people.csv", debts, 200, 7)
    await import_file(db, tmp_path / "people.csv", debts, now=TUESDAY, progress=lambda _: None)
    file = PAYMENT_MAPPINGS / "samples" / f"{name}.csv"
    seen: list[Progress] = []
    result = await import_payments(db, file, load_payment_mapping(name), now=TUESDAY, progress=seen.append)
    assert result.applied
    assert result.changed
    assert {p.code for p in result.problems.kept} <= {"item_unknown"}
    assert (seen[-1].phase, seen[-1].done_bytes, seen[-1].rows) == ("merging", file.stat().st_size, result.rows)


async def test_one_import_at_a_time_whatever_its_kind(dsn: str, town: Town, run: Import) -> None:
    """Payments of debts that are being merged would be left out as unknown."""
    other = await asyncpg.connect(dsn)
    try:
        async with other.transaction():
            await other.execute("SELECT pg_advisory_xact_lock($1)", 0x7_5A6E_4149)
            with pytest.raises(ImportBusy):
                await run()
    finally:
        await other.close()
    assert (await run()).applied
