"""A month ahead from a real database: who is counted, what a staffing brings, and `dialer plan`."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest
from click.testing import CliRunner

from campaigns.campaign import Choosing
from campaigns.errors import CampaignInvalid
from campaigns.grading.fitting import fit_model
from campaigns.grading.planning import Month, Outlook, look_ahead
from campaigns.grading.seen_hours import HOLIDAY, best_cells, cells_seen
from campaigns.model import Outcome, Window
from campaigns.opening.store import load_openings
from dialer.cli.plan import command
from tests.fixtures_hours import people_with_past
from tests.fixtures_people import TUESDAY, Town
from tests.fixtures_web import running_site


async def outlook_of(town: Town, *, floor_attempts: int = 0) -> Outlook:
    """The outlook on December, the model fitted to what is there."""
    campaign = await town.campaign(choosing=Choosing(floor_attempts=floor_attempts))
    fitted = await fit_model(town.conn, TUESDAY)
    hours = (await load_openings(town.conn)).hours_of(campaign)
    return await look_ahead(town.conn, campaign, hours, fitted, TUESDAY, Month.ahead(TUESDAY))


async def test_a_month_is_what_the_calendar_opens_at_the_pace_assumed_before_the_first_call(
    db: asyncpg.Connection,
) -> None:
    """December 2026: 20 working days with evenings, 8 days off, 12/29–1/3 closed; 7 agents, 10 calls an hour."""
    town = Town(db)
    await town.debt_types("city_tax")
    await people_with_past(town, 60, 6, TUESDAY)
    outlook = await outlook_of(town)
    assert outlook.month == Month(date(2026, 12, 1), date(2026, 12, 31))
    assert outlook.usual.sessions == (20, 20, 8)
    assert outlook.usual.hours == (8.0, 3.0, 8.0)
    assert (outlook.usual.agents, outlook.usual.calls) == ((7, 7, 7), (10.0, 10.0, 10.0))
    assert outlook.attempts_seen == 0
    assert outlook.people.total == len(outlook.people) == 60
    come = outlook.expect()
    # two thirds can be reached, and there are calls to spare: they all are, and some of the others
    assert 0.60 < come.contact_ratio < 0.90
    assert max(come.prices) < 0.05


async def test_whoever_has_promised_or_was_contacted_is_not_planned_for(db: asyncpg.Connection) -> None:
    """Kurume's denominator: open promises are out; a contact of this month is over in the next one."""
    town = Town(db)
    await town.debt_types("city_tax")
    ids = await people_with_past(town, 6, 1, TUESDAY)
    await db.execute(
        "INSERT INTO promise (debtor_id, due_on, made_at) VALUES ($1, $2, $3)", ids[0], date(2026, 12, 10), TUESDAY
    )
    await db.execute("INSERT INTO contact_stop VALUES ($1, $2, '訴訟')", ids[1], TUESDAY)
    await db.execute("UPDATE debt_item SET paid_on = $2 WHERE debtor_id = $1", ids[2], date(2026, 11, 20))
    await db.execute("UPDATE debtor_progress SET contacted_at = $2 WHERE debtor_id = $1", ids[3], TUESDAY)
    outlook = await outlook_of(town)
    assert outlook.people.total == 3


async def test_the_pace_is_that_of_the_calls_that_were_placed(db: asyncpg.Connection) -> None:
    """Two attempts in one clock hour by one agent are two an agent hour; kinds not seen go by those that were."""
    town = Town(db)
    await town.debt_types("city_tax")
    await people_with_past(town, 4, 1, TUESDAY - timedelta(days=60))
    campaign = await town.campaign()
    first, second = await town.claim(campaign, limit=2)
    await town.talk(first, agent_id=7)
    await town.dial(second, Outcome.NO_ANSWER)
    now = TUESDAY + timedelta(hours=1)
    hours = (await load_openings(db)).hours_of(campaign)
    outlook = await look_ahead(db, campaign, hours, await fit_model(db, now), now, Month.ahead(now))
    assert outlook.usual.agents == (1, 1, 1)
    assert outlook.usual.calls == (2.0, 2.0, 2.0)
    assert outlook.attempts_seen == 2


