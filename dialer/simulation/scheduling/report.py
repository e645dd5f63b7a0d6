"""Results told: contact rates with 95 % confidence intervals, paired differences, the share of the way that is won.

The share of the way is (policy − rotation) ÷ (oracle − rotation), of the means over the seeds; where oracle and
rotation differ by less than `NOTHING_TO_WIN` it isn't told. Intervals are Student's over the seeds, paired for
differences, since all policies had the same towns and the same luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.table import Table

from dialer.simulation.interval import half_width
from dialer.simulation.scheduling.experiment import BASELINE, BEST, Result

NOTHING_TO_WIN = 0.02
"""Difference of contact rates below which there is no way to win a share of."""


@dataclass(frozen=True, slots=True)
class Line:
    """One policy on one population.

    Args:
        population, policy: names.
        contact_rate: mean over the seeds, 0..1.
        contact_rate_ci: half width of its 95 % interval; None with one seed.
        over_rotation: mean difference from rotation, with `over_rotation_ci` likewise, paired.
        share: of the way from rotation to the oracle; None where there is nothing to win.
    """

    population: str
    policy: str
    contact_rate: float
    contact_rate_ci: float | None
    over_rotation: float
    over_rotation_ci: float | None
    share: float | None


def lines(result: Result) -> list[Line]:
    """A line for each policy, in the order in which they were asked for."""
    base, best = result.rates[BASELINE], result.rates[BEST]
    way = float(best.mean() - base.mean())
    return [
        Line(
            population=result.population,
            policy=name,
            contact_rate=float(rates.mean()),
            contact_rate_ci=half_width(rates),
            over_rotation=float((rates - base).mean()),
            over_rotation_ci=half_width(rates - base),
            share=float((rates - base).mean()) / way if way >= NOTHING_TO_WIN else None,
        )
        for name, rates in result.rates.items()
    ]


def mean_shares(results: Sequence[Result]) -> dict[str, float]:
    """Mean over the populations of each policy's share, where there is something to win."""
    told: dict[str, list[float]] = {}
    for result in results:
        for line in lines(result):
            if line.share is not None:
                told.setdefault(line.policy, []).append(line.share)
    return {policy: float(np.mean(shares)) for policy, shares in told.items()}


def as_json(results: Sequence[Result]) -> dict[str, object]:
    """Everything as plain values."""
    return {
        "lines": [asdict(line) for result in results for line in lines(result)],
        "bounds": {result.population: float(result.bound.mean()) for result in results},
        "bounds_informed": {result.population: float(result.bound_informed.mean()) for result in results},
        "mean_shares": mean_shares(results),
    }


def as_table(result: Result) -> Table:
    """One population for the screen."""
    bounds = f"{result.bound.mean():.3f}, without the truth about {result.bound_informed.mean():.3f}"
    title = f"{result.population} (bound {bounds})"
    table = Table("policy", "contact rate", "over rotation", "share of the way", title=title)
    for line in lines(result):
        share = "–" if line.share is None else f"{line.share:+.2f}"
        table.add_row(
            line.policy,
            _with(f"{line.contact_rate:.3f}", line.contact_rate_ci),
            _with(f"{line.over_rotation:+.3f}", line.over_rotation_ci),
            share,
        )
    return table


def _with(figure: str, half: float | None) -> str:
    return figure if half is None else f"{figure} ± {half:.3f}"
