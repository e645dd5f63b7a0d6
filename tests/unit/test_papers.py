"""The papers of the project say what the code says."""

from __future__ import annotations

import re
import subprocess
import sys
from enum import StrEnum
from pathlib import Path

import msgspec
import pytest
from dotenv import dotenv_values

from campaigns.model import AttemptState, DialMode, Disposition, Outcome, Window
from dialer.agents.machine import AgentState
from dialer.settings import Settings
from recordings.model import RecordingState
from webui import labels

ROOT = Path(__file__).parents[2]
ENUMS = [Window, DialMode, AttemptState, Outcome, Disposition, AgentState, RecordingState]
LABELS: dict[type[StrEnum], dict[str, str]] = {
    Window: {str(k): v for k, v in labels.WINDOWS.items()},
    DialMode: labels.DIAL_MODES,
    AttemptState: labels.CALL_STATES,
    Outcome: {str(k): v for k, v in labels.OUTCOMES.items()},
    Disposition: {str(k): v for k, v in labels.DISPOSITIONS.items()},
    AgentState: labels.AGENT_STATES,
}
SETTINGS = msgspec.structs.fields(Settings)


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _glossary(enum: type[StrEnum]) -> dict[str, list[str]]:
    """The rows of an enum's own table in GLOSSARY.md: value to its other cells."""
    parts = re.split(r"(?m)^###? ", _read("GLOSSARY.md"))
    (table,) = [part for part in parts if f"(`{enum.__name__}`)" in part.partition("\n")[0]]
    rows = re.findall(r"(?m)^\| `([a-z_]+)` \| (.+) \|$", table)
    return {value: rest.split(" | ") for value, rest in rows}


@pytest.mark.parametrize("enum", ENUMS, ids=lambda e: e.__name__)
def test_every_state_outcome_and_disposition_is_in_the_glossary(enum: type[StrEnum]) -> None:
    """A new member comes with its word and meaning; a removed one leaves no word behind."""
    assert sorted(_glossary(enum)) == sorted(enum)


@pytest.mark.parametrize("enum", LABELS, ids=lambda e: e.__name__)
def test_the_pages_use_the_japanese_words_of_the_glossary(enum: type[StrEnum]) -> None:
    """One word for one thing, on the screen as on paper."""
    assert {value: cells[0] for value, cells in _glossary(enum).items()} == {str(m): LABELS[enum][m] for m in enum}


def test_the_glossary_says_which_dispositions_are_contacts() -> None:
    """The contact ratio is counted as it is explained (CR-2)."""
    said = {value: cells[1] == "yes" for value, cells in _glossary(Disposition).items()}
    assert said == {str(d): d.is_contact for d in Disposition}


def _as_written(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_setting_is_documented_with_its_default() -> None:
    """docs/settings.md has one row for each setting of this release, and no other."""
    rows = re.findall(r"(?m)^\| `([A-Z_0-9]+)` \| (\S+) \|", _read("docs/settings.md"))
    said = {name: "" if default == "empty" else default.strip("`") for name, default in rows}
    assert said == {field.name.upper(): _as_written(field.default) for field in SETTINGS}


def test_the_example_of_env_has_every_setting_with_its_default() -> None:
    """Copying .env.example to .env changes nothing."""
    said = dotenv_values(ROOT / ".env.example")
    assert dict(said) == {field.name.upper(): _as_written(field.default) for field in SETTINGS}


def test_every_locked_package_is_in_the_third_party_page() -> None:
    """Versions and licences of what is installed beside the project are those of the lock file."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "deploy" / "third_party.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("paper", ["GLOSSARY.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/recordings.md"])
def test_the_papers_name_only_files_that_exist(paper: str) -> None:
    """A moved file takes its mention along."""
    text = _read(paper)
    folder = (ROOT / paper).parent
    linked = [folder / target for target in re.findall(r"\]\((?!http)([^)#]+)", text)]
    folders = "agi|asterisk-conf|campaigns|deploy|dialer|docs|recordings|tests|webui"
    named = [ROOT / name for name in re.findall(rf"`((?:{folders})/[\w./-]*?)(?::\w+)?`", text) if "NNNN" not in name]
    assert [str(path) for path in linked + named if not path.exists()] == []
