"""The chain of steps that follows from what happens to a call, with all that is written with them.

Pure: `steps_for` decides; writing is ``dialer.calls.ledger``, doing is ``dialer.calls.desk``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from campaigns.attempts import EndedBy
from campaigns.detection import Verdict
from campaigns.model import AttemptState, Outcome
from dialer.agents.agent import Agent
from dialer.agents.machine import AgentEvent
from dialer.calls.live_call import Happening, LiveCall
from dialer.calls.machine import Effect, Event, apply
from dialer.calls.outcomes import outcome_of


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a call, with all that is written with it."""

    frm: AttemptState
    to: AttemptState
    event: Event
    at: datetime
    effects: tuple[Effect, ...]
    agent: Agent | None
    agent_event: AgentEvent | None
    outcome: Outcome | None = None
    hangup_cause: int | None = None
    ended_by: EndedBy | None = None
    verdict: Verdict | None = None


def understood(call: LiveCall, happening: Happening) -> Happening:
    """`happening` as `call` must take it: while Asterisk still listens, an answer is only a line that was picked up."""
    if call.detects and happening.event is Event.ANSWERED and happening.verdict is None:
        return replace(happening, event=Event.PICKED_UP)
    return happening


def steps_for(
    call: LiveCall, happening: Happening, free_agent: Agent | None, abandon_after_s: float
) -> list[PlannedStep]:
    """The steps that `happening` makes, none when it changes nothing.

    An answer with `free_agent` makes two steps that are written together: the callee never waits for
    a second transaction.

    Raises:
        IllegalTransition: see ``dialer.calls.machine``.
    """
    first = _step(call, call.state, happening, call.agent, abandon_after_s)
    if first is None:
        return []
    if first.event is not Event.ANSWERED:
        return [first]
    if happening.nobody_asks:
        then = Happening(Event.NO_AGENT, happening.at)
    elif free_agent is not None:
        then = Happening(Event.AGENT_RESERVED, happening.at, agent=free_agent)
    else:
        return [first]
    second = _step(call, AttemptState.ANSWERED, then, call.agent, abandon_after_s)
    assert second is not None
    return [first, second]


def _step(
    call: LiveCall, state: AttemptState, happening: Happening, agent: Agent | None, abandon_after_s: float
) -> PlannedStep | None:
    step = apply(state, happening.event)
    if step is None:
        return None
    agent = happening.agent or agent
    outcome: Outcome | None = None
    ended_by: EndedBy | None = None
    if step.to is AttemptState.ENDED:
        outcome = outcome_of(
            state,
            happening.event,
            hangup_cause=happening.hangup_cause,
            answered_at=call.answered_at,
            waits_from=call.waits_from,
            ended_at=happening.at,
            abandon_after_s=abandon_after_s,
            is_machine=call.is_machine,
        )
        if call.called_off and outcome is Outcome.NO_ANSWER:
            outcome = Outcome.CANCELLED  # we hung up, since the person called us: it says nothing of the hour
        ended_by = _ended_by(call, happening.event)
    return PlannedStep(
        frm=state,
        to=step.to,
        event=happening.event,
        at=happening.at,
        effects=step.effects,
        agent=agent,
        agent_event=_agent_event(call, state, step.to, agent),
        outcome=outcome,
        hangup_cause=happening.hangup_cause,
        ended_by=ended_by,
        verdict=happening.verdict,
    )


def _agent_event(call: LiveCall, frm: AttemptState, to: AttemptState, agent: Agent | None) -> AgentEvent | None:
    """What a step of the call means for its agent."""
    if agent is None:
        return None
    match to:
        case AttemptState.DIALING | AttemptState.RINGING if frm is to:
            return AgentEvent.CALL_GONE  # held since the claim: her telephone was lost while it rang
        case AttemptState.JOINING:
            reserved_before = agent is call.agent  # held since the claim
            return None if reserved_before else AgentEvent.RESERVED
        case AttemptState.TALKING:
            return AgentEvent.JOINED
        case AttemptState.ABANDONING:
            return AgentEvent.CALL_GONE
        case AttemptState.ENDED:
            if frm is AttemptState.ABANDONING:
                return None
            return AgentEvent.CALL_ENDED if frm is AttemptState.TALKING else AgentEvent.CALL_GONE
        case _:
            return None


def _ended_by(call: LiveCall, event: Event) -> EndedBy:
    if event is Event.VANISHED:
        return "lost"
    if call.hung_up_by_agent or call.agent_lost:
        return "agent"
    return "engine" if call.state is AttemptState.ABANDONING or call.is_machine else "callee"
