"""The live messages as this process reads them, and who may see which. Pure.

A message is forwarded to pages as the engine wrote it (no second encoding); only what decides its way is
decoded. An agent's page gets what concerns its agent, and the counts; a supervisor's page gets everything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

RESET = "reset"


class _Ids(msgspec.Struct, frozen=True):
    agent_id: int | None = None


class Message(msgspec.Struct, frozen=True):
    """The part of a message that decides who gets it; `seq` grows with each message of one engine."""

    type: str
    seq: int = 0
    agent: _Ids | None = None
    call: _Ids | None = None
    agent_id: int | None = None

    @property
    def owner(self) -> int | None:
        """The agent whom it concerns, None = everybody or nobody."""
        for part in (self.agent, self.call):
            if part is not None:
                return part.agent_id
        return self.agent_id


_decoder = msgspec.json.Decoder(Message)


def read_message(raw: bytes) -> Message | None:
    """The message, or None when it is none of ours."""
    try:
        return _decoder.decode(raw)
    except (msgspec.ValidationError, msgspec.DecodeError):
        return None


@dataclass(frozen=True, slots=True)
class View:
    """What one page may see.

    Args:
        agent_id: the page's own agent; None for somebody who takes no calls.
        everything: a supervisor's view.
    """

    agent_id: int | None
    everything: bool

    def shows(self, message: Message) -> bool:
        """Whether the page gets the message."""
        if self.everything or message.type == "counts":
            return True
        return self.agent_id is not None and message.owner == self.agent_id

    def of_snapshot(self, snapshot: dict[str, Any]) -> dict[str, Any]:
        """The snapshot without what the page may not see."""
        if self.everything:
            return snapshot
        mine = {key: [x for x in snapshot.get(key, ()) if self._is_mine(x)] for key in ("agents", "calls")}
        return {"seq": snapshot.get("seq", 0), **mine, "campaigns": [], "counts": snapshot.get("counts", {})}

    def _is_mine(self, row: dict[str, Any]) -> bool:
        return self.agent_id is not None and row.get("agent_id") == self.agent_id
