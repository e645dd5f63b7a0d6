"""What a month comes to with a given staffing: expected contacts by kind of hour, and what a session is worth (pure).

Every kind of hour gets a price at which the best plans of the people fit its sessions (``learning/plans.py``). The
expected contacts are the value of those plans plus what the sessions cost at those prices: by weak duality no way of
choosing that knows what the model knows can expect more, and a small error in the prices hardly moves it. That makes
the figures fit for comparing staffings; docs/plan.md has them beside simulated months.

Decides nothing about who is called; a contact counts the same whoever it is with.

Source: relaxation of the shared budget, Hawkins 2003 (MIT); Adelman & Mersereau 2008, Oper. Res. 56:712.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from campaigns.grading.staffing import Staffing, Three, three
from campaigns.learning.evidence import Floats
from campaigns.learning.horizon import Timeline
from campaigns.learning.plans import Stakes, expected
from campaigns.learning.survival import Survival, of_posterior

FAR = (6, 4, 3)
"""Further calls to one person that a month's plan looks ahead to, by kind of hour."""

SEARCHED = 300
"""People of whom prices are looked for from scratch; with all that were read they are only made finer."""

_ROUNDS, _ROUNDS_AGAIN = 44, 6
_STEP, _STEP_AGAIN = 0.6, 0.1
_SHRINK, _SHRINK_AGAIN = 0.88, 0.7  # of the step in each round, so that the last ones are fine
_FIRST, _LEAST = 0.2, 1e-4  # prices, in contacts; none is above 1


@dataclass(frozen=True, slots=True)
class Listed:
    """People who may be called in the month, in no order.

    Args:
        survival: (cells, n) chance that so many further calls bring no contact.
        part: (n,) of the month in which each can be called, 0..1.
        total: people on the list, ≥ n: what the n stand for.
    """

    survival: Survival
    part: Floats
    total: int

    @staticmethod
    def of(posterior: Floats, sorts: Floats, contact_share: float, part: Floats, total: int) -> Listed:
        """People as the model knows them.

        Args:
            posterior: (n, K) of what sort each is.
            sorts: (K, 3) pick-up probabilities.
            contact_share: contacts ÷ calls that were picked up, 0..1.
        """
        return Listed(of_posterior(posterior, sorts * contact_share, FAR), part, total)

    def __len__(self) -> int:
        return len(self.part)

    def first(self, n: int) -> Listed:
        """Only the first n; the total is what they stand for."""
        return Listed(self.survival.sample(slice(0, n)), self.part[:n], self.total)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a month comes to.

    Args:
        attempts, contacts: expected, by kind of hour.
        prices: of a call in each kind of hour, in contacts: what the last place in it is worth.
        people: on the list.
        error_ratio: standard error of the contact ratio, by the sample and by the coins of the month itself; what the
            model may have wrong is not in it.
    """

    attempts: Three
    contacts: Three
    prices: Three
    people: int
    error_ratio: float

    @property
    def contact_ratio(self) -> float:
        """Expected contacts ÷ people on the list, in the month. Source: K 12(4)."""
        return sum(self.contacts) / self.people if self.people else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """In which the contact ratio lies in 95 of 100 months, if the model is right."""
        far = 1.96 * self.error_ratio
        return max(0.0, self.contact_ratio - far), min(1.0, self.contact_ratio + far)


def expect(people: Listed, staffing: Staffing, *, start: Expected | None = None) -> Expected:
    """What `staffing` brings.

    Args:
        start: of a staffing much like it: prices are looked for from there.
    """
    none = (0.0, 0.0, 0.0)
    if not len(people) or not any(staffing.attempts):
        return Expected(none, none, none, people.total, 0.0)
    month = _Month.of(people, staffing)
    prices = None if start is None else np.array(start.prices)
    if prices is None and len(people) > SEARCHED:
        prices, _ = _search(_Month.of(people.first(SEARCHED), staffing), None)
    return month.expected(*_search(month, prices))


@dataclass(frozen=True, slots=True)
class _Month:
    """A sample's share of a month."""

    people: Listed
    stakes: Stakes
    timeline: Timeline

    @staticmethod
    def of(people: Listed, staffing: Staffing) -> _Month:
        limits = np.ceil(people.part[:, None] * np.array(staffing.sessions)).astype(np.int64)
        stakes = Stakes.of(people.survival, np.ones(len(people)), limits)
        return _Month(people, stakes, staffing.timeline(len(people) / people.total))

    def asked(self, prices: Floats) -> tuple[Floats, Floats, Floats]:
        """(3,) calls and (3,) contacts of the best plans by kind of hour, and (n,) contacts by person."""
        come = expected(self.stakes, prices, self.timeline, served=1.0)
        in_kind = np.eye(3)[self.timeline.windows].T
        return in_kind @ come.calls.sum(axis=1), in_kind @ come.contacts.sum(axis=1), come.contacts.sum(axis=0)

    def bound(self, prices: Floats, calls: Floats, contacts: Floats) -> float:
        """The dual value: what the plans are worth, and the price of every place there is."""
        return float(contacts.sum() + prices @ (self.timeline.attempts - calls))

    def expected(self, prices: Floats, parts: Floats) -> Expected:
        """What comes at these prices; `parts` (3,) of the contacts come in each kind of hour."""
        n, total = len(self.people), self.people.total
        room = self.timeline.attempts
        calls, contacts, by_person = self.asked(prices)
        most = min(self.bound(prices, calls, contacts), float(n))
        chance = by_person.clip(0, 1)
        by_sample = float(chance.var()) / n * (1 - n / total)
        by_coins = float((chance * (1 - chance)).mean()) / total
        return Expected(
            # a kind of hour that costs something is full: what its plans leave of it here, others would take
            attempts=three(np.where(prices > 0, room, np.minimum(calls, room)) * total / n),
            contacts=three(parts * most * total / n),
            prices=three(np.where(room > 0, prices, 0.0)),
            people=total,
            error_ratio=float(np.sqrt(by_sample + by_coins)),
        )


