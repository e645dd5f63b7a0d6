"""Writes docs/third-party.md: what is installed beside Tsunagu, in which version, under which licence.

    python deploy/third_party.py            write the page
    python deploy/third_party.py --check    exit status 1 when the page is not what would be written

Names and versions come from requirements.lock, licences from the metadata of the installed packages. A package
without a licence that can be read there is an error: somebody must look.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "third-party.md"

# Not installed on every platform, so their metadata can't be read everywhere.
_ELSEWHERE = {
    "async-timeout": "Apache-2.0",
    "audioop-lts": "PSF-2.0",
    "colorama": "BSD-3-Clause",
}
# Where the metadata say it in words of their own, or leave the version of the licence out.
_IN_WORDS = {
    "PSF-2.0": "PSF-2.0",
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache-2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "BSD-3-Clause": "BSD-3-Clause",
    "MIT": "MIT",
    "MIT license": "MIT",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_LOOKED_UP = {
    "contourpy": "BSD-3-Clause",
    "cycler": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "kiwisolver": "BSD-3-Clause",
    "matplotlib": "PSF-2.0",
    "pyst2": "PSF-2.0, LGPL-2.1 and Unlicense, by file",
}
_GROUPS = {
    "": "running",
    "embedded": "private PostgreSQL",
    "plots": "pictures of simulations",
    "dev": "development and tests",
}

_PAGE = """\
# Third-party software

Made by `deploy/third_party.py`; don't edit. Tsunagu itself is under the Apache License 2.0 (LICENSE, NOTICE).

## In this repository

| what | version | licence | where |
|---|---|---|---|
| JsSIP, the browser's telephone | 3.13.8 | MIT | `webui/static/vendor`, with all licences in it |
| HTS Voice NIT ATR503 M001, in the prompts | 1.05 | CC-BY-3.0 | `asterisk-conf/prompts`; limited in band, levelled |

## Programs that run beside it

Installed from the distribution (or, PostgreSQL, from a Python package); talked to over sockets and pipes, not linked.

| what | licence | what for |
|---|---|---|
| Asterisk 20 or newer | GPL-2.0-only, with exceptions | the telephone line |
| PostgreSQL 15 or newer | PostgreSQL | the truth |
| Redis 7.0 or Valkey | BSD-3-Clause (Redis from 7.4 on: RSALv2 or SSPLv1, from 8 on also AGPL-3.0) | the present |
| FFmpeg | LGPL-2.1-or-later, as Debian builds it GPL-2.0-or-later | encoding recordings |
| bubblewrap | LGPL-2.0-or-later | running private servers without rights |
| Open JTalk | BSD-3-Clause | making prompts anew; not needed to run |
| SoX | GPL-2.0-or-later | making prompts anew; not needed to run |
| Chromium | BSD-3-Clause and others | tests of the pages; the agents' browser |

## Python packages

Versions as locked in requirements.lock.

| package | version | licence | for |
|---|---|---|---|
"""


def locked() -> dict[str, list[str]]:
    """Versions by canonical name; more than one where they depend on the version of Python."""
    found: dict[str, list[str]] = {}
    for line in (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9_.-]+)==([^ ;\\]+)", line):
            found.setdefault(canonicalize_name(match[1]), []).append(match[2])
    return found


def groups() -> dict[str, str]:
    """What each locked package is for: the first of running, private PostgreSQL, development that asks for it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    found: dict[str, str] = {}
    for extra, meaning in _GROUPS.items():
        asked = project["optional-dependencies"][extra] if extra else project["dependencies"]
        waiting = [canonicalize_name(Requirement(line).name) for line in asked]
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found[name] = meaning
            waiting.extend(_needs(name))
    return found


def _needs(name: str) -> list[NormalizedName]:
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    needs = [Requirement(line) for line in lines]
    return [canonicalize_name(need.name) for need in needs if need.marker is None or "extra" not in str(need.marker)]


def licence(name: str) -> str:
    """The licence of an installed package as an SPDX expression.

    Raises:
        SystemExit: it can't be read; the message says what to do.
    """
    if name in _LOOKED_UP:
        return _LOOKED_UP[name]
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        if name in _ELSEWHERE:
            return _ELSEWHERE[name]
        raise SystemExit(f"{name} is locked but not installed: install requirements.lock first") from None
    if expressions := said.get_all("License-Expression"):
        return str(expressions[0])
    classified = [line.rpartition(" :: ")[2] for line in said.get_all("Classifier") or [] if "License ::" in line]
    for words in (*(said.get_all("License") or []), *classified):
        if words in _IN_WORDS:
            return _IN_WORDS[words]
    raise SystemExit(f"{name}: no licence that can be read; look it up and add it to deploy/third_party.py")


def page() -> str:
    """The whole page."""
    purposes = groups()
    rows = [
        f"| {name} | {', '.join(versions)} | {licence(name)} | {purposes.get(name, _GROUPS['dev'])} |"
        for name, versions in sorted(locked().items())
    ]
    return _PAGE + "\n".join(rows) + "\n"


def main() -> None:
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
    elif not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
        raise SystemExit("docs/third-party.md is out of date: run deploy/third_party.py")


if __name__ == "__main__":
    main()
