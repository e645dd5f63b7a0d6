"""Dialers played on the same scenario and the same seeds; what is chosen with hindsight is chosen here.

Decides what is run, not how it is told (``report.py``). Runs are independent, so they may be spread over processes;
the results are the same however many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

import msgspec
import numpy as np
import numpy.typing as npt

from dialer.simulation.pacing.contestants import CONTESTANTS, TARGET, Hindsight
from dialer.simulation.pacing.played import Played
from dialer.simulation.pacing.scenario_file import Scenario
from dialer.simulation.pacing.world import World

Floats = npt.NDArray[np.float64]

_HOPELESS = 3.0
"""Times the target: two values in a row that abandon more end the search."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What one dialer reached in one scenario.

    Args:
        name: of `CONTESTANTS`.
        choice: the figure chosen with hindsight; None = it has none.
        runs: one a seed.
    """

    name: str
    choice: float | None
    runs: tuple[Played, ...]

    @property
    def utilisation(self) -> Floats:
        """(seeds,) share of the paid time in talk or wrap-up, 0..1."""
        return np.array([run.utilisation for run in self.runs])

    @property
    def abandonment(self) -> Floats:
        """(seeds,) abandoned over answered calls, 0..1."""
        return np.array([run.abandonment for run in self.runs])

    @property
    def keeps_target(self) -> bool:
        """Mean abandonment over the seeds is at most the target."""
        return bool(self.abandonment.mean() <= TARGET)


@dataclass(frozen=True, slots=True)
class Job:
    """One run; the scenario's seed is the run's."""

    scenario: Scenario
    name: str
    choice: float


def play(job: Job) -> Played:
    """Play one run, in whatever process."""
    dialer = CONTESTANTS[job.name].make(job.scenario, job.choice)
    return World(job.scenario, dialer, job.scenario.seed).play()


class Bench:
    """Plays many runs.

    Args:
        seeds: runs of each dialer in each scenario, ≥ 1.
        workers: where; None = here, one after the other.
    """

    def __init__(self, seeds: int, workers: Executor | None = None) -> None:
        self._seeds = seeds
        self._workers = workers

    def stand(self, scenario: Scenario, name: str) -> Standing:
        """What a dialer reaches, with its figure chosen with hindsight if it has one."""
        hindsight = CONTESTANTS[name].hindsight
        return self._play(scenario, name, None) if hindsight is None else self._best(scenario, name, hindsight)

    def _play(self, scenario: Scenario, name: str, choice: float | None) -> Standing:
        jobs = [
            Job(msgspec.structs.replace(scenario, seed=scenario.seed + number), name, choice or 0.0)
            for number in range(self._seeds)
        ]
        return Standing(name, choice, tuple((self._workers.map if self._workers else map)(play, jobs)))

    def _best(self, scenario: Scenario, name: str, hindsight: Hindsight) -> Standing:
        """The busiest that keeps the target; if none does, the one that abandons least."""
        tried: list[Standing] = []
        for value in _steps(hindsight.first, hindsight.last, hindsight.coarse):
            tried.append(self._play(scenario, name, value))
            if len(tried) > 1 and all(one.abandonment.mean() > _HOPELESS * TARGET for one in tried[-2:]):
                break
        middle = best(tried).choice or hindsight.first
        first, last = max(hindsight.first, middle - hindsight.coarse), min(hindsight.last, middle + hindsight.coarse)
        known = {one.choice for one in tried}
        tried += [
            self._play(scenario, name, value)
            for value in _steps(first, last, hindsight.fine)
            if value not in known
        ]  # fmt: skip
        return best(tried)


def best(tried: Sequence[Standing]) -> Standing:
    """The busiest of those that keep the target; if none does, the one that abandons least."""
    good = [one for one in tried if one.keeps_target]
    if good:
        return max(good, key=lambda one: float(one.utilisation.mean()))
    return min(tried, key=lambda one: float(one.abandonment.mean()))


def _steps(first: float, last: float, step: float) -> list[float]:
    return [round(first + step * number, 6) for number in range(int((last - first) / step + 1e-6) + 1)]


@contextmanager
def bench(seeds: int, jobs: int) -> Iterator[Bench]:
    """A `Bench` with `jobs` processes; 1 = none but this one."""
    if jobs == 1:
        yield Bench(seeds)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as workers:
        yield Bench(seeds, workers)
