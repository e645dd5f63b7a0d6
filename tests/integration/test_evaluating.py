"""Predicted against seen on a real database: `dialer evaluate scheduling` and what is behind it."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

import asyncpg
import pytest
from click.testing import CliRunner

from campaigns.grading.evaluating import evaluate
from campaigns.model import Disposition, Window
from dialer.cli.evaluate import command
from tests.fixtures_hours import attempts_as_predicted, people_with_past
from tests.fixtures_people import TUESDAY, Town


async def test_stored_predictions_are_binned_with_what_came_of_them(db: asyncpg.Connection) -> None:
    """85 of 100 where .85 was said, and 30 of 100 where .15 was said: the one is right, the other is not."""
    town = Town(db)
    await town.debt_types("city_tax")
    await town.person()
    campaign_id = (await town.campaign()).campaign_id
    await attempts_as_predicted(db, campaign_id, {0.85: (85, 15), 0.15: (30, 70)}, TUESDAY)
    await attempts_as_predicted(db, campaign_id, {0.5: (5, 5)}, TUESDAY, window=Window.EVENING, by_lot=True)
    found = await evaluate(db)
    assert found.predicted is not None
    weekday = found.predicted.windows[Window.WEEKDAY]
    low, high = weekday.bins
    assert (low.attempts, low.picked_up) == (100, 0.3)
    assert low.predicted == pytest.approx(0.15)
    assert low.low < 0.3 < low.high
    assert low.predicted < low.low  # it shows
    assert high.low < high.predicted < high.high
    assert weekday.calibration_error == pytest.approx(0.075)
    assert Window.WEEKEND not in found.predicted.windows
    assert found.predicted.by_lot is not None
    assert found.predicted.by_lot.attempts == 10
    assert found.predicted.says_enough
    assert found.back_test is None
    assert found.split_at is None


async def test_a_voicemail_service_is_nobody_who_picked_up(db: asyncpg.Connection) -> None:
    """The line answered and an agent was joined, but the disposition says what it was."""
    town = Town(db)
    await town.debt_types("city_tax")
    await town.person()
    campaign_id = (await town.campaign()).campaign_id
    await attempts_as_predicted(db, campaign_id, {0.5: (2, 0)}, TUESDAY)
    await db.execute(
        "INSERT INTO call (call_id, attempt_id, direction, answered_at, disposition, disposed_at)"
        " SELECT attempt_id, attempt_id, 'outbound', $1, $2, $1 FROM attempt LIMIT 1",
        TUESDAY, Disposition.VOICEMAIL,
    )  # fmt: skip
    found = await evaluate(db)
    assert found.predicted is not None
    assert found.predicted.everything.picked_up == 0.5
    assert not found.predicted.says_enough


async def test_the_back_test_predicts_what_came_after_from_what_came_before(db: asyncpg.Connection) -> None:
    """People of three sorts: the model tells them apart and beats any rate, even one known with hindsight."""
    town = Town(db)
    await town.debt_types("city_tax")
    await people_with_past(town, 90, 12, TUESDAY)
    found = await evaluate(db)
    assert found.predicted is None
    assert found.back_test is not None
    assert found.split_at is not None
    assert found.fitted_lines == 90
    score = found.back_test.everything
    assert 90 * 12 * 0.25 < score.attempts < 90 * 12 * 0.45
    assert score.brier < 0.8 * score.brier_of_rate
    assert score.log_loss < 0.8 * found.back_test.log_loss_of_windows
    assert score.calibration_error < 0.1


async def test_only_what_is_asked_for_is_judged(db: asyncpg.Connection) -> None:
    """From a day on, and of one campaign; what was before is what the back-test knows."""
    town = Town(db)
    await town.debt_types("city_tax", "care")
    await people_with_past(town, 30, 8, TUESDAY)
    await town.campaign("city_tax")
    other = (await town.campaign("care", name="介護")).campaign_id
    since = TUESDAY - timedelta(weeks=2)
    found = await evaluate(db, since=since)
    assert found.split_at == since
    assert found.back_test is not None
    assert found.back_test.everything.attempts <= 30 * 3
    of_other = await evaluate(db, since=since, campaign_id=other)
    assert of_other.back_test is None
    assert of_other.fitted_lines == 30
    nothing_before = await evaluate(db, since=TUESDAY - timedelta(days=999))
    assert nothing_before.back_test is None
    assert nothing_before.fitted_lines == 0


async def test_evaluating_writes_nothing(db: asyncpg.Connection) -> None:
    """Not even a model: what is in force stays in force."""
    town = Town(db)
    await town.debt_types("city_tax")
    await people_with_past(town, 9, 4, TUESDAY)
    await evaluate(db)
    assert await db.fetchval("SELECT count(*) FROM pick_up_model") == 0


@pytest.fixture
def site(dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with past records and predicted attempts, given by DATABASE_URL."""

    async def prepare() -> None:
        conn = await asyncpg.connect(dsn)
        town = Town(conn)
        await town.debt_types("city_tax")
        await people_with_past(town, 60, 12, TUESDAY)
        campaign_id = (await town.campaign()).campaign_id
        await attempts_as_predicted(conn, campaign_id, {0.7: (14, 6), 0.2: (4, 16)}, TUESDAY)
        await conn.close()

    asyncio.run(prepare())
    monkeypatch.setenv("DATABASE_URL", dsn)
    return dsn


def said(*arguments: str) -> str:
    done = CliRunner().invoke(command, ["scheduling", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_prints_both_ways_and_says_when_there_is_too_little(site: str) -> None:
    """Tables for people, one object for programs, and no name or number of a person in either."""
    text = said()
    assert "Only 40 tries: too few to judge by (200 are needed)." in text
    assert "Fitted on 60 lines before" in text
    assert "weekday: predicted" in text
    told = json.loads(said("--json", "--campaign", "市税"))
    assert told["predicted"]["everything"]["attempts"] == 40
    assert told["predicted"]["windows"]["weekday"]["bins"][0]["picked_up"] == 0.2
    assert told["back_test"]["everything"]["attempts"] > 200
    assert "+8190" not in text + json.dumps(told)
    assert "No such attempt has ended yet." in said("--since", "2026-12-01")


def test_the_command_names_what_is_wrong(site: str) -> None:
    """An unknown campaign, a day that is none."""
    for arguments, message in (
        (("--campaign", "水道"), "no campaign has this name"),
        (("--since", "soon"), "'soon' is not written like"),
    ):
        done = CliRunner().invoke(command, ["scheduling", *arguments])
        assert done.exit_code != 0
        assert message in done.output
