"""Telephone numbers of people who don't exist, all in ranges that belong to nobody.

Mobiles are 090, 070 or 060 with 000x-xxxx, landlines an area code with 00x-xxxx. (080-0… would be 0800, free of
charge.) Numbers are distinct; the same seed gives the same ones.

With a script, the last three digits "abc" tell the simulated carrier what to do: c the outcome, b the seconds of
ringing, a the length of the talk (docs/asterisk.md).
"""

from __future__ import annotations

from random import Random

_MOBILE_PREFIXES = ("090", "070", "060")
_TAILS = 10_000
_STEP = 7919  # a prime that divides no range below: walks each range once, in an order that looks random

# Weight of the carrier's outcome digit c: answers 0–2, busy, no answer, unallocated, voicemail, congestion, rejected,
# hangs up at once. About the first-call shares of facts/pacing.md §1.2 and §2.3.
_OUTCOMES = {"0": 15, "1": 14, "2": 14, "3": 5, "4": 33, "5": 2, "6": 12, "7": 1, "8": 2, "9": 2}
_RING_DIGITS = "012345"
_TALK_DIGITS = "00112234"


class NumberPlan:
    """Hands out numbers, each once.

    Args:
        random: decides where each range begins, and the script.
        area_code: with the leading 0, for example ``025``.
        scripted: the last three digits are chosen for the carrier's script.
    """

    def __init__(self, random: Random, area_code: str, *, scripted: bool) -> None:
        self._random = random
        self._scripted = scripted
        digits = 6 - len(area_code)  # of the exchange; the landline has ten digits in all
        self._mobile = _Range(random, [f"{p}000{x}" for p in _MOBILE_PREFIXES for x in range(10)])
        self._landline = _Range(random, [f"{area_code}{x:0{digits}d}" for x in range(min(10, 10**digits))])
        self.area_code = area_code

    def mobile(self) -> str:
        """Eleven digits, for example 09000001234."""
        return self._mobile.take(self._script())

    def landline(self) -> str:
        """Ten digits, for example 0250001234."""
        return self._landline.take(self._script())

    def _script(self) -> str:
        if not self._scripted:
            return ""
        outcome = self._random.choices(list(_OUTCOMES), list(_OUTCOMES.values()))[0]
        return self._random.choice(_TALK_DIGITS) + self._random.choice(_RING_DIGITS) + outcome


class _Range:
    """All numbers that begin with one of `heads` and have four digits more."""

    def __init__(self, random: Random, heads: list[str]) -> None:
        self._heads = heads
        self._size = len(heads) * _TAILS
        self._start = random.randrange(self._size)
        self._taken: set[int] = set()
        self._walked = 0
        self._by_ending: dict[str, int] = {}

    def take(self, ending: str) -> str:
        """A free number, one that ends with `ending` while there is any.

        Raises:
            ValueError: every number of the range is taken.
        """
        index = self._with_ending(ending) if ending else None
        while index is None or index in self._taken:
            if self._walked >= self._size:
                raise ValueError("the made-up number range is used up: ask for fewer rows")
            index = (self._start + self._walked * _STEP) % self._size
            self._walked += 1
        self._taken.add(index)
        return f"{self._heads[index // _TAILS]}{index % _TAILS:04d}"

    def _with_ending(self, ending: str) -> int | None:
        endings: int = 10 ** len(ending)
        step = self._by_ending.get(ending, 0)
        while step < self._size // endings:
            index = step * endings + int(ending)
            step += 1
            if index not in self._taken:
                self._by_ending[ending] = step
                return index
        self._by_ending[ending] = step
        return None
