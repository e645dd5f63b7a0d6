"""What one attempt and one disposition change in a person's progress."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calendar import JST, cell_of, hour_of_week, jst_date, start_of_day
from campaigns.caps import CapPeriod
from campaigns.model import Disposition, Outcome, Urgency, Window
from campaigns.progress import (
    DEFAULT_RETRY_DELAY_S,
    DISPOSED_DELAY_S,
    RANG_IN_VAIN,
    SAID_NOTHING,
    TRIES,
    UNRUNG,
    EndedAttempt,
    Progress,
    after_attempt,
    after_disposition,
)

DIALED = datetime(2026, 11, 24, 10, 30, tzinfo=JST).astimezone(UTC)
ENDED = DIALED + timedelta(seconds=25)
HOUR = timedelta(hours=1)


def ended(outcome: Outcome, window: Window = Window.WEEKDAY) -> EndedAttempt:
    return EndedAttempt(window, outcome, DIALED, ENDED, DEFAULT_RETRY_DELAY_S[outcome])


def test_every_outcome_but_cancelled_has_a_delay() -> None:
    """A new outcome can't be forgotten."""
    assert set(DEFAULT_RETRY_DELAY_S) == set(Outcome) - {Outcome.CANCELLED}


def test_every_disposition_is_a_contact_or_has_a_delay() -> None:
    """A new disposition can't be forgotten."""
    assert {d for d in Disposition if not d.is_contact} | {Disposition.CALL_BACK} == set(DISPOSED_DELAY_S)


def test_an_unanswered_call_uses_up_the_window_and_its_hour() -> None:
    """One more try of this window, one hour's rest, not again on Tuesday at ten (CALL-5, CALL-7)."""
    after = after_attempt(Progress(evening_attempts=2), ended(Outcome.NO_ANSWER))
    assert (after.weekday_attempts, after.evening_attempts, after.weekend_attempts) == (1, 2, 0)
    assert after.next_attempt_at == ENDED + HOUR
    assert after.missed_hour_of_week == 24 + 10
    assert (after.last_attempt_at, after.last_window, after.last_outcome) == (DIALED, Window.WEEKDAY, Outcome.NO_ANSWER)


def test_a_busy_line_is_tried_again_in_the_same_window() -> None:
    """Somebody is at home: five minutes later is the best moment there is."""
    after = after_attempt(Progress(), ended(Outcome.BUSY))
    assert after.weekday_attempts == 0
    assert after.next_attempt_at == ENDED + timedelta(minutes=5)
    assert after.missed_hour_of_week is None


def test_a_line_that_is_always_busy_loses_its_place() -> None:
    """The third time in a row counts as a try, with an hour's rest, and the count begins anew."""
    progress = Progress()
    for _ in range(3):
        progress = after_attempt(progress, ended(Outcome.BUSY))
    assert progress.weekday_attempts == 1
    assert progress.unrung_in_a_row == 0
    assert progress.next_attempt_at == ENDED + HOUR


def test_an_abandoned_call_is_made_good_only_with_a_waiting_agent() -> None:
    """It costs the person no turn, and the mark stays until the line was reached again."""
    after = after_attempt(Progress(), ended(Outcome.ABANDONED))
    assert after.wants_waiting_agent
    assert after.weekday_attempts == 0
    assert after_attempt(after, ended(Outcome.BUSY)).wants_waiting_agent
    assert not after_attempt(after, ended(Outcome.ANSWERED)).wants_waiting_agent


def test_a_cancelled_attempt_changes_nothing() -> None:
    """Nobody's telephone rang."""
    before = Progress(weekday_attempts=3, wants_waiting_agent=True)
    assert after_attempt(before, EndedAttempt(Window.WEEKDAY, Outcome.CANCELLED, DIALED, ENDED, 0)) == before


def test_a_contact_leaves_the_list_of_the_month_in_which_it_was_answered() -> None:
    """Not the month in which the agent finished writing."""
    after = after_disposition(Progress(), Disposition.CONTACT_HOUSEHOLD, DIALED, DIALED + timedelta(days=8))
    assert after.contacted_at == DIALED


