"""``dialer generate``: write a city's file of people who don't exist, for tests, demos and measurements.

The same seed gives the same bytes. All numbers lie in ranges that belong to nobody.
"""

from __future__ import annotations

from pathlib import Path

import click

from campaigns.importing.faults import ImportFault
from campaigns.importing.mapping import load_mapping
from dialer.simulation.habits import habits_of, write_population
from dialer.simulation.people_file import write_people


@click.command()
@click.argument("people", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--rows", type=click.IntRange(1, 300_000), default=1000, show_default=True, help="Debts (lines).")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--mapping", "mapping_name", default="niigata", show_default=True, help="Whose columns to write.")
@click.option("--script", is_flag=True, help="Last digits of the numbers script the simulated carrier.")
@click.option("--population", type=click.Path(dir_okay=False, path_type=Path), help="Write who picks up when.")
def command(people: Path, rows: int, seed: int, mapping_name: str, script: bool, population: Path | None) -> None:
    """Write ROWS debts of made-up people to PEOPLE."""
    try:
        mapping = load_mapping(mapping_name)
        made = write_people(people, mapping, rows, seed, scripted=script)
        click.echo(f"{people}: {rows:,} 行、{len(made):,} 人、電話番号あり {sum(bool(p.phones) for p in made):,} 人")
        if population is not None:
            habits = habits_of(made, seed=seed)
            write_population(population, habits)
            click.echo(f"{population}: 電話番号 {len(habits):,} 件")
    except (ImportFault, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error
