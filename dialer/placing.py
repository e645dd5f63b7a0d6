"""Places calls: asks the pacing how many, claims that many people, hands them to the desk.

The only caller of ``campaigns.claiming.claim`` for the automatic modes. A campaign whose claim came
back empty is asked again after a pause, so that an exhausted list costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg
import structlog

from campaigns.calendar import next_opening, window_at
from campaigns.campaign import Campaign, CampaignState, load_calendar_days, load_campaigns
from campaigns.claiming import Claim, claim
from campaigns.model import AttemptState, DialMode
from dialer.agents.floor import Agent, Floor, serves
from dialer.agents.machine import AgentEvent, Details
from dialer.calls.desk import CallDesk
from dialer.calls.live_call import LiveCall
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY
from dialer.pacing.modes import policy_for
from dialer.pacing.policy import AgentView, Decision, PendingCall, Snapshot, limit
from dialer.pacing.rate import CallRate

log = structlog.get_logger()

_TICK_S = 0.1
_RELOAD_S = 1.0
_EMPTY_PAUSE_S = 2.0
_FAULT_PAUSE_S = 1.0
_BATCH = 50
_CALENDAR_DAYS = 400


@dataclass(slots=True)
class Campaigning:
    """A campaign at work. `because` is the last decision in words, for the supervisor's page."""

    campaign: Campaign
    because: str = ""
    next_opening_at: datetime | None = None
    pause_until_s: float = 0.0


