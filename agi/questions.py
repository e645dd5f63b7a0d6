"""The questions that Asterisk's dialplan asks while somebody is on the line, and who answers them.

Decides what a question and an answer are made of. The engine implements `Answers`; the files beside
this one carry each question from the dialplan to it and back.

Source: ARCHITECTURE.md, "FastAGI" and "Dialplan contexts".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NewType, Protocol

Room = NewType("Room", str)
"""Name of the conference in which the agent's leg sits: ``seat-<extension>``."""

_ROOM = re.compile(r"[A-Za-z0-9_-]{1,80}")


class Prompt(StrEnum):
    """What a caller may hear instead of an agent: the extensions of the dialplan's context ``sorry``."""

    ABANDONED = "abandoned"
    INTERRUPTED = "interrupted"
    CLOSED = "closed"
    BUSY_DESK = "busy_desk"


@dataclass(frozen=True, slots=True)
class InboundAnswer:
    """Where an inbound call goes: into a room, to those who wait, or a prompt and the end. Exactly one of the three.

    Attributes:
        waits: the caller hears that everybody is talking; whoever answered takes the call out of there later.
        call_id: name of the call's recording; None = the channel's unique id.

    Raises:
        ValueError: none of them, or more than one is given.
    """

    room: Room | None = None
    prompt: Prompt | None = None
    waits: bool = False
    call_id: str | None = None

    def __post_init__(self) -> None:
        if (self.room is not None) + (self.prompt is not None) + self.waits != 1:
            raise ValueError("an inbound call gets a room, a place among those who wait, or a prompt")


class Answers(Protocol):
    """Who knows the answers. A question whose asker has gone is cancelled."""

    async def answered(self, call_id: str) -> Room | None:
        """The room for a callee who has just answered; None = apologise and hang up."""
        ...

    async def detected(self, call_id: str, status: str, cause: str) -> None:
        """Hear what Asterisk takes whoever picked up for; returns at once.

        Args:
            call_id: the channel's unique id.
            status: ``HUMAN``, ``MACHINE``, ``NOTSURE``, ``HANGUP`` (AMDSTATUS); empty when there was no detection.
            cause: how it came to that (AMDCAUSE); may be empty.
        """
        ...

    async def inbound(self, call_id: str, dialled: str, caller: str | None) -> InboundAnswer:
        """What to do with a call that came in.

        Args:
            call_id: the channel's unique id.
            dialled: the number that was dialed, as the trunk writes it.
            caller: the number that calls, as the trunk writes it; None = withheld or not a number.
        """
        ...


def room_name(room: Room) -> str:
    """`room` as the dialplan may see it.

    Raises:
        ValueError: it holds a character that has a meaning in the dialplan.
    """
    if not _ROOM.fullmatch(room):
        raise ValueError("not a room's name")
    return room
