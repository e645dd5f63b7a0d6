"""The calls of a former system that never was: six months (or so) of rotation through made-up people.

Decides whom that system called when, as such systems do: on some days and evenings of each month, those called least
first, nobody again in a month once reached. Who picked up is decided by the people's own habits, the same that the
simulated network has, by coins of their own: the past does not tell how a coming call ends.

Invariant: the same people, habits, months, last day and seed give the same calls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from campaigns.calendar import JST, DayKind, day_kind
from campaigns.importing.history.results import INBOUND, OUTBOUND, SKIP
from campaigns.model import E164, Disposition, Outcome, Window
from dialer.simulation.people import Person
from dialer.simulation.population import Fate, Habit, Population

CALLS_PER_MONTH = 2.5
"""Calls ÷ people with a number, each month. Source: about what 7 agents and 5,000 debtors make (facts/pacing.md §3)."""

# Sessions in a month and their hours (JST): seed N 7(1)ア, as in facts/pacing.md §3.
_SESSIONS: Mapping[Window, tuple[int, int, int]] = {
    Window.WEEKDAY: (10, 9, 17),
    Window.EVENING: (8, 17, 20),
    Window.WEEKEND: (2, 9, 17),
}
_PAST_COINS = 1_000_003  # added to the seed
_VOICEMAIL_RATIO = 0.15
_RETURN_RATIO = 0.06  # missed calls that are returned ÷ missed calls
_SMS_RATIO = 0.03  # missed calls after which an SMS is sent ÷ missed calls
_TALKS = {
    Disposition.CONTACT_PERSON: 55,
    Disposition.CONTACT_HOUSEHOLD: 15,
    Disposition.PROMISE: 15,
    Disposition.CONTACT_THIRD_PARTY: 8,
    Disposition.PAID_ALREADY: 5,
    Disposition.NO_CONVERSATION: 2,
}
_RESULTS = {
    Fate.BUSY: Outcome.BUSY,
    Fate.VOICEMAIL: Disposition.VOICEMAIL,
    Fate.UNALLOCATED: Outcome.INVALID_NUMBER,
}


@dataclass(frozen=True, slots=True)
class PastCall:
    """One record.

    Attributes:
        at: aware, JST.
        direction: as in ``campaigns.importing.history.results``; ``skip`` is a record of another channel.
        digits: national digits; empty when the record doesn't say.
        result: a disposition or outcome; empty when the record doesn't say.
    """

    addressee_no: str
    at: datetime
    direction: str
    digits: str
    result: str


def past_calls(
    people: Sequence[Person], habits: Mapping[E164, Habit], *, months: int, until: date, seed: int
) -> list[PastCall]:
    """The records of `months` months of 30 days that end with `until`, in order of time."""
    system = _FormerSystem([p for p in people if p.phones], habits, until, seed)
    first = until - timedelta(days=30 * months - 1)
    for month in range(months):
        system.month(first + timedelta(days=30 * month))
    return sorted(system.calls, key=lambda call: (call.at, call.addressee_no))


class _FormerSystem:
    def __init__(self, people: Sequence[Person], habits: Mapping[E164, Habit], until: date, seed: int) -> None:
        self.calls: list[PastCall] = []
        self._people = people
        self._habits = habits
        self._until = until
        self._chance = Random(f"past:{seed}")  # noqa: S311  # no secret
        self._population = Population(habits, seed + _PAST_COINS, voicemail_ratio=_VOICEMAIL_RATIO)
        self._calls_of: Counter[str] = Counter()  # by national digits
        self._tries: Counter[str] = Counter()  # by addressee number, over all months

    def month(self, first: date) -> None:
        """Thirty days from `first` on."""
        tried: Counter[str] = Counter()
        reached: set[str] = set()
        sessions = list(self._sessions(first))
        calls = round(len(self._people) * CALLS_PER_MONTH)
        for place, (day, window) in enumerate(sessions):
            here = calls * (place + 1) // len(sessions) - calls * place // len(sessions)
            waiting = [p for p in self._people if p.addressee_no not in reached]
            self._chance.shuffle(waiting)
            waiting.sort(key=lambda p: (tried[p.addressee_no], self._tries[p.addressee_no]))
            for person in waiting[:here]:
                tried[person.addressee_no] += 1
                if self._call(person, day, window):
                    reached.add(person.addressee_no)

    def _sessions(self, first: date) -> Iterator[tuple[date, Window]]:
        days = [first + timedelta(days=n) for n in range(30)]
        weekdays = [day for day in days if day_kind(day, {}) is DayKind.WEEKDAY]
        days_off = [day for day in days if day_kind(day, {}) is DayKind.DAY_OFF]
        chosen = [
            (day, window)
            for window, (count, _, _) in _SESSIONS.items()
            for day in self._spread(days_off if window is Window.WEEKEND else weekdays, count)
        ]
        yield from sorted(chosen)

    @staticmethod
    def _spread(days: Sequence[date], count: int) -> list[date]:
        count = min(count, len(days))
        return [days[len(days) * n // count] for n in range(count)]

    def _call(self, person: Person, day: date, window: Window) -> bool:
        """One call; whether somebody who counts as contact picked up."""
        digits = person.phones[self._tries[person.addressee_no] % len(person.phones)]
        number = E164(f"+81{digits[1:]}")
        self._tries[person.addressee_no] += 1
        plan = self._population.plan(number, self._calls_of[digits], window)
        self._calls_of[digits] += 1
        at = self._moment(day, window)
        if plan.fate is Fate.ANSWERS:
            result = self._chance.choices(list(_TALKS), list(_TALKS.values()))[0]
            self._note(person, at, OUTBOUND, digits, result)
            return result.is_contact
        missed = _RESULTS.get(plan.fate, Outcome.NO_ANSWER)
        self._note(person, at, OUTBOUND, digits, missed)
        if missed in (Outcome.NO_ANSWER, Disposition.VOICEMAIL):
            chance = self._chance.random()
            if chance < _RETURN_RATIO:
                return self._return(person, digits, day)
            if chance < _RETURN_RATIO + _SMS_RATIO:
                self._note(person, at + timedelta(minutes=5), SKIP, digits, "")
        return False

    def _return(self, person: Person, digits: str, day: date) -> bool:
        """The person calls back on the next working day, at an hour in which she is likely to be free."""
        day += timedelta(days=1)
        while day_kind(day, {}) is not DayKind.WEEKDAY:
            day += timedelta(days=1)
        if day > self._until:
            return False
        free = self._habits[E164(f"+81{digits[1:]}")].pick_up
        windows = [Window.WEEKDAY, Window.EVENING]
        window = self._chance.choices(windows, [free[w] + 0.01 for w in windows])[0]
        shown = digits if self._chance.random() < 0.7 else ""
        self._note(person, self._moment(day, window), INBOUND, shown, Disposition.CONTACT_PERSON)
        return True

    def _moment(self, day: date, window: Window) -> datetime:
        _, starts, ends = _SESSIONS[window]
        minute = self._chance.randrange(60 * starts, 60 * ends)
        return datetime.combine(day, time(minute // 60, minute % 60), JST)

    def _note(self, person: Person, at: datetime, direction: str, digits: str, result: str) -> None:
        self.calls.append(PastCall(person.addressee_no, at, direction, digits, result))
