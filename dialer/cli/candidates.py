"""``dialer candidates``: who is to be reached by SMS, letter or visit, or needs a number to be found.

Prints counts, and addressee numbers with the reason; a file (``--csv``) holds names, addresses and numbers for those
who do the work. After how many tries is set for each campaign by ``dialer candidates after``.
"""

from __future__ import annotations

import csv
from dataclasses import asdict, replace
from pathlib import Path

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
    safe_cell,
    set_candidate_rules,
)
from campaigns.model import Window
from dialer.clock import SystemClock
from dialer.on_database import campaign_named, run_on_database

_clock = SystemClock()
_HEAD = ("campaign", "addressee_no", "name", "postal_code", "address", "language", "mobile", "channels", *Window,
         "tries", "last_attempt", "last_outcome", "yen", "numbers", "dead", "wrong")  # fmt: skip


@click.group(invoke_without_command=True)
@click.option("--channel", type=click.Choice([one.value for one in Channel]), help="Only this way.")
@click.option("--campaign", "campaign_name", help="Only this campaign (name or id).")
@click.option("--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the list to this file.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="People to print.")
@click.pass_context
def command(
    ctx: click.Context, channel: str | None, campaign_name: str | None, file: Path | None, limit: int
) -> None:  # fmt: skip
    """Candidates for SMS, letter, visit and number research."""
    if ctx.invoked_subcommand is not None:
        return

    async def act(conn: asyncpg.Connection) -> CandidatePage:
        campaign_id = None if campaign_name is None else (await campaign_named(conn, campaign_name)).campaign_id
        chosen = None if channel is None else Channel(channel)
        return await read_candidates(
            conn, _clock.now(), channel=chosen, campaign_id=campaign_id, limit=limit if file is None else None
        )

    page = run_on_database(act, _clock, "tsunagu candidates")
    click.echo(", ".join(f"{one}: {page.totals[one]:,}" for one in Channel))
    if file is not None:
        _write(page, file)
        click.echo(f"{len(page.candidates):,} written to {file}")
        return
    for candidate in page.candidates:
        click.echo(_line(candidate))
    if len(page.candidates) < page.total_n:
        click.echo(f"… and {page.total_n - len(page.candidates):,} more (--limit, or --csv for all)")


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

    for field, tries in asdict(run_on_database(act, _clock, "tsunagu candidates")).items():
        click.echo(f"{field.removesuffix('_after')}\t{'never' if tries is None else f'after {tries} tries'}")


def _line(one: Candidate) -> str:
    tries = ", ".join(f"{window} {n}" for window, n in one.tries.items() if n)
    last = "never" if one.last_attempt_at is None else f"{to_jst(one.last_attempt_at):%Y-%m-%d %H:%M}"
    reason = f"{one.tries_n} tries without contact ({tries}), last {last}" if one.tries_n else "no try yet"
    if Channel.RESEARCH in one.channels:
        reason += f"; no live number ({one.dead_n} dead, {one.wrong_n} wrong of {one.numbers_n})"
    return f"{one.addressee_no}\t{one.campaign}\t{','.join(one.channels)}\t{reason}"


def _write(page: CandidatePage, file: Path) -> None:
    try:
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(_HEAD)
            for one in page.candidates:
                last = "" if one.last_attempt_at is None else f"{to_jst(one.last_attempt_at):%Y-%m-%d %H:%M}"
                texts = (
                    one.campaign,
                    one.addressee_no,
                    one.name,
                    one.postal_code,
                    one.address,
                    one.language,
                )
                writer.writerow(
                    [*(safe_cell(text) for text in texts), one.mobile,
                     " ".join(one.channels), *(one.tries[window] for window in Window), one.tries_n, last,
                     one.last_outcome, one.yen, one.numbers_n, one.dead_n, one.wrong_n]
                )  # fmt: skip
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
