"""``dialer campaign``: add, list, start, pause, stop campaigns; windows, pacing, choice, caps, retry rules.

Works on the database directly; a running engine takes up the change with its next look at its campaigns.
What a campaign may be is decided in ``campaigns/campaign.py``; what is set about the choice stands in
``dialer/choosing_command.py``, what is set about pacing in ``dialer/pacing_command.py``,
about machine detection in ``dialer/detection_command.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import asyncpg
import click

from campaigns.calendar import DayKind, WindowRule, jst_date, to_jst
from campaigns.campaign import (
    DEFAULT_WINDOWS,
    Campaign,
    CampaignState,
    NewCampaign,
    add_campaign,
    load_campaigns,
    set_state,
    set_windows,
)
from campaigns.detection import AbandonFrom, Detection
from campaigns.model import DialMode, Window
from campaigns.opening.store import load_openings
from campaigns.pacing import USUAL
from dialer.choosing_command import caps, choosing, retry
from dialer.clock import SystemClock
from dialer.detection_command import amd
from dialer.on_database import campaign_named, run_on_database
from dialer.pacing_command import pacing, pacing_of, pacing_options

_clock = SystemClock()

_WINDOW = re.compile(r"(?P<window>[a-z]+)@(?P<day>[a-z_]+)=(?P<h1>\d{1,2}):(?P<m1>\d\d)-(?P<h2>\d{1,2}):(?P<m2>\d\d)")
_WINDOW_LABELS = {Window.WEEKDAY: "平日", Window.EVENING: "平日夜間", Window.WEEKEND: "休日"}
_DAY_LABELS = {DayKind.WEEKDAY: "平日", DayKind.DAY_OFF: "土日祝"}
_STATE_LABELS = {CampaignState.RUNNING: "架電中", CampaignState.PAUSED: "一時停止", CampaignState.STOPPED: "停止"}


class WindowType(click.ParamType[WindowRule]):
    """``weekday@weekday=09:00-17:00``: kind of window, kind of day, JST from–to (24:00 is allowed)."""

    name = "WINDOW@DAY=HH:MM-HH:MM"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> WindowRule:
        if isinstance(value, WindowRule):
            return value
        if (found := _WINDOW.fullmatch(str(value))) is None:
            self.fail(f"{value!r} is not of the form evening@weekday=17:00-20:00", param, ctx)
        if found["window"] not in list(Window):
            self.fail(f"{found['window']!r} is none of {', '.join(Window)}", param, ctx)
        if found["day"] not in _DAY_LABELS:
            self.fail(f"{found['day']!r} is none of {', '.join(_DAY_LABELS)}", param, ctx)
        if int(found["m1"]) > 59 or int(found["m2"]) > 59:
            self.fail(f"{value!r}: minutes go from 00 to 59", param, ctx)
        starts_s = int(found["h1"]) * 3600 + int(found["m1"]) * 60
        ends_s = int(found["h2"]) * 3600 + int(found["m2"]) * 60
        try:
            return WindowRule(Window(found["window"]), DayKind(found["day"]), starts_s, ends_s)
        except ValueError:
            self.fail(f"{value!r}: it must start before it ends, within 00:00–24:00", param, ctx)


@click.group()
def command() -> None:
    """Campaigns: add, list, start, pause, stop, windows, pacing, amd, choosing, caps, retry."""


for _part in (pacing, amd, choosing, caps, retry):
    command.add_command(_part)


@command.command()
@click.argument("name")
@click.option("--debt-type", "debt_types", multiple=True, required=True, help="Code of a debt type; may be repeated.")
@click.option("--mode", type=click.Choice([m.value for m in DialMode]), default="progressive", show_default=True)
@click.option("--ratio", type=float, default=1.0, show_default=True, help="Calls for each ready agent (fixed_ratio).")
@click.option("--group", default="all", show_default=True, help="The agents' group that takes its calls.")
@click.option("--max-lines", type=int, default=30, show_default=True, help="Calls at one time.")
@click.option("--ring-timeout", type=int, default=25, show_default=True, help="Seconds for which it may ring.")
@click.option("--wrap-up", type=int, default=0, show_default=True, help="Seconds that it should take; 0 = no aim.")
@click.option(
    "--window", "windows", type=WindowType(), multiple=True,
    help="May be repeated. Default: weekday 9–17, weekday evening 17–20, day off 9–17.",
)  # fmt: skip
@click.option("--amd/--no-amd", "detects", default=False, help="Listen for machines before an agent is taken.")
@click.option("--abandon-from", type=click.Choice([f.value for f in AbandonFrom]), default="answer", show_default=True)
@pacing_options
def add(
    name: str, debt_types: tuple[str, ...], mode: str, ratio: float, group: str,
    max_lines: int, ring_timeout: int, wrap_up: int, windows: tuple[WindowRule, ...], detects: bool, abandon_from: str,
    **given: float | None,
) -> None:  # fmt: skip
    """Add the campaign NAME; it is stopped until `dialer campaign start NAME`."""
    new = NewCampaign(
        name=name,
        debt_types=debt_types,
        dial_mode=DialMode(mode),
        ratio=ratio,
        agent_group=group,
        max_lines=max_lines,
        ring_timeout_s=ring_timeout,
        wrap_up_s=wrap_up,
        windows=windows or DEFAULT_WINDOWS,
        pacing=pacing_of(USUAL, given),
        detection=Detection(detects, AbandonFrom(abandon_from)),
    )
    campaign_id = run_on_database(lambda conn: add_campaign(conn, new), _clock, "tsunagu campaign")
    click.echo(f"キャンペーン {campaign_id}「{new.name.strip()}」を追加しました（停止中）。")


@command.command(name="list")
def list_() -> None:
    """List all campaigns."""

    async def rows(conn: asyncpg.Connection) -> list[str]:
        now = _clock.now()
        openings = await load_openings(conn, first_on=jst_date(now))
        lines = []
        for campaign in await load_campaigns(conn):
            opening = openings.hours_of(campaign).next_opening(now)
            opens = "なし" if opening is None else "今" if opening == now else f"{to_jst(opening):%Y-%m-%d %H:%M}"
            types = ",".join(campaign.debt_types)
            lines.append(
                f"{campaign.campaign_id}\t{campaign.name}\t{_STATE_LABELS[campaign.state]}\t{campaign.dial_mode}"
                f"\t{types}\t次の架電時間: {opens}"
            )
        return lines

    for line in run_on_database(rows, _clock, "tsunagu campaign"):
        click.echo(line)


@command.command()
@click.argument("name")
def start(name: str) -> None:
    """Let the campaign NAME call."""
    _set(name, CampaignState.RUNNING)


@command.command()
@click.argument("name")
def pause(name: str) -> None:
    """Place no more calls for NAME for now; the calls that are up go on."""
    _set(name, CampaignState.PAUSED)


@command.command()
@click.argument("name")
def stop(name: str) -> None:
    """Stop the campaign NAME; the calls that are up go on."""
    _set(name, CampaignState.STOPPED)


@command.command()
@click.argument("name")
@click.argument("new", type=WindowType(), nargs=-1)
def windows(name: str, new: tuple[WindowRule, ...]) -> None:
    """Show the windows of NAME, or replace them: evening@weekday=17:00-20:00 weekend@day_off=09:00-17:00 …"""

    async def act(conn: asyncpg.Connection) -> tuple[WindowRule, ...]:
        campaign = await campaign_named(conn, name)
        if not new:
            return campaign.windows
        await set_windows(conn, campaign.campaign_id, new)
        return new

    for line in _window_lines(run_on_database(act, _clock, "tsunagu campaign")):
        click.echo(line)


def _window_lines(rules: Iterable[WindowRule]) -> list[str]:
    return [
        f"{_DAY_LABELS[w.day_kind]}\t{_time(w.starts_s)}–{_time(w.ends_s)}\t{_WINDOW_LABELS[w.window]}" for w in rules
    ]


def _time(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}"


def _set(name: str, state: CampaignState) -> None:
    async def act(conn: asyncpg.Connection) -> Campaign:
        campaign = await campaign_named(conn, name)
        await set_state(conn, campaign.campaign_id, state)
        return campaign

    campaign = run_on_database(act, _clock, "tsunagu campaign")
    click.echo(f"「{campaign.name}」: {_STATE_LABELS[state]}")
