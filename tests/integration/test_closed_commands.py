"""`dialer candidates close`, `--closed` and `reopen` on a real database."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path

import asyncpg
import pytest
from click.testing import CliRunner, Result

from dialer.cli.candidates import command as candidates
from tests.fixtures_people import Town


@pytest.fixture
def site(dsn: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """One campaign, two people who were missed nine times, two supervisors of whom one has left."""

    async def prepare() -> None:
        conn = await asyncpg.connect(dsn)
        town = Town(conn)
        await town.debt_types("city_tax")
        for _ in range(2):
            await town.person()
        await town.campaign()
        await conn.execute("UPDATE debtor_progress SET weekday_attempts = 9")
        await conn.execute("UPDATE debtor SET addressee_no = '100' || debtor_id, name = '=仮名川'")
        await conn.execute(
            "INSERT INTO app_user (login, display_name, role, password_hash, disabled_at)"
            " VALUES ('boss', '管理 一郎', 'supervisor', 'none', NULL), ('gone', '見本', 'supervisor', 'none', now())"
        )
        await conn.close()

    asyncio.run(prepare())
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("VAR_DIR", str(tmp_path))
    return dsn


def run(*arguments: str) -> Result:
    return CliRunner().invoke(candidates, list(arguments))


def close(*arguments: str) -> Result:
    return run("close", "市税", "--channel", "letter", "--by", "boss", *arguments)


def test_who_was_served_is_closed_found_and_reopened(site: str, tmp_path: Path) -> None:
    """The screen shows no name and no note; the file does."""
    assert close("1001", "--note", "見本さんに確認").output == "1 closed\n"
    assert close("1001").output == "0 closed\n", "once a day"
    assert run().output.startswith("sms: 2, letter: 1, visit: 2, research: 0\n")
    said = run("--closed").output
    assert said.startswith("sms: 0, letter: 1, visit: 0, research: 0\n1\t1001\t市税\tletter\tdone\t")
    assert said.endswith("\tboss\n")
    assert "見本" not in said
    file = tmp_path / "closed.csv"
    assert "1 written" in run("--closed", "--csv", str(file)).output
    head, row = csv.reader(file.read_text(encoding="utf-8-sig").splitlines())
    assert dict(zip(head, row, strict=True))["note"] == "見本さんに確認"
    assert run("reopen", "1", "--by", "boss").output == "1 reopened\n"
    assert run("reopen", "1", "--by", "boss").exit_code == 1
    assert run("--channel", "letter").output.startswith("sms: 2, letter: 2,")


def test_everybody_of_an_exported_file_is_closed_at_once(site: str, tmp_path: Path) -> None:
    """The list that went to the printer; as called off, too."""
    file = tmp_path / "letter.csv"
    run("--channel", "letter", "--campaign", "市税", "--csv", str(file))
    assert close("--file", str(file), "--called-off").output == "2 closed\n"
    assert "called_off" in run("--closed").output
    page = tmp_path / "page.csv"
    page.write_text("キャンペーン,宛名番号\r\n市税,1002\r\n\r\n", encoding="utf-8-sig")
    assert close("--file", str(page)).output == "1 closed\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nobody is named"),
        (["1001", "nobody"], "ADDRESSEE_NO 2: nobody has this addressee number"),
        (["1001", "--note", "x" * 201], "note: is longer than 200 characters"),
        (["1001", "--by", "gone"], "no enabled account has this login"),
    ],
)
def test_a_slip_closes_nobody(site: str, arguments: list[str], words: str) -> None:
    """One line, no traceback."""
    said = close(*arguments)
    assert said.exit_code != 0
    assert words in said.output
    assert run("--closed").output.startswith("sms: 0, letter: 0")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: no column addressee_no"),
        ("name\n1001\n", "line 1: no column addressee_no"),
        ("addressee_no,campaign\n1001,市税\n1002,介護\n", "line 3, campaign: is another campaign's"),
        ("addressee_no,campaign\n1001,市税\n,市税\n", "line 3, addressee_no: is missing"),
        ("addressee_no\n1001\n9999\n", "line 3: nobody has this addressee number"),
        ('addressee_no\n"1001\n', "can't be read as CSV"),
    ],
)
def test_a_file_that_is_wrong_closes_nobody(site: str, tmp_path: Path, text: str, words: str) -> None:
    """The fault is named by its line, never by what stands there."""
    file = tmp_path / "list.csv"
    file.write_text(text, encoding="utf-8")
    said = close("--file", str(file))
    assert (said.exit_code, words in said.output) == (1, True), said.output
    assert "9999" not in said.output
    assert run("--closed").output.startswith("sms: 0, letter: 0")
