"""How much was abandoned in the last 24 hours and 30 days, and whether a campaign must go on 1:1.

Pure counting over whole hours; what an abandoned and a live answer are: ``campaigns.pacing.Pacing``. An hour counts as
long as any part of it lies in the window, so a window is never shorter than it is called.

Invariant: an answer that is joined never puts anybody over the limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

HOUR = timedelta(hours=1)
DAY = timedelta(hours=24)
MONTH = timedelta(days=30)

MIN_ANSWERS = 100
"""With fewer live answers in a window it is judged as if there were so many: one person of 30 is not yet above 3 %."""


@dataclass(frozen=True, slots=True)
class Count:
    """Live answers, and the abandoned of them."""

    answers: int = 0
    abandoned: int = 0

    @property
    def ratio(self) -> float:
        """Abandoned over live answers, 0..1; 0 without any."""
        return self.abandoned / self.answers if self.answers else 0.0

    def is_over(self, limit_ratio: float) -> bool:
        """Whether more people were abandoned than the limit allows of these answers, or of `MIN_ANSWERS` if fewer.

        So one person among the first thirty answers holds nobody, and many hold the campaign before the hundredth.
        """
        return self.abandoned > limit_ratio * max(self.answers, MIN_ANSWERS)

    def __add__(self, other: Count) -> Count:
        return Count(self.answers + other.answers, self.abandoned + other.abandoned)

    def __sub__(self, other: Count) -> Count:
        return Count(self.answers - other.answers, self.abandoned - other.abandoned)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a campaign stands.

    Args:
        day, month: the campaign's own last 24 hours and 30 days.
        all_day, all_month: those of all campaigns together.
        over: which of the four are over their limit, by name.
        until: the first moment at which none of the four is over, however many answers are joined until then: the
            campaign is held no longer than that, unless more people are abandoned. None = nothing is over.
    """

    day: Count = Count()
    month: Count = Count()
    all_day: Count = Count()
    all_month: Count = Count()
    over: tuple[str, ...] = ()
    until: datetime | None = None


class HourlyCounts:
    """Counts of every campaign, and of all together (None), by the hour."""

    def __init__(self) -> None:
        self._hours: dict[datetime, dict[int | None, Count]] = {}
        self.changes = 0
        """Goes up with every change."""

    def replace(self, since: datetime, told: Iterable[tuple[int, datetime, Count]]) -> None:
        """Take `told` (campaign, beginning of its hour, count) for all that is known from `since` (an hour's start) on.

        What no window reaches any more is forgotten.
        """
        self._hours = {at: known for at, known in self._hours.items() if since - MONTH - HOUR <= at < since}
        for campaign_id, starts_at, count in told:
            self.add(campaign_id, starts_at, count)
        self.changes += 1

    def add(self, campaign_id: int, at: datetime, count: Count) -> None:
        """One more thing that happened at `at`."""
        hour = self._hours.setdefault(hour_of(at), {})
        for of in (campaign_id, None):
            hour[of] = hour.get(of, Count()) + count
        self.changes += 1

    def within(self, window: timedelta, now: datetime, campaign_id: int | None) -> Iterator[tuple[datetime, Count]]:
        """The hours that reach into the window, oldest first; of one campaign, or of all together."""
        for at in sorted(at for at in self._hours if at + HOUR > now - window):
            if (found := self._hours[at].get(campaign_id)) is not None:
                yield at, found


def hour_of(at: datetime) -> datetime:
    """The beginning of the hour in which `at` lies."""
    return at.replace(minute=0, second=0, microsecond=0)


def standing(
    counts: HourlyCounts, campaign_id: int, now: datetime, *, limit_ratio: float, overall_limit_ratio: float
) -> Standing:
    """How a campaign stands at `now`.

    Args:
        limit_ratio: the campaign's hard limit, 0..1.
        overall_limit_ratio: that of all campaigns together, 0..1.
    """
    found: dict[str, Count] = {}
    over: list[str] = []
    changes: dict[datetime, dict[str, bool]] = {}
    for name, window, of, limit in (
        ("day", DAY, campaign_id, limit_ratio),
        ("month", MONTH, campaign_id, limit_ratio),
        ("all_day", DAY, None, overall_limit_ratio),
        ("all_month", MONTH, None, overall_limit_ratio),
    ):
        hours = list(counts.within(window, now, of))
        found[name] = left = sum((count for _, count in hours), Count())
        if left.is_over(limit):
            over.append(name)
        for starts_at, count in hours:
            left -= count
            changes.setdefault(starts_at + HOUR + window, {})[name] = left.is_over(limit)
    return Standing(**found, over=tuple(over), until=_first_within(set(over), changes) if over else None)


def _first_within(over: set[str], changes: dict[datetime, dict[str, bool]]) -> datetime | None:
    """When none of the counts is over its limit any more.

    All four are followed together: when good hours leave a window, one that was within its limit may pass it.

    Args:
        over: those that are over now.
        changes: what becomes of each count when hours leave its window.
    """
    for at in sorted(changes):
        for name, is_over in changes[at].items():
            (over.add if is_over else over.discard)(name)
        if not over:
            return at
    return None
