"""`dialer campaign` on a real database: what it stores, says and refuses."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from click.testing import CliRunner, Result

from campaigns.calendar import DayKind, WindowRule
from campaigns.campaign import DEFAULT_WINDOWS, Campaign, CampaignState, Choosing, load_campaigns
from campaigns.model import DialMode, Rotation, Window
from dialer.cli.campaign import command
from tests.fixtures_people import Town


@pytest.fixture
def site(dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A database with two debt types and one person, given by DATABASE_URL."""

    async def prepare() -> None:
        conn = await asyncpg.connect(dsn)
        town = Town(conn)
        await town.debt_types("city_tax", "care_insurance")
        await town.person()
        await conn.close()

    asyncio.run(prepare())
    monkeypatch.setenv("DATABASE_URL", dsn)
    return dsn


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


def stored(dsn: str) -> list[Campaign]:
    async def load() -> list[Campaign]:
        conn = await asyncpg.connect(dsn)
        try:
            return await load_campaigns(conn)
        finally:
            await conn.close()

    return asyncio.run(load())


def test_a_campaign_needs_only_a_name_and_a_debt_type(site: str) -> None:
    """Everything else has a sensible default; it doesn't call before it is started."""
    assert run("add", "市税", "--debt-type", "city_tax").exit_code == 0
    (campaign,) = stored(site)
    assert (campaign.name, campaign.debt_types, campaign.windows) == ("市税", ("city_tax",), DEFAULT_WINDOWS)
    assert (campaign.state, campaign.dial_mode) == (CampaignState.STOPPED, DialMode.PROGRESSIVE)


