"""The predictive mode's decision: what it counts in, what bounds it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from dialer.agents.machine import AgentState
from dialer.pacing.forecast import Forecast
from dialer.pacing.hazard import Hazard
from dialer.pacing.policy import AgentView, PendingCall, Snapshot
from dialer.pacing.predictive import Predictive

READY, TALKING, WRAP_UP = AgentState.READY, AgentState.TALKING, AgentState.WRAP_UP


def lasting(mean_s: float) -> Hazard:
    return Hazard((0.0,), (1.0 / mean_s,))


FORECAST = Forecast(
    talk=lasting(100.0), wrap=lasting(20.0), answer=lasting(8.0), failure=lasting(25.0), shift=0.0, shift_sd=0.1,
    inbound_per_s=0.0, risk=0.01, sure=True,
)  # fmt: skip


def snapshot(
    agents: list[AgentView], pending: list[PendingCall] | None = None, *, forecast: Forecast = FORECAST,
    waiting: int = 0, lines_free: int = 100, known: tuple[float, ...] = (0.2,) * 20,
) -> Snapshot:  # fmt: skip
    return Snapshot(agents, pending or [], waiting, 1.0, lines_free, known, forecast)


def place(moment: Snapshot) -> int:
    return Predictive().decide(moment).place


def ready(count: int) -> list[AgentView]:
    return [AgentView(READY, 3.0)] * count


def test_until_it_is_sure_it_places_one_call_for_each_ready_agent() -> None:
    unsure = replace(FORECAST, sure=False)
    assert place(snapshot(ready(3), [PendingCall(2.0)], forecast=unsure)) == 2
    assert place(replace(snapshot(ready(3)), forecast=None)) == 3


def test_one_ready_agent_and_a_call_that_is_surely_answered_makes_one_call() -> None:
    assert place(snapshot(ready(1), known=(0.999,) * 5)) == 1


def test_the_less_people_answer_the_more_calls() -> None:
    calls = [place(snapshot(ready(8), known=(p,) * 60)) for p in (0.6, 0.3, 0.1)]
    assert calls[0] >= 8
    assert calls == sorted(calls)
    assert calls[2] > 1.5 * calls[0]


def test_a_call_that_will_hardly_be_answered_counts_hardly() -> None:
    """With the calls' own probabilities, sure ones fill the agents and unlikely ones leave room."""
    likely, unlikely = [PendingCall(1.0, 0.9)] * 4, [PendingCall(1.0, 0.02)] * 4
    assert place(snapshot(ready(4), unlikely)) > place(snapshot(ready(4), likely))


def test_nobody_is_ready_but_somebody_nearly_is() -> None:
    """A wrap-up that is over within seconds, as good as certain, is called for; a talk that just began is not."""
    wrap = Hazard((0.0, 18.0), (1e-6, 2.0))
    forecast = replace(FORECAST, wrap=wrap, risk=0.03)
    assert place(snapshot([AgentView(WRAP_UP, 18.0)] * 3, forecast=forecast)) > 0
    assert place(snapshot([AgentView(TALKING, 1.0)] * 3, forecast=forecast)) == 0


def test_who_is_about_to_leave_is_counted_out() -> None:
    staying, leaving = ready(4), [*ready(2), *[AgentView(READY, 3.0, leaving=True)] * 2]
    assert place(snapshot(leaving)) < place(snapshot(staying))
    assert place(snapshot(leaving)) == place(snapshot(ready(2)))


def test_callers_who_wait_take_agents_first() -> None:
    assert place(snapshot(ready(4), waiting=2)) == place(snapshot(ready(2)))
    assert place(snapshot(ready(2), waiting=2)) == 0


def test_calls_that_come_in_make_it_careful() -> None:
    busy_day = replace(FORECAST, inbound_per_s=1 / 60)
    assert place(snapshot(ready(6), forecast=busy_day)) < place(snapshot(ready(6)))


def test_lines_bound_it_and_it_says_so() -> None:
    decision = Predictive().decide(snapshot(ready(5), lines_free=3))
    assert decision.place == 3
    assert "回線数" in decision.because


def test_a_longer_patience_dares_more() -> None:
    moment = snapshot([*ready(2), *[AgentView(TALKING, 60.0)] * 20], [PendingCall(3.0, 0.2)] * 3)
    assert Predictive(10.0).decide(moment).place >= Predictive(0.0).decide(moment).place


def test_each_call_placed_keeps_within_the_bound() -> None:
    """People abandoned because of a call, over the answers expected of it, never exceed the bound."""
    decision = Predictive().decide(snapshot(ready(10), known=(0.25,) * 60))
    assert decision.place == len(decision.chances) == len(decision.risks) > 10
    assert all(risk <= FORECAST.risk * chance for chance, risk in zip(decision.chances, decision.risks, strict=True))


agents = st.builds(AgentView, st.sampled_from([READY, TALKING, WRAP_UP]), st.floats(0.0, 600.0), st.booleans())
calls = st.builds(PendingCall, st.floats(0.0, 30.0), st.one_of(st.none(), st.floats(0.01, 0.95)))


@given(st.lists(agents, max_size=12), st.lists(calls, max_size=15), st.integers(0, 3), st.floats(0.002, 0.05))
def test_whatever_the_moment_the_decision_is_pure_and_more_risk_never_means_fewer_calls(
    team: list[AgentView], pending: list[PendingCall], waiting: int, risk: float
) -> None:
    moment = snapshot(team, pending, waiting=waiting, forecast=replace(FORECAST, risk=risk))
    first = Predictive().decide(moment)
    assert Predictive().decide(moment) == first
    assert first.place >= 0
    bolder = snapshot(team, pending, waiting=waiting, forecast=replace(FORECAST, risk=2 * risk))
    assert Predictive().decide(bolder).place >= first.place


def test_large_teams_are_served_like_small_ones() -> None:
    """Where the exact sum gives way to the approximation nothing jumps: more agents of each kind, more calls."""
    placed = [
        place(snapshot([*ready(2 * n), *[AgentView(TALKING, 50.0)] * 8 * n], known=(0.2,) * 60)) for n in range(2, 12)
    ]
    assert placed == sorted(placed)
    assert placed[-1] > 3 * placed[0] > 0
