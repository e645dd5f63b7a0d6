"""The generator of people who don't exist."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from campaigns.importing.mapping import load_mapping, names
from campaigns.importing.phones import Phone, read_phone
from campaigns.model import Window
from dialer.simulation.habits import habits_of, write_population
from dialer.simulation.number_plan import NumberPlan
from dialer.simulation.people_file import write_people
from dialer.simulation.population import read_population


@pytest.mark.parametrize("name", names())
def test_the_same_seed_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    """Tests and measurements can be repeated; another seed gives other people."""
    mapping = load_mapping(name)
    for file, seed in (("a", 7), ("b", 7), ("c", 8)):
        write_people(tmp_path / file, mapping, 300, seed)
    a, b, c = ((tmp_path / file).read_bytes() for file in "abc")
    assert a == b
    assert a != c


@pytest.mark.parametrize("name", names())
def test_the_samples_beside_the_mappings_are_what_the_generator_writes(tmp_path: Path, name: str) -> None:
    """A sample never falls behind its mapping."""
    from campaigns.importing.mapping import MAPPINGS

    write_people(tmp_path / "sample.csv", load_mapping(name), 12, 7)
    assert (tmp_path / "sample.csv").read_bytes() == (MAPPINGS / "samples" / f"{name}.csv").read_bytes()


def test_people_are_as_the_requirements_say(tmp_path: Path) -> None:
    """66% with a number (Utsunomiya), several debts a person, shared lines, rare characters."""
    people = write_people(tmp_path / "p.csv", load_mapping("niigata"), 12_000, 1)
    with_phone = [p for p in people if p.phones]
    assert 0.63 <= len(with_phone) / len(people) <= 0.69
    assert sum(len(p.debts) for p in people) == 12_000
    assert 2.0 <= 12_000 / len(people) <= 4.0
    landlines = [n for p in people for n in p.phones if n.startswith("025")]
    mobiles = [n for p in people for n in p.phones if not n.startswith("025")]
    assert len(set(landlines)) < len(landlines), "households share a line"
    assert len(set(mobiles)) == len(mobiles), "a mobile belongs to one person"
    assert any(set("髙﨑邉𠮷\U000e0100") & set(p.name) for p in people)
    assert len({p.household_no for p in people}) < len(people)


def test_every_number_is_one_that_belongs_to_nobody(tmp_path: Path) -> None:
    """0A0-000x-xxxx and 025-00x-xxxx only, and all of them pass the import's own check."""
    people = write_people(tmp_path / "p.csv", load_mapping("niigata"), 5_000, 1)
    for number in {n for p in people for n in p.phones}:
        assert number[3:6] == "000" or number[:5] == "02500"
        assert isinstance(read_phone(number), Phone)


def test_a_scripted_number_ends_with_the_carriers_digits() -> None:
    """c chooses the outcome; a and b stay small, so that a demo's calls are short."""
    plan = NumberPlan(Random(1), "025", scripted=True)
    numbers = [plan.mobile() for _ in range(5_000)]
    assert len(set(numbers)) == 5_000
    answers = sum(n[-1] in "012" for n in numbers) / len(numbers)
    assert 0.38 <= answers <= 0.48
    assert {n[-3] for n in numbers} <= set("01234")
    assert {n[-2] for n in numbers} <= set("012345")


def test_a_range_that_is_used_up_is_a_clear_error() -> None:
    """Numbers are never handed out twice."""
    plan = NumberPlan(Random(1), "0463", scripted=False)
    numbers = {plan.landline() for _ in range(100_000)}
    assert len(numbers) == 100_000
    with pytest.raises(ValueError, match="used up"):
        plan.landline()


def test_the_population_file_reads_back_as_written(tmp_path: Path) -> None:
    """The carrier's reader and our writer agree; every number of the people is in it once."""
    people = write_people(tmp_path / "p.csv", load_mapping("niigata"), 2_000, 3)
    habits = habits_of(people, seed=3)
    write_population(tmp_path / "pop.csv", habits)
    assert read_population(tmp_path / "pop.csv") == habits
    assert len(habits) == len({n for p in people for n in p.phones})


def test_weekends_reach_workers_about_twice_as_well(tmp_path: Path) -> None:
    """The shares of facts/pacing.md §2.3: first call about .53 on a weekday, .65 in the weekend."""
    people = write_people(tmp_path / "p.csv", load_mapping("niigata"), 20_000, 3)
    habits = habits_of(people, seed=3).values()
    mean = {w: sum(h.pick_up[w] for h in habits) / len(habits) for w in Window}
    assert mean[Window.WEEKDAY] == pytest.approx(0.53, abs=0.03)
    assert mean[Window.WEEKEND] == pytest.approx(0.65, abs=0.03)
    assert mean[Window.EVENING] > mean[Window.WEEKDAY]
