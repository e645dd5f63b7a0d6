"""Limits that hold for every dial mode: the campaign's lines, the trunk's, those kept for callers, calls per second.

Pure. The policy has decided before; here its number is only made smaller.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dialer.pacing.policy import Decision


class LimitedBy(StrEnum):
    """What kept a decision from being greater."""

    CAMPAIGN_LINES = "campaign_lines"
    TRUNK_LINES = "trunk_lines"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class LinesFree:
    """Lines that a campaign may still take, 0 or more, and which limit is the nearest."""

    free: int
    by: LimitedBy


def lines_free(
    *, campaign_lines: int, campaign_calls: int, trunk_lines: int, spare_lines: int, calls: int, callers: int
) -> LinesFree:
    """Lines that may be taken for outbound calls of a campaign.

    Args:
        campaign_lines: most calls of the campaign at one time.
        campaign_calls: those it has now.
        trunk_lines: what the trunk carries.
        spare_lines: of these, kept free for people who call; callers use them up.
        calls: outbound calls of all campaigns.
        callers: lines that inbound calls take.
    """
    own = campaign_lines - campaign_calls
    trunk = trunk_lines - max(spare_lines, callers) - calls
    by = LimitedBy.CAMPAIGN_LINES if own <= trunk else LimitedBy.TRUNK_LINES
    return LinesFree(max(0, min(own, trunk)), by)


def limit(decision: Decision, *, lines_free: int, rate_allows: int) -> Decision:
    """`decision` within the free lines and the calls that the rate still allows this instant."""
    place = decision.place
    for allowed, name in ((lines_free, "回線数"), (rate_allows, "毎秒の発信数")):
        if place > allowed:
            place = max(0, allowed)
            because = f"{decision.because}、{name}の上限により {place}件"
            decision = Decision(place, because, decision.chances[:place], decision.risks[:place])
    return decision


def within(decision: Decision, lines: LinesFree, rate_allows: int) -> tuple[Decision, LimitedBy | None]:
    """`decision` within the limits, and which of them it has reached; None = it stays below all."""
    limited = limit(decision, lines_free=lines.free, rate_allows=rate_allows)
    if limited.place < min(decision.place, lines.free):
        return limited, LimitedBy.RATE
    return limited, lines.by if decision.place >= lines.free else None
