"""Who waits for an agent, and who of them gets the next one who is free.

Callers come first, whoever waits longest; then those whom we called and who have answered. As everybody who becomes
free is offered here before anything else is done with her, nobody free is left who could take a caller, and what else
takes agents (an answer, a held call, a preview) finds only those whom no caller waits for.

Pure of time and database: it holds agents, and tells the calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from dialer.agents.agent import Agent
from dialer.agents.floor import Floor
from dialer.calls.live_call import LiveCall


class Waiting:
    """The calls that wait, in the order in which they get agents.

    Args:
        give: hears which call gets which agent, who is held for it.
    """

    def __init__(self, floor: Floor, give: Callable[[LiveCall, Agent], None]) -> None:
        self._floor = floor
        self._give = give
        self._calls: list[LiveCall] = []

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    def __contains__(self, call: LiveCall) -> bool:
        return call in self._calls

    def add(self, call: LiveCall) -> None:
        """Let a call wait; one that comes back to it has its old place."""
        self._calls.append(call)
        self._calls.sort(key=_place)

    def discard(self, call: LiveCall) -> None:
        """It waits no more; no error when it doesn't."""
        if call in self._calls:
            self._calls.remove(call)

    def match(self) -> None:
        """Give free agents to those who wait."""
        for call in list(self._calls):
            wanted = None if call.inbound is None else call.inbound.wanted_agent_id
            agent = self._floor.hold_of(call.groups, wanted, call.wants, came_in=call.inbound is not None)
            if agent is not None:
                self._calls.remove(call)
                self._give(call, agent)


def _place(call: LiveCall) -> tuple[bool, datetime]:
    assert call.waits_from is not None, "nobody waits for an agent before the answer"
    return call.inbound is None, call.waits_from
