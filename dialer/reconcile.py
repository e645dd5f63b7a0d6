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
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import structlog

from campaigns.attempts import OpenAttempt, open_attempts
from campaigns.campaign import load_campaigns
from campaigns.detection import AmdStatus, Verdict
from campaigns.model import AttemptState
from dialer.agents.floor import Floor
from dialer.agents.legs import Legs
from dialer.agents.machine import AgentEvent, AgentState, Details
from dialer.calls.desk import CallDesk
from dialer.calls.live_call import Happening, LiveCall
from dialer.calls.machine import Event
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY, unless_cancelled
from dialer.errors import AmiError, RequestRefused
from dialer.line import EndedChannel, Line, LiveChannel, call_id_or_none

log = structlog.get_logger()

_UNANSWERED = (AttemptState.DIALING, AttemptState.RINGING)
_ON_CALL = (AgentState.RESERVED, AgentState.TALKING)
_GRACE_S = 3.0
"""An attempt younger than this may not have its channel yet."""
_LOOKS = 2


@dataclass(frozen=True, slots=True)
class Drift:
    """Disagreements that two looks in a row saw.

    Args:
        rows_without_channel: open attempts in memory whose channel Asterisk doesn't have.
        channels_without_row: channels with an attempt's id that no open attempt has.
        rows_unknown: open rows in PostgreSQL that the engine doesn't hold.
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
        self, pool: asyncpg.Pool, floor: Floor, legs: Legs, desk: CallDesk, line: Line, clock: Clock, *, every_s: float
    ) -> None:
        self._pool = pool
        self._floor = floor
        self._legs = legs
        self._desk = desk
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
        calls = [c for c in self._desk.calls.values() if str(c.call_id) in channels or not _is_young(c, now)]
        await self._feed(calls, channels)

    async def compare(self) -> Drift:
        """One look: act on what two looks in a row saw, and return it."""
        rows = await self._open_rows()
        channels = await self._line.channels()
        missing = self._missing_channels(channels)
        strays = await self._stray(channels, rows)
        unknown = await self._unknown_rows(rows)
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
            young = _is_young(call, self._clock.now())
            if call.state is AttemptState.CLAIMED or str(call.call_id) in channels or young:
                call.missing = 0
                continue
            call.missing += 1
            if call.missing >= _LOOKS:
                found.append(call)
        return found

    async def _stray(self, channels: dict[str, LiveChannel], rows: dict[UUID, OpenAttempt]) -> int:
        """Attempt channels that belong to no open attempt: nobody would ever join them, so they end."""
        strays = {
            call_id
            for name in channels
            if (call_id := call_id_or_none(name)) is not None
            and call_id not in self._desk.calls
            and call_id not in rows
        }
        self._stray_channels = {c: self._stray_channels.get(c, 0) + 1 for c in strays}
        settled = [c for c, looks in self._stray_channels.items() if looks >= _LOOKS]
        for call_id in settled:
            log.warning("stray_channel_ended", call_id=str(call_id))
            await self._line.hang_up(str(call_id))
        return len(settled)

    async def _unknown_rows(self, rows: dict[UUID, OpenAttempt]) -> int:
        unknown = set(rows) - set(self._desk.calls)
        self._stray_rows = {r: self._stray_rows.get(r, 0) + 1 for r in unknown}
        settled = {r for r, looks in self._stray_rows.items() if looks >= _LOOKS}
        for call_id in settled:
            await self._adopt(rows[call_id])
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

    async def _open_rows(self) -> dict[UUID, OpenAttempt]:
        async with self._pool.acquire() as conn:
            return {row.attempt_id: row for row in await open_attempts(conn)}

    async def _adopt_rows(self) -> None:
        for call_id, row in (await self._open_rows()).items():
            if call_id not in self._desk.calls:
                await self._adopt(row)

    async def _adopt(self, row: OpenAttempt) -> None:
        """Take charge of an open row that an engine before us left."""
        async with self._pool.acquire() as conn:
            campaigns = {c.campaign_id: c for c in await load_campaigns(conn)}
        if row.attempt_id in self._desk.calls:
            return
        campaign = campaigns[row.campaign_id]
        agent = next((a for a in self._floor if a.status.call_id == row.attempt_id), None)
        call = LiveCall(
            call_id=row.attempt_id,
            campaign_id=row.campaign_id,
            debtor_id=row.debtor_id,
            number=row.number,
            caller_id=row.caller_id,
            group=campaign.agent_group,
            ring_timeout_s=campaign.ring_timeout_s,
            state=row.state,
            since=row.state_at,
            claimed_at=row.claimed_at,
            answered_at=row.answered_at,
            joined_at=row.joined_at,
            agent=agent,
            detects=_is_listened_to(row, campaign.detection.amd),
            abandon_from=campaign.detection.abandon_from,
            verdict=_verdict(row),
            adopted=True,
        )
        log.info("attempt_adopted", call_id=str(row.attempt_id), state=str(row.state))
        self._desk.admit(call)
        if call.state is AttemptState.CLAIMED:
            # Who claimed it is gone, and DIALING is written before anything is sent: it was never dialed.
            call.inbox.put_nowait(Happening(Event.VANISHED, self._clock.now()))

    async def _feed(self, calls: list[LiveCall], channels: dict[str, LiveChannel]) -> None:
        """Tell each call what it missed: what its channel does now, or how it ended."""
        calls = [c for c in calls if c.state not in (AttemptState.CLAIMED, AttemptState.ENDED)]
        gone = {str(c.call_id) for c in calls if str(c.call_id) not in channels}
        endings = await self._line.how_it_ended(gone) if gone else {}
        now = self._clock.now()
        for call in calls:
            channel = channels.get(str(call.call_id))
            if channel is not None:
                happenings = missed_while_up(call.state, channel, now, adopted=call.adopted)
            else:
                happenings = missed_until_the_end(call.state, endings.get(str(call.call_id)), now)
            for happening in happenings:
                call.inbox.put_nowait(happening)
            call.adopted = False  # from now on its questions are heard


def _is_listened_to(row: OpenAttempt, amd: bool) -> bool:
    """Whether its callee was, is or will be listened to; the last as its campaign is set now."""
    if row.state is AttemptState.DETECTING or row.amd_status is not None:
        return True
    return amd and row.answered_at is None and row.preview_agent_id is None


def _verdict(row: OpenAttempt) -> Verdict | None:
    if row.amd_status is None or row.answered_at is None:
        return None
    return Verdict(AmdStatus(row.amd_status), row.amd_cause or "", row.answered_at + timedelta(seconds=row.amd_s or 0))


def _is_young(call: LiveCall, now: datetime) -> bool:
    """Whether its channel may not be there yet, or its last event not heard. A clock that was set back makes none."""
    return 0.0 <= (now - call.since).total_seconds() < _GRACE_S


def missed_while_up(state: AttemptState, channel: LiveChannel, now: datetime, *, adopted: bool) -> list[Happening]:
    """What a call in `state` has missed when its channel is there.

    Args:
        adopted: no engine was there to hear the dialplan's question, so it has long apologised. Otherwise the
            question comes, or is waiting for an agent now, whatever became of the manager connection.
    """
    if channel.room is not None:
        return [Happening(Event.JOINED, now)] if state is AttemptState.JOINING else []
    if not adopted:
        return []
    if channel.is_up and state in _UNANSWERED:
        return [Happening(Event.ANSWERED, now, nobody_asks=True)]
    if channel.is_up and state is AttemptState.ANSWERED:
        return [Happening(Event.NO_AGENT, now)]
    return []


def missed_until_the_end(state: AttemptState, ending: EndedChannel | None, now: datetime) -> list[Happening]:
    """What a call in `state` has missed when its channel is gone."""
    if ending is None:
        return [Happening(Event.VANISHED, now)]
    missed = []
    if ending.answered_at is not None and state in _UNANSWERED:
        missed.append(Happening(Event.ANSWERED, ending.answered_at, nobody_asks=True))
    if ending.joined_at is not None and state is AttemptState.JOINING:
        missed.append(Happening(Event.JOINED, ending.joined_at))
    missed.append(Happening(Event.HUNG_UP, ending.ended_at, hangup_cause=ending.hangup_cause))
    return missed
