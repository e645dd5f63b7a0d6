"""Open rows that an engine before us left, as calls that we follow.

Pure. What became of them meanwhile is ``dialer.missed``'s to say.
"""

from __future__ import annotations

from datetime import timedelta

from campaigns.attempts import OpenAttempt
from campaigns.campaign import Campaign
from campaigns.detection import AmdStatus, Verdict
from campaigns.inbound_calls import OpenInbound
from campaigns.model import AttemptState
from dialer.agents.agent import Agent
from dialer.calls.live_call import LiveCall, live_inbound_of


def adopted_attempt(row: OpenAttempt, campaign: Campaign, agent: Agent | None) -> LiveCall:
    """An open attempt; `agent`: who has it."""
    return LiveCall(
        call_id=row.attempt_id,
        campaign_id=row.campaign_id,
        debtor_id=row.debtor_id,
        number=row.number,
        caller_id=row.caller_id,
        group=campaign.agent_group,
        ring_timeout_s=campaign.ring_timeout_s,
        state=row.state,
        since=row.state_at,
        claimed_at=row.claimed_at,
        answered_at=row.answered_at,
        joined_at=row.joined_at,
        agent=agent,
        detects=_is_listened_to(row, campaign.detection.amd),
        abandon_from=campaign.detection.abandon_from,
        verdict=_verdict(row),
        adopted=True,
    )


def adopted_inbound(row: OpenInbound, campaign: Campaign, agent: Agent | None) -> LiveCall:
    """An open call that came in; the dialplan's question is over, however it was answered."""
    call = live_inbound_of(row, campaign.agent_group, row.came_at)
    assert call.inbound is not None
    call.inbound.taken = row.taken
    call.state, call.since, call.joined_at = row.state, row.state_at, row.joined_at
    call.agent, call.adopted = agent, True
    call.room.set_result(None)
    return call


def _is_listened_to(row: OpenAttempt, amd: bool) -> bool:
    """Whether its callee was, is or will be listened to; the last as its campaign is set now."""
    if row.state is AttemptState.DETECTING or row.amd_status is not None:
        return True
    return amd and row.answered_at is None and row.preview_agent_id is None


def _verdict(row: OpenAttempt) -> Verdict | None:
    if row.amd_status is None or row.answered_at is None:
        return None
    return Verdict(AmdStatus(row.amd_status), row.amd_cause or "", row.answered_at + timedelta(seconds=row.amd_s or 0))
