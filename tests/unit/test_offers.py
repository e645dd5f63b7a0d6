"""The carrier's book counts what came, and forgets no violation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from campaigns.model import E164
from dialer.simulation.offers import OfferBook, to_e164

A, B = E164("+819000000001"), E164("+819000000002")
T0 = datetime(2026, 11, 20, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def test_calls_one_after_the_other_are_no_violation() -> None:
    """Counts add up, per number too."""
    book = OfferBook()
    book.offered("1", A, "c", at(0))
    book.answered("1", at(1))
    book.ended("1", 16, at(2))
    book.offered("2", A, "c", at(2))
    book.offered("3", B, "c", at(2))
    assert (book.offered_count, book.answered_count, book.open_count, book.overlaps) == (3, 1, 2, [])
    assert book.per_number() == {A: 2, B: 1}
    assert [offer.uniqueid for offer in book.of(A)] == ["1", "2"]


def test_a_second_call_while_the_first_is_up_is_kept_as_an_overlap() -> None:
    """Ringing counts as up."""
    book = OfferBook()
    book.offered("1", A, "c", at(0))
    book.offered("2", A, "c", at(1))
    assert [(o.first, o.second, o.at) for o in book.overlaps] == [("1", "2", at(1))]


def test_events_of_other_channels_are_ignored() -> None:
    """Telephones and ring-backs pass the same carrier."""
    book = OfferBook()
    book.answered("x", at(0))
    assert book.ended("x", 16, at(1)) is None
    assert book.offered_count == 0


def test_the_first_answer_and_the_first_end_count() -> None:
    """A repeated event changes nothing."""
    book = OfferBook()
    book.offered("1", A, "c", at(0))
    for second in (1, 5):
        book.answered("1", at(second))
        book.ended("1", 10 + second, at(second + 1))
    (offer,) = book.of(A)
    assert (offer.answered_at, offer.ended_at, offer.cause) == (at(1), at(2), 11)


def test_after_a_gap_only_what_is_still_there_is_open() -> None:
    """Calls that ended while nobody listened ended by an unknown cause."""
    book = OfferBook()
    book.offered("1", A, "c", at(0))
    book.offered("2", B, "c", at(0))
    book.lost_all_but({"2"}, at(9))
    assert (book.of(A)[0].ended_at, book.of(A)[0].cause, book.of(B)[0].ended_at) == (at(9), None, None)


def test_a_book_shows_no_number_in_a_log() -> None:
    """`repr` goes into failure messages."""
    book = OfferBook()
    book.offered("1", A, "+81250000000", at(0))
    assert "9000000001" not in repr(book.of(A)[0])
    assert "250000000" not in repr(book.of(A)[0])


@pytest.mark.parametrize("dialled", ["09000000001", "+819000000001"])
def test_national_and_international_numbers_are_one(dialled: str) -> None:
    """As a Japanese carrier takes them."""
    assert to_e164(dialled) == A


@pytest.mark.parametrize("dialled", ["", "s", "phone-2001", "110", "+", "+81x"])
def test_what_is_no_number_is_none(dialled: str) -> None:
    """Extensions of telephones, emergency numbers."""
    with pytest.raises(ValueError, match="not a dialled number"):
        to_e164(dialled)
