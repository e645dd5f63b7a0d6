"""The simulated centre keeps to its rules whatever the dialer does, and agrees with what can be calculated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest

from dialer.agents.machine import AgentState
from dialer.pacing.observed import Abandoned, Observed, RingEnded
from dialer.simulation.interval import half_width
from dialer.simulation.pacing.baselines.fixed_ratio import FixedRatio
from dialer.simulation.pacing.calls import Calls, Levels, durations
from dialer.simulation.pacing.clairvoyant import Clairvoyant
from dialer.simulation.pacing.contestants import CONTESTANTS, ORACLE, OURS, TARGET
from dialer.simulation.pacing.course import course_of
from dialer.simulation.pacing.dialers import Moment
from dialer.simulation.pacing.scenario_file import Law, Level, Scenario, ScenarioError, read, shipped
from dialer.simulation.pacing.world import World

PLAIN = Scenario(
    name="plain", agents=6, levels=(Level(0.0, 0.3),), talk=(Law(60.0, 1.5),), wrap=(Law(20.0, 2.0),),
    answer=(Law(8.0, 4.0, least_s=2.0),), hours=1.0, warm_up_h=0.1,
)  # fmt: skip
EVERYTHING = msgspec.structs.replace(
    PLAIN, levels=(Level(0.0, 0.2), Level(0.5, 0.5)), change="drifts", spread=4.0, told=True, inbound_per_h=60.0,
    break_every_h=0.4, break_s=200.0, shift_ends_h=(0.5, 0.8),
)  # fmt: skip
CHEAP = sorted(set(CONTESTANTS) - {OURS, ORACLE})


class Watched:
    """A dialer whose ended calls are kept, and which looks at the floor at every moment."""

    def __init__(self, inner: FixedRatio) -> None:
        self.inner = inner
        self.rings: list[RingEnded] = []
        self.abandoned = 0
        self.faults: list[str] = []

    def observe(self, seen: Observed) -> None:
        if isinstance(seen, RingEnded):
            self.rings.append(seen)
        self.abandoned += isinstance(seen, Abandoned)

    def place(self, moment: Moment) -> int:
        views = moment.agents()
        counts = {state: sum(view.state is state for view in views) for state in AgentState}
        if counts[AgentState.READY] and (moment.waiting or moment.waiting_inbound):
            self.faults.append(f"{moment.now_s}: somebody waits although an agent is ready")
        told = (moment.ready, moment.talking, moment.wrapping, moment.logged_in, moment.ringing)
        seen = (
            counts[AgentState.READY], counts[AgentState.TALKING], counts[AgentState.WRAP_UP], len(views),
            len(moment.pending()),
        )  # fmt: skip
        if told != seen or len(moment.free_in_s()) != len(views):
            self.faults.append(f"{moment.now_s}: counts {told} but lists {seen}")
        if any(view.leaving and view.state is AgentState.READY for view in views):
            self.faults.append(f"{moment.now_s}: an agent is ready and leaving")
        return self.inner.place(moment)


@pytest.mark.parametrize("ratio", [1.0, 3.0])
@pytest.mark.parametrize("scenario", [PLAIN, EVERYTHING], ids=["plain", "everything"])
def test_the_floor_is_in_order_at_every_moment(scenario: Scenario, ratio: float) -> None:
    """Nobody waits beside a ready agent, counts agree with lists, and every answered call is joined, given up or waits.

    That nobody is joined to a busy agent is asserted by the world itself.
    """
    dialer = Watched(FixedRatio(ratio))
    played = World(scenario, dialer, 1).play()
    assert dialer.faults == []
    assert played.answered == played.joined + played.abandoned + played.waiting
    assert played.answered > 50
    assert 0.0 < played.utilisation < 1.0
    assert played.busy_s <= played.paid_s <= scenario.agents * scenario.hours * 3_600.0 + 1e-6


def test_the_same_seed_gives_the_same_calls_whatever_the_dialer() -> None:
    """The k-th call is answered or not, and lasts as long, also when the dialer asked what comes next."""
    told = msgspec.structs.replace(PLAIN, spread=4.0, told=True)
    one, other = (Calls(told, np.random.default_rng([5, 1])) for _ in range(2))
    for number in range(3_000):
        if number % 3 == 0:
            other.ahead(11, 0.6)
        a, b = one.take(0.3), other.take(0.3)
        assert (a.answered, a.rings_s, a.talk_s, a.wrap_s) == (b.answered, b.rings_s, b.talk_s, b.wrap_s)


def test_the_same_run_twice_is_the_same() -> None:
    """Everything comes from the seed; another seed is another run."""
    first, again, other = (World(EVERYTHING, FixedRatio(2.0), seed).play() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_breaks_and_inbound_calls_dont_depend_on_the_dialer() -> None:
    """As many people call in, and nobody's shift is paid longer, however many calls are placed."""
    slow, fast = (World(EVERYTHING, FixedRatio(ratio), 3).play() for ratio in (1.0, 3.0))
    assert slow.inbound == fast.inbound > 30


