"""Operating calendars in PostgreSQL: kept, changed, and loaded as a book (``book``).

Decides nothing about days.

Invariant: a change is whole or not at all, and leaves no day or rule with a pattern that the calendar hasn't.
"""

from __future__ import annotations

from datetime import date

import asyncpg

from campaigns.opening.book import OpeningBook, book_of
from campaigns.opening.checking import MAX_REASON, check, text_problems
from campaigns.opening.document import CLOSED, CalendarDocument
from campaigns.opening.faults import CalendarInvalid, CalendarUnknown
from campaigns.opening.reading import check_name
from campaigns.queries import queries


async def load_openings(
    conn: asyncpg.Connection, *, first_on: date | None = None, campaign_id: int | None = None
) -> OpeningBook:
    """The book, in one query; unchanged tables give the same object again.

    Args:
        first_on: single days and days of the site's table before this JST date are left out; None = all.
            With it, what the book says about earlier days is by rules alone.
        campaign_id: only what concerns this campaign; None = every calendar.
    """
    return book_of(await queries.openings(conn, first_on=first_on, campaign_id=campaign_id), campaign_id)


async def save_calendar(
    conn: asyncpg.Connection, name: str, document: CalendarDocument, *, replace_days: bool = False
) -> None:
    """Add the calendar `name`, or replace the one that is there.

    Single days are added to those that are there and win over them; who uses the calendar stays.

    Args:
        replace_days: single days that the document doesn't hold are taken out.

    Raises:
        CalendarInvalid: something is wrong with name or document, or a single day that stays is of a pattern
            that the document hasn't.
    """
    check_name(name)
    if problems := check(document):
        raise CalendarInvalid(name, problems)
    patterns = list(document.patterns)
    async with conn.transaction():
        await queries.put_calendar(
            conn, name=name, title=document.title,
            exchanged_weekday=document.exchanged_weekday, year_end_closed=document.year_end_closed,
        )  # fmt: skip
        if replace_days:
            await queries.delete_days_of_calendar(conn, name=name)
        labels = [entry.label for entry in document.patterns.values()]
        await queries.put_patterns(conn, name=name, patterns=patterns, labels=labels)
        await _put_days(conn, name, document)
        left = [
            f"days: {row['day']} is of the pattern {row['pattern']!r}, which would be gone"
            async for row in queries.days_without_pattern(conn, name=name, patterns=patterns)
        ]
        if left:
            raise CalendarInvalid(name, left)
        await _put_hours(conn, name, document)
        await _put_rules(conn, name, document)
        await queries.delete_other_patterns(conn, name=name, patterns=patterns)


async def _put_days(conn: asyncpg.Connection, name: str, document: CalendarDocument) -> None:
    await queries.put_days(
        conn,
        name=name,
        days=[day.on for day in document.days],
        patterns=[_pattern(day.pattern) for day in document.days],
        reasons=[day.reason for day in document.days],
    )


async def _put_hours(conn: asyncpg.Connection, name: str, document: CalendarDocument) -> None:
    await queries.delete_hours_of_calendar(conn, name=name)
    hours = [(pattern, one) for pattern, entry in document.patterns.items() for one in entry.hours]
    await queries.insert_hours_of_calendar(
        conn,
        name=name,
        patterns=[pattern for pattern, _ in hours],
        starts=[one.starts for _, one in hours],
        ends=[one.ends for _, one in hours],
        call_windows=[one.counts_as for _, one in hours],
    )


async def _put_rules(conn: asyncpg.Connection, name: str, document: CalendarDocument) -> None:
    await queries.delete_rules_of_calendar(conn, name=name)
    for place, rule in enumerate(document.rules, 1):
        await queries.insert_rule(
            conn,
            name=name,
            place=place,
            pattern=_pattern(rule.pattern),
            weekdays=list(rule.weekdays),
            nth=list(rule.nth),
            holidays=rule.holidays,
            from_on=rule.dates.first_on if rule.dates else None,
            until_on=rule.dates.last_on if rule.dates else None,
            from_yearly=rule.yearly.first if rule.yearly else None,
            until_yearly=rule.yearly.last if rule.yearly else None,
            reason=rule.reason,
        )


def _pattern(name: str) -> str | None:
    """As the tables have it: closed is NULL."""
    return None if name == CLOSED else name


async def set_day(conn: asyncpg.Connection, name: str, day: date, pattern: str, reason: str = "") -> None:
    """Make the JST date `day` of the calendar `name` a day of `pattern`, whatever it was.

    Args:
        pattern: the name of one of its patterns, or ``closed``.

    Raises:
        CalendarUnknown: there is no such calendar, or it has no such pattern.
        CalendarInvalid: the reason is too long, or holds line breaks.
    """
    if problems := text_problems("reason", reason, MAX_REASON):
        raise CalendarInvalid(name, problems)
    async with conn.transaction():
        await _lock(conn, name)
        known = [row["pattern"] async for row in queries.pattern_names(conn, name=name)]
        if pattern not in (*known, CLOSED):
            raise CalendarUnknown(f"{pattern}: calendar {name} has only {', '.join([*known, CLOSED])}")
        await queries.put_days(conn, name=name, days=[day], patterns=[_pattern(pattern)], reasons=[reason])


async def unset_day(conn: asyncpg.Connection, name: str, day: date) -> None:
    """Leave the JST date `day` of the calendar `name` to its rules again.

    Raises:
        CalendarUnknown: there is no such calendar, or the day wasn't set.
    """
    async with conn.transaction():
        await _lock(conn, name)
        if await queries.delete_day(conn, name=name, day=day) is None:
            raise CalendarUnknown(f"{day}: calendar {name} has no such single day")


async def use_for_campaign(conn: asyncpg.Connection, name: str | None, campaign_id: int) -> None:
    """Let a campaign call by the calendar `name`; None = in its own windows.

    Raises:
        CalendarUnknown: there is no such calendar or campaign.
    """
    async with conn.transaction():
        if name is not None:
            await _lock(conn, name)
        if await queries.set_campaign_calendar(conn, calendar=name, campaign_id=campaign_id) is None:
            raise CalendarUnknown(f"no campaign has the id {campaign_id}")


async def use_for_debt_type(conn: asyncpg.Connection, name: str | None, code: str) -> None:
    """Let a debt type be dialed by the calendar `name` only; None = whenever its campaigns call.

    Raises:
        CalendarUnknown: there is no such calendar or debt type.
    """
    async with conn.transaction():
        if name is not None:
            await _lock(conn, name)
        if await queries.set_debt_type_calendar(conn, calendar=name, code=code) is None:
            raise CalendarUnknown(f"no debt type has the code {code}")


async def _lock(conn: asyncpg.Connection, name: str) -> None:
    if await queries.lock_calendar(conn, name=name) is None:
        raise CalendarUnknown(f"{name}: no calendar has this name (see `dialer calendar list`)")
