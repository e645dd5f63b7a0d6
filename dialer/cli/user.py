"""``dialer user``: add, list, disable accounts, set passwords, the languages of agents and the ends of their shifts.

Passwords are asked for, or read from standard input (``--password-stdin``): never an argument, which others
on the machine could read. Who did it is the operating system's user, in the account's history.
"""

from __future__ import annotations

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
import click

from dialer.accounts import users
from dialer.accounts.languages import JAPANESE, LANGUAGES, in_words
from dialer.accounts.passwords import MIN_LENGTH, Passwords
from dialer.accounts.shift_words import NO_END, read_shift_end
from dialer.accounts.shift_words import in_words as shift_in_words
from dialer.accounts.users import Role
from dialer.clock import SystemClock
from dialer.db.pool import open_pool
from dialer.settings import read_settings
from dialer.site.servers import running_database

Result = TypeVar("Result")
_clock = SystemClock()


@click.group()
def command() -> None:
    """Accounts: add, list, disable, enable, password, languages, shift-ends."""


@command.command()
@click.argument("login")
@click.option("--name", required=True, help="氏名 as colleagues see it.")
@click.option("--role", type=click.Choice([r.value for r in Role]), default="agent", show_default=True)
@click.option("--takes-calls/--no-calls", default=None, help="May take a seat (default: agents may).")
@click.option("--group", default="all", show_default=True, help="Agents' group.")
@click.option(
    "--language",
    "languages",
    multiple=True,
    default=(JAPANESE,),
    show_default=True,
    help=f"A language in which this person can talk, again for each: {', '.join(LANGUAGES)}.",
)
@click.option("--shift-ends", default=NO_END, show_default=True, help="End of the shift every day in Japan: 17:00.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def add(
    login: str,
    name: str,
    role: str,
    takes_calls: bool | None,
    group: str,
    languages: tuple[str, ...],
    shift_ends: str,
    password_stdin: bool,
) -> None:
    """Add the account LOGIN."""
    ends = read_shift_end(shift_ends)
    password = _password(password_stdin)
    _run(
        lambda conn: users.add_user(
            conn,
            Passwords(),
            login=login,
            display_name=name,
            role=Role(role),
            password=password,
            now=_clock.now(),
            done_by=getpass.getuser(),
            takes_calls=role == Role.AGENT if takes_calls is None else takes_calls,
            agent_group=group,
            languages=languages,
            shift_ends=ends,
        )
    )
    click.echo(f"{login} を追加しました。")


@command.command(name="list")
def list_() -> None:
    """List all accounts."""
    for user in _run(users.list_users):
        state = "停止" if user.disabled_at else "有効"
        desk = "席なし\t\t"
        if user.takes_calls:
            desk = f"席: {user.agent_group}\t{in_words(user.languages)}\t{shift_in_words(user.shift_ends)}"
        click.echo(f"{user.login}\t{user.display_name}\t{user.role}\t{desk}\t{state}")


@command.command()
@click.argument("login")
def disable(login: str) -> None:
    """Stop LOGIN; open sessions end at once."""
    _set_disabled(login, disabled=True)
    click.echo(f"{login} を停止しました。")


@command.command()
@click.argument("login")
def enable(login: str) -> None:
    """Let LOGIN in again."""
    _set_disabled(login, disabled=False)
    click.echo(f"{login} を再開しました。")


@command.command()
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
def password(login: str, password_stdin: bool) -> None:
    """Give LOGIN a new password, one it never had."""
    new = _password(password_stdin)
    _run(
        lambda conn: users.set_password(
            conn, Passwords(), login=login, password=new, now=_clock.now(), done_by=getpass.getuser()
        )
    )
    click.echo(f"{login} のパスワードを変更しました。")


@command.command()
@click.argument("login")
@click.argument("languages", nargs=-1, required=True, metavar="CODE...")
def languages(login: str, languages: tuple[str, ...]) -> None:
    """Set the languages in which LOGIN can talk, for example: ja ne."""
    _run(
        lambda conn: users.set_languages(
            conn, login=login, languages=languages, now=_clock.now(), done_by=getpass.getuser()
        )
    )
    click.echo(f"{login} の言語: {in_words(languages)}")


@command.command(name="shift-ends")
@click.argument("login")
@click.argument("ends", metavar="HH:MM|none")
@click.option("--today", is_flag=True, help="Today only; from tomorrow on as before.")
def shift_ends(login: str, ends: str, today: bool) -> None:
    """Set when the shift of LOGIN ends, in Japan: no call is begun that would last longer."""
    until = read_shift_end(ends)
    _run(
        lambda conn: users.set_shift_end(
            conn, login=login, ends=until, today=today, now=_clock.now(), done_by=getpass.getuser()
        )
    )
    click.echo(f"{login} の{'本日の' if today else ''}{shift_in_words(until)}")


def _set_disabled(login: str, *, disabled: bool) -> None:
    _run(
        lambda conn: users.set_disabled(
            conn, login=login, disabled=disabled, now=_clock.now(), done_by=getpass.getuser()
        )
    )


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    answer: str = click.prompt(
        f"パスワード（{MIN_LENGTH}文字以上、英大小文字・数字・記号）", hide_input=True, confirmation_prompt=True
    )
    return answer


def _run(act: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
    """Do one thing on one connection to the database of the settings."""

    async def run() -> Result:
        async with running_database(read_settings(), _clock) as address:
            pool = await open_pool(address, size=1, application="tsunagu user")
            try:
                async with pool.acquire() as conn:
                    return await act(conn)
            finally:
                await pool.close()

    return asyncio.run(run())
