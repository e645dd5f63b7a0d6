"""The agent's state machine: every pair of state and event, and its promises under random histories."""

from __future__ import annotations

import itertools
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.agents.machine import TABLE, AgentEvent, AgentState, AgentStatus, Details, apply
from dialer.errors import IllegalTransition, RequestRefused

CALL = UUID("00000000-0000-4000-8000-000000000001")
STATUSES = {
    AgentState.LOGGED_OUT: AgentStatus(),
    AgentState.NOT_READY: AgentStatus(AgentState.NOT_READY, "lunch", leg_up=True),
    AgentState.READY: AgentStatus(AgentState.READY, leg_up=True),
    AgentState.RESERVED: AgentStatus(AgentState.RESERVED, leg_up=True, call_id=CALL),
    AgentState.TALKING: AgentStatus(AgentState.TALKING, leg_up=True, call_id=CALL),
    AgentState.WRAP_UP: AgentStatus(AgentState.WRAP_UP, leg_up=True, call_id=CALL),
}
PAIRS = list(itertools.product(AgentState, AgentEvent))

X, N, R, V, T, W = AgentState  # logged out, not ready, ready, reserved, talking, wrap-up
REFUSED, ILLEGAL = "refused", "illegal"
E = AgentEvent
EXPECTED: dict[AgentEvent, list[AgentState | str]] = {
    #                    X        N        R        V        T        W
    E.TOOK_SEAT: [N, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED],
    E.LEFT_SEAT: [X, X, X, REFUSED, REFUSED, REFUSED],
    E.WENT_READY: [REFUSED, R, R, V, T, W],
    E.WENT_NOT_READY: [REFUSED, N, N, V, T, W],
    E.LEG_UP: [ILLEGAL, N, R, V, T, W],
    E.LEG_LOST: [X, N, N, V, T, W],
    E.RESERVED: [ILLEGAL, ILLEGAL, V, ILLEGAL, ILLEGAL, ILLEGAL],
    E.JOINED: [X, N, R, T, T, W],
    E.CALL_GONE: [X, N, R, R, W, W],
    E.CALL_ENDED: [X, N, R, R, W, W],
    E.DISPOSED: [REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, R],
}


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=[f"{s}-{e}" for s, e in PAIRS])
def test_each_pair_of_state_and_event_does_what_the_list_says(state: AgentState, event: AgentEvent) -> None:
    """The hand-made list is the specification; the table is the code."""
    expected = EXPECTED[event][list(AgentState).index(state)]
    if expected == REFUSED:
        with pytest.raises(RequestRefused):
            apply(STATUSES[state], event, Details(CALL, "lunch"))
    elif expected == ILLEGAL:
        with pytest.raises(IllegalTransition):
            apply(STATUSES[state], event, Details(CALL, "lunch"))
    else:
        details = Details(CALL, None if event is E.DISPOSED else "lunch")
        assert expected == apply(STATUSES[state], event, details).state


def test_every_state_has_a_row() -> None:
    """A new state can't be forgotten in the table."""
    assert set(TABLE) == set(AgentState)


def test_nobody_is_ready_without_a_telephone() -> None:
    """An agent whose leg is down can't become ready: a callee would be joined to nobody."""
    with pytest.raises(RequestRefused, match="電話"):
        apply(AgentStatus(AgentState.NOT_READY, "login"), E.WENT_READY)


def test_what_is_asked_during_a_call_happens_after_it() -> None:
    """ "Not ready" during a call is kept, with its reason, until the result is entered."""
    talking = apply(STATUSES[AgentState.TALKING], E.WENT_NOT_READY, Details(reason="lunch"))
    wrap_up = apply(talking, E.CALL_ENDED)
    assert apply(wrap_up, E.DISPOSED) == AgentStatus(AgentState.NOT_READY, "lunch", leg_up=True)


def test_an_agent_whose_telephone_was_lost_in_a_call_still_enters_the_result() -> None:
    """The wrap-up stays; afterwards she is not ready until she says otherwise."""
    lost = apply(STATUSES[AgentState.TALKING], E.LEG_LOST)
    wrap_up = apply(lost, E.CALL_ENDED)
    assert wrap_up.state is AgentState.WRAP_UP
    back = apply(apply(wrap_up, E.LEG_UP), E.DISPOSED)
    assert back == AgentStatus(AgentState.NOT_READY, "phone_lost", leg_up=True)


@given(st.lists(st.sampled_from(AgentEvent), max_size=60))
def test_no_history_breaks_the_invariants(events: list[AgentEvent]) -> None:
    """A call belongs to reserved, talking and wrap-up only; ready implies a leg; a reason belongs to not ready."""
    status = AgentStatus()
    for event in events:
        try:
            status = apply(status, event, Details(uuid4(), "lunch"))
        except (RequestRefused, IllegalTransition):
            continue
        on_call = status.state in (AgentState.RESERVED, AgentState.TALKING, AgentState.WRAP_UP)
        assert on_call == (status.call_id is not None)
        assert status.leg_up or status.state is not AgentState.READY
        assert (status.reason is not None) == (status.state is AgentState.NOT_READY)
