"""``dialer replay``: put recorded decisions to another policy; no telephone, no database.

`dialer replay pacing FILE` reads a file of the engine's trace (``var/pacing/<day>.jsonl.gz``, docs/pacing.md). What a
replay can say and what not is told in ``dialer/pacing/replaying.py``.
"""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from campaigns.calendar import to_jst
from dialer.pacing.replaying import Name, Replay, replay
from dialer.pacing.trace_file import TraceUnreadable, read_trace


@click.group()
def command() -> None:
    """Recorded decisions, decided anew."""


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--policy", type=click.Choice([name.value for name in Name]), required=True)
@click.option("--ratio", type=click.FloatRange(1.0, 10.0), help="Calls for each ready agent (fixed_ratio only).")
@click.option("--campaign", "campaign_id", type=int, help="Only the campaign of this id.")
@click.option("--show", type=click.IntRange(0), default=20, show_default=True, help="Differences that are listed.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def pacing(file: Path, policy: str, ratio: float | None, campaign_id: int | None, show: int, as_json: bool) -> None:
    """Say where POLICY would have placed more or fewer calls than the decisions recorded in FILE."""
    if ratio is not None and policy != Name.FIXED_RATIO:
        raise click.UsageError("--ratio goes with --policy fixed_ratio")
    try:
        found = replay(read_trace(file), Name(policy), ratio=ratio, campaign_id=campaign_id)
    except TraceUnreadable as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for line in _lines(found, show):
        click.echo(line)


def _lines(found: Replay, show: int) -> list[str]:
    more = sum(1 for one in found.differences if one.replayed > one.recorded)
    fewer = len(found.differences) - more
    lines = [
        f"{found.moments} decisions; {found.policy} differs in {more + fewer}: more calls in {more}, fewer in {fewer}",
        f"calls to place, before the limits: recorded {found.recorded_calls}, {found.policy} {found.replayed_calls}",
    ]
    for one in found.differences[:show]:
        lines.append(
            f"line {one.line}\t{to_jst(one.at):%H:%M:%S}\tcampaign {one.campaign_id}\t{one.recorded} → {one.replayed}"
            f"\t{one.recorded_because}\t{one.replayed_because}"
        )
    if len(found.differences) > show > 0:
        lines.append(f"… and {len(found.differences) - show} more (--show, --json)")
    return lines
