"""The state machine of one outbound attempt, as a table.

Decides which state follows which event and what has to be done then; does nothing itself. The shell
(``dialer.calls.desk``) writes the new state first and performs the effects afterwards.

Invariants:
    * Every pair of state and event has a row: a step, ``IGNORE`` (late or repeated events, which
      Asterisk does send) or ``ILLEGAL`` (can only be a defect of ours).
    * ``ENDED`` is final and ignores everything.
    * ``DIALING`` is written before the Originate is sent, so an attempt still ``CLAIMED`` after a
      crash was never dialed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from campaigns.model import AttemptState as S
from dialer.errors import IllegalTransition


class Event(StrEnum):
    """What can happen to an attempt."""

    REFUSED = "refused"  # the check right before Originate said no
    DIALED = "dialed"  # Originate is about to be sent
    ORIGINATE_FAILED = "originate_failed"  # Asterisk could not place it
    RINGING = "ringing"
    PICKED_UP = "picked_up"  # the callee is up, and is listened to before an agent is taken
    ANSWERED = "answered"  # the callee is up, and is a person as far as anybody knows
    MACHINE = "machine"  # the callee is up, and is a machine: the dialplan hangs up
    AGENT_RESERVED = "agent_reserved"
    NO_AGENT = "no_agent"  # the abandon threshold has passed
    JOINED = "joined"  # the callee is in the agent's room
    AGENT_LOST = "agent_lost"  # the agent's leg is gone
    HUNG_UP = "hung_up"  # the callee's channel is gone; Asterisk said so
    VANISHED = "vanished"  # the callee's channel is not in Asterisk; found by looking


class Effect(StrEnum):
    """What the shell does after the new state is written. (The agent's own state changes in the same transaction.)"""

    DIAL = "dial"  # send the Originate, once
    FIND_AGENT = "find_agent"
    GIVE_ROOM = "give_room"  # answer the dialplan's question with the agent's room
    GIVE_NO_ROOM = "give_no_room"  # the dialplan apologises and hangs up
    APOLOGISE = "apologise"  # take the callee out of where it is, to the apology


class _Row(Enum):
    IGNORE = "ignore"
    ILLEGAL = "illegal"


IGNORE, ILLEGAL = _Row.IGNORE, _Row.ILLEGAL


@dataclass(frozen=True, slots=True)
class Step:
    """The state that follows, and the effects in the order in which they are performed."""

    to: S
    effects: tuple[Effect, ...] = ()


def _row(**given: Step | _Row) -> dict[Event, Step | _Row]:
    """A full row: every event that is not named is illegal in that state."""
    return {event: given.get(event.name, ILLEGAL) for event in Event}


_END = Step(S.ENDED)
_END_UNANSWERED_QUESTION = Step(S.ENDED, (Effect.GIVE_NO_ROOM,))

TABLE: dict[S, dict[Event, Step | _Row]] = {
    S.CLAIMED: _row(
        REFUSED=_END,
        DIALED=Step(S.DIALING, (Effect.DIAL,)),
        VANISHED=_END,  # the engine died between claim and Originate
        NO_AGENT=IGNORE,
        AGENT_LOST=_END,  # preview: the agent went away before dialing
    ),
    S.DIALING: _row(
        ORIGINATE_FAILED=_END,
        RINGING=Step(S.RINGING),
        PICKED_UP=Step(S.DETECTING),
        ANSWERED=Step(S.ANSWERED, (Effect.FIND_AGENT,)),
        HUNG_UP=_END,
        VANISHED=_END,
        AGENT_LOST=Step(S.DIALING),  # preview: she is let go; the answer will find another agent, or none
        NO_AGENT=IGNORE,
    ),
    S.RINGING: _row(
        ORIGINATE_FAILED=_END,
        RINGING=IGNORE,
        PICKED_UP=Step(S.DETECTING),
        ANSWERED=Step(S.ANSWERED, (Effect.FIND_AGENT,)),
        HUNG_UP=_END,
        VANISHED=_END,
        AGENT_LOST=Step(S.RINGING),
        NO_AGENT=IGNORE,
    ),
    S.DETECTING: _row(
        ORIGINATE_FAILED=IGNORE,
        RINGING=IGNORE,
        PICKED_UP=IGNORE,  # AMI and FastAGI both report it
        ANSWERED=Step(S.ANSWERED, (Effect.FIND_AGENT,)),
        MACHINE=Step(S.DETECTING),  # written with its verdict; the dialplan's hang-up ends it
        NO_AGENT=IGNORE,
        AGENT_LOST=IGNORE,
        HUNG_UP=_END,
        VANISHED=_END,
    ),
    S.ANSWERED: _row(
        ORIGINATE_FAILED=IGNORE,  # Asterisk repeats what the hang-up will say
        RINGING=IGNORE,
        PICKED_UP=IGNORE,
        ANSWERED=IGNORE,  # AMI and FastAGI both report it
        MACHINE=Step(S.ANSWERED, (Effect.GIVE_NO_ROOM,)),  # an engine before us had it listened to, and we didn't know
        AGENT_RESERVED=Step(S.JOINING, (Effect.GIVE_ROOM,)),
        NO_AGENT=Step(S.ABANDONING, (Effect.GIVE_NO_ROOM,)),
        AGENT_LOST=IGNORE,
        HUNG_UP=_END_UNANSWERED_QUESTION,
        VANISHED=_END_UNANSWERED_QUESTION,
    ),
    S.JOINING: _row(
        ORIGINATE_FAILED=IGNORE,
        RINGING=IGNORE,
        PICKED_UP=IGNORE,
        ANSWERED=IGNORE,
        MACHINE=Step(S.JOINING, (Effect.GIVE_NO_ROOM,)),  # as above; the hang-up lets the agent go
        NO_AGENT=IGNORE,
        JOINED=Step(S.TALKING),
        AGENT_LOST=Step(S.ABANDONING, (Effect.GIVE_NO_ROOM, Effect.APOLOGISE)),
        HUNG_UP=_END,
        VANISHED=_END,
    ),
    S.TALKING: _row(
        ORIGINATE_FAILED=IGNORE,
        RINGING=IGNORE,
        PICKED_UP=IGNORE,
        ANSWERED=IGNORE,
        NO_AGENT=IGNORE,
        JOINED=IGNORE,
        AGENT_LOST=IGNORE,  # Asterisk itself takes the callee out, apologises and hangs up
        HUNG_UP=_END,
        VANISHED=_END,
    ),
    S.ABANDONING: _row(
        ORIGINATE_FAILED=IGNORE,
        RINGING=IGNORE,
        PICKED_UP=IGNORE,
        ANSWERED=IGNORE,
        MACHINE=IGNORE,
        NO_AGENT=IGNORE,
        AGENT_RESERVED=IGNORE,  # one became free in the same instant
        JOINED=IGNORE,  # the room was entered while the redirect was on its way
        AGENT_LOST=IGNORE,
        HUNG_UP=_END,
        VANISHED=_END,
    ),
    S.ENDED: dict.fromkeys(Event, IGNORE),
}


def apply(state: S, event: Event) -> Step | None:
    """The step that `event` makes from `state`, or None when it changes nothing.

    Raises:
        IllegalTransition: the event can't happen in that state; the state is unchanged.
    """
    row = TABLE[state][event]
    if row is IGNORE:
        return None
    if isinstance(row, Step):
        return row
    raise IllegalTransition(f"attempt in state {state} can't take {event}")
