"""Writes the steps of calls, and of their agents with them, in one transaction each.

Invariants:
    * A step is in PostgreSQL before any of its effects is performed. When the database is away the
      write is tried again until it is back: calls go on in Asterisk meanwhile, and no step is lost.
    * A transaction whose commit was not confirmed is looked for before it is tried again, so that no
      step is written twice and none is taken for somebody else's.
"""

from __future__ import annotations

import asyncpg
import structlog

from campaigns import attempts, claiming, detection, inbound_calls
from campaigns.model import AttemptState
from dialer.agents.agent import Agent, Planned
from dialer.agents.floor import Floor
from dialer.agents.machine import AgentEvent, AgentState, Details
from dialer.calls.live_call import LiveCall
from dialer.calls.machine import Event
from dialer.calls.steps import PlannedStep
from dialer.clock import Clock
from dialer.db.away import DATABASE_AWAY, unless_cancelled
from recordings import store as recordings

log = structlog.get_logger()

_RETRY_S = 0.5


class AgentTaken(Exception):
    """The agent who was held for the call can't be reserved any more; nothing was written."""


class Ledger:
    """The one writer of open calls."""

    def __init__(self, pool: asyncpg.Pool, floor: Floor, clock: Clock) -> None:
        self._pool = pool
        self._floor = floor
        self._clock = clock

    async def write(self, call: LiveCall, steps: list[PlannedStep]) -> None:
        """Write `steps` and take them into memory: the call's state and its agent's.

        Raises:
            campaigns.attempts.StaleState: the row is not in the state that we believed.
            AgentTaken: see there.
        """
        agents = [step.agent for step in steps if step.agent is not None and step.agent_event is not None]
        async with self._floor.changing(agents):
            for step in steps:
                if (
                    step.agent_event is AgentEvent.RESERVED
                    and step.agent is not None
                    and not _can_be_reserved(step.agent)
                ):
                    raise AgentTaken
            changes = [change for step in steps if (change := self._plan(call, step)) is not None]
            await self._until_written(call, steps, changes)
            for change in changes:
                self._floor.take_in(change)
        _take_in(call, steps)

    def _plan(self, call: LiveCall, step: PlannedStep) -> Planned | None:
        """What the step changes of its agent; None when she has another call by now."""
        if step.agent is None or step.agent_event is None:
            return None
        reserved = step.agent_event is AgentEvent.RESERVED
        if not reserved and step.agent.status.call_id != call.call_id:
            return None
        details = Details(call_id=call.call_id) if reserved else None
        return self._floor.plan(step.agent, step.agent_event, details, at=step.at, debtor_id=call.debtor_id)

    async def _until_written(self, call: LiveCall, steps: list[PlannedStep], changes: list[Planned]) -> None:
        in_doubt = False
        while True:
            try:
                async with self._pool.acquire() as conn, conn.transaction():
                    if not (in_doubt and await _is_written(conn, call, steps[-1])):
                        await _write(conn, call, steps)
                        for change in changes:
                            await self._floor.write(conn, change, at=steps[-1].at)
                return
            except DATABASE_AWAY as error:
                unless_cancelled(error)
                in_doubt = True
                log.error("database_away", while_writing="call", call_id=str(call.call_id), error=type(error).__name__)
                await self._clock.sleep(_RETRY_S)


async def _is_written(conn: asyncpg.Connection, call: LiveCall, last: PlannedStep) -> bool:
    """Whether a try whose commit was not confirmed has reached PostgreSQL after all."""
    state_of = attempts.state_of if call.inbound is None else inbound_calls.state_of
    return await state_of(conn, call.call_id) == (last.to, last.at)


async def _write(conn: asyncpg.Connection, call: LiveCall, steps: list[PlannedStep]) -> None:
    if call.inbound is not None:
        for step in steps:
            await _write_inbound_step(conn, call, step)
        return
    first, last = steps[0], steps[-1]
    if first.verdict is not None:
        await detection.write_verdict(conn, call.call_id, first.verdict, _after_s(call, first.verdict))
    if first.event in (Event.ANSWERED, Event.PICKED_UP):
        # The callee waits for this: the answer and what follows from it at once are one change of the row.
        await attempts.move(conn, call.call_id, frm=first.frm, to=last.to, at=last.at, answered_at=first.at)
        if first.frm is not AttemptState.DETECTING:
            await attempts.open_call(conn, call.call_id, answered_at=first.at)
            await recordings.begin(conn, call.call_id, first.at)
        return
    for step in steps:
        await _write_step(conn, call, step)


