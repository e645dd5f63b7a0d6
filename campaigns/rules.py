"""The never-dial rules: whether one person may be called on one number at one moment, and if not, why not.

One pure function, `may_call`; `facts.py` reads what it needs. The claim (``sql/claiming.sql``) asks the
same questions in SQL, because it must answer them for thousands; a test holds the two together. In the
second before Originate `may_call` has the last word.

It does not rank: who comes first among those who may be called is the claim's order.

Invariant: no reason, no refusal; every reason that applies is listed, not only the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from campaigns.calendar import CalendarDays, WindowRule, hour_of_week, jst_date, month_start, window_at, windows_ahead
from campaigns.model import E164, Window


class Reason(StrEnum):
    """Why somebody may not be called now."""

    CAMPAIGN_STOPPED = "campaign_stopped"
    OUTSIDE_CALENDAR = "outside_calendar"
    PAID = "paid"
    NOT_YET_DUE = "not_yet_due"
    OPEN_PROMISE = "open_promise"
    CONTACT_STOP = "contact_stop"
    ALREADY_CONTACTED_THIS_MONTH = "already_contacted_this_month"
    NO_NUMBER = "no_number"
    DEAD_NUMBER = "dead_number"
    TOO_SOON = "too_soon"
    SAME_HOUR_REPEATED = "same_hour_repeated"
    SAME_WINDOW_REPEATED = "same_window_repeated"
    PERSON_BUSY = "person_busy"
    HOUSEHOLD_BUSY = "household_busy"
    NUMBER_BUSY = "number_busy"
    WANTS_WAITING_AGENT = "wants_waiting_agent"

    @property
    def label(self) -> str:
        """What the people at the screen read."""
        return _LABELS[self]


_LABELS = {
    Reason.CAMPAIGN_STOPPED: "架電が停止中です",
    Reason.OUTSIDE_CALENDAR: "架電できる時間帯ではありません",
    Reason.PAID: "未納がありません",
    Reason.NOT_YET_DUE: "納期限前です",
    Reason.OPEN_PROMISE: "納付約束の期日前です",
    Reason.CONTACT_STOP: "催告中止です",
    Reason.ALREADY_CONTACTED_THIS_MONTH: "今月すでに接触済みです",
    Reason.NO_NUMBER: "電話番号がありません",
    Reason.DEAD_NUMBER: "使われていない電話番号です",
    Reason.TOO_SOON: "前回の架電から間がありません",
    Reason.SAME_HOUR_REPEATED: "前回と同じ曜日・時間です",
    Reason.SAME_WINDOW_REPEATED: "ほかの時間帯をまだ試していません",
    Reason.PERSON_BUSY: "いま架電中です",
    Reason.HOUSEHOLD_BUSY: "同じ世帯に架電中か架電した直後です",
    Reason.NUMBER_BUSY: "同じ電話番号に架電中か架電した直後です",
    Reason.WANTS_WAITING_AGENT: "待機中のオペレーターがいるときだけ架電します",
}


@dataclass(frozen=True, slots=True)
class OpenDebt:
    """Unpaid instalments of one debt type, with the earliest due date (JST) among them."""

    debt_type: str
    due_on: date


@dataclass(frozen=True, slots=True)
class OpenPromise:
    """A promise not closed; it covers `debt_type`, or every debt when None, up to and with `due_on` (JST)."""

    debt_type: str | None
    due_on: date


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Everything that `may_call` looks at. Moments are aware; None = never, or not known.

    Args:
        campaign_running: the campaign's state is ``running``.
        windows: the campaign's.
        calendar_days: at least the next 14 days of the editable calendar.
        debts: unpaid, of the campaign's debt types only.
        promises: of this person, not closed.
        number: the one that is (to be) called; None when no live number is known.
        number_dead: it is known to be out of service, or was taken off this person.
        attempts: tries so far in each kind of window, as ``debtor_progress`` counts them.
        next_attempt_at: the end of this person's retry delay.
        missed_hour_of_week: 0–167 (JST), the hour in which the last try rang in vain.
        person_open, household_open, number_open: another attempt is under way there.
        household_next_attempt_at, number_next_attempt_at: the end of the delay that the last try of
            anyone in the household, of anyone on this number, left behind.
        ready_agents: agents ready now; None = not asked (the claim has looked already).
    """

    campaign_running: bool
    windows: tuple[WindowRule, ...]
    calendar_days: CalendarDays
    debts: tuple[OpenDebt, ...]
    number: E164 | None
    promises: tuple[OpenPromise, ...] = ()
    contact_stop: bool = False
    number_dead: bool = False
    attempts: Mapping[Window, int] = field(default_factory=dict)
    next_attempt_at: datetime | None = None
    missed_hour_of_week: int | None = None
    contacted_at: datetime | None = None
    person_open: bool = False
    household_open: bool = False
    household_next_attempt_at: datetime | None = None
    number_open: bool = False
    number_next_attempt_at: datetime | None = None
    wants_waiting_agent: bool = False
    ready_agents: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer; `reasons` is empty exactly when calling is allowed."""

    reasons: tuple[Reason, ...]

    @property
    def allowed(self) -> bool:
        return not self.reasons


def may_call(facts: CallFacts, now: datetime) -> Verdict:
    """Whether this person may be called on this number at `now` (aware).

    Source: requirements CALL-4, CALL-5, CALL-7, CALL-8; for the waiting agent, the project's design
    (whoever an abandoned call touched is next called only with an agent already waiting).

    Raises:
        ValueError: `now` is naive.
    """
    window = window_at(facts.windows, facts.calendar_days, now)
    applies = {
        Reason.CAMPAIGN_STOPPED: not facts.campaign_running,
        Reason.OUTSIDE_CALENDAR: window is None,
        **_debt_reasons(facts, jst_date(now)),
        Reason.CONTACT_STOP: facts.contact_stop,
        Reason.ALREADY_CONTACTED_THIS_MONTH: facts.contacted_at is not None and facts.contacted_at >= month_start(now),
        Reason.NO_NUMBER: facts.number is None,
        Reason.DEAD_NUMBER: facts.number_dead,
        Reason.TOO_SOON: _later(facts.next_attempt_at, now),
        Reason.SAME_HOUR_REPEATED: facts.missed_hour_of_week == hour_of_week(now),
        Reason.SAME_WINDOW_REPEATED: window is not None and _repeats(facts, window, now),
        Reason.PERSON_BUSY: facts.person_open,
        Reason.HOUSEHOLD_BUSY: facts.household_open or _later(facts.household_next_attempt_at, now),
        Reason.NUMBER_BUSY: facts.number_open or _later(facts.number_next_attempt_at, now),
        Reason.WANTS_WAITING_AGENT: facts.wants_waiting_agent and facts.ready_agents == 0,
    }
    return Verdict(tuple(reason for reason in Reason if applies[reason]))


def _later(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now


def _debt_reasons(facts: CallFacts, today: date) -> dict[Reason, bool]:
    """At most one of the three: a debt that is overdue and free of promises answers all of them."""
    overdue = [debt for debt in facts.debts if debt.due_on < today]
    kept_waiting = [p.debt_type for p in facts.promises if p.due_on >= today]
    covered = [debt for debt in overdue if None in kept_waiting or debt.debt_type in kept_waiting]
    return {
        Reason.PAID: not facts.debts,
        Reason.NOT_YET_DUE: bool(facts.debts) and not overdue,
        Reason.OPEN_PROMISE: bool(overdue) and len(covered) == len(overdue),
    }


def _repeats(facts: CallFacts, window: Window, now: datetime) -> bool:
    """This kind of window was tried more often than another one that the campaign will open soon (CALL-7)."""
    others = windows_ahead(facts.windows, facts.calendar_days, now) - {window}
    here = facts.attempts.get(window, 0)
    return any(here > facts.attempts.get(other, 0) for other in others)
