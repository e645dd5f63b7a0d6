"""Keeps PostgreSQL, memory and Asterisk in agreement, and says how far they were apart.

What was missed (the engine was dead, the connection lost) is fed through the same state machine as
what is heard live. A disagreement counts as drift, and is acted on, only when two looks in a row see
it: events are on their way all the time.

Invariant: nothing is guessed. A channel that Asterisk doesn't have is gone; how it ended is read in
Asterisk's own journal, and is "unknown" (outcome ``failed``) when the journal doesn't say.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import asyncpg
import structlog

from campaigns.attempts import OpenAttempt, open_attempts
from campaigns.campaign import load_campaigns
from campaigns.inbound_calls import OpenInbound, open_inbound
from campaigns.model import AttemptState
from dialer.agents.floor import Floor
from dialer.agents.legs import Legs
from dialer.agents.machine import AgentEvent, AgentState, Details
from dialer.calls.adopting import adopted_attempt, adopted_inbound
from dialer.calls.callers import Callers
from dialer.calls.desk import CallDesk
from dialer.calls.live_call import Happening, LiveCall
from dialer.calls.machine import Event
from dialer.calls.orders import BUSY_DESK
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY, unless_cancelled
from dialer.errors import AmiError, RequestRefused
from dialer.line import Line, LiveChannel, call_id_of, call_id_or_none
from dialer.missed import is_young, missed_until_the_end, missed_while_up

log = structlog.get_logger()

_ON_CALL = (AgentState.RESERVED, AgentState.TALKING)
_LOOKS = 2

OpenRow = OpenAttempt | OpenInbound


@dataclass(frozen=True, slots=True)
class Drift:
    """Disagreements that two looks in a row saw.

    Args:
        rows_without_channel: open calls in memory whose channel Asterisk doesn't have.
        channels_without_row: channels of attempts, and of callers who wait, that no open row has.
        rows_unknown: open rows in PostgreSQL, of attempts and of calls that came in, that the engine doesn't hold.
        agents_without_call: agents reserved for, or talking on, a call that the engine doesn't hold.
    """

    rows_without_channel: int = 0
    channels_without_row: int = 0
    rows_unknown: int = 0
    agents_without_call: int = 0

    @property
    def total(self) -> int:
        return self.rows_without_channel + self.channels_without_row + self.rows_unknown + self.agents_without_call


class Reconciliation:
    """Compares every few seconds and after each (re)connect."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        floor: Floor,
        legs: Legs,
        desk: CallDesk,
        callers: Callers,
        line: Line,
        clock: Clock,
        *,
        every_s: float,
    ) -> None:
        self._pool = pool
        self._floor = floor
        self._legs = legs
        self._desk = desk
        self._callers = callers
        self._line = line
        self._clock = clock
        self._every_s = every_s
        self._stray_channels: dict[UUID, int] = {}
        self._stray_rows: dict[UUID, int] = {}
        self._stray_agents: dict[tuple[int, UUID], int] = {}
        self.drift = Drift()
        self.drift_seen = 0
        """Disagreements acted on since the start of the engine."""

    async def run(self) -> None:
        """Compare until cancelled."""
        while True:
            await self._clock.sleep(self._every_s)
            try:
                await self.compare()
            except (AmiError, *DATABASE_AWAY) as error:
                unless_cancelled(error)
                log.warning("comparison_postponed", error=type(error).__name__)
            except Exception as error:
                unless_cancelled(error)
                # An outer edge: the next look begins anew, and the calls go on meanwhile.
                log.exception("comparison_failed", error=type(error).__name__)

    async def after_connect(self) -> None:
        """Everything may have happened meanwhile: adopt rows, check the legs, feed what was missed.

        A call so young that its Originate may still be on its way is left to the next looks.
        """
        await self._adopt_rows()  # first, so that these calls hear of a leg that is gone
        channels = await self._line.channels()
        await self._legs.resync(channels, await self._line.registered())
        now = self._clock.now()
        calls = [c for c in self._desk.calls.values() if c.channel_id in channels or not is_young(c, now)]
        await self._feed(calls, channels)

    async def compare(self) -> Drift:
        """One look: act on what two looks in a row saw, and return it."""
        rows = await self._open_rows()
        channels = await self._line.channels()
        missing = self._missing_channels(channels)
        strays = await self._stray(channels, rows)
        unknown = await self._unknown_rows(rows, channels)
        self.drift = Drift(len(missing), strays, unknown, await self._agents_without_call())
        if self.drift.total:
            self.drift_seen += self.drift.total
            log.warning(
                "drift",
                rows_without_channel=self.drift.rows_without_channel,
                channels_without_row=self.drift.channels_without_row,
                rows_unknown=self.drift.rows_unknown,
                agents_without_call=self.drift.agents_without_call,
            )
            await self._feed(missing, channels)
        await self._send_the_disabled_home()
        return self.drift

    # --- the four comparisons ---------------------------------------------------------------------

    def _missing_channels(self, channels: dict[str, LiveChannel]) -> list[LiveCall]:
        found = []
        for call in list(self._desk.calls.values()):
            young = is_young(call, self._clock.now())
            if call.state is AttemptState.CLAIMED or call.channel_id in channels or young:
                call.missing = 0
                continue
            call.missing += 1
            if call.missing >= _LOOKS:
                found.append(call)
        return found

    async def _stray(self, channels: dict[str, LiveChannel], rows: dict[UUID, OpenRow]) -> int:
        """Channels of attempts and waiting callers without an open row: nobody would ever join them, so they end."""
        strays = {
            call_id_of(name): channel
            for name, channel in channels.items()
            if call_id_or_none(name) is not None or channel.waits
        }
        strays = {c: channel for c, channel in strays.items() if c not in self._desk.calls and c not in rows}
        self._stray_channels = {c: self._stray_channels.get(c, 0) + 1 for c in strays}
        settled = [c for c, looks in self._stray_channels.items() if looks >= _LOOKS]
        for call_id in settled:
            log.warning("stray_channel_ended", call_id=str(call_id))
            if strays[call_id].waits:
                await self._line.apologise(strays[call_id].uniqueid, BUSY_DESK)
            else:
                await self._line.hang_up(strays[call_id].uniqueid)
        return len(settled)

    async def _unknown_rows(self, rows: dict[UUID, OpenRow], channels: dict[str, LiveChannel]) -> int:
        unknown = set(rows) - set(self._desk.calls)
        self._stray_rows = {r: self._stray_rows.get(r, 0) + 1 for r in unknown}
        settled = {r for r, looks in self._stray_rows.items() if looks >= _LOOKS}
        for call_id in settled:
            call = await self._adopt(rows[call_id])
            if call is not None and call.inbound is not None:
                await self._feed([call], channels)
        return len(settled)

    async def _agents_without_call(self) -> int:
        """Agents who wait for the end of a call that nobody follows: it has ended for them."""
        alone = {
            (agent.agent_id, agent.status.call_id)
            for agent in self._floor
            if agent.status.state in _ON_CALL and agent.status.call_id is not None
            if agent.status.call_id not in self._desk.calls
        }
        self._stray_agents = {key: self._stray_agents.get(key, 0) + 1 for key in alone}
        settled = [key for key, looks in self._stray_agents.items() if looks >= _LOOKS]
        for agent_id, call_id in settled:
            agent = self._floor.find(agent_id)
            if agent is not None and agent.status.call_id == call_id and call_id not in self._desk.calls:
                log.error("agent_without_call", agent_id=agent_id, call_id=str(call_id))
                await self._floor.change(self._pool, agent, AgentEvent.CALL_GONE)
        return len(settled)

    async def _send_the_disabled_home(self) -> None:
        """Whoever was disabled at work gets no further call; the seat is free for somebody else.

        A talk is not cut; its wrap-up ends without a result, since nobody can log in to enter it.
        """
        async with self._pool.acquire() as conn:
            disabled = await self._floor.refresh(conn)
        for agent in disabled:
            if agent.status.state is AgentState.WRAP_UP:
                await self._floor.change(self._pool, agent, AgentEvent.DISPOSED, Details(reason="other"))
            if agent.status.state in (AgentState.READY, AgentState.NOT_READY):
                log.warning("disabled_agent_logged_out", agent_id=agent.agent_id)
                with suppress(RequestRefused):  # a call came to her in this instant: after it, then
                    await self._legs.leave_seat(agent)

    # --- taking up rows and feeding what was missed --------------------------------------------------

    async def _open_rows(self) -> dict[UUID, OpenRow]:
        async with self._pool.acquire() as conn:
            rows: dict[UUID, OpenRow] = {row.attempt_id: row for row in await open_attempts(conn)}
            return rows | {row.call_id: row for row in await open_inbound(conn)}

    async def _adopt_rows(self) -> None:
        for call_id, row in (await self._open_rows()).items():
            if call_id not in self._desk.calls:
                await self._adopt(row)

    async def _adopt(self, row: OpenRow) -> LiveCall | None:
        """Take charge of an open row that an engine before us left; None when somebody has done so meanwhile."""
        async with self._pool.acquire() as conn:
            campaigns = {c.campaign_id: c for c in await load_campaigns(conn)}
        call_id = row.attempt_id if isinstance(row, OpenAttempt) else row.call_id
        if call_id in self._desk.calls:
            return None
        campaign = campaigns[row.campaign_id]
        agent = next((a for a in self._floor if a.status.call_id == call_id), None)
        if isinstance(row, OpenAttempt):
            call = adopted_attempt(row, campaign, agent)
        else:
            call = adopted_inbound(row, campaign, agent)
        log.info("call_adopted", call_id=str(call_id), state=str(row.state))
        self._desk.admit(call)
        if call.state is AttemptState.CLAIMED:
            # Who claimed it is gone, and DIALING is written before anything is sent: it was never dialed.
            call.inbox.put_nowait(Happening(Event.VANISHED, self._clock.now()))
        return call

    async def _feed(self, calls: list[LiveCall], channels: dict[str, LiveChannel]) -> None:
        """Tell each call what it missed: what its channel does now, or how it ended."""
        calls = [c for c in calls if c.state not in (AttemptState.CLAIMED, AttemptState.ENDED)]
        gone = {c.channel_id for c in calls if c.channel_id not in channels}
        endings = await self._line.how_it_ended(gone) if gone else {}
        now = self._clock.now()
        for call in calls:
            channel = channels.get(call.channel_id)
            if channel is not None:
                happenings = missed_while_up(call.state, channel, now, adopted=call.adopted)
                if call.adopted and channel.waits:
                    self._callers.found_waiting(call)
            else:
                happenings = missed_until_the_end(call.state, endings.get(call.channel_id), now)
            for happening in happenings:
                call.inbox.put_nowait(happening)
            call.adopted = False  # from now on its questions are heard
