"""The simulated month: its rules hold whoever orders the calls, and ours reaches clearly more than the rotation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from campaigns.learning.evidence import Floats
from dialer.cli.simulate import command
from dialer.simulation.interval import half_width
from dialer.simulation.scheduling.centre import EVENING, WEEKDAY, WEEKEND, Centre, Session, months
from dialer.simulation.scheduling.experiment import ALWAYS, Result, Setting, run
from dialer.simulation.scheduling.month import Memory, View, run_month, spread_of
from dialer.simulation.scheduling.policies import POLICIES
from dialer.simulation.scheduling.population_file import FOLDER, PopulationError, read, shipped
from dialer.simulation.scheduling.report import lines
from dialer.simulation.scheduling.town import build

pytestmark = pytest.mark.sim


def result(population: str, debtors: int, records: int, *policies: str, seeds: int = 1) -> Result:
    setting = Setting(debtors, records, (*policies, *ALWAYS), seeds, Centre.NIIGATA)
    return run(read(FOLDER / f"{population}.toml"), setting, lambda: None)


def share(found: Result, policy: str) -> float:
    (told,) = (line.share for line in lines(found) if line.policy == policy)
    assert told is not None
    return told


def test_records_win_more_than_half_of_the_way_to_the_oracle() -> None:
    """People of day and night, three months of records: the margin is more than ten standard errors."""
    found = result("complementary", 3_000, 3, "ours")
    assert share(found, "ours") > 0.5


def test_where_nothing_can_be_learnt_nothing_is_lost() -> None:
    """Everybody alike: ours is not below the rotation by more than luck (a standard error is under 0.01)."""
    found = result("alike", 4_000, 1, "ours")
    assert (found.rates["ours"] - found.rates["rotation"]).mean() > -0.05


def test_the_oracle_comes_near_its_bound_and_the_rotation_does_not() -> None:
    """The yardstick is strong: what nobody can beat in expectation is hardly more."""
    found = result("complementary", 6_000, 0)
    assert 0.92 * found.bound[0] < found.rates["oracle"][0] < 1.05 * found.bound[0]
    assert found.rates["rotation"][0] < 0.8 * found.bound[0]


def test_the_plan_of_the_oracle_beats_the_highest_probability_now() -> None:
    """Where there are calls enough to come back, the plain oracle wastes evenings on people whom a weekday reaches."""
    found = result("complementary", 3_000, 0)
    rotation, plain, best = (found.rates[name][0] for name in ("rotation", "plain-oracle", "oracle"))
    assert rotation < plain < best
    told = {line.policy: (line.share, line.share_plain) for line in lines(found)}
    assert told["oracle"][0] == told["plain-oracle"][1] == 1
    assert told["plain-oracle"][0] == pytest.approx((plain - rotation) / (best - rotation))


class Watched:
    """A policy of lots that keeps what it was shown."""

    def __init__(self) -> None:
        self.seen: list[tuple[Session, np.ndarray, np.ndarray]] = []

    def order(self, view: View) -> Floats:
        self.seen.append((view.session, view.memory.tries.copy(), view.allowed.copy()))
        return view.chance.random(len(view.people.person))


def test_nobody_is_called_twice_a_day_or_after_a_contact() -> None:
    """Rules of the list, for people with two numbers and shared lines."""
    town = build(read(FOLDER / "shared.toml"), 400, 1, 1)
    test, after = months(Centre.NIIGATA, 0)
    watched, memory = Watched(), Memory.blank(town.people)
    came = run_month(town.people, town.truth[0], test, after, watched, memory, [1])
    by_day: dict[date, np.ndarray] = {}
    for (session, before, _), (_, later, _) in zip(watched.seen, watched.seen[1:], strict=False):
        by_day[session.day_on] = by_day.get(session.day_on, 0) + (later - before).sum(axis=1)
    assert max(calls.max() for calls in by_day.values()) == 1
    assert came.contacts == came.picked_up.sum() <= 400
    assert (came.calls <= np.bincount([s.window for s in test], [s.calls for s in test])).all()


def test_a_missed_weekday_waits_for_the_others_of_its_kind() -> None:
    """Monday missed: barred while another weekday is to come within two weeks, open when all were missed."""
    week = [Session(date(2026, 10, 5 + d), WEEKDAY, 1) for d in (0, 1, 7, 8)]
    spread = spread_of(week)
    monday = np.array([0b00001])
    assert not spread.allows(2, monday)[0]
    assert spread.allows(2, np.array([0b00011]))[0]
    assert spread.allows(3, monday)[0]
    assert spread.after_miss(2, np.array([0b00011])).tolist() == [0b00001]
    now, later = spread.calls_left(0, 4)
    assert (now[WEEKDAY, 0], later[WEEKDAY, 0]) == (4, 3)
    limits = spread.limits(0, 4, np.array([[0b00001, 0, 0], [0, 0, 0]]))
    assert limits.barred is not None
    assert limits.barred.T.tolist() == [[True, False, True, False], [False] * 4]


def test_the_centre_keeps_the_citys_days_and_calls() -> None:
    """Eight evening days, two days off made up for, the table's calls, nothing at the year's end."""
    for year_month in months(Centre.NIIGATA, 12):
        days = {kind: {s.day_on for s in year_month if s.window == kind} for kind in (WEEKDAY, EVENING, WEEKEND)}
        assert len(days[EVENING]) in (7, 8)
        assert len(days[WEEKEND]) == 2
        assert all(day.weekday() >= 5 for day in days[WEEKEND])
        assert 15 <= len(days[WEEKDAY]) <= 21
    (october, _) = months(Centre.NIIGATA, 0)
    assert sum(s.calls for s in october) == pytest.approx(11_600, rel=0.01)
    (plain, _) = months(Centre.SESSIONS, 0)
    assert np.bincount([s.window for s in plain]).tolist() == [10, 8, 2]
    assert sum(s.calls for s in plain) == 14_700


class FirstSession:
    """Keeps who was called in the first session, by lot, and who picked up."""

    def __init__(self) -> None:
        self.hits: list[np.ndarray] = []
        self.tries: list[np.ndarray] = []

    def order(self, view: View) -> Floats:
        self.hits.append(view.memory.hits.sum(axis=1))
        self.tries.append(view.memory.hits.sum(axis=1) + view.memory.misses.sum(axis=1))
        return view.chance.random(len(view.people.person))


def test_luck_has_nothing_to_do_with_who_somebody_is() -> None:
    """In the first month, too, people who are alike answer alike, whatever they owe (six standard errors)."""
    population = read(FOLDER / "alike.toml")
    town = build(population, 20_000, 1, 0)
    test, after = months(Centre.NIIGATA, 0)
    watched = FirstSession()
    run_month(town.people, town.truth[0], test[:2], after, watched, Memory.blank(town.people), [population.seed, 0, 0])
    called = watched.tries[1] > 0
    up, first_debt = watched.hits[1][called] > 0, town.people.segment[called] < 8
    for group in (first_debt, ~first_debt):
        assert up[group].mean() == pytest.approx(0.3, abs=6 * np.sqrt(0.21 / group.sum()))


def test_equal_seeds_make_equal_towns_and_months() -> None:
    """A figure of a report can be had again."""
    first, again = (result("drifting", 100, 1, "ours", "random") for _ in range(2))
    assert {k: v.tolist() for k, v in first.rates.items()} == {k: v.tolist() for k, v in again.rates.items()}


@pytest.mark.parametrize("path", shipped(), ids=lambda p: p.stem)
def test_every_shipped_population_can_be_lived_in(path: Path) -> None:
    """Names are those of the files, probabilities within 0 and 1, everybody has a number."""
    population = read(path)
    town = build(population, 500, 2, 1)
    assert population.name == path.stem
    assert ((town.truth > 0) & (town.truth < 1)).all()
    assert set(town.people.person) == set(range(500))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("kind = 'types'", "name"),
        ("kind = 'other'\nname = 'x'\nseed = 1", "kind|Invalid value"),
        ("name = 'x'\nseed = 1\nkind = 'types'\n[[types]]\nshare = 2.0\npick_up = [0.1, 0.1, 0.1]", "types"),
        ("name = 'x'\nseed = 1\nkind = 'types'\nodd = 1\n[[types]]\nshare = 1.0\npick_up = [0.1, 0.1, 0.1]", "odd"),
        ("name =", "end of document"),
    ],
)
def test_a_bad_population_is_refused_with_file_and_key(tmp_path: Path, text: str, says: str) -> None:
    """One clear sentence, nothing simulated."""
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(PopulationError, match=says) as told:
        read(path)
    assert str(told.value).startswith("bad.toml: ")


def test_every_policy_can_call_a_month() -> None:
    """Also the ones that nobody asked for, with shared lines and records."""
    found = result("shared", 200, 1, *(p for p in POLICIES if p not in ALWAYS))
    assert set(found.rates) == set(POLICIES)
    assert all(0 < rate[0] <= 1 for rate in found.rates.values())


@pytest.mark.parametrize(("sample", "half"), [([0.5], None), ([0.4, 0.6], 1.2706), ([1.0, 1.0, 1.0], 0.0)])
def test_confidence_intervals_are_students(sample: Sequence[float], half: float | None) -> None:
    """Known values of the t distribution."""
    found = half_width(np.array(sample))
    assert found == (None if half is None else pytest.approx(half, abs=1e-3))


def test_the_command_prints_a_table_or_json(tmp_path: Path) -> None:
    """JSON alone is on stdout, whatever the progress bar does."""
    one = ["scheduling", "--population", str(FOLDER / "nta.toml"), "--debtors", "200", "--records", "0", "--seeds", "1"]
    done = CliRunner().invoke(command, [*one, "--policy", "random", "--json"])
    told = json.loads(done.stdout)
    assert [line["policy"] for line in told["lines"]] == ["random", "rotation", "plain-oracle", "oracle"]
    assert "contact rate" in CliRunner().invoke(command, [*one, "--policy", "random"]).stdout
    bad = tmp_path / "bad.toml"
    bad.write_text("kind = 1")
    refused = CliRunner().invoke(command, ["scheduling", "--population", str(bad)])
    assert (refused.exit_code, "bad.toml" in refused.output) == (1, True)
