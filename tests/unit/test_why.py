"""When a person may be called next, and the words in which the reasons are told; pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.calendar import JST, cell_of
from campaigns.campaign import DEFAULT_WINDOWS
from campaigns.candidates import Channel, safe_cell
from campaigns.caps import CapPeriod, CapScope, Counts
from campaigns.model import E164, Urgency, Window
from campaigns.next_moment import FOR_GOOD, NextMoment, lifts_at, next_moment
from campaigns.opening.campaign_hours import CampaignHours
from campaigns.opening.day_rules import DayRule, Holidays
from campaigns.opening.operating import OperatingCalendar, calendar_of_windows
from campaigns.opening.patterns import Pattern, Stretch
from campaigns.rules import CallFacts, OpenDebt, OpenPromise, Reason, may_call
from campaigns.standstill import Hold
from campaigns.why import caps_reached
from campaigns.why_values import CapHit
from dialer import why_words as english
from webui import why_words
from webui.labels import CHANNELS

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=JST).astimezone(UTC)  # a Tuesday
HOURS = CampaignHours(calendar_of_windows(DEFAULT_WINDOWS), ("city_tax",))

FREE = CallFacts(
    campaign_running=True,
    hours=HOURS,
    debts=(OpenDebt("city_tax", date(2026, 6, 30)),),
    number=E164("+81900000001"),
)


def jst(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=JST).astimezone(UTC)


def test_who_may_be_called_now_may_be_called_now() -> None:
    """No rule stands: the moment is this one."""
    assert next_moment(FREE, NOW) == NextMoment(NOW)


@pytest.mark.parametrize(
    ("change", "reason", "lifts", "moment"),
    [
        ({"next_attempt_at": jst(11, 24, 11, 17)}, Reason.TOO_SOON, jst(11, 24, 11, 17), jst(11, 24, 11, 17)),
        ({"next_attempt_at": jst(11, 24, 23)}, Reason.TOO_SOON, jst(11, 24, 23), jst(11, 25, 9)),
        ({"capped_until": jst(11, 25)}, Reason.CAP_REACHED, jst(11, 25), jst(11, 25, 9)),
        ({"contacted_at": jst(11, 2, 11)}, Reason.ALREADY_CONTACTED_THIS_MONTH, jst(12, 1), jst(12, 1, 9)),
        (
            {"promises": (OpenPromise(None, date(2026, 11, 27)),)},
            Reason.OPEN_PROMISE,
            jst(12, 1),
            jst(12, 1, 9),
        ),
        ({"debts": (OpenDebt("city_tax", date(2026, 11, 30)),)}, Reason.NOT_YET_DUE, jst(12, 1), jst(12, 1, 9)),
        ({"missed_hour_of_week": 34}, Reason.SAME_HOUR_REPEATED, jst(11, 24, 11), jst(11, 24, 11)),
        (
            {"missed_cells": cell_of(Window.WEEKDAY, date(2026, 11, 24))},
            Reason.SAME_DAY_REPEATED,
            jst(11, 24, 17),
            jst(11, 24, 17),
        ),
        (
            {"attempts": {Window.WEEKDAY: 1}, "strict_rotation": True},
            Reason.SAME_WINDOW_REPEATED,
            jst(11, 24, 17),
            jst(11, 24, 17),
        ),
        ({"household_next_attempt_at": jst(11, 24, 12)}, Reason.HOUSEHOLD_BUSY, jst(11, 24, 12), jst(11, 24, 12)),
        ({"number_next_attempt_at": jst(11, 24, 12)}, Reason.NUMBER_BUSY, jst(11, 24, 12), jst(11, 24, 12)),
    ],
)
def test_each_wait_has_its_end(
    change: dict[str, object], reason: Reason, lifts: datetime, moment: datetime
) -> None:  # fmt: skip
    """When the rule lifts, and the first moment at which a window is open then."""
    facts = replace(FREE, **change)  # type: ignore[arg-type]  # one field of the dataclass each
    assert may_call(facts, NOW).reasons == (reason,)
    assert lifts_at(reason, facts, NOW) == lifts
    assert next_moment(facts, NOW) == NextMoment(moment)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"contact_stop": True}, Reason.CONTACT_STOP),
        ({"debts": ()}, Reason.PAID),
        ({"number": None}, Reason.NO_NUMBER),
        ({"number_dead": True}, Reason.DEAD_NUMBER),
        ({"person_open": True}, Reason.PERSON_BUSY),
        ({"household_open": True}, Reason.HOUSEHOLD_BUSY),
        ({"number_open": True}, Reason.NUMBER_BUSY),
    ],
)
def test_what_no_moment_ends_is_named(change: dict[str, object], reason: Reason) -> None:
    """A stop, a payment, no number, an attempt under way."""
    facts = replace(FREE, **change)  # type: ignore[arg-type]  # one field of the dataclass each
    assert next_moment(facts, NOW) == NextMoment(None, (reason,))
    assert lifts_at(reason, facts, NOW) is None


def test_a_campaign_without_a_window_has_no_moment() -> None:
    """The reason is the calendar."""
    assert next_moment(replace(FREE, hours=CampaignHours(calendar_of_windows(()), ("city_tax",))), NOW) == NextMoment(
        None, (Reason.OUTSIDE_CALENDAR,)
    )


def test_a_stopped_campaign_is_a_condition_of_the_moment() -> None:
    """When it runs again, then at once."""
    assert next_moment(replace(FREE, campaign_running=False), NOW) == NextMoment(NOW, (Reason.CAMPAIGN_STOPPED,))


moments = st.none() | st.integers(-48, 24 * 20).map(lambda hours: NOW + timedelta(hours=hours, minutes=13))
TUESDAYS = OperatingCalendar(
    "", "", (own := Pattern("tue", "火曜", (Stretch(Window.WEEKDAY, 10 * 3600, 18 * 3600),)),),
    (DayRule(own, Holidays.ALSO, weekdays=frozenset({1})),),
)  # fmt: skip
NARROWER = CampaignHours(HOURS.calendar, ("city_tax", "care"), {"city_tax": TUESDAYS})


def test_a_debt_type_of_narrower_hours_opens_when_its_own_calendar_does() -> None:
    """The campaign is open on Wednesday, but not for what this person owes."""
    wednesday = NOW + timedelta(days=1)
    narrow = replace(FREE, hours=NARROWER)
    assert may_call(narrow, wednesday).reasons == (Reason.OUTSIDE_CALENDAR,)
    assert lifts_at(Reason.OUTSIDE_CALENDAR, narrow, wednesday) == jst(12, 1, 10)
    assert next_moment(narrow, wednesday) == NextMoment(jst(12, 1, 10))
    soon = replace(narrow, debts=(*FREE.debts, OpenDebt("care", date(2026, 11, 26))))
    assert next_moment(soon, wednesday) == NextMoment(jst(11, 27, 9)), "another debt falls due before"


facts_of_all_kinds = st.builds(
    replace,
    st.just(FREE),
    hours=st.sampled_from([HOURS, NARROWER]),
    contact_stop=st.booleans(),
    attempts=st.dictionaries(st.sampled_from(Window), st.integers(0, 3)),
    strict_rotation=st.booleans(),
    next_attempt_at=moments,
    capped_until=moments,
    household_next_attempt_at=moments,
    number_next_attempt_at=moments,
    contacted_at=moments,
    recall_from=moments,
    missed_hour_of_week=st.none() | st.integers(0, 167),
    missed_cells=st.integers(0, 2**21 - 1),
    urgency=st.sampled_from(Urgency),
    promises=st.lists(
        st.builds(OpenPromise, st.sampled_from([None, "city_tax"]), st.dates(date(2026, 11, 20), date(2026, 12, 20))),
        max_size=2,
    ).map(tuple),
    wants=st.sampled_from([None, "any", "language:ne"]),
    reserved=st.sampled_from([None, False]),
)


@given(facts_of_all_kinds)
@settings(max_examples=60, deadline=None)
def test_the_next_moment_is_allowed_and_no_half_hour_before_it_is(facts: CallFacts) -> None:
    """Whatever stands in the way, in whatever combination."""
    found = next_moment(facts, NOW)
    asked = replace(facts, reserved=None)
    if found.at is None:
        assert set(found.because) & FOR_GOOD or not any(may_call(asked, t).allowed for t in half_hours(60))
        return
    assert may_call(asked, found.at).allowed
    assert not any(may_call(asked, t).allowed for t in half_hours(40) if t < found.at)


def half_hours(days: int) -> list[datetime]:
    """The half hours in open windows of the coming days."""
    every = [NOW + timedelta(minutes=30 * n) for n in range(48 * days)]
    return [t for t in every if FREE.hours.window_at(t) is not None]


def test_only_caps_that_still_hold_are_named() -> None:
    """Three today are today's cap; what was full yesterday is over."""
    caps = {CapPeriod.DAY: 3, CapPeriod.WEEK: 10}
    full = Counts(date(2026, 11, 24), 3, 9, 9)
    assert caps_reached(CapScope.PERSON, full, caps, NOW) == [CapHit(CapScope.PERSON, CapPeriod.DAY, 3)]
    assert caps_reached(CapScope.PERSON, full, caps, NOW + timedelta(days=1)) == []


def test_every_reason_has_its_english_and_japanese_words() -> None:
    """A new rule without words fails here, not on a screen."""
    assert set(english._ENGLISH) == set(Reason) | set(Hold)
    assert all(one.label for one in (*Reason, *Hold))
    assert set(CHANNELS) == set(Channel)


def test_orders_are_told_by_what_they_mean() -> None:
    """The bands of campaigns/grading/grades.py, and what comes before all grades."""
    assert [why_words.order(n) for n in (0, 120, 215, 240, 241, 250, 255)] == [
        "別の曜日・時間帯が先",
        "見込み 120/200",
        "最低回数に満たない",
        "再架電の期限超過",
        "くじ",
        "納付約束の不履行",
        "約束の時刻",
    ]


@pytest.mark.parametrize(
    ("text", "cell"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("見本町1-2", "見本町1-2"), ("", ""), (None, "")]
)
def test_no_cell_is_a_formula(text: str | None, cell: str) -> None:
    """A name in a city's file must not run in a spreadsheet."""
    assert safe_cell(text) == cell
