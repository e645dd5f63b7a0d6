"""A city's file into a real PostgreSQL: whole or not at all, once and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from campaigns.campaign import NewCampaign, add_campaign
from campaigns.importing.faults import FileFault, ImportBusy, TooManyAbsent
from campaigns.importing.importer import ImportResult, Progress, import_file
from campaigns.importing.mapping import MAPPINGS, Mapping, load_mapping, names
from campaigns.importing.report import text_report, write_csv_report
from campaigns.listing import list_drift
from campaigns.model import DialMode
from dialer.simulation.people_file import write_people

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
NIIGATA = load_mapping("niigata")
HEADER = (
    "宛名番号,世帯番号,氏名,カナ,郵便番号,住所,生年月日,税目(料),調定,賦課,通知書番号,期別,納期限,本税(料),"
    "延滞金,備考,納付日,催告中止,電話番号1,電話番号2\n"
)
TABLES = (
    "debt_type", "household", "debtor", "phone", "debtor_phone", "debt_item", "contact_stop", "import_file",
    "debtor_progress", "list_entry",
)  # fmt: skip


def row(**given: str) -> str:
    """One good line, with differences."""
    cells = {
        "no": "1", "household": "10", "name": "見本　太郎", "kana": "", "postal": "950-0000", "address": "緑丘1",
        "born": "19600101", "type": "市税", "assessed": "2025", "levied": "2025", "notice": "N1", "instalment": "1",
        "due": "20250630", "yen": "1000", "late": "要す", "remark": "", "paid_on": "", "stop": "0",
        "phone1": "090-0000-0001", "phone2": "",
    }  # fmt: skip
    assert set(given) <= set(cells)
    return ",".join((cells | given).values()) + "\n"


Import = Callable[..., Awaitable[ImportResult]]


@pytest.fixture
def run(db: asyncpg.Connection, tmp_path: Path) -> Import:
    """Import rows (or a file) as Niigata does."""

    async def run(*rows: str, mapping: Mapping = NIIGATA, now: datetime = NOW, **options: Any) -> ImportResult:
        file = tmp_path / "file.csv"
        file.write_text(HEADER + "".join(rows), encoding="utf-8")
        return await import_file(db, file, mapping, now=now, progress=lambda _: None, **options)

    return run


async def versions(db: asyncpg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table with the transaction that wrote it: equal only when nothing was written."""
    return {t: [tuple(r) for r in await db.fetch(f"SELECT xmin::text, ctid::text, * FROM {t} ORDER BY ctid")]
            for t in TABLES}  # fmt: skip


async def counts(db: asyncpg.Connection) -> dict[str, int]:
    return {table: await db.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}


async def test_a_file_becomes_people_households_numbers_and_debts(db: asyncpg.Connection, run: Import) -> None:
    """Everything that the file says can be found again (DATA-1)."""
    result = await run(
        row(), row(instalment="2", due="20250831"), row(type="介護保険料", notice="K1", phone2="025-000-0001"),
        row(no="2", name="葛\U000e0100　花子", notice="N2", phone1="０２５−０００−０００１", late="300", stop="1"),
    )  # fmt: skip
    assert result.applied
    assert result.problems.kept == []
    assert (result.rows, result.good_rows, result.persons) == (4, 4, 2)
    found = await counts(db)
    assert (found["debtor"], found["household"], found["debt_item"], found["phone"]) == (2, 1, 4, 2)
    assert found["debtor_phone"] == 3
    assert found["debtor_progress"] == 2, "scheduling finds everybody"
    person = await db.fetchrow("SELECT * FROM debtor WHERE addressee_no = '2'")
    assert (person["name"], person["postal_code"], person["born_on"]) == (
        "葛\U000e0100　花子", "9500000", date(1960, 1, 1),
    )  # fmt: skip
    item = await db.fetchrow("SELECT * FROM debt_item WHERE notice_no = 'N2'")
    assert (item["due_on"], item["principal_yen"], item["late_charge_yen"]) == (date(2025, 6, 30), 1000, 300)
    ranks = "SELECT number, rank FROM debtor_phone JOIN debtor USING (debtor_id) WHERE addressee_no = '1' ORDER BY rank"
    assert [tuple(r) for r in await db.fetch(ranks)] == [("+819000000001", 1), ("+81250000001", 2)]
    assert await db.fetchval("SELECT count(*) FROM contact_stop JOIN debtor USING (debtor_id) WHERE addressee_no = '2'")


