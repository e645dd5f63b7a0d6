"""Calls of an agent who is held before the person is claimed: previews, and people who want an agent.

An abandoned call touched them, they need a language, or a certain agent promised to call at this hour. Attempt and
agent are written in one transaction. In a preview campaign the person appears on her screen and waits for her click;
else the call is dialed at once, and she is ready again when nobody answers.

Invariant: an agent for whom nobody was claimed, whatever went wrong, takes other calls again.
"""

from __future__ import annotations

import asyncpg

from campaigns.campaign import Campaign
from campaigns.claiming import Claim, claim, claim_reserved
from campaigns.model import DialMode, Window
from dialer.accounts.languages import JAPANESE
from dialer.agents.agent import Agent
from dialer.agents.floor import Floor
from dialer.agents.machine import AgentEvent, Details
from dialer.calls.desk import CallDesk
from dialer.calls.live_call import LiveCall, live_call_of
from dialer.clock import Clock


class HeldCalls:
    """Claims for one held agent at a time."""

    def __init__(self, pool: asyncpg.Pool, floor: Floor, desk: CallDesk, clock: Clock) -> None:
        self._pool = pool
        self._floor = floor
        self._desk = desk
        self._clock = clock

    def hold_wanted(self, group: str, wanted: frozenset[str], *, lent: bool) -> Agent | None:
        """Hold a free agent who is wanted: the promised one first, then one for a language.

        Anybody will do for the others, a moment later too.

        Args:
            wanted: see ``floor.fits``.
            lent: see ``floor.hold_fitting``.
        """
        for kind in ("agent", "language", "any"):
            these = [wants for wants in wanted if wants.partition(":")[0] == kind]
            agent = self._floor.hold_fitting(group, these, lent=lent)
            if agent is not None:
                return agent
        return None

    async def call_with(self, agent: Agent, campaign: Campaign, window: Window, *, wanted: bool) -> LiveCall | None:
        """Claim one person for `agent`, who is held, and reserve her; None: nobody was found, and she is let go.

        Args:
            wanted: one of those who want her; else the first of the list.
        """
        call = None
        try:
            async with self._floor.changing([agent]):
                call = await self._claim(agent, campaign, window, wanted=wanted)
                if call is not None and call.is_preview:
                    self._desk.admit(call)
                elif call is not None:
                    self._desk.place(call)
        finally:
            if call is None:
                self._desk.let_go(agent)
        return call

    async def _claim(self, agent: Agent, campaign: Campaign, window: Window, *, wanted: bool) -> LiveCall | None:
        if not (agent.status.leg_up and agent.held):
            return None  # she left in the instant in which she was chosen
        now = self._clock.now()
        async with self._pool.acquire() as conn, conn.transaction():
            one = await self._one(conn, agent, campaign, window, wanted=wanted)
            if one is None:
                return None
            details = Details(call_id=one.attempt_id)
            planned = self._floor.plan(agent, AgentEvent.RESERVED, details, at=now, debtor_id=one.debtor_id)
            await self._floor.write(conn, planned, at=now)
        self._floor.take_in(planned)
        call = live_call_of(one, campaign, now)
        call.agent, call.is_preview, call.detects = agent, campaign.dial_mode is DialMode.PREVIEW, False
        return call

    async def _one(
        self, conn: asyncpg.Connection, agent: Agent, campaign: Campaign, window: Window, *, wanted: bool
    ) -> Claim | None:
        now = self._clock.now()
        if wanted:
            speaks = [code for code in agent.languages if code != JAPANESE]
            return await claim_reserved(conn, campaign, window, now, agent_id=agent.agent_id, languages=speaks)
        return next(iter(await claim(conn, campaign, 1, window, now, agent_id=agent.agent_id)), None)
