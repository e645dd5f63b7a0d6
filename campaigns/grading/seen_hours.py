"""In which hours of the week people were reached, and which hours that speaks for.

A heat map of the past, not a forecast: people were not called at random, so an hour in which mostly those were called
who had missed other hours looks worse than it is. The model (`planning.py`) knows that; this table is what a
supervisor can check by counting.

Source: requirements CALL-6, REPORT-5; K 7(3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from campaigns.evidence import seen_in
from campaigns.grading.scores import wilson
from campaigns.importing.history.results import HITS as PAST_HITS
from campaigns.model import Disposition, Outcome
from campaigns.queries import queries

SEEN_DAYS = 180
"""The table goes back so many days: as long as evidence counts at least half."""

HOLIDAY = 8
"""The place of public holidays after the seven days of the week."""

LEAST_ATTEMPTS = 30
"""An hour with fewer attempts is not proposed: its rate is mostly chance."""

_CONTACTS = sorted(d for d in Disposition if d.is_contact)
_HITS = sorted(o for o in Outcome if seen_in(o) == (1.0, 0.0))
_USUAL_HITS = 20


@dataclass(frozen=True, slots=True)
class Cell:
    """One clock hour of one day of the week.

    Args:
        day: 1 = Monday … 7 = Sunday, 8 = public holiday.
        hour: JST, 0–23.
        attempts: dialed; hits: of them, picked up by somebody; contacts: of them, contacts.
    """

    day: int
    hour: int
    attempts: int
    hits: int
    contacts: int

    @property
    def contact_ratio(self) -> float:
        """Contacts ÷ attempts dialed."""
        return self.contacts / self.attempts if self.attempts else 0.0

    @property
    def at_least(self) -> float:
        """The lower end of the ratio's 95 % interval: by it hours with few attempts don't win by luck."""
        return wilson(self.contacts, self.attempts)[0]


async def cells_seen(conn: asyncpg.Connection, campaign_id: int, now: datetime) -> list[Cell]:
    """Every hour of the week in which somebody was called in the last `SEEN_DAYS` days, former records included."""
    rows = queries.cells_seen(
        conn,
        campaign_id=campaign_id,
        since=now - timedelta(days=SEEN_DAYS),
        until=now,
        hits=_HITS,
        past_hits=sorted(PAST_HITS),
        contacts=_CONTACTS,
    )
    return [Cell(r["day"], r["hour"], r["attempts"], r["hits"], r["contacts"]) async for r in rows]


def best_cells(cells: Sequence[Cell], most: int = 5) -> list[Cell]:
    """The hours to be proposed, best first: by the lower end of their ratio's interval."""
    enough = [cell for cell in cells if cell.attempts >= LEAST_ATTEMPTS and cell.contacts]
    return sorted(enough, key=lambda cell: (-cell.at_least, cell.day, cell.hour))[:most]


def contact_share(cells: Sequence[Cell]) -> float:
    """Contacts ÷ calls that were picked up: others talk, too, or nobody says a word.

    Begins at 1, as if 20 pick-ups had all been contacts, so that a few calls don't decide it.
    """
    hits, contacts = sum(c.hits for c in cells), sum(c.contacts for c in cells)
    return (contacts + _USUAL_HITS) / (hits + _USUAL_HITS)
