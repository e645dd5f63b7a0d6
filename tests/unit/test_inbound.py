"""Where a call that comes in goes, and who calls: decided from plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from agi.questions import Prompt
from campaigns.callers import Holder, KnownCaller, dialled_number, whose_number
from dialer.calls.inbound import Desk, Route, route
from dialer.line import call_id_of

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
TAX, CARE, SHUT = Desk(1, "tax", True), Desk(2, "care", True), Desk(3, "night", False)


@pytest.mark.parametrize(
    ("desks", "known", "expected"),
    [
        ([], None, Prompt.CLOSED),  # a debt type for which nobody works
        ([SHUT], None, Prompt.CLOSED),
        ([SHUT], KnownCaller(7, 3), Prompt.CLOSED),
        ([TAX], None, Route(1, "tax", ("tax",))),
        ([TAX, CARE], None, Route(1, "tax", ("care", "tax"))),
        ([TAX, CARE], KnownCaller(7, 2), Route(2, "care", ("care", "tax"))),
        ([TAX, CARE], KnownCaller(7, None), Route(1, "tax", ("care", "tax"))),
        ([TAX, SHUT], KnownCaller(7, 3), Route(1, "tax", ("tax",))),  # its own desk is closed, another is not
    ],
)
def test_a_call_goes_to_the_open_desks_behind_its_number(
    desks: list[Desk], known: KnownCaller | None, expected: Route | Prompt
) -> None:
    """Agents of every open campaign; the campaign is the one in which the person was called last."""
    assert route(desks, known) == expected


def test_a_shared_number_is_whose_we_called_on_it_last() -> None:
    """Several who were never called, or nobody: it is not known who calls."""
    yesterday = NOW - timedelta(days=1)
    assert whose_number([Holder(1, yesterday), Holder(2, NOW), Holder(3, None)]) == 2
    assert whose_number([Holder(1, None), Holder(2, yesterday)]) == 2
    assert whose_number([Holder(4, None)]) == 4
    assert whose_number([Holder(4, None), Holder(5, None)]) is None
    assert whose_number([]) is None


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("+81250000001", "+81250000001"),
        ("0250000001", "+81250000001"),
        ("81250000001", "+81250000001"),
        ("0120000001", "+81120000001"),  # a free-phone number can be ours
        ("s", None),
        ("anonymous", None),
        ("110", None),
        ("", None),
    ],
)
def test_the_dialled_number_is_read_as_trunks_write_it(written: str, expected: str | None) -> None:
    """The same number in each of the three ways."""
    assert dialled_number(written) == expected


def test_a_channels_call_is_found_again_by_its_name() -> None:
    """After a crash the same channel has the same call; an attempt's channel has the attempt's own id."""
    attempt = "4f8e6a52-0000-4000-8000-000000000001"
    assert call_id_of(attempt) == UUID(attempt)
    assert call_id_of("1795210673.12") == call_id_of("1795210673.12")
    assert call_id_of("1795210673.12") != call_id_of("1795210673.13")
