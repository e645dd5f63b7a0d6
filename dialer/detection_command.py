"""``dialer campaign amd``: machine detection of one campaign, and what its verdicts were worth.

Shows what is set, and the verdicts of the last days. What may be set is decided in ``campaigns/detection.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import click

from campaigns.campaign import Campaign
from campaigns.detection import (
    AbandonFrom,
    AmdStatus,
    Detection,
    DetectionCounts,
    StatusCount,
    detection_counts,
    set_detection,
)
from dialer.clock import SystemClock
from dialer.on_database import campaign_named, run_on_database

_clock = SystemClock()

_STATUS_LABELS = {
    AmdStatus.HUMAN: "人",
    AmdStatus.NOTSURE: "不明（人として接続）",
    AmdStatus.MACHINE: "留守番電話",
}
_FROM_LABELS = {AbandonFrom.ANSWER: "応答", AbandonFrom.VERDICT: "判定"}
_EATS = "注意: 判定（最長3秒）も放棄までの秒数に数えます。--from verdict で判定から数えられます（docs/amd.md）。"
_UNKNOWN = "留守番電話とした通話のうち人だった数は、録音を聞かなければ分かりません。"


@click.command()
@click.argument("name")
@click.option("--on/--off", "amd", default=None, help="Listen to who picks up before an agent is taken.")
@click.option("--from", "abandon_from", type=click.Choice([f.value for f in AbandonFrom]),
              help="Patience is counted from the answer, or from the verdict.")  # fmt: skip
@click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True, help="Days that are counted.")
def amd(name: str, amd: bool | None, abandon_from: str | None, days: int) -> None:
    """Show or set the machine detection of NAME, and count its verdicts."""

    async def act(conn: asyncpg.Connection) -> tuple[Campaign, Detection, DetectionCounts]:
        campaign = await campaign_named(conn, name)
        wanted = campaign.detection
        if amd is not None:
            wanted = replace(wanted, amd=amd)
        if abandon_from is not None:
            wanted = replace(wanted, abandon_from=AbandonFrom(abandon_from))
        if wanted != campaign.detection:
            await set_detection(conn, campaign.campaign_id, wanted)
        since = _clock.now() - timedelta(days=days)
        return campaign, wanted, await detection_counts(conn, campaign.campaign_id, since)

    campaign, found, counts = run_on_database(act, _clock, "tsunagu campaign")
    click.echo(f"留守番電話の判定\t{'する' if found.amd else 'しない'}")
    threshold_s = campaign.pacing.abandon_threshold_s
    click.echo(f"放棄とする秒数\t{_FROM_LABELS[found.abandon_from]}から {threshold_s:g}秒")
    if found.amd and found.abandon_from is AbandonFrom.ANSWER:
        click.echo(_EATS)
    if counts.by_status:
        click.echo(f"判定（過去{days}日）\t件数\t中央値\t95%点")
        for line in _counted(counts):
            click.echo(line)


def _counted(counts: DetectionCounts) -> Iterator[str]:
    for row in counts.by_status:
        yield f"{_STATUS_LABELS[row.status]}\t{row.calls}\t{_seconds(row, 'median_s')}\t{_seconds(row, 'p95_s')}"
    ratio = "–" if counts.missed_ratio is None else f"{counts.missed_ratio:.1%}"
    yield f"見逃し（人・不明のうち対応結果が留守番電話）\t{counts.missed} / {counts.disposed}\t{ratio}"
    if counts.machines:
        yield f"留守番電話のうち無音だけで判定\t{counts.silent_machines} / {counts.machines}"
        yield f"留守番電話のうち10分以内に折り返しあり\t{counts.rung_back} / {counts.machines}"
        yield _UNKNOWN


def _seconds(row: StatusCount, which: str) -> str:
    value: float | None = getattr(row, which)
    return "–" if value is None else f"{value:.2f}秒"
