"""Estimates from the last days, and whose talks teach whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from campaigns.answers import AnswersOfHour, RecentAttempt
from campaigns.campaign import Campaign, CampaignState
from campaigns.pacing import Pacing
from dialer.pacing.learning import HISTORY, Learning
from dialer.pacing.observed import CameIn, RingEnded, Talked
from tests.fixtures_people import TUESDAY


def campaign(campaign_id: int, group: str = "all") -> Campaign:
    return Campaign(
        campaign_id=campaign_id, name=str(campaign_id), debt_types=("city_tax",), agent_group=group,
        state=CampaignState.RUNNING,
    )  # fmt: skip


def talk(campaign_id: int, minutes_ago: float, group: str = "all", *, wrap_s: float = 30.0) -> RecentAttempt:
    """Answered after 10 s, a minute of talk."""
    claimed = TUESDAY - timedelta(minutes=minutes_ago)
    joined, over = claimed + timedelta(seconds=11), claimed + timedelta(seconds=71)
    return RecentAttempt(
        campaign_id=campaign_id, agent_group=group, had_agent=False, claimed_at=claimed,
        answered_at=claimed + timedelta(seconds=10), ended_at=over, answer_probability=0.3, joined_at=joined,
        talk_ended_at=over, disposed_at=over + timedelta(seconds=wrap_s),
    )  # fmt: skip


def missed(campaign_id: int, at: datetime) -> RecentAttempt:
    over = at + timedelta(seconds=25)
    return RecentAttempt(campaign_id, "all", False, at, None, over, 0.3, None, None, None)


def learnt(one: Campaign, past: list[RecentAttempt]) -> Learning:
    made = Learning(TUESDAY)
    made.begin(one, made.made_from(one, past))
    return made


def test_a_restart_is_no_new_beginning() -> None:
    """With the calls of the last days the first forecast is sure; without any it is not."""
    past = [talk(1, 3 + 2 * n) for n in range(12)] + [missed(1, TUESDAY - timedelta(minutes=n)) for n in range(30)]
    forecast, blank = learnt(campaign(1), past).forecast(1, TUESDAY), learnt(campaign(1), []).forecast(1, TUESDAY)
    assert forecast is not None
    assert blank is not None
    assert (forecast.sure, blank.sure) == (True, False)
    assert forecast.talk != blank.talk
    assert forecast.wrap != blank.wrap


def test_before_it_has_begun_a_campaign_has_no_forecast() -> None:
    """The pacing is 1:1 then."""
    assert Learning(TUESDAY).forecast(1, TUESDAY) is None


def test_talks_of_the_same_agents_teach_and_rings_of_another_list_do_not() -> None:
    """A busy agent is busy with anybody's call; who answers is the list's own."""
    blank = learnt(campaign(1, "north"), []).forecast(1, TUESDAY)
    assert blank is not None
    for group, teaches in [("north", True), ("all", True), ("south", False)]:
        forecast = learnt(campaign(1, "north"), [talk(2, 60 - n, group) for n in range(20)]).forecast(1, TUESDAY)
        assert forecast is not None
        assert (forecast.talk != blank.talk) == teaches
        assert (forecast.answer, forecast.shift) == (blank.answer, blank.shift)


def test_a_result_entered_hours_later_is_no_wrap_up() -> None:
    """Somebody left her seat; how long a wrap-up lasts is not to be learnt from that."""
    blank = learnt(campaign(1), []).forecast(1, TUESDAY)
    forecast = learnt(campaign(1), [talk(1, 600, wrap_s=7200.0)]).forecast(1, TUESDAY)
    assert blank is not None
    assert forecast is not None
    assert forecast.wrap == blank.wrap


def test_what_happens_now_goes_to_those_whom_it_concerns() -> None:
    """A ring to its campaign, a talk to every campaign of the agents' group."""
    one, other, south = campaign(1, "north"), campaign(2, "north"), campaign(3, "south")
    made = Learning(TUESDAY)
    for each in (one, other, south):
        made.begin(each, made.made_from(each, []))
    now_s = made.seconds(TUESDAY)
    made.observe(1, RingEnded(now_s, True, 3.0, None))
    made.observe_group("north", Talked(now_s, 500.0))
    first, second, third = (made.forecast(n, TUESDAY + timedelta(minutes=1)) for n in (1, 2, 3))
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.talk == second.talk != third.talk
    assert first.shift != second.shift == third.shift


def test_a_caller_counts_for_every_campaign_that_shares_the_agents() -> None:
    """Once for each, however many of its groups the campaign shares; not for the others."""
    one, everybody, south = campaign(1, "north"), campaign(2, "all"), campaign(3, "south")
    made = Learning(TUESDAY)
    for each in (one, everybody, south):
        made.begin(each, made.made_from(each, []))
    made.observe_caller(["north", "east"], CameIn(made.seconds(TUESDAY)))
    rates = [made.forecast(n, TUESDAY + timedelta(minutes=1)) for n in (1, 2, 3)]
    first, second, third = (0.0 if rate is None else rate.inbound_per_s for rate in rates)
    assert first == second > 0.0
    assert third == 0.0


def test_another_group_begins_anew() -> None:
    """The estimates are those of the campaign's agents."""
    made = learnt(campaign(1, "north"), [])
    assert made.knows(campaign(1, "north"))
    assert not made.knows(campaign(1, "south"))
    made.forget_others([2])
    assert not made.knows(campaign(1, "north"))


def test_another_target_keeps_what_was_learnt() -> None:
    """Talks and answers are the same; only what may be risked is another, in proportion."""
    past = [talk(1, 60 - n) for n in range(20)]
    made, strict = learnt(campaign(1), past), replace(campaign(1), pacing=Pacing(abandon_target_ratio=0.005))
    before = made.forecast(1, TUESDAY)
    assert made.knows(strict)
    after = made.forecast(1, TUESDAY)
    assert before is not None
    assert after is not None
    assert (after.talk, after.shift) == (before.talk, before.shift)
    assert after.risk == pytest.approx(before.risk / 2)
    assert made.knows(strict)


def risk(answers: int, abandoned: int, *, campaign_id: int = 1) -> float:
    """What may be dared with the first call after a start."""
    made, one = Learning(TUESDAY), campaign(1)
    hours = [AnswersOfHour(campaign_id, TUESDAY - timedelta(hours=n), answers // 2, abandoned // 2) for n in (2, 200)]
    made.begin(one, made.made_from(one, [], hours))
    forecast = made.forecast(1, TUESDAY)
    assert forecast is not None
    return forecast.risk


def test_who_abandoned_too_many_dares_less_after_a_restart() -> None:
    """The more were abandoned, the less; another campaign's don't count."""
    assert risk(2000, 60) < risk(2000, 30) < risk(0, 0)
    assert risk(2000, 60, campaign_id=2) == risk(0, 0)


def test_few_abandoned_people_are_no_reason_to_dare_more() -> None:
    """Perhaps the campaign was dialed 1:1 all the time, and then nobody could be abandoned."""
    assert risk(2000, 0) == risk(2000, 18) == risk(0, 0)


def test_just_above_its_aim_a_campaign_dares_hardly_less() -> None:
    """What comes when all is as at first changes nothing: there is no step at the aim (17.5 of 1,900)."""
    assert risk(1900, 18) == pytest.approx(risk(0, 0), rel=0.02)


def test_the_longest_holidays_are_bridged() -> None:
    """Golden week and the new year close a city hall for nine days at the most, with the weekends."""
    assert timedelta(days=9) < HISTORY
    assert Learning(TUESDAY).seconds(TUESDAY - HISTORY) == 0.0
