"""``dialer campaign pacing``: how a campaign dials: mode, ratio, lines, abandonment, time of a preview.

Shows what is set when nothing is given. What may be set is decided in ``campaigns/pacing.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, TypeVar

import asyncpg
import click

from campaigns.model import DialMode
from campaigns.pacing import Dialing, Pacing, set_dialing
from dialer.clock import SystemClock
from dialer.on_database import campaign_named, run_on_database

Command = TypeVar("Command", bound=Callable[..., Any])
_clock = SystemClock()

_MODES = click.Choice([mode.value for mode in DialMode])
_LABELS = {
    "dial_mode": "発信方式",
    "ratio": "1人あたりの発信数（固定倍率）",
    "max_lines": "同時発信数の上限",
    "abandon_target_ratio": "放棄率の目標",
    "abandon_limit_ratio": "放棄率の上限（超えると1対1）",
    "abandon_threshold_s": "放棄とする秒数（応答から）",
    "preview_s": "プレビューを自動で発信するまでの秒数",
}


def pacing_options(command: Command) -> Command:
    """The options of `campaigns.pacing.Pacing`; None = not given."""
    for option in (
        click.option("--preview-after", "preview_s", type=int, help="Seconds until a preview dials itself; 0 = never."),
        click.option("--abandon-after", "abandon_threshold_s", type=float, help="Seconds from the answer, 0.5 to 10."),
        click.option("--abandon-limit", "abandon_limit_ratio", type=float, help="Above it 1:1; 0.001 to 0.05."),
        click.option("--abandon-target", "abandon_target_ratio", type=float, help="Of predictive; 0.001 to 0.05."),
    ):  # fmt: skip
        command = option(command)
    return command


def pacing_of(before: Pacing, given: dict[str, Any]) -> Pacing:
    """`before` with those of the options that were given."""
    return replace(before, **{field: given[field] for field in Pacing.__dataclass_fields__ if given[field] is not None})


@click.command()
@click.argument("name")
@click.option("--mode", "dial_mode", type=_MODES, help="How the number of calls is decided.")
@click.option("--ratio", type=float, help="Calls for each ready agent (fixed_ratio), 1 to 10.")
@click.option("--max-lines", type=int, help="Calls at one time, 1 to 1000.")
@pacing_options
def pacing(name: str, **given: Any) -> None:
    """Show or set how NAME dials."""

    async def act(conn: asyncpg.Connection) -> Dialing:
        campaign = await campaign_named(conn, name)
        before = Dialing(campaign.dial_mode, campaign.ratio, campaign.max_lines, campaign.pacing)
        if all(value is None for value in given.values()):
            return before
        own = {field: given[field] for field in ("ratio", "max_lines") if given[field] is not None}
        mode = before.dial_mode if given["dial_mode"] is None else DialMode(given["dial_mode"])
        changed = replace(before, dial_mode=mode, pacing=pacing_of(before.pacing, given), **own)
        await set_dialing(conn, campaign.campaign_id, changed)
        return changed

    found = run_on_database(act, _clock, "tsunagu campaign")
    told = {"dial_mode": str(found.dial_mode), "ratio": found.ratio, "max_lines": found.max_lines}
    for field, value in (told | asdict(found.pacing)).items():
        click.echo(f"{_LABELS[field]}\t{f'{value:.4g}' if isinstance(value, float) else value}")
