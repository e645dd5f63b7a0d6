"""``dialer calendar``: operating calendars: list, show, import, export, single days, who goes by which.

Works on the database directly; a running engine takes up the change with its next look at its campaigns.
What a day is, is decided in ``campaigns/opening``; the keys of a calendar file are in docs/calendar.md.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TypeVar

import asyncpg
import click
from rich.cells import cell_len, set_cell_size

from campaigns.calendar import jst_date
from campaigns.campaign import load_campaigns
from campaigns.model import Window
from campaigns.opening.document import CLOSED
from campaigns.opening.hours import Session, open_s
from campaigns.opening.operating import Basis, DayPlan, OperatingCalendar
from campaigns.opening.patterns import Pattern, clock_time
from campaigns.opening.reading import check_name, read_document
from campaigns.opening.store import (
    load_openings,
    save_calendar,
    set_day,
    unset_day,
    use_for_campaign,
    use_for_debt_type,
)
from campaigns.opening.writing import to_toml
from dialer.clock import SystemClock
from dialer.on_database import campaign_named, run_on_database

Result = TypeVar("Result")
_clock = SystemClock()

_WINDOW_LABELS = {Window.WEEKDAY: "平日", Window.EVENING: "平日夜間", Window.WEEKEND: "休日"}
_BASIS_LABELS = {Basis.SITE: "全体", Basis.SINGLE_DAY: "単日", Basis.YEAR_END: "年末年始"}
_CLOSED_LABEL = "休業"
_DAY_NAMES = "月火水木金土日"


class DateType(click.ParamType[date]):
    """A Japanese date, or (`ending` "-01") a month, given as its first day."""

    def __init__(self, name: str, example: str, ending: str = "") -> None:
        self.name, self._example, self._ending = name, example, ending

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            return value if isinstance(value, date) else date.fromisoformat(f"{value}{self._ending}")
        except ValueError:
            self.fail(f"{value!r} is not written like {self._example}", param, ctx)


DAY = DateType("YYYY-MM-DD", "2026-12-05")
MONTH = DateType("YYYY-MM", "2026-12", ending="-01")


@click.group()
def command() -> None:
    """Operating calendars: list, show, import, export, single days, who uses which."""


@command.command(name="list")
def list_() -> None:
    """List all calendars and who calls by them."""

    async def lines(conn: asyncpg.Connection) -> list[str]:
        book = await load_openings(conn)
        campaigns = {campaign.campaign_id: campaign.name for campaign in await load_campaigns(conn)}
        made = []
        for name, calendar in book.calendars.items():
            users = [f"キャンペーン「{campaigns[key]}」" for key, used in book.campaigns.items() if used == name]
            users += [f"債権 {code}" for code, used in book.debt_types.items() if used == name]
            made.append(f"{name}\t{calendar.title}\t使用: {'、'.join(users) or 'なし'}")
        return made

    for line in _run(lines):
        click.echo(line)


@command.command()
@click.argument("name")
@click.option("--month", type=MONTH, help="Default: this month.")
def show(name: str, month: date | None) -> None:
    """Show a month of the calendar NAME: for each day its kind, hours and reason; then the hours in all."""

    async def load(conn: asyncpg.Connection) -> OperatingCalendar:
        return (await load_openings(conn)).find(name)

    calendar = _run(load)
    first_on = (month or jst_date(_clock.now())).replace(day=1)
    click.echo(f"{calendar.title}（{calendar.name}） {first_on.year}年{first_on.month}月")
    for line in month_lines(calendar, first_on):
        click.echo(line)


@command.command(name="import")
@click.argument("file")
@click.option("--name", help="Default: the file's name without .toml.")
@click.option("--replace-days", is_flag=True, help="Take out single days that the file doesn't hold.")
def import_(file: str, name: str | None, replace_days: bool) -> None:
    """Add or replace a calendar: FILE is a path ending in .toml, or the name of one that comes with this release."""

    async def act(conn: asyncpg.Connection) -> str:
        found, document = read_document(file)
        target = found if name is None else check_name(name)
        await save_calendar(conn, target, document, replace_days=replace_days)
        return f"カレンダー「{document.title}」（{target}）を取り込みました。"

    click.echo(_run(act))


@command.command()
@click.argument("name")
def export(name: str) -> None:
    """Print the calendar NAME as the TOML file that `import` takes."""

    async def act(conn: asyncpg.Connection) -> str:
        book = await load_openings(conn)
        book.find(name)
        return to_toml(book.documents[name])

    click.echo(_run(act), nl=False)


@command.command(name="set-day")
@click.argument("name")
@click.argument("day", type=DAY)
@click.argument("pattern")
@click.option("--reason", default="", help="Why, for those who read the calendar.")
def set_day_(name: str, day: date, pattern: str, reason: str) -> None:
    """Make one DAY of NAME a day of PATTERN (its name or label) or `closed`, whatever the rules say."""

    async def act(conn: asyncpg.Connection) -> OperatingCalendar:
        calendar = (await load_openings(conn)).find(name)
        labels = {known.label: known.name for known in calendar.patterns} | {_CLOSED_LABEL: CLOSED}
        await set_day(conn, name, day, labels.get(pattern, pattern), reason)
        return (await load_openings(conn)).find(name)

    _say_day(_run(act), day)


@command.command(name="unset-day")
@click.argument("name")
@click.argument("day", type=DAY)
def unset_day_(name: str, day: date) -> None:
    """Leave one DAY of NAME to its rules again."""

    async def act(conn: asyncpg.Connection) -> OperatingCalendar:
        await unset_day(conn, name, day)
        return (await load_openings(conn)).find(name)

    _say_day(_run(act), day)


@command.command()
@click.argument("name", required=False)
@click.option("--campaign", help="Name or id of the campaign that is to call by it.")
@click.option("--debt-type", help="Code of the debt type that is to be dialed by it only.")
@click.option("--none", "no_calendar", is_flag=True, help="No calendar any more, instead of NAME.")
def use(name: str | None, campaign: str | None, debt_type: str | None, no_calendar: bool) -> None:
    """Let a campaign or a debt type go by the calendar NAME, or by none."""
    if (name is None) != no_calendar:
        raise click.UsageError("give either NAME or --none")
    if (campaign is None) == (debt_type is None):
        raise click.UsageError("give either --campaign or --debt-type")

    async def act(conn: asyncpg.Connection) -> str:
        if campaign is not None:
            found = await campaign_named(conn, campaign)
            await use_for_campaign(conn, name, found.campaign_id)
            return f"「{found.name}」: {name or 'カレンダーなし（キャンペーンの時間帯）'}"
        assert debt_type is not None
        await use_for_debt_type(conn, name, debt_type)
        return f"債権 {debt_type}: {name or 'カレンダーなし（キャンペーンに従う）'}"

    click.echo(_run(act))


def month_lines(calendar: OperatingCalendar, first_on: date) -> list[str]:
    """The month that begins with `first_on` as a table: a line for each day, then one for each kind of hour."""
    last_on = first_on.replace(day=monthrange(first_on.year, first_on.month)[1])
    days = [first_on.replace(day=number) for number in range(1, last_on.day + 1)]
    width = max(cell_len(pattern.label) for pattern in calendar.patterns)
    lines = [_day_line(calendar.plan_on(day), width) for day in days]
    sessions = calendar.sessions(first_on, last_on)
    for window, seconds in open_s(sessions).items():
        lines.append(f"計 {_WINDOW_LABELS[window]}: {_days_with(sessions, window)}日 {seconds / 3600:g}時間")
    return lines


def _days_with(sessions: list[Session], window: Window) -> int:
    return len({session.day for session in sessions if session.window is window})


def _day_line(plan: DayPlan, width: int) -> str:
    label = _CLOSED_LABEL if plan.pattern is None else plan.pattern.label
    said = dict.fromkeys(part for part in (_BASIS_LABELS.get(plan.basis, ""), plan.reason) if part)
    hours = "" if plan.pattern is None else _hours(plan.pattern)
    day = f"{plan.day}（{_DAY_NAMES[plan.day.weekday()]}）"
    return f"{day} {set_cell_size(label, max(width, cell_len(label)))}  {hours}  {' '.join(said)}".rstrip()


def _hours(pattern: Pattern) -> str:
    return " ".join(
        f"{clock_time(s.starts_s)}–{clock_time(s.ends_s)} {_WINDOW_LABELS[s.window]}" for s in pattern.stretches
    )


def _say_day(calendar: OperatingCalendar, day: date) -> None:
    click.echo(_day_line(calendar.plan_on(day), 0))


def _run(act: Callable[[asyncpg.Connection], Awaitable[Result]]) -> Result:
    return run_on_database(act, _clock, "tsunagu calendar")