def test_progressive_calling_agrees_with_the_closed_form() -> None:
    """Utilisation is (talk + wrap) / (talk + wrap + time to an answer), the latter with its failed calls.

    By Little's law over the ringing calls, one for each ready agent, for any number of agents and any laws.
    """
    scenario = msgspec.structs.replace(
        PLAIN, hours=6.0, warm_up_h=0.3, quick_failures=0.0, answer=(Law(6.0, 1.0),), ring_timeout_s=80.0
    )
    to_answer_s = (1 / 0.3 - 1) * 80.0 + 6.0
    closed = 80.0 / (80.0 + to_answer_s)
    seen = np.array([World(scenario, FixedRatio(1.0), seed).play().utilisation for seed in range(8)])
    half = half_width(seen)
    assert half is not None
    assert half < 0.02
    assert abs(seen.mean() - closed) < 1.5 * half


def test_progressive_calling_abandons_nobody_on_a_steady_floor() -> None:
    """Without breaks and inbound calls everyone who answers has an agent."""
    assert World(PLAIN, FixedRatio(1.0), 1).play().abandoned == 0


@pytest.mark.parametrize("scenario", [PLAIN, EVERYTHING], ids=["plain", "everything"])
def test_nobody_beats_the_clairvoyant(scenario: Scenario) -> None:
    """It abandons nobody, and no dialer that keeps anywhere near the target is busier."""
    bound = World(scenario, Clairvoyant(scenario.ring_timeout_s), 1).play()
    assert bound.abandoned == 0
    for name in CHEAP:
        played = World(scenario, CONTESTANTS[name].make(scenario, 1.5), 1).play()
        assert played.utilisation <= bound.utilisation or played.abandonment > 5 * TARGET, name


def test_an_inbound_call_goes_before_an_outbound_one() -> None:
    """With many inbound calls the outbound ones wait in vain, although as many are placed."""
    crowded = msgspec.structs.replace(PLAIN, inbound_per_h=240.0)
    assert World(crowded, FixedRatio(2.0), 1).play().abandonment > World(PLAIN, FixedRatio(2.0), 1).play().abandonment


def test_the_clairvoyant_sees_what_a_baseline_may_not() -> None:
    """Every agent who is free, none who leaves, all calls that will answer: told by the world as it is."""

    class Asking:
        wrong = 0

        def observe(self, seen: Observed) -> None:
            pass

        def place(self, moment: Moment) -> int:
            free, views = moment.free_in_s(), moment.agents()
            self.wrong += any(
                (left == 0.0) != (view.state is AgentState.READY) for left, view in zip(free, views, strict=True)
            )
            self.wrong += any(left < 0 for left in (*free, *moment.answers_in_s(), *moment.arrivals_in_s(30.0)))
            return max(0, moment.ready - moment.ringing)

    asking = Asking()
    World(EVERYTHING, asking, 1).play()
    assert asking.wrong == 0


