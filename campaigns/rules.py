"""The never-dial rules: whether one person may be called on one number at one moment, and if not, why not.

One pure function, `may_call`; `facts.py` reads what it needs. The claim (``sql/claim.template``) asks the
same questions in SQL, because it must answer them for thousands; a test holds the two together. In the
second before Originate `may_call` has the last word.

It does not rank: who comes first among those who may be called is the claim's order (`grading`).

Invariant: no reason, no refusal; every reason that applies is listed, not only the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum

from campaigns.calendar import cell_of, hour_of_week, jst_date, month_start
from campaigns.model import E164, Urgency, Window
from campaigns.opening.campaign_hours import CampaignHours

PROMISE_GRACE_DAYS = 3
"""Days after the promised one that are waited for the news of a payment, days off included. Who pays at a bank or a
convenience store on the promised day is in the city's data a few days later (速報, then 確報); nobody who has paid is
to be called a breaker of his word. The view ``callable_debtor`` and the claim have the same number."""


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
    CAP_REACHED = "cap_reached"
    SAME_HOUR_REPEATED = "same_hour_repeated"
    SAME_DAY_REPEATED = "same_day_repeated"
    SAME_WINDOW_REPEATED = "same_window_repeated"
    PERSON_BUSY = "person_busy"
    HOUSEHOLD_BUSY = "household_busy"
    NUMBER_BUSY = "number_busy"
    WANTS_WAITING_AGENT = "wants_waiting_agent"
    WANTS_LANGUAGE = "wants_language"
    WANTS_NAMED_AGENT = "wants_named_agent"

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
    Reason.CAP_REACHED: "架電回数の上限に達しています",
    Reason.SAME_HOUR_REPEATED: "前回と同じ曜日・時間です",
    Reason.SAME_DAY_REPEATED: "同じ時間帯のほかの曜日をまだ試していません",
    Reason.SAME_WINDOW_REPEATED: "ほかの時間帯をまだ試していません",
    Reason.PERSON_BUSY: "いま架電中か、本人から着信中です",
    Reason.HOUSEHOLD_BUSY: "同じ世帯に架電中か架電した直後です",
    Reason.NUMBER_BUSY: "同じ電話番号に架電中か架電した直後です",
    Reason.WANTS_WAITING_AGENT: "待機中のオペレーターがいるときだけ架電します",
    Reason.WANTS_LANGUAGE: "その言語を話すオペレーターが待機中のときだけ架電します",
    Reason.WANTS_NAMED_AGENT: "約束した担当者が待機中のときだけ架電します",
}


@dataclass(frozen=True, slots=True)
class OpenDebt:
    """Unpaid instalments of one debt type, with the earliest due date (JST) among them."""

    debt_type: str
    due_on: date


@dataclass(frozen=True, slots=True)
class OpenPromise:
    """A promise not closed; it covers `debt_type`, or all when None, up to and with `due_on` (JST) and its grace."""

    debt_type: str | None
    due_on: date


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Everything that `may_call` looks at. Moments are aware; None = never, or not known.

    Args:
        campaign_running: the campaign's state is ``running``.
        hours: when the campaign calls, and for which of its debt types; at least for the next 14 days.
        debts: unpaid, of the campaign's debt types only.
        promises: of this person, not closed.
        number: the one that is (to be) called; None when no live number is known.
        number_dead: it is known to be out of service, or was taken off this person.
        attempts: tries so far in each kind of window, as ``debtor_progress`` counts them.
        next_attempt_at: the end of this person's retry delay.
        missed_hour_of_week: 0–167 (JST), the hour in which the last try rang in vain.
        missed_cells: days of the week that rang in vain in each kind of hour (`calendar.cell_of`).
        recall_from: a broken promise or an agreed callback; newer than `contacted_at`, it lifts the contact.
        capped_until, household_capped_until, number_capped_until: the end of the period whose cap of attempts
            is reached.
        urgency: CALLBACK = an hour was agreed; it is kept whatever was tried before.
        strict_rotation: no kind of hour again before the others in which this person can soon be called.
        person_open, household_open, number_open: another attempt is under way there; `person_open` too while this
            person calls us.
        household_next_attempt_at, number_next_attempt_at: the end of the delay that the last try of
            anyone in the household, of anyone on this number, left behind.
        wants: the agent who must be reserved beforehand: ``any``, ``language:ne``, ``agent:17``; None = nobody.
        reserved: one is; None = not asked.
    """

    campaign_running: bool
    hours: CampaignHours
    debts: tuple[OpenDebt, ...]
    number: E164 | None
    promises: tuple[OpenPromise, ...] = ()
    contact_stop: bool = False
    number_dead: bool = False
    attempts: Mapping[Window, int] = field(default_factory=dict)
    next_attempt_at: datetime | None = None
    missed_hour_of_week: int | None = None
    missed_cells: int = 0
    contacted_at: datetime | None = None
    recall_from: datetime | None = None
    capped_until: datetime | None = None
    urgency: Urgency = Urgency.NONE
    strict_rotation: bool = False
    person_open: bool = False
    household_open: bool = False
    household_next_attempt_at: datetime | None = None
    household_capped_until: datetime | None = None
    number_open: bool = False
    number_next_attempt_at: datetime | None = None
    number_capped_until: datetime | None = None
    wants: str | None = None
    reserved: bool | None = None


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
    window = facts.hours.window_at(now)
    applies = {
        Reason.CAMPAIGN_STOPPED: not facts.campaign_running,
        Reason.OUTSIDE_CALENDAR: window is None or _closed_for(facts, now),
        **_debt_reasons(facts, jst_date(now)),
        Reason.CONTACT_STOP: facts.contact_stop,
        Reason.ALREADY_CONTACTED_THIS_MONTH: _contacted(facts, now),
        Reason.NO_NUMBER: facts.number is None,
        Reason.DEAD_NUMBER: facts.number_dead,
        Reason.TOO_SOON: _later(facts.next_attempt_at, now),
        Reason.CAP_REACHED: any(
            _later(until, now)
            for until in (facts.capped_until, facts.household_capped_until, facts.number_capped_until)
        ),
        **_spread_reasons(facts, window, now),
        Reason.PERSON_BUSY: facts.person_open,
        Reason.HOUSEHOLD_BUSY: facts.household_open or _later(facts.household_next_attempt_at, now),
        Reason.NUMBER_BUSY: facts.number_open or _later(facts.number_next_attempt_at, now),
        **_agent_reasons(facts),
    }
    return Verdict(tuple(reason for reason in Reason if applies[reason]))