async def _write_step(conn: asyncpg.Connection, call: LiveCall, step: PlannedStep) -> None:
    match step.to:
        case AttemptState.DIALING:
            await attempts.move(conn, call.call_id, frm=step.frm, to=step.to, at=step.at, dialed_at=step.at)
        case AttemptState.TALKING:
            assert step.agent is not None
            await attempts.move(conn, call.call_id, frm=step.frm, to=step.to, at=step.at)
            await attempts.join_call(
                conn, call.call_id, step.agent.agent_id, joined_at=step.at, answered_at=call.answered_at
            )
        case AttemptState.ENDED if step.frm is AttemptState.CLAIMED:
            await claiming.cancel(conn, call.call_id, step.at, again_after_s=call.again_after_s)
        case AttemptState.ENDED:
            assert step.outcome is not None
            await attempts.end(
                conn, call.call_id, frm=step.frm, at=step.at, outcome=step.outcome, hangup_cause=step.hangup_cause
            )
            if call.answered_at is not None:
                assert step.ended_by is not None
                await attempts.end_call(conn, call.call_id, at=step.at, ended_by=step.ended_by)
                await recordings.finished(conn, call.call_id, step.at)
        case _:
            await attempts.move(conn, call.call_id, frm=step.frm, to=step.to, at=step.at)


async def _write_inbound_step(conn: asyncpg.Connection, call: LiveCall, step: PlannedStep) -> None:
    """A step of a call that came in: its conversation begins, and is recorded, when an agent takes it."""
    assert call.inbound is not None
    await inbound_calls.move(conn, call.call_id, frm=step.frm, to=step.to, at=step.at)
    match step.to:
        case AttemptState.JOINING:
            assert call.answered_at is not None
            await attempts.open_inbound_call(
                conn,
                call.call_id,
                answered_at=call.answered_at,
                debtor_id=call.debtor_id,
                campaign_id=call.campaign_id,
            )
            await recordings.begin(conn, call.call_id, step.at)
        case AttemptState.TALKING:
            assert step.agent is not None
            await attempts.join_call(conn, call.call_id, step.agent.agent_id, joined_at=step.at)
        case AttemptState.ENDED if call.inbound.taken:
            assert step.ended_by is not None
            if call.debtor_id is not None:
                await inbound_calls.rest_after_talk(conn, call.debtor_id, step.at)
            await attempts.end_call(conn, call.call_id, at=step.at, ended_by=step.ended_by)
            await recordings.finished(conn, call.call_id, step.at)
        case _:
            pass


def _after_s(call: LiveCall, verdict: detection.Verdict) -> float | None:
    """Seconds from the answer to the verdict; None when the answer was heard of by the verdict only."""
    if call.answered_at is None or verdict.at <= call.answered_at:
        return None
    return (verdict.at - call.answered_at).total_seconds()


def _can_be_reserved(agent: Agent) -> bool:
    return agent.status.state is AgentState.READY and agent.status.leg_up


def _take_in(call: LiveCall, steps: list[PlannedStep]) -> None:
    for step in steps:
        call.state, call.since = step.to, step.at
        call.verdict = step.verdict or call.verdict
        call.outcome = step.outcome
        if step.agent_event is AgentEvent.CALL_GONE and step.to is not AttemptState.ENDED:
            call.agent = None
        match step.to:
            case AttemptState.DETECTING | AttemptState.ANSWERED:
                call.answered_at = call.answered_at or step.at
            case AttemptState.JOINING:
                call.agent = step.agent
                if call.inbound is not None:
                    call.inbound.taken = True
            case AttemptState.TALKING:
                call.joined_at = step.at
            case _:
                pass
        log.info(
            "attempt_changed" if call.inbound is None else "inbound_call_changed",
            call_id=str(call.call_id),
            event_kind=str(step.event),
            frm=str(step.frm),
            to=str(step.to),
            outcome=None if step.outcome is None else str(step.outcome),
            hangup_cause=step.hangup_cause,
        )
