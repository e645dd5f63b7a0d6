"""What was done for a candidate: an SMS or letter sent, a visit made, a number looked for, or called off.

Decides nothing about who is a candidate: ``candidates`` does, and counts a way's tries from its last closing on.
Whoever is closed leaves the list of that campaign and way only; a search for a number is one for all campaigns.

A closing is written whether or not the person is a candidate at that moment: a letter that was sent was sent, though
the payment came in meanwhile.

Invariant: the same closing of one day (Japan) counts once. Invariant: a closing is never deleted; one that was made by
mistake is reopened, and both are kept with who and when.

Source: requirements SMS-1, SMS-2, DATA-2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg

from campaigns.calendar import jst_date
from campaigns.campaign import load_campaign
from campaigns.candidates import Channel
from campaigns.errors import CampaignError, CampaignInvalid
from campaigns.queries import queries

LONGEST_NOTE = 200
_ALL = 10_000_000


class ClosedAs(StrEnum):
    """What became of it."""

    DONE = "done"  # sent, visited, looked for
    CALLED_OFF = "called_off"


class ClosingUnknown(CampaignError):
    """There is no such closing, or it was reopened already."""

    code = "closing_unknown"


@dataclass(frozen=True, slots=True)
class Closed:
    """One closing. Personal data.

    Args:
        closed_at: aware.
        closed_by: a user's login.
        note: 1–200 characters; None = none.
    """

    closing_id: int
    campaign_id: int
    campaign: str
    debtor_id: int
    addressee_no: str
    name: str
    channel: Channel
    closed_as: ClosedAs
    closed_at: datetime
    closed_by: str
    note: str | None


@dataclass(frozen=True, slots=True)
class ClosedPage:
    """A stretch of the closings that stand, newest first.

    Args:
        totals: closings of each channel in all, whatever channel was asked for.
        total_n: closings of the channel that was asked for, or of any.
    """

    closed: tuple[Closed, ...]
    totals: Mapping[Channel, int]
    total_n: int


async def close_candidates(
    conn: asyncpg.Connection,
    campaign_id: int,
    debtor_ids: Sequence[int],
    channel: Channel,
    closed_as: ClosedAs,
    *,
    by: str,
    now: datetime,
    note: str | None = None,
) -> int:
    """Take people off the list of one campaign and way; all of them or none.

    Args:
        by: login of who did it.
        now: aware.
        note: up to 200 characters, one line; blank counts as none.

    Returns:
        How many closings are new; less than the people when some were closed alike today.

    Raises:
        CampaignUnknown: there is no campaign with that id.
        CampaignInvalid: the note is too long or no plain line, or somebody isn't known.
    """
    note = checked_note(note)
    async with conn.transaction():
        await load_campaign(conn, campaign_id)
        people = sorted(set(debtor_ids))
        if await queries.known_people(conn, debtor_ids=people) != len(people):
            raise CampaignInvalid("people", "somebody among them isn't known")
        today = jst_date(now)
        return int(
            await queries.close_candidates(
                conn, campaign_id=campaign_id, debtor_ids=people, channel=channel, closed_as=closed_as, now=now,
                today=today, by=by, note=note,
            )
        )  # fmt: skip


def checked_note(note: str | None) -> str | None:
    """The note as it is kept.

    Raises:
        CampaignInvalid: it is longer than 200 characters, or holds a line break or another control character.
    """
    kept = (note or "").strip()
    if len(kept) > LONGEST_NOTE:
        raise CampaignInvalid("note", f"is longer than {LONGEST_NOTE} characters")
    if not all(c.isprintable() or c == "\N{IDEOGRAPHIC SPACE}" for c in kept):
        raise CampaignInvalid("note", "must be one line without control characters")
    return kept or None


async def reopen_candidate(conn: asyncpg.Connection, closing_id: int, *, by: str, now: datetime) -> None:
    """Take a closing back that was made by mistake: it counts as if it had never been made.

    Args:
        by: login of who does it.

    Raises:
        ClosingUnknown: there is none, or it was taken back already.
    """
    if await queries.reopen_candidate(conn, closing_id=closing_id, by=by, now=now) is None:
        raise ClosingUnknown(f"{closing_id}: no such closing, or it was reopened already")


async def read_closed(
    conn: asyncpg.Connection,
    *,
    channel: Channel | None = None,
    campaign_id: int | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> ClosedPage:
    """The closings that stand.

    Args:
        channel: None = any.
        campaign_id: None = of all campaigns.
        limit: 1 or more; None = all.
        offset: passed over, 0 or more.
    """
    limit = _ALL if limit is None else limit
    asked = queries.closed_candidates(conn, campaign_id=campaign_id, channel=channel, limit=limit, offset=offset)
    rows = [row async for row in asked]
    totals = {one: int(rows[0][f"{one}_total"]) for one in Channel}
    return ClosedPage(
        closed=tuple(_closed(row) for row in rows if row["closing_id"] is not None),
        totals=totals,
        total_n=int(rows[0]["any_total"]) if channel is None else totals[channel],
    )


async def people_by_addressee_no(conn: asyncpg.Connection, addressee_nos: Sequence[str]) -> dict[str, int]:
    """The ids of those whom these addressee numbers name; unknown ones are missing."""
    rows = queries.people_by_addressee_no(conn, addressee_nos=list(addressee_nos))
    return {row["addressee_no"]: int(row["debtor_id"]) async for row in rows}


def _closed(row: asyncpg.Record) -> Closed:
    plain = (
        "closing_id",
        "campaign_id",
        "campaign",
        "debtor_id",
        "addressee_no",
        "name",
        "closed_at",
        "closed_by",
        "note",
    )
    return Closed(
        **{name: row[name] for name in plain}, channel=Channel(row["channel"]), closed_as=ClosedAs(row["closed_as"])
    )
