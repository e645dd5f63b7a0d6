"""The files of ``dialer candidates``: the lists as CSV, and such a list read again to close everybody in it.

Decides the columns. Written in UTF-8 with a byte order mark, for spreadsheets; the pages' files are read as well.

Invariant: no cell is a formula to a spreadsheet. Invariant: a fault names line and column, never what stands there.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from campaigns.calendar import to_jst
from campaigns.candidates import Candidate, plain_cell, safe_cell
from campaigns.closed_candidates import Closed
from campaigns.model import Window

CANDIDATE_HEAD = (
    "campaign", "addressee_no", "name", "postal_code", "address", "language", "mobile", "channels", *Window, "tries",
    "last_attempt", "last_outcome", "yen", "numbers", "dead", "wrong",
)  # fmt: skip
CLOSED_HEAD = (
    "closing_id", "campaign", "addressee_no", "name", "channel", "closed_as", "closed_at", "closed_by", "note",
)  # fmt: skip


def candidate_row(one: Candidate) -> list[object]:
    """The cells of `CANDIDATE_HEAD`."""
    last = "" if one.last_attempt_at is None else f"{to_jst(one.last_attempt_at):%Y-%m-%d %H:%M}"
    texts = (one.campaign, one.addressee_no, one.name, one.postal_code, one.address, one.language)
    tries = (one.tries[window] for window in Window)
    return [*map(safe_cell, texts), one.mobile, " ".join(one.channels), *tries, one.tries_n, last, one.last_outcome,
            one.yen, one.numbers_n, one.dead_n, one.wrong_n]  # fmt: skip


def closed_row(one: Closed) -> list[object]:
    """The cells of `CLOSED_HEAD`."""
    at = f"{to_jst(one.closed_at):%Y-%m-%d %H:%M}"
    who = map(safe_cell, (one.campaign, one.addressee_no, one.name))
    return [one.closing_id, *who, one.channel, one.closed_as, at, one.closed_by, safe_cell(one.note)]


def write_list(file: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a list anew.

    Raises:
        click.ClickException: the file can't be written.
    """
    try:
        with file.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(head)
            writer.writerows(rows)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error


def read_addressee_nos(file: Path, campaign: str) -> list[tuple[str, str]]:
    """The addressee numbers of a list of candidates, each with its place in the file.

    Args:
        campaign: whose list it must be, where the file names campaigns.

    Raises:
        click.ClickException: it can't be read, has no such column, or a row is empty or of another campaign.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines, strict=True)
            table = [(row, rows.line_num) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise click.ClickException(f"{file}: can't be read as CSV in UTF-8 ({type(error).__name__})") from error
    head = table[0][0] if table else []
    place = next((head.index(one) for one in ("addressee_no", "宛名番号") if one in head), None)
    if place is None:
        raise click.ClickException(f"{file} line 1: no column addressee_no or 宛名番号")
    of = next((head.index(one) for one in ("campaign", "キャンペーン") if one in head), None)
    found = []
    for row, line in table[1:]:
        if not row:
            continue  # an empty line
        where = f"{file} line {line}"
        if len(row) != len(head) or not row[place].strip():
            raise click.ClickException(f"{where}, {head[place]}: is missing")
        if of is not None and plain_cell(row[of]) != campaign:
            raise click.ClickException(f"{where}, {head[of]}: is another campaign's")
        found.append((where, plain_cell(row[place]).strip()))
    return found
