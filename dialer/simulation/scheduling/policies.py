"""The policies that are compared: four that dialers use, ours, and three that know more than a dialer can.

| name | calls first |
|---|---|
| `random` | anybody |
| `rotation` | fewest tries in this kind of hour, then fewest in all, then longest not called (docs/scheduling.md) |
| `recycling` | list order, as ViciDial recycles: the missed again after a day, three calls at most until a list reset |
| `beta` | the highest mean of a Beta distribution of its own for each line and kind of hour (patents of the 1990s) |
| `greedy` | our model, but the highest pick-up probability now instead of the index |
| `ours` | our model and index, with the share of lots of production |
| `floor` | ours, but whoever had less than two attempts in the month comes first |
| `informed` | the index with the true mix of the population known, though no person: what any learning could reach |
| `plain-oracle` | each number's probabilities known: the highest one now, without a thought of the hours to come |
| `oracle` | the index with each number's probabilities known: the best plan for the month |

A policy sees a `View` only; `informed` and the oracles get the truth when they are made.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from campaigns.campaign import Choosing
from campaigns.grading.grades import below_floor
from campaigns.learning import grades, survival
from campaigns.learning.evidence import Evidence, Floats, Ints
from campaigns.learning.fitting import fit
from campaigns.learning.horizon import Caps
from campaigns.learning.model import PickUpModel
from campaigns.learning.worth import ALL
from dialer.simulation.scheduling.index import by_grade, drawn, graded, still_listed
from dialer.simulation.scheduling.month import Policy, View
from dialer.simulation.scheduling.town import MARK_SIZES, Town

FLOOR_ATTEMPTS = 2
"""Attempts in the month that the policy `floor` owes everybody."""

_LOT_RATIO = Choosing().lot_ratio  # production's
_REFIT_AT = 1.15  # the model is fitted anew when there are this many times the tries


class Random:
    """Anybody."""

    def order(self, view: View) -> Floats:
        lots: Floats = view.chance.random(len(view.people.person))
        return lots


class Rotation:
    """Fewest tries in this kind of hour, then fewest in all, then longest not called."""

    def order(self, view: View) -> Floats:
        tries = view.memory.tries
        here, in_all, last = tries[:, view.session.window], tries.sum(axis=1), view.memory.called
        lots = view.chance.random(view.people.debtors)
        place = np.empty(view.people.debtors)
        place[np.lexsort((lots, last, in_all, here))] = -np.arange(view.people.debtors)
        result: Floats = place[view.people.person] - _later_numbers(view)
        return result


class Recycling:
    """List order; who was missed is dialable again after a day, three times at most until the list is reset."""

    most_calls = 3

    def __init__(self) -> None:
        self._reset_tries: Ints | None = None

    def order(self, view: View) -> Floats:
        tries = view.month_tries.sum(axis=1)
        if self._reset_tries is None:
            self._reset_tries = np.zeros_like(tries)
        since = tries - self._reset_tries
        open_ = since < self.most_calls
        if (open_[view.people.person] & view.allowed).sum() < view.session.calls:
            self._reset_tries = tries.copy()
            open_ = np.ones_like(open_)
        listed = -np.arange(view.people.debtors) - np.where(open_, 0, 10 * view.people.debtors)
        return (listed[view.people.person] - _later_numbers(view)).astype(np.float64)


class Beta:
    """Each line and kind of hour has a Beta distribution of its own around the mean of its segment."""

    strength = 2.0

    def order(self, view: View) -> Floats:
        known = view.evidence(np.arange(len(view.people.person)))
        w = view.session.window
        hits, tries = known.hits[:, w], known.tries[:, w]
        size = int(known.segments.max()) + 1
        seen = np.bincount(known.segments, tries, size)
        overall = (hits.sum() + 3.0) / (tries.sum() + 10.0)
        mean = (np.bincount(known.segments, hits, size) + 50 * overall) / (seen + 50)
        value: Floats = (hits + self.strength * mean[known.segments]) / (tries + self.strength)
        return value + 1e-9 * view.chance.random(len(value))


class _Learner:
    """Fits the model to what the view has, again when there is enough news."""

    def __init__(self) -> None:
        self._model: PickUpModel | None = None
        self._tries = 0.0

    def model(self, view: View) -> PickUpModel:
        tries = float(view.memory.hits.sum() + view.memory.misses.sum())
        if self._model is None or tries > _REFIT_AT * self._tries:
            everybody = view.evidence(np.arange(len(view.people.person)))
            self._model, self._tries = fit(everybody, mark_sizes=MARK_SIZES), tries
        return self._model


class Greedy:
    """The highest pick-up probability now."""

    def __init__(self) -> None:
        self._learner = _Learner()

    def order(self, view: View) -> Floats:
        model = self._learner.model(view)
        known = view.evidence(np.arange(len(view.people.person)))
        return model.pick_up(model.posterior(known))[:, view.session.window] + 1e-6 * view.chance.random(len(known))


class Index:
    """Ours: the grade of a call now, by a model that is learnt on the way; a small share goes by lot."""

    def __init__(self, floor_attempts: int = 0) -> None:
        self._learner = _Learner()
        self._floor_attempts = floor_attempts
        self._prices: Floats | None = None

    def order(self, view: View) -> Floats:
        model = self._learner.model(view)
        rows = still_listed(view)
        posterior = model.posterior(view.evidence(rows))
        table = survival.of_posterior(posterior, model.sorts, view.timeline().caps(len(rows)))
        windows = ALL if self._floor_attempts else (view.session.window,)
        found, self._prices = graded(view, rows, table, self._prices, windows)
        order = drawn(view, found)
        if self._floor_attempts:
            order += 2 * grades.HIGHEST * self._owed(view, found)
        allowed = np.flatnonzero(view.allowed)
        lots = view.chance.choice(allowed, min(len(allowed), round(_LOT_RATIO * view.session.calls)), replace=False)
        order[lots] = np.inf
        return order

    def _owed(self, view: View, found: Floats) -> np.ndarray:
        tries = view.month_tries[view.people.person]
        owed = below_floor(
            found, tries.sum(axis=1), tries > 0, floor_attempts=self._floor_attempts, each_window=False,
            open_windows=view.timeline().sessions > 0,
        )  # fmt: skip
        result: np.ndarray = owed[:, view.session.window]
        return result


class Informed:
    """The index of somebody who knows the town's true mix in each segment, and what was seen, but no person.

    The mix is all true vectors of the town's numbers, sampled by segment: the best prior that there is.
    """

    sample = 400

    def __init__(self, town: Town, month: int) -> None:
        self._prices: Floats | None = None
        chance = np.random.default_rng(1)
        segment_of_number = np.zeros(town.people.numbers, dtype=np.int64)
        segment_of_number[town.people.number[::-1]] = town.people.segment[::-1]
        self._mix: dict[int, Floats] = {}
        for segment in np.unique(town.people.segment):
            members = np.flatnonzero(segment_of_number == segment)
            members = chance.permutation(members)[: self.sample]
            self._mix[int(segment)] = town.truth[month, members]

    def order(self, view: View) -> Floats:
        rows = still_listed(view)
        table = self.table(view.evidence(rows), view.timeline().caps(len(rows)))
        order, self._prices = by_grade(view, rows, table, self._prices)
        return order

    def table(self, known: Evidence, caps: Caps) -> survival.Survival:
        """The lines' table of misses under the true mix."""
        table = np.empty((int(np.prod(np.array(caps) + 1)), len(known)), dtype=np.float32)
        for segment, sorts in self._mix.items():
            here = np.flatnonzero(known.segments == segment)
            if len(here):
                few = Evidence(known.hits[here], known.misses[here], known.segments[here])
                flat = np.full(len(sorts), 1 / len(sorts))
                model = PickUpModel(sorts, flat, (), np.zeros((0, len(sorts))), 0, 0.0)
                table[:, here] = survival.of_posterior(model.posterior(few), sorts, caps).table
        return survival.Survival(caps, table)


