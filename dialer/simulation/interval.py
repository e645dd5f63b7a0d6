"""How sure a mean over seeds is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# Student's t, two-sided 95 %, by degrees of freedom 1 to 30; beyond that 1.96
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


def half_width(sample: npt.NDArray[np.float64]) -> float | None:
    """Half the width of the 95 % confidence interval of a mean; None for a single figure.

    Args:
        sample: (seeds,) figures of independent runs.
    """
    n = len(sample)
    if n < 2:
        return None
    t = _T[n - 2] if n - 2 < len(_T) else 1.96
    return float(t * sample.std(ddof=1) / np.sqrt(n))
