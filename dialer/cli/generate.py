"""``dialer generate``: write a city's file of people who don't exist, for tests, demos and measurements.

The same seed gives the same bytes (of payments and past records: the same seed and last day). All numbers lie in ranges
that belong to nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import click

from campaigns.calendar import jst_date
from campaigns.importing.faults import ImportFault
from campaigns.importing.history.mapping import load_history_mapping
from campaigns.importing.mapping import Mapping, load_mapping
from campaigns.importing.payments.mapping import load_payment_mapping
from dialer.clock import SystemClock
from dialer.simulation.habits import habits_of, write_population
from dialer.simulation.history_file import write_history
from dialer.simulation.past import past_calls
from dialer.simulation.payments_file import payments_of, write_payments
from dialer.simulation.people import Person
from dialer.simulation.people_file import write_people

_File = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("people", type=_File)
@click.option("--rows", type=click.IntRange(1, 300_000), default=1000, show_default=True, help="Debts (lines).")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--mapping", "mapping_name", default="niigata", show_default=True, help="Whose columns to write.")
@click.option("--script", is_flag=True, help="Last digits of the numbers script the simulated carrier.")
@click.option("--population", type=_File, help="Write who picks up when.")
@click.option("--history", type=_File, help="Write a former system's records of calls to these people.")
@click.option("--months", type=click.IntRange(1, 60), default=6, show_default=True, help="Of such records.")
@click.option("--payments", type=_File, help="Write what these people paid (and promised) in the last week.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day of records and payments.  [default: yesterday]"
)
def command(
    people: Path, rows: int, seed: int, mapping_name: str, script: bool, population: Path | None,
    history: Path | None, months: int, payments: Path | None, until: datetime | None,
) -> None:  # fmt: skip
    """Write ROWS debts of made-up people to PEOPLE."""
    try:
        mapping = load_mapping(mapping_name)
        made = write_people(people, mapping, rows, seed, scripted=script)
        click.echo(f"{people}: {rows:,} 行、{len(made):,} 人、電話番号あり {sum(bool(p.phones) for p in made):,} 人")
        if population is not None:
            habits = habits_of(made, seed=seed)
            write_population(population, habits)
            click.echo(f"{population}: 電話番号 {len(habits):,} 件")
        last_day = _yesterday() if until is None else until.date()
        if history is not None:
            click.echo(f"{history}: {_write_history(history, mapping, made, seed, months, last_day):,} 行")
        if payments is not None:
            click.echo(f"{payments}: {_write_payments(payments, mapping, made, seed, last_day):,} 行")
    except (ImportFault, ValueError) as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}") from error


def _yesterday() -> date:
    return date.fromordinal(jst_date(SystemClock().now()).toordinal() - 1)


def _write_history(path: Path, mapping: Mapping, made: Sequence[Person], seed: int, months: int, until: date) -> int:
    calls = past_calls(made, habits_of(made, seed=seed), months=months, until=until, seed=seed)
    return write_history(path, load_history_mapping(mapping.name), calls)


def _write_payments(path: Path, mapping: Mapping, made: Sequence[Person], seed: int, until: date) -> int:
    paid, promised = payments_of(made, until=until, seed=seed)
    return write_payments(path, load_payment_mapping(mapping.name), mapping.debt_types, paid, promised)
