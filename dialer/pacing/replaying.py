"""Puts the recorded moments of a trace to another policy, and says where it would have decided otherwise.

Pure. Each moment is decided by itself: what the other policy would have placed before has no part in the next moment,
so a replay shows where two policies differ, not what a day with the other one would have been like; that is for the
simulation to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from dialer.pacing.modes import FixedRatio, Progressive
from dialer.pacing.policy import Policy
from dialer.pacing.predictive import Predictive
from dialer.pacing.traced import TracedDecision


class Name(StrEnum):
    """Policies that a trace can be put to."""

    PREDICTIVE = "predictive"
    PROGRESSIVE = "progressive"
    FIXED_RATIO = "fixed_ratio"


_POLICIES: dict[Name, Callable[[float], Policy]] = {
    Name.PREDICTIVE: Predictive,
    Name.PROGRESSIVE: lambda _: Progressive(),
    Name.FIXED_RATIO: lambda _: FixedRatio(),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """A moment at which the two decide differently.

    Args:
        line: of the trace, from 1.
        recorded, replayed: calls to place, before the limits.
        recorded_because, replayed_because: in words (Japanese).
    """

    line: int
    at: datetime
    campaign_id: int
    recorded: int
    replayed: int
    recorded_because: str
    replayed_because: str


@dataclass(slots=True)
class Replay:
    """What a replay found.

    Args:
        moments: lines that were decided anew.
        recorded_calls, replayed_calls: sums of calls to place, before the limits.
        differences: all of them, in the trace's order.
    """

    policy: Name
    moments: int = 0
    recorded_calls: int = 0
    replayed_calls: int = 0
    differences: list[Difference] = field(default_factory=list)


def replay(
    lines: Iterable[TracedDecision], policy: Name, *, ratio: float | None = None, campaign_id: int | None = None
) -> Replay:
    """Decide every moment of `lines` by `policy`.

    Args:
        ratio: calls for each ready agent instead of the recorded campaign's own (fixed ratio only), 1..10.
        campaign_id: only this campaign's moments; None = all.
    """
    found = Replay(policy)
    for number, one in enumerate(lines, 1):
        if campaign_id not in (None, one.campaign_id):
            continue
        snapshot = one.snapshot if ratio is None else replace(one.snapshot, ratio=ratio)
        decided = _POLICIES[policy](one.patience_s).decide(snapshot)
        found.moments += 1
        found.recorded_calls += one.decision.place
        found.replayed_calls += decided.place
        if decided.place != one.decision.place:
            found.differences.append(
                Difference(
                    line=number,
                    at=one.at,
                    campaign_id=one.campaign_id,
                    recorded=one.decision.place,
                    replayed=decided.place,
                    recorded_because=one.decision.because,
                    replayed_because=decided.because,
                )
            )
    return found
