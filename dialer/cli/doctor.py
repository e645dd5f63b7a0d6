"""``dialer doctor``: checks every part and says how to mend what is wrong."""

from __future__ import annotations

import asyncio
import logging
import sys

import click
import msgspec

from dialer.clock import SystemClock
from dialer.logs import log_to
from dialer.settings import read_settings
from dialer.site.checks.finding import Finding, State
from dialer.site.doctor import examine

_SIGNS = {State.OK: "○", State.WRONG: "×", State.IDLE: "－"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def command(as_json: bool) -> int:
    """Check every part of this site, one line each; exit status 1 when anything is wrong."""
    log_to(sys.stderr, logging.CRITICAL)  # what a part logs while it is looked at is said again, better, by its check
    findings = asyncio.run(_look(show=not as_json))
    is_well = all(finding.state is not State.WRONG for finding in findings)
    if as_json:
        click.echo(msgspec.json.encode({"ok": is_well, "findings": findings}).decode())
    return 0 if is_well else 1


async def _look(*, show: bool) -> list[Finding]:
    findings = []
    async for finding in examine(read_settings(), SystemClock()):
        findings.append(finding)
        if show:
            mend = f" → {finding.mend}" if finding.mend else ""
            click.echo(f"{_SIGNS[finding.state]} {finding.part}: {finding.what}{mend}")
    return findings
