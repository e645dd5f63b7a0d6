"""``dialer demo``: the whole system on this machine, with made-up people, simulated agents and network."""

from __future__ import annotations

import asyncio
import json
import sys

import click
from rich.console import Console

from campaigns.model import DialMode
from dialer.clock import SystemClock
from dialer.errors import StartError
from dialer.logs import log_to
from dialer.settings import read_settings
from dialer.simulation.demo import Demo, DemoOptions
from dialer.simulation.summary import Summary
from dialer.simulation.watching import Watcher
from dialer.site.interrupt import until_interrupted

_LABELS = {
    "dialed": "発信",
    "answered": "応答",
    "connected": "オペレーターに接続",
    "abandoned": "放棄(2秒以内に接続できず)",
    "inbound": "受電",
    "inbound_taken": "受電のうちオペレーターに接続",
    "contact_ratio": "接触率(接触した人÷発信した人)",
    "answer_to_agent_ms_p50": "応答から接続まで 中央値(ミリ秒)",
    "answer_to_agent_ms_p99": "応答から接続まで 99%(ミリ秒)",
    "recordings": "録音",
    "recordings_both_voices": "両者の声が入った録音",
    "unaccounted": "行方不明の通話(0であること)",
    "drift": "記録と交換機の食い違い(0であること)",
}


@click.command()
@click.option("--calls", type=click.IntRange(1), help="End after this many calls; without it Ctrl-C ends the demo.")
@click.option("--agents", type=click.IntRange(1, 60), default=8, show_default=True, help="Simulated agents.")
@click.option(
    "--mode", type=click.Choice([m.value for m in DialMode if m is not DialMode.PREVIEW]),
    default=DialMode.FIXED_RATIO.value, show_default=True, help="How the campaign decides the number of calls.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object on the last line.")
def command(calls: int | None, agents: int, mode: str, as_json: bool) -> None:
    """Call made-up people through a simulated telephone network, with simulated agents; watch it live."""
    settings, clock = read_settings(), SystemClock()
    console = Console(stderr=True)

    def report(line: str) -> None:
        console.print(line, highlight=False, markup=False)

    demo = Demo(settings, clock, DemoOptions(calls, agents, DialMode(mode)), report)
    watcher = Watcher(demo, console, clock)
    log = settings.var / "log" / "demo.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file:
        log_to(file)
        summary = asyncio.run(until_interrupted(demo.run(watcher.start)))
    if summary is None:
        raise StartError("interrupted before the first call")
    _show(summary, console)
    if as_json:
        click.echo(json.dumps(summary.as_dict()))
    if summary.unaccounted or summary.drift:
        sys.exit(1)


def _show(summary: Summary, console: Console) -> None:
    for key, value in summary.as_dict().items():
        shown = "-" if value is None else f"{value:.1%}" if key == "contact_ratio" else str(value)
        console.print(f"  {_LABELS[key]:<36} {shown}", highlight=False)
