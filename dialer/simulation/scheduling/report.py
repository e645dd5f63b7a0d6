"""Results told: contact rates with 95 % confidence intervals, paired differences, the share of the way that is won.

The share of the way is (policy − rotation) ÷ (oracle − rotation), of the means over the seeds; where oracle and
rotation differ by less than `NOTHING_TO_WIN` it isn't told. It is told against both oracles: the one with the best
plan for the month, and the plain one, which calls the highest probability now. Intervals are Student's over the seeds,
paired for differences, since all policies had the same towns and the same luck.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.table import Table

from dialer.simulation.interval import half_width
from dialer.simulation.scheduling.experiment import BASELINE, BEST, PLAIN_BEST, Result

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
        share_plain: of the way from rotation to the plain oracle; None likewise.
    """

    population: str
    policy: str
    contact_rate: float
    contact_rate_ci: float | None
    over_rotation: float
    over_rotation_ci: float | None
    share: float | None
    share_plain: float | None


def lines(result: Result) -> list[Line]:
    """A line for each policy, in the order in which they were asked for."""
    base = result.rates[BASELINE]
    return [
        Line(
            population=result.population,
            policy=name,
            contact_rate=float(rates.mean()),
            contact_rate_ci=half_width(rates),
            over_rotation=float((rates - base).mean()),
            over_rotation_ci=half_width(rates - base),
            share=_share(result, name, BEST),
            share_plain=_share(result, name, PLAIN_BEST),
        )
        for name, rates in result.rates.items()
    ]


def _share(result: Result, name: str, best: str) -> float | None:
    """Share of the way from rotation to the policy `best` that the policy `name` won."""
    base = result.rates[BASELINE].mean()
    way = float(result.rates[best].mean() - base)
    return float(result.rates[name].mean() - base) / way if way >= NOTHING_TO_WIN else None


def mean_shares(results: Sequence[Result]) -> dict[str, float]:
    """Mean over the populations of each policy's share, where there is something to win."""
    return _means((line.policy, line.share) for result in results for line in lines(result))


def mean_shares_plain(results: Sequence[Result]) -> dict[str, float]:
    """The same of the way to the plain oracle."""
    return _means((line.policy, line.share_plain) for result in results for line in lines(result))


def _means(told: Iterable[tuple[str, float | None]]) -> dict[str, float]:
    shares: dict[str, list[float]] = {}
    for policy, share in told:
        if share is not None:
            shares.setdefault(policy, []).append(share)
    return {policy: float(np.mean(of)) for policy, of in shares.items()}


def as_json(results: Sequence[Result]) -> dict[str, object]:
    """Everything as plain values."""
    return {
        "lines": [asdict(line) for result in results for line in lines(result)],
        "bounds": {result.population: float(result.bound.mean()) for result in results},
        "bounds_informed": {result.population: float(result.bound_informed.mean()) for result in results},
        "mean_shares": mean_shares(results),
        "mean_shares_plain": mean_shares_plain(results),
    }


def as_table(result: Result) -> Table:
    """One population for the screen."""
    bounds = f"{result.bound.mean():.3f}, without the truth about {result.bound_informed.mean():.3f}"
    title = f"{result.population} (bound {bounds})"
    table = Table("policy", "contact rate", "over rotation", "share of the way", "to the plain oracle", title=title)
    for line in lines(result):
        table.add_row(
            line.policy,
            _with(f"{line.contact_rate:.3f}", line.contact_rate_ci),
            _with(f"{line.over_rotation:+.3f}", line.over_rotation_ci),
            _told(line.share),
            _told(line.share_plain),
        )
    return table


def _told(share: float | None) -> str:
    return "–" if share is None else f"{share:+.2f}"


def _with(figure: str, half: float | None) -> str:
    return figure if half is None else f"{figure} ± {half:.3f}"
