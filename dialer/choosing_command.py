"""``dialer campaign choosing|caps|retry``: what a supervisor sets about whom to call next.

Each shows what is set when nothing is given. What may be set is decided in ``campaigns/campaign.py`` (`Choosing`) and
``campaigns/limits.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, TypeVar

import asyncpg
import click

from campaigns.campaign import Choosing, set_choosing
from campaigns.caps import CapPeriod, CapScope
from campaigns.limits import AllCaps, RetryRule, load_caps, load_retry_rules, set_caps, set_retry_rule
from campaigns.model import Outcome, Rotation
from dialer.clock import SystemClock
from dialer.on_database import campaign_named, run_on_database

Command = TypeVar("Command", bound=Callable[..., Any])
_clock = SystemClock()

_UNITS_S = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_UNIT_LABELS = {"d": "日", "h": "時間", "m": "分", "s": "秒"}
_ROTATION_LABELS = {Rotation.BY_WORTH: "見込みの高い順", Rotation.STRICT: "時間帯を順番に"}
_SCOPE_LABELS = {CapScope.PERSON: "対象者", CapScope.NUMBER: "電話番号", CapScope.HOUSEHOLD: "世帯"}
_PERIOD_LABELS = {CapPeriod.DAY: "1日", CapPeriod.WEEK: "1週", CapPeriod.MONTH: "1か月"}
_CHOOSING_LABELS = {
    "rotation": "時間帯の順序",
    "lot_ratio": "無作為に選ぶ割合",
    "floor_attempts": "月の最低架電回数",
    "floor_each_window": "各時間帯に1回以上",
    "weight_new": "重み（未架電）",
    "weight_broken": "重み（約束不履行）",
    "weight_amount": "重み（金額）",
    "weight_age": "重み（滞納期間）",
}


class DurationType(click.ParamType[int]):
    """``90s``, ``5m``, ``1h``, ``3d``: seconds."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if (found := re.fullmatch(r"(\d{1,6})([smhd])", str(value))) is None:
            self.fail(f"{value!r} is not a number with its unit: 90s, 5m, 1h or 3d", param, ctx)
        return int(found[1]) * _UNITS_S[found[2]]


@click.command()
@click.argument("name")
@click.option("--rotation", type=click.Choice([r.value for r in Rotation]), help="by_worth: what the hour is worth "
              "decides; strict: no kind of hour again before the others.")  # fmt: skip
@click.option("--lot-ratio", type=float, help="Share of attempts drawn at random, 0 to 0.5.")
@click.option("--floor-attempts", type=int, help="Everybody gets so many attempts in a month first, 0 to 30.")
@click.option("--floor-each-window/--no-floor-each-window", default=None, help="And one in each kind of hour.")
@click.option("--weight-new", type=float, help="More for people never called before, 0 to 10.")
@click.option("--weight-broken", type=float, help="More for broken promises, 0 to 10.")
@click.option("--weight-amount", type=float, help="More for those who owe most, 0 to 10.")
@click.option("--weight-age", type=float, help="More for the oldest debts, 0 to 10.")
def choosing(name: str, **given: object) -> None:
    """Show or set how NAME chooses whom to call next."""
    new = {field: value for field, value in given.items() if value is not None}
    if "rotation" in new:
        new["rotation"] = Rotation(str(new["rotation"]))

    async def act(conn: asyncpg.Connection) -> Choosing:
        campaign = await campaign_named(conn, name)
        if not new:
            return campaign.choosing
        changed = replace(campaign.choosing, **new)  # type: ignore[arg-type]  # click has checked each by its option
        await set_choosing(conn, campaign.campaign_id, changed)
        return changed

    for field, value in asdict(run_on_database(act, _clock, "tsunagu campaign")).items():
        click.echo(f"{_CHOOSING_LABELS[field]}\t{_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, Rotation):
        return _ROTATION_LABELS[value]
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _cap_options(command: Command) -> Command:
    for scope in reversed(CapScope):
        for period in reversed(CapPeriod):
            told = f"Per {scope} and {period}; 0 = no cap."
            command = click.option(f"--{scope}-{period}", type=int, metavar="N", help=told)(command)
    return command


@click.command()
@_cap_options
def caps(**given: int | None) -> None:
    """Show or set the most attempts a day, week and month; they hold over all campaigns, at once."""
    new = {field: value for field, value in given.items() if value is not None}

    async def act(conn: asyncpg.Connection) -> AllCaps:
        if new:
            async with conn.transaction():
                await set_caps(conn, _changed(await load_caps(conn), new), _clock.now())
        return await load_caps(conn)

    found = run_on_database(act, _clock, "tsunagu campaign")
    click.echo("\t".join(["", *_PERIOD_LABELS.values()]))
    for scope, label in _SCOPE_LABELS.items():
        click.echo("\t".join([label, *(str(found[scope].get(period, "なし")) for period in _PERIOD_LABELS)]))


def _changed(caps: AllCaps, new: Mapping[str, int]) -> AllCaps:
    """`caps` with those of `new` (``person_day``: 3) instead; 0 takes one away."""
    changed = {scope: dict(of_scope) for scope, of_scope in caps.items()}
    for scope in CapScope:
        for period in CapPeriod:
            at_most = new.get(f"{scope}_{period}")
            if at_most == 0:
                changed[scope].pop(period, None)
            elif at_most is not None:
                changed[scope][period] = at_most
    return changed


@click.command()
@click.argument("name")
@click.argument("outcome", required=False, type=click.Choice([o.value for o in Outcome if o is not Outcome.CANCELLED]))
@click.option("--delay", "delay_s", type=DurationType(), help="Not again before: 90s, 5m, 1h, 3d.")
@click.option("--at-latest", "at_latest_s", type=DurationType(), help="From then on before the graded ones.")
@click.option("--default", "reset", is_flag=True, help="What holds for every campaign again.")
def retry(name: str, outcome: str | None, delay_s: int | None, at_latest_s: int | None, reset: bool) -> None:
    """Show the retry rules of NAME, or set the one for OUTCOME."""
    changes = delay_s is not None or at_latest_s is not None
    if outcome is None and (changes or reset):
        raise click.UsageError("for which OUTCOME?")
    if changes and reset:
        raise click.UsageError("--default takes no other option")

    async def act(conn: asyncpg.Connection) -> Mapping[Outcome, RetryRule]:
        campaign_id = (await campaign_named(conn, name)).campaign_id
        rules = await load_retry_rules(conn, campaign_id)
        if outcome is not None and (changes or reset):
            before = rules[Outcome(outcome)]
            latest_s = before.at_latest_s if at_latest_s is None else at_latest_s
            rule = RetryRule(before.delay_s if delay_s is None else delay_s, latest_s)
            await set_retry_rule(conn, campaign_id, Outcome(outcome), None if reset else rule)
            rules = await load_retry_rules(conn, campaign_id)
        return rules if outcome is None else {Outcome(outcome): rules[Outcome(outcome)]}

    for found, rule in run_on_database(act, _clock, "tsunagu campaign").items():
        at_latest = "" if rule.at_latest_s is None else f"\t遅くとも {_duration(rule.at_latest_s)}後"
        default = "\t（既定）" if rule.is_default else ""
        click.echo(f"{found}\t{_duration(rule.delay_s)}後{at_latest}{default}")


def _duration(seconds: int) -> str:
    """In the largest unit that it is a whole number of."""
    unit = next(unit for unit in _UNIT_LABELS if seconds % _UNITS_S[unit] == 0 and (seconds or unit == "s"))
    return f"{seconds // _UNITS_S[unit]}{_UNIT_LABELS[unit]}"