class Placing:
    """The dialing loop of one engine.

    Args:
        lines: how many calls the trunk may carry at once.
        calls_per_second: rate of new calls over all campaigns.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        floor: Floor,
        desk: CallDesk,
        clock: Clock,
        *,
        lines: int,
        calls_per_second: float,
    ) -> None:
        self._pool = pool
        self._floor = floor
        self._desk = desk
        self._clock = clock
        self._lines = lines
        self._rate = CallRate(calls_per_second, clock.monotonic_s())
        self._reload_at_s = 0.0
        self.campaigns: dict[int, Campaigning] = {}
        self.line_up = False
        """Dial only while Asterisk is connected and compared."""

    def reload_soon(self) -> None:
        """Read the campaigns again at the next tick (one was started, stopped or changed)."""
        self._reload_at_s = 0.0

    async def run(self) -> None:
        """Place calls until cancelled. A failure stops dialing, never the engine."""
        while True:
            try:
                await self._tick()
                pause_s = _TICK_S
            except DATABASE_AWAY as error:
                pause_s = _FAULT_PAUSE_S
                log.error("dialing_stopped_database_away", error=type(error).__name__)
            except Exception as error:
                # An outer edge: nothing more is dialed for a while, and those who talk go on talking.
                pause_s = _FAULT_PAUSE_S
                log.exception("dialing_stopped", error=type(error).__name__)
            await self._clock.sleep(pause_s)

    async def _tick(self) -> None:
        if self._clock.monotonic_s() >= self._reload_at_s:
            await self._reload()
        if not self.line_up:
            return
        for work in self.campaigns.values():
            if work.campaign.state is CampaignState.RUNNING and self._clock.monotonic_s() >= work.pause_until_s:
                await self._serve(work)

    async def _reload(self) -> None:
        async with self._pool.acquire() as conn:
            found = await load_campaigns(conn)
            self._calendar = await load_calendar_days(conn, self._clock.now(), _CALENDAR_DAYS)
        for campaign in found:
            work = self.campaigns.get(campaign.campaign_id)
            if work is None:
                self.campaigns[campaign.campaign_id] = Campaigning(campaign)
            elif work.campaign != campaign:
                work.campaign, work.pause_until_s = campaign, 0.0
        for gone in set(self.campaigns) - {c.campaign_id for c in found}:
            del self.campaigns[gone]
        self._reload_at_s = self._clock.monotonic_s() + _RELOAD_S

    async def _serve(self, work: Campaigning) -> None:
        now, campaign = self._clock.now(), work.campaign
        window = window_at(campaign.windows, self._calendar, now)
        if window is None:
            work.next_opening_at = next_opening(campaign.windows, self._calendar, now)
            work.because = "時間外"
            return
        decision = self._decide(campaign)
        work.because = decision.because
        if decision.place == 0:
            return
        limit_n = min(decision.place, _BATCH)
        if campaign.dial_mode is DialMode.PREVIEW:
            placed = await self._offer_previews(campaign, limit_n)
        else:
            ready = sum(1 for a in self._floor.of_group(campaign.agent_group) if a.is_free)
            async with self._pool.acquire() as conn:
                claims = await claim(conn, campaign, limit_n, window, now, ready_agents=ready)
            for one in claims:
                self._desk.place(self._live_call(one, campaign))
            placed = len(claims)
            self._rate.take(placed)
        if placed == 0:
            work.because += "、いま架電できる人がいません"
            work.pause_until_s = self._clock.monotonic_s() + _EMPTY_PAUSE_S

    def _decide(self, campaign: Campaign) -> Decision:
        snapshot = self.snapshot(campaign)
        decision = policy_for(campaign.dial_mode).decide(snapshot)
        return limit(decision, lines_free=snapshot.lines_free, rate_allows=self._rate.allows(self._clock.monotonic_s()))

    def snapshot(self, campaign: Campaign) -> Snapshot:
        """The present moment as the campaign's policy may see it."""
        now, calls = self._clock.now(), list(self._desk.calls.values())
        sharing = [c for c in calls if serves(c.group, campaign.agent_group)]
        mine = sum(1 for c in calls if c.campaign_id == campaign.campaign_id)
        unanswered = (AttemptState.CLAIMED, AttemptState.DIALING, AttemptState.RINGING)
        return Snapshot(
            agents=[
                AgentView(a.status.state, (now - a.state_at).total_seconds())
                for a in self._floor.of_group(campaign.agent_group)
            ],
            # A previewed call has its agent already: its answer takes nobody who is ready.
            pending=[
                PendingCall((now - c.claimed_at).total_seconds())
                for c in sharing
                if c.state in unanswered and c.agent is None
            ],
            waiting=sum(1 for c in sharing if c.state is AttemptState.ANSWERED),
            ratio=campaign.ratio,
            lines_free=min(campaign.max_lines - mine, self._lines - len(calls)),
        )

    # --- preview -----------------------------------------------------------------------------------

    async def _offer_previews(self, campaign: Campaign, at_most: int) -> int:
        """Put one person on the screen of each free agent; the agent is reserved from now on."""
        offered = 0
        for _ in range(at_most):
            agent = self._floor.hold(campaign.agent_group)
            if agent is None:
                break
            try:
                if not await self._offer_preview(campaign, agent):
                    break
            finally:
                agent.held = False  # she has her preview, or may take other calls again
            offered += 1
        return offered

    async def _offer_preview(self, campaign: Campaign, agent: Agent) -> bool:
        now = self._clock.now()
        window = window_at(campaign.windows, self._calendar, now)
        assert window is not None
        async with self._floor.changing([agent]):
            if not (agent.status.leg_up and agent.held):
                return False
            async with self._pool.acquire() as conn, conn.transaction():
                claims = await claim(conn, campaign, 1, window, now, ready_agents=1, agent_id=agent.agent_id)
                if not claims:
                    return False
                planned = self._floor.plan(
                    agent,
                    AgentEvent.RESERVED,
                    Details(call_id=claims[0].attempt_id),
                    at=now,
                    debtor_id=claims[0].debtor_id,
                )
                await self._floor.write(conn, planned, at=now)
            call = self._live_call(claims[0], campaign)
            call.agent, call.is_preview = agent, True
            self._floor.take_in(planned)
            self._desk.admit(call)
        return True

    def _live_call(self, one: Claim, campaign: Campaign) -> LiveCall:
        now = self._clock.now()
        return LiveCall(
            call_id=one.attempt_id,
            campaign_id=campaign.campaign_id,
            debtor_id=one.debtor_id,
            number=one.number,
            caller_id=one.caller_id,
            group=campaign.agent_group,
            ring_timeout_s=campaign.ring_timeout_s,
            state=AttemptState.CLAIMED,
            since=now,
            claimed_at=now,
        )
