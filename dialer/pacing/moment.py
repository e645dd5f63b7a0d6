"""The present moment as one campaign's policy may see it, from the floor and the desk.

Decides only whose call and agent counts. There are two safe ways to see agents whom other groups need, too: with them,
and then each call that one of them may take counts in full; or without them, and then only the calls that may take the
others. Neither promises an agent to two calls, so a campaign may go by the one that lets it place more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from campaigns.campaign import Campaign
from campaigns.model import AttemptState
from dialer.agents.agent import Agent
from dialer.agents.choosing import is_lent, share
from dialer.agents.shift_end import Nearing
from dialer.calls.live_call import LiveCall
from dialer.pacing.answering import STRANGER, shifted
from dialer.pacing.forecast import Forecast
from dialer.pacing.policy import AgentView, PendingCall, Snapshot

_UNANSWERED = (AttemptState.CLAIMED, AttemptState.DIALING, AttemptState.RINGING, AttemptState.DETECTING)
"""While it is listened to whether a machine picked up, nobody knows yet that an agent is needed."""

_ZERO = datetime(2020, 1, 1, tzinfo=UTC)
_TENTH = timedelta(milliseconds=100)
ForecastOf = Callable[[int], Forecast | None]


def snapshot_of(
    campaign: Campaign,
    now: datetime,
    *,
    agents: Iterable[Agent],
    calls: Iterable[LiveCall],
    callers: int,
    lines_free: int,
    next_probabilities: Sequence[float],
    forecast_of: ForecastOf,
) -> Snapshot:
    """What `campaign` sees.

    Args:
        agents: who is logged in and serves its group, or some of them.
        calls: all open attempts.
        callers: inbound calls that wait for these agents; they come first.
        lines_free: lines that it may still take.
        next_probabilities: see `Snapshot`.
        forecast_of: the forecast of a campaign by its id.
    """
    present, open_calls, group = list(agents), list(calls), campaign.agent_group
    groups = {other for other in {c.group for c in open_calls} if other == group or share(present, group, other)}
    sharing = [c for c in open_calls if c.group in groups]
    forecast = forecast_of(campaign.campaign_id)
    return Snapshot(
        agents=[_agent(a, now) for a in present],
        # A call that has its agent already (reserved, previewed) takes nobody who is ready.
        pending=[
            PendingCall(_elapsed_s(c.claimed_at, now), _chance(c, campaign.campaign_id, forecast, forecast_of))
            for c in sharing
            if c.state in _UNANSWERED and c.agent is None and not c.is_machine
        ],
        waiting=callers + sum(1 for c in sharing if c.state is AttemptState.ANSWERED),
        ratio=campaign.ratio,
        lines_free=lines_free,
        next_probabilities=next_probabilities,
        forecast=forecast,
    )


def own_agents(campaign: Campaign, agents: Sequence[Agent], calls: Iterable[LiveCall]) -> list[Agent] | None:
    """`agents` without those whom other groups need, too; None when that is no other way to see them.

    It is none when there is no call of another group that might take one of them, nor when nobody would be left.

    Args:
        agents: who is logged in and serves the campaign's group.
        calls: all open attempts.
    """
    group = campaign.agent_group
    own = [agent for agent in agents if not is_lent(agent, group)]
    others = {call.group for call in calls} - {group, "all"}
    return own if own and len(own) < len(agents) and others and group != "all" else None


def _agent(agent: Agent, now: datetime) -> AgentView:
    """An agent takes no further call who asked for a break after hers, whose telephone is gone or whose shift ends."""
    leaving = agent.status.after is not None or agent.nearing is not Nearing.FAR
    return AgentView(agent.status.state, _elapsed_s(agent.state_at, now), leaving)


def _elapsed_s(since: datetime, now: datetime) -> float:
    """Whole tenths, from one tenth on the clock to another, so that a moment is the same one at each look; never
    negative, whatever two clocks think of each other."""
    return max(0, (now - _ZERO) // _TENTH - (since - _ZERO) // _TENTH) / 10


def _chance(call: LiveCall, campaign_id: int, forecast: Forecast | None, forecast_of: ForecastOf) -> float | None:
    """The call's answer probability on this campaign's scale.

    A policy moves every probability by its own campaign's shift; a call of another campaign has had that one's, so it
    is moved back by the difference first.
    """
    told = call.answer_probability
    other = None if call.campaign_id == campaign_id else forecast_of(call.campaign_id)
    if other is None or forecast is None:
        return told
    base = np.array(STRANGER if told is None else told)
    return round(float(shifted(base, other.shift - forecast.shift)), 4)