@pytest.mark.parametrize("name", names())
async def test_the_sample_of_each_city_is_applied(db: asyncpg.Connection, name: str) -> None:
    """Four cities, four encodings and date forms."""
    file = MAPPINGS / "samples" / f"{name}.csv"
    result = await import_file(db, file, load_mapping(name), now=NOW, progress=lambda _: None)
    assert result.applied
    assert (result.rows, result.problems.errors) == (12, 0)
    assert await db.fetchval("SELECT count(*) FROM debt_item") == 12


async def test_the_same_file_again_writes_nothing(db: asyncpg.Connection, tmp_path: Path) -> None:
    """No row of any table gets a new version, whatever the time is, and the result says so."""
    file = tmp_path / "people.csv"
    write_people(file, NIIGATA, 2_000, 1)
    first = await import_file(db, file, NIIGATA, now=NOW, progress=lambda _: None)
    assert first.changes.debts_new == 2_000
    await add_campaign(db, _campaign())
    before = await versions(db)
    assert before["list_entry"]
    again = await import_file(db, file, NIIGATA, now=NOW + timedelta(days=1), progress=lambda _: None)
    assert again.applied
    assert not again.changes.any
    assert "何も変わりませんでした" in text_report(again)[-1]
    assert await versions(db) == before


async def test_a_file_whose_rows_disagree_still_changes_nothing_the_second_time(
    db: asyncpg.Connection, run: Import
) -> None:
    """The later of two addresses wins once and for all."""
    rows = [row(), row(instalment="2", address="東浜2", household="11"), row(instalment="3")]
    assert (await run(*rows)).problems.warnings
    before = await versions(db)
    assert not (await run(*rows)).changes.any
    assert await versions(db) == before


async def test_one_bad_row_keeps_the_whole_file_out(db: asyncpg.Connection, run: Import, tmp_path: Path) -> None:
    """Applied whole or not at all; the report names line, column and reason, as text and as CSV."""
    before = await counts(db)
    result = await run(*(row(instalment=str(n)) for n in range(1, 9)), row(instalment="9", due="20250631", yen="x"))
    assert not result.applied
    assert (result.rows, result.good_rows, result.problems.errors) == (9, 8, 2)
    assert await counts(db) == before
    text = "\n".join(text_report(result))
    assert "10行目 納期限: 日付として読めません" in text
    assert "正しい行: 8" in text
    write_csv_report(result, tmp_path / "report.csv")
    assert (tmp_path / "report.csv").read_text(encoding="utf-8-sig").splitlines() == [
        "行,列,区分,コード,理由",
        "10,納期限,誤り,date_invalid,日付として読めません",
        "10,本税(料),誤り,yen_invalid,金額として読めません",
    ]


