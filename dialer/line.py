"""What the engine asks of the telephone line. Asterisk is behind it (``dialer.asterisk.line``).

Channels are named by their unique ids. Those of channels that we made are ours: an attempt's id, or a leg's id. A
channel that came in has Asterisk's own, and the id of its call is made of that, so that after any crash the one is
found by the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid5

from campaigns.model import E164

FROM_TRUNK, WAITING = "from-trunk", "waiting"
"""The dialplan's contexts of calls that come in, and of callers who wait for an agent (asterisk-conf/pbx)."""

_INBOUND = UUID("5c1f7c2e-6a0b-4d0e-9a57-0d2f4c7f9b11")
"""Names of the ids of calls that come in."""


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """One channel as the line reports it: its unique id, whether it is up, its room if in one, its context."""

    uniqueid: str
    is_up: bool
    room: str | None
    context: str = ""

    @property
    def waits(self) -> bool:
        """Whether it is a caller's, who waits for an agent."""
        return self.context == WAITING

    @property
    def asks(self) -> bool:
        """Whether it came in, and the dialplan asks what becomes of it."""
        return self.context == FROM_TRUNK


@dataclass(frozen=True, slots=True)
class EndedChannel:
    """How a channel ended, from the line's own journal (CEL)."""

    answered_at: datetime | None
    joined_at: datetime | None
    ended_at: datetime
    hangup_cause: int | None


class Line(Protocol):
    """Commands; each raises ``AmiError`` when the line refuses, is lost or doesn't answer in time."""

    async def dial(
        self, attempt_id: str, number: E164, caller_id: E164, ring_timeout_s: int, *, detects: bool = False
    ) -> None:
        """Originate the callee's channel. Returns when Asterisk has taken the order; never repeated.

        Args:
            detects: whoever picks up is listened to, to tell a machine, before a room is asked for.
        """
        ...

    async def lay_leg(self, leg_id: str, extension: str, room: str) -> None:
        """Call the seat's telephone and put it in `room`."""
        ...

    async def hang_up(self, channel_id: str) -> None:
        """End a channel; no error when it is gone already."""
        ...

    async def apologise(self, channel_id: str, prompt: str) -> None:
        """Take a channel out of where it is, play `prompt` (an extension of context ``sorry``), hang up."""
        ...

    async def fetch(self, channel_id: str, call_id: str, extension: str) -> None:
        """Take a caller who waits to the agent of the seat `extension`; recorded from now on, under `call_id`."""
        ...

    async def channels(self) -> dict[str, LiveChannel]:
        """Every channel that is up or ringing now, by unique id."""
        ...

    async def registered(self) -> set[str]:
        """Extensions whose telephone is registered and reachable now."""
        ...

    async def how_it_ended(self, channel_ids: set[str]) -> dict[str, EndedChannel]:
        """The end of channels that are gone, for those that the journal knows."""
        ...


def call_id_of(channel_id: str) -> UUID:
    """The id of the call on a channel: the attempt's id that the channel has, else the one of a call that came in."""
    return call_id_or_none(channel_id) or uuid5(_INBOUND, channel_id)


def call_id_or_none(text: str | None) -> UUID | None:
    """The attempt id in a channel's unique id; None for channels that are not attempts."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
