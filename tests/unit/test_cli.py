"""The command line finds its commands by file, loads only the one that is run, and fails in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import dialer.cli
from dialer.cli import main


def status_of(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    return ended.value.code


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of commands of this test's own, in the place of the real one."""
    monkeypatch.setattr(dialer.cli, "_FOLDER", tmp_path)
    monkeypatch.setattr(dialer.cli, "__path__", [str(tmp_path)])
    for name in [known for known in sys.modules if known.startswith("dialer.cli.")]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def a_command(body: str) -> str:
    return f'"""``dialer x``: does something."""\nimport click\n@click.command()\ndef command():\n    {body}\n'


def test_help_lists_every_command_without_importing_any(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A module that would break when imported is still listed, with the first line of its docstring."""
    (folder / "good.py").write_text(a_command("pass"))
    (folder / "broken.py").write_text('"""``dialer broken``: breaks."""\nraise RuntimeError("no")\n')
    (folder / "unreadable.py").write_text("def (\n")
    assert status_of("--help") == 0
    listed = capsys.readouterr().out
    for words in ("good", "broken", "breaks.", "unreadable"):
        assert words in listed


def test_a_broken_command_breaks_no_other(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It says what is wrong in one line and leaves the rest alone."""
    (folder / "good.py").write_text(a_command("click.echo('fine')"))
    (folder / "broken.py").write_text("raise RuntimeError('half installed')\n")
    assert status_of("good") == 0
    assert capsys.readouterr().out == "fine\n"
    assert status_of("broken") == 1
    said = capsys.readouterr().err
    assert "half installed" in said
    assert said.count("\n") == 1


def test_a_command_may_bear_the_name_of_a_keyword(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`import_.py` is `dialer import`."""
    (folder / "import_.py").write_text(a_command("click.echo('taken in')"))
    assert status_of("import") == 0
    assert capsys.readouterr().out == "taken in\n"


def test_an_error_of_ours_is_one_line_and_status_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback for what a person can mend."""
    (folder / "bad.py").write_text(a_command("from dialer.errors import StartError; raise StartError('port taken')"))
    assert status_of("bad") == 1
    assert capsys.readouterr().err == "dialer: port taken\n"


def test_an_unknown_command_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the finger is status 2, as everywhere."""
    assert status_of("nonsense") == 2
    assert "nonsense" in capsys.readouterr().err


def test_help_is_quick_because_it_loads_no_part_of_the_dialer() -> None:
    """Neither the web framework nor the database driver is imported for `--help`."""
    program = (
        "import sys; from dialer.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: print([m for m in ('aiohttp', 'asyncpg', 'redis', 'panoramisk') if m in sys.modules])\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout.splitlines()[-1] == "[]"
