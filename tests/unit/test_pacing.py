"""How many calls to place: the three modes, the limits, the rate."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.model import DialMode
from dialer.agents.machine import AgentState
from dialer.pacing.limits import limit
from dialer.pacing.modes import policy_for
from dialer.pacing.policy import AgentView, Decision, PendingCall, Snapshot
from dialer.pacing.rate import CallRate


def moment(ready: int = 0, pending: int = 0, waiting: int = 0, ratio: float = 1.0, talking: int = 0) -> Snapshot:
    agents = [AgentView(AgentState.READY, 1.0)] * ready + [AgentView(AgentState.TALKING, 1.0)] * talking
    return Snapshot(agents, [PendingCall(1.0)] * pending, waiting, ratio, lines_free=100)


@pytest.mark.parametrize(
    ("mode", "snapshot", "expected"),
    [
        (DialMode.PROGRESSIVE, moment(ready=3), 3),
        (DialMode.PROGRESSIVE, moment(ready=3, pending=2), 1),
        (DialMode.PROGRESSIVE, moment(ready=3, pending=5), 0),
        (DialMode.PROGRESSIVE, moment(ready=3, waiting=2), 1),
        (DialMode.PROGRESSIVE, moment(talking=3), 0),
        (DialMode.PROGRESSIVE, moment(ready=2, ratio=9.0), 2),
        (DialMode.FIXED_RATIO, moment(ready=3, ratio=1.5), 4),
        (DialMode.FIXED_RATIO, moment(ready=3, ratio=2.0, pending=4), 2),
        (DialMode.FIXED_RATIO, moment(ready=2, ratio=2.0, waiting=3), 0),
        (DialMode.PREVIEW, moment(ready=2, pending=7), 2),
    ],
)
def test_each_mode_places_what_its_rule_says(mode: DialMode, snapshot: Snapshot, expected: int) -> None:
    """Per ready agent, less who waits already, less what rings already."""
    decision = policy_for(mode).decide(snapshot)
    assert expected == decision.place
    assert any("぀" <= c <= "鿿" for c in decision.because), "the supervisor reads Japanese"


@given(
    st.sampled_from([DialMode.PROGRESSIVE, DialMode.FIXED_RATIO]),
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(0, 50),
    st.floats(1.0, 10.0),
)
def test_no_moment_makes_more_calls_than_the_ratio_allows(
    mode: DialMode, ready: int, pending: int, waiting: int, ratio: float
) -> None:
    """What rings after the decision is never more than the ratio of agents who will be left for it."""
    place = policy_for(mode).decide(moment(ready, pending, waiting, ratio)).place
    assert place >= 0
    allowed = (1.0 if mode is DialMode.PROGRESSIVE else ratio) * max(0, ready - waiting)
    assert place == 0 or place + pending <= allowed


@given(st.integers(0, 100), st.integers(-5, 100), st.integers(-5, 100))
def test_the_limits_are_never_passed_and_say_so(place: int, lines_free: int, rate_allows: int) -> None:
    """Fewer lines or calls per second: fewer calls, never less than none, and the reason is named."""
    limited = limit(Decision(place, "x"), lines_free=lines_free, rate_allows=rate_allows)
    assert limited.place == max(0, min(place, lines_free, rate_allows)) if place else limited.place == 0
    assert (limited.because != "x") == (place > min(lines_free, rate_allows))


@given(st.floats(0.5, 200.0), st.lists(st.tuples(st.floats(0.0, 0.5), st.integers(0, 50)), max_size=200))
def test_no_history_places_more_than_the_rate(per_second: float, asked: list[tuple[float, int]]) -> None:
    """Over any time from the start, at most the rate's worth and one burst, however often it is asked."""
    now_s, placed = 100.0, 0
    rate = CallRate(per_second, now_s)
    for pause_s, wanted in asked:
        now_s += pause_s
        calls = min(wanted, max(0, rate.allows(now_s)))
        rate.take(calls)
        placed += calls
        assert placed <= per_second * (now_s - 100.0) + max(1.0, per_second / 5) + 1e-6