def _search(month: _Month, start: Floats | None) -> tuple[Floats, Floats]:
    """(3,) prices at which the calls that are asked for fit the room, and (3,) parts of the contacts by kind of hour.

    Tâtonnement with steps that get smaller. Of all prices that were tried, and the mean of the later ones, those with
    the least dual value are the best. A kind of hour whose places aren't all asked for at hardly any price costs
    nothing. Plans of people who are alike jump together from one kind of hour to another, so the parts are the mean of
    the later rounds, as the jumps swing around what fits.

    Source: Larsson, Patriksson & Strömberg 1999, Math. Program. 86:283 (means of the plans converge to the best one).
    """
    logs = np.full(3, np.log(_FIRST)) if start is None else np.log(start.clip(_LEAST, 1.0))
    again = start is not None
    rounds, step = (_ROUNDS_AGAIN, _STEP_AGAIN) if again else (_ROUNDS, _STEP)
    shrink = _SHRINK_AGAIN if again else _SHRINK
    tried: list[tuple[float, Floats]] = []
    won: list[Floats] = []
    kept: list[Floats] = []

    def ask(prices: Floats) -> Floats:
        calls, contacts, _ = month.asked(prices)
        tried.append((month.bound(prices, calls, contacts), prices))
        won.append(contacts)
        return calls

    for turn in range(rounds):
        calls = ask(_given(logs))
        excess = np.log((calls + 1) / (month.timeline.attempts + 1)).clip(-2, 2)
        logs = (logs + step * shrink**turn * excess).clip(np.log(_LEAST), 0.0)
        kept.append(logs)
    ask(_given(np.mean(kept[rounds // 2 :], axis=0)))
    later = np.mean(won[rounds // 2 :], axis=0)
    return min(tried, key=lambda one: one[0])[1], later / max(float(later.sum()), 1e-9)


def _given(logs: Floats) -> Floats:
    """Prices of which the least is none."""
    prices: Floats = np.where(logs < np.log(1.5 * _LEAST), 0.0, np.exp(logs))
    return prices