def test_every_option_is_stored(site: str) -> None:
    """None of them is lost on the way to the table."""
    arguments = ["add", "介護", "--debt-type", "care_insurance", "--debt-type", "city_tax", "--mode", "fixed_ratio"]
    arguments += ["--ratio", "1.5", "--group", "tax", "--max-lines", "8", "--ring-timeout", "30", "--wrap-up", "60"]
    assert run(*arguments, "--window", "evening@weekday=12:00-24:00").exit_code == 0
    assert stored(site) == [
        Campaign(
            campaign_id=1, state=CampaignState.STOPPED, name="介護",
            debt_types=("care_insurance", "city_tax"), dial_mode=DialMode.FIXED_RATIO,
            ratio=1.5, agent_group="tax", max_lines=8, ring_timeout_s=30, wrap_up_s=60,
            windows=(WindowRule(Window.EVENING, DayKind.WEEKDAY, 12 * 3600, 24 * 3600),),
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--debt-type", "no_such"], ["debt_types", "no_such"]),
        (["--debt-type", "city_tax", "--ratio", "0.5"], ["ratio", "0.5", "1.0", "10.0"]),
        (["--debt-type", "city_tax", "--max-lines", "0"], ["max_lines"]),
        (["--debt-type", "city_tax", "--ring-timeout", "3"], ["ring_timeout_s"]),
        (["--debt-type", "city_tax", "--group", " "], ["agent_group"]),
        (["--debt-type", "city_tax", "--window", "evening@weekday=20:00-17:00"], ["--window", "start before"]),
        (["--debt-type", "city_tax", "--window", "night@weekday=20:00-21:00"], ["--window", "night", "evening"]),
        (["--debt-type", "city_tax", "--window", "evening@closed=20:00-21:00"], ["--window", "closed", "day_off"]),
        (["--debt-type", "city_tax", "--window", "17-20"], ["--window", "evening@weekday=17:00-20:00"]),
        (
            ["--debt-type=city_tax", "--window=weekday@weekday=09:00-17:00", "--window=evening@weekday=16:00-20:00"],
            ["windows", "weekday", "evening", "overlap"],
        ),
        ([], ["--debt-type"]),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else "",
)
def test_a_wrong_campaign_is_refused_with_field_and_reason(site: str, arguments: list[str], words: list[str]) -> None:
    """And nothing is stored."""
    said = run("add", "市税", *arguments)
    assert said.exit_code != 0
    for word in words:
        assert word in said.output
    assert stored(site) == []


def test_a_name_is_given_once(site: str) -> None:
    """Two campaigns of one name could not be told apart."""
    run("add", "市税", "--debt-type", "city_tax")
    again = run("add", "市税", "--debt-type", "city_tax")
    assert again.exit_code == 1
    assert "name" in again.output
    assert len(stored(site)) == 1


@pytest.mark.parametrize("by", ["市税", "1"], ids=["name", "id"])
def test_start_pause_and_stop_change_the_state(site: str, by: str) -> None:
    """By name or by id."""
    run("add", "市税", "--debt-type", "city_tax")
    for verb, state in [("start", "running"), ("pause", "paused"), ("start", "running"), ("stop", "stopped")]:
        assert run(verb, by).exit_code == 0
        assert [c.state for c in stored(site)] == [state]


def test_an_unknown_campaign_is_named(site: str) -> None:
    """With the command that lists the known ones."""
    said = run("start", "国保")
    assert said.exit_code == 1
    assert "国保" in said.output
    assert "dialer campaign list" in said.output


def test_windows_are_shown_and_replaced(site: str) -> None:
    """Shown in Japanese; what replaces them is checked like new ones."""
    run("add", "市税", "--debt-type", "city_tax")
    assert "平日\t17:00–20:00\t平日夜間" in run("windows", "市税").output
    assert run("windows", "市税", "weekend@day_off=08:30-12:00").output == "土日祝\t08:30–12:00\t休日\n"
    assert stored(site)[0].windows == (WindowRule(Window.WEEKEND, DayKind.DAY_OFF, 30_600, 43_200),)
    refused = run("windows", "市税", "weekend@day_off=08:30-12:00", "weekend@day_off=11:00-12:00")
    assert refused.exit_code == 1
    assert len(stored(site)[0].windows) == 1


def test_how_a_campaign_chooses_is_shown_and_set(site: str) -> None:
    """What isn't given stays as it is."""
    run("add", "市税", "--debt-type", "city_tax")
    assert run("choosing", "市税").output.splitlines()[:2] == ["時間帯の順序\t見込みの高い順", "無作為に選ぶ割合\t0.03"]
    said = run(
        "choosing", "市税", "--rotation", "strict", "--floor-attempts", "2", "--floor-each-window", "--weight-new=0.5"
    )
    assert said.exit_code == 0
    assert "時間帯の順序\t時間帯を順番に" in said.output
    assert run("choosing", "1", "--lot-ratio", "0.1", "--no-floor-each-window").exit_code == 0
    (campaign,) = stored(site)
    assert campaign.choosing == Choosing(rotation=Rotation.STRICT, lot_ratio=0.1, floor_attempts=2, weight_new=0.5)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["choosing", "市税", "--lot-ratio", "0.6"], ["lot_ratio", "0.5"]),
        (["choosing", "市税", "--weight-age", "-1"], ["weight_age"]),
        (["choosing", "国保"], ["国保", "dialer campaign list"]),
        (["caps", "--person-week", "2000"], ["person_week", "1000"]),
        (["retry", "市税", "busy", "--delay", "5"], ["--delay", "5m"]),
        (["retry", "市税", "busy", "--delay", "1d", "--at-latest", "1h"], ["at_latest"]),
        (["retry", "市税", "--delay", "1d"], ["OUTCOME"]),
        (["retry", "市税", "busy", "--delay", "1d", "--default"], ["--default"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_setting_is_refused_by_name(site: str, arguments: list[str], words: list[str]) -> None:
    """One clear error, and everything stays as it was."""
    run("add", "市税", "--debt-type", "city_tax")
    before = [run("choosing", "市税").output, run("caps").output, run("retry", "市税").output]
    said = run(*arguments)
    assert said.exit_code != 0
    for word in words:
        assert word in said.output
    assert [run("choosing", "市税").output, run("caps").output, run("retry", "市税").output] == before


def test_caps_are_shown_set_and_taken_away(site: str) -> None:
    """0 takes one away; the others stay."""
    assert run("caps").output.splitlines() == [
        "\t1日\t1週\t1か月", "対象者\t3\tなし\tなし", "電話番号\t4\tなし\tなし", "世帯\t4\tなし\tなし",
    ]  # fmt: skip
    said = run("caps", "--person-month", "12", "--household-day", "0")
    assert said.output.splitlines()[1:] == ["対象者\t3\tなし\t12", "電話番号\t4\tなし\tなし", "世帯\tなし\tなし\tなし"]
    assert run("caps").output == said.output


def test_retry_rules_are_shown_set_and_reset(site: str) -> None:
    """Each outcome's own; the default is told as such."""
    run("add", "市税", "--debt-type", "city_tax")
    assert "busy\t5分後\t（既定）" in run("retry", "市税").output.splitlines()
    assert run("retry", "市税", "no_answer", "--delay", "36h").output == "no_answer\t36時間後\n"
    assert run("retry", "市税", "no_answer", "--at-latest", "3d").output == "no_answer\t36時間後\t遅くとも 3日後\n"
    assert run("retry", "市税", "no_answer").output == "no_answer\t36時間後\t遅くとも 3日後\n"
    assert run("retry", "市税", "no_answer", "--default").output == "no_answer\t1時間後\t（既定）\n"
    assert run("retry", "市税", "invalid_number").output == "invalid_number\t0秒後\t（既定）\n"


def test_the_list_says_when_each_campaign_calls_next(site: str) -> None:
    """One line each, tab-separated."""
    run("add", "市税", "--debt-type", "city_tax")
    run("add", "介護", "--debt-type", "care_insurance")
    lines = run("list").output.splitlines()
    assert [line.split("\t")[:5] for line in lines] == [
        ["1", "市税", "停止", "progressive", "city_tax"],
        ["2", "介護", "停止", "progressive", "care_insurance"],
    ]
    assert all("次の架電時間" in line for line in lines)
