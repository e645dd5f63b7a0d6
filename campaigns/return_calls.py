"""What a call that comes in teaches: somebody is at that telephone in this kind of hour (CALL-6).

Decides whose evidence it is, and counts it the moment the call comes in, whatever becomes of it: whoever heard that
nobody is free was at the telephone, too. A former system's records count alike (`importing.history`). What an agent
does with such a call is no business of this module.

A number says whose line it is only while everybody who has it is one person, or of one household; then each of them is
reachable there. Progress, spread and caps are not touched: it was no attempt of ours.

Invariant: a call is counted once, however often it is told.
Invariant: of an unknown or withheld caller nothing is kept.
"""

from __future__ import annotations

from datetime import datetime

import asyncpg

from campaigns.calendar import to_jst
from campaigns.evidence import Seen, add_many
from campaigns.importing.history.checking import window_of_day
from campaigns.importing.phones import Phone, read_phone
from campaigns.model import E164, Window
from campaigns.queries import queries


async def count_return_call(conn: asyncpg.Connection, uniqueid: str, caller: str, now: datetime) -> int:
    """Count an inbound call as a hit for the line it came from.

    Args:
        uniqueid: Asterisk's name of the inbound channel.
        caller: as the trunk writes it, national or with +81; empty or a word when it is withheld.
        now: when it came in, aware.

    Returns:
        The lines for which it was counted; 0 when nobody, or several households, have this number, or it was
        counted before.

    Source: requirements CALL-5, CALL-6, IN-1.
    """
    phone = read_phone(caller)
    if not isinstance(phone, Phone):
        return 0
    number, window = E164(phone.number), _window_of(now)
    async with conn.transaction():
        noted = queries.note_return_call(conn, uniqueid=uniqueid, number=number, came_at=now, call_window=window)
        people = [int(row["debtor_id"]) async for row in noted]
        if people:
            await add_many(conn, [Seen(debtor_id, number, window, now, hits=1.0, misses=0.0) for debtor_id in people])
            await queries.grade_anew(conn, debtor_ids=people)  # last: it never waits
    return len(people)


def _window_of(at: datetime) -> Window:
    """By the day and the hour alone: a person's habits know nothing of the days on which a campaign is open."""
    local = to_jst(at)
    return window_of_day(local.date(), local.hour * 3600 + local.minute * 60 + local.second)
