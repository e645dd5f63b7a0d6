"""`dialer why` and `dialer candidates` on a real database: what they say, keep to themselves, and refuse."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner, Result

from campaigns.candidates import CandidateRules, candidate_rules
from campaigns.model import E164, Outcome
from dialer.cli.candidates import command as candidates
from dialer.cli.numbers import command as numbers
from dialer.cli.why import command as why
from tests.fixtures_people import Town

AT = ["--at", "2026-11-24T10:30"]


@pytest.fixture
def site(dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """One campaign, one person who was missed four times; nobody else; no engine."""

    async def prepare() -> None:
        conn = await asyncpg.connect(dsn)
        town = Town(conn)
        await town.debt_types("city_tax")
        await town.person(numbers=[E164("+819012345678")])
        campaign = await town.campaign()
        (one,) = await town.claim(campaign)
        await town.dial(one, Outcome.NO_ANSWER)
        await conn.execute("UPDATE debtor_progress SET weekday_attempts = 4")
        await conn.execute("UPDATE debtor SET addressee_no = '1000234567', name = '=仮名川'")
        await conn.close()

    asyncio.run(prepare())
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    return dsn


def run_why(*arguments: str) -> Result:
    return CliRunner().invoke(why, list(arguments))


def run_candidates(*arguments: str) -> Result:
    return CliRunner().invoke(candidates, list(arguments))


def test_a_person_is_explained_without_name_and_number(site: str) -> None:
    """Reasons with their ends, the next moment, the model's table; nothing by which a passer-by knows whom."""
    said = run_why("1000234567", "--campaign", "市税", *AT)
    assert said.exit_code == 0, said.output
    assert "Campaign 市税: not now" in said.output
    assert "too_soon" in said.output
    assert "last attempt 2026-11-24 Tue 10:30: no_answer; until 2026-11-24 Tue 11:30" in said.output
    assert "next possible moment: 2026-11-24 Tue 17:00" in said.output
    assert "0.0 hits 1.0 misses" in said.output
    assert "仮名川" not in said.output
    assert "345678" not in said.output


def test_name_and_number_are_shown_on_demand(site: str) -> None:
    """For whoever has to find the person."""
    said = run_why("1000234567", "--show-personal", *AT)
    assert "仮名川" in said.output
    assert "+819012345678" in said.output


def test_a_campaign_is_explained_by_counts(site: str) -> None:
    """One person, kept away by the retry delay; the engine is not up."""
    said = run_why("--campaign", "1", *AT)
    assert said.exit_code == 0, said.output
    assert "engine: is not up" in said.output
    assert "0  callable" in said.output
    assert "the retry delay is not over" in said.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "addressee number"),
        (["nobody"], "nobody has this addressee number"),
        (["--campaign", "none"], "no campaign has this name"),
        (["1000234567", "--at", "yesterday"], "no moment like"),
    ],
)
def test_a_slip_is_one_clear_line(site: str, arguments: list[str], words: str) -> None:
    """And no traceback."""
    said = run_why(*arguments)
    assert said.exit_code != 0
    assert words in said.output
    assert "Traceback" not in said.output


def test_candidates_are_printed_without_names_and_written_with_them(site: str, tmp_path: Path) -> None:
    """The file is for a spreadsheet: a byte order mark, and no cell that is a formula."""
    said = run_candidates("--channel", "sms")
    assert said.exit_code == 0, said.output
    assert "sms: 1, letter: 0, visit: 0, research: 0" in said.output
    assert "4 tries without contact (weekday 4)" in said.output
    assert "仮名川" not in said.output
    file = tmp_path / "sms.csv"
    assert "1 written" in run_candidates("--channel", "sms", "--campaign", "市税", "--csv", str(file)).output
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    head, row = csv.reader(file.read_text(encoding="utf-8-sig").splitlines())
    assert dict(zip(head, row, strict=True))["name"] == "'=仮名川"


def test_the_number_of_tries_is_set_for_each_campaign(site: str) -> None:
    """What isn't given stays; never is a number of tries too; nonsense is refused."""
    assert run_candidates("after", "市税").output == "sms\tafter 3 tries\nletter\tafter 5 tries\nvisit\tafter 8 tries\n"
    said = run_candidates("after", "市税", "--sms", "5", "--visit", "never")
    assert said.output == "sms\tafter 5 tries\nletter\tafter 5 tries\nvisit\tnever\n"

    async def stored() -> CandidateRules:
        conn = await asyncpg.connect(site)
        try:
            return await candidate_rules(conn, 1)
        finally:
            await conn.close()

    assert asyncio.run(stored()) == CandidateRules(5, 5, None)
    assert "sms: 0" in run_candidates().output
    assert run_candidates("after", "市税", "--sms", "0").exit_code == 2


def test_a_file_that_cannot_be_written_is_one_line(site: str, tmp_path: Path) -> None:
    """The folder is missing."""
    said = run_candidates("--csv", str(tmp_path / "no" / "x.csv"))
    assert (said.exit_code, "No such file" in said.output) == (1, True)


def test_the_city_gets_its_numbers_in_a_file(site: str, tmp_path: Path) -> None:
    """Since a day in Japan; nothing to borrow is no error."""

    async def kill() -> None:
        conn = await asyncpg.connect(site)
        await conn.execute("UPDATE phone SET dead_at = '2026-11-24 01:30Z'")
        await conn.close()

    asyncio.run(kill())
    file = tmp_path / "numbers.csv"
    said = CliRunner().invoke(numbers, ["export", str(file), "--since", "2026-11-24"])
    assert (said.exit_code, said.output) == (0, f"new: 0, dead: 1, wrong: 0; written to {file}\n")
    _, row = csv.reader(file.read_text(encoding="utf-8-sig").splitlines())
    assert row == ["dead", "2026-11-24 10:30", "1000234567", "+819012345678", "mobile", "import"]
    assert CliRunner().invoke(numbers, ["borrow"]).output == "0 people changed\n"
    lost = CliRunner().invoke(numbers, ["export", str(tmp_path / "no" / "x"), "--since", "2026-11-24"])
    assert (lost.exit_code, "No such file" in lost.output) == (1, True)
