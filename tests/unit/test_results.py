"""What one attempt and one disposition change in a person's progress."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calendar import JST, hour_of_week
from campaigns.model import Disposition, Outcome, Window
from campaigns.results import (
    DEFAULT_RETRY_DELAY_S,
    DISPOSED_DELAY_S,
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


progresses = st.builds(
    Progress,
    weekday_attempts=st.integers(0, 9),
    evening_attempts=st.integers(0, 9),
    weekend_attempts=st.integers(0, 9),
    unrung_in_a_row=st.integers(0, 2),
    wants_waiting_agent=st.booleans(),
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
