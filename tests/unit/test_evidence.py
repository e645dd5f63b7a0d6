"""What an outcome teaches about the hour."""

from __future__ import annotations

import pytest

from campaigns.evidence import seen_in
from campaigns.model import Outcome


@pytest.mark.parametrize("outcome", Outcome)
def test_an_outcome_is_one_hit_or_one_miss_or_says_nothing(outcome: Outcome) -> None:
    """Picked up, by whomever and whoever took the call then; rang in vain; or the telephone did not ring."""
    learnt = seen_in(outcome)
    picked_up = {Outcome.ANSWERED, Outcome.ABANDONED, Outcome.HUNG_UP_EARLY}
    rang = {Outcome.NO_ANSWER, Outcome.MACHINE, Outcome.REJECTED}
    assert learnt == ((1.0, 0.0) if outcome in picked_up else (0.0, 1.0) if outcome in rang else None)
