"""``dialer simulate``: try a decision on made-up people, many months in seconds; no telephone, no database.

`dialer simulate scheduling` compares orders of calling: who is reached in a month of the centre. `dialer simulate
pacing` compares dialers: how busy they keep the agents, whom they abandon (``dialer/simulation/pacing/command.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from dialer.simulation.pacing.command import pacing
from dialer.simulation.scheduling.centre import Centre
from dialer.simulation.scheduling.experiment import ALWAYS, Result, Setting, run
from dialer.simulation.scheduling.policies import POLICIES
from dialer.simulation.scheduling.population_file import Population, PopulationError, read, shipped
from dialer.simulation.scheduling.report import as_json, as_table, mean_shares, mean_shares_plain


@click.group()
def command() -> None:
    """Simulations of decisions."""


command.add_command(pacing)


@command.command()
@click.option(
    "--population", "files", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A population's TOML; may be repeated. Default: all that are shipped.",
)  # fmt: skip
@click.option("--debtors", type=click.IntRange(1, 300_000), default=5_000, show_default=True, help="On the list.")
@click.option("--records", type=click.IntRange(0, 24), default=6, show_default=True, help="Months of past records.")
@click.option(
    "--policy", "policies", multiple=True, type=click.Choice(list(POLICIES)),
    help="May be repeated; rotation and both oracles are always run. Default: all.",
)  # fmt: skip
@click.option("--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="Towns of each population.")
@click.option("--centre", type=click.Choice([c.value for c in Centre]), default="niigata", show_default=True)
@click.option("--json", "as_json_", is_flag=True, help="Print the results as JSON.")
def scheduling(
    files: tuple[Path, ...], debtors: int, records: int, policies: tuple[str, ...], seeds: int, centre: str,
    as_json_: bool,
) -> None:  # fmt: skip
    """Compare orders of calling by the contact rate of a month."""
    wanted = {*(policies or POLICIES), *ALWAYS}
    setting = Setting(debtors, records, tuple(name for name in POLICIES if name in wanted), seeds, Centre(centre))
    results = _simulate([_read(path) for path in files or shipped()], setting)
    if as_json_:
        click.echo(json.dumps(as_json(results), indent=1))
        return
    console = Console()
    for result in results:
        console.print(as_table(result))
    for to, means in (("", mean_shares(results)), (" to the plain oracle", mean_shares_plain(results))):
        shares = ", ".join(f"{name} {share:.2f}" for name, share in means.items())
        console.print(f"Mean share of the way{to} over the populations: {shares or 'nothing to win in any'}")


def _read(path: Path) -> Population:
    try:
        return read(path)
    except PopulationError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{path.name}: {error.strerror}") from error


def _simulate(populations: Iterable[Population], setting: Setting) -> list[Result]:
    chosen = list(populations)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("simulating", total=len(chosen) * setting.seeds * len(setting.policies))
        return [run(population, setting, lambda: bar.advance(task)) for population in chosen]
