"""Simulated people: the same seed gives the same day, and habits show in the numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.model import E164, Window
from dialer.simulation.population import Fate, Habit, Population, read_population, window_of

A, B, NOBODY = E164("+819000000001"), E164("+819000000002"), E164("+819000000003")
AT_HOME = Habit({Window.WEEKDAY: 0.3, Window.EVENING: 0.9, Window.WEEKEND: 0.0}, ring_s=6, talk_s=90)


def people(seed: int = 1, **more: float) -> Population:
    return Population({A: AT_HOME, B: AT_HOME}, seed, **more)


@given(seed=st.integers(), before=st.integers(0, 1000), window=st.sampled_from(Window))
def test_a_call_can_be_repeated(seed: int, before: int, window: Window) -> None:
    """The same seed, number, call and window give the same fate, whatever was asked in between."""
    first = people(seed).plan(A, before, window)
    again = people(seed)
    again.plan(B, before, window)
    assert again.plan(A, before, window) == first


def test_people_pick_up_as_often_as_their_habit_says() -> None:
    """Of 4,000 calls, within 3 standard deviations."""
    population = people()
    for window, p in AT_HOME.pick_up.items():
        picked = sum(population.plan(A, n, window).fate is Fate.ANSWERS for n in range(4000))
        assert picked / 4000 == pytest.approx(p, abs=3 * (p * (1 - p) / 4000) ** 0.5)


def test_what_is_not_picked_up_is_busy_voicemail_or_rings_out() -> None:
    """The ratios are of the calls that nobody picks up."""
    population = people(busy_ratio=0.2, voicemail_ratio=0.3)
    fates = [population.plan(A, n, Window.WEEKEND).fate for n in range(4000)]
    assert fates.count(Fate.BUSY) / 4000 == pytest.approx(0.2, abs=0.03)
    assert fates.count(Fate.VOICEMAIL) / 4000 == pytest.approx(0.3, abs=0.03)
    assert fates.count(Fate.NO_ANSWER) / 4000 == pytest.approx(0.5, abs=0.03)


def test_a_number_that_nobody_has_is_unallocated() -> None:
    """Whatever the window."""
    assert {people().plan(NOBODY, 0, window).fate for window in Window} == {Fate.UNALLOCATED}


def test_talks_and_rings_have_the_habits_means() -> None:
    """Rings between half and one and a half times the mean; talks are exponential, never shorter than 1 s."""
    plans = [people().plan(A, n, Window.EVENING) for n in range(3000)]
    answered = [plan for plan in plans if plan.fate is Fate.ANSWERS]
    assert all(3 <= plan.ring_s <= 9 for plan in answered)
    assert all(1 <= plan.talk_s <= 1800 for plan in answered)
    assert sum(plan.talk_s for plan in answered) / len(answered) == pytest.approx(90, rel=0.1)


@pytest.mark.parametrize(
    ("utc", "window"),
    [
        (datetime(2026, 11, 20, 7, 59, tzinfo=UTC), Window.WEEKDAY),  # Friday 16:59 in Japan
        (datetime(2026, 11, 20, 8, 0, tzinfo=UTC), Window.EVENING),  # 17:00
        (datetime(2026, 11, 20, 15, 0, tzinfo=UTC), Window.WEEKEND),  # Saturday 0:00
        (datetime(2026, 11, 23, 1, 0, tzinfo=UTC), Window.WEEKEND),  # Monday, a public holiday
    ],
)
def test_people_live_by_japanese_time(utc: datetime, window: Window) -> None:
    """Evening from 17:00; weekends and public holidays are one kind."""
    assert window_of(utc) is window


def test_a_population_file_is_read(tmp_path: Path) -> None:
    """Columns in any order, further ones ignored, ring_s may be missing."""
    file = tmp_path / "pop.csv"
    file.write_text("kind,number,p_weekday,p_evening,p_weekend,talk_s\nx,+819000000001,0.1,0.2,0.3,80\n")
    assert read_population(file) == {
        A: Habit({Window.WEEKDAY: 0.1, Window.EVENING: 0.2, Window.WEEKEND: 0.3}, ring_s=6, talk_s=80)
    }


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("09000000001,0.1,0.2,0.3,80", "E.164"),
        ("+819000000001,1.1,0.2,0.3,80", "probability"),
        ("+819000000001,,0.2,0.3,80", "p_weekday"),
        ("+819000000001,0.1,0.2,0.3,long", "talk_s"),
    ],
)
def test_a_wrong_line_is_named_without_the_number(tmp_path: Path, row: str, reason: str) -> None:
    """Line and column, no number."""
    file = tmp_path / "pop.csv"
    file.write_text(f"number,p_weekday,p_evening,p_weekend,talk_s\n{row}\n")
    with pytest.raises(ValueError, match=reason) as caught:
        read_population(file)
    assert "line 2" in str(caught.value)
    assert "9000000001" not in str(caught.value)
