"""``dialer import``: read a city's file into the database, or say line by line what is wrong with it.

The work is done in ``campaigns/importing``; here it gets its database, its clock and its progress bar. Exit status 0:
applied (or nothing to change); 1: the file or the site is at fault, nothing was changed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import click
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from campaigns.importing.faults import ImportFault
from campaigns.importing.importer import ImportResult, Progress, import_file
from campaigns.importing.mapping import Mapping, load_mapping, names
from campaigns.importing.report import text_report, write_csv_report
from dialer.clock import SystemClock
from dialer.errors import StartError
from dialer.settings import read_settings
from dialer.site.servers import running_database

_CONNECT_TIMEOUT_S = 10.0
_MERGE_TIMEOUT_S = 600.0  # one statement of the merge; some hundred thousand rows take seconds
_PLAIN_STEP = 10  # percent between two plain lines
_LABELS = {"checking": "読込・検査", "merging": "反映"}


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", "mapping_name", required=True, help=f"Name ({', '.join(names())}) or path of a .toml file.")
@click.option("--dry-run", is_flag=True, help="Check and count everything, keep nothing.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write all problems to this CSV file.")
def command(file: Path, mapping_name: str, dry_run: bool, report: Path | None) -> None:
    """Import FILE: debtors, households, telephone numbers and debts, all of it or nothing."""
    try:
        mapping = load_mapping(mapping_name)
        result = asyncio.run(_import(file, mapping, dry_run))
    except ImportFault as fault:
        raise click.ClickException(f"{fault}（{fault.code}）") from fault
    for line in text_report(result):
        click.echo(line)
    if report is not None:
        try:
            write_csv_report(result, report)
        except OSError as error:
            raise click.ClickException(f"{report}: {error.strerror}") from error
        click.echo(f"報告書: {report}")
    if not result.ok:
        sys.exit(1)


async def _import(file: Path, mapping: Mapping, dry_run: bool) -> ImportResult:
    clock = SystemClock()
    async with running_database(read_settings(), clock) as dsn:
        try:
            conn = await asyncpg.connect(
                dsn, timeout=_CONNECT_TIMEOUT_S, command_timeout=_MERGE_TIMEOUT_S,
                server_settings={"application_name": "tsunagu import", "timezone": "UTC"},
            )  # fmt: skip
        except (OSError, asyncpg.PostgresError, TimeoutError) as error:
            raise StartError(f"PostgreSQL: {error}") from error
        try:
            with _shown() as progress:
                return await import_file(conn, file, mapping, now=clock.now(), progress=progress, dry_run=dry_run)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, OSError) as error:
            # Only the kind of the error: its text may hold a row.
            raise StartError(f"the import failed, nothing was changed: {type(error).__name__}") from None
        finally:
            await conn.close()


@contextmanager
def _shown() -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, else a plain line now and then; on stderr, so that the report can be piped."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain_lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(),
               TextColumn("{task.fields[rows]:,} 行"))  # fmt: skip
    with ProgressBar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(_LABELS["checking"], total=1, rows=0)

        def update(progress: Progress) -> None:
            bar.update(
                task, description=_LABELS[progress.phase], total=max(progress.total_bytes, 1),
                completed=progress.done_bytes, rows=progress.rows,
            )  # fmt: skip

        yield update


def _plain_lines() -> Callable[[Progress], None]:
    said: set[tuple[str, int]] = set()

    def update(progress: Progress) -> None:
        percent = 100 * progress.done_bytes // max(progress.total_bytes, 1)
        step = (progress.phase, percent // _PLAIN_STEP)
        if step not in said:
            said.add(step)
            click.echo(f"{_LABELS[progress.phase]} {percent}%（{progress.rows:,} 行）", err=True)

    return update
