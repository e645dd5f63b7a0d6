"""The carrier's own book of calls: what it was offered, what was answered, and what should never happen.

Pure: events in, numbers out. Tests compare it with the engine's rows; it is kept from the carrier's side
of the line, so a mistake in the engine's counting can't hide in it.

Invariant: two calls to one number at a time are a violation of the engine's rules (CALL-7, CALL-8) and are
kept in `overlaps`, never dropped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.model import E164


@dataclass(slots=True)
class Offer:
    """One call that reached the carrier.

    Attributes:
        caller: the number that was shown, as it came.
        cause: Q.850 cause at the end.
    """

    uniqueid: str
    number: E164 = field(repr=False)
    caller: str = field(repr=False)
    offered_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None


@dataclass(slots=True)
class RingBack:
    """One call that a simulated person placed to us."""

    uniqueid: str
    number: E164 = field(repr=False)  # whose call it is
    placed_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: int | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """A call to a number that had one already."""

    first: str  # uniqueid of the call that was there
    second: str
    at: datetime


class OfferBook:
    """All calls of one run, by channel and by number."""

    def __init__(self) -> None:
        self.calls: dict[str, Offer] = {}
        self.overlaps: list[Overlap] = []
        self._of_number: dict[E164, list[Offer]] = defaultdict(list)

    # --- what happened -------------------------------------------------------------------------------

    def offered(self, uniqueid: str, number: E164, caller: str, at: datetime) -> None:
        """An INVITE came in."""
        before = self._of_number[number]
        self.overlaps.extend(Overlap(call.uniqueid, uniqueid, at) for call in before if call.ended_at is None)
        offer = Offer(uniqueid, number, caller, at)
        before.append(offer)
        self.calls[uniqueid] = offer

    def answered(self, uniqueid: str, at: datetime) -> None:
        """The callee picked up. Channels that are no offers are ignored."""
        offer = self.calls.get(uniqueid)
        if offer is not None and offer.answered_at is None:
            offer.answered_at = at

    def ended(self, uniqueid: str, cause: int, at: datetime) -> Offer | None:
        """The call is over; returns it, or None when the channel was no offer."""
        offer = self.calls.get(uniqueid)
        if offer is not None and offer.ended_at is None:
            offer.ended_at, offer.cause = at, cause
        return offer

    def lost_all_but(self, here: Collection[str], at: datetime) -> None:
        """Calls whose channels are not among `here` ended while nobody listened, by an unknown cause."""
        for offer in self.calls.values():
            if offer.ended_at is None and offer.uniqueid not in here:
                offer.ended_at = at

    # --- what it adds up to --------------------------------------------------------------------------

    def of(self, number: E164) -> list[Offer]:
        """The calls to one number, oldest first."""
        return list(self._of_number.get(number, ()))

    @property
    def offered_count(self) -> int:
        return len(self.calls)

    @property
    def answered_count(self) -> int:
        return sum(1 for offer in self.calls.values() if offer.answered_at is not None)

    @property
    def open_count(self) -> int:
        """Calls that ring or talk now."""
        return sum(1 for offer in self.calls.values() if offer.ended_at is None)

    def per_number(self) -> Counter[E164]:
        """Calls by number."""
        return Counter({number: len(calls) for number, calls in self._of_number.items() if calls})


def to_e164(dialled: str) -> E164:
    """``09012345678`` or ``+819012345678`` as it arrives at a Japanese carrier → E.164.

    Raises:
        ValueError: it is neither.
    """
    digits = dialled.removeprefix("+")
    if not digits.isdigit() or len(digits) < 2:
        raise ValueError("not a dialled number")
    if dialled.startswith("+"):
        return E164(dialled)
    if digits.startswith("0"):
        return E164("+81" + digits[1:])
    raise ValueError("not a dialled number")