async def test_hours_are_counted_by_day_of_the_week_and_holidays_for_themselves(db: asyncpg.Connection) -> None:
    """Past records and own attempts together; a voicemail service is no contact; few attempts propose nothing."""
    town = Town(db)
    await town.debt_types("city_tax")
    ids = await people_with_past(town, 3, 0, TUESDAY)
    campaign = await town.campaign()
    number = await db.fetchval("SELECT number FROM debtor_phone WHERE debtor_id = $1", ids[0])
    import_id = await db.fetchval("SELECT import_id FROM import_file")
    holiday = TUESDAY - timedelta(days=1)  # Monday, 23 November: Labour Thanksgiving Day
    calls = [(TUESDAY - timedelta(weeks=1, minutes=n), Window.WEEKDAY, "contact_person") for n in range(30)]
    calls += [(TUESDAY - timedelta(weeks=2, minutes=n), Window.WEEKDAY, "no_answer") for n in range(30)]
    calls += [(holiday, Window.WEEKEND, "contact_household"), (holiday, Window.WEEKEND, "voicemail")]
    await db.executemany(
        "INSERT INTO past_call (debtor_id, number, at, direction, call_window, result, source, import_id)"
        f" VALUES ({ids[0]}, '{number}', $1, 'outbound', $2, $3, 'm', {import_id})",
        calls,
    )
    cells = {(c.day, c.hour): c for c in await cells_seen(db, campaign.campaign_id, TUESDAY + timedelta(hours=1))}
    assert cells[HOLIDAY, 10].attempts == 2
    assert cells[HOLIDAY, 10].contacts == cells[HOLIDAY, 10].hits == 1
    assert sum(c.attempts for key, c in cells.items() if key[0] == 2) == 60
    best = best_cells(list(cells.values()))
    assert [c.day for c in best] == [2, 2][: len(best)]
    assert best[0].at_least < best[0].contact_ratio


async def test_a_list_with_nobody_and_a_month_without_sessions_come_to_nothing(db: asyncpg.Connection) -> None:
    """No division by nothing; alternatives of nothing are still shown."""
    town = Town(db)
    await town.debt_types("city_tax")
    outlook = await outlook_of(town, floor_attempts=2)
    come = outlook.expect()
    assert (come.people, come.contact_ratio, sum(come.contacts)) == (0, 0.0, 0.0)
    assert outlook.price_of_floor(outlook.usual, come) == 0.0
    assert all(one.gain == 0 for one in outlook.alternatives(outlook.usual))


async def test_the_floor_has_a_price_where_places_are_few(db: asyncpg.Connection) -> None:
    """Calls to those who hardly ever answer are taken from those who do, as 24 records of each tell them apart."""
    town = Town(db)
    await town.debt_types("city_tax")
    await people_with_past(town, 90, 24, TUESDAY)
    outlook = await outlook_of(town, floor_attempts=2)
    scarce = replace(outlook.usual, sessions=(10, 0, 0), agents=(1, 1, 1), calls=(2.25, 2.25, 2.25))  # 180 calls
    assert outlook.price_of_floor(scarce, outlook.expect(scarce)) > 1
    assert outlook.price_of_floor(outlook.usual, outlook.expect()) < 1


def test_only_this_month_and_the_next_twelve_can_be_planned() -> None:
    """A month that has begun is planned from tomorrow on."""
    assert Month.ahead(TUESDAY, date(2026, 11, 1)) == Month(date(2026, 11, 25), date(2026, 11, 30))
    assert Month.ahead(TUESDAY, date(2027, 2, 1)) == Month(date(2027, 2, 1), date(2027, 2, 28))
    for wrong in (date(2026, 10, 1), date(2027, 12, 1)):
        with pytest.raises(CampaignInvalid, match="month"):
            Month.ahead(TUESDAY, wrong)


