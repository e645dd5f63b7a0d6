"""A month ahead: what the calendar's sessions, or others, would bring (REPORT-5, K 7(3)).

Reads a sample of the campaign's list as the model knows it, the calendar and the pace of the last weeks. What comes of
a staffing is reckoned in `expecting`; which staffings there are is said in `staffing`.

Invariant: the same database and moment give the same figures: the sample is drawn by the people's ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import asyncpg
import numpy as np

from campaigns.calendar import jst_date, start_of_day
from campaigns.campaign import Campaign
from campaigns.errors import CampaignInvalid
from campaigns.grading.expecting import SEARCHED, Expected, Listed, expect
from campaigns.grading.fitting import FittedModel
from campaigns.grading.pace import read_pace
from campaigns.grading.people import People, chances_of, read_people
from campaigns.grading.seen_hours import Cell, cells_seen, contact_share
from campaigns.grading.staffing import Staffing, alternatives, check, usual_staffing
from campaigns.learning.evidence import Floats
from campaigns.learning.planning import Floor, price_of_floor
from campaigns.opening.hours import Hours
from campaigns.queries import queries

SAMPLE = 1_000
"""People who are read; shown beside the figures."""

FARTHEST_MONTHS = 12

_FLOOR_SAMPLE = 250


@dataclass(frozen=True, slots=True)
class Month:
    """What is planned: a JST month, or what is left of it.

    Args:
        first_on, last_on: JST days, both included.
    """

    first_on: date
    last_on: date

    @staticmethod
    def ahead(now: datetime, first_on: date | None = None) -> Month:
        """The month of `first_on`, from tomorrow on if it has begun; by default the next month.

        Raises:
            CampaignInvalid: it is over, or too far ahead.
        """
        today = jst_date(now)
        begins = _next(today) if first_on is None else first_on.replace(day=1)
        months = (begins.year - today.year) * 12 + begins.month - today.month
        if not 0 <= months <= FARTHEST_MONTHS:
            raise CampaignInvalid(
                "month", f"{begins:%Y-%m} is not between this month and {FARTHEST_MONTHS} months ahead"
            )
        last_on = _next(begins) - timedelta(days=1)
        return Month(min(max(begins, today + timedelta(days=1)), last_on), last_on)

    @property
    def from_at(self) -> datetime:
        return start_of_day(self.first_on)

    @property
    def until(self) -> datetime:
        return start_of_day(self.last_on + timedelta(days=1))


def _next(day: date) -> date:
    """The first of the month after that of `day`."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another staffing.

    Args:
        moved: sessions more or fewer by kind of hour.
        gain: expected contacts more than without it.
        agent_hours: more than without it.
    """

    moved: tuple[int, int, int]
    gain: float
    agent_hours: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything that a plan of one campaign's month is reckoned from.

    Args:
        people: the sample; its `total` is everybody on the list in the month.
        usual: the staffing of the calendar, at the pace seen.
        attempts_seen: placed in the last `PACE_DAYS` days; 0 = the pace is assumed.
        contact_share: contacts ÷ calls picked up, as seen; cells: the hours in which it was seen.
        fitted_at: when the model was fitted; None = the stated prior.
        floor: what the campaign's supervisor promises everybody.
    """

    month: Month
    people: Listed
    usual: Staffing
    attempts_seen: int
    contact_share: float
    cells: Sequence[Cell]
    fitted_at: datetime | None
    floor: Floor

    def expect(self, staffing: Staffing | None = None) -> Expected:
        """What a staffing brings; None = the usual one.

        Raises:
            CampaignInvalid: the staffing can't be.
        """
        chosen = self.usual if staffing is None else staffing
        check(chosen)
        return expect(self.people, chosen)

    @staticmethod
    def spare(staffing: Staffing, come: Expected) -> bool:
        """Whether a tenth of the places or more would stay empty."""
        return sum(come.attempts) < 0.9 * sum(staffing.attempts)

    def alternatives(self, staffing: Staffing) -> list[Alternative]:
        """One session more of each kind of hour, and one of each instead of another.

        From the smaller sample that prices are looked for with, and the same for all: what they differ by is then not
        the people's chance.
        """
        some = self.people.first(SEARCHED)
        base = expect(some, staffing)
        made = []
        for moved, other in alternatives(staffing):
            gain = sum(expect(some, other, start=base).contacts) - sum(base.contacts)
            made.append(Alternative(moved, gain, other.agent_hours - staffing.agent_hours))
        return made

    def price_of_floor(self, staffing: Staffing, base: Expected) -> float:
        """Expected contacts that the campaign's floor costs; 0 without one. From a smaller sample.

        Args:
            base: what `staffing` brings; the floor costs at most what the places that it takes are worth.
        """
        some = self.people.first(_FLOOR_SAMPLE)
        if not len(some) or not (self.floor.attempts or self.floor.each_window) or not any(staffing.attempts):
            return 0.0
        share = len(some) / some.total
        found = price_of_floor(some.survival, staffing.timeline(share), np.ones(len(some)), self.floor) / share
        worth = max(self.floor.attempts * max(base.prices), self.floor.each_window * sum(base.prices))
        return min(found, worth * base.people)


