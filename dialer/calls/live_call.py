"""One call while it is open, ours or one that came in, and what can happen to it.

Holds; what follows from what happens is decided in ``dialer.calls.steps``.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from campaigns.campaign import Campaign
from campaigns.claiming import Claim
from campaigns.detection import AbandonFrom, Verdict
from campaigns.inbound_calls import NewInbound
from campaigns.model import E164, AttemptState, Outcome
from dialer.agents.agent import Agent
from dialer.calls.machine import Event


@dataclass(frozen=True, slots=True)
class Happening:
    """An event with what came with it.

    Args:
        at: when it happened, by Asterisk's own stamp where there is one (aware UTC).
        hangup_cause: Q.850, of HUNG_UP and ORIGINATE_FAILED.
        agent: of AGENT_RESERVED.
        nobody_asks: of ANSWERED found afterwards: the dialplan has long apologised.
        verdict: of MACHINE, and of ANSWERED when the callee was listened to.
    """

    event: Event
    at: datetime
    hangup_cause: int | None = None
    agent: Agent | None = None
    nobody_asks: bool = False
    verdict: Verdict | None = None


@dataclass(slots=True)
class Inbound:
    """What only a call has that came in.

    Args:
        uniqueid: Asterisk's name of its channel.
        groups: whose agents may take it.
        wanted_agent_id: who had better take it, when she is free.
        waits: the dialplan plays to the caller until we take the call out of there; else it asks us still, or goes on.
        taken: an agent took it: it is recorded from then on.
    """

    uniqueid: str
    groups: frozenset[str]
    wanted_agent_id: int | None = None
    waits: bool = False
    taken: bool = False


@dataclass(slots=True, eq=False, weakref_slot=True)
class LiveCall:
    """An open attempt, or a call that came in. `agent` is who is reserved for it or talks on it.

    A call that came in (`inbound`) has no attempt. It is ANSWERED from its beginning, and waits for an agent; what
    only dialing needs says nothing there: `number`, `ring_timeout_s`. Who calls may be unknown (`debtor_id`).

    A call whose agent was held before the person was claimed has her from the start: nobody else's readiness is
    spoken for by it. A preview is such a call that waits for her click.

    Args:
        wants: who had to be held before (``campaigns.claiming``): ``any``, ``language:ne``, ``agent:17``; when she
            is lost, such an agent is looked for first. None = nobody.
        answer_probability: 0..1 as the model had it at the claim; None = not known.
        is_preview: it is dialed when its agent says so.
        detects: Asterisk listens to whoever picks up before an agent is taken (``campaigns.detection``). Never while
            one is held: there would be nobody to save, and a person to keep waiting.
        abandon_from: from when on the callee's patience is counted.
    """

    call_id: UUID
    campaign_id: int
    debtor_id: int | None
    number: E164 | None
    caller_id: E164
    group: str
    ring_timeout_s: int
    state: AttemptState
    since: datetime
    claimed_at: datetime
    answered_at: datetime | None = None
    joined_at: datetime | None = None
    agent: Agent | None = None
    wants: str | None = None
    answer_probability: float | None = None
    is_preview: bool = False
    detects: bool = False
    abandon_from: AbandonFrom = AbandonFrom.ANSWER
    verdict: Verdict | None = None
    inbound: Inbound | None = None
    outcome: Outcome | None = None
    """As soon as it has ended."""
    called_off: bool = False
    """The person calls us: whatever is on its way to him ends."""
    again_after_s: float = 0.0
    """Seconds for which the person is left alone when the attempt is cancelled (a skipped preview)."""
    hung_up_by_agent: bool = False
    agent_lost: bool = False
    adopted: bool = False
    """Taken over from an engine before us: whatever the dialplan asked meanwhile was never answered."""
    chosen: bool = False
    """The agent has said what shall become of a previewed person."""
    missing: int = 0
    """Looks in a row at which its channel was not in Asterisk (``dialer.reconcile``)."""
    inbox: asyncio.Queue[Happening] = field(default_factory=asyncio.Queue)
    room: asyncio.Future[str | None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def channel_id(self) -> str:
        """Asterisk's name of the callee's or caller's channel."""
        return str(self.call_id) if self.inbound is None else self.inbound.uniqueid

    @property
    def groups(self) -> frozenset[str]:
        """Whose agents may take it."""
        return frozenset({self.group}) if self.inbound is None else self.inbound.groups

    @property
    def is_machine(self) -> bool:
        """Whether the detection said so."""
        return self.verdict is not None and self.verdict.is_machine

    @property
    def person_at(self) -> datetime | None:
        """When it was known that somebody answered who needs an agent; None before, and for a machine."""
        if not self.detects:
            return self.answered_at
        return None if self.verdict is None or self.is_machine else self.verdict.at

    @property
    def waits_from(self) -> datetime | None:
        """Since when the callee's patience is counted; None while it isn't."""
        return self.person_at if self.abandon_from is AbandonFrom.VERDICT else self.answered_at


def live_call_of(one: Claim, campaign: Campaign, now: datetime) -> LiveCall:
    """The call of a fresh claim, without an agent."""
    return LiveCall(
        call_id=one.attempt_id,
        campaign_id=one.campaign_id,
        debtor_id=one.debtor_id,
        number=one.number,
        caller_id=one.caller_id,
        group=campaign.agent_group,
        ring_timeout_s=campaign.ring_timeout_s,
        state=AttemptState.CLAIMED,
        since=now,
        claimed_at=now,
        wants=one.wants,
        answer_probability=one.answer_probability,
        detects=campaign.detection.amd,
        abandon_from=campaign.detection.abandon_from,
    )


def live_inbound_of(new: NewInbound, group: str, came_at: datetime) -> LiveCall:
    """The call of somebody who has just called us, without an agent; `group`: its campaign's."""
    return LiveCall(
        call_id=new.call_id,
        campaign_id=new.campaign_id,
        debtor_id=new.debtor_id,
        number=None,
        caller_id=new.dialled,
        group=group,
        ring_timeout_s=0,
        state=AttemptState.ANSWERED,
        since=came_at,
        claimed_at=came_at,
        answered_at=came_at,
        wants=new.wants,
        inbound=Inbound(new.uniqueid, frozenset(new.agent_groups), new.wanted_agent_id),
    )
