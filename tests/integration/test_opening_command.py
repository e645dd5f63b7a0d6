"""`dialer calendar` on a real database: what it stores, says and refuses."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner, Result

from dialer.cli.calendar import command
from tests.fixtures_people import Town


@pytest.fixture
def site(dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with a campaign for two debt types, given by DATABASE_URL."""

    async def prepare() -> None:
        conn = await asyncpg.connect(dsn)
        town = Town(conn)
        await town.debt_types("city_tax", "care_insurance")
        await town.campaign("city_tax", "care_insurance", name="市税")
        await conn.close()

    asyncio.run(prepare())
    monkeypatch.setenv("DATABASE_URL", dsn)
    return dsn


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def said(*arguments: str) -> str:
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_city_is_imported_by_its_name_and_shown_by_month(site: str) -> None:
    """A line for each day with kind, hours and reason, then what the month has in hours of each kind."""
    assert "新潟市納付お知らせセンター" in said("import", "niigata")
    head, *lines = said("show", "niigata", "--month", "2026-12").splitlines()
    assert head == "新潟市納付お知らせセンター（niigata） 2026年12月"
    assert lines[0] == "2026-12-01（火） 平日夜間催告  12:00–17:00 平日 17:00–20:00 平日夜間"
    assert lines[8] == "2026-12-09（水） 休業            休日運営の振替休業"
    assert lines[28] == "2026-12-29（火） 休業            年末年始"
    assert lines[31:] == ["計 平日: 18日 120時間", "計 平日夜間: 8日 24時間", "計 休日: 2日 16時間"]


def test_without_a_month_the_present_one_is_shown(site: str) -> None:
    """A line for each of its days."""
    said("import", "kurume")
    assert 1 + 28 + 3 <= len(said("show", "kurume").splitlines()) <= 1 + 31 + 3


def test_single_days_are_set_by_name_or_label_and_unset(site: str) -> None:
    """The day is shown as it is from now on."""
    said("import", "niigata")
    line = said("set-day", "niigata", "2026-12-05", "休日催告", "--reason", "市と協議")
    assert line == "2026-12-05（土） 休日催告  09:00–17:00 休日  単日 市と協議\n"
    assert said("set-day", "niigata", "2026-12-07", "休業") == "2026-12-07（月） 休業    単日\n"
    assert "休業" in said("set-day", "niigata", "2026-12-05", "closed")
    assert said("unset-day", "niigata", "2026-12-07").startswith("2026-12-07（月） 平日催告")


def test_an_export_can_be_imported_again_under_another_name(site: str, tmp_path: Path) -> None:
    """Single days included."""
    said("import", "niigata")
    said("set-day", "niigata", "2026-12-05", "day_off", "--reason", "市と協議")
    text = said("export", "niigata")
    file = tmp_path / "copy.toml"
    file.write_text(text, encoding="utf-8")
    said("import", str(file))
    assert said("export", "copy") == text
    said("import", str(file), "--name", "third")
    said("import", "niigata", "--name", "third", "--replace-days")
    assert "[[days]]" not in said("export", "third")


def test_campaigns_and_debt_types_are_given_calendars(site: str) -> None:
    """The list says who uses which; --none takes it away."""
    said("import", "niigata")
    said("import", "sendai")
    assert said("list").splitlines()[0] == "niigata\t新潟市納付お知らせセンター\t使用: なし"
    assert "niigata" in said("use", "niigata", "--campaign", "市税")
    assert "sendai" in said("use", "sendai", "--debt-type", "care_insurance")
    uses = [line.split("\t")[2] for line in said("list").splitlines()]
    assert uses == ["使用: キャンペーン「市税」", "使用: 債権 care_insurance"]
    said("use", "--none", "--campaign", "1")
    said("use", "--none", "--debt-type", "care_insurance")
    assert [line.split("\t")[2] for line in said("list").splitlines()] == ["使用: なし"] * 2


REFUSED = [
    (["show", "osaka"], ["osaka", "dialer calendar list"]),
    (["show", "niigata", "--month", "2026-13"], ["2026-13", "2026-12"]),
    (["set-day", "niigata", "12/5", "closed"], ["12/5", "2026-12-05"]),
    (["set-day", "niigata", "2026-12-05", "夜"], ["夜", "evening"]),
    (["unset-day", "niigata", "2026-12-05"], ["2026-12-05"]),
    (["import", "osaka"], ["osaka", "niigata"]),
    (["import", "niigata", "--name", "Ｎ"], ["lower-case"]),
    (["use", "niigata", "--campaign", "国保"], ["国保", "dialer campaign list"]),
    (["use", "niigata"], ["--campaign", "--debt-type"]),
    (["use", "--campaign", "市税"], ["--none"]),
    (["use", "niigata", "--none", "--campaign", "市税"], ["--none"]),
    (["use", "niigata", "--campaign", "市税", "--debt-type", "city_tax"], ["--campaign"]),
    (["use", "niigata", "--debt-type", "no_such"], ["no_such"]),
]


def test_what_can_not_be_is_refused_in_one_line(site: str) -> None:
    """It names what was wrong, and nothing is changed."""
    said("import", "niigata")
    before = said("export", "niigata"), said("list")
    for arguments, words in REFUSED:
        refused = run(*arguments)
        assert refused.exit_code != 0, arguments
        assert [word for word in words if word not in refused.output] == [], refused.output
    assert (said("export", "niigata"), said("list")) == before


def test_a_wrong_file_is_refused_with_key_and_reason(site: str, tmp_path: Path) -> None:
    """Nothing of it is kept."""
    file = tmp_path / "wrong.toml"
    file.write_text("title = 'x'\n[[rules]]\npattern = 'night'\n", encoding="utf-8")
    refused = run("import", str(file))
    assert refused.exit_code == 1
    for word in ("wrong.toml", "patterns", "rules 1.pattern", "night"):
        assert word in refused.output
    assert said("list") == ""
