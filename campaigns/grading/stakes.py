"""What a contact with each person is worth, by the weights that the supervisor sets (pure).

1 for everybody when all weights are 0: then contacts are counted, which is what the contact rate does (CR-1). A weight
of 1 makes the one who has the mark in full worth twice as much.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaigns.campaign import Choosing
from campaigns.grading.people import People

_OLD_DAYS = 365.0  # a debt overdue for a year or more is fully old


def stakes(
    choosing: Choosing,
    *,
    never_called: NDArray[np.bool_],
    promise_broken: NDArray[np.bool_],
    yen: NDArray[np.float64],
    overdue_days: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(n,) what a contact is worth, ≥ 1.

    Args:
        never_called: (n,) no attempt ever reached this person's telephone.
        promise_broken: (n,) a promise was broken and nobody has talked to this person since.
        yen: (n,) principal owed, ≥ 0; its logarithm counts, the largest on the list in full.
        overdue_days: (n,) days since the oldest due date, ≥ 0; a year in full.
    """
    amount = np.log1p(yen)
    amount = amount / max(float(amount.max(initial=0.0)), 1.0)
    result: NDArray[np.float64] = (
        1.0
        + choosing.weight_new * never_called
        + choosing.weight_broken * promise_broken
        + choosing.weight_amount * amount
        + choosing.weight_age * np.clip(overdue_days / _OLD_DAYS, 0.0, 1.0)
    )
    return result


def stakes_of(choosing: Choosing, people: People) -> NDArray[np.float64]:
    """(n,) the same for people as they were read."""
    return stakes(
        choosing,
        never_called=people.never_called,
        promise_broken=people.promise_broken,
        yen=people.yen,
        overdue_days=people.overdue_days,
    )
