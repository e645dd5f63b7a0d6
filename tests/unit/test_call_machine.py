"""The attempt's state machine: every pair of state and event, and what the whole table promises."""

from __future__ import annotations

import itertools

import pytest

from campaigns.model import AttemptState as S
from dialer.calls.machine import ILLEGAL, TABLE, Effect, Event, Step, apply
from dialer.errors import IllegalTransition

PAIRS = list(itertools.product(S, Event))

LEGAL = {
    (S.CLAIMED, Event.REFUSED): S.ENDED,
    (S.CLAIMED, Event.DIALED): S.DIALING,
    (S.CLAIMED, Event.VANISHED): S.ENDED,
    (S.CLAIMED, Event.AGENT_LOST): S.ENDED,
    (S.DIALING, Event.RINGING): S.RINGING,
    (S.DIALING, Event.ANSWERED): S.ANSWERED,
    (S.DIALING, Event.ORIGINATE_FAILED): S.ENDED,
    (S.DIALING, Event.HUNG_UP): S.ENDED,
    (S.DIALING, Event.VANISHED): S.ENDED,
    (S.DIALING, Event.AGENT_LOST): S.DIALING,
    (S.DIALING, Event.PICKED_UP): S.DETECTING,
    (S.RINGING, Event.PICKED_UP): S.DETECTING,
    (S.DETECTING, Event.ANSWERED): S.ANSWERED,
    (S.DETECTING, Event.MACHINE): S.DETECTING,
    (S.DETECTING, Event.HUNG_UP): S.ENDED,
    (S.DETECTING, Event.VANISHED): S.ENDED,
    (S.ANSWERED, Event.MACHINE): S.ANSWERED,
    (S.JOINING, Event.MACHINE): S.JOINING,
    (S.RINGING, Event.AGENT_LOST): S.RINGING,
    (S.RINGING, Event.ANSWERED): S.ANSWERED,
    (S.RINGING, Event.ORIGINATE_FAILED): S.ENDED,
    (S.RINGING, Event.HUNG_UP): S.ENDED,
    (S.RINGING, Event.VANISHED): S.ENDED,
    (S.ANSWERED, Event.AGENT_RESERVED): S.JOINING,
    (S.ANSWERED, Event.NO_AGENT): S.ABANDONING,
    (S.ANSWERED, Event.HUNG_UP): S.ENDED,
    (S.ANSWERED, Event.VANISHED): S.ENDED,
    (S.JOINING, Event.JOINED): S.TALKING,
    (S.JOINING, Event.AGENT_LOST): S.ABANDONING,
    (S.JOINING, Event.HUNG_UP): S.ENDED,
    (S.JOINING, Event.VANISHED): S.ENDED,
    (S.TALKING, Event.HUNG_UP): S.ENDED,
    (S.TALKING, Event.VANISHED): S.ENDED,
    (S.ABANDONING, Event.HUNG_UP): S.ENDED,
    (S.ABANDONING, Event.VANISHED): S.ENDED,
}


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=[f"{s}-{e}" for s, e in PAIRS])
def test_each_pair_of_state_and_event_does_what_the_list_says(state: S, event: Event) -> None:
    """A step goes where the hand-made list says; every other pair changes nothing or raises."""
    if (state, event) in LEGAL:
        step = apply(state, event)
        assert step is not None
        assert LEGAL[state, event] is step.to
    elif TABLE[state][event] is ILLEGAL:
        with pytest.raises(IllegalTransition):
            apply(state, event)
    else:
        assert apply(state, event) is None


def test_an_ended_attempt_ignores_everything() -> None:
    """Late events of Asterisk never reopen an attempt."""
    assert all(apply(S.ENDED, event) is None for event in Event)


def test_every_open_state_ends_when_its_channel_is_not_in_asterisk() -> None:
    """After any crash the reconciliation can close any row."""
    for state in set(S) - {S.ENDED}:
        step = apply(state, Event.VANISHED)
        assert step is not None
        assert step.to is S.ENDED


def test_the_originate_is_sent_by_exactly_one_step() -> None:
    """Nobody is dialled twice: only the step from claimed to dialing sends, and no step leads back to claimed."""
    steps = [
        (state, event, row) for state, rows in TABLE.items() for event, row in rows.items() if isinstance(row, Step)
    ]
    assert [(s, e) for s, e, step in steps if Effect.DIAL in step.effects] == [(S.CLAIMED, Event.DIALED)]
    assert all(step.to is not S.CLAIMED for _, _, step in steps)


def test_whoever_waits_in_the_dialplan_gets_an_answer_when_the_state_is_left() -> None:
    """Each step out of ANSWERED answers the dialplan's question: the callee is never left in silence."""
    for event, row in TABLE[S.ANSWERED].items():
        if isinstance(row, Step):
            assert {Effect.GIVE_ROOM, Effect.GIVE_NO_ROOM} & set(row.effects), event
