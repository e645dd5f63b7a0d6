"""Keeps the counts of abandonment up to date: the database's, read every few seconds, and what happened since.

Decides nothing: the counting is ``abandonment``. The database is the truth, so the counts survive any restart; a result
that an agent enters later (it was a machine) is taken in for a day. The past is judged by what is set now: when a
campaign's threshold or detection changes, all is read again with the next reading.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import asyncpg

from campaigns.answers import live_answers_by_hour
from campaigns.campaign import Campaign
from campaigns.detection import Detection
from dialer.pacing.abandonment import DAY, HOUR, MONTH, Count, HourlyCounts, Standing, hour_of, standing
from dialer.pacing.observed import Abandoned, Joined, RingEnded

_RECENT_EVERY = timedelta(seconds=5)
_DAY_EVERY = timedelta(hours=1)


class Standings:
    """How all campaigns stand.

    Args:
        overall_limit_ratio: the hard limit of all campaigns together, 0..1.
    """

    def __init__(self, overall_limit_ratio: float) -> None:
        self._overall_limit_ratio = overall_limit_ratio
        self._counts = HourlyCounts()
        self._day_read_at: datetime | None = None
        self._recent_read_at: datetime | None = None
        self._judged_by: dict[int, tuple[float, Detection]] = {}
        self._found: dict[int, tuple[tuple[int, datetime, float], Standing]] = {}

    async def refresh(self, conn: asyncpg.Connection, now: datetime) -> None:
        """Read what may have changed: all at first, a day each hour, else this hour and the one before."""
        if self._day_read_at is None:
            since = hour_of(now - MONTH)
        elif not timedelta() <= now - self._day_read_at < _DAY_EVERY:
            since = hour_of(now - DAY)
        elif self._recent_read_at is None or not timedelta() <= now - self._recent_read_at < _RECENT_EVERY:
            since = hour_of(now) - HOUR
        else:
            return
        rows = await live_answers_by_hour(conn, since)
        told = [(row.campaign_id, row.starts_at, Count(row.answers, row.abandoned)) for row in rows]
        self._counts.replace(since, told)
        self._recent_read_at = now
        if since <= hour_of(now - DAY):
            self._day_read_at = now

    def seen(self, campaign_id: int, seen: RingEnded | Joined | Abandoned, answered_at: datetime) -> None:
        """Something happened that the database will tell with the next reading."""
        if not isinstance(seen, RingEnded):
            self._counts.add(campaign_id, answered_at, Count(1, int(isinstance(seen, Abandoned))))

    def of(self, campaign: Campaign, now: datetime) -> Standing:
        """How `campaign` stands; counted anew when anything changed, or the hour did."""
        campaign_id, limit_ratio = campaign.campaign_id, campaign.pacing.abandon_limit_ratio
        judged_by = (campaign.pacing.abandon_threshold_s, campaign.detection)
        if self._judged_by.setdefault(campaign_id, judged_by) != judged_by:
            self._judged_by[campaign_id] = judged_by
            self._day_read_at = None
        of = (self._counts.changes, hour_of(now), limit_ratio)
        if campaign_id not in self._found or self._found[campaign_id][0] != of:
            overall = self._overall_limit_ratio
            found = standing(self._counts, campaign_id, now, limit_ratio=limit_ratio, overall_limit_ratio=overall)
            self._found[campaign_id] = (of, found)
        return self._found[campaign_id][1]
