"""Policies compared on the same towns, the same records and the same luck.

For each population and seed: a town is made; the months of records are called by rotation, as a former system would
have done; then each policy calls the month of the test, from the same memory. `bound` is what nobody can beat in
expectation, knowing all probabilities (weak duality, ``campaigns/learning/worth.py``).

Decides what is compared, not how it is told (``report.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from campaigns.learning import survival
from campaigns.learning.evidence import Evidence
from campaigns.learning.horizon import Caps, Limits, Timeline
from campaigns.learning.prices import find_prices
from campaigns.learning.worth import dual_bound
from dialer.simulation.scheduling.centre import Centre, Session, months
from dialer.simulation.scheduling.month import Memory, Month, run_month, spread_of, timeline_of
from dialer.simulation.scheduling.policies import POLICIES, Informed, Rotation
from dialer.simulation.scheduling.population_file import Population
from dialer.simulation.scheduling.town import Town, build

BASELINE, BEST, PLAIN_BEST = "rotation", "oracle", "plain-oracle"
ALWAYS = (BASELINE, BEST, PLAIN_BEST)
"""Run whatever else is asked for: the share of the way is told by them."""

_BOUND_SAMPLE, _BOUND_ROUNDS = 1_000, 50


@dataclass(frozen=True, slots=True)
class Setting:
    """What is simulated.

    Args:
        debtors: people on the month's list, ≥ 1.
        records: months of records before the test, ≥ 0.
        policies: names of `POLICIES`; those of `ALWAYS` are among them.
        seeds: towns of each population, ≥ 1.
        centre: whose sessions.
    """

    debtors: int
    records: int
    policies: tuple[str, ...]
    seeds: int
    centre: Centre


@dataclass(frozen=True, slots=True)
class Result:
    """One population.

    Args:
        population: its name.
        rates: (seeds,) contact rates (persons contacted ÷ persons on the list) by policy.
        bound: (seeds,) what nobody can beat in expectation, knowing all probabilities.
        bound_informed: (seeds,) about what can be reached by who knows the mix of the town and the records, but no
            person. It takes faded records at their word, like the policy `informed`, so it is no strict bound.
    """

    population: str
    rates: dict[str, np.ndarray]
    bound: np.ndarray
    bound_informed: np.ndarray


def run(population: Population, setting: Setting, done: Callable[[], None]) -> Result:
    """Simulate one population; `done` is called after each policy's month."""
    rates: dict[str, list[float]] = {name: [] for name in setting.policies}
    bounds = []
    for seed in range(setting.seeds):
        town = build(population, setting.debtors, setting.records + 1, seed)
        *past, test, after = months(setting.centre, setting.records)
        memory = _records(town, [*past, test], [population.seed, seed])
        bounds.append(np.array(_bounds(town, test, after, memory)) / setting.debtors)
        for name in setting.policies:
            policy = POLICIES[name](town, setting.records)
            luck = [population.seed, seed, setting.records]
            came = run_month(town.people, town.truth[-1], test, after, policy, memory.copy(), luck)
            rates[name].append(contact_rate(came, setting.debtors))
            done()
    return Result(population.name, {name: np.array(r) for name, r in rates.items()}, *np.array(bounds).T)


def contact_rate(month: Month, debtors: int) -> float:
    """Persons contacted ÷ persons on the month's list (requirement CR-1)."""
    return month.contacts / debtors


def _records(town: Town, sessions: Sequence[list[Session]], luck: list[int]) -> Memory:
    """What is remembered of the months of records; the last of `sessions` is the month after them."""
    memory = Memory.blank(town.people)
    for month, (now, following) in enumerate(pairwise(sessions)):
        run_month(town.people, town.truth[month], now, following, Rotation(), memory, [*luck, month])
    return memory


def _bounds(town: Town, test: list[Session], after: list[Session], memory: Memory) -> tuple[float, float]:
    """Contacts that nobody can beat in expectation who knows all probabilities, or only the mix and the records.

    A person of two numbers counts as two, so they are high there.
    """
    people, timeline = town.people, timeline_of(test)
    limits = spread_of([*test, *after]).limits(0, len(test), memory.missed[people.person])
    most = Limits(np.maximum(limits.now, limits.later), limits.later, limits.barred)
    number, informed = people.number, Informed(town, len(town.truth) - 1)
    known = Evidence(memory.hits[number], memory.misses[number], people.segment)
    return (
        _bound(lambda caps: survival.of_probabilities(town.truth[-1][number], caps), timeline, most),
        _bound(lambda caps: informed.table(known, caps), timeline, most),
    )


def _bound(table: Callable[[Caps], survival.Survival], timeline: Timeline, limits: Limits) -> float:
    """Any prices give a bound, those found on a small table a close one; it is read off a whole table."""
    ones = np.ones(len(limits.now))
    prices = find_prices(
        table(timeline.caps(len(ones))), timeline, ones, limits=limits,
        sample=_BOUND_SAMPLE, rounds=_BOUND_ROUNDS, served=1.0,
    )  # fmt: skip
    a, b, c = limits.now.max(axis=0).tolist()
    whole = table((a, b, c))
    return min(dual_bound(whole, timeline, ones, prices * factor, limits) for factor in (0.85, 0.95, 1.05))
