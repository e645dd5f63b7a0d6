"""Values as whole numbers 0..1000, which an index of the database can be walked by.

What matters for the order of a list is how much a value lies above or below the price of the kind of hour, and most
people of a big list lie close to it, some thousandths of a contact apart. So the scale is fine there and coarse far
away: grade = 500 + 500 · asinh((value − price) / 0.002) / asinh(500), values and prices in mean stakes.

Invariant: a greater value never has a lower grade; 0 is kept for those who can't be called in the kind of hour.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from campaigns.learning.evidence import Floats

HIGHEST = 1000
_MIDDLE, _FINE, _FAR = 500, 0.002, 500.0


def of_values(values: Floats, prices: Floats, mean_stake: float = 1.0) -> NDArray[np.int16]:
    """(n, 3) grades: 500 = worth its price, more above; 0 = no call possible.

    Args:
        values: (n, 3) of ``worth.values_at``, −inf where no call is possible.
        prices: (3,) of the same prices that the values were found at.
        mean_stake: unit of both, > 0.
    """
    above = (values - prices) / (mean_stake * _FINE)
    grades = np.rint(_MIDDLE + _MIDDLE * np.arcsinh(above) / np.arcsinh(_FAR)).clip(1, HIGHEST)
    return np.where(np.isneginf(values), 0, grades).astype(np.int16)
