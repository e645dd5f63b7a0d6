"""The command line: ``dialer COMMAND``; one module of this folder a command.

A module ``dialer/cli/<name>.py`` holds a click command named ``command``; an underscore at its end keeps
a name clear of Python's keywords (``import_.py`` is ``dialer import``). Modules are imported only when
their command is run: ``dialer --help`` reads the first line of each docstring instead, so it stays
quick, and a module that can't be imported breaks its own command and no other.

This module decides how an error reaches the person: a `DialerError` is one line on stderr and exit
status 1, an interrupt is exit status 130. What a command does is decided in its module.
"""

from __future__ import annotations

import ast
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import click

from dialer.errors import DialerError

_FOLDER = Path(__file__).parent
_INTERRUPTED = 130  # 128 + SIGINT, as a shell would say it


def _module_of(name: str) -> str | None:
    """The module that holds the command `name`, or None."""
    for module in (name.replace("-", "_"), f"{name.replace('-', '_')}_"):
        if (_FOLDER / f"{module}.py").is_file():
            return module
    return None


class _Commands(click.Group):
    """Finds commands as files of this folder."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(found.name.rstrip("_").replace("_", "-") for found in pkgutil.iter_modules([str(_FOLDER)]))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = _module_of(cmd_name)
        if module is None:
            return None
        try:
            command = import_module(f"{__name__}.{module}").command
        except Exception as error:  # an outer edge: whatever is wrong there concerns this command only
            raise click.ClickException(f"`dialer {cmd_name}` can't be loaded: {error}") from error
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if rows := [(name, _first_line(name)) for name in self.list_commands(ctx)]:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def _first_line(name: str) -> str:
    module = _module_of(name)
    assert module is not None
    try:
        doc = ast.get_docstring(ast.parse((_FOLDER / f"{module}.py").read_text(encoding="utf-8")))
    except SyntaxError:
        return "(can't be read)"
    line = (doc or "").partition("\n")[0]
    return line.removeprefix(f"``dialer {name}``:").strip()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Tsunagu (つなぐ): a telephony-first predictive dialer on Asterisk."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit status."""
    try:
        status = cli.main(arguments, prog_name="dialer", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(_INTERRUPTED)
    except DialerError as error:
        click.echo(f"dialer: {error}", err=True)
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)
