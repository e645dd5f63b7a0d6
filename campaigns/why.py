"""Why a person is called now, later or never: each rule's answer, the numbers, the model's view, the place in line.

Reads and puts together; it decides nothing. The rules are `rules.may_call`'s, the probabilities those of the model in
force, the place that of the claim's own order. What is said in which words is the screen's and the command's to decide.

What is read here is personal data (name, numbers): whoever shows it writes the operation log.

Invariant: `CampaignWhy.allowed` is what `may_call` answers with the facts read now, agents left out.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import asyncpg

from campaigns.campaign import load_campaign
from campaigns.caps import CapPeriod, Caps, CapScope, Counts, capped_until
from campaigns.facts import read_facts
from campaigns.grading.fitting import FittedModel, load_model
from campaigns.grading.people import evidence_of
from campaigns.limits import load_caps
from campaigns.model import Disposition, Outcome, Window
from campaigns.next_moment import NextMoment, lifts_at, next_moment
from campaigns.queries import queries
from campaigns.rules import CallFacts, Reason, may_call, own_hours
from campaigns.standstill import Standing, read_standing
from campaigns.why_values import CampaignWhy, CapHit, Known, Line, ListPlace, PersonWhy, RuleAnswer, Stop, Tried

ATTEMPTS_SHOWN = 20


async def explain_person(
    conn: asyncpg.Connection,
    now: datetime,
    *,
    addressee_no: str | None = None,
    debtor_id: int | None = None,
    campaign_id: int | None = None,
) -> PersonWhy | None:
    """Why this person is or isn't called at `now`; None when there is no such person.

    All is read in one snapshot, so that the parts agree.

    Args:
        addressee_no, debtor_id: one of the two.
        campaign_id: only this campaign; None = every one for whose debt types the person owes or owed something.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        person = await queries.why_person(conn, addressee_no=addressee_no, debtor_id=debtor_id)
        if person is None:
            return None
        found: int = person["debtor_id"]
        fitted = await load_model(conn)
        lines = await _lines(conn, found, fitted, now)
        rows = [row async for row in queries.why_campaigns(conn, debtor_id=found)]
        return PersonWhy(
            debtor_id=found,
            addressee_no=person["addressee_no"],
            name=person["name"],
            language=person["language"],
            now=now,
            fitted_at=fitted.fitted_at,
            campaigns=tuple(
                [
                    await _campaign(conn, row, found, lines, now)
                    for row in rows
                    if campaign_id is None or row["campaign_id"] == campaign_id
                ]
            ),
            lines=lines,
            tried=tuple([_tried(r) async for r in queries.why_attempts(conn, debtor_id=found, limit=ATTEMPTS_SHOWN)]),
        )


async def _campaign(
    conn: asyncpg.Connection, row: asyncpg.Record, debtor_id: int, lines: tuple[Line, ...], now: datetime
) -> CampaignWhy:
    campaign = await load_campaign(conn, row["campaign_id"])
    facts = await read_facts(conn, campaign, debtor_id, now, reserved=False)
    standing = may_call(facts, now).reasons
    place = None
    if row["listed"]:
        place = _place(row, facts, await read_standing(conn, campaign, now, debtor_id))
    return CampaignWhy(
        campaign=campaign,
        facts=facts,
        known=await _known(conn, debtor_id, facts, lines, now),
        answers=tuple(RuleAnswer(r, r in standing, lifts_at(r, facts, now) if r in standing else None) for r in Reason),
        next=_soonest(facts, lines, now),
        place=place,
    )


def _soonest(facts: CallFacts, lines: tuple[Line, ...], now: datetime) -> NextMoment:
    """The next moment over all live numbers: the claim takes whichever is free first."""
    live = [line for line in lines if line.live]
    if not live:
        return next_moment(facts, now)
    found = [
        next_moment(
            replace(
                facts,
                number=line.number,
                number_dead=False,
                number_open=line.busy,
                number_next_attempt_at=line.rests_until,
                number_capped_until=line.capped_until,
            ),
            now,
        )
        for line in live
    ]
    return min(found, key=lambda one: (one.at is None, one.at or now))


def _place(row: asyncpg.Record, facts: CallFacts, standing: Standing) -> ListPlace:
    grades = {window: int(row[f"{window}_grade"]) for window in Window}
    return ListPlace(
        callable_from=row["callable_from"],
        grades=grades,
        orders={window: max(grade, int(facts.urgency)) for window, grade in grades.items()},
        by_lot=row["by_lot"],
        graded=row["graded"],
        at=standing.at,
        window=standing.window,
        ahead_n=standing.ahead_n,
        callable_n=standing.callable_n,
    )


async def _known(
    conn: asyncpg.Connection, debtor_id: int, facts: CallFacts, lines: tuple[Line, ...], now: datetime
) -> Known:
    row = await queries.why_known(conn, debtor_id=debtor_id)
    caps = await load_caps(conn)
    counts = [(CapScope.PERSON, _counts(row, "")), (CapScope.HOUSEHOLD, _counts(row, "household_"))]
    counts += [(CapScope.NUMBER, line.counts) for line in lines if line.number == facts.number]
    return Known(
        window=facts.hours.window_at(now),
        next_opening_at=own_hours(facts, now).next_opening(now),
        stops=tuple(Stop(*stop) for stop in row["stops"]),
        caps=tuple(hit for scope, counted in counts for hit in caps_reached(scope, counted, caps[scope], now)),
        last_attempt_at=row["last_attempt_at"],
        last_outcome=None if row["last_outcome"] is None else Outcome(row["last_outcome"]),
        callback_due_at=row["callback_due_at"],
    )


def caps_reached(scope: CapScope, counts: Counts, caps: Caps, now: datetime) -> list[CapHit]:
    """The caps of one scope that keep everybody away at `now`, shortest period first."""
    return [
        CapHit(scope, period, caps[period])
        for period in CapPeriod
        if period in caps and capped_until(counts, {period: caps[period]}, now) is not None
    ]


def _counts(row: asyncpg.Record, prefix: str) -> Counts:
    return Counts(**{name: row[f"{prefix}{name}"] for name in Counts.__dataclass_fields__})


async def _lines(conn: asyncpg.Connection, debtor_id: int, fitted: FittedModel, now: datetime) -> tuple[Line, ...]:
    rows = [row async for row in queries.why_lines(conn, debtor_id=debtor_id)]
    if not rows:
        return ()
    evidence = evidence_of(rows, fitted.book, now)
    return tuple(
        Line(
            **{name: row[name] for name in _LINE_COLUMNS},
            rests_until=row["next_attempt_at"],
            counts=_counts(row, "rung_"),
            in_force={window: row[f"{window}_p"] for window in Window},
            table=fitted.model.explain(evidence.hits[i], evidence.misses[i], int(evidence.segments[i])),
        )
        for i, row in enumerate(rows)
    )


_LINE_COLUMNS = (
    "number", "kind", "source", "rank", "added_at", "removed_at", "removed_by", "dead_at", "dead_reason",
    "capped_until", "busy",
)  # fmt: skip


def _tried(row: asyncpg.Record) -> Tried:
    return Tried(
        at=row["at"],
        direction=row["direction"],
        window=None if row["call_window"] is None else Window(row["call_window"]),
        outcome=None if row["outcome"] is None else Outcome(row["outcome"]),
        disposition=None if row["disposition"] is None else Disposition(row["disposition"]),
        answer_probability=row["answer_probability"],
        by_lot=row["by_lot"],
    )
