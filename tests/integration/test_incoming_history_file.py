"""A former system's records into a real PostgreSQL: kept once, their evidence counted once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest

from campaigns.evidence import HALF_LIFE_DAYS
from campaigns.importing.history.importer import import_history
from campaigns.importing.history.mapping import HISTORY_MAPPINGS, load_history_mapping
from campaigns.importing.importer import import_file
from campaigns.importing.intake import IntakeResult
from campaigns.importing.mapping import load_mapping, names
from campaigns.importing.pipeline import Progress
from campaigns.importing.report import intake_report
from campaigns.listing import list_drift
from campaigns.model import E164, Window
from dialer.simulation.habits import habits_of
from dialer.simulation.history_file import write_history
from dialer.simulation.past import past_calls
from dialer.simulation.people_file import write_people
from tests.fixtures_history import NIIGATA, call, import_rows
from tests.fixtures_people import TUESDAY, Town

DEADLY = msgspec.structs.replace(NIIGATA, mark_dead=True)
TABLES = ("past_call", "pick_up", "phone", "debtor_phone", "import_file", "debtor_progress", "list_entry")

Import = Callable[..., Awaitable[IntakeResult]]


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    town = Town(db)
    await town.debt_types("city_tax", "care_insurance")
    return town


@pytest.fixture
def run(db: asyncpg.Connection, tmp_path: Path) -> Import:
    """Import rows as Niigata's former system writes them."""
    return partial(import_rows, db, tmp_path)


async def address(town: Town, debtor_id: int) -> str:
    return str(await town.conn.fetchval("SELECT addressee_no FROM debtor WHERE debtor_id = $1", debtor_id))


async def tally(town: Town, debtor_id: int) -> dict[tuple[str, str], tuple[int, int]]:
    """Hits and misses by number and kind of hour, those that are not nothing; fading is rounded away."""
    found = {}
    for row in await town.conn.fetch("SELECT * FROM pick_up WHERE debtor_id = $1", debtor_id):
        for window in Window:
            counted = round(row[f"{window}_hits"]), round(row[f"{window}_misses"])
            if counted != (0, 0):
                found[row["number"], str(window)] = counted
    return found


