"""What a call has missed while nobody listened: the engine was dead, or the connection lost.

Pure. Nothing is guessed: what can still come by itself is not told.
"""

from __future__ import annotations

from datetime import datetime

from campaigns.model import AttemptState
from dialer.calls.live_call import Happening, LiveCall
from dialer.calls.machine import Event
from dialer.line import EndedChannel, LiveChannel

_UNANSWERED = (AttemptState.DIALING, AttemptState.RINGING)
_GRACE_S = 3.0
"""An attempt younger than this may not have its channel yet."""


def is_young(call: LiveCall, now: datetime) -> bool:
    """Whether its channel may not be there yet, or its last event not heard. A clock that was set back makes none.

    A call that came in had its channel before its row.
    """
    return call.inbound is None and 0.0 <= (now - call.since).total_seconds() < _GRACE_S


def missed_while_up(state: AttemptState, channel: LiveChannel, now: datetime, *, adopted: bool) -> list[Happening]:
    """What a call in `state` has missed when its channel is there.

    Args:
        adopted: no engine was there to hear the dialplan's question, so it has long apologised. Otherwise the
            question comes, or is waiting for an agent now, whatever became of the manager connection.
    """
    if channel.room is not None:
        return [Happening(Event.JOINED, now)] if state is AttemptState.JOINING else []
    if not adopted:
        return []
    if channel.is_up and state in _UNANSWERED:
        return [Happening(Event.ANSWERED, now, nobody_asks=True)]
    if channel.is_up and state is AttemptState.ANSWERED and not channel.waits:
        return [Happening(Event.NO_AGENT, now)]
    return []


def missed_until_the_end(state: AttemptState, ending: EndedChannel | None, now: datetime) -> list[Happening]:
    """What a call in `state` has missed when its channel is gone."""
    if ending is None:
        return [Happening(Event.VANISHED, now)]
    missed = []
    if ending.answered_at is not None and state in _UNANSWERED:
        missed.append(Happening(Event.ANSWERED, ending.answered_at, nobody_asks=True))
    if ending.joined_at is not None and state is AttemptState.JOINING:
        missed.append(Happening(Event.JOINED, ending.joined_at))
    missed.append(Happening(Event.HUNG_UP, ending.ended_at, hangup_cause=ending.hangup_cause))
    return missed
