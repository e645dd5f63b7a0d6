"""Places calls: asks the pacing how many, claims that many people, hands them to the desk.

A campaign whose claim came back empty is asked again after a pause, so that an exhausted list costs nothing. People
who want an agent held for them come first (``dialer.calls.held``): she is only taken while the pacing would place a
call for her, so that nobody whose telephone rings already loses his agent to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import asyncpg
import structlog

from campaigns.calendar import jst_date
from campaigns.campaign import Campaign, CampaignState, load_campaigns
from campaigns.claiming import Claim, claim, reserved_wanted
from campaigns.model import AttemptState, DialMode, Window
from campaigns.opening.store import load_openings
from dialer.agents.floor import Floor, fits, serves
from dialer.calls.desk import CallDesk
from dialer.calls.held import HeldCalls
from dialer.calls.live_call import LiveCall, live_call_of
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY, unless_cancelled
from dialer.pacing.modes import policy_for
from dialer.pacing.policy import AgentView, Decision, PendingCall, Snapshot, limit
from dialer.pacing.rate import CallRate

log = structlog.get_logger()

_TICK_S = 0.1
_RELOAD_S = 1.0
_EMPTY_PAUSE_S = 2.0
_FAULT_PAUSE_S = 1.0
_BATCH = 50
_SOME_WAIT = "。担当者・言語の合うオペレーターを待つ人がいます"


@dataclass(slots=True)
class Campaigning:
    """A campaign at work.

    Args:
        because: the last decision in words, for the supervisor's page.
        wanted: whom people of the list want held who could be called now, as the last reload found it.
    """

    campaign: Campaign
    because: str = ""
    next_opening_at: datetime | None = None
    pause_until_s: float = 0.0
    wanted: frozenset[str] = frozenset()

    def say(self, because: str) -> None:
        """Keep the decision in words; who waits for a certain agent is told of it too."""
        self.because = because + (_SOME_WAIT if self.wanted else "")


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
        self._held = HeldCalls(pool, floor, desk, clock)
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
                unless_cancelled(error)
                pause_s = _FAULT_PAUSE_S
                log.error("dialing_stopped_database_away", error=type(error).__name__)
            except Exception as error:
                unless_cancelled(error)
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
            if work.campaign.state is CampaignState.RUNNING:
                await self._serve(work)

    async def _reload(self) -> None:
        now = self._clock.now()
        async with self._pool.acquire() as conn:
            self._openings = await load_openings(conn, first_on=jst_date(now))
            self._take_in(await load_campaigns(conn))
            for work in list(self.campaigns.values()):
                if work.campaign.state is CampaignState.RUNNING:
                    work.wanted = await reserved_wanted(conn, work.campaign.campaign_id, now)
        self._reload_at_s = self._clock.monotonic_s() + _RELOAD_S

    def _take_in(self, found: list[Campaign]) -> None:
        for campaign in found:
            work = self.campaigns.setdefault(campaign.campaign_id, Campaigning(campaign))
            if work.campaign != campaign:
                work.campaign, work.pause_until_s = campaign, 0.0
        for gone in set(self.campaigns) - {c.campaign_id for c in found}:
            del self.campaigns[gone]

    async def _serve(self, work: Campaigning) -> None:
        now, campaign = self._clock.now(), work.campaign
        hours = self._openings.hours_of(campaign)
        window = hours.window_at(now)
        if window is None:
            work.next_opening_at = hours.next_opening(now)
            work.because = "時間外"
            return
        await self._serve_wanted(work, window)
        if self._clock.monotonic_s() < work.pause_until_s:
            return
        decision = self._decide(campaign)
        work.say(decision.because)
        if decision.place == 0:
            return
        limit_n = min(decision.place, _BATCH)
        if campaign.dial_mode is DialMode.PREVIEW:
            placed = await self._offer_previews(campaign, window, limit_n)
        else:
            async with self._pool.acquire() as conn:
                claims = await claim(conn, campaign, limit_n, window, now)
            for one in claims:
                self._desk.place(self._live_call(one, campaign))
            placed = len(claims)
            self._rate.take(placed)
        if placed == 0:
            work.say(f"{decision.because}、いま架電できる人がいません")
            work.pause_until_s = self._clock.monotonic_s() + _EMPTY_PAUSE_S

    async def _serve_wanted(self, work: Campaigning, window: Window) -> None:
        """Call those who want an agent, as long as one who fits is free and the pacing would place a call."""
        campaign = work.campaign
        while work.wanted and self._decide(campaign).place > 0:
            agent = self._held.hold_wanted(campaign.agent_group, work.wanted)
            if agent is None:
                return
            call = await self._held.call_with(agent, campaign, window, wanted=True)
            if call is None:
                work.wanted = frozenset(wants for wants in work.wanted if not fits(agent, wants))
            elif not call.is_preview:
                self._rate.take(1)

    async def _offer_previews(self, campaign: Campaign, window: Window, at_most: int) -> int:
        """Put one person on the screen of each free agent; the agent is reserved from now on."""
        for offered in range(at_most):
            agent = self._floor.hold(campaign.agent_group)
            if agent is None or await self._held.call_with(agent, campaign, window, wanted=False) is None:
                return offered
        return at_most

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
            # A call that has its agent already (reserved, previewed) takes nobody who is ready.
            pending=[
                PendingCall((now - c.claimed_at).total_seconds(), c.answer_probability)
                for c in sharing
                if c.state in unanswered and c.agent is None
            ],
            waiting=sum(1 for c in sharing if c.state is AttemptState.ANSWERED),
            ratio=campaign.ratio,
            lines_free=min(campaign.max_lines - mine, self._lines - len(calls)),
        )

    def _live_call(self, one: Claim, campaign: Campaign) -> LiveCall:
        return live_call_of(one, campaign, self._clock.now())
