"""Promises to pay, kept or broken: settled when the promised day and the days of grace after it are over (CALL-10).

Decides when a promise is settled and as what (``sql/promises.sql``). It is *kept* when the debts that it is about are
paid (those that were overdue when it was made, else those due by the promised day), or when payments since it was made
reach its amount. Payments count to the end of the grace, whenever they were booked; several promises made on one day
(分納) share what comes in, the earlier ones first. Else it is *broken*, and the person is called again in this month,
before all others but agreed callbacks.

Invariant: settling again changes nothing; a promise is closed once. Invariant: a broken promise lifts no contact that
is newer than it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from campaigns.calendar import jst_date
from campaigns.callbacks import sweep_callbacks
from campaigns.listing import refresh_progress
from campaigns.model import Urgency
from campaigns.queries import queries
from campaigns.rules import PROMISE_GRACE_DAYS

_FEW = 50
"""Up to so many promises are looked up, and their lists mended, one by one, without keeping other writers waiting."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settlement changed.

    Args:
        kept, broken: promises closed.
        freed: callbacks that the named agent did not get to, now anyone's.
        expired: callbacks given up.
    """

    kept: int = 0
    broken: int = 0
    freed: int = 0
    expired: int = 0


async def settle(conn: asyncpg.Connection, now: datetime) -> Settled:
    """Settle promises and sweep callbacks: for a process that asks every few minutes; cheap when nothing is due.

    Args:
        now: aware. `conn` is in no transaction: nothing is locked for longer than one step takes.
    """
    promises = await settle_promises(conn, jst_date(now))
    swept = await sweep_callbacks(conn, now)
    return Settled(promises.kept, promises.broken, swept.freed, swept.expired)


async def settle_promises(conn: asyncpg.Connection, today: date) -> Settled:
    """Close every promise whose day was over `PROMISE_GRACE_DAYS` ago, in one transaction.

    Args:
        today: the JST date.
    """
    due = {"today": today, "grace_days": PROMISE_GRACE_DAYS}
    count = await queries.count_due_promises(conn, **due)
    if count == 0:
        return Settled()
    async with conn.transaction():
        # By nested loops, which the planner takes for tables that were filled a moment ago, thousands take minutes.
        await queries.only_hash_joins(conn, nested_loops="off" if count > _FEW else "on")
        row = await queries.close_due_promises(conn, **due, urgency=Urgency.BROKEN_PROMISE)
        await queries.only_hash_joins(conn, nested_loops="on")
        assert row is not None
        debtor_ids = list(row["debtor_ids"])
        for some in [debtor_ids] if len(debtor_ids) > _FEW else [[one] for one in debtor_ids]:
            await refresh_progress(conn, some)
    return Settled(kept=row["kept"], broken=row["broken"])
