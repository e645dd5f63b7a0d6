"""Places calls: asks the pacing how many, claims that many people, hands them to the desk.

The campaign that placed calls longest ago is asked first, and the others that share its agents give way when it could
place none for a while (``dialer.campaigning``), so that none starves. A campaign whose claim came back empty is asked
again after a pause, so that an exhausted list costs nothing; one with which something goes wrong pauses alone. Each
time the campaigns are read again, it is looked whose shift ends (``dialer.agents.shifts``).

People who want an agent held for them come first (``dialer.calls.held``): she is only taken while the pacing would
place a call for her, so that nobody whose telephone rings already loses his agent to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import asyncpg
import structlog

from campaigns.calendar import jst_date
from campaigns.campaign import Campaign, CampaignState, load_campaigns
from campaigns.claiming import claim, reserved_wanted
from campaigns.model import AttemptState, DialMode, Window
from campaigns.opening.store import load_openings
from dialer.agents.agent import Agent
from dialer.agents.choosing import ANYBODY, fits
from dialer.agents.floor import Floor
from dialer.agents.shifts import Shifts
from dialer.calls.desk import CallDesk
from dialer.calls.held import HeldCalls
from dialer.calls.live_call import LiveCall, live_call_of
from dialer.campaigning import FAULT_PAUSE_S, Campaigning
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY, unless_cancelled
from dialer.deciding import Callers, Deciding, NoCallers, TrunkLimits
from dialer.pacing.policy import Decision, Snapshot
from dialer.pacing.trace import Trace

log = structlog.get_logger()

_TICK_S = 0.1
_RELOAD_S = 1.0
_BATCH = 50
_UNTIL_JOINED_S = 5.0
"""From the answer to the join at the longest: machine detection, and the wait for an agent."""


class Placing:
    """The dialing loop of one engine.

    Args:
        lines, calls_per_second, spare_lines, abandon_limit_ratio, abandon_after_s: see `TrunkLimits`.
        callers: who calls us.
        trace: where decisions are written; the engine runs it.
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
        spare_lines: int = 0,
        abandon_limit_ratio: float = 0.03,
        abandon_after_s: float = 2.0,
        callers: Callers | None = None,
        trace: Trace | None = None,
    ) -> None:
        self._pool = pool
        self._floor = floor
        self._desk = desk
        self._clock = clock
        self._held = HeldCalls(pool, floor, desk, clock)
        self._shifts = Shifts(pool, floor, clock)
        limits = TrunkLimits(lines, calls_per_second, spare_lines, abandon_limit_ratio, abandon_after_s)
        self._deciding = Deciding(floor, desk, clock, limits, callers or NoCallers(), trace)
        self._reload_at_s = 0.0
        self.campaigns: dict[int, Campaigning] = {}
        self.line_up = False
        """Dial only while Asterisk is connected and compared."""

    def reload_soon(self) -> None:
        """Read the campaigns again at the next tick (one was started, stopped or changed)."""
        self._reload_at_s = 0.0

    def call_changed(self, call: LiveCall) -> None:
        """A call is in another state, or over: the pacing learns from it."""
        if call.is_preview and call.state is AttemptState.DIALING:
            self._deciding.rate.take(1)  # whoever said so, agent or time: a click is never refused, the others wait
        self._deciding.call_changed(call)

    def agent_changed(self, agent: Agent) -> None:
        """An agent is in another state: the pacing learns from it."""
        self._deciding.agent_changed(agent)

    async def run(self) -> None:
        """Place calls until cancelled. A failure stops dialing, never the engine."""
        while True:
            try:
                await self._tick()
                pause_s = _TICK_S
            except DATABASE_AWAY as error:
                unless_cancelled(error)
                pause_s = FAULT_PAUSE_S
                log.error("dialing_stopped_database_away", error=type(error).__name__)
            except Exception as error:
                unless_cancelled(error)
                # An outer edge: nothing more is dialed for a while, and those who talk go on talking.
                pause_s = FAULT_PAUSE_S
                log.exception("dialing_stopped", error=type(error).__name__)
            await self._clock.sleep(pause_s)

    async def _tick(self) -> None:
        if self._clock.monotonic_s() >= self._reload_at_s:
            await self._reload()
        if not self.line_up:
            return
        self._dial_shown()
        first: list[Campaigning] = []
        for work in sorted(self.campaigns.values(), key=lambda w: w.placed_at_s):
            if work.campaign.state is not CampaignState.RUNNING:
                work.could_not(self._clock.monotonic_s())
            elif any(self._deciding.share(one, work) for one in first):
                work.has_turn = False  # its own comes when this one is over
                work.say("他のキャンペーンの順番を待っています")
            else:
                with self._alone(work):
                    await self._serve(work)
            if work.has_turn:
                first.append(work)

    @contextmanager
    def _alone(self, work: Campaigning, pause_s: float = FAULT_PAUSE_S) -> Iterator[None]:
        """What goes wrong with one campaign pauses it, and no other. A database that is away is no campaign's fault."""
        try:
            yield
        except DATABASE_AWAY:
            raise
        except Exception as error:
            unless_cancelled(error)
            # An outer edge: nothing more is dialed for this campaign for a while, and the others go on.
            work.failed(self._clock.monotonic_s(), pause_s)
            log.exception("campaign_paused", campaign_id=work.campaign.campaign_id, error=type(error).__name__)

    async def _reload(self) -> None:
        now = self._clock.now()
        async with self._pool.acquire() as conn:
            self._openings = await load_openings(conn, first_on=jst_date(now))
            self._take_in(await load_campaigns(conn))
            running = [work for work in self.campaigns.values() if work.campaign.state is CampaignState.RUNNING]
            for work in running:
                with self._alone(work):
                    work.wanted = await reserved_wanted(conn, work.campaign.campaign_id, now)
            await self._deciding.refresh(conn, self.campaigns.values(), now, self._alone)
        ring_s = max((work.campaign.ring_timeout_s for work in running), default=0) + _UNTIL_JOINED_S
        await self._shifts.look(lambda group: self._deciding.call_s(group, running), ring_s)
        self._reload_at_s = self._clock.monotonic_s() + _RELOAD_S

    def _take_in(self, found: list[Campaign]) -> None:
        for campaign in found:
            work = self.campaigns.setdefault(campaign.campaign_id, Campaigning(campaign))
            if work.campaign != campaign:
                work.campaign, work.pause_until_s = campaign, 0.0
        for gone in set(self.campaigns) - {c.campaign_id for c in found}:
            del self.campaigns[gone]

    def _dial_shown(self) -> None:
        """Dial the previewed people who were shown for as long as their campaign wants, as many as the rate allows."""
        now = self._clock.now()
        shown = [c for c in self._desk.calls.values() if c.is_preview and c.state is AttemptState.CLAIMED]
        # Those being checked are counted when they are dialed.
        allowed = self._deciding.rate.allows(self._clock.monotonic_s()) - sum(1 for c in shown if c.chosen)
        for call in shown:
            work = self.campaigns.get(call.campaign_id)
            is_due = work is not None and 0 < work.campaign.pacing.preview_s <= _age_s(call, now)
            if is_due and not call.chosen and allowed >= 1:
                allowed -= 1
                call.chosen = True
                self._desk.dial_preview(call)

    async def _serve(self, work: Campaigning) -> None:
        if self._clock.monotonic_s() < work.faulty_until_s:
            return
        now, campaign = self._clock.now(), work.campaign
        hours = self._openings.hours_of(campaign)
        window = hours.window_at(now)
        if window is None:
            work.next_opening_at = hours.next_opening(now)
            work.because = "時間外"
            work.could_not(self._clock.monotonic_s())
            return
        await self._serve_wanted(work, window)
        if self._clock.monotonic_s() < work.pause_until_s:
            return
        decision = self._deciding.decide(work)
        work.say(decision.because)
        placed = await self._place(work, decision, window) if decision.place else 0
        self._deciding.trace(placed)
        if decision.place == 0 and not self._deciding.is_staffed(work):
            work.could_not(self._clock.monotonic_s())
        elif decision.place == 0:
            work.placed_nothing(self._clock.monotonic_s(), is_full=self._deciding.is_full(work))
        elif placed == 0:
            work.say(f"{decision.because}、いま架電できる人がいません")
            work.found_nobody(self._clock.monotonic_s())
        else:
            work.placed(self._clock.monotonic_s())

    async def _place(self, work: Campaigning, decision: Decision, window: Window) -> int:
        """Claim people and dial or show them; how many were found."""
        campaign, limit_n = work.campaign, min(decision.place, _BATCH)
        if campaign.dial_mode is DialMode.PREVIEW:
            return await self._offer_previews(work, window, limit_n)
        async with self._pool.acquire() as conn:
            claims = await claim(conn, campaign, limit_n, window, self._clock.now())
        for one in claims:
            self._desk.place(live_call_of(one, campaign, self._clock.now()))
        work.claimed(claims)
        self._deciding.placed(work, decision, len(claims))
        return len(claims)

    async def _serve_wanted(self, work: Campaigning, window: Window) -> None:
        """Call those who want an agent, as long as one who fits is free and the pacing would place a call."""
        campaign = work.campaign
        while work.wanted and self._deciding.decide(work).place > 0:
            agent = self._held.hold_wanted(campaign.agent_group, work.wanted, lent=self._deciding.lends)
            if agent is None:
                return
            call = await self._held.call_with(agent, campaign, window, wanted=True)
            if call is None:
                work.wanted = frozenset(wants for wants in work.wanted if not fits(agent, wants))
                continue
            work.placed(self._clock.monotonic_s())
            if not call.is_preview:
                self._deciding.rate.take(1)

    async def _offer_previews(self, work: Campaigning, window: Window, at_most: int) -> int:
        """Put one person on the screen of each free agent; the agent is reserved from now on."""
        campaign = work.campaign
        for offered in range(at_most):
            agent = self._floor.hold_fitting(campaign.agent_group, (ANYBODY,), lent=self._deciding.lends)
            if agent is None or await self._held.call_with(agent, campaign, window, wanted=False) is None:
                return offered
        return at_most

    def snapshot(self, campaign: Campaign) -> Snapshot:
        """The present moment as the campaign's policy may see it."""
        return self._deciding.snapshot(self.campaigns[campaign.campaign_id])


def _age_s(call: LiveCall, now: datetime) -> float:
    return (now - call.claimed_at).total_seconds()
