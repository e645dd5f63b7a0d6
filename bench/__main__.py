"""``python -m bench [SECTION…]``: measure, and print each goal beside what was measured.

Decides what is run and how it is told: progress on stderr, the table on stdout, JSON into a file. Exit status 1 when a
goal is missed, 2 when a section could not be run, 130 when interrupted.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from bench import claiming, deciding, imports, join, machine, memory, originate, pacing, recordings
from bench.bench_site import clean_folder
from bench.figures import Figure
from bench.telling import show, tell
from dialer.errors import DialerError
from dialer.logs import log_to
from dialer.site.interrupt import until_interrupted

Section = Callable[[Path, Callable[[str], None]], Awaitable[list[Figure]]]

SECTIONS: dict[str, Section] = {
    "join": join.run,
    "originate": originate.run,
    "import": imports.run,
    "claiming": claiming.run,
    "deciding": deciding.run,
    "recordings": recordings.run,
    "memory": memory.run,
    "pacing": pacing.run,
}
_LIMIT_S = 600.0  # of one section; each is made to take less than 300, but `pacing` dials for 460


async def measure(names: list[str], folder: Path) -> list[Figure]:
    """Run sections one after the other, each in a folder of its own."""
    figures: list[Figure] = []
    for name in names:
        tell(f"--- {name}")
        async with asyncio.timeout(_LIMIT_S):
            figures += await SECTIONS[name](folder / name, partial(_tell_of, name))
    return figures


def _tell_of(name: str, line: str) -> None:
    tell(f"{name}: {line}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure what the project promises.")
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"of {', '.join(SECTIONS)}; none = all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument(
        "--keep", action="store_true", help="keep the folder with logs and recordings, and say where it is"
    )
    given = parser.parse_args()
    if unknown := set(given.sections) - set(SECTIONS):
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    names = given.sections or list(SECTIONS)
    about = machine.describe()
    with clean_folder(keep=given.keep) as folder, (folder / "bench.log").open("w", encoding="utf-8") as log:
        if given.keep:
            tell(f"folder {folder}")
        log_to(log)
        try:
            figures = asyncio.run(until_interrupted(measure(names, folder)))
        except (DialerError, TimeoutError) as error:
            tell(f"bench: {error or 'a section took too long'}")
            return 2
    if figures is None:
        return 130
    return show(figures, about, given.json)


if __name__ == "__main__":
    sys.exit(main())
