"""Runs one import of a city's file for the command line: database, clock, progress on the screen, report.

The work is done in ``campaigns/importing``; here an import gets what it needs. Exit status 0: applied (or nothing to
change); 1: the file or the site is at fault, nothing was changed.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

import asyncpg
import click
from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as ProgressBar

from campaigns.importing.faults import ImportFault
from campaigns.importing.pipeline import Progress
from campaigns.importing.problems import Problems
from campaigns.importing.report import write_csv_report
from dialer.clock import SystemClock
from dialer.errors import StartError
from dialer.settings import read_settings
from dialer.site.servers import running_database

_CONNECT_TIMEOUT_S = 10.0
_MERGE_TIMEOUT_S = 600.0  # one statement of the merge; some hundred thousand rows take seconds
_PLAIN_STEP = 10  # percent between two plain lines
_LABELS = {"checking": "読込・検査", "merging": "反映"}

Tell = Callable[[Progress], None]


class Result(Protocol):
    """What became of a file."""

    @property
    def ok(self) -> bool: ...
    @property
    def problems(self) -> Problems: ...


ResultT = TypeVar("ResultT", bound=Result)
Import = Callable[[asyncpg.Connection, datetime, Tell], Awaitable[ResultT]]


def run_import(
    prepare: Callable[[], Import[ResultT]], show: Callable[[ResultT], Sequence[str]], report: Path | None
) -> None:
    """Import, print the report, and leave with status 1 when nothing was applied.

    Args:
        prepare: reads the mapping; what it returns is awaited with connection, moment and progress.
        show: the lines for the screen.
        report: where to write all problems as CSV; None = nowhere.

    Raises:
        click.ClickException: the mapping or the file as a whole is at fault, or the report can't be written.
        StartError: the database is.
    """
    try:
        result = asyncio.run(_import(prepare()))
    except ImportFault as fault:
        raise click.ClickException(f"{fault}（{fault.code}）") from fault
    for line in show(result):
        click.echo(line)
    if report is not None:
        try:
            write_csv_report(result, report)
        except OSError as error:
            raise click.ClickException(f"{report}: {error.strerror}") from error
        click.echo(f"報告書: {report}")
    if not result.ok:
        sys.exit(1)


async def _import(work: Import[ResultT]) -> ResultT:
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
                return await work(conn, clock.now(), progress)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, OSError) as error:
            # Only the kind of the error: its text may hold a row.
            raise StartError(f"the import failed, nothing was changed: {type(error).__name__}") from None
        finally:
            await conn.close()


@contextmanager
def _shown() -> Iterator[Tell]:
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


def _plain_lines() -> Tell:
    said: set[tuple[str, int]] = set()

    def update(progress: Progress) -> None:
        percent = 100 * progress.done_bytes // max(progress.total_bytes, 1)
        step = (progress.phase, percent // _PLAIN_STEP)
        if step not in said:
            said.add(step)
            click.echo(f"{_LABELS[progress.phase]} {percent}%（{progress.rows:,} 行）", err=True)

    return update
