"""What the bench says: progress on stderr, figures as a table on stdout, as JSON into a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from bench.figures import Figure, table


def tell(line: str) -> None:
    """A line for the person who waits."""
    print(f"{datetime.now(UTC).astimezone():%H:%M:%S} {line}", file=sys.stderr, flush=True)


def show(figures: Sequence[Figure], about: Mapping[str, object], file: Path | None) -> int:
    """Print the table, write `file`; return the exit status: 1 when a goal is missed."""
    print(table(figures))
    if file is not None:
        found = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": dict(about),
            "figures": [figure.as_dict() for figure in figures],
        }
        file.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    missed = [f"{figure.section}: {figure.what}" for figure in figures if figure.is_met is False]
    for line in missed:
        tell(f"missed: {line}")
    return 1 if missed else 0
