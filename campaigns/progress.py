"""What an ended attempt and an agent's disposition make of a person's progress: next moment, rotation, caps.

Pure. `results` reads, applies and writes. The one place where progress changes; only what a former system's contacts
change is written for all of them at once (``mark_contacted`` in ``importing/sql/history.sql``; a test holds the two
together).

A try of a window is an attempt that could have reached somebody: it rang or was picked up. A busy line,
a fault of the network, a dead number and a call that we abandoned are no tries, so the person keeps the
turn in this window; three of the first two in a row count as one, so that a line that is always busy
doesn't stay at the head of the list.

Invariant: the next moment is never before the end of the attempt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from campaigns.calendar import cell_of, hour_of_week, jst_date
from campaigns.caps import Caps, Counts, capped_until, counted
from campaigns.model import Disposition, Outcome, Urgency, Window

_MIN_S, _HOUR_S, _DAY_S = 60, 3_600, 86_400

DEFAULT_RETRY_DELAY_S: Mapping[Outcome, int] = {
    Outcome.BUSY: 5 * _MIN_S,
    Outcome.NO_ANSWER: 1 * _HOUR_S,
    Outcome.CONGESTION: 10 * _MIN_S,
    Outcome.FAILED: 10 * _MIN_S,
    Outcome.REJECTED: 1 * _DAY_S,
    Outcome.MACHINE: 4 * _HOUR_S,
    Outcome.HUNG_UP_EARLY: 4 * _HOUR_S,
    Outcome.ANSWERED: 4 * _HOUR_S,  # until the disposition says more
    Outcome.ABANDONED: 1 * _HOUR_S,  # and then only with an agent already waiting
    Outcome.INVALID_NUMBER: 0,  # the next number may be called at once
}
"""Seconds from the end of an attempt to the next one; a row of ``retry_rule`` overrides.

Source: busy 5 minutes and absent 1 hour are the prompts of ITFOR CARS. Abandoned: Ofcom's 72 hours
("unless a dedicated operator is available") are met for good, because such a person is never called
without a waiting agent.
"""

DISPOSED_DELAY_S: Mapping[Disposition, int] = {
    Disposition.WRONG_NUMBER: 0,
    Disposition.VOICEMAIL: 4 * _HOUR_S,
    Disposition.NO_CONVERSATION: 4 * _HOUR_S,
    Disposition.CONTACT_THIRD_PARTY: 1 * _DAY_S,
    Disposition.CALL_BACK: 1 * _DAY_S,
}
"""Seconds from a disposition that leaves the person on this month's list to the next attempt."""

RANG_IN_VAIN = frozenset({Outcome.NO_ANSWER, Outcome.MACHINE, Outcome.HUNG_UP_EARLY})
"""Not repeated in the same hour of the same weekday (CALL-7)."""

SAID_NOTHING = frozenset({Disposition.VOICEMAIL, Disposition.NO_CONVERSATION})
"""Answered, and yet in vain: the agent knows what the line could not tell."""

UNRUNG = frozenset({Outcome.BUSY, Outcome.CONGESTION, Outcome.FAILED})
UNRUNG_COUNT_AS_TRY = 3

TRIES = RANG_IN_VAIN | {Outcome.REJECTED, Outcome.ANSWERED}


@dataclass(frozen=True, slots=True)
class Progress:
    """What the attempts of one person add up to; the columns of ``debtor_progress``. None = never."""

    weekday_attempts: int = 0
    evening_attempts: int = 0
    weekend_attempts: int = 0
    unrung_in_a_row: int = 0
    last_attempt_at: datetime | None = None
    last_window: Window | None = None
    last_outcome: Outcome | None = None
    missed_hour_of_week: int | None = None
    next_attempt_at: datetime | None = None
    contacted_at: datetime | None = None
    wants_waiting_agent: bool = False
    counts: Counts = field(default_factory=Counts)
    month_windows: int = 0
    capped_until: datetime | None = None
    missed_cells: int = 0
    recall_from: datetime | None = None
    urgency: Urgency = Urgency.NONE
    overdue_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class EndedAttempt:
    """An attempt that was dialed and is over.

    Args:
        dialed_at, ended_at: aware.
        delay_s: retry delay of this outcome in this campaign, seconds, 0 or more.
        at_latest_s: seconds after which the next attempt comes first; None = no such moment.
        caps: of one person.
    """

    window: Window
    outcome: Outcome
    dialed_at: datetime
    ended_at: datetime
    delay_s: float
    at_latest_s: float | None = None
    caps: Caps = field(default_factory=dict)

    @property
    def dialed_on(self) -> date:
        """The JST day to which it counts."""
        return jst_date(self.dialed_at)


