"""The person on the agent's screen: everything known that helps this one conversation.

Reads, decides nothing about calls. An agent sees the people of her own calls only; who looked at whom is logged.
Amounts are yen. A late charge that is not fixed yet (要す) is None in its row and makes the total a lower bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import aiosql
import asyncpg

from campaigns.calendar import JST

_sql: Any = aiosql.from_path(Path(__file__).parent / "sql" / "people.sql", "asyncpg")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Screen:
    """What one call shows. `debtor` is None for a caller who is not known."""

    call: Row
    debtor: Row | None
    phones: list[Row]
    household: list[Row]
    debts: list[Row]
    totals: Row
    promises: list[Row]
    history: list[Row]


async def read_screen(
    conn: asyncpg.Connection, call_id: UUID, agent_id: int, now: datetime
) -> tuple[Screen, bool] | None:
    """The screen of `call_id`, and whether the call is (or was) `agent_id`'s; None when there is no such call."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        call = await _sql.call(conn, call_id=call_id, agent_id=agent_id)
        if call is None:
            return None
        shown = {key: value for key, value in call.items() if key not in ("is_mine", "number")}
        shown["number"] = national(call["number"])
        debtor = None if call["debtor_id"] is None else await _sql.debtor(conn, debtor_id=call["debtor_id"])
        if debtor is None:
            return Screen(shown, None, [], [], [], totals([]), [], []), call["is_mine"]
        today = now.astimezone(JST).date()
        whose = {"debtor_id": debtor["debtor_id"]}
        debts = [_debt(r, today) async for r in _sql.debts(conn, **whose, campaign_id=call["campaign_id"])]
        screen = Screen(
            call=shown,
            debtor={**debtor, "age": age_on(debtor["born_on"], today)},
            phones=await _phones(conn, debtor["debtor_id"]),
            household=[
                {**r, "age": age_on(r["born_on"], today)}
                async for r in _sql.household(conn, **whose, household_id=debtor["household_id"])
            ],
            debts=debts,
            totals=totals(debts),
            promises=[{**r, "is_overdue": _is_overdue(r, today)} async for r in _sql.promises(conn, **whose)],
            history=[dict(r) async for r in _sql.history(conn, **whose, call_id=call_id)],
        )
        return screen, call["is_mine"]


async def read_phones(conn: asyncpg.Connection, call_id: UUID) -> tuple[int, list[Row]]:
    """Who is on a call, and that person's numbers as the screen shows them.

    Raises:
        LookupError: there is no such call, or nobody knows who calls.
    """
    debtor_id = await _sql.debtor_of_call(conn, call_id=call_id)
    if debtor_id is None:
        raise LookupError("nobody is known on this call")
    return debtor_id, await _phones(conn, debtor_id)


async def _phones(conn: asyncpg.Connection, debtor_id: int) -> list[Row]:
    return [{**r, "number": national(r["number"])} async for r in _sql.phones(conn, debtor_id=debtor_id)]


def age_on(born_on: date | None, today: date) -> int | None:
    """Completed years; someone born on 29 February is older from 1 March on.

    (In law an age is reached at the end of the day before the birthday; a screen shows what people expect.)
    """
    if born_on is None:
        return None
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


def national(number: str | None) -> str | None:
    """A Japanese E.164 number as it is dialled at home; mobile and IP numbers in groups, others as they are."""
    if number is None or not number.startswith("+81"):
        return number
    home = "0" + number[3:]
    return f"{home[:3]}-{home[3:7]}-{home[7:]}" if len(home) == 11 and home[2] == "0" else home


def totals(debts: list[Row]) -> Row:
    """Sums in yen over debt rows; `late_charge_open` = at least one late charge is not fixed yet."""
    principal = sum(d["principal_yen"] for d in debts)
    late = sum(d["late_charge_yen"] or 0 for d in debts)
    return {
        "items": len(debts),
        "principal_yen": principal,
        "late_charge_yen": late,
        "total_yen": principal + late,
        "late_charge_open": any(d["late_charge_yen"] is None for d in debts),
    }


def subject_of(debts: list[Row]) -> tuple[str, str]:
    """(department, debt types) to name on the call; of several departments, the largest debt's.

    Debts that the call's campaign is about go first.
    """
    about = [d for d in debts if d["in_campaign"]] or debts
    if not about:
        return "市役所", "お知らせ"
    largest = max(about, key=lambda d: d["principal_yen"])
    return largest["department"], "・".join(dict.fromkeys(d["debt_type_name"] for d in about))


def _debt(row: asyncpg.Record, today: date) -> Row:
    return {
        **row,
        "total_yen": row["principal_yen"] + (row["late_charge_yen"] or 0),
        "is_overdue": row["due_on"] < today,
    }


def _is_overdue(promise: asyncpg.Record, today: date) -> bool:
    return promise["closed_on"] is None and promise["due_on"] < today
