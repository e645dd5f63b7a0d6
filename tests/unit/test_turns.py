"""When a campaign that can place nothing has the turn before those that share its agents, and when it loses it."""

from __future__ import annotations

from dialer.campaigning import Campaigning
from tests.unit.test_detection import CAMPAIGN


def asked(work: Campaigning, *moments_s: float, is_full: bool = False) -> list[bool]:
    """Whether it has the turn after each of these looks, at which it could place nothing."""
    found = []
    for now_s in moments_s:
        work.placed_nothing(now_s, is_full=is_full)
        found.append(work.has_turn)
    return found


def test_patience_begins_when_the_campaign_is_first_asked() -> None:
    """A campaign that was just started makes nobody give way, however long the engine runs already."""
    assert asked(Campaigning(CAMPAIGN), 5000.0, 5029.0, 5030.0) == [False, False, True]


def test_a_turn_without_a_call_ends_after_a_minute_and_comes_back_after_five() -> None:
    """Giving way to somebody who can't use it helps nobody."""
    work = Campaigning(CAMPAIGN)
    assert asked(work, 0.0, 30.0, 60.0, 89.9, 90.0, 389.9, 390.0) == [False, True, True, True, False, False, True]
    assert asked(work, 449.9, 450.0) == [True, False]


def test_a_call_ends_the_turn_and_the_patience_begins_anew() -> None:
    """The next turn is a whole one."""
    work = Campaigning(CAMPAIGN)
    asked(work, 0.0, 30.0, 80.0)
    work.placed(80.0)
    assert asked(work, 80.1, 109.9, 110.0, 169.9, 170.0) == [False, False, True, True, False]


def test_who_could_call_nobody_has_no_turn_and_keeps_its_penalty() -> None:
    """Stopped, closed, faulty or without agents: the patience begins afterwards, and no earlier turn is won by it."""
    work = Campaigning(CAMPAIGN)
    asked(work, 0.0, 30.0)
    work.could_not(31.0)
    assert not work.has_turn
    assert asked(work, 32.0, 60.9, 61.0) == [False, False, True]
    work.found_nobody(62.0)
    work.could_not(63.0)
    assert asked(work, 361.9, 362.0) == [False, True]


def test_who_lacks_lines_has_no_turn() -> None:
    """Nobody else can help that."""
    assert asked(Campaigning(CAMPAIGN), 0.0, 40.0, is_full=True) == [False, False]
