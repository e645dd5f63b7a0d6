"""The operation log: which function was used, on which data, on how many, by whom (SEC-2).

Subjects are ids (``debtor 12``), never names or numbers. Acts are written before the answer goes out: what
could not be logged is not shown.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import aiosql

from webui.access import Principal
from webui.services import Services

_sql: Any = aiosql.from_path(Path(__file__).parent / "sql" / "operations.sql", "asyncpg")


class Act(StrEnum):
    """The functions that are logged."""

    PERSON_VIEWED = "person_viewed"
    CALL_DISPOSED = "call_disposed"
    CAMPAIGN_STATE_SET = "campaign_state_set"
    SEAT_FREED = "seat_freed"
    CHOOSING_SET = "choosing_set"
    NUMBER_LEARNT = "number_learnt"
    CANDIDATES_CLOSED = "candidates_closed"
    CANDIDATE_REOPENED = "candidate_reopened"


async def log_operation(services: Services, me: Principal, act: Act, subject: str, *, rows: int = 1) -> None:
    """Write one line; `rows` is how many records were shown or changed."""
    await _sql.log_operation(
        services.pool, now=services.clock.now(), user_id=me.user_id, act=act, subject=subject, rows=rows
    )