def _later(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now


def _debt_reasons(facts: CallFacts, today: date) -> dict[Reason, bool]:
    """At most one of the three: a debt that is overdue and free of promises answers all of them."""
    overdue = [debt for debt in facts.debts if debt.due_on < today]
    return {
        Reason.PAID: not facts.debts,
        Reason.NOT_YET_DUE: bool(facts.debts) and not overdue,
        Reason.OPEN_PROMISE: bool(overdue) and not _owed(facts, today),
    }


def _owed(facts: CallFacts, today: date) -> list[OpenDebt]:
    """What is overdue and free of promises; a promise is waited for until the days of grace are over, too."""
    waited_from = today - timedelta(days=PROMISE_GRACE_DAYS)
    promised = [p.debt_type for p in facts.promises if p.due_on >= waited_from]
    overdue = [debt for debt in facts.debts if debt.due_on < today]
    return [debt for debt in overdue if None not in promised and debt.debt_type not in promised]


def own_hours(facts: CallFacts, now: datetime) -> CampaignHours:
    """The campaign's hours in which this person can be called about what is owed at `now`; all when nothing is."""
    owed = [debt.debt_type for debt in _owed(facts, jst_date(now))]
    return facts.hours.for_debt_types(owed) if owed else facts.hours


def _closed_for(facts: CallFacts, now: datetime) -> bool:
    """The campaign is open, but not for any of the debt types that this person could be called about."""
    owed = _owed(facts, jst_date(now))
    return bool(owed) and not {debt.debt_type for debt in owed} & set(facts.hours.debt_types_at(now))


def _contacted(facts: CallFacts, now: datetime) -> bool:
    """Contacted this month (JST), and nothing newer asks for a call."""
    if facts.contacted_at is None or facts.contacted_at < month_start(now):
        return False
    return facts.recall_from is None or facts.recall_from <= facts.contacted_at


def _spread_reasons(facts: CallFacts, window: Window | None, now: datetime) -> dict[Reason, bool]:
    """Tries of one person vary in day, hour and kind of hour (CALL-7); an agreed hour is kept whatever was tried."""
    asked = window is not None and facts.urgency is not Urgency.CALLBACK
    return {
        Reason.SAME_HOUR_REPEATED: asked and facts.missed_hour_of_week == hour_of_week(now),
        Reason.SAME_DAY_REPEATED: asked and window is not None and _repeats_day(facts, window, now),
        Reason.SAME_WINDOW_REPEATED: asked
        and facts.strict_rotation
        and window is not None
        and _repeats_window(facts, window, now),
    }


def _repeats_day(facts: CallFacts, window: Window, now: datetime) -> bool:
    """This kind of hour rang in vain on this day of the week, and another day of it comes soon, not tried in vain.

    Only days on which this person can be called count; else who can be called on Tuesdays only never is again.
    """
    if not facts.missed_cells & cell_of(window, jst_date(now)):
        return False
    return bool(own_hours(facts, now).cells_ahead(now, window) & ~facts.missed_cells)


def _repeats_window(facts: CallFacts, window: Window, now: datetime) -> bool:
    """This kind of hour was tried more often than another one that soon comes for this person."""
    others = own_hours(facts, now).windows_ahead(now) - {window}
    here = facts.attempts.get(window, 0)
    return any(here > facts.attempts.get(other, 0) for other in others)


def _agent_reasons(facts: CallFacts) -> dict[Reason, bool]:
    """Who must be dialed with an agent reserved, and is not."""
    kind = facts.wants.partition(":")[0] if facts.wants and facts.reserved is False else None
    return {
        Reason.WANTS_WAITING_AGENT: kind == "any",
        Reason.WANTS_LANGUAGE: kind == "language",
        Reason.WANTS_NAMED_AGENT: kind == "agent",
    }