def as_told(staffing: Staffing, come: Expected) -> dict[str, object]:
    """A staffing and what it brings, as pages and ``--json`` give it; lists are by kind of hour."""
    return {
        "sessions": staffing.sessions,
        "hours": staffing.hours,
        "agents": staffing.agents,
        "calls": staffing.calls,
        "agent_hours": round(staffing.agent_hours, 2),
        "places": staffing.attempts,
        "attempts": come.attempts,
        "contacts": come.contacts,
        "contacts_in_all": sum(come.contacts),
        "contact_ratio": come.contact_ratio,
        "interval": come.interval,
    }


async def look_ahead(
    conn: asyncpg.Connection, campaign: Campaign, hours: Hours, fitted: FittedModel, now: datetime, month: Month
) -> Outlook:
    """Read what a plan is reckoned from.

    Args:
        hours: of this campaign.
    """
    sample = queries.people_of_month(
        conn, campaign_id=campaign.campaign_id, from_at=month.from_at, until=month.until, limit=SAMPLE
    )
    drawn = [(row["debtor_id"], row["total"]) async for row in sample]
    people = await read_people(conn, campaign, [debtor_id for debtor_id, _ in drawn], fitted.book, now)
    # whoever has no debt or live number any more is not read, and the same share of the total left out
    total = round(drawn[0][1] * len(people) / len(drawn)) if drawn else 0
    place = {debtor_id: n for n, (debtor_id, _) in enumerate(drawn)}
    as_drawn = np.argsort([place[int(debtor_id)] for debtor_id in people.debtor_ids])
    sessions = hours.sessions(month.first_on, month.last_on)
    pace = await read_pace(conn, campaign.campaign_id, now)
    cells = await cells_seen(conn, campaign.campaign_id, now)
    share = contact_share(cells)
    posterior = chances_of(people, fitted.model).posterior[as_drawn]
    return Outlook(
        month=month,
        people=Listed.of(posterior, fitted.model.sorts, share, _parts(people, month)[as_drawn], total),
        usual=usual_staffing(sessions, pace),
        attempts_seen=sum(p.attempts for p in pace.values()),
        contact_share=share,
        cells=cells,
        fitted_at=fitted.fitted_at,
        floor=Floor(campaign.choosing.floor_attempts, campaign.choosing.floor_each_window),
    )


def _parts(people: People, month: Month) -> Floats:
    """(n,) of the month in which each person can be called."""
    length_s = (month.until - month.from_at).total_seconds()
    left = (month.until.timestamp() - people.callable_from) / length_s
    part: Floats = left.clip(0.0, 1.0)
    return part