@pytest.fixture
def site(dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with thirty people on the list of a campaign, given by DATABASE_URL."""

    async def prepare() -> None:
        conn = await asyncpg.connect(dsn)
        town = Town(conn)
        await town.debt_types("city_tax", "care")
        await people_with_past(town, 30, 4, TUESDAY)
        await town.campaign("city_tax", name="市税")
        await town.campaign("care", name="介護")
        await conn.close()

    asyncio.run(prepare())
    monkeypatch.setenv("DATABASE_URL", dsn)
    return dsn


def said(*arguments: str) -> str:
    done = CliRunner().invoke(command, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_shows_the_month_as_it_is_and_as_moved(site: str) -> None:
    """Figures by kind of hour, the sample, the rate with its interval, other staffings, and the price of the floor."""
    text = said("市税", "--evenings", "3", "--days-off", "0", "--agents", "1")
    assert "People to be called: 30. Reckoned from a sample of 30" in text
    assert "stated prior" in text
    assert "As the calendar has it" in text
    assert "one evening session more, one weekday session fewer" in text
    told = json.loads(said("市税", "--evenings", "3", "--json"))
    assert told["chosen"]["sessions"][1] == 3
    assert told["usual"]["sessions"][1] > 3
    assert 0 < told["chosen"]["contact_ratio"] <= told["usual"]["contact_ratio"] < 1
    assert told["sampled"] == 30


def test_the_command_says_so_when_nobody_is_on_the_list_and_what_is_wrong(site: str) -> None:
    """An empty list is no error; an unknown campaign, a past month and an impossible number are."""
    assert "Nobody is on the list" in said("介護")
    for arguments, message in (
        (("水道",), "no campaign has this name"),
        (("市税", "--month", "2020-01"), "month: 2020-01 is not between"),
        (("市税", "--calls", "0"), "calls (weekday): 0 is not between"),
        (("市税", "--evenings", "32"), "32 is not in the range"),
    ):
        done = CliRunner().invoke(command, arguments)
        assert done.exit_code != 0
        assert message in done.output


async def test_the_interface_is_for_supervisors_and_names_what_is_wrong(dsn: str) -> None:
    """Nothing is changed by a plan; a refused setting changes nothing and is not in the log."""
    good = {
        "rotation": "by_worth", "lot_ratio": 0.03, "floor_attempts": 1, "floor_each_window": False,
        "weight_new": 0, "weight_broken": 1, "weight_amount": 0, "weight_age": 0,
    }  # fmt: skip
    staffing = {"sessions": [1, 1, 1], "agents": [1, 1, 1], "calls": [5, 5, 5]}
    async with running_site(dsn) as site:
        plan = {"campaign_id": site.campaign_id, "staffing": staffing}
        setting = f"/api/campaigns/{site.campaign_id}/choosing"
        async with site.client("agent1") as agent:
            for path in ("/api/plan", "/api/plan/others", "/api/plan/floor", setting):
                assert (await agent.post(path, json=plan)).status == 403
        async with site.client("boss") as boss:
            for path, body, status, message in (
                ("/api/plan", plan | {"campaign_id": 999}, 404, "見つかりません"),
                ("/api/plan", plan | {"month": "2020-01"}, 400, "今月から12か月先まで"),
                ("/api/plan", plan | {"staffing": staffing | {"sessions": [1, 1, 32]}}, 400, "staffing.sessions"),
                ("/api/plan/others", {"campaign_id": "x"}, 400, "campaign_id"),
                (setting, good | {"lot_ratio": 0.6}, 400, "「くじで選ぶ割合」は0%〜50%"),
                (setting, good | {"floor_attempts": -1}, 400, "「全員への最低回数（月）」は0〜30"),
                ("/api/campaigns/999/choosing", good, 404, "見つかりません"),
            ):
                answer = await boss.post(path, json=body)
                assert answer.status == status, path
                assert message in (await answer.json())["error"]["message"]
            assert await site.pool.fetchval("SELECT floor_attempts FROM campaign") == 0
            assert await site.pool.fetchval("SELECT count(*) FROM operation_log") == 0
            assert (await boss.post(setting, json=good)).status == 200
            told = await (await boss.get("/api/plan")).json()
            assert told["campaigns"][0]["choosing"]["floor_attempts"] == 1
            assert len(told["months"]) == 13
