"""What is left of a callee's patience when an agent is wanted: machine detection may have eaten from it.

Counts how long the verdicts on people took, campaign by campaign. A policy is given the patience that nine in ten of
them left; before enough were seen, none.
"""

from __future__ import annotations

from collections import defaultdict, deque
from math import floor

from campaigns.campaign import Campaign
from campaigns.detection import AbandonFrom

_REMEMBERED = 200
_ENOUGH = 20
_SHARE = 0.9


class DetectionTimes:
    """Seconds from the answer to the verdict, of those who were taken for a person."""

    def __init__(self) -> None:
        self._of: defaultdict[int, deque[float]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))

    def add(self, campaign_id: int, after_s: float) -> None:
        """One more verdict."""
        self._of[campaign_id].append(after_s)

    def usual_s(self, campaign_id: int) -> float | None:
        """What nine in ten of the last verdicts took at the most; None while too few were seen."""
        seen = sorted(self._of[campaign_id])
        return None if len(seen) < _ENOUGH else seen[floor(_SHARE * len(seen))]

    def patience_s(self, campaign: Campaign) -> float:
        """How long an answered call of `campaign` may still wait for an agent, seconds.

        Whole tenths, rounded down, so that a policy may keep what it has worked out for one.
        """
        whole_s = campaign.pacing.abandon_threshold_s
        if not campaign.detection.amd or campaign.detection.abandon_from is AbandonFrom.VERDICT:
            return whole_s
        usual_s = self.usual_s(campaign.campaign_id)
        return 0.0 if usual_s is None else floor(10.0 * max(0.0, whole_s - usual_s)) / 10.0