async def test_an_error_after_the_first_batches_takes_them_back(
    db: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batches are merged while later ones are checked; the last line's error still undoes all."""
    monkeypatch.setattr("campaigns.importing.importer.CHECK_ROWS", 50)
    monkeypatch.setattr("campaigns.importing.importer.MERGE_ROWS", 100)
    file = tmp_path / "people.csv"
    write_people(file, NIIGATA, 1_000, 1)
    with file.open("ab") as out:
        out.write(b"broken\r\n")
    result = await import_file(db, file, NIIGATA, now=NOW, progress=lambda _: None)
    assert [(p.line, p.code) for p in result.problems.kept] == [(1_002, "column_count")]
    assert result.good_rows == 1_000
    assert set((await counts(db)).values()) == {0}


async def test_batches_of_any_size_give_the_same_result(
    dsn: str, db: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person whose rows lie in two batches is one person."""
    file = tmp_path / "people.csv"
    write_people(file, NIIGATA, 700, 1)
    monkeypatch.setattr("campaigns.importing.importer.CHECK_ROWS", 7)
    monkeypatch.setattr("campaigns.importing.importer.MERGE_ROWS", 20)
    small = await import_file(db, file, NIIGATA, now=NOW, progress=lambda _: None)
    monkeypatch.undo()
    assert not (await import_file(db, file, NIIGATA, now=NOW, progress=lambda _: None)).changes.any
    assert small.changes.debts_new == 700


async def test_people_are_merged_by_addressee_number_across_files(db: asyncpg.Connection, run: Import) -> None:
    """The health insurance's file knows the number that the tax office lacks (CALL-9)."""
    await run(row(phone1=""))
    result = await run(row(type="国民健康保険料", notice="H1"))
    assert (result.changes.persons_new, result.changes.links_new) == (0, 1)
    assert (await counts(db))["debtor"] == 1


async def test_a_person_without_a_number_gets_those_of_the_household(db: asyncpg.Connection, run: Import) -> None:
    """Landline first; her own number, once known, comes before them (CALL-9, N 8(1)エ)."""
    rows = [row(phone2="025-000-0001"), row(no="2", name="見本　花子", notice="N2", phone1="")]
    assert (await run(*rows)).changes.borrowers == 1
    links = (
        "SELECT number, source FROM debtor_phone JOIN debtor USING (debtor_id) WHERE addressee_no = '2'"
        " ORDER BY rank, number"
    )
    assert [tuple(r) for r in await db.fetch(links)] == [
        ("+81250000001", "household"),
        ("+819000000001", "household"),
    ]
    await run(rows[0], row(no="2", name="見本　花子", notice="N2", phone1="090-0000-0002", phone2="025-000-0001"))
    assert [tuple(r) for r in await db.fetch(links)] == [
        ("+819000000002", "import"),
        ("+81250000001", "import"),
        ("+819000000001", "household"),
    ]


async def test_what_calls_have_taught_is_not_undone_by_a_file(db: asyncpg.Connection, run: Import) -> None:
    """A dead number stays dead, a wrong one removed, a learnt one known, a rank kept."""
    rows = [row(phone2="090-0000-0002")]
    await run(*rows)
    await db.execute("UPDATE phone SET dead_at = now(), dead_reason = 'call' WHERE number = '+819000000001'")
    await db.execute("UPDATE debtor_phone SET removed_at = now(), rank = 9 WHERE number = '+819000000002'")
    await db.execute("INSERT INTO phone (number, kind) VALUES ('+819000000003', 'mobile')")
    await db.execute(
        "INSERT INTO debtor_phone (debtor_id, number, source, added_at)"
        " SELECT debtor_id, '+819000000003', 'call', now() FROM debtor"
    )
    before = await versions(db)
    for mapping in (NIIGATA, msgspec.structs.replace(NIIGATA, phones_absent="remove")):
        assert not (await run(*rows, mapping=mapping)).changes.any
        assert await versions(db) == before


async def test_numbers_gone_from_the_file_are_kept_unless_the_mapping_says_remove(
    db: asyncpg.Connection, run: Import
) -> None:
    """Removed ones come back when the file holds them again."""
    remove = msgspec.structs.replace(NIIGATA, phones_absent="remove")
    live = "SELECT array_agg(number ORDER BY number) FROM debtor_phone WHERE removed_at IS NULL"
    await run(row(phone2="090-0000-0002"))
    await run(row())
    assert await db.fetchval(live) == ["+819000000001", "+819000000002"]
    assert (await run(row(), mapping=remove)).changes.links_removed == 1
    assert await db.fetchval(live) == ["+819000000001"]
    assert (await run(row(phone2="090-0000-0002"), mapping=remove)).changes.links_new == 1
    assert await db.fetchval(live) == ["+819000000001", "+819000000002"]


async def test_changed_facts_are_written_and_only_those(db: asyncpg.Connection, run: Import) -> None:
    """One of two people moves, one of two debts shrinks."""
    other = row(no="2", name="見本　花子", household="20", notice="N2")
    await run(row(), other)
    result = await run(row(address="東浜2", yen="400"), other, now=NOW + timedelta(days=1))
    assert (result.changes.persons_changed, result.changes.debts_changed) == (1, 1)
    assert await db.fetchval("SELECT count(*) FROM debtor WHERE updated_at > $1", NOW) == 1
    assert await db.fetchval("SELECT principal_yen FROM debt_item WHERE notice_no = 'N1'") == 400


async def test_payments_come_and_can_be_taken_back(db: asyncpg.Connection, run: Import) -> None:
    """納付日 pays a debt; the same debt without it is open again (a payment that bounced)."""
    paid = "SELECT paid_on FROM debt_item"
    await run(row(paid_on="20261101"))
    assert await db.fetchval(paid) == date(2026, 11, 1)
    await run(row())
    assert await db.fetchval(paid) is None


async def test_debts_gone_from_the_file_are_paid_only_where_the_mapping_says_so(
    db: asyncpg.Connection, run: Import
) -> None:
    """Of the debt types that the file holds; and open again when they come back."""
    absent = msgspec.structs.replace(NIIGATA, absent_means="paid")
    await run(row(), row(instalment="2"), row(type="介護保険料", notice="K1"))
    await run(row())
    unpaid = "SELECT array_agg(notice_no || '-' || instalment ORDER BY 1) FROM debt_item WHERE paid_on IS NULL"
    assert len(await db.fetchval(unpaid)) == 3
    result = await run(row(), mapping=absent)
    assert result.changes.debts_absent == 1
    assert sorted(await db.fetchval(unpaid)) == ["K1-1", "N1-1"]
    assert await db.fetchval("SELECT paid_on FROM debt_item WHERE instalment = 2") == date(2026, 11, 20)
    assert not (await run(row(), mapping=absent, now=NOW + timedelta(days=1))).changes.any
    await run(row(), row(instalment="2"), mapping=absent)
    assert len(await db.fetchval(unpaid)) == 3


async def test_a_file_that_lacks_too_much_is_taken_for_a_cut_one(db: asyncpg.Connection, run: Import) -> None:
    """Otherwise half a file would mark the other half as paid."""
    absent = msgspec.structs.replace(NIIGATA, absent_means="paid", absent_max_ratio=0.3)
    rows = [row(instalment=str(n)) for n in range(1, 201)]
    await run(*rows, mapping=absent)
    before = await versions(db)
    with pytest.raises(TooManyAbsent, match="200 件のうち 100 件"):
        await run(*rows[:100], mapping=absent)
    assert await versions(db) == before
    assert (await run(*rows[:150], mapping=absent)).changes.debts_absent == 50


async def test_a_stop_is_lifted_only_by_the_file_that_set_it(db: asyncpg.Connection, run: Import) -> None:
    """Not by another department's file, and never when it was set by hand."""
    other = msgspec.structs.replace(NIIGATA, name="other")
    stops = "SELECT count(*) FROM contact_stop"
    await run(row(stop="1"))
    assert (await run(row(stop="0"), mapping=other)).changes.stops_lifted == 0
    assert await db.fetchval(stops) == 1
    await db.execute(
        "INSERT INTO contact_stop (debtor_id, since, reason) SELECT debtor_id, now(), '相談中' FROM debtor"
    )
    assert (await run(row(stop="0"))).changes.stops_lifted == 1
    assert await db.fetchval(stops) == 1


async def test_a_dry_run_counts_and_keeps_nothing(db: asyncpg.Connection, run: Import) -> None:
    """The clerk can look before the day's file is applied."""
    result = await run(row(), dry_run=True)
    assert not result.applied
    assert (result.changes.debts_new, result.changes.persons_new) == (1, 1)
    assert "試行" in text_report(result)[-1]
    assert set((await counts(db)).values()) == {0}


async def test_a_second_import_at_the_same_time_is_refused(dsn: str, db: asyncpg.Connection, run: Import) -> None:
    """Two files can't be merged into each other; the second says so at once and can be run again."""
    other = await asyncpg.connect(dsn)
    try:
        async with other.transaction():
            await other.execute("SELECT pg_advisory_xact_lock($1)", 0x7_5A6E_4149)
            with pytest.raises(ImportBusy, match="実行中"):
                await run(row())
    finally:
        await other.close()
    assert (await run(row())).applied


async def test_new_people_are_on_the_list_of_their_campaign(db: asyncpg.Connection, run: Import) -> None:
    """An import ends with the campaigns' lists brought up to date."""
    await run(row())
    campaign_id = await add_campaign(db, _campaign())
    await run(row(), row(no="2", name="見本　花子", household="20", notice="N2", phone1="090-0000-0002"))
    assert await db.fetchval("SELECT count(*) FROM list_entry WHERE campaign_id = $1", campaign_id) == 2
    assert await list_drift(db) == 0


async def test_the_debt_types_of_the_mapping_are_kept_up_to_date(db: asyncpg.Connection, run: Import) -> None:
    """A city's numbers change up to twice a year (CALL-3); the mapping is where they are kept."""
    await run(row())
    changed = msgspec.structs.replace(NIIGATA.debt_types[0], caller_id="+81250000099")
    result = await run(row(), mapping=msgspec.structs.replace(NIIGATA, debt_types=(changed, *NIIGATA.debt_types[1:])))
    assert result.changes.debt_types == 1
    assert await db.fetchval("SELECT caller_id FROM debt_type WHERE code = 'city_tax'") == "+81250000099"


async def test_progress_is_told_and_an_import_can_be_stopped(
    db: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and bytes grow; an interrupt in the middle leaves no trace and no thread."""
    monkeypatch.setattr("campaigns.importing.importer.CHECK_ROWS", 50)
    monkeypatch.setattr("campaigns.importing.importer.MERGE_ROWS", 100)
    file = tmp_path / "people.csv"
    write_people(file, NIIGATA, 1_000, 1)
    seen: list[Progress] = []
    await import_file(db, file, NIIGATA, now=NOW, progress=seen.append, dry_run=True)
    assert [p.rows for p in seen] == sorted(p.rows for p in seen)
    assert seen[-1] == Progress("merging", file.stat().st_size, file.stat().st_size, 1_000)

    def interrupt(progress: Progress) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await import_file(db, file, NIIGATA, now=NOW, progress=interrupt)
    assert set((await counts(db)).values()) == {0}
    assert not db.is_in_transaction()


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\x03" * 100, b"PK\x03\x04" + bytes(2000)])
async def test_what_is_no_table_is_refused_before_the_database_is_touched(
    db: asyncpg.Connection, tmp_path: Path, content: bytes
) -> None:
    """An empty file, a binary, an Excel workbook renamed to .csv."""
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    with pytest.raises(FileFault):
        await import_file(db, file, NIIGATA, now=NOW, progress=lambda _: None)


async def test_missing_columns_are_reported_and_nothing_is_read(db: asyncpg.Connection, tmp_path: Path) -> None:
    """The file of another city."""
    result = await import_file(
        db, MAPPINGS / "samples" / "sendai.csv", NIIGATA, now=NOW, progress=lambda _: None
    )  # fmt: skip
    assert not result.applied
    assert {(p.line, p.code) for p in result.problems.kept} == {(1, "column_missing")}
    assert "氏名" in {p.column for p in result.problems.kept}


def _campaign() -> NewCampaign:
    return NewCampaign(name="市税", dial_mode=DialMode.PROGRESSIVE, debt_types=("city_tax",))
