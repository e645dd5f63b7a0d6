"""The state machine of one agent, as a table of functions over a frozen status.

Decides what an agent's state becomes; writes nothing, calls nobody. What an agent asks for while a
call is hers (ready, not ready) is kept in ``after`` and takes effect when the call is done.

Invariants:
    * Only a READY agent with her leg up can be reserved.
    * RESERVED, TALKING and WRAP_UP have a call; the other states have none.
    * Nobody becomes READY by herself after her telephone was lost: she says so again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from dialer.errors import IllegalTransition, RequestRefused


class AgentState(StrEnum):
    """One word for each, everywhere (GLOSSARY.md)."""

    LOGGED_OUT = "logged_out"
    NOT_READY = "not_ready"
    READY = "ready"
    RESERVED = "reserved"
    TALKING = "talking"
    WRAP_UP = "wrap_up"


class AgentEvent(StrEnum):
    """What can happen to an agent."""

    TOOK_SEAT = "took_seat"
    LEFT_SEAT = "left_seat"
    WENT_READY = "went_ready"
    WENT_NOT_READY = "went_not_ready"
    LEG_UP = "leg_up"
    LEG_LOST = "leg_lost"
    RESERVED = "reserved"
    JOINED = "joined"
    CALL_GONE = "call_gone"  # the call ended before there was a conversation
    CALL_ENDED = "call_ended"
    DISPOSED = "disposed"


PHONE_LOST = "phone_lost"
JUST_LOGGED_IN = "login"
SHIFT_OVER = "shift_over"


@dataclass(frozen=True, slots=True)
class AgentStatus:
    """What the machine knows of an agent. `reason` belongs to NOT_READY only."""

    state: AgentState = AgentState.LOGGED_OUT
    reason: str | None = None
    leg_up: bool = False
    call_id: UUID | None = None
    after: str | None = None
    """The reason for which she wants to be not ready after this call; None = ready again."""


@dataclass(frozen=True, slots=True)
class Details:
    """What comes with an event: the call of RESERVED, the reason of WENT_NOT_READY or DISPOSED."""

    call_id: UUID | None = None
    reason: str | None = None


_Rule = Callable[[AgentStatus, Details], AgentStatus]


def _same(status: AgentStatus, _: Details) -> AgentStatus:
    return status


def _refuse(reason: str, message: str) -> _Rule:
    def rule(_: AgentStatus, __: Details) -> AgentStatus:
        raise RequestRefused(reason, message)

    return rule


def _take_seat(_: AgentStatus, __: Details) -> AgentStatus:
    return AgentStatus(AgentState.NOT_READY, JUST_LOGGED_IN)


def _leave(_: AgentStatus, __: Details) -> AgentStatus:
    return AgentStatus()


def _ready(status: AgentStatus, _: Details) -> AgentStatus:
    if not status.leg_up:
        raise RequestRefused("phone_not_connected", "電話がつながっていません。電話の状態を確認してください。")
    return AgentStatus(AgentState.READY, leg_up=True)


def _not_ready(status: AgentStatus, details: Details) -> AgentStatus:
    return AgentStatus(AgentState.NOT_READY, details.reason or "other", leg_up=status.leg_up)


def _leg_up(status: AgentStatus, _: Details) -> AgentStatus:
    return replace(status, leg_up=True)


def _leg_lost_idle(_: AgentStatus, __: Details) -> AgentStatus:
    return AgentStatus(AgentState.NOT_READY, PHONE_LOST)


def _leg_lost_on_call(status: AgentStatus, _: Details) -> AgentStatus:
    return replace(status, leg_up=False, after=PHONE_LOST)


def _reserve(status: AgentStatus, details: Details) -> AgentStatus:
    if not status.leg_up or details.call_id is None:
        raise IllegalTransition("an agent is reserved with her leg up and for a call")
    return replace(status, state=AgentState.RESERVED, call_id=details.call_id)


def _talk(status: AgentStatus, _: Details) -> AgentStatus:
    return replace(status, state=AgentState.TALKING)


def _wrap_up(status: AgentStatus, _: Details) -> AgentStatus:
    return replace(status, state=AgentState.WRAP_UP)


def _after_call(status: AgentStatus, _: Details) -> AgentStatus:
    if status.after is None and status.leg_up:
        return AgentStatus(AgentState.READY, leg_up=True)
    return AgentStatus(AgentState.NOT_READY, status.after or PHONE_LOST, leg_up=status.leg_up)


def _dispose(status: AgentStatus, details: Details) -> AgentStatus:
    return _after_call(replace(status, after=details.reason or status.after), details)


def _ready_afterwards(status: AgentStatus, _: Details) -> AgentStatus:
    if not status.leg_up:
        raise RequestRefused("phone_not_connected", "電話がつながっていません。電話の状態を確認してください。")
    return replace(status, after=None)


def _not_ready_afterwards(status: AgentStatus, details: Details) -> AgentStatus:
    return replace(status, after=details.reason or "other")


_NO_SEAT = _refuse("no_seat", "席に着いていません。")
_HAS_SEAT = _refuse("has_seat", "すでに席に着いています。")
_ON_CALL = _refuse("on_call", "通話または後処理が終わってから操作してください。")
_NO_CALL = _refuse("no_call", "入力する通話がありません。")
_STILL_TALKING = _refuse("still_talking", "通話が終わってから結果を登録してください。")

E, S = AgentEvent, AgentState

TABLE: dict[AgentState, dict[AgentEvent, _Rule]] = {
    S.LOGGED_OUT: {
        E.TOOK_SEAT: _take_seat,
        E.LEFT_SEAT: _same,
        E.WENT_READY: _NO_SEAT,
        E.WENT_NOT_READY: _NO_SEAT,
        E.LEG_LOST: _same,  # the leg of the seat just left
        E.DISPOSED: _NO_CALL,
        E.JOINED: _same,  # late: the call was taken from her
        E.CALL_GONE: _same,
        E.CALL_ENDED: _same,
    },
    S.NOT_READY: {
        E.TOOK_SEAT: _HAS_SEAT,
        E.LEFT_SEAT: _leave,
        E.WENT_READY: _ready,
        E.WENT_NOT_READY: _not_ready,
        E.LEG_UP: _leg_up,
        E.LEG_LOST: _leg_lost_idle,
        E.DISPOSED: _NO_CALL,
        E.JOINED: _same,  # late: the call was taken from her
        E.CALL_GONE: _same,
        E.CALL_ENDED: _same,
    },
    S.READY: {
        E.TOOK_SEAT: _HAS_SEAT,
        E.LEFT_SEAT: _leave,
        E.WENT_READY: _same,
        E.WENT_NOT_READY: _not_ready,
        E.LEG_UP: _same,
        E.LEG_LOST: _leg_lost_idle,
        E.RESERVED: _reserve,
        E.DISPOSED: _NO_CALL,
        E.JOINED: _same,  # late: the call was taken from her
        E.CALL_GONE: _same,
        E.CALL_ENDED: _same,
    },
    S.RESERVED: {
        E.TOOK_SEAT: _HAS_SEAT,
        E.LEFT_SEAT: _ON_CALL,
        E.WENT_READY: _ready_afterwards,
        E.WENT_NOT_READY: _not_ready_afterwards,
        E.LEG_UP: _leg_up,
        E.LEG_LOST: _leg_lost_on_call,
        E.JOINED: _talk,
        E.CALL_GONE: _after_call,
        E.CALL_ENDED: _after_call,
        E.DISPOSED: _STILL_TALKING,
    },
    S.TALKING: {
        E.TOOK_SEAT: _HAS_SEAT,
        E.LEFT_SEAT: _ON_CALL,
        E.WENT_READY: _ready_afterwards,
        E.WENT_NOT_READY: _not_ready_afterwards,
        E.LEG_UP: _leg_up,
        E.LEG_LOST: _leg_lost_on_call,
        E.JOINED: _same,
        E.CALL_GONE: _wrap_up,
        E.CALL_ENDED: _wrap_up,
        E.DISPOSED: _STILL_TALKING,
    },
    S.WRAP_UP: {
        E.TOOK_SEAT: _HAS_SEAT,
        E.LEFT_SEAT: _ON_CALL,
        E.WENT_READY: _ready_afterwards,
        E.WENT_NOT_READY: _not_ready_afterwards,
        E.LEG_UP: _leg_up,
        E.LEG_LOST: _leg_lost_on_call,
        E.JOINED: _same,
        E.CALL_GONE: _same,
        E.CALL_ENDED: _same,
        E.DISPOSED: _dispose,
    },
}


def apply(status: AgentStatus, event: AgentEvent, details: Details | None = None) -> AgentStatus:
    """The status after `event`; the same object when nothing changes.

    Raises:
        RequestRefused: the agent asked for something that her state doesn't allow.
        IllegalTransition: the event can't happen in that state (a defect of ours).
    """
    rule = TABLE[status.state].get(event)
    if rule is None:
        raise IllegalTransition(f"agent in state {status.state} can't take {event}")
    return rule(status, details or Details())
