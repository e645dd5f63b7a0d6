"""The prices of the kinds of hour for one campaign's list: found from a sample of it, and the last ones found.

Decides how many calls are expected to be left and what one of them is worth to the one who would get it next; how
prices are found from that is `learning`'s.

Invariant: the same list, day and pace give the same prices: the sample is drawn by the day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
import numpy as np
from numpy.typing import NDArray

from campaigns.calendar import jst_date, start_of_day
from campaigns.campaign import Campaign
from campaigns.grading.fitting import FittedModel
from campaigns.grading.pace import attempts_an_hour, read_pace
from campaigns.grading.people import chances_of, read_people
from campaigns.grading.slots import Left, horizon_ends, left_of
from campaigns.grading.stakes import stakes_of
from campaigns.learning.evidence import WINDOWS, Ints
from campaigns.learning.horizon import Timeline
from campaigns.learning.prices import find_prices
from campaigns.learning.survival import of_posterior
from campaigns.model import Window
from campaigns.opening.hours import Hours
from campaigns.queries import queries

_SAMPLE = 3_000


@dataclass(frozen=True, slots=True)
class Prices:
    """What a whole pass found; kept as JSON in ``campaign.grading`` and shown to supervisors.

    Args:
        prices: of a call by kind of hour, in mean stakes: what a slot is worth to the one who would get it next.
        attempts_left, sessions_left: by kind of hour, in the horizon.
        per_hour: attempts an hour by kind of hour.
        mean_stake: of the list.
        people: on the list; below_floor, drawn: of them, in any kind of hour.
        pick_up: mean probability by kind of hour of those on the list.
    """

    prices: tuple[float, float, float]
    attempts_left: tuple[float, float, float]
    sessions_left: tuple[int, int, int]
    per_hour: tuple[float, float, float]
    mean_stake: float
    people: int
    below_floor: int = 0
    drawn: int = 0
    pick_up: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def pace(self) -> dict[Window, float]:
        """Attempts an hour by kind of hour."""
        return dict(zip(WINDOWS, self.per_hour, strict=True))


async def last_prices(conn: asyncpg.Connection, campaign_id: int) -> Prices | None:
    """What the last whole pass found; None when there was none, or when the supervisor changed the weights since."""
    row = await queries.last_grading(conn, campaign_id=campaign_id)
    if row is None or row["graded_at"] is None or row["grading"] is None:
        return None
    return msgspec.json.decode(row["grading"], type=Prices)


async def new_prices(
    conn: asyncpg.Connection, campaign: Campaign, hours: Hours, fitted: FittedModel, now: datetime, ids: Ints
) -> tuple[Prices, Left]:
    """Prices at the pace of the last days, and what is left of the horizon at it.

    Args:
        hours: of this campaign.
        ids: (n,) everybody on the list.
    """
    pace = attempts_an_hour(await read_pace(conn, campaign.campaign_id, now))
    left = left_of(hours, now, pace)
    unpriced = Prices(
        prices=(0.0, 0.0, 0.0),
        attempts_left=_three(left.timeline.attempts),
        sessions_left=_three(left.timeline.sessions),
        per_hour=_three(np.array([pace[w] for w in WINDOWS])),
        mean_stake=1.0,
        people=len(ids),
    )
    chance = np.random.default_rng(jst_date(now).toordinal())
    some = ids if len(ids) <= _SAMPLE else np.sort(chance.choice(ids, _SAMPLE, replace=False))
    people = await read_people(conn, campaign, some.tolist(), fitted.book, now)
    wanted = np.flatnonzero(people.callable_from < start_of_day(horizon_ends(now)).timestamp())
    if len(wanted) == 0 or len(left.timeline) == 0:
        return unpriced, left
    stake = stakes_of(campaign.choosing, people)
    posterior = chances_of(people, fitted.model).posterior[wanted]
    survival = of_posterior(posterior, fitted.model.sorts, left.timeline.caps(len(ids)))
    share = len(people) / len(ids)
    scaled = Timeline(left.timeline.windows, left.timeline.calls * share, left.timeline.days)
    limits = left.limits(people.missed_cells[wanted])
    found = find_prices(survival, scaled, stake[wanted] / stake.mean(), limits=limits)
    return replace(unpriced, prices=_three(found), mean_stake=float(stake.mean())), left


def _three(values: NDArray[Any]) -> tuple[Any, Any, Any]:
    """One value a kind of hour, as JSON has them."""
    weekday, evening, weekend = values.tolist()
    return weekday, evening, weekend
