"""What a hang-up means: Q.850 cause and the state before it, to an outcome.

Pure. Source: ITU-T Q.850 (cause values); RFC 3398 §8.2.6.1 for how SIP failures become causes, as
Asterisk's chan_pjsip does (486 → 17, 404 → 1, 503 → 34, 603 → 21, 480 → 18/19, 484 → 28, 410 → 22).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from campaigns.model import AttemptState, Outcome
from dialer.calls.machine import Event

_UNANSWERED: dict[int, Outcome] = {
    1: Outcome.INVALID_NUMBER,  # unallocated (unassigned) number
    2: Outcome.FAILED,  # no route to transit network
    3: Outcome.FAILED,  # no route to destination
    16: Outcome.NO_ANSWER,  # normal clearing before an answer: our own ring time-out
    17: Outcome.BUSY,
    18: Outcome.NO_ANSWER,  # no user responding
    19: Outcome.NO_ANSWER,  # user alerting, no answer
    20: Outcome.NO_ANSWER,  # subscriber absent (mobile switched off)
    21: Outcome.REJECTED,
    22: Outcome.INVALID_NUMBER,  # number changed
    26: Outcome.NO_ANSWER,  # answered elsewhere / non-selected user clearing: CANCEL
    27: Outcome.FAILED,  # destination out of order
    28: Outcome.INVALID_NUMBER,  # address incomplete
    34: Outcome.CONGESTION,  # no circuit available
    38: Outcome.CONGESTION,  # network out of order
    41: Outcome.CONGESTION,  # temporary failure
    42: Outcome.CONGESTION,  # switching equipment congestion
    44: Outcome.CONGESTION,  # requested circuit not available
    127: Outcome.NO_ANSWER,  # interworking: what a cancelled INVITE leaves
    0: Outcome.NO_ANSWER,  # Asterisk's "not defined": the ring time-out of Originate
}

_NO_RESPONSE = 18  # of the user; before any ringing it is the trunk that did not respond (SIP 408)

LISTENED_AT_MOST_S = 3.0
"""Seconds within which machine detection has its verdict (asterisk-conf/pbx/amd.conf.j2: total_analysis_time)."""

NOT_PLACED = 27
"""The cause that stands for an Originate for which no channel could be made: destination out of order."""


def outcome_of(
    state: AttemptState,
    event: Event,
    *,
    hangup_cause: int | None,
    answered_at: datetime | None = None,
    waits_from: datetime | None,
    ended_at: datetime,
    abandon_after_s: float,
    is_machine: bool = False,
) -> Outcome:
    """The outcome of an attempt that ended by `event` while it was in `state`.

    An answered call that never met an agent is ABANDONED when it lasted for the threshold or more,
    whoever hung up, and HUNG_UP_EARLY when the callee left before. When patience begins with a verdict
    that was never heard, it begins at the latest moment at which there was one: an engine that died while
    the callee was listened to doesn't make the apology after it disappear.

    Args:
        state: the state before the end.
        event: what ended it.
        hangup_cause: Q.850; None when nobody knows (the channel was found missing).
        answered_at: when the callee picked up; None = nobody did.
        waits_from: since when the callee's patience was counted; None while it wasn't.
        ended_at: when it ended.
        abandon_after_s: threshold, seconds of patience.
        is_machine: the detection said so; then nobody was kept waiting.
    """
    match state:
        case AttemptState.CLAIMED:
            return Outcome.CANCELLED
        case AttemptState.DIALING | AttemptState.RINGING:
            if hangup_cause is None or (state is AttemptState.DIALING and hangup_cause == _NO_RESPONSE):
                return Outcome.FAILED
            return _UNANSWERED.get(hangup_cause, Outcome.FAILED)
        case AttemptState.TALKING:
            return Outcome.ANSWERED
        case AttemptState.ABANDONING:
            return Outcome.ABANDONED
        case AttemptState.DETECTING | AttemptState.ANSWERED | AttemptState.JOINING if is_machine:
            return Outcome.MACHINE
        case AttemptState.DETECTING | AttemptState.ANSWERED | AttemptState.JOINING:
            if waits_from is None and answered_at is not None:
                waits_from = answered_at + timedelta(seconds=LISTENED_AT_MOST_S)
            lasted_s = (ended_at - waits_from).total_seconds() if waits_from else 0.0
            if event is Event.VANISHED or lasted_s >= abandon_after_s:
                return Outcome.ABANDONED
            return Outcome.HUNG_UP_EARLY
        case AttemptState.ENDED:
            raise ValueError("an ended attempt has its outcome")
