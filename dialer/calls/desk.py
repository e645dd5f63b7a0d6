"""All open calls: each has an inbox, and its happenings are taken one after the other.

The shell around ``dialer.calls.machine``: it decides nothing about states, writes through the ledger,
then performs the effects: on the line (``orders``), and for those who wait for an agent (``waiting``). Calls that come
in are begun by ``callers``.

Invariants:
    * Originate is sent after DIALING is written.
    * An agent who was held for a call that is gone is let go.
    * An attempt that was not dialed ends: the check before tells it (``checking``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from campaigns.detection import Verdict, verdict_of
from campaigns.errors import StaleState
from campaigns.model import AttemptState
from dialer.agents.agent import Agent
from dialer.agents.floor import Floor
from dialer.calls.checking import SecondCheck
from dialer.calls.ledger import AgentTaken, Ledger
from dialer.calls.live_call import Happening, LiveCall
from dialer.calls.machine import Effect, Event
from dialer.calls.orders import BUSY_DESK, INTERRUPTED, Orders
from dialer.calls.returning import ReturnCalls
from dialer.calls.steps import steps_for, understood
from dialer.calls.waiting import Waiting
from dialer.clock import Clock
from dialer.errors import AmiError, IllegalTransition
from dialer.line import Line

log = structlog.get_logger()

Spawn = Callable[[Coroutine[Any, Any, None]], object]

_UNANSWERED = (AttemptState.DIALING, AttemptState.RINGING, AttemptState.DETECTING)
_ON_ITS_WAY = (AttemptState.CLAIMED, AttemptState.DIALING, AttemptState.RINGING)
_ROOM_MARGIN_S = 0.5
"""The database is away: the callee hears the apology this long after the threshold."""


class CallDesk:
    """Takes happenings, answers the dialplan's question, matches answered calls with free agents.

    Args:
        on_change: called after each change with the call (pages).
        spawn: starts a task that the engine's TaskGroup owns.
        abandon_after_s: seconds from the answer after which a call without an agent is abandoned.
        inbound_wait_s: seconds after which a caller without an agent is told so.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        floor: Floor,
        line: Line,
        clock: Clock,
        *,
        on_change: Callable[[LiveCall], None],
        spawn: Spawn,
        abandon_after_s: float,
        inbound_wait_s: float = 180.0,
    ) -> None:
        self._pool = pool
        self._floor = floor
        self._line = line
        self._clock = clock
        self._ledger = Ledger(pool, floor, clock)
        self._on_change = on_change
        self._spawn = spawn
        self._abandon_after_s = abandon_after_s
        self._inbound_wait_s = inbound_wait_s
        self.orders = Orders(line, clock)
        self.waiting = Waiting(floor, self._give)
        self._check = SecondCheck(pool, clock)
        self.calls: dict[UUID, LiveCall] = {}
        self.return_calls = ReturnCalls(pool, clock, spawn=spawn)

    @property
    def outbound(self) -> list[LiveCall]:
        """The open attempts."""
        return [call for call in self.calls.values() if call.inbound is None]

    # --- taking in -------------------------------------------------------------------------------

    def admit(self, call: LiveCall) -> None:
        """Take charge of an open call whose row is written.

        Raises:
            ValueError: it is in our charge already.
        """
        if call.call_id in self.calls:
            raise ValueError(f"call {call.call_id} is admitted already")
        self.calls[call.call_id] = call
        self._on_change(call)
        self._spawn(self._live(call))

    def tell(self, call_id: UUID, happening: Happening) -> bool:
        """Put a happening into the call's inbox; False when there is no such open call."""
        call = self.calls.get(call_id)
        if call is None:
            return False
        call.inbox.put_nowait(happening)
        return True

    def place(self, call: LiveCall) -> None:
        """Admit a fresh claim and dial it, after the second check."""
        if call.call_id in self.calls:
            return  # the answer to the claim took so long that the reconciliation found the row first, and ends it
        self.admit(call)
        self._spawn(self._check.ask(call))

    def dial_preview(self, call: LiveCall) -> None:
        """Dial a claim that an agent has looked at."""
        self._spawn(self._check.ask(call))

    # --- the dialplan's question -----------------------------------------------------------------

    async def room_for(self, call_id: UUID) -> str | None:
        """The room that the callee shall enter; None = apologise.

        Returns within the threshold, and moments after it when the database is away. A call that is not
        ours gets None: the dialplan apologises and hangs up.
        """
        call = self.calls.get(call_id)
        if call is None:
            log.warning("answer_of_unknown_call", call_id=str(call_id))
            return None
        now = self._clock.now()
        # Whoever asks for a room is no machine. Was there a verdict, it was told before.
        verdict = verdict_of("", "", now) if call.detects else None
        call.inbox.put_nowait(Happening(Event.ANSWERED, now, verdict=verdict))
        try:
            async with asyncio.timeout(self._abandon_after_s + _ROOM_MARGIN_S):
                return await asyncio.shield(call.room)
        except TimeoutError:
            log.error("answer_not_written_in_time", call_id=str(call_id), state=str(call.state))
            if not call.room.done():
                call.room.set_result(None)
            return None

    def detected(self, call_id: UUID, verdict: Verdict) -> None:
        """Hear the verdict on a callee who was listened to. That of a call which is not ours changes nothing."""
        call = self.calls.get(call_id)
        if call is None:
            log.warning("verdict_on_unknown_call", call_id=str(call_id))
            return
        if call.state in _UNANSWERED:
            call.detects = True  # Asterisk says so, whatever was set when an engine before us placed it
        call.inbox.put_nowait(Happening(Event.ANSWERED, verdict.at))  # in case the line has not told of it
        event = Event.MACHINE if verdict.is_machine else Event.ANSWERED
        call.inbox.put_nowait(Happening(event, verdict.at, verdict=verdict))

    # --- agents who become free --------------------------------------------------------------------

    def match_waiting(self) -> None:
        """Give free agents to those who wait."""
        self.waiting.match()

    def _give(self, call: LiveCall, agent: Agent) -> None:
        call.inbox.put_nowait(Happening(Event.AGENT_RESERVED, self._clock.now(), agent=agent))

    def call_off(self, debtor_id: int) -> None:
        """This person calls us: what is on its way to them, and not answered, ends."""
        for call in self.outbound:
            if call.debtor_id != debtor_id or call.state not in _ON_ITS_WAY:
                continue
            log.info("attempt_called_off", call_id=str(call.call_id), state=str(call.state))
            call.called_off = True
            if call.state is not AttemptState.CLAIMED:
                self._spawn(self.orders.hang_up(call))
            elif call.is_preview and not call.chosen:
                call.chosen = True
                call.inbox.put_nowait(Happening(Event.REFUSED, self._clock.now()))

    def agent_lost(self, agent: Agent) -> None:
        """The agent's leg is gone: her call hears of it."""
        if agent.status.call_id in self.calls:
            call = self.calls[agent.status.call_id]
            call.agent_lost = call.state in (AttemptState.JOINING, AttemptState.TALKING)
            call.inbox.put_nowait(Happening(Event.AGENT_LOST, self._clock.now()))

    async def hang_up_by_agent(self, call_id: UUID) -> None:
        """End the callee's leg because the agent asked for it."""
        call = self.calls.get(call_id)
        if call is not None:
            call.hung_up_by_agent = True
        try:
            await self._line.hang_up(str(call_id) if call is None else call.channel_id)
        except AmiError:
            if call is not None:
                call.hung_up_by_agent = False
            raise

    # --- one call's life ---------------------------------------------------------------------------

    async def _live(self, call: LiveCall) -> None:
        try:
            while call.state is not AttemptState.ENDED:
                await self._handle(call, await call.inbox.get())
        except StaleState:
            # Memory and the row disagree: PostgreSQL is right. The reconciliation takes the row up anew.
            log.error("attempt_row_is_elsewhere", call_id=str(call.call_id), believed=str(call.state))
        finally:
            self._forget(call)

    def _forget(self, call: LiveCall) -> None:
        self.calls.pop(call.call_id, None)
        self.waiting.discard(call)
        while not call.inbox.empty():
            self.let_go(call.inbox.get_nowait().agent)
        if not call.room.done():
            call.room.set_result(None)
        self._on_change(call)

    def let_go(self, agent: Agent | None) -> None:
        """Whoever was held for a call that came to nothing takes the next one: of those who wait, at once."""
        if agent is not None:
            agent.held = False
            self.match_waiting()

    async def _handle(self, call: LiveCall, happening: Happening) -> None:
        happening = understood(call, happening)
        answered = happening.event is Event.ANSWERED and call.state in _UNANSWERED and not happening.nobody_asks
        hers = call.agent if call.agent is not None and call.agent.status.call_id == call.call_id else None
        held = self._floor.hold(call.group, wants=call.wants) if answered and hers is None else happening.agent
        try:
            steps = steps_for(call, happening, hers or held, self._abandon_after_s)
            if steps:
                await self._ledger.write(call, steps)
        except AgentTaken:
            # She went not ready in the instant in which she was chosen: the next one, then.
            if happening.event is Event.AGENT_RESERVED:
                self.wait_for_agent(call)
            else:
                await self._handle(call, happening)
            return
        except IllegalTransition:
            log.error(
                "illegal_transition", call_id=str(call.call_id), state=str(call.state), event_kind=str(happening.event)
            )
            steps = []
        except BaseException:
            self.let_go(held)
            raise
        if not steps:
            self.let_go(held)
        if call.called_off and happening.event is Event.RINGING:
            self._spawn(self.orders.hang_up(call))  # it had no channel yet when it was called off
        if not steps and happening.event in (Event.ANSWERED, Event.PICKED_UP) and call.answered_at is not None:
            call.answered_at = min(call.answered_at, happening.at)  # Asterisk's stamp, after FastAGI's
        for step in steps:
            for effect in step.effects:
                await self._perform(call, effect)
        if steps and call.state is not AttemptState.ENDED:
            self._on_change(call)

    async def _perform(self, call: LiveCall, effect: Effect) -> None:
        match effect:
            case Effect.DIAL:
                self._spawn(self.orders.originate(call))
            case Effect.FIND_AGENT:
                if call.state is AttemptState.ANSWERED:
                    self.wait_for_agent(call)
            case Effect.GIVE_ROOM:
                assert call.agent is not None
                if not call.room.done():
                    call.room.set_result(call.agent.room)
                elif call.inbound is not None:
                    call.inbound.waits = False
                    self._spawn(self.orders.fetch(call))
            case Effect.GIVE_NO_ROOM:
                self.waiting.discard(call)
                if not call.room.done():
                    call.room.set_result(None)
                elif call.inbound is not None and call.inbound.waits and call.state is AttemptState.ABANDONING:
                    self._spawn(self.orders.say(call, BUSY_DESK))
            case Effect.APOLOGISE:
                self._spawn(self.orders.say(call, INTERRUPTED))

    def wait_for_agent(self, call: LiveCall) -> None:
        """Let a call wait until an agent is free for it, or its patience ends; both are told to its inbox."""
        assert call.waits_from is not None
        patience_s = self._abandon_after_s if call.inbound is None else self._inbound_wait_s
        left_s = patience_s - (self._clock.now() - call.waits_from).total_seconds()
        self.waiting.add(call)
        left_s = min(max(0.0, left_s), patience_s)  # whatever the two clocks think of each other
        self._spawn(self._give_up(call, left_s))
        self.match_waiting()

    async def _give_up(self, call: LiveCall, after_s: float) -> None:
        await self._clock.sleep(after_s)
        if call in self.waiting:
            self.waiting.discard(call)
            call.inbox.put_nowait(Happening(Event.NO_AGENT, self._clock.now()))
