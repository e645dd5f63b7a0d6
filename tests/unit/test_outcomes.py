"""Hang-ups become outcomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.model import AttemptState, Outcome
from dialer.calls.machine import Event
from dialer.calls.outcomes import outcome_of

ANSWERED_AT = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)


def _outcome(
    state: AttemptState, event: Event = Event.HUNG_UP, *, cause: int | None = 16, after_s: float = 1.0
) -> Outcome:
    return outcome_of(
        state,
        event,
        hangup_cause=cause,
        waits_from=ANSWERED_AT,
        ended_at=ANSWERED_AT + timedelta(seconds=after_s),
        abandon_after_s=2.0,
    )


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (17, Outcome.BUSY),
        (1, Outcome.INVALID_NUMBER),
        (22, Outcome.INVALID_NUMBER),
        (28, Outcome.INVALID_NUMBER),
        (18, Outcome.NO_ANSWER),
        (19, Outcome.NO_ANSWER),
        (20, Outcome.NO_ANSWER),
        (16, Outcome.NO_ANSWER),
        (0, Outcome.NO_ANSWER),
        (21, Outcome.REJECTED),
        (34, Outcome.CONGESTION),
        (38, Outcome.CONGESTION),
        (41, Outcome.CONGESTION),
        (42, Outcome.CONGESTION),
        (3, Outcome.FAILED),
        (27, Outcome.FAILED),
        (96, Outcome.FAILED),
        (None, Outcome.FAILED),
    ],
)
def test_the_cause_of_an_unanswered_call_says_what_the_line_did(cause: int | None, outcome: Outcome) -> None:
    """Q.850 causes become outcomes; an unknown one is a failure, never "no answer"."""
    assert outcome == _outcome(AttemptState.RINGING, cause=cause)


def test_a_trunk_that_never_responds_is_a_failure_and_no_absent_person() -> None:
    """Cause 18 before any ringing is the network's silence (SIP 408): the person was never called."""
    assert _outcome(AttemptState.DIALING, cause=18) is Outcome.FAILED
    assert _outcome(AttemptState.RINGING, cause=18) is Outcome.NO_ANSWER


def test_a_callee_who_leaves_before_the_threshold_is_not_abandoned() -> None:
    """Abandoned means: we let the person wait for the whole threshold."""
    assert _outcome(AttemptState.ANSWERED, after_s=1.9) is Outcome.HUNG_UP_EARLY


def test_a_callee_who_waited_for_the_threshold_is_abandoned_whoever_hung_up() -> None:
    """The apology of the dialplan counts as an abandoned call even when the engine was too late."""
    assert _outcome(AttemptState.ANSWERED, after_s=2.0) is Outcome.ABANDONED


def test_an_answered_call_that_nobody_watched_counts_as_abandoned() -> None:
    """After a crash the doubtful call counts against us, not for us."""
    assert _outcome(AttemptState.ANSWERED, Event.VANISHED, cause=None, after_s=0.5) is Outcome.ABANDONED


def test_a_conversation_is_answered_however_it_ended() -> None:
    """What the agent made of it is the disposition."""
    assert _outcome(AttemptState.TALKING, Event.VANISHED, cause=None) is Outcome.ANSWERED
