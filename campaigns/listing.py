"""Keeps each campaign's list of people: ``list_entry`` made equal to the view ``callable_debtor``.

Decides nothing: the view in ``schema/0005_choosing.sql`` says who is on a list and from which moment.
What is written here lets the claim walk an index instead of judging every person.

`refresh_progress` must be called by whoever changes debts, payments, promises, numbers, contact stops
or a campaign's debt types. A forgotten refresh never lets a wrong call out (claim and second check
read the facts themselves); it only leaves someone uncalled for longer.

A result also moves back those who share its number or household (``results``: hold_sharers).

Invariant: ``list_entry`` is written last in its transaction. A refresh of many people keeps other
writers of it waiting until its transaction ends, so it belongs at that transaction's end. Invariant: an
entry is made from facts read after the person (or all lists) was locked. A statement that began earlier
and waited would put back somebody whose payment was committed meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from campaigns.queries import queries


async def refresh_progress(conn: asyncpg.Connection, debtor_ids: Sequence[int] | None) -> None:
    """Bring the lists up to date for these people, or for everyone when None.

    Missing ``debtor_progress`` rows are made. Rows that are right already are not written. The moment
    plays no part: an entry says from when on somebody may be called.

    For everyone, the planner is first told how full the tables are: right after an import it believes
    them empty, and nested loops over 60,000 people then take minutes instead of a second.
    """
    ids = None if debtor_ids is None else list(debtor_ids)
    async with conn.transaction():
        await queries.add_missing_progress(conn, debtor_ids=ids)
        if ids is not None and len(ids) == 1:
            await queries.lock_person(conn, debtor_id=ids[0])
            await queries.relist_one(conn, debtor_id=ids[0])
        elif ids is None or ids:
            if ids is None:
                await queries.analyze_filled(conn)
            await queries.lock_lists(conn)
            await queries.only_hash_joins(conn, nested_loops="off")
            await queries.relist_many(conn, debtor_ids=ids)
            await queries.only_hash_joins(conn, nested_loops="on")


async def relist(conn: asyncpg.Connection, debtor_id: int) -> None:
    """The same for one person whose progress the caller has locked, in one statement: an ended attempt waits for it."""
    await queries.relist_one(conn, debtor_id=debtor_id)


async def list_drift(conn: asyncpg.Connection) -> int:
    """How many entries are missing, left over, in the wrong place or later than the facts say; 0 is right."""
    return int(await queries.list_drift(conn))
