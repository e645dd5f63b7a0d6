"""People who don't exist, with debts, households and numbers, from a seed.

Decides how many have a number (66%: Utsunomiya 2009, facts/pacing.md §2.3), how households share lines and how debts
are spread. Writes no file; ``people_file`` does.

Invariant: the same seed, area code and encoding give the same people, on every day and machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from dialer.simulation.made_up_names import NameMaker
from dialer.simulation.number_plan import NumberPlan

PHONE_KNOWN_RATIO = 0.66
_HOUSEHOLD_SIZES = (1, 1, 1, 1, 1, 2, 2, 3)  # debtors in one household
_LANDLINE_RATIO = 0.5  # of the households in which a number is known
_INSTALMENTS = (1, 2, 2, 3, 3, 4)  # unpaid ones of one notice
_STOP_RATIO = 0.01
_PAID_RATIO = 0.04
_FOREIGN_RATIO = 0.01
_FIRST_LEVY_YEAR, _LAST_LEVY_YEAR = 2023, 2025
_FIRST_DUE_MONTH = 6  # instalments of a levy year are due at the ends of June, July, …
_TOWNS = ("桜台", "緑丘", "中野原", "東浜", "西里", "南江", "北園", "若松", "青葉野", "星見", "月島原", "虹ケ丘")


@dataclass(frozen=True, slots=True)
class Debt:
    """One instalment."""

    kind: int  # index into the debt types that the maker was given
    levy_year: int
    notice_no: str
    instalment: int
    due_on: date
    principal_yen: int
    late_charge_yen: int | None
    paid_on: date | None
    remark: str


@dataclass(frozen=True, slots=True)
class Person:
    """One debtor; `phones` are national digits, the mobile first."""

    addressee_no: str
    household_no: str
    name: str
    kana: str
    postal_code: str
    address: str
    born_on: date
    language: str
    is_stopped: bool
    phones: tuple[str, ...]
    debts: list[Debt] = field(default_factory=list)


class PeopleMaker:
    """Makes households, one after the other.

    Args:
        seed: any integer.
        debt_types: how many there are; the first is the commonest.
        area_code: of the landlines.
        postal_prefix: three digits.
        encoding: characters that it lacks are not used.
        scripted: see ``number_plan``.
    """

    def __init__(
        self, seed: int, *, debt_types: int, area_code: str, postal_prefix: str, encoding: str, scripted: bool
    ) -> None:
        self._random = Random(seed)  # noqa: S311  # made-up people need no secrecy
        self._names = NameMaker(self._random, encoding)
        self._numbers = NumberPlan(self._random, area_code, scripted=scripted)
        self._debt_types = debt_types
        self._postal_prefix = postal_prefix
        self._persons = 0
        self._households = 0
        self._notices = 0

    def people(self, rows: int) -> Iterator[Person]:
        """Persons with `rows` debts in all; the last one's debts are cut to fit."""
        left = rows
        while left > 0:
            for person in self._household():
                del person.debts[left:]
                left -= len(person.debts)
                yield person
                if left <= 0:
                    return

    def _household(self) -> list[Person]:
        random = self._random
        self._households += 1
        surname = self._names.surname()
        town = f"{random.choice(_TOWNS)}{random.randint(1, 8)}丁目{random.randint(1, 40)}番{random.randint(1, 30)}号"
        postal_code = f"{self._postal_prefix}{random.randrange(10_000):04d}"
        landline = self._numbers.landline() if random.random() < _LANDLINE_RATIO else None
        return [
            self._person(surname, town, postal_code, landline)
            for _ in range(random.choice(_HOUSEHOLD_SIZES))
        ]  # fmt: skip

    def _person(self, surname: tuple[str, str], address: str, postal_code: str, landline: str | None) -> Person:
        random = self._random
        self._persons += 1
        given = self._names.given()
        phones: Sequence[str] = ()
        if random.random() < PHONE_KNOWN_RATIO:
            mobile = self._numbers.mobile() if landline is None or random.random() < 0.5 else None
            phones = [number for number in (mobile, landline) if number]
        person = Person(
            addressee_no=f"{self._persons:010d}",
            household_no=f"{self._households:09d}",
            name=f"{surname[0]}\u3000{given[0]}",
            kana=f"{surname[1]}\u3000{given[1]}",
            postal_code=postal_code,
            address=address,
            born_on=date(1935, 1, 1) + timedelta(days=random.randrange(69 * 365)),
            language=random.choice(("ne", "vi")) if random.random() < _FOREIGN_RATIO else "ja",
            is_stopped=random.random() < _STOP_RATIO,
            phones=tuple(phones),
        )
        for kind in self._kinds():
            person.debts.extend(self._debts(kind))
        return person

    def _kinds(self) -> list[int]:
        weights = [1 / (i + 1) for i in range(self._debt_types)]
        count = 1 if self._random.random() < 0.8 else 2
        return sorted(set(self._random.choices(range(self._debt_types), weights, k=count)))

    def _debts(self, kind: int) -> Iterator[Debt]:
        random = self._random
        self._notices += 1
        levy_year = random.randint(_FIRST_LEVY_YEAR, _LAST_LEVY_YEAR)
        first = random.randint(1, 8)
        amount = random.randint(8, 400) * 100
        for instalment in range(first, min(first + random.choice(_INSTALMENTS), 11)):
            due_on = _month_end(levy_year, _FIRST_DUE_MONTH - 1 + instalment)
            yield Debt(
                kind=kind,
                levy_year=levy_year,
                notice_no=f"{levy_year % 100:02d}{self._notices:08d}",
                instalment=instalment,
                due_on=due_on,
                principal_yen=amount,
                late_charge_yen=random.randint(1, 20) * 100 if random.random() < 0.3 else None,
                paid_on=due_on + timedelta(days=random.randint(1, 20)) if random.random() < _PAID_RATIO else None,
                remark="分納中" if random.random() < 0.02 else "",
            )


def _month_end(year: int, month: int) -> date:
    years, month0 = divmod(month - 1, 12)
    following = date(year + years + (month0 == 11), (month0 + 1) % 12 + 1, 1)
    return following - timedelta(days=1)
