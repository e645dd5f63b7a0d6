"""People for the bench: one household, one number and one overdue debt each, the number's last digits scripted.

Decides which numbers of the made-up ranges (``dialer/simulation/number_plan.py``) are used: each person's can be called
at once and independently of all others, so that nothing but the engine bounds the rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice

from dialer.simulation.people import Debt, Person

_HEADS = [
    f"{prefix}000{digit}{thousands}"
    for prefix in ("090", "070", "060")
    for digit in range(10)
    for thousands in range(10)
]
_LANDLINE_HEADS = [f"02500{digit}{thousands}" for digit in range(10) for thousands in range(10)]

ANSWERS_AT_ONCE = ("100", "101", "102")
"""Rings 0 s, talks 5 s: thirty times as many answers as thirty agents of a city ever have."""
TALKS_UNTIL_HUNG_UP = ("900", "901", "902")
BUSY = tuple(f"{hundreds}{tens}3" for hundreds in range(10) for tens in range(10))
NOBODY_ANSWERS = tuple(f"{hundreds}{tens}4" for hundreds in range(10) for tens in range(10))
MIXED = tuple(f"{talk}{ring}{outcome}" for talk in range(3) for ring in range(5) for outcome in range(10))
"""Every outcome, talks of 2 to 10 s, 0 to 4 s of ringing."""


def scripted_people(count: int, endings: Sequence[str], *, kind: int = 0) -> list[Person]:
    """`count` people whose numbers end with one of `endings` (three digits each, docs/asterisk.md).

    Args:
        kind: index of their debts' type; people of different kinds are different people.

    Raises:
        ValueError: there are fewer made-up numbers with those endings.
    """
    people = [_person(n, kind, number) for n, number in enumerate(islice(_numbers(endings), count))]
    if len(people) < count:
        raise ValueError(f"only {len(people)} made-up numbers have these endings")
    return people


def _numbers(endings: Sequence[str]) -> Iterator[str]:
    for head in (*_HEADS, *_LANDLINE_HEADS):
        for ending in endings:
            yield head + ending


def _person(n: int, kind: int, number: str) -> Person:
    identity = f"{kind}{n:08d}"
    debt = Debt(
        kind=kind,
        levy_year=2025,
        notice_no=f"25{identity}",
        instalment=1,
        due_on=date(2025, 6, 30),
        principal_yen=12_000,
        late_charge_yen=None,
        paid_on=None,
        remark="",
    )
    return Person(
        addressee_no=f"0{identity}",
        household_no=identity,
        name=f"見本\u3000{n:05d}",
        kana="ミホン",
        postal_code="9500000",
        address="見本町1丁目1番1号",
        born_on=date(1970, 1, 1),
        language="ja",
        is_stopped=False,
        phones=(number,),
        debts=[debt],
    )
