"""The command line as a person runs it: a process of its own, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

Dialer = Callable[..., subprocess.CompletedProcess[str]]
"""Takes the arguments of ``dialer``; returns its exit status and what it printed."""

_LIMIT_S = 60.0


def dialer_in(folder: Path, dsn: str) -> Dialer:
    """``dialer`` in `folder`, with the database `dsn`."""

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dialer", *map(str, arguments)],
            cwd=folder,
            env={**os.environ, "DATABASE_URL": dsn, "VAR_DIR": str(folder / "var")},
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )

    return run