class PlainOracle:
    """The highest true probability now; who could wait for a better hour isn't asked."""

    def __init__(self, town: Town, month: int) -> None:
        self._truth = town.truth[month]

    def order(self, view: View) -> Floats:
        number = view.people.number
        order: Floats = self._truth[number, view.session.window] + 1e-6 * view.chance.random(len(number))
        return order


class Oracle:
    """The index with each number's probabilities known."""

    def __init__(self, town: Town, month: int) -> None:
        self._truth = town.truth[month]
        self._prices: Floats | None = None

    def order(self, view: View) -> Floats:
        rows = still_listed(view)
        caps = view.timeline().caps(len(rows))
        table = survival.of_probabilities(self._truth[view.people.number[rows]], caps)
        order, self._prices = by_grade(view, rows, table, self._prices)
        return order


def _later_numbers(view: View) -> Floats:
    """Less than one place for every call that a number got: a second number comes when it was tried less."""
    tried = (view.memory.hits + view.memory.misses).sum(axis=1)[view.people.number]
    result: Floats = tried / (tried.max() + 1) * 0.5
    return result


POLICIES: dict[str, Callable[[Town, int], Policy]] = {
    "random": lambda _town, _month: Random(),
    "rotation": lambda _town, _month: Rotation(),
    "recycling": lambda _town, _month: Recycling(),
    "beta": lambda _town, _month: Beta(),
    "greedy": lambda _town, _month: Greedy(),
    "ours": lambda _town, _month: Index(),
    "floor": lambda _town, _month: Index(FLOOR_ATTEMPTS),
    "informed": Informed,
    "plain-oracle": PlainOracle,
    "oracle": Oracle,
}
"""How each policy is made, from the town and the month that it will be tried in."""
