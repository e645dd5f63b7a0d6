"""``dialer evaluate``: predicted against seen, on the attempts that are in the database.

Reads the database only. What is judged and how is decided in ``campaigns/grading/evaluating.py``; see docs/plan.md.
"""

from __future__ import annotations

from datetime import date, datetime

import asyncpg
import click
import msgspec

from campaigns.calendar import start_of_day, to_jst
from campaigns.grading.evaluating import LEAST, Evaluation, Judged, evaluate
from campaigns.grading.scores import Score
from dialer.cli.calendar import DAY
from dialer.clock import SystemClock
from dialer.on_database import campaign_named, run_on_database

_clock = SystemClock()


@click.group()
def command() -> None:
    """Compare what was predicted with what came."""


@command.command()
@click.option("--since", type=DAY, help="Judge tries from this JST day on; the back-test is fitted on those before.")
@click.option("--campaign", help="Name or id: judge its attempts only.")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
def scheduling(since: date | None, campaign: str | None, as_json: bool) -> None:
    """Calibration of the pick-up probabilities, by kind of hour."""
    since_at: datetime | None = None if since is None else start_of_day(since)

    async def act(conn: asyncpg.Connection) -> Evaluation:
        campaign_id = None if campaign is None else (await campaign_named(conn, campaign)).campaign_id
        return await evaluate(conn, since=since_at, campaign_id=campaign_id)

    found = run_on_database(act, _clock, "tsunagu evaluate")
    click.echo(msgspec.json.format(msgspec.json.encode(found)).decode() if as_json else "\n".join(_lines(found)))


def _lines(found: Evaluation) -> list[str]:
    lines = ["As predicted when the person was claimed"]
    lines += ["  No such attempt has ended yet."] if found.predicted is None else _judged(found.predicted)
    lines += ["", "Back-test of tries that had no prediction"]
    if found.back_test is not None and found.split_at is not None:
        lines.append(
            f"  Fitted on {found.fitted_lines} lines before {to_jst(found.split_at):%Y-%m-%d %H:%M}; "
            "predicted is what came after."
        )
        lines += _judged(found.back_test)
    else:
        lines.append("  There are no such tries, or none before the moment at which they are split.")
    return lines


def _judged(judged: Judged) -> list[str]:
    score = judged.everything
    lines = [] if judged.says_enough else [f"  Only {score.attempts} tries: too few to judge by ({LEAST} are needed)."]
    lines += [
        "                         tries  picked up  predicted    Brier  log loss  calibration error",
        _row("the model", score),
        _rates("  one rate for all*", score.brier_of_rate, score.log_loss_of_rate),
        _rates("  one rate a kind*", judged.brier_of_windows, judged.log_loss_of_windows),
    ]
    lines += [_row(str(window), one) for window, one in judged.windows.items()]
    if judged.by_lot is not None:
        lines.append(_row("drawn by lot", judged.by_lot))
    lines.append("  * known with hindsight, so harder to beat than any rate that was known then")
    for window, one in judged.windows.items():
        lines += ["", f"  {window}: predicted      tries  mean predicted  picked up (95 %)"]
        for b in one.bins:
            seen = f"{b.picked_up:6.1%} ({b.low:.1%}–{b.high:.1%})"
            lines.append(f"           {b.from_p:4.0%}–{b.to_p:4.0%} {b.attempts:12} {b.predicted:15.1%}  {seen}")
    return lines


def _row(name: str, score: Score) -> str:
    return (
        f"  {name:20} {score.attempts:7} {score.picked_up:10.1%} {score.predicted:10.1%} {score.brier:8.4f}"
        f" {score.log_loss:9.4f} {score.calibration_error:18.1%}"
    )


def _rates(name: str, brier: float, log_loss: float) -> str:
    return f"  {name:39} {'':10} {brier:8.4f} {log_loss:9.4f}"
