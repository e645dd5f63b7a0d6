"""When each rule that stands in the way lifts, and the next moment at which a person may be called (pure).

It asks `rules.may_call` at the moments at which its answer can change, and decides no rule itself. "Next possible"
means: if nothing else happens meanwhile. A payment, a promise, another attempt or a new number changes it.

Invariant: at the moment given, `may_call` allows the call; before it, at no half hour of an open window.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from campaigns.calendar import month_start, start_of_day
from campaigns.rules import PROMISE_GRACE_DAYS, CallFacts, Reason, Verdict, may_call, own_hours

_MOST_LOOKS = 2_000  # half hours in open windows; the spread over days lifts within weeks

FOR_GOOD = frozenset({Reason.PAID, Reason.CONTACT_STOP, Reason.NO_NUMBER, Reason.DEAD_NUMBER})
"""No moment ends these; only a new fact does."""

_SPREAD = frozenset({Reason.SAME_HOUR_REPEATED, Reason.SAME_DAY_REPEATED, Reason.SAME_WINDOW_REPEATED})

_STEPPED = _SPREAD | {Reason.OUTSIDE_CALENDAR}
"""Not leapt over: another debt may fall due, or a promise end, before these lift by themselves."""

UNDER_WAY = frozenset({Reason.PERSON_BUSY})
"""An attempt is open; when it has ended, the retry delay of its outcome decides."""


@dataclass(frozen=True, slots=True)
class NextMoment:
    """The next possible moment.

    Args:
        at: aware; None = no moment can be named.
        because: what has no end that is known: with `at` None the reasons for that; else what must be lifted by
            somebody before `at` can hold (the campaign is stopped).
    """

    at: datetime | None
    because: tuple[Reason, ...] = ()


def next_moment(facts: CallFacts, now: datetime) -> NextMoment:
    """The first moment from `now` (aware) on at which this person may be called on the number of `facts`.

    A stopped campaign is taken as running and named in `because`. That an agent must be reserved is no matter of
    time and isn't asked.
    """
    reasons = may_call(facts, now).reasons
    endless = tuple(
        reason for reason in reasons if reason in FOR_GOOD or reason in UNDER_WAY or _is_open(facts, reason)
    )
    if endless:
        return NextMoment(None, endless)
    running = replace(facts, campaign_running=True, reserved=None)
    at = _first(running, now, lambda verdict: verdict.allowed, leap=True)
    if at is None:
        return NextMoment(None, may_call(running, now).reasons)
    return NextMoment(at, () if facts.campaign_running else (Reason.CAMPAIGN_STOPPED,))


def lifts_at(reason: Reason, facts: CallFacts, now: datetime) -> datetime | None:
    """When a reason that stands at `now` lifts, looked at alone; None when no moment can be named."""
    if reason is Reason.OUTSIDE_CALENDAR:
        return own_hours(facts, now).next_opening(now)
    if reason in _SPREAD:
        return _first(facts, now, lambda verdict: reason not in verdict.reasons, leap=False)
    if _is_open(facts, reason):
        return None
    known = {
        Reason.NOT_YET_DUE: _debt_lifts(facts, now),
        Reason.OPEN_PROMISE: _debt_lifts(facts, now),
        Reason.ALREADY_CONTACTED_THIS_MONTH: month_start(month_start(now) + timedelta(days=32)),
        Reason.TOO_SOON: facts.next_attempt_at,
        Reason.CAP_REACHED: _latest(facts.capped_until, facts.household_capped_until, facts.number_capped_until),
        Reason.HOUSEHOLD_BUSY: facts.household_next_attempt_at,
        Reason.NUMBER_BUSY: facts.number_next_attempt_at,
    }
    return known.get(reason)


def _opening(facts: CallFacts, moment: datetime) -> datetime | None:
    return facts.hours.next_opening(moment)


def _is_open(facts: CallFacts, reason: Reason) -> bool:
    """Another attempt is under way there: its end is not known."""
    return (reason is Reason.HOUSEHOLD_BUSY and facts.household_open) or (
        reason is Reason.NUMBER_BUSY and facts.number_open
    )


def _debt_lifts(facts: CallFacts, now: datetime) -> datetime | None:
    """The first day on which an instalment is overdue and not covered by a promise any more."""
    days, grace = [], timedelta(days=PROMISE_GRACE_DAYS)
    for debt in facts.debts:
        covering = [p.due_on + grace for p in facts.promises if p.debt_type is None or p.debt_type == debt.debt_type]
        days.append(max([debt.due_on, *covering]))
    return start_of_day(min(days) + timedelta(days=1)) if days else None


def _first(facts: CallFacts, now: datetime, fits: Callable[[Verdict], bool], *, leap: bool) -> datetime | None:
    """The first moment from `now` on, at an opening, a half hour or the end of a known wait, that fits.

    Args:
        leap: known waits are leapt over; not when only some of the reasons matter.
    """
    moment = now
    for _ in range(_MOST_LOOKS):
        opening = _opening(facts, moment)
        if opening is None:
            return None
        verdict = may_call(facts, opening)
        if fits(verdict):
            return opening
        waits = [lifts_at(reason, facts, opening) for reason in verdict.reasons if leap and reason not in _STEPPED]
        moment = max([_next_half_hour(opening), *(wait for wait in waits if wait is not None)])
    return None


def _next_half_hour(moment: datetime) -> datetime:
    """The spread goes by clock hours and by windows, which change at half hours at the most often."""
    whole = moment.replace(minute=moment.minute // 30 * 30, second=0, microsecond=0)
    return whole + timedelta(minutes=30)


def _latest(*moments: datetime | None) -> datetime | None:
    known = [moment for moment in moments if moment is not None]
    return max(known) if known else None
