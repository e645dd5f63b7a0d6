"""A made-up town: people, their numbers and segments, and the hidden truth of who picks up when.

Decides the truth from a population's file and a seed. Schedulers see ``people`` (who has which number, and segments)
and never ``truth``.

Invariant: the same population, size and seed make the same town, whichever policies are tried on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from campaigns.learning.evidence import Floats, Ints
from dialer.simulation.scheduling.population_file import Population, Types

# Shares of made-up debtors: debt type, then age by debt type, then mobile by age.
_DEBT_TYPES = (0.35, 0.35, 0.08, 0.17, 0.05)  # city tax, health insurance, late-elderly medical, care, childcare
_AGES = (
    (0.25, 0.50, 0.15, 0.10),
    (0.35, 0.45, 0.20, 0.00),
    (0.00, 0.00, 0.00, 1.00),
    (0.00, 0.00, 0.50, 0.50),
    (0.80, 0.20, 0.00, 0.00),
)  # 20–39, 40–64, 65–74, 75 and older
_MOBILE = (0.95, 0.80, 0.50, 0.30)
MARK_SIZES = (len(_MOBILE), 2)
"""Levels of age band and kind of telephone in a segment's number; the debt type comes before them."""

_AGE_SCALE = np.array([1.5, 0.5, -0.5, -1.5])
_LEAST, _MOST = 0.002, 0.98


@dataclass(frozen=True, slots=True)
class People:
    """What everybody may know of a town. A *row* is one person with one of her numbers.

    Args:
        debtors: number of people.
        numbers: number of telephone numbers.
        person: (rows,) whose.
        number: (rows,) which number; several rows may have one.
        segment: (rows,) debt type, age band and phone kind as one small number.
    """

    debtors: int
    numbers: int
    person: Ints
    number: Ints
    segment: Ints


@dataclass(frozen=True, slots=True)
class Town:
    """People, and the truth: (months, numbers, 3) pick-up probability in each month by kind of hour."""

    people: People
    truth: Floats


def build(population: Population, debtors: int, months: int, seed: int) -> Town:
    """Make a town.

    Args:
        debtors: people on the month's list, ≥ 1.
        months: how many months of behaviour, ≥ 1.
        seed: of this run; the population's own seed is added.
    """
    chance = np.random.default_rng([population.seed, seed])
    debt = chance.choice(len(_DEBT_TYPES), debtors, p=_DEBT_TYPES)
    age = np.array(_AGES).cumsum(axis=1)[debt]
    age = (chance.random(debtors)[:, None] > age).sum(axis=1).clip(max=3)
    mobile = chance.random(debtors) < np.array(_MOBILE)[age]

    sharing = np.flatnonzero(chance.random(debtors) < population.shared_lines)
    number = np.arange(debtors)
    number[sharing] = chance.integers(0, debtors, len(sharing))  # of somebody else, or her own after all
    second = np.flatnonzero(chance.random(debtors) < population.two_numbers)
    person = np.concatenate([np.arange(debtors), second])
    number = np.concatenate([number, debtors + np.arange(len(second))])
    phone = np.concatenate([mobile, np.ones(len(second), dtype=bool)])  # a second number is a mobile one
    segment = (debt[person] * MARK_SIZES[0] + age[person]) * MARK_SIZES[1] + phone

    owner = np.concatenate([np.arange(debtors), second])  # whose ways a number has: its first owner's
    total = len(owner)
    age_of, mobile_of = _AGE_SCALE[age[owner]], np.concatenate([mobile, np.ones(len(second), dtype=bool)])
    truth = np.empty((months, total, 3))
    truth[0] = _behaviour(population, age_of, mobile_of, chance)
    for month in range(1, months):
        changed = chance.random(total) < population.drift
        truth[month] = truth[month - 1]
        truth[month, changed] = _behaviour(population, age_of[changed], mobile_of[changed], chance)
    people = People(debtors, total, person, number, segment.astype(np.int64))
    return Town(people, truth.clip(_LEAST, _MOST))


def _behaviour(population: Population, age: Floats, mobile: np.ndarray, chance: np.random.Generator) -> Floats:
    """(n, 3) pick-up probabilities of n numbers."""
    n = len(age)
    if isinstance(population, Types):
        shares = np.stack(
            [
                t.share * np.exp(t.age_lean * age + t.mobile_lean * np.where(mobile, 1.0, -1.0))
                for t in population.types
            ],
            axis=1,
        )
        limits = (shares / shares.sum(axis=1, keepdims=True)).cumsum(axis=1)
        kind = (chance.random(n)[:, None] > limits).sum(axis=1).clip(max=len(population.types) - 1)
        mean = np.array([t.pick_up for t in population.types])[kind]
        ab = np.array([t.concentration for t in population.types])[kind][:, None]
        noisy: Floats = chance.beta(mean * np.maximum(ab, 1), (1 - mean) * np.maximum(ab, 1))
        return np.where(ab > 0, noisy, mean)
    common = np.sqrt(population.correlation) * chance.standard_normal(n)[:, None]
    own = np.sqrt(1 - population.correlation) * chance.standard_normal((n, 3))
    median = np.array(population.pick_up)
    logits = np.log(median / (1 - median)) + population.spread * (common + own)
    logits = logits + age[:, None] * np.array(population.age_lean)
    result: Floats = 1 / (1 + np.exp(-logits))
    return result
