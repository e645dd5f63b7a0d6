"""``dialer candidates``: who is to be reached by SMS, letter or visit, or needs a number to be found.

Prints counts, and addressee numbers with the reason; a file (``--csv``) holds names, addresses and numbers for those
who do the work. After how many tries is set for each campaign by ``dialer candidates after``; that the work was
done, or called off, by ``dialer candidates close``. The files are ``dialer/candidates_file.py``'s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TypeVar

import asyncpg
import click

from campaigns.calendar import to_jst
from campaigns.candidates import (
    Candidate,
    CandidatePage,
    CandidateRules,
    Channel,
    candidate_rules,
    read_candidates,
    set_candidate_rules,
)
from campaigns.closed_candidates import (
    Closed,
    ClosedAs,
    ClosedPage,
    close_candidates,
    people_by_addressee_no,
    read_closed,
    reopen_candidate,
)
from dialer.accounts.users import list_users
from dialer.candidates_file import (
    CANDIDATE_HEAD,
    CLOSED_HEAD,
    candidate_row,
    closed_row,
    read_addressee_nos,
    write_list,
)
from dialer.clock import SystemClock
from dialer.on_database import campaign_named, run_on_database

_One = TypeVar("_One")
_clock = SystemClock()
_APPLICATION = "tsunagu candidates"


@click.group(invoke_without_command=True)
@click.option("--channel", type=click.Choice([one.value for one in Channel]), help="Only this way.")
@click.option("--campaign", "campaign_name", help="Only this campaign (name or id).")
@click.option("--closed", is_flag=True, help="Those for whom it was done, or called off, newest first.")
@click.option("--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the list to this file.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="People to print.")
@click.pass_context
def command(
    ctx: click.Context, channel: str | None, campaign_name: str | None, closed: bool, file: Path | None, limit: int
) -> None:
    """Candidates for SMS, letter, visit and number research."""
    if ctx.invoked_subcommand is not None:
        return

    async def act(conn: asyncpg.Connection) -> CandidatePage | ClosedPage:
        campaign_id = None if campaign_name is None else (await campaign_named(conn, campaign_name)).campaign_id
        chosen = None if channel is None else Channel(channel)
        at_most = limit if file is None else None
        if closed:
            return await read_closed(conn, channel=chosen, campaign_id=campaign_id, limit=at_most)
        return await read_candidates(conn, _clock.now(), channel=chosen, campaign_id=campaign_id, limit=at_most)

    page = run_on_database(act, _clock, _APPLICATION)
    click.echo(", ".join(f"{one}: {page.totals[one]:,}" for one in Channel))
    if isinstance(page, ClosedPage):
        _tell(file, CLOSED_HEAD, page.closed, closed_row, _closed_line, page.total_n)
    else:
        _tell(file, CANDIDATE_HEAD, page.candidates, candidate_row, _line, page.total_n)


class TriesType(click.ParamType[int]):
    """A number of tries, or ``never`` (given as 0)."""

    name = "TRIES|never"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if value == "never":
            return 0
        if not str(value).isdecimal() or not 1 <= int(str(value)) <= 100:
            self.fail(f"{value!r} is neither 1 to 100 nor never", param, ctx)
        return int(str(value))


@command.command()
@click.argument("name")
@click.option("--sms", type=TriesType(), help="Tries without a contact before an SMS.")
@click.option("--letter", type=TriesType(), help="… before a letter.")
@click.option("--visit", type=TriesType(), help="… before a visit.")
def after(name: str, sms: int | None, letter: int | None, visit: int | None) -> None:
    """After how many tries the people of the campaign NAME become candidates; without options: show it."""
    given = {"sms_after": sms, "letter_after": letter, "visit_after": visit}
    changed = {field: tries or None for field, tries in given.items() if tries is not None}

    async def act(conn: asyncpg.Connection) -> CandidateRules:
        campaign_id = (await campaign_named(conn, name)).campaign_id
        async with conn.transaction():
            rules = replace(await candidate_rules(conn, campaign_id), **changed)
            if changed:
                await set_candidate_rules(conn, campaign_id, rules)
        return rules

    for field, tries in asdict(run_on_database(act, _clock, _APPLICATION)).items():
        click.echo(f"{field.removesuffix('_after')}\t{'never' if tries is None else f'after {tries} tries'}")


@command.command()
@click.argument("name")
@click.argument("addressee_nos", metavar="[ADDRESSEE_NO]...", nargs=-1)
@click.option("--channel", type=click.Choice([one.value for one in Channel]), required=True, help="Which way.")
@click.option("--by", required=True, metavar="LOGIN", help="Who did it.")
@click.option("--called-off", is_flag=True, help="It will not be done; without: it was done.")
@click.option("--note", help="Up to 200 characters.")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Everybody in this file, as --csv wrote it.",
)
def close(
    name: str,
    addressee_nos: tuple[str, ...],
    channel: str,
    by: str,
    called_off: bool,
    note: str | None,
    file: Path | None,
) -> None:
    """People of the campaign NAME leave the list of this way: it was sent, visited, looked for.

    They are candidates again after as many tries anew. All of them are closed, or nobody.
    """
    given = [("", one) for one in addressee_nos]

    async def act(conn: asyncpg.Connection) -> int:
        campaign = await campaign_named(conn, name)
        await _check_login(conn, by)
        people = given if file is None else given + read_addressee_nos(file, campaign.name)
        if not people:
            raise click.UsageError("nobody is named: give addressee numbers, or --file")
        known = await people_by_addressee_no(conn, [one for _, one in people])
        for place, (where, one) in enumerate(people, 1):
            if one not in known:
                raise click.ClickException(f"{where or f'ADDRESSEE_NO {place}'}: nobody has this addressee number")
        closed_as = ClosedAs.CALLED_OFF if called_off else ClosedAs.DONE
        return await close_candidates(
            conn, campaign.campaign_id, list(known.values()), Channel(channel), closed_as,
            by=by, now=_clock.now(), note=note,
        )  # fmt: skip

    click.echo(f"{run_on_database(act, _clock, _APPLICATION):,} closed")


@command.command()
@click.argument("closing_id", type=click.IntRange(min=1, max=2**62))
@click.option("--by", required=True, metavar="LOGIN", help="Who does it.")
def reopen(closing_id: int, by: str) -> None:
    """Take back a closing that was a mistake; `--closed` shows the ids."""

    async def act(conn: asyncpg.Connection) -> None:
        await _check_login(conn, by)
        await reopen_candidate(conn, closing_id, by=by, now=_clock.now())

    run_on_database(act, _clock, _APPLICATION)
    click.echo(f"{closing_id} reopened")


async def _check_login(conn: asyncpg.Connection, login: str) -> None:
    if login not in [user.login for user in await list_users(conn) if user.disabled_at is None]:
        raise click.ClickException("--by: no enabled account has this login (see `dialer user list`)")


def _tell(
    file: Path | None,
    head: Sequence[str],
    found: Sequence[_One],
    row: Callable[[_One], Sequence[object]],
    line: Callable[[_One], str],
    total_n: int,
) -> None:
    """Into the file, or the first of them on the screen, without names."""
    if file is not None:
        write_list(file, head, map(row, found))
        click.echo(f"{len(found):,} written to {file}")
        return
    for one in found:
        click.echo(line(one))
    if len(found) < total_n:
        click.echo(f"… and {total_n - len(found):,} more (--limit, or --csv for all)")


def _line(one: Candidate) -> str:
    tries = ", ".join(f"{window} {n}" for window, n in one.tries.items() if n)
    last = "never" if one.last_attempt_at is None else f"{to_jst(one.last_attempt_at):%Y-%m-%d %H:%M}"
    reason = f"{one.tries_n} tries without contact ({tries}), last {last}" if one.tries_n else "no try yet"
    if Channel.RESEARCH in one.channels:
        reason += f"; no live number ({one.dead_n} dead, {one.wrong_n} wrong of {one.numbers_n})"
    for channel, before in one.before.items():
        since = "" if before.tries is None else f", {before.tries} tries since"
        reason += f"; {channel} closed {to_jst(before.closed_at):%Y-%m-%d}{since}"
    return f"{one.addressee_no}\t{one.campaign}\t{','.join(one.channels)}\t{reason}"


def _closed_line(one: Closed) -> str:
    """Without the note, which may name somebody."""
    at = f"{to_jst(one.closed_at):%Y-%m-%d %H:%M}"
    return (
        f"{one.closing_id}\t{one.addressee_no}\t{one.campaign}\t{one.channel}\t{one.closed_as}\t{at}\t{one.closed_by}"
    )
