"""Results told: utilisation and abandonment with 95% confidence intervals, and the share of the agent-oracle's.

Intervals are Student's over the seeds, paired for differences, since all dialers had the same calls. The share is a
dialer's mean utilisation over that of the agent-oracle; a dialer that abandons more than the target is told so, since
its utilisation is bought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.box import SIMPLE_HEAD
from rich.table import Table

from dialer.simulation.interval import half_width
from dialer.simulation.pacing.contestants import CONTESTANTS, ORACLE, OURS, TARGET
from dialer.simulation.pacing.experiment import Standing
from dialer.simulation.pacing.scenario_file import Scenario


@dataclass(frozen=True, slots=True)
class Result:
    """All dialers in one scenario."""

    scenario: Scenario
    standings: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One dialer in one scenario.

    Args:
        scenario, policy: names.
        choice: the figure that was chosen with hindsight; None = it has none.
        utilisation, abandonment: means over the seeds, 0..1.
        utilisation_ci, abandonment_ci: half widths of their 95% intervals; None with one seed.
        keeps_target: mean abandonment is at most the target.
        of_oracle: utilisation over the agent-oracle's; None when that wasn't run.
        ours_over: mean paired difference of our utilisation from this one's, with `ours_over_ci`; None likewise.
    """

    scenario: str
    policy: str
    choice: float | None
    utilisation: float
    utilisation_ci: float | None
    abandonment: float
    abandonment_ci: float | None
    keeps_target: bool
    of_oracle: float | None
    ours_over: float | None
    ours_over_ci: float | None


def lines(result: Result) -> list[Line]:
    """A line for each dialer, in the order in which they were run."""
    by_name = {one.name: one for one in result.standings}
    oracle, ours = by_name.get(ORACLE), by_name.get(OURS)
    return [_line(result.scenario.name, one, oracle, ours) for one in result.standings]


def _line(scenario: str, one: Standing, oracle: Standing | None, ours: Standing | None) -> Line:
    mean = float(one.utilisation.mean())
    ahead = None if ours is None else ours.utilisation - one.utilisation
    return Line(
        scenario=scenario,
        policy=one.name,
        choice=one.choice,
        utilisation=mean,
        utilisation_ci=half_width(one.utilisation),
        abandonment=float(one.abandonment.mean()),
        abandonment_ci=half_width(one.abandonment),
        keeps_target=one.keeps_target,
        of_oracle=None if oracle is None else mean / float(oracle.utilisation.mean()),
        ours_over=None if ahead is None else float(ahead.mean()),
        ours_over_ci=None if ahead is None else half_width(ahead),
    )


def as_json(results: Sequence[Result]) -> dict[str, object]:
    """Everything as plain values."""
    return {
        "target": TARGET,
        "scenarios": {one.scenario.name: one.scenario.note for one in results},
        "lines": [asdict(line) for result in results for line in lines(result)],
    }


def as_table(result: Result) -> Table:
    """One scenario for the screen."""
    table = Table(
        box=SIMPLE_HEAD,
        title=f"{result.scenario.name}: {result.scenario.note}",
        caption=f"* more than {TARGET:.0%} abandoned",
    )
    table.add_column("dialer")
    for heading in ("utilisation", "abandoned %", "of oracle", "ours over"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in lines(result):
        chosen = "" if line.choice is None else f" ({line.choice:g})"
        table.add_row(
            CONTESTANTS[line.policy].label + chosen,
            _with(f"{line.utilisation:.3f}", line.utilisation_ci, ".3f"),
            _abandoned(line),
            "–" if line.of_oracle is None else f"{line.of_oracle:.3f}",
            "–" if line.ours_over is None or line.policy == OURS else f"{line.ours_over:+.3f}",
        )
    return table


def _abandoned(line: Line) -> str:
    half = None if line.abandonment_ci is None else 100 * line.abandonment_ci
    return _with(f"{100 * line.abandonment:.2f}", half, ".2f") + (" " if line.keeps_target else "*")


def _with(figure: str, half: float | None, how: str) -> str:
    return figure if half is None else f"{figure} ± {half:{how}}"
