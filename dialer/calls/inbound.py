"""Where a call that comes in goes: which campaign's it is and whose agents may take it, or what the caller hears.

Pure. Who calls and whose number was dialled is read by ``campaigns.callers``.

Whether a campaign is dialing has no say: whoever was called yesterday calls back today, and its desk is open when its
calendar says so (IN-3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agi.questions import Prompt
from campaigns.callers import KnownCaller


@dataclass(frozen=True, slots=True)
class Desk:
    """A campaign behind the dialled number.

    Args:
        group: whose agents take its calls.
        is_open: for one of the debt types that show this number, at this moment.
    """

    campaign_id: int
    group: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Route:
    """A call for agents.

    Args:
        campaign_id: whose call it is.
        group: that campaign's.
        groups: whose agents may take it: those of every open campaign behind the number.
    """

    campaign_id: int
    group: str
    groups: tuple[str, ...]


def route(desks: Sequence[Desk], known: KnownCaller | None) -> Route | Prompt:
    """Where a call goes.

    Args:
        desks: in the order in which they are preferred; none = the number is a debt type's, and nobody works for it.
        known: who calls; None = nobody knows.

    Source: requirements IN-1, IN-3, CALL-3.
    """
    here = [desk for desk in desks if desk.is_open]
    if not here:
        return Prompt.CLOSED
    last = None if known is None else known.campaign_id
    chosen = next((desk for desk in here if desk.campaign_id == last), here[0])
    return Route(chosen.campaign_id, chosen.group, tuple(sorted({desk.group for desk in here})))