def test_an_earlier_call_disposed_late_does_not_move_the_contact_back() -> None:
    """Calls may be disposed out of order after a restart."""
    after = after_disposition(Progress(contacted_at=ENDED), Disposition.CONTACT_PERSON, DIALED, ENDED + HOUR)
    assert after.contacted_at == ENDED


@pytest.mark.parametrize("disposition", sorted(DISPOSED_DELAY_S))
def test_without_a_contact_the_person_stays_on_the_list(disposition: Disposition) -> None:
    """Voicemail is no contact (CR-2); who asked to be called back is called back."""
    after = after_disposition(Progress(), disposition, DIALED, ENDED)
    assert after.contacted_at is None
    assert after.next_attempt_at == ENDED + timedelta(seconds=DISPOSED_DELAY_S[disposition])


def test_each_day_of_the_week_is_remembered_until_the_round_is_over() -> None:
    """Monday to Friday in vain; the Tuesday after begins a new round of this kind of hour, and of no other."""
    evening = cell_of(Window.EVENING, DIALED.date())
    progress = Progress(missed_cells=evening)
    for days in (0, 1, 2, 3, 6):
        at = DIALED + timedelta(days=days)
        progress = after_attempt(progress, EndedAttempt(Window.WEEKDAY, Outcome.NO_ANSWER, at, at, 0))
    assert progress.missed_cells == evening | 0b11111
    again = DIALED + timedelta(days=7)
    progress = after_attempt(progress, EndedAttempt(Window.WEEKDAY, Outcome.NO_ANSWER, again, again, 0))
    assert progress.missed_cells == evening | cell_of(Window.WEEKDAY, DIALED.date())


@pytest.mark.parametrize("disposition", sorted(SAID_NOTHING))
def test_an_agent_who_met_a_machine_makes_it_a_missed_hour(disposition: Disposition) -> None:
    """The line said answered; the agent knows better (CALL-7, CR-2)."""
    after = after_disposition(Progress(), disposition, DIALED, ENDED, Window.WEEKDAY)
    assert (after.missed_cells, after.missed_hour_of_week) == (cell_of(Window.WEEKDAY, DIALED.date()), 34)
    inbound = after_disposition(Progress(), disposition, DIALED, ENDED)
    assert (inbound.missed_cells, inbound.missed_hour_of_week) == (0, None)


def test_a_contact_begins_a_new_round() -> None:
    """Next month every day of the week is open again."""
    before = Progress(missed_cells=0b11111, urgency=Urgency.BROKEN_PROMISE, overdue_from=DIALED)
    after = after_disposition(before, Disposition.CONTACT_PERSON, DIALED, ENDED, Window.WEEKDAY)
    assert (after.missed_cells, after.urgency, after.overdue_from) == (0, Urgency.NONE, None)


def test_an_agreed_hour_stays_urgent_until_the_line_was_reached() -> None:
    """Busy at the agreed minute: five minutes later the person still comes first."""
    before = Progress(urgency=Urgency.CALLBACK)
    assert after_attempt(before, ended(Outcome.BUSY)).urgency is Urgency.CALLBACK
    assert after_attempt(before, ended(Outcome.ABANDONED)).urgency is Urgency.CALLBACK
    assert after_attempt(before, ended(Outcome.NO_ANSWER)).urgency is Urgency.NONE


def test_the_latest_moment_of_the_rule_is_kept_for_the_planner() -> None:
    """Never before the delay; without a rule there is none."""
    rule = EndedAttempt(Window.WEEKDAY, Outcome.BUSY, DIALED, ENDED, 300, at_latest_s=900)
    assert after_attempt(Progress(), rule).overdue_from == ENDED + timedelta(seconds=900)
    third = after_attempt(Progress(unrung_in_a_row=2), rule)
    assert third.next_attempt_at == third.overdue_from == ENDED + HOUR
    assert after_attempt(third, ended(Outcome.BUSY)).overdue_from is None


def test_the_cap_of_a_day_ends_with_the_day_in_japan() -> None:
    """The third of three: nobody calls before midnight."""
    attempt = EndedAttempt(Window.WEEKDAY, Outcome.BUSY, DIALED, ENDED, 0, caps={CapPeriod.DAY: 3})
    progress = Progress()
    for n in range(3):
        assert progress.capped_until is None, n
        progress = after_attempt(progress, attempt)
    assert progress.capped_until == start_of_day(jst_date(DIALED) + timedelta(days=1))