async def versions(db: asyncpg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row with the transaction that wrote it: equal only when nothing was written."""
    return {t: [tuple(r) for r in await db.fetch(f"SELECT xmin::text, * FROM {t} ORDER BY ctid")] for t in TABLES}


def national(number: str) -> str:
    return "0" + number.removeprefix("+81")


async def test_each_record_is_kept_and_teaches_its_kind_of_hour(town: Town, run: Import) -> None:
    """Somebody picked up: a hit, whoever it was; voicemail and no answer: a miss; busy and not in service: nothing."""
    person = await town.person()
    no, (number,) = (
        await address(town, person),
        [r["number"] for r in await town.conn.fetch("SELECT number FROM phone")],
    )
    told = national(number)
    result = await run(
        call(no, time="1000", number=told), call(no, time="1130", number=told, result="留守電"),
        call(no, time="1230", number=told, result="話中"), call(no, time="1900", number=told, result="本人"),
        call(no, day="20261121", number=told, result="第三者"), call(no, day="20261123", number=told, result="家族"),
        call(no, time="1500", number=told, result="番号違い"),
    )  # fmt: skip
    assert result.changes == {
        "past_calls_new": 7, "evidence_new": 5, "contacted_new": 1, "links_new": 0, "numbers_dead": 0,
    }  # fmt: skip
    assert await tally(town, person) == {
        (number, "weekday"): (0, 2),
        (number, "evening"): (1, 0),
        (number, "weekend"): (2, 0),
    }
    kept = await town.conn.fetch("SELECT at, call_window, result, direction, source FROM past_call ORDER BY at LIMIT 1")
    assert [tuple(r) for r in kept] == [
        (datetime(2026, 11, 19, 1, tzinfo=UTC), "weekday", "no_answer", "outbound", "niigata")
    ]  # fmt: skip


async def test_the_same_file_again_writes_nothing(town: Town, run: Import) -> None:
    """Not even where records are kept to the hour and look alike; a longer file adds only what is new."""
    no = await address(town, await town.person())
    rows = [call(no), call(no), call(no, number="09000009999"), call(no, way="返電", result="")]
    assert (await run(*rows)).changes["past_calls_new"] == 4
    before = await versions(town.conn)
    again = await run(*rows)
    assert again.applied
    assert not again.changed
    assert "何も変わりませんでした" in intake_report(again)[-1]
    assert await versions(town.conn) == before
    more = await run(*rows, call(no), call(no, time="1900"))
    assert (more.changes["past_calls_new"], more.changes["evidence_new"]) == (2, 2)


async def test_older_records_weigh_less(town: Town, run: Import) -> None:
    """Half after one half-life, whatever the order of the rows."""
    person = await town.person()
    no = await address(town, person)
    today = date(2026, 11, 19)
    then = today - timedelta(days=int(HALF_LIFE_DAYS))
    await run(call(no, day=f"{today:%Y%m%d}"), call(no, day=f"{then:%Y%m%d}"))
    (row,) = await town.conn.fetch("SELECT weekday_misses, weekend_misses FROM pick_up")
    assert sum(row) == pytest.approx(1.5, abs=0.01)


async def test_a_record_without_a_number_is_about_the_first_one(town: Town, run: Import) -> None:
    """The best rank; not one that was learnt on a call since, nor one that had been taken off the person by then."""
    first, second, learnt = town.number(), town.number(), town.number()
    person = await town.person(numbers=[learnt, first, second])
    await town.conn.execute("UPDATE debtor_phone SET source = 'call' WHERE number = $1", learnt)
    no = await address(town, person)
    await run(call(no))
    assert await tally(town, person) == {(first, "weekday"): (0, 1)}
    assert await town.conn.fetchval("SELECT number FROM past_call") is None, "what is told is kept as it was told"


async def test_a_return_call_is_a_hit_in_its_window(town: Town, run: Import) -> None:
    """The person was free then (CALL-6); its result needs no word."""
    person = await town.person(numbers=[town.number(), own := town.number()])
    no = await address(town, person)
    await run(call(no, time="1830", way="返電", number=national(own), result=""))
    assert await tally(town, person) == {(own, "evening"): (1, 0)}


async def test_numbers_that_the_person_lacked_enter_behind_the_others(town: Town, run: Import) -> None:
    """With their source, and evidence; not the dead, the removed, a stranger's, nor one last heard out of service."""
    own, dead, removed = town.number(), town.number(), town.number()
    person = await town.person(numbers=[own, dead, removed])
    await town.person(numbers=[sharers := town.number()])
    await town.conn.execute("UPDATE phone SET dead_at = now(), dead_reason = 'call' WHERE number = $1", dead)
    await town.conn.execute("UPDATE debtor_phone SET removed_at = now() WHERE number = $1", removed)
    await town.campaign()
    no = await address(town, person)
    fresh, gone, wrong = "09000008001", "09000008002", "09000008003"
    result = await run(
        call(no, number=fresh, result="本人"), call(no, number=national(sharers)), call(no, number=national(dead)),
        call(no, number=national(removed)), call(no, number=wrong, result="番号違い"),
        call(no, number=gone, result="本人"), call(no, number=gone, time="1100", result="不通"),
    )  # fmt: skip
    assert result.changes["links_new"] == 2
    links = await town.conn.fetch(
        "SELECT number, rank, source FROM debtor_phone WHERE debtor_id = $1 AND source = 'history' ORDER BY rank",
        person,
    )
    assert {r["number"] for r in links} == {"+819000008001", sharers}
    assert min(r["rank"] for r in links) == 4
    assert set(await tally(town, person)) == {("+819000008001", "weekday"), (sharers, "weekday"), (dead, "weekday")}
    assert await list_drift(town.conn) == 0


async def test_a_person_without_any_number_gets_on_the_list_by_the_records(town: Town, run: Import) -> None:
    """The former system knew one (CALL-9)."""
    person = await town.person(numbers=[])
    campaign = await town.campaign()
    assert not await town.claim(campaign)
    await run(call(await address(town, person), number="09000008001"))
    assert [(c.debtor_id, c.number) for c in await town.claim(campaign)] == [(person, "+819000008001")]
    assert await list_drift(town.conn) == 0


async def test_the_household_borrows_a_number_that_the_records_bring(town: Town, run: Import) -> None:
    """Who has none of her own is called on the member's (CALL-9)."""
    household = await town.household()
    person, other = [await town.person(numbers=[], household_id=household) for _ in range(2)]
    await town.campaign()
    await run(call(await address(town, person), number="09000008001", result="本人"))
    held = await town.conn.fetch("SELECT debtor_id, source FROM debtor_phone ORDER BY debtor_id")
    assert [tuple(r) for r in held] == [(person, "history"), (other, "household")]
    assert await town.conn.fetchval("SELECT count(*) FROM list_entry") == 2
    assert await list_drift(town.conn) == 0


async def test_a_number_dies_by_a_record_only_where_the_mapping_says_so(town: Town, run: Import) -> None:
    """And only by one that is the last word on it and newer than the number's entry, for everybody who has it."""
    number = town.number()
    people = [await town.person(numbers=[number]) for _ in range(2)]
    await town.conn.execute("UPDATE debtor_phone SET added_at = '2026-06-01'")
    await town.campaign()
    no, told = await address(town, people[0]), national(number)
    late, early = (
        call(no, day="20261119", number=told, result="不通"),
        call(no, day="20260501", number=told, result="不通"),
    )
    dead = "SELECT dead_reason FROM phone WHERE number = $1"
    await run(early, mapping=DEADLY)
    assert await town.conn.fetchval(dead, number) is None, "it was entered since"
    await run(late)
    assert await town.conn.fetchval(dead, number) is None, "the mapping doesn't say so"
    again = call(no, day="20261120", number=told, result="本人")
    await run(again, mapping=DEADLY)
    assert await town.conn.fetchval(dead, number) is None, "somebody picked up afterwards"
    assert await town.conn.fetchval("SELECT count(*) FROM list_entry") == 2
    last = await run(call(no, day="20261123", number=told, result="不通"), mapping=DEADLY)
    assert last.changes["numbers_dead"] == 1
    assert await town.conn.fetchval(dead, number) == "history"
    assert await town.conn.fetchval("SELECT count(*) FROM list_entry") == 0
    assert await list_drift(town.conn) == 0


async def test_a_number_that_rang_for_us_since_stays_alive(town: Town, run: Import) -> None:
    """Our own call knows better than an older record."""
    number = town.number()
    person = await town.person(numbers=[number])
    await town.conn.execute("UPDATE debtor_phone SET added_at = '2026-06-01'")
    await town.conn.execute("INSERT INTO number_progress VALUES ($1, '2026-11-20', '2026-11-20')", number)
    no = await address(town, person)
    result = await run(call(no, number=national(number), result="不通"), mapping=DEADLY)
    assert result.changes["numbers_dead"] == 0


async def test_records_of_strangers_are_left_out_or_refused_when_strict(town: Town, run: Import) -> None:
    """People whose debts are settled by now; the report names lines, no value."""
    no = await address(town, await town.person())
    refused = await run(call(no), call("987654"), strict=True)
    assert (refused.applied, refused.problems.errors, refused.problems.bad_rows) == (False, 1, 1)
    assert await town.conn.fetchval("SELECT count(*) FROM past_call") == 0
    assert await town.conn.fetchval("SELECT count(*) FROM import_file") == 0
    result = await run(call(no), call("987654"), call(no, way="催告書", result=""))
    assert (result.applied, result.left_out, result.skipped) == (True, 1, 1)
    text = "\n".join(intake_report(result))
    assert "3行目 宛名番号: この宛名番号の対象者はいません（使いません）（注意）" in text
    assert "987654" not in text


async def test_one_bad_row_or_a_dry_run_keeps_everything_out(town: Town, run: Import) -> None:
    """Neither records nor numbers nor evidence."""
    no = await address(town, await town.person())
    before = await versions(town.conn)
    refused = await run(call(no, number="09000008001"), call(no, day="20261131"))
    assert [(p.line, p.column, p.code) for p in refused.problems.kept] == [(3, "処理日", "date_invalid")]
    assert not refused.applied
    assert await versions(town.conn) == before
    tried = await run(call(no, number="09000008001"), dry_run=True)
    assert (tried.applied, tried.changes["links_new"]) == (False, 1)
    assert await versions(town.conn) == before


@pytest.mark.parametrize("name", names(HISTORY_MAPPINGS))
async def test_the_sample_of_each_city_is_applied(db: asyncpg.Connection, name: str) -> None:
    """After the sample of its debts, by the same people."""
    debts = HISTORY_MAPPINGS.parent / "samples" / f"{name}.csv"
    await import_file(db, debts, load_mapping(name), now=TUESDAY, progress=lambda _: None)
    file = HISTORY_MAPPINGS / "samples" / f"{name}.csv"
    result = await import_history(db, file, load_history_mapping(name), now=TUESDAY, progress=lambda _: None)
    assert result.applied
    assert result.problems.kept == []
    assert result.changes["past_calls_new"] == result.rows - result.skipped > 10


async def test_half_a_year_of_records_makes_people_known(
    db: asyncpg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evidence that is counted in several lots agrees with the habits behind it; progress grows to its end."""
    monkeypatch.setattr("campaigns.importing.history.importer.EVIDENCE_ROWS", 500)
    monkeypatch.setattr("campaigns.importing.intake.STAGE_ROWS", 2_000)
    made = write_people(tmp_path / "people.csv", load_mapping("niigata"), 2_000, 5)
    await import_file(db, tmp_path / "people.csv", load_mapping("niigata"), now=TUESDAY, progress=lambda _: None)
    habits = habits_of(made, seed=5)
    calls = past_calls(made, habits, months=6, until=date(2026, 11, 20), seed=5)
    write_history(tmp_path / "history.csv", NIIGATA, calls)
    seen: list[Progress] = []
    result = await import_history(db, tmp_path / "history.csv", NIIGATA, now=TUESDAY, progress=seen.append)
    assert result.applied
    shares = [(p.phase, p.done_bytes) for p in seen]
    assert shares == sorted(shares)
    assert len(shares) > 10
    assert shares[-1] == ("merging", seen[-1].total_bytes)
    rows = await db.fetch("SELECT number, weekday_hits + weekday_misses AS n, weekday_hits FROM pick_up")
    assert len(rows) > 400
    expected = sum(habits[E164(r["number"])].pick_up[Window.WEEKDAY] * r["n"] for r in rows)
    assert sum(r["weekday_hits"] for r in rows) / expected == pytest.approx(1.05, abs=0.1), "busy lines teach nothing"
