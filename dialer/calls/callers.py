"""Calls that come in: from the dialplan's question to a call that waits at the desk; and found again after a crash.

Decides nothing about where a call goes (``inbound``) or who gets an agent (``waiting``).

Invariants:
    * The row is written before the call waits for anybody, and before what we are dialing to the same person ends: a
      call of ours to somebody who calls us is either refused by the second check, which sees the row, or called off
      here, which sees the call.
    * Whoever calls gets an answer, whatever becomes of the database: at the worst a sentence.
    * No number of a caller is written or logged.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

import asyncpg
import structlog

from agi.questions import InboundAnswer, Prompt, Room
from campaigns import inbound_calls
from campaigns.calendar import jst_date
from campaigns.callers import Behind, KnownCaller, campaigns_behind, dialled_number, who_calls
from campaigns.campaign import Campaign, load_campaigns
from campaigns.inbound_calls import NewInbound
from campaigns.model import E164, AttemptState
from campaigns.opening.store import load_openings
from dialer.agents.choosing import share
from dialer.agents.floor import Floor
from dialer.calls.desk import CallDesk
from dialer.calls.inbound import Desk, Route, route
from dialer.calls.live_call import Happening, LiveCall, live_inbound_of
from dialer.calls.machine import Event
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY, unless_cancelled
from dialer.line import call_id_of

log = structlog.get_logger()

_ROOM_S = 2.0
"""For so long the caller hears it ring while the agent who was chosen is written; then he is told to wait."""
_REMEMBERED = 1000


class Callers:
    """Takes calls that come in.

    Args:
        spawn: starts a task that the engine's TaskGroup owns.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        floor: Floor,
        desk: CallDesk,
        clock: Clock,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        self._pool = pool
        self._floor = floor
        self._desk = desk
        self._clock = clock
        self._spawn = spawn
        self._left: deque[str] = deque(maxlen=_REMEMBERED)
        self.unknown_numbers = 0
        """Calls to numbers that no debt type has, since the start."""

    # --- dialer.deciding.Callers -----------------------------------------------------------------------

    def waiting(self, group: str) -> int:
        """Callers who wait for agents that also take calls of `group`."""
        return sum(
            1
            for call in self._desk.calls.values()
            if call.inbound is not None and call.state is AttemptState.ANSWERED
            if any(other == group or share(self._floor, other, group) for other in call.groups)
        )

    def lines(self) -> int:
        """Lines of the trunk that callers take."""
        return len(self._desk.calls) - len(self._desk.outbound)

    # --- the dialplan's question -----------------------------------------------------------------------

    async def answer(self, uniqueid: str, dialled: str, caller: str | None) -> InboundAnswer:
        """What becomes of a call that came in; see ``agi.questions``.

        It is carried to its end even if the caller hangs up meanwhile, so that no row is left that nobody follows.
        """
        answer: asyncio.Future[InboundAnswer] = asyncio.get_running_loop().create_future()
        self._spawn(self._receive(uniqueid, dialled, caller, answer))
        return await answer

    def left(self, uniqueid: str) -> None:
        """A channel is gone whose call is not at the desk: perhaps it is on its way there."""
        self._left.append(uniqueid)

    def found_waiting(self, call: LiveCall) -> None:
        """A call of an engine before us, whose caller waits still: it goes on where it was left."""
        assert call.inbound is not None
        if call.state is AttemptState.ANSWERED:
            call.inbound.waits = True
            self._desk.wait_for_agent(call)
        elif call.state is AttemptState.JOINING:
            self._spawn(self._desk.orders.fetch(call))

    async def _receive(
        self, uniqueid: str, dialled: str, caller: str | None, answer: asyncio.Future[InboundAnswer]
    ) -> None:
        try:
            call = await self._begin(uniqueid, dialled, caller)
        except DATABASE_AWAY as error:
            unless_cancelled(error)
            log.error("database_away", while_writing="inbound", uniqueid=uniqueid, error=type(error).__name__)
            call = Prompt.BUSY_DESK
        if isinstance(call, Prompt):
            log.info("inbound_refused", uniqueid=uniqueid, prompt=str(call))
            _say(answer, InboundAnswer(prompt=call))
            return
        self._desk.admit(call)
        if call.debtor_id is not None:
            self._desk.call_off(call.debtor_id)
        self._desk.wait_for_agent(call)
        if uniqueid in self._left:
            call.inbox.put_nowait(Happening(Event.HUNG_UP, self._clock.now()))
        place = await self._place_of(call)
        if answer.done() and call.inbound is not None:
            # It took too long: the caller has heard the sentence, or hung up.
            call.inbound.waits = False
            call.inbox.put_nowait(Happening(Event.NO_AGENT, self._clock.now()))
        _say(answer, place)

    async def _begin(self, uniqueid: str, dialled: str, caller: str | None) -> LiveCall | Prompt:
        """Find out whose call it is and write its row."""
        now, number = self._clock.now(), dialled_number(dialled)
        async with self._pool.acquire() as conn:
            behind = None if number is None else await campaigns_behind(conn, number)
            if number is None or behind is None:
                self.unknown_numbers += 1
                log.warning("inbound_to_unknown_number", uniqueid=uniqueid, since_start=self.unknown_numbers)
                return Prompt.BUSY_DESK  # nobody has set it up: nothing true can be said of its hours
            known = await who_calls(conn, caller, [one.campaign_id for one in behind])
            found = route(await self._desks(conn, behind), known)
            if isinstance(found, Prompt):
                return found
            new = _new(uniqueid, number, found, known)
            await inbound_calls.begin(conn, new, now)
        log.info("inbound_call", call_id=str(new.call_id), uniqueid=uniqueid, known=known is not None)
        return live_inbound_of(new, found.group, now)

    async def _desks(self, conn: asyncpg.Connection, behind: list[Behind]) -> list[Desk]:
        now = self._clock.now()
        openings = await load_openings(conn, first_on=jst_date(now))
        campaigns = {campaign.campaign_id: campaign for campaign in await load_campaigns(conn)}

        def desk(one: Behind, campaign: Campaign) -> Desk:
            open_types = openings.hours_of(campaign).debt_types_at(now)
            return Desk(one.campaign_id, campaign.agent_group, not set(open_types).isdisjoint(one.debt_types))

        return [desk(one, campaigns[one.campaign_id]) for one in behind if one.campaign_id in campaigns]

    async def _place_of(self, call: LiveCall) -> InboundAnswer:
        """The room of the agent who was free, or a place among those who wait."""
        assert call.inbound is not None
        if call not in self._desk.waiting:
            try:
                async with asyncio.timeout(_ROOM_S):
                    room = await asyncio.shield(call.room)
            except TimeoutError:
                room = None
            if room is not None:
                return InboundAnswer(room=Room(room), call_id=str(call.call_id))
        if call.state in (AttemptState.ABANDONING, AttemptState.ENDED):
            return InboundAnswer(prompt=Prompt.BUSY_DESK)
        call.inbound.waits = True
        if not call.room.done():
            call.room.set_result(None)  # the question is answered: an agent takes him out of the queue
        return InboundAnswer(waits=True)


def _new(uniqueid: str, dialled: E164, found: Route, known: KnownCaller | None) -> NewInbound:
    return NewInbound(
        call_id=call_id_of(uniqueid),
        uniqueid=uniqueid,
        dialled=dialled,
        debtor_id=None if known is None else known.debtor_id,
        campaign_id=found.campaign_id,
        agent_groups=found.groups,
        wanted_agent_id=None if known is None else known.agent_id,
        wants=None if known is None else known.wants,
    )


def _say(answer: asyncio.Future[InboundAnswer], what: InboundAnswer) -> None:
    if not answer.done():
        answer.set_result(what)
