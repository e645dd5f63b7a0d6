"""Which agents may take a call, and who of them takes it.

Pure, but for the mark on the one who is chosen: `take_first` holds her in the same instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from dialer.agents.agent import Agent

ANYBODY = "any"
"""Of `fits`: any agent will do."""


def serves(agent_group: str, campaign_group: str) -> bool:
    """Whether an agent of `agent_group` takes calls of a campaign for `campaign_group`."""
    return "all" in (agent_group, campaign_group) or agent_group == campaign_group


def share(agents: Iterable[Agent], one_group: str, other_group: str) -> bool:
    """Whether one of `agents` takes calls of both groups: what one campaign has ringing, the other has to reckon with.

    It is asked of the agents, not of the groups: one of ``all`` makes two groups share that know nothing of each other.
    """
    return any(a.takes_more and serves(a.group, one_group) and serves(a.group, other_group) for a in agents)


def fits(agent: Agent, wants: str) -> bool:
    """Whether `agent` is whom ``wants`` of ``campaigns.claiming`` names: ``any``, ``language:ne``, ``agent:17``."""
    kind, _, which = wants.partition(":")
    match kind:
        case "agent":
            return which == str(agent.agent_id)
        case "language":
            return which in agent.languages
        case _:
            return True


def is_lent(agent: Agent, group: str) -> bool:
    """Whether she takes a call of `group` only because she takes everybody's."""
    return agent.group != group and group != "all"


def take_first(free: list[Agent], drawbacks: Callable[[Agent], tuple[bool, ...]]) -> Agent | None:
    """Of those who are free the one with the least drawbacks, then the longest idle; she is held from now on."""
    if not free:
        return None
    chosen = min(free, key=lambda a: (*drawbacks(a), a.state_at, a.agent_id))
    chosen.held = True
    return chosen
