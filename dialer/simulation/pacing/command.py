"""``dialer simulate pacing``: what the command asks for and prints."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from dialer.simulation.pacing.contestants import CONTESTANTS
from dialer.simulation.pacing.experiment import bench
from dialer.simulation.pacing.report import Result, as_json, as_table
from dialer.simulation.pacing.scenario_file import Scenario, ScenarioError, read, shipped


@click.command()
@click.option(
    "--scenario", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A scenario's TOML; may be repeated. Default: all that are shipped.",
)  # fmt: skip
@click.option(
    "--policy", "policies", multiple=True, type=click.Choice(list(CONTESTANTS)),
    help="May be repeated. Default: all.",
)  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 1000), default=5, show_default=True, help="Runs of each.")
@click.option("--hours", type=click.FloatRange(0, 24, min_open=True), help="Measured. Default: as the scenario says.")
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes.")
@click.option("--json", "as_json_", is_flag=True, help="Print the results as JSON.")
@click.option(
    "--plot", "folder", type=click.Path(file_okay=False, path_type=Path),
    help="Write a picture of each scenario into this folder.",
)  # fmt: skip
@click.option(
    "--course", "courses", multiple=True, type=click.Choice(list(CONTESTANTS)),
    help="With --plot: also draw the first minutes of this dialer; may be repeated.",
)  # fmt: skip
def pacing(
    files: tuple[Path, ...], policies: tuple[str, ...], seeds: int, hours: float | None, jobs: int, as_json_: bool,
    folder: Path | None, courses: tuple[str, ...],
) -> None:  # fmt: skip
    """Compare dialers by how busy they keep the agents and how many people they abandon."""
    scenarios = [_read(path, hours) for path in files or shipped()]
    names = [name for name in CONTESTANTS if not policies or name in policies]
    if missing := sorted(set(courses) - set(names if folder else ())):
        raise click.UsageError(f"--course {missing[0]} needs --plot, and that dialer among the --policy that are run")
    if folder is not None:
        _prepare(folder)
    results = _simulate(scenarios, names, seeds, jobs)
    if as_json_:
        click.echo(json.dumps(as_json(results), indent=1))
    else:
        console = Console()
        for result in results:
            console.print(as_table(result))
    if folder is not None:
        _draw(results, courses, folder)


def _read(path: Path, hours: float | None) -> Scenario:
    try:
        scenario = read(path)
    except ScenarioError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{path.name}: {error.strerror}") from error
    return scenario if hours is None else msgspec.structs.replace(scenario, hours=hours)


def _simulate(scenarios: list[Scenario], names: list[str], seeds: int, jobs: int) -> list[Result]:
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    results = []
    with bench(seeds, jobs) as play, Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=len(scenarios) * len(names))
        for scenario in scenarios:
            standings = []
            for name in names:
                bar.update(task, description=f"{scenario.name}: {name}")
                standings.append(play.stand(scenario, name))
                bar.advance(task)
            results.append(Result(scenario, tuple(standings)))
    return results


def _prepare(folder: Path) -> None:
    """What pictures need, looked at first, so that nobody waits for runs that can't be drawn."""
    if find_spec("matplotlib") is None:
        raise click.ClickException("--plot needs matplotlib: pip install 'tsunagu[plots]'")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"{folder}: {error.strerror}") from error


def _draw(results: list[Result], courses: tuple[str, ...], folder: Path) -> None:
    from dialer.simulation.pacing.plotting import save, save_course

    try:
        for result in results:
            click.echo(f"wrote {save(result, folder)}", err=True)
            for standing in result.standings:
                if standing.name in courses:
                    click.echo(f"wrote {save_course(result.scenario, standing, folder)}", err=True)
    except OSError as error:
        raise click.ClickException(f"{folder}: {error.strerror}") from error
