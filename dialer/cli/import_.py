"""``dialer import``: read a city's file into the database, or say line by line what is wrong with it.

The work is done in ``campaigns/importing``; database, clock, progress and report in ``dialer/file_import.py``.
"""

from __future__ import annotations

from pathlib import Path

import click

from campaigns.importing.importer import ImportResult, import_file
from campaigns.importing.mapping import load_mapping, names
from campaigns.importing.report import text_report
from dialer.file_import import Import, run_import


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mapping", "mapping_name", required=True, help=f"Name ({', '.join(names())}) or path of a .toml file.")
@click.option("--dry-run", is_flag=True, help="Check and count everything, keep nothing.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write all problems to this CSV file.")
def command(file: Path, mapping_name: str, dry_run: bool, report: Path | None) -> None:
    """Import FILE: debtors, households, telephone numbers and debts, all of it or nothing."""

    def prepare() -> Import[ImportResult]:
        mapping = load_mapping(mapping_name)
        return lambda conn, now, progress: import_file(conn, file, mapping, now=now, progress=progress, dry_run=dry_run)

    run_import(prepare, text_report, report)
