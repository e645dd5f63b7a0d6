"""``dialer numbers``: numbers of the household for those who have none, and what calls have taught, for the city.

What is borrowed, and from whom, is decided in ``campaigns/numbers.py``.
"""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import asyncpg
import click

from campaigns.calendar import start_of_day, to_jst
from campaigns.candidates import safe_cell
from campaigns.numbers import NumberNews, Told, borrow_household_numbers, numbers_told
from dialer.clock import SystemClock
from dialer.on_database import run_on_database

_clock = SystemClock()
_HEAD = ("kind of news", "at", "addressee_no", "number", "kind", "source")


@click.group()
def command() -> None:
    """Telephone numbers: borrow, export."""


@command.command()
def borrow() -> None:
    """Let people without a live number borrow those of their household; give back what isn't needed."""

    async def act(conn: asyncpg.Connection) -> int:
        return len(await borrow_household_numbers(conn, None, _clock.now()))

    click.echo(f"{run_on_database(act, _clock, 'tsunagu numbers'):,} people changed")


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="From this day (Japan) on.")
def export(file: Path, since: datetime) -> None:
    """Write to FILE (CSV, UTF-8 with BOM) the numbers that calls have found new, dead or wrong."""

    async def act(conn: asyncpg.Connection) -> list[NumberNews]:
        return await numbers_told(conn, start_of_day(since.date()))

    news = run_on_database(act, _clock, "tsunagu numbers")
    try:
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(_HEAD)
            for one in news:
                at = f"{to_jst(one.at):%Y-%m-%d %H:%M}"
                writer.writerow([one.told, at, safe_cell(one.addressee_no), one.number, one.kind, one.source])
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error
    counts = ", ".join(f"{kind}: {sum(one.told is kind for one in news):,}" for kind in Told)
    click.echo(f"{counts}; written to {file}")
