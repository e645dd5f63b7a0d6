"""How many calls a campaign may place now: the moment, its policy, the limits, and what is learnt from the outcome.

Decides nothing by itself: it puts together what ``dialer/pacing/`` decides. Told of every change of a call or agent, it
feeds the estimates and the counts of abandonment. After a restart they are read again from the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import asyncpg

from campaigns.answers import RecentAttempt, live_answers_by_hour, recent_attempts
from campaigns.campaign import Campaign, CampaignState
from dialer.agents.agent import Agent
from dialer.agents.choosing import serves, share
from dialer.agents.floor import Floor
from dialer.calls.desk import CallDesk
from dialer.calls.live_call import LiveCall
from dialer.campaigning import FAULT_PAUSE_S, Campaigning
from dialer.clock import Clock
from dialer.pacing.expectations import Expectations
from dialer.pacing.learning import AT_MOST, HISTORY, Learning
from dialer.pacing.limits import LinesFree, lines_free, within
from dialer.pacing.modes import policy_for
from dialer.pacing.moment import own_agents, snapshot_of
from dialer.pacing.noticing import Noticing
from dialer.pacing.observed import Abandoned, Joined, Placed, RingEnded
from dialer.pacing.patience import DetectionTimes
from dialer.pacing.policy import Decision, Snapshot
from dialer.pacing.rate import CallRate
from dialer.pacing.standings import Standings
from dialer.pacing.trace import Trace
from dialer.pacing.traced import TracedDecision

_IDLE_STANDING_EVERY = timedelta(minutes=1)
"""How often the counts of a campaign that doesn't run are looked at: for the board, nothing depends on them."""
_UNMADE_PAUSE_S = 60.0
"""A campaign whose estimates can't be made is left alone for so long: another try reads all that calls have taught."""
_TRIED_BEFORE_S = 2.0
"""The next try comes so long before the campaign is asked for calls again: more than the time between two looks."""

Alone = Callable[[Campaigning, float], AbstractContextManager[None]]
"""Contains what goes wrong with one campaign, which is left alone then for so many seconds."""


class Callers(Protocol):
    """People who call us: they come before everybody whom we call."""

    def waiting(self, group: str) -> int:
        """Those who wait for an agent of `group`."""
        ...

    def lines(self) -> int:
        """Lines of the trunk that they take."""
        ...


class NoCallers:
    """Nobody calls."""

    def waiting(self, group: str) -> int:
        return 0

    def lines(self) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class TrunkLimits:
    """What holds over all campaigns.

    Args:
        lines: calls that the trunk carries at once.
        calls_per_second: new calls.
        spare_lines: lines kept free for people who call.
        abandon_limit_ratio: abandonment of all campaigns together, 0..1.
        abandon_after_s: when the desk gives up on an answered call without an agent.
    """

    lines: int
    calls_per_second: float
    spare_lines: int = 0
    abandon_limit_ratio: float = 0.03
    abandon_after_s: float = 2.0


