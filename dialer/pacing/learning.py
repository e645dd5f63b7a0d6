"""The estimates of each campaign: fed with what happens, filled at the start with what happened in the last days.

Rings, answers and abandonments are a campaign's own, as its list is. Talks and wrap-ups go to every campaign whose
calls those agents take: what a policy forecasts is when a busy agent will be free, and she is busy with anybody's call.

How many people were expected to be abandoned, and how many were, is kept (``expectations``), so that a start goes on
where the last engine stopped. Of the time before it was, only what makes more careful is taken: the mode aims at a
share of the target, so what came above that says by how much the forecast was too hopeful. What stayed below says
nothing: the campaign may have been dialed 1:1.

The pacing's seconds are counted from `HISTORY` before the start, so that none is negative.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from campaigns.answers import AnswersOfHour, RecentAttempt
from campaigns.campaign import Campaign
from dialer.agents.choosing import serves
from dialer.pacing.abandonment import hour_of
from dialer.pacing.daring import AIM, EXCESS
from dialer.pacing.estimating import Estimates
from dialer.pacing.expectations import Expected
from dialer.pacing.forecast import Forecast
from dialer.pacing.hazard import Hazard
from dialer.pacing.observed import CameIn, Observed, RingEnded, Talked, WrappedUp

HISTORY = timedelta(days=14)
"""How far back is read at a start: over the longest holidays."""
AT_MOST = 1000
"""Attempts that are read at a start, of each campaign."""
LONGEST_WRAP_S = 1800.0
"""A wrap-up longer than this was somebody who left; a result was entered afterwards."""
_LONGEST_S = 3600
"""Medians are looked for up to here."""


class Learning:
    """All campaigns' estimates.

    Args:
        began_at: the start of the engine.
    """

    def __init__(self, began_at: datetime) -> None:
        self._zero_at = began_at - HISTORY
        self._of: dict[int, tuple[Campaign, Estimates]] = {}

    def seconds(self, at: datetime) -> float:
        """A moment on the scale of the observations."""
        return (at - self._zero_at).total_seconds()

    def knows(self, campaign: Campaign) -> bool:
        """Whether there are estimates for the campaign as it is now, with the same agents; they keep to its target."""
        known = self._of.get(campaign.campaign_id)
        if known is None or known[0].agent_group != campaign.agent_group:
            return False
        if known[0].pacing.abandon_target_ratio != campaign.pacing.abandon_target_ratio:
            known[1].aim_at(campaign.pacing.abandon_target_ratio)
            self._of[campaign.campaign_id] = (campaign, known[1])
        return True

    def made_from(
        self,
        campaign: Campaign,
        past: Iterable[RecentAttempt],
        answers: Iterable[AnswersOfHour] = (),
        expected: Iterable[Expected] = (),
    ) -> Estimates:
        """The campaign's estimates. It takes a while, and changes nothing here: a thread may do it.

        Args:
            past: attempts of every campaign.
            answers: live answers of every campaign since `HISTORY` ago.
            expected: what was expected and what came of every campaign since then, the oldest first.
        """
        target = campaign.pacing.abandon_target_ratio
        estimates = Estimates(target)
        parts = [one for one in expected if one.campaign_id == campaign.campaign_id]
        own = [one for one in answers if one.campaign_id == campaign.campaign_id and _is_before(one, parts)]
        answered, came = sum(one.answers for one in own), sum(one.abandoned for one in own)
        if came > target * AIM * answered:
            estimates.remember(target * AIM / EXCESS * answered, came)
        for part in parts:
            for seen in part.observed(self.seconds(part.starts_at)):
                estimates.observe(seen)
        for seen in sorted((one for row in past for one in self._seen(row, campaign)), key=lambda seen: seen.at_s):
            estimates.observe(seen)
        return estimates

    def begin(self, campaign: Campaign, estimates: Estimates) -> None:
        """From now on `campaign` learns with `estimates`."""
        self._of[campaign.campaign_id] = (campaign, estimates)

    def forget_others(self, campaign_ids: Iterable[int]) -> None:
        """Keep only these."""
        kept = set(campaign_ids)
        self._of = {one: known for one, known in self._of.items() if one in kept}

    def observe(self, campaign_id: int, seen: Observed) -> None:
        """Something of one campaign."""
        if campaign_id in self._of:
            self._of[campaign_id][1].observe(seen)

    def observe_group(self, group: str, seen: Talked | WrappedUp) -> None:
        """Something of an agent of `group`."""
        for campaign, estimates in self._of.values():
            if serves(group, campaign.agent_group):
                estimates.observe(seen)

    def observe_caller(self, groups: Collection[str], seen: CameIn) -> None:
        """Somebody called whom agents of any of `groups` may take: once for each campaign that shares them."""
        for campaign, estimates in self._of.values():
            if any(serves(group, campaign.agent_group) for group in groups):
                estimates.observe(seen)

    def forecast(self, campaign_id: int, now: datetime) -> Forecast | None:
        """The campaign's present forecast; None before `begin`."""
        known = self._of.get(campaign_id)
        return None if known is None else known[1].forecast(self.seconds(now))

    def call_s(self, campaign_id: int, now: datetime) -> float:
        """How long a call of the campaign takes an agent, median seconds from the join to the end of the wrap-up.

        Taken for the sum of the two medians; 0 before `begin`.
        """
        forecast = self.forecast(campaign_id, now)
        return 0.0 if forecast is None else _median_s(forecast.talk) + _median_s(forecast.wrap)

    def _seen(self, row: RecentAttempt, campaign: Campaign) -> list[Observed]:
        """What an attempt of the past would have told this campaign; abandonments are left to their own counts."""
        found: list[Observed] = []
        if row.campaign_id == campaign.campaign_id and not row.had_agent:
            over = row.answered_at or row.ended_at
            after_s = max(0.0, (over - row.claimed_at).total_seconds())
            answered = row.answered_at is not None
            found.append(RingEnded(self.seconds(over), answered, after_s, row.answer_probability))
        if row.joined_at is None or row.talk_ended_at is None or not serves(row.agent_group, campaign.agent_group):
            return found
        talk_s = (row.talk_ended_at - row.joined_at).total_seconds()
        found.append(Talked(self.seconds(row.talk_ended_at), max(0.0, talk_s)))
        if row.disposed_at is not None:
            wrap_s = (row.disposed_at - row.talk_ended_at).total_seconds()
            if 0.0 <= wrap_s <= LONGEST_WRAP_S:
                found.append(WrappedUp(self.seconds(row.disposed_at), wrap_s))
        return found


def _is_before(one: AnswersOfHour, parts: Sequence[Expected]) -> bool:
    """Whether nothing was kept yet of what was expected in that hour."""
    return not parts or one.starts_at < hour_of(parts[0].starts_at)


@lru_cache(maxsize=64)
def _median_s(law: Hazard) -> float:
    seconds = np.arange(0.0, _LONGEST_S + 1.0)
    return min(float(_LONGEST_S), float(np.searchsorted(law.ended(seconds), 0.5)))
