"""When an agent's shift ends, and what she takes no more of before."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from campaigns.calendar import JST
from dialer.accounts.shift_words import read_shift_end
from dialer.agents.shift_end import NO_SHIFT_END, Nearing, ShiftEnd, nearing
from dialer.errors import AccountRefused

DAY = date(2026, 11, 24)
AT_FIVE = ShiftEnd(time(17, 0))


def at(hour: int, minute: int = 0, second: int = 0, *, day: date = DAY) -> datetime:
    return datetime.combine(day, time(hour, minute, second), JST)


def looks(*moments: datetime, call_s: float = 180.0, ring_s: float = 30.0, shift: ShiftEnd = AT_FIVE) -> list[Nearing]:
    """What one look after the other finds."""
    found: list[Nearing] = []
    since = None
    for now in moments:
        found.append(nearing(now, shift.at(now), call_s=call_s, ring_s=ring_s, since=since))
        since = since or (None if found[-1] is Nearing.FAR else now)
    return found


def test_what_is_dialed_for_her_ends_a_call_before_the_shift_and_her_answers_a_ring_later() -> None:
    """So nobody who was dialed while she was counted on loses her."""
    moments = [at(16, 56, 59), at(16, 57), at(16, 57, 29), at(16, 57, 30), at(16, 59, 59), at(17), at(23, 59)]
    assert looks(*moments) == [
        Nearing.FAR, Nearing.NOTHING_DIALED, Nearing.NOTHING_DIALED, Nearing.NOTHING_ANSWERED,
        Nearing.NOTHING_ANSWERED, Nearing.OVER, Nearing.OVER,
    ]  # fmt: skip


def test_what_rings_longer_than_a_call_lasts_has_rung_out_when_the_shift_ends() -> None:
    """However short the calls of the campaign are."""
    found = looks(at(16, 59, 29), at(16, 59, 30), at(16, 59, 59), at(17), call_s=5.0)
    assert found == [Nearing.FAR, Nearing.NOTHING_DIALED, Nearing.NOTHING_DIALED, Nearing.OVER]


def test_when_calls_become_longer_or_shorter_nobody_who_was_dialed_loses_her() -> None:
    """What has begun stays, and the time for answers is counted from there."""
    now, ends_at = at(16, 55), at(17)
    assert nearing(now, ends_at, call_s=60.0, ring_s=30.0) is Nearing.FAR
    assert nearing(now, ends_at, call_s=600.0, ring_s=30.0) is Nearing.NOTHING_DIALED
    assert nearing(now, ends_at, call_s=60.0, ring_s=30.0, since=at(16, 54, 31)) is Nearing.NOTHING_DIALED
    assert nearing(now, ends_at, call_s=60.0, ring_s=30.0, since=at(16, 54, 30)) is Nearing.NOTHING_ANSWERED


def test_a_shift_ends_once_a_day_by_the_clock_of_japan() -> None:
    """The next morning is another day, whatever day it is in Greenwich."""
    assert AT_FIVE.at(at(0, 1)) == at(17)
    assert AT_FIVE.at(at(8, 59)) == at(17), "still the day before in UTC"
    assert looks(at(0, 0, day=DAY + timedelta(days=1))) == [Nearing.FAR]


def test_a_moved_end_holds_on_its_day_only() -> None:
    """Another hour, or none; the day after is as ever."""
    later, none = ShiftEnd(time(17, 0), DAY, time(20, 0)), ShiftEnd(time(17, 0), DAY, None)
    next_day = at(12, day=DAY + timedelta(days=1))
    assert (later.at(at(12)), none.at(at(12))) == (at(20), None)
    assert later.at(next_day) == none.at(next_day) == at(17, day=DAY + timedelta(days=1))
    assert looks(at(18), shift=none) == [Nearing.FAR]


def test_without_an_end_nothing_nears() -> None:
    """As it was before anybody said when shifts end."""
    assert NO_SHIFT_END.at(at(12)) is None
    assert looks(at(23, 59, 59), shift=NO_SHIFT_END) == [Nearing.FAR]


@pytest.mark.parametrize(("text", "read"), [("17:00", time(17, 0)), ("00:05", time(0, 5)), ("none", None)])
def test_an_end_is_read_as_people_write_it(text: str, read: time | None) -> None:
    """A time of day, or none."""
    assert read_shift_end(text) == read


@pytest.mark.parametrize("text", ["24:00", "17", "17:60", "5:00 pm", "１７:００", "", "17:00:00", "なし"])
def test_what_is_no_time_of_day_is_refused_in_one_sentence(text: str) -> None:
    """It names what was given."""
    with pytest.raises(AccountRefused, match="終業時刻") as caught:
        read_shift_end(text)
    assert text in str(caught.value)