def test_calls_differ_as_the_beta_law_says() -> None:
    """Mean and variance of Beta(a, b) with a + b = 4, and answered as often as their probabilities say."""
    calls = Calls(msgspec.structs.replace(PLAIN, spread=4.0), np.random.default_rng(1))
    drawn = [calls.take(0.25) for _ in range(20_000)]
    values = np.array([call.probability for call in drawn])
    assert values.mean() == pytest.approx(0.25, abs=0.005)
    assert values.var() == pytest.approx(0.25 * 0.75 / 5, rel=0.03)
    assert np.mean([call.answered for call in drawn]) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize(
    ("change", "hour", "level"),
    [
        ("steps", -0.1, 0.2), ("steps", 0.9, 0.2), ("steps", 1.0, 0.6), ("steps", 9.0, 0.6),
        ("drifts", 0.0, 0.2), ("drifts", 0.5, 0.4), ("drifts", 2.0, 0.6),
    ],
)  # fmt: skip
def test_the_answer_probability_steps_or_drifts(change: str, hour: float, level: float) -> None:
    """Before the measured time it is what it is at its start."""
    levels = (Level(0.0, 0.2), Level(1.0, 0.6))
    scenario = msgspec.structs.replace(PLAIN, levels=levels, change=change)
    assert Levels(scenario).at(hour) == pytest.approx(level)


def test_a_mixture_of_laws_has_their_mean() -> None:
    """35% of mean 35 s and 65% of mean 150 s, and a lognormal law with its mean and least."""
    chance = np.random.default_rng(1)
    mixed = durations((Law(35.0, weight=0.35), Law(150.0, 1.5, weight=0.65)), chance, 40_000)
    assert mixed.mean() == pytest.approx(0.35 * 35 + 0.65 * 150, rel=0.02)
    logs = durations((Law(60.0, sigma=0.6, least_s=5.0),), chance, 40_000)
    assert logs.mean() == pytest.approx(65.0, rel=0.02)
    assert logs.min() >= 5.0


def test_a_course_has_the_ready_agents_and_ringing_calls_of_its_minutes() -> None:
    """Once a second, from the measured start, for ten minutes."""
    course = course_of(PLAIN, FixedRatio(2.0))
    assert len(course.at_s) == len(course.ready) == len(course.ringing)
    assert 590 <= len(course.at_s) <= 601
    assert 0.0 <= course.at_s[0] < 1.0
    assert max(course.ready) <= PLAIN.agents


def test_the_shipped_scenarios_cover_what_they_must() -> None:
    """All sizes, and each kind of change, told and untold of the same town."""
    scenarios = [read(path) for path in shipped()]
    assert {3, 4, 7, 10, 23, 30, 60, 150, 300} <= {one.agents for one in scenarios}
    assert [one.name for one in scenarios] == [path.stem for path in shipped()]
    assert {"steps", "drifts"} == {one.change for one in scenarios if len(one.levels) > 1}
    assert any(one.inbound_per_h for one in scenarios)
    assert any(one.break_every_h and one.shift_ends_h for one in scenarios)
    told, untold = (next(one for one in scenarios if one.name == f"differing-{how}") for how in ("told", "untold"))
    assert msgspec.structs.replace(untold, name=told.name, note=told.note, told=True) == told


def _written(folder: Path, change: Callable[[str], str]) -> Path:
    path = folder / "town.toml"
    path.write_text(change(shipped()[0].read_text(encoding="utf-8")), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("agents = 3", "agents = 0", "$.agents"),
        ("agents = 3", "", "agents"),
        ("agents = 3", "agents = 3\nagent = 4", "agent"),
        ("probability = 0.3", "probability = 1.3", "$.levels[0].probability"),
        ("from_h = 0", "from_h = 1", "levels"),
        ("agents = 3", "agents = 3\nshift_ends_h = [1, 2, 3, 4]", "shift_ends_h"),
        ("mean_s = 40", "mean_s = 0", "$.wrap[0].mean_s"),
        ("agents = 3", "agents =", "line 4"),
    ],
)  # fmt: skip
def test_a_scenario_that_cant_be_used_is_refused_by_file_and_key(
    old: str, new: str, named: str, tmp_path: Path
) -> None:
    """One clear error."""
    with pytest.raises(ScenarioError, match=r"^town\.toml: ") as refused:
        read(_written(tmp_path, lambda text: text.replace(old, new)))
    assert named in str(refused.value)
