"""The chance that a line is still not reached after so many further misses in each kind of hour.

The future of a line that matters for this month is a row of misses that ends with the first contact. So whatever is
planned for it can be judged by one table: S(a, b, c) = chance that a further weekday, b evening and c weekend calls are
all in vain = Σ over sorts of posterior × Π (1 − p)^calls. Learning from those misses is in it: the chance that the next
call is picked up is 1 − S(n + 1)/S(n), which falls with every miss.

Invariant: S(0, 0, 0) = 1; S never grows with more calls. One column is one line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaigns.learning.evidence import Floats, Ints
from campaigns.learning.horizon import Caps

Singles = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Survival:
    """The table of n lines.

    Args:
        caps: most further calls to one line that the table goes to, by kind of hour.
        table: (cells, n); cell of (a, b, c) is (a · (caps[1] + 1) + b) · (caps[2] + 1) + c.
    """

    caps: Caps
    table: Singles

    def __len__(self) -> int:
        return int(self.table.shape[1])

    @property
    def block(self) -> Singles:
        """The table as (a, b, c, n), by further calls in each kind of hour."""
        a, b, c = self.caps
        return self.table.reshape(a + 1, b + 1, c + 1, len(self))

    def sample(self, lines: slice | Ints) -> Survival:
        """The same for some of the lines."""
        return Survival(self.caps, np.ascontiguousarray(self.table[:, lines]))


def cells(caps: Caps) -> Ints:
    """(cells, 3) the numbers of further calls that each cell stands for."""
    a, b, c = np.meshgrid(*(np.arange(cap + 1) for cap in caps), indexing="ij")
    return np.column_stack([a.ravel(), b.ravel(), c.ravel()])


def of_posterior(posterior: Floats, sorts: Floats, caps: Caps) -> Survival:
    """The table of lines of which it is known how probably they are of each sort.

    Args:
        posterior: (n, K).
        sorts: (K, 3) pick-up probabilities.
        caps: most further calls by kind of hour, ≥ 0.
    """
    in_vain = np.exp(cells(caps) @ np.log1p(-sorts).T)  # (cells, K)
    return Survival(caps, in_vain.astype(np.float32) @ posterior.T.astype(np.float32))


def of_probabilities(pick_up: Floats, caps: Caps) -> Survival:
    """The table of lines whose pick-up probabilities (n, 3) are known for sure: what an oracle would use."""
    silent = np.log1p(-np.minimum(pick_up, 1 - 1e-9))
    return Survival(caps, np.exp(cells(caps) @ silent.T).astype(np.float32))
