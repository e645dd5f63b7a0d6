"""``dialer plan``: a month ahead: expected contacts by kind of hour, and with another staffing.

Reads the database only. What it reckons with is decided in ``campaigns/grading/planning.py``; see docs/plan.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import asyncpg
import click
import msgspec

from campaigns.calendar import to_jst
from campaigns.errors import CampaignInvalid
from campaigns.grading.expecting import Expected
from campaigns.grading.fitting import load_model
from campaigns.grading.pace import PACE_DAYS
from campaigns.grading.planning import Alternative, Month, Outlook, as_told, look_ahead
from campaigns.grading.seen_hours import LEAST_ATTEMPTS, SEEN_DAYS, best_cells
from campaigns.grading.staffing import MOST_AGENTS, MOST_SESSIONS, Staffing
from campaigns.learning.evidence import WINDOWS
from campaigns.opening.store import load_openings
from dialer.cli.calendar import MONTH
from dialer.clock import SystemClock
from dialer.on_database import campaign_named, run_on_database

_clock = SystemClock()
_NAMES = ("weekday", "evening", "day off")
_DAYS = ("", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "holiday")
_SESSIONS = click.IntRange(0, MOST_SESSIONS)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is shown."""

    campaign: str
    outlook: Outlook
    usual: Expected
    staffing: Staffing
    chosen: Expected
    alternatives: list[Alternative]
    floor_price: float


@click.command()
@click.argument("campaign")
@click.option("--month", type=MONTH, help="Default: the next one. The present one is planned from tomorrow on.")
@click.option("--weekdays", type=_SESSIONS, help="Weekday sessions, instead of the calendar's.")
@click.option("--evenings", type=_SESSIONS, help="Evening sessions, instead of the calendar's.")
@click.option("--days-off", type=_SESSIONS, help="Sessions on days off, instead of the calendar's.")
@click.option("--agents", type=click.IntRange(0, MOST_AGENTS), help="In every session. Default: as seen, else 7.")
@click.option("--calls", type=float, help="Attempts an agent places in an hour. Default: as seen, else 10.")
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
def command(
    campaign: str, month: date | None, weekdays: int | None, evenings: int | None, days_off: int | None,
    agents: int | None, calls: float | None, as_json: bool,
) -> None:  # fmt: skip
    """Plan a month of CAMPAIGN (name or id): contacts to expect, and what another staffing would change."""

    async def act(conn: asyncpg.Connection) -> Plan:
        found = await campaign_named(conn, campaign)
        now = _clock.now()
        ahead = Month.ahead(now, month)
        hours = (await load_openings(conn, campaign_id=found.campaign_id)).hours_of(found)
        try:
            fitted = await load_model(conn)
        except ValueError as error:
            raise CampaignInvalid("model", f"{error}; `dialer planner --once` fits a new one") from error
        outlook = await look_ahead(conn, found, hours, fitted, now, ahead)
        usual = outlook.expect()
        moved = zip((weekdays, evenings, days_off), outlook.usual.sessions, strict=True)
        one, two, three_ = (as_is if wanted is None else wanted for wanted, as_is in moved)
        staffing = replace(
            outlook.usual,
            sessions=(one, two, three_),
            agents=outlook.usual.agents if agents is None else (agents, agents, agents),
            calls=outlook.usual.calls if calls is None else (calls, calls, calls),
        )
        chosen = outlook.expect(staffing)
        return Plan(
            found.name, outlook, usual, staffing, chosen,
            outlook.alternatives(staffing), outlook.price_of_floor(staffing, chosen),
        )  # fmt: skip

    plan = run_on_database(act, _clock, "tsunagu plan")
    click.echo(_json(plan) if as_json else "\n".join(_lines(plan)))


