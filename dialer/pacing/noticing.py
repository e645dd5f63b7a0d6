"""Turns changes of calls and agents into what the pacing learns from: rings, joins, talks, wrap-ups, abandonments.

It is told of every change and remembers what it has reported already; the times are those that the calls and agents
carry themselves, so being told late changes nothing.

With machine detection a ring ends with the verdict: a person has answered then, a machine has not, nor has whoever hung
up before it.

Left out, because they say nothing about the list: rings of calls whose agent was held before (previews, people who want
her), of attempts that were never dialed, of those that the trunk or the network failed, and of calls taken over from an
engine before us.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from campaigns.answers import TEACHES_NOTHING
from campaigns.model import AttemptState, Outcome
from dialer.agents.agent import Agent
from dialer.agents.machine import AgentState
from dialer.calls.live_call import LiveCall
from dialer.pacing.learning import LONGEST_WRAP_S
from dialer.pacing.observed import Abandoned, CameIn, Joined, RingEnded, Talked, WrappedUp

_RINGS = (AttemptState.DIALING, AttemptState.RINGING)


@dataclass(slots=True)
class _Told:
    """What was reported of one call."""

    dialed: bool = False
    had_agent: bool = False
    ring: bool = False
    met: bool = False


class Noticing:
    """Watches one engine's calls and agents.

    Args:
        of_campaign: hears what concerns one campaign: rings, joins, abandonments.
        of_group: hears what concerns all campaigns whose calls the agents of a group take: talks and wrap-ups.
        seconds: a moment in seconds on the scale of the observations.
        threshold_s: by campaign id, when an answered call without an agent is abandoned, seconds.
        detected: hears the campaign's id and the seconds from the answer to the verdict that it is a person.
        came_in: hears of a call that came in, with the groups whose agents may take it.
    """

    def __init__(
        self,
        of_campaign: Callable[[int, RingEnded | Joined | Abandoned, datetime], None],
        of_group: Callable[[str, Talked | WrappedUp], None],
        *,
        seconds: Callable[[datetime], float],
        threshold_s: Callable[[int], float],
        detected: Callable[[int, float], None] = lambda campaign_id, after_s: None,
        came_in: Callable[[frozenset[str], CameIn], None] = lambda groups, seen: None,
    ) -> None:
        self._of_campaign = of_campaign
        self._of_group = of_group
        self._seconds = seconds
        self._threshold_s = threshold_s
        self._detected = detected
        self._came_in = came_in
        self._told: WeakKeyDictionary[LiveCall, _Told] = WeakKeyDictionary()  # a call that is given up leaves nothing
        self._wrapping: dict[int, datetime] = {}

    def call_changed(self, call: LiveCall) -> None:
        """A call is in another state than before, or over."""
        is_new = call not in self._told
        told = self._told.setdefault(call, _Told())
        if call.inbound is not None:
            self._caller(call, is_new=is_new)
            return
        if call.state in _RINGS and not told.dialed:
            told.dialed, told.had_agent = True, call.agent is not None
        self._ring(call, told)
        self._meeting(call, told)
        if _is_over(call):
            self._end(call)

    def _caller(self, call: LiveCall, *, is_new: bool) -> None:
        """A call that came in says how many do, and how long agents talk; nothing about any list."""
        if is_new and not call.adopted:
            self._came_in(call.groups, CameIn(self._seconds(call.claimed_at)))
        if _is_over(call):
            self._end(call)

    def _end(self, call: LiveCall) -> None:
        if call.joined_at is not None and call.agent is not None:
            talk_s = (call.since - call.joined_at).total_seconds()
            self._of_group(call.agent.group, Talked(self._seconds(call.since), max(0.0, talk_s)))
        del self._told[call]

    def _ring(self, call: LiveCall, told: _Told) -> None:
        over = call.person_at or (call.since if _is_over(call) or call.is_machine else None)
        if over is None or told.ring:
            return
        told.ring = True
        if told.dialed and not told.had_agent and not call.adopted and call.outcome not in TEACHES_NOTHING:
            after_s = max(0.0, (over - call.claimed_at).total_seconds())
            seen = RingEnded(self._seconds(over), call.person_at is not None, after_s, call.answer_probability)
            self._of_campaign(call.campaign_id, seen, over)
        if call.detects and call.person_at is not None and call.answered_at is not None:
            self._detected(call.campaign_id, max(0.0, (call.person_at - call.answered_at).total_seconds()))

    def _meeting(self, call: LiveCall, told: _Told) -> None:
        """The answer met an agent, or is abandoned: once."""
        abandoned = call.state is AttemptState.ABANDONING or call.outcome is Outcome.ABANDONED
        if told.met or call.answered_at is None or call.is_machine or (call.waits_from is None and not abandoned):
            return
        until = call.joined_at or call.since
        waited_s = (until - (call.waits_from or call.answered_at)).total_seconds()
        late = waited_s > self._threshold_s(call.campaign_id)
        seen: Joined | Abandoned
        if call.joined_at is not None and not late:
            seen = Joined(self._seconds(until), max(0.0, waited_s))
        elif call.joined_at is not None or abandoned or (late and _is_over(call)):
            seen = Abandoned(self._seconds(until))
        else:
            return  # on the way to an agent still, or the callee hung up within the threshold
        told.met = True
        self._of_campaign(call.campaign_id, seen, call.answered_at)

    def agent_changed(self, agent: Agent) -> None:
        """An agent is in another state than before."""
        began = self._wrapping.get(agent.agent_id)
        if agent.status.state is AgentState.WRAP_UP:
            self._wrapping.setdefault(agent.agent_id, agent.state_at)
        elif began is not None:
            del self._wrapping[agent.agent_id]
            wrap_s = max(0.0, (agent.state_at - began).total_seconds())
            if wrap_s <= LONGEST_WRAP_S:
                self._of_group(agent.group, WrappedUp(self._seconds(agent.state_at), wrap_s))


def _is_over(call: LiveCall) -> bool:
    return call.state is AttemptState.ENDED
