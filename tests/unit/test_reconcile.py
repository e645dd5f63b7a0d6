"""What a call has missed, decided from what Asterisk has now and what its journal says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.model import AttemptState as S
from dialer.calls.live_call import Happening
from dialer.calls.machine import Event
from dialer.line import EndedChannel, LiveChannel
from dialer.missed import missed_until_the_end, missed_while_up
from dialer.reconcile import Drift

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
ANSWERED, JOINED, ENDED = (NOW + timedelta(seconds=s) for s in (1, 2, 60))
RINGS = LiveChannel("x", False, None)
UP = LiveChannel("x", True, None)
IN_ROOM = LiveChannel("x", True, "seat-1001")


@pytest.mark.parametrize(
    ("state", "channel", "adopted", "expected"),
    [
        (S.DIALING, RINGS, True, []),
        (S.RINGING, RINGS, True, []),
        (S.RINGING, UP, True, [Happening(Event.ANSWERED, NOW, nobody_asks=True)]),
        (S.DIALING, UP, True, [Happening(Event.ANSWERED, NOW, nobody_asks=True)]),
        (S.ANSWERED, UP, True, [Happening(Event.NO_AGENT, NOW)]),
        (S.DETECTING, UP, True, []),  # the dialplan still listens and will ask, or it has apologised and hangs up
        # the engine was there all the time: the dialplan asks it, or has asked and waits
        (S.RINGING, UP, False, []),
        (S.ANSWERED, UP, False, []),
        (S.JOINING, IN_ROOM, True, [Happening(Event.JOINED, NOW)]),
        (S.JOINING, IN_ROOM, False, [Happening(Event.JOINED, NOW)]),
        (S.JOINING, UP, True, []),
        (S.TALKING, IN_ROOM, True, []),
        (S.ABANDONING, UP, True, []),
    ],
)
def test_what_a_call_missed_while_its_channel_is_up(
    state: S, channel: LiveChannel, adopted: bool, expected: list[Happening]
) -> None:
    """Only what cannot come any more by itself is told."""
    assert missed_while_up(state, channel, NOW, adopted=adopted) == expected


@pytest.mark.parametrize(
    ("state", "ending", "expected"),
    [
        (S.RINGING, None, [Event.VANISHED]),
        (S.TALKING, None, [Event.VANISHED]),
        (S.RINGING, EndedChannel(None, None, ENDED, 17), [Event.HUNG_UP]),
        (S.DIALING, EndedChannel(ANSWERED, None, ENDED, 16), [Event.ANSWERED, Event.HUNG_UP]),
        (S.RINGING, EndedChannel(ANSWERED, None, ENDED, 16), [Event.ANSWERED, Event.HUNG_UP]),
        (S.ANSWERED, EndedChannel(ANSWERED, None, ENDED, 16), [Event.HUNG_UP]),
        (S.DETECTING, EndedChannel(ANSWERED, None, ENDED, 16), [Event.HUNG_UP]),
        (S.JOINING, EndedChannel(ANSWERED, JOINED, ENDED, 16), [Event.JOINED, Event.HUNG_UP]),
        (S.JOINING, EndedChannel(ANSWERED, None, ENDED, 16), [Event.HUNG_UP]),
        (S.TALKING, EndedChannel(ANSWERED, JOINED, ENDED, 16), [Event.HUNG_UP]),
        (S.ABANDONING, EndedChannel(ANSWERED, None, ENDED, 16), [Event.HUNG_UP]),
    ],
)
def test_what_a_call_missed_until_its_end(state: S, ending: EndedChannel | None, expected: list[Event]) -> None:
    """The journal's own moments and cause; what it doesn't know is not made up."""
    missed = missed_until_the_end(state, ending, NOW)
    assert expected == [h.event for h in missed]
    if ending is not None:
        assert (missed[-1].at, missed[-1].hangup_cause) == (ENDED, ending.hangup_cause)
        moments = {Event.ANSWERED: ANSWERED, Event.JOINED: JOINED}
        assert all(h.at == moments[h.event] for h in missed[:-1])


def test_the_drift_is_the_sum_of_all_disagreements() -> None:
    """A kind that is left out of the sum would look like agreement."""
    assert Drift().total == 0
    assert Drift(1, 2, 4, 8).total == 15