def test_the_kinds_of_hour_of_a_month_are_those_of_this_month() -> None:
    """What the floor of one try in each kind of hour is held against."""
    first = after_attempt(Progress(), ended(Outcome.NO_ANSWER))
    second = after_attempt(first, ended(Outcome.BUSY, Window.EVENING))
    third = after_attempt(second, ended(Outcome.ANSWERED, Window.WEEKEND))
    assert [p.month_windows for p in (first, second, third)] == [0b001, 0b001, 0b101]
    later = DIALED + timedelta(days=10)
    december = after_attempt(third, EndedAttempt(Window.EVENING, Outcome.NO_ANSWER, later, later, 0))
    assert december.month_windows == 0b010


progresses = st.builds(
    Progress,
    weekday_attempts=st.integers(0, 9),
    evening_attempts=st.integers(0, 9),
    weekend_attempts=st.integers(0, 9),
    unrung_in_a_row=st.integers(0, 2),
    wants_waiting_agent=st.booleans(),
    missed_cells=st.integers(0, 2**21 - 1),
    urgency=st.sampled_from(Urgency),
    month_windows=st.integers(0, 7),
)
attempts = st.builds(
    lambda window, outcome, delay_s: EndedAttempt(window, outcome, DIALED, ENDED, delay_s),
    st.sampled_from(Window),
    st.sampled_from(sorted(set(Outcome) - {Outcome.CANCELLED})),
    st.integers(0, 90 * 86_400),
)


@given(progresses, attempts)
def test_an_attempt_never_makes_the_next_one_earlier_than_its_delay(before: Progress, attempt: EndedAttempt) -> None:
    """And it counts at most one try, in its own window only."""
    after = after_attempt(before, attempt)
    assert after.next_attempt_at is not None
    assert after.next_attempt_at >= ENDED + timedelta(seconds=attempt.delay_s)
    gained = {w: getattr(after, f"{w}_attempts") - getattr(before, f"{w}_attempts") for w in Window}
    assert gained[attempt.window] in (0, 1)
    assert all(gained[w] == 0 for w in Window if w is not attempt.window)
    assert after.missed_hour_of_week in (None, hour_of_week(DIALED))
    assert after.counts.month_attempts == before.counts.month_attempts + 1


@given(progresses, attempts)
def test_an_attempt_adds_at_most_its_own_day(before: Progress, attempt: EndedAttempt) -> None:
    """Rang in vain: this day of this kind is behind the person, no other day joins it, other kinds stay."""
    after = after_attempt(before, attempt)
    cell = cell_of(attempt.window, jst_date(DIALED))
    of_kind = 0b1111111 << 7 * list(Window).index(attempt.window)
    assert after.missed_cells & ~of_kind == before.missed_cells & ~of_kind
    assert after.missed_cells & ~before.missed_cells in (0, cell)
    assert bool(after.missed_cells & cell) is (attempt.outcome in RANG_IN_VAIN or bool(before.missed_cells & cell))


@given(progresses, attempts)
def test_urgency_ends_with_the_first_try_and_never_begins_with_one(before: Progress, attempt: EndedAttempt) -> None:
    """Urgent people are tried once, then the hours are weighed again."""
    after = after_attempt(before, attempt)
    assert after.urgency in (before.urgency, Urgency.NONE)
    if attempt.outcome in TRIES:
        assert after.urgency is Urgency.NONE


@given(progresses, st.lists(attempts, min_size=3, max_size=3))
def test_three_attempts_in_a_row_always_use_up_a_turn(before: Progress, three: list[EndedAttempt]) -> None:
    """Nobody stays at the head of the list for ever because of a line that never rings."""
    unrung = [EndedAttempt(a.window, Outcome.BUSY, DIALED, ENDED, a.delay_s) for a in three]
    progress = before
    for attempt in unrung:
        progress = after_attempt(progress, attempt)
    tries = [p.weekday_attempts + p.evening_attempts + p.weekend_attempts for p in (before, progress)]
    assert tries[1] == tries[0] + 1
    assert Outcome.BUSY in UNRUNG
