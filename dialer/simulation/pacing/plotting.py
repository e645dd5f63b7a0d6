"""Pictures, as SVG. Of each scenario: utilisation against abandonment, each dialer a point with its intervals.
Of one dialer: the course of its first minutes.

Decides how it looks. Whoever abandons more than the picture is wide stands at its right edge with the figure written
beside. The same results give the same bytes. Needs matplotlib (extra `plots`); nothing else does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dialer.simulation.pacing.contestants import CONTESTANTS, ORACLE, OURS, TARGET
from dialer.simulation.pacing.course import course_of
from dialer.simulation.pacing.experiment import Standing
from dialer.simulation.pacing.report import Line, Result, lines
from dialer.simulation.pacing.scenario_file import Scenario

_WIDEST = 0.04
"""Abandonment at the right edge, 0..1."""
_COLOURS = {OURS: "#b3261e", ORACLE: "#1f5fa8", "clairvoyant": "#1f5fa8"}
_OTHERS = "#555555"
_APART = 0.032
"""Least distance of two labels, in heights of the picture."""


def save(result: Result, folder: Path) -> Path:
    """Write ``<scenario>.svg`` into a folder that is there.

    Raises:
        OSError: it can't be written.
    """
    with _style():
        figure = Figure(figsize=(8.0, 5.5), layout="constrained")
        axes = figure.add_subplot()
        told = lines(result)
        for line in told:
            _point(axes, line)
        _frame(axes, told)
        _labels(axes, told)
        axes.set_title(f"{result.scenario.name}: {result.scenario.note}", loc="left", fontsize=10)
        return _write(figure, folder / f"{result.scenario.name}.svg")


def save_course(scenario: Scenario, standing: Standing, folder: Path) -> Path:
    """Write ``<scenario>-<dialer>.svg``: ready agents and ringing calls in the first minutes of the first run.

    Raises:
        OSError: it can't be written.
    """
    contestant = CONTESTANTS[standing.name]
    course = course_of(scenario, contestant.make(scenario, standing.choice or 0.0))
    with _style():
        figure = Figure(figsize=(8.0, 3.5), layout="constrained")
        axes = figure.add_subplot()
        minutes = [at_s / 60.0 for at_s in course.at_s]
        axes.step(minutes, course.ringing, where="post", color=_OTHERS, linewidth=0.8, label="ringing calls")
        axes.step(minutes, course.ready, where="post", color=_COLOURS[OURS], linewidth=1.0, label="ready agents")
        axes.set(xlabel="minute", xlim=(0.0, None), ylim=(0.0, None))
        axes.set_title(f"{scenario.name}: {contestant.label}", loc="left", fontsize=10)
        axes.legend(frameon=False, loc="upper right")
        return _write(figure, folder / f"{scenario.name}-{standing.name}.svg")


def _point(axes: Axes, line: Line) -> None:
    beyond = line.abandonment > _WIDEST
    at, half = min(line.abandonment, _WIDEST), line.abandonment_ci or 0.0
    within = [[100 * min(half, at)], [100 * min(half, _WIDEST - at)]]
    axes.errorbar(
        100 * at,
        line.utilisation,
        xerr=None if beyond else within,
        yerr=line.utilisation_ci or 0.0,
        fmt=">" if beyond else "o",
        color=_COLOURS.get(line.policy, _OTHERS),
        markersize=5 if line.policy in _COLOURS else 4,
        elinewidth=0.8,
        clip_on=False,
    )


def _frame(axes: Axes, told: list[Line]) -> None:
    low = min(line.utilisation - (line.utilisation_ci or 0.0) for line in told)
    axes.set(
        xlim=(-0.05, 100 * _WIDEST), ylim=(max(0.0, low - 0.03), 1.01),
        xlabel="abandoned calls, % of the answered", ylabel="utilisation of the agents",
    )  # fmt: skip
    axes.axvline(100 * TARGET, color="#999999", linewidth=1.0, linestyle="--")
    axes.grid(color="#eeeeee", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _labels(axes: Axes, told: list[Line]) -> None:
    """Beside the picture, at the height of the point or as near as there is room, with a thin line to it."""
    low, high = axes.get_ylim()
    heights = spaced([(line.utilisation - low) / (high - low) for line in told], _APART)
    for line, height in zip(told, heights, strict=True):
        axes.annotate(
            _label(line), xy=(100 * min(line.abandonment, _WIDEST), line.utilisation), xycoords="data",
            xytext=(1.03, height), textcoords="axes fraction", va="center",
            color=_COLOURS.get(line.policy, _OTHERS), annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "#bbbbbb", "linewidth": 0.5, "shrinkA": 1, "shrinkB": 3},
        )  # fmt: skip


def _label(line: Line) -> str:
    chosen = "" if line.choice is None else f" ({line.choice:g})"
    beyond = f", {line.abandonment:.0%} abandoned" if line.abandonment > _WIDEST else ""
    return CONTESTANTS[line.policy].label + chosen + beyond


def spaced(heights: list[float], apart: float) -> list[float]:
    """`heights` (0..1) moved up, below the top down, until they stand `apart` from each other, in the same order."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    moved = list(heights)
    for before, here in pairwise(order):
        moved[here] = max(moved[here], moved[before] + apart)
    ceiling = 1.0
    for here in reversed(order):
        moved[here] = min(moved[here], ceiling)
        ceiling = moved[here] - apart
    return moved


@contextmanager
def _style() -> Iterator[None]:
    """Text stays text, and the same picture gives the same names within the file."""
    with mpl.rc_context():
        mpl.rc("svg", hashsalt="tsunagu", fonttype="none")
        mpl.rc("font", family="sans-serif", size=9)
        yield


def _write(figure: Figure, path: Path) -> Path:
    figure.savefig(path, format="svg", metadata={"Date": None})
    return path