def _json(plan: Plan) -> str:
    outlook = plan.outlook
    told = {
        "campaign": plan.campaign,
        "first_on": outlook.month.first_on,
        "last_on": outlook.month.last_on,
        "windows": WINDOWS,
        "people": outlook.people.total,
        "sampled": len(outlook.people),
        "contact_share": outlook.contact_share,
        "attempts_seen": outlook.attempts_seen,
        "fitted_at": outlook.fitted_at,
        "usual": as_told(outlook.usual, plan.usual),
        "chosen": as_told(plan.staffing, plan.chosen),
        "alternatives": [
            {"moved": one.moved, "gain": one.gain, "agent_hours": one.agent_hours} for one in plan.alternatives
        ],
        "floor_price": plan.floor_price,
        "cells": outlook.cells,
    }
    return msgspec.json.format(msgspec.json.encode(told)).decode()


def _lines(plan: Plan) -> list[str]:
    outlook, people = plan.outlook, plan.outlook.people
    lines = [f"{plan.campaign}, {outlook.month.first_on} to {outlook.month.last_on}"]
    if not people.total:
        return [*lines, "Nobody is on the list in this time: import debts, or look at `dialer why --campaign`."]
    model = (
        "stated prior, none was fitted yet" if outlook.fitted_at is None else f"of {to_jst(outlook.fitted_at):%F %R}"
    )
    lines += [
        f"People to be called: {people.total}. Reckoned from a sample of {len(people)}, drawn by their ids.",
        f"Model: {model}. Contacts among calls picked up: {outlook.contact_share:.0%}. Pace: "
        + (f"of the last {PACE_DAYS} days." if outlook.attempts_seen else "assumed, no call was placed yet."),
        "",
        *_table(plan.staffing, plan.chosen),
        "",
    ]
    low, high = plan.chosen.interval
    lines.append(
        f"Contact rate {plan.chosen.contact_ratio:.1%} ({low:.1%}–{high:.1%}) of the people to be called, "
        f"{sum(plan.chosen.contacts):.0f} contacts in {plan.staffing.agent_hours:.0f} agent hours"
    )
    if plan.staffing != outlook.usual:
        gain = sum(plan.chosen.contacts) - sum(plan.usual.contacts)
        lines.append(f"As the calendar has it: {plan.usual.contact_ratio:.1%}; so this brings {gain:+.0f} contacts")
    lines.append(f"The floor of equal treatment costs {plan.floor_price:.0f} contacts")
    if outlook.spare(plan.staffing, plan.chosen):
        lines.append("There are places to spare: fewer agents would reach nearly as many")
    lines += ["", f"{'Another staffing':50} contacts  agent hours"]
    lines += [
        f"  {_moved(one.moved):48} {one.gain:+8.1f}  {one.agent_hours:+11.1f}"
        for one in sorted(plan.alternatives, key=lambda one: -one.gain)
    ]
    lines += ["", f"Best hours by contacts ÷ attempts (last {SEEN_DAYS} days, {LEAST_ATTEMPTS} attempts or more)"]
    lines += [
        f"  {_DAYS[cell.day]:7} {cell.hour:02}:00  {cell.contact_ratio:6.1%} of {cell.attempts:6}"
        f" (at least {cell.at_least:.1%})"
        for cell in best_cells(outlook.cells)
    ] or ["  not enough calls yet"]
    return lines


def _table(staffing: Staffing, come: Expected) -> list[str]:
    lines = ["            sessions   hours  agents  calls/agent h  places  attempts  contacts"]
    for place, name in enumerate(_NAMES):
        lines.append(
            f"{name:11} {staffing.sessions[place]:8} {staffing.hours[place]:7g} {staffing.agents[place]:7}"
            f" {staffing.calls[place]:14g} {staffing.attempts[place]:7.0f} {come.attempts[place]:9.0f}"
            f" {come.contacts[place]:9.0f}"
        )
    return lines


def _moved(moved: tuple[int, int, int]) -> str:
    more = [name for name, by in zip(_NAMES, moved, strict=True) if by > 0]
    fewer = [name for name, by in zip(_NAMES, moved, strict=True) if by < 0]
    return f"one {more[0]} session more" + (f", one {fewer[0]} session fewer" if fewer else "")
