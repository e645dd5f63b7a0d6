"""``dialer import-history``: read a former system's negotiation records, so that the hours of people are known.

The work is done in ``campaigns/importing/history``.
"""

from __future__ import annotations

from pathlib import Path

import click

from campaigns.importing.history.importer import import_history
from campaigns.importing.history.mapping import HISTORY_MAPPINGS, load_history_mapping
from campaigns.importing.intake import IntakeResult
from campaigns.importing.mapping import names
from campaigns.importing.report import intake_report
from dialer.file_import import Import, run_import


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--mapping", "mapping_name", required=True,
    help=f"Name ({', '.join(names(HISTORY_MAPPINGS))}) or path of a .toml file.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Records that can't be used (unknown person, no time) refuse the file.")
@click.option("--dry-run", is_flag=True, help="Check and count everything, keep nothing.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write all problems to this CSV file.")
def command(file: Path, mapping_name: str, strict: bool, dry_run: bool, report: Path | None) -> None:
    """Import FILE: past calls with their results, all of it or nothing."""

    def prepare() -> Import[IntakeResult]:
        mapping = load_history_mapping(mapping_name)
        return lambda conn, now, progress: import_history(
            conn, file, mapping, now=now, progress=progress, dry_run=dry_run, strict=strict
        )

    run_import(prepare, intake_report, report)
