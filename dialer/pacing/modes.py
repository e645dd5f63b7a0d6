"""Which policy a dial mode is, and those that need no forecast: preview, progressive and fixed ratio.

The predictive one stands in ``predictive``.
"""

from __future__ import annotations

from campaigns.model import DialMode
from dialer.pacing.policy import Decision, Policy, Snapshot, per_ready_agent
from dialer.pacing.predictive import Predictive


class Progressive:
    """One call for each ready agent: nobody who answers is ever without one, unless an agent leaves."""

    def decide(self, snapshot: Snapshot) -> Decision:
        return _per_ready_agent(snapshot, 1.0)


class FixedRatio:
    """``ratio`` calls for each ready agent."""

    def decide(self, snapshot: Snapshot) -> Decision:
        return _per_ready_agent(snapshot, snapshot.ratio)


class Preview:
    """One person on the screen of each ready agent; the agent starts the call."""

    def decide(self, snapshot: Snapshot) -> Decision:
        return Decision(snapshot.ready, f"待機 {snapshot.ready}人 → {snapshot.ready}人に表示")


def _per_ready_agent(snapshot: Snapshot, ratio: float) -> Decision:
    place = per_ready_agent(snapshot, ratio)
    return Decision(
        place,
        f"待機 {snapshot.ready}人・接続待ち {snapshot.waiting}件・呼出中 {len(snapshot.pending)}件・"
        f"1人あたり {ratio:g}件 → {place}件発信",
    )


def policy_for(mode: DialMode, patience_s: float = 2.0) -> Policy:
    """The policy of a campaign's dial mode.

    Args:
        patience_s: how long an answered call may wait before it counts as abandoned, seconds (predictive only).
    """
    match mode:
        case DialMode.PREVIEW:
            return Preview()
        case DialMode.PROGRESSIVE:
            return Progressive()
        case DialMode.FIXED_RATIO:
            return FixedRatio()
        case DialMode.PREDICTIVE:
            return Predictive(patience_s)