def after_attempt(before: Progress, ended: EndedAttempt) -> Progress:
    """What the person's progress is after one more attempt.

    Source: requirements CALL-5, CALL-7.
    """
    outcome = ended.outcome
    if outcome is Outcome.CANCELLED:
        return before
    unrung = before.unrung_in_a_row + 1 if outcome in UNRUNG else 0
    delay_s = ended.delay_s
    tried = outcome in TRIES
    if unrung >= UNRUNG_COUNT_AS_TRY:
        unrung, tried, delay_s = 0, True, max(delay_s, DEFAULT_RETRY_DELAY_S[Outcome.NO_ANSWER])
    tries = {f"{ended.window}_attempts": getattr(before, f"{ended.window}_attempts") + 1} if tried else {}
    counts = counted(before.counts, ended.dialed_on)
    month_windows = before.month_windows if counts.month_attempts > 1 else 0
    return replace(
        before,
        **tries,
        counts=counts,
        month_windows=month_windows | (1 << list(Window).index(ended.window) if tried else 0),
        capped_until=capped_until(counts, ended.caps, ended.ended_at),
        missed_cells=_missed(before.missed_cells, ended.window, ended.dialed_at)
        if outcome in RANG_IN_VAIN
        else before.missed_cells,
        urgency=Urgency.NONE if tried else before.urgency,
        overdue_from=None
        if ended.at_latest_s is None
        else ended.ended_at + timedelta(seconds=max(ended.at_latest_s, delay_s)),
        unrung_in_a_row=unrung,
        last_attempt_at=ended.dialed_at,
        last_window=ended.window,
        last_outcome=outcome,
        missed_hour_of_week=hour_of_week(ended.dialed_at) if outcome in RANG_IN_VAIN else None,
        next_attempt_at=ended.ended_at + timedelta(seconds=delay_s),
        wants_waiting_agent=outcome is Outcome.ABANDONED or (before.wants_waiting_agent and outcome in UNRUNG),
    )


def _missed(cells: int, window: Window, at: datetime) -> int:
    """The cells that rang in vain; a cell that comes round a second time begins a new round of its kind of hour."""
    cell = cell_of(window, jst_date(at))
    if cells & cell:
        cells &= ~(0b1111111 << 7 * list(Window).index(window))
    return cells | cell


def after_disposition(
    before: Progress, disposition: Disposition, answered_at: datetime, now: datetime, window: Window | None = None
) -> Progress:
    """What the person's progress is after an agent's result.

    A contact leaves this month's list from the moment of the answer; one who asked to be called back
    stays on it, though the talk counts as a contact.

    Args:
        window: the kind of hour of the attempt that was answered; None = an inbound call, which misses nobody.

    Source: requirements CALL-7, CR-2.
    """
    if disposition.ends_month:
        contacted_at = answered_at if before.contacted_at is None else max(before.contacted_at, answered_at)
        return replace(
            before,
            contacted_at=contacted_at,
            wants_waiting_agent=False,
            missed_cells=0,
            urgency=Urgency.NONE,
            overdue_from=None,
        )
    after = replace(
        before, next_attempt_at=now + timedelta(seconds=DISPOSED_DELAY_S[disposition]), wants_waiting_agent=False
    )
    if disposition in SAID_NOTHING and window is not None:
        cells = _missed(before.missed_cells, window, answered_at)
        return replace(after, missed_cells=cells, missed_hour_of_week=hour_of_week(answered_at))
    return after
