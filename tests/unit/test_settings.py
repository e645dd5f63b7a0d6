"""Settings come from `.env` and the environment; what is wrong is named, and never shown."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from dialer.errors import SettingsError
from dialer.settings import Settings, read_settings
from dialer.site.processes import as_environment


def test_without_anything_given_the_defaults_suit_one_machine() -> None:
    """The demo runs without a `.env`."""
    settings = read_settings(env={}, dotenv=None)
    assert settings == Settings()
    assert settings.database_url == ""
    assert settings.trunk_host == ""


def test_the_environment_is_stronger_than_the_file(tmp_path: Path) -> None:
    """A value given with the command wins over the one that stands in `.env`."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("WEB_PORT=9001\nAMI_PORT=9002\n")
    settings = read_settings(env={"WEB_PORT": "9003"}, dotenv=dotenv)
    assert (settings.web_port, settings.ami_port) == (9003, 9002)


def test_an_empty_value_means_the_default(tmp_path: Path) -> None:
    """`.env.example` may be copied as it is, with its empty lines."""
    dotenv = tmp_path / ".env"
    dotenv.write_text("WEB_PORT=\nDATABASE_URL=\n")
    assert read_settings(env={}, dotenv=dotenv) == Settings()


def test_every_wrong_value_is_named_at_once() -> None:
    """Nobody mends settings one start at a time."""
    with pytest.raises(SettingsError) as caught:
        read_settings(env={"WEB_PORT": "99999", "ASTERISK": "maybe", "ABANDON_AFTER_S": "-1"}, dotenv=None)
    for name in ("WEB_PORT", "ASTERISK", "ABANDON_AFTER_S"):
        assert name in str(caught.value)


def test_a_wrong_value_itself_is_not_shown() -> None:
    """It may be a password that was put into the wrong line."""
    with pytest.raises(SettingsError) as caught:
        read_settings(env={"WEB_PORT": "hunter2-secret"}, dotenv=None)
    assert "hunter2" not in str(caught.value)


def test_a_child_process_reads_exactly_the_settings_of_its_parent() -> None:
    """`as_environment` and `read_settings` are each other's inverse, for every field."""
    changed = msgspec.structs.replace(
        Settings(),
        web_port=8123,
        asterisk="external",
        trunk_host="sip.example",
        abandon_after_s=1.5,
        audio_processing=False,
    )
    for settings in (Settings(), changed):
        assert read_settings(env=as_environment(settings), dotenv=None) == settings


def test_the_example_file_is_right_and_names_every_setting() -> None:
    """`.env.example` copied to `.env` changes nothing, and no setting is missing from it."""
    example = Path(__file__).parents[2] / ".env.example"
    assert read_settings(env={}, dotenv=example) == Settings()
    named = {line.lstrip("#").partition("=")[0].strip() for line in example.read_text().splitlines() if "=" in line}
    assert {field.name.upper() for field in msgspec.structs.fields(Settings)} <= named