class Deciding:
    """Decides for all campaigns of one engine.

    Args:
        trace: where decisions are written; None = nowhere.
    """

    def __init__(
        self, floor: Floor, desk: CallDesk, clock: Clock, limits: TrunkLimits, callers: Callers, trace: Trace | None
    ) -> None:
        self._floor = floor
        self._desk = desk
        self._clock = clock
        self._limits = limits
        self._callers = callers
        self._trace = trace
        self._learning = Learning(clock.now())
        self._standings = Standings(limits.abandon_limit_ratio)
        self._expectations = Expectations()
        self._decided: TracedDecision | None = None
        self.lends = True
        """Whether what was decided last leaves room for a call of an agent whom other groups need, too."""
        self._threshold_s: dict[int, float] = {}
        self._detection_times = DetectionTimes()
        self.rate = CallRate(limits.calls_per_second, clock.monotonic_s())
        self._noticing = Noticing(
            self._of_campaign,
            self._learning.observe_group,
            seconds=self._learning.seconds,
            threshold_s=lambda campaign_id: self._threshold_s.get(campaign_id, 2.0),
            detected=self._detection_times.add,
            came_in=self._learning.observe_caller,
        )

    # --- what is learnt --------------------------------------------------------------------------------

    def call_changed(self, call: LiveCall) -> None:
        """A call is in another state, or over."""
        self._noticing.call_changed(call)

    def agent_changed(self, agent: Agent) -> None:
        """An agent is in another state."""
        self._noticing.agent_changed(agent)

    def _of_campaign(self, campaign_id: int, seen: RingEnded | Joined | Abandoned, at: datetime) -> None:
        self._learning.observe(campaign_id, seen)
        self._expectations.observe(campaign_id, seen, self._clock.now())
        self._standings.seen(campaign_id, seen, at)

    async def refresh(
        self, conn: asyncpg.Connection, campaigns: Iterable[Campaigning], now: datetime, alone: Alone
    ) -> None:
        """Take up what the database says: campaigns that are new or changed, and what was abandoned; write what the
        next engine is to know.

        Args:
            alone: what goes wrong with one campaign stops no other.
        """
        at_work = list(campaigns)
        self._threshold_s = {w.campaign.campaign_id: w.campaign.pacing.abandon_threshold_s for w in at_work}
        self._learning.forget_others(self._threshold_s)
        soon_s = self._clock.monotonic_s() + _TRIED_BEFORE_S
        new = [w for w in at_work if w.faulty_until_s <= soon_s and not self._learning.knows(w.campaign)]
        if new:
            past = await recent_attempts(conn, now - HISTORY, AT_MOST)
            answers = await live_answers_by_hour(conn, now - HISTORY)
            expected = await self._expectations.read(conn, now - HISTORY)
            for work in new:
                with alone(work, _UNMADE_PAUSE_S):
                    estimates = await asyncio.to_thread(
                        self._learning.made_from, work.campaign, past, answers, expected
                    )
                    self._learning.begin(work.campaign, estimates)
                    self._learn_detection(work.campaign.campaign_id, past)
        await self._expectations.write(conn)
        await self._standings.refresh(conn, now)
        for work in at_work:
            with alone(work, FAULT_PAUSE_S):
                self._look_how_it_stands(work, now)

    def _learn_detection(self, campaign_id: int, past: Iterable[RecentAttempt]) -> None:
        for row in past:
            if row.campaign_id == campaign_id and row.detected_s is not None:
                self._detection_times.add(campaign_id, row.detected_s)

    def _look_how_it_stands(self, work: Campaigning, now: datetime) -> None:
        stood_at = work.standing_at
        is_old = stood_at is None or not timedelta() <= now - stood_at < _IDLE_STANDING_EVERY
        if is_old or work.campaign.state is CampaignState.RUNNING:
            work.standing, work.standing_at = self._standings.of(work.campaign, now), now

    # --- deciding --------------------------------------------------------------------------------------

    def decide(self, work: Campaigning) -> Decision:
        """Calls to place now, within every limit."""
        campaign, lines = work.campaign, self._lines_free(work.campaign)
        now, campaign_id, mode = self._clock.now(), campaign.campaign_id, work.mode
        patience_s = self._patience_s(campaign)
        policy = policy_for(mode, patience_s)
        snapshot = self._snapshot(work, lines.free, now)
        decided = policy.decide(snapshot)
        self.lends = decided.place > 0
        own = self._snapshot_of_own(work, lines.free, now)
        if own is not None and (without := policy.decide(own)).place > decided.place:
            snapshot, decided = own, without
        limited, limited_by = within(decided, lines, self.rate.allows(self._clock.monotonic_s()))
        self._decided = TracedDecision(now, campaign_id, mode, patience_s, snapshot, decided, 0, limited_by)
        return replace(limited, because=work.over_limit + limited.because)

    def trace(self, placed: int) -> None:
        """Keep the last decision: it was carried out, and so many calls were placed or people shown.

        A decision that only opens the gate to people who want an agent is none to keep.
        """
        if self._trace is not None and self._decided is not None:
            self._trace.tell(replace(self._decided, placed=placed))

    def placed(self, work: Campaigning, decision: Decision, calls: int) -> None:
        """So many calls of `decision` were placed."""
        self.rate.take(calls)
        if calls and decision.chances:
            at_s = self._learning.seconds(self._clock.now())
            answers, abandoned = sum(decision.chances[:calls]), sum(decision.risks[:calls])
            seen = Placed(at_s, answers, abandoned)
            self._learning.observe(work.campaign.campaign_id, seen)
            self._expectations.observe(work.campaign.campaign_id, seen, self._clock.now())

    def call_s(self, group: str, campaigns: Iterable[Campaigning]) -> float:
        """How long a call takes an agent of `group`: median seconds with wrap-up, in the slowest of these campaigns."""
        now = self._clock.now()
        of = (w.campaign for w in campaigns if serves(group, w.campaign.agent_group))
        return max((self._learning.call_s(campaign.campaign_id, now) for campaign in of), default=0.0)

    def share(self, one: Campaigning, other: Campaigning) -> bool:
        """Whether an agent who is at work takes calls of both campaigns."""
        return share(self._floor, one.campaign.agent_group, other.campaign.agent_group)

    def is_staffed(self, work: Campaigning) -> bool:
        """Whether an agent of the campaign is at work: takes a call now, or after the present one."""
        return self.share(work, work)

    def is_full(self, work: Campaigning) -> bool:
        """Whether no line is left for the campaign."""
        return self._lines_free(work.campaign).free == 0

    def snapshot(self, work: Campaigning) -> Snapshot:
        """The present moment as the campaign's policy may see it."""
        return self._snapshot(work, self._lines_free(work.campaign).free, self._clock.now())

    def _snapshot_of_own(self, work: Campaigning, lines: int, now: datetime) -> Snapshot | None:
        """The same without the agents whom other groups need, too; None when there is no such difference."""
        present = self._floor.of_group(work.campaign.agent_group)
        own = own_agents(work.campaign, present, self._desk.outbound)
        return None if own is None else self._snapshot(work, lines, now, own)

    def _snapshot(
        self, work: Campaigning, lines: int, now: datetime, agents: Sequence[Agent] | None = None
    ) -> Snapshot:
        campaign = work.campaign
        return snapshot_of(
            campaign,
            now,
            agents=self._floor.of_group(campaign.agent_group) if agents is None else agents,
            calls=self._desk.outbound,
            callers=self._callers.waiting(campaign.agent_group),
            lines_free=lines,
            next_probabilities=work.next_probabilities(),
            forecast_of=lambda campaign_id: self._learning.forecast(campaign_id, now),
        )

    def _patience_s(self, campaign: Campaign) -> float:
        """How long an answered call may wait: its threshold, less what machine detection takes, or until we give up."""
        given_up_early_s = max(0.0, campaign.pacing.abandon_threshold_s - self._limits.abandon_after_s)
        return max(0.0, self._detection_times.patience_s(campaign) - given_up_early_s)

    def _lines_free(self, campaign: Campaign) -> LinesFree:
        calls = self._desk.outbound
        return lines_free(
            campaign_lines=campaign.max_lines,
            campaign_calls=sum(1 for c in calls if c.campaign_id == campaign.campaign_id),
            trunk_lines=self._limits.lines,
            spare_lines=self._limits.spare_lines,
            calls=len(calls),
            callers=self._callers.lines(),
        )
