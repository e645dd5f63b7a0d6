"""Why a campaign dials nobody, or so few: everybody of its debt types, counted by what stands in the way.

One statement for the whole list (``standing`` in ``sql/why.sql``), which asks what the claim and `rules.may_call` ask.
A person can have several reasons: each is counted in `total_n`, and the first in the order of `rules.Reason` in
`first_n`, so that the `first_n` and those who are callable add up to everybody.

Decides nothing about calling. What the engine makes of those who are callable (lines, ready agents) is the pacing's to
say.

Invariant: whoever is counted as callable is one whom the claim takes at that moment, and the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg
import msgspec

from campaigns.ahead import NOTHING, ahead_of
from campaigns.calendar import cell_of, hour_of_week, jst_date, month_start
from campaigns.campaign import Campaign
from campaigns.claiming import GRADES_HOLD
from campaigns.model import Window
from campaigns.opening.store import load_openings
from campaigns.queries import queries
from campaigns.rules import Reason


class Hold(StrEnum):
    """Why the claim passes over somebody whom no rule keeps away."""

    BETTER_HOUR = "better_hour"  # graded 0: not in this kind of hour before the next grading
    NOT_LISTED = "not_listed"  # the list is behind the facts; `listing.list_drift` says by how much

    @property
    def label(self) -> str:
        """What the people at the screen read."""
        return _LABELS[self]


_LABELS = {
    Hold.BETTER_HOUR: "別の曜日・時間帯を先に試します",
    Hold.NOT_LISTED: "発信リストへの反映待ちです",
}

ORDER: tuple[Reason | Hold, ...] = (
    *(reason for reason in Reason if reason is not Reason.CAMPAIGN_STOPPED),
    *Hold,
)
"""The order in which a person's first reason is looked for. That the campaign is stopped concerns nobody in particular;
outside the calendar are those who owe only debt types whose own calendar is closed while the campaign's is open."""


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """People of one reason.

    Args:
        first_n: those whose first reason it is.
        total_n: those who have it, first or not.
        unlisted_n: of `first_n`, those who are not on the list at all.
    """

    reason: Reason | Hold
    first_n: int
    total_n: int
    unlisted_n: int


class Opening(msgspec.Struct, frozen=True):
    """People who may be called from one hour on as the stored facts have it (beginning of the hour, UTC)."""

    at: datetime
    people_n: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A campaign at a moment.

    Args:
        at: the moment that was looked at: now, or the next opening while no window is open.
        window: the kind of hour at that moment; None = nothing opens within 400 days, and spread isn't asked.
        open_now: a window is open now.
        people_n: everybody who owes or owed something of the campaign's debt types.
        listed_n: of them, on the list. callable_n: whom a claim would take at `at`.
        reasons: in the order in which they are looked for, those that nobody has left out.
        opens: the next hours in which somebody's wait ends, earliest first, at most 8.
        ahead_n: who would be claimed before the person asked about; 0 when none was.
    """

    campaign: Campaign
    at: datetime
    window: Window | None
    open_now: bool
    people_n: int
    listed_n: int
    callable_n: int
    reasons: tuple[ReasonCount, ...]
    opens: tuple[Opening, ...]
    ahead_n: int = 0


class _Count(msgspec.Struct, frozen=True):
    reason: str
    first_n: int
    total_n: int
    unlisted_n: int


class _Told(msgspec.Struct, frozen=True):
    """The JSON of the query ``standing``."""

    people_n: int
    listed_n: int
    callable_n: int
    reasons: tuple[_Count, ...]
    opens: tuple[Opening, ...]
    ahead_n: int


async def read_standing(
    conn: asyncpg.Connection, campaign: Campaign, now: datetime, debtor_id: int | None = None
) -> Standing:
    """Count everybody of a campaign by what stands in the way, now or at the next opening.

    Args:
        debtor_id: whose place in the order is asked for; None = nobody's.
    """
    hours = (await load_openings(conn, first_on=jst_date(now), campaign_id=campaign.campaign_id)).hours_of(campaign)
    opening = hours.next_opening(now)
    at = opening or now
    window = hours.window_at(at)
    ahead = NOTHING if window is None else ahead_of(hours, at, window, campaign.choosing.rotation)
    grades_hold = campaign.graded_at is not None and at - campaign.graded_at < GRADES_HOLD
    async with conn.transaction():
        # Right after an import the planner believes the tables empty, and nested loops would take minutes.
        await queries.only_hash_joins(conn, nested_loops="off")
        text = await queries.standing(
            conn,
            campaign_id=campaign.campaign_id,
            call_window=window,
            at=at,
            today=jst_date(at),
            month_start=month_start(at),
            hour_of_week=hour_of_week(at),
            cell=0 if window is None else cell_of(window, jst_date(at)),
            **ahead.columns(),
            lowest=1 if grades_hold else 0,
            open_types=list(hours.debt_types_at(at)),
            debtor_id=debtor_id,
        )
        await queries.only_hash_joins(conn, nested_loops="on")
    told = msgspec.json.decode(text, type=_Told)
    counted = {one.reason: one for one in told.reasons}
    return Standing(
        campaign=campaign,
        at=at,
        window=window,
        open_now=opening == now,
        people_n=told.people_n,
        listed_n=told.listed_n,
        callable_n=told.callable_n,
        reasons=tuple(
            ReasonCount(reason, one.first_n, one.total_n, one.unlisted_n)
            for reason in ORDER
            if (one := counted.get(reason)) is not None
        ),
        opens=told.opens,
        ahead_n=told.ahead_n,
    )
