"""The never-dial rules: each reason alone, and what holds whatever the facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.calendar import JST, DayKind, WindowRule, cell_of
from campaigns.campaign import DEFAULT_WINDOWS
from campaigns.model import E164, Urgency, Window
from campaigns.opening.campaign_hours import CampaignHours
from campaigns.opening.day_rules import DayRule, Holidays
from campaigns.opening.operating import OperatingCalendar, SiteDay, calendar_of_windows
from campaigns.opening.patterns import Pattern, Stretch
from campaigns.rules import PROMISE_GRACE_DAYS, CallFacts, OpenDebt, OpenPromise, Reason, may_call

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=JST).astimezone(UTC)  # a Tuesday, weekday window
TODAY = date(2026, 11, 24)
SECOND = timedelta(seconds=1)

TUESDAY_CELL = cell_of(Window.WEEKDAY, TODAY)
ALL_CELLS = 2**21 - 1


def hours(days: Mapping[date, DayKind] | None = None, windows: Sequence[WindowRule] = DEFAULT_WINDOWS) -> CampaignHours:
    """When the campaign calls, with these days of the site's table."""
    site_days = {day: SiteDay(kind) for day, kind in (days or {}).items()}
    return CampaignHours(calendar_of_windows(windows, site_days), ("city_tax", "care_insurance", "nursery_fee"))


FREE = CallFacts(
    campaign_running=True,
    hours=hours(),
    debts=(OpenDebt("city_tax", date(2026, 6, 30)),),
    number=E164("+819000000001"),
)


def reasons(facts: CallFacts, now: datetime = NOW) -> set[Reason]:
    return set(may_call(facts, now).reasons)


def test_someone_against_whom_nothing_stands_may_be_called() -> None:
    """The rules refuse by reasons, not by default."""
    verdict = may_call(FREE, NOW)
    assert verdict.allowed
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (replace(FREE, campaign_running=False), Reason.CAMPAIGN_STOPPED),
        (replace(FREE, hours=hours({TODAY: DayKind.CLOSED})), Reason.OUTSIDE_CALENDAR),
        (replace(FREE, debts=()), Reason.PAID),
        (replace(FREE, debts=(OpenDebt("city_tax", TODAY),)), Reason.NOT_YET_DUE),
        (replace(FREE, promises=(OpenPromise("city_tax", TODAY),)), Reason.OPEN_PROMISE),
        (replace(FREE, promises=(OpenPromise(None, TODAY),)), Reason.OPEN_PROMISE),
        (replace(FREE, promises=(OpenPromise(None, TODAY - timedelta(days=3)),)), Reason.OPEN_PROMISE),  # grace
        (replace(FREE, contact_stop=True), Reason.CONTACT_STOP),
        (replace(FREE, contacted_at=NOW - timedelta(days=3)), Reason.ALREADY_CONTACTED_THIS_MONTH),
        (replace(FREE, number=None), Reason.NO_NUMBER),
        (replace(FREE, number_dead=True), Reason.DEAD_NUMBER),
        (replace(FREE, next_attempt_at=NOW + SECOND), Reason.TOO_SOON),
        (replace(FREE, missed_hour_of_week=24 + 10), Reason.SAME_HOUR_REPEATED),
        (replace(FREE, missed_cells=TUESDAY_CELL), Reason.SAME_DAY_REPEATED),
        (replace(FREE, attempts={Window.WEEKDAY: 1}, strict_rotation=True), Reason.SAME_WINDOW_REPEATED),
        (replace(FREE, capped_until=NOW + SECOND), Reason.CAP_REACHED),
        (replace(FREE, household_capped_until=NOW + SECOND), Reason.CAP_REACHED),
        (replace(FREE, number_capped_until=NOW + SECOND), Reason.CAP_REACHED),
        (replace(FREE, person_open=True), Reason.PERSON_BUSY),
        (replace(FREE, household_open=True), Reason.HOUSEHOLD_BUSY),
        (replace(FREE, household_next_attempt_at=NOW + SECOND), Reason.HOUSEHOLD_BUSY),
        (replace(FREE, number_open=True), Reason.NUMBER_BUSY),
        (replace(FREE, number_next_attempt_at=NOW + SECOND), Reason.NUMBER_BUSY),
        (replace(FREE, wants="any", reserved=False), Reason.WANTS_WAITING_AGENT),
        (replace(FREE, wants="language:ne", reserved=False), Reason.WANTS_LANGUAGE),
        (replace(FREE, wants="agent:17", reserved=False), Reason.WANTS_NAMED_AGENT),
    ],
    ids=lambda value: value.value if isinstance(value, Reason) else "",
)
def test_each_rule_refuses_alone_and_names_itself(facts: CallFacts, reason: Reason) -> None:
    """Exactly one reason each (CALL-4, CALL-5, CALL-7, CALL-8)."""
    assert reasons(facts) == {reason}


@pytest.mark.parametrize(
    "facts",
    [
        replace(FREE, debts=(OpenDebt("city_tax", TODAY - timedelta(days=1)),)),
        replace(FREE, promises=(OpenPromise("city_tax", TODAY - timedelta(days=4)),)),  # broken: call again (CALL-10)
        replace(FREE, promises=(OpenPromise("care_insurance", TODAY),)),  # covers another debt
        replace(FREE, contacted_at=datetime(2026, 10, 31, 14, 59, 59, tzinfo=UTC)),  # 23:59:59 on 10/31 in Japan
        replace(FREE, next_attempt_at=NOW),
        replace(FREE, missed_hour_of_week=10),  # Monday at the same hour
        replace(FREE, attempts=dict.fromkeys(Window, 1), strict_rotation=True),
        replace(FREE, attempts={Window.WEEKDAY: 1}),
        replace(FREE, missed_cells=ALL_CELLS & ~TUESDAY_CELL),
        replace(FREE, missed_cells=ALL_CELLS),
        replace(FREE, contacted_at=NOW - timedelta(days=3), recall_from=NOW - timedelta(days=1)),
        replace(FREE, capped_until=NOW, household_capped_until=NOW, number_capped_until=NOW),
        replace(FREE, wants="any", reserved=True),
        replace(FREE, wants="agent:17", reserved=None),
        replace(FREE, household_next_attempt_at=NOW, number_next_attempt_at=NOW),
    ],
    ids=["due yesterday", "broken promise", "other promise", "last month", "delay over", "other weekday",
         "all windows tried", "by worth", "other days in vain", "all days in vain", "recalled", "caps over",
         "agent reserved", "not asked", "lines rested"],
)  # fmt: skip
def test_the_near_side_of_each_rule_allows(facts: CallFacts) -> None:
    """One second, day or month further and the same fact no longer stands in the way."""
    assert reasons(facts) == set()


def test_the_first_second_of_the_month_in_japan_opens_the_list_again() -> None:
    """CALL-7 counts months where the people live, not in UTC."""
    contacted = replace(FREE, contacted_at=datetime(2026, 10, 31, 15, tzinfo=UTC))  # 11/1 0:00 in Japan
    assert reasons(contacted) == {Reason.ALREADY_CONTACTED_THIS_MONTH}
    assert Reason.ALREADY_CONTACTED_THIS_MONTH not in reasons(contacted, datetime(2026, 11, 30, 15, tzinfo=UTC))


def test_a_second_debt_without_promise_keeps_the_person_callable() -> None:
    """A promise covers its own debt type only."""
    both = replace(
        FREE,
        debts=(OpenDebt("city_tax", date(2026, 6, 30)), OpenDebt("care_insurance", date(2026, 7, 31))),
        promises=(OpenPromise("city_tax", TODAY),),
    )
    assert reasons(both) == set()


def test_a_debt_type_is_dialed_only_in_its_own_hours() -> None:
    """The campaign is open, but the only debt that could be talked about has a calendar that is closed now."""
    never = calendar_of_windows(())
    narrower = replace(hours(), own={"city_tax": never})
    assert reasons(replace(FREE, hours=narrower)) == {Reason.OUTSIDE_CALENDAR}
    other = replace(FREE, hours=narrower, debts=(*FREE.debts, OpenDebt("care_insurance", date(2026, 7, 31))))
    assert reasons(other) == set()


WEEKDAYS_ONLY, TUESDAYS_ONLY = (
    OperatingCalendar("", "", (own,), (DayRule(own, Holidays.NEVER, weekdays=frozenset(days)),))
    for own, days in (
        (Pattern("day", "日中", (Stretch(Window.WEEKDAY, 9 * 3600, 17 * 3600),)), range(5)),
        (Pattern("tue", "火曜", (Stretch(Window.WEEKDAY, 9 * 3600, 17 * 3600),)), [1]),
    )
)
OTHER_DEBT = OpenDebt("care_insurance", date(2026, 7, 31))


def test_the_rotation_waits_only_for_hours_in_which_the_persons_own_debts_may_be_dialed() -> None:
    """Evenings of other debt types never come for who owes none of them; a promised debt doesn't count, either."""
    tried = replace(
        FREE,
        hours=replace(hours(), own={"city_tax": WEEKDAYS_ONLY}),
        attempts={Window.WEEKDAY: 3},
        strict_rotation=True,
    )
    assert reasons(tried) == set()
    both = replace(tried, debts=(*FREE.debts, OTHER_DEBT))
    assert reasons(both) == {Reason.SAME_WINDOW_REPEATED}
    assert reasons(replace(both, promises=(OpenPromise("care_insurance", TODAY),))) == set()
    not_yet = OpenDebt("care_insurance", TODAY)
    assert reasons(replace(tried, debts=(*FREE.debts, not_yet))) == set()


def test_only_days_on_which_the_persons_own_debts_may_be_dialed_are_waited_for() -> None:
    """Who can be called on Tuesdays only is called on the next Tuesday again, at another hour."""
    missed = replace(FREE, hours=replace(hours(), own={"city_tax": TUESDAYS_ONLY}), missed_cells=TUESDAY_CELL)
    assert reasons(missed) == set()
    assert reasons(replace(missed, debts=(*FREE.debts, OTHER_DEBT))) == {Reason.SAME_DAY_REPEATED}


def test_a_window_that_will_not_open_soon_is_not_waited_for() -> None:
    """Without days off in the coming two weeks, weekday and evening take turns."""
    closed = {TODAY + timedelta(days=n): DayKind.CLOSED for n in range(4, 15)}
    tried = replace(
        FREE, hours=hours(closed), attempts={Window.WEEKDAY: 1, Window.EVENING: 1}, strict_rotation=True
    )  # fmt: skip
    assert reasons(tried) == set()
    assert reasons(replace(tried, hours=hours())) == {Reason.SAME_WINDOW_REPEATED}


def test_a_day_on_which_nothing_opens_is_not_waited_for() -> None:
    """A week of training between two Tuesdays: Tuesday may follow Tuesday, at another hour."""
    closed = {TODAY + timedelta(days=n): DayKind.CLOSED for n in range(1, 15) if n != 7}
    missed = replace(FREE, missed_cells=TUESDAY_CELL)
    assert reasons(missed) == {Reason.SAME_DAY_REPEATED}
    assert reasons(replace(missed, hours=hours(closed))) == set()


def test_a_holiday_keeps_its_day_of_the_week() -> None:
    """Missed on a Sunday: Monday's holiday is another day, next Sunday is not."""
    sunday, holiday = NOW + timedelta(days=-2), NOW + timedelta(days=-1)  # 11/23 is Labour Thanksgiving Day
    missed = replace(FREE, missed_cells=cell_of(Window.WEEKEND, sunday.date()))
    assert Reason.SAME_DAY_REPEATED in reasons(missed, sunday + timedelta(days=7))
    assert reasons(missed, holiday) == set()


@pytest.mark.parametrize("strict", [False, True])
def test_an_agreed_hour_is_kept_whatever_was_tried(strict: bool) -> None:
    """The person chose it."""
    missed = replace(
        FREE, strict_rotation=strict, missed_cells=TUESDAY_CELL, missed_hour_of_week=34, attempts={Window.WEEKDAY: 9}
    )
    assert reasons(missed)
    assert reasons(replace(missed, urgency=Urgency.CALLBACK)) == set()
    assert reasons(replace(missed, urgency=Urgency.BROKEN_PROMISE)) == reasons(missed)


def test_a_recall_older_than_the_contact_lifts_nothing() -> None:
    """The contact answered it."""
    contacted_at = NOW - timedelta(days=3)
    for recall_from in (contacted_at, contacted_at - SECOND):
        contacted = replace(FREE, contacted_at=contacted_at, recall_from=recall_from)
        assert reasons(contacted) == {Reason.ALREADY_CONTACTED_THIS_MONTH}


def test_every_reason_has_a_japanese_label() -> None:
    """The page shows each of them."""
    labels = [reason.label for reason in Reason]
    assert len(set(labels)) == len(labels)
    assert all(not label.isascii() for label in labels)


moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
maybe_moments = st.none() | moments
types = st.sampled_from(["city_tax", "care_insurance", "nursery_fee"])
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
all_facts = st.builds(
    CallFacts,
    campaign_running=st.booleans(),
    hours=st.builds(
        hours,
        st.dictionaries(days, st.sampled_from(DayKind), max_size=5),
        st.sampled_from([DEFAULT_WINDOWS, DEFAULT_WINDOWS[:1], ()]),
    ),
    debts=st.lists(st.builds(OpenDebt, types, days), max_size=3, unique_by=lambda d: d.debt_type).map(tuple),
    number=st.none() | st.just(E164("+819000000001")),
    promises=st.lists(st.builds(OpenPromise, st.none() | types, days), max_size=3).map(tuple),
    contact_stop=st.booleans(),
    number_dead=st.booleans(),
    attempts=st.dictionaries(st.sampled_from(Window), st.integers(0, 5)),
    next_attempt_at=maybe_moments,
    missed_hour_of_week=st.none() | st.integers(0, 167),
    contacted_at=maybe_moments,
    person_open=st.booleans(),
    household_open=st.booleans(),
    household_next_attempt_at=maybe_moments,
    number_open=st.booleans(),
    number_next_attempt_at=maybe_moments,
    missed_cells=st.integers(0, 2**21 - 1),
    recall_from=maybe_moments,
    capped_until=maybe_moments,
    household_capped_until=maybe_moments,
    number_capped_until=maybe_moments,
    urgency=st.sampled_from(Urgency),
    strict_rotation=st.booleans(),
    wants=st.sampled_from([None, "any", "language:vi", "agent:3"]),
    reserved=st.none() | st.booleans(),
)


@given(all_facts, moments)
def test_whatever_is_allowed_breaks_no_rule(facts: CallFacts, now: datetime) -> None:
    """The never-rules in the words of CALL-8, told again from outside."""
    if not may_call(facts, now).allowed:
        return
    today = now.astimezone(JST).date()
    waiting_for = {p.debt_type for p in facts.promises if p.due_on + timedelta(days=PROMISE_GRACE_DAYS) >= today}
    assert any(d.due_on < today and not waiting_for & {None, d.debt_type} for d in facts.debts)
    assert facts.campaign_running
    assert not facts.contact_stop
    assert facts.number is not None
    assert not facts.number_dead
    assert not any((facts.person_open, facts.household_open, facts.number_open))
    assert 9 <= now.astimezone(JST).hour < 20
    caps = (facts.capped_until, facts.household_capped_until, facts.number_capped_until)
    assert all(until is None or until <= now for until in caps)
    assert facts.wants is None or facts.reserved is not False
    recalled = (
        facts.recall_from is not None and facts.contacted_at is not None and facts.recall_from > facts.contacted_at
    )
    if facts.contacted_at is not None and facts.contacted_at <= now and not recalled:
        assert facts.contacted_at.astimezone(JST).replace(day=1).date() < today.replace(day=1)


@given(all_facts, moments)
def test_the_same_facts_always_get_the_same_verdict(facts: CallFacts, now: datetime) -> None:
    """Pure: a second check differs from the first only by its facts."""
    assert may_call(facts, now) == may_call(facts, now)


obstacles = st.sampled_from(
    [
        lambda facts: replace(facts, campaign_running=False),
        lambda facts: replace(facts, contact_stop=True),
        lambda facts: replace(facts, number_dead=True),
        lambda facts: replace(facts, person_open=True),
        lambda facts: replace(facts, number_capped_until=datetime(2030, 1, 1, tzinfo=UTC)),
        lambda facts: replace(facts, wants=facts.wants or "language:ne", reserved=False),
    ]
)


@given(all_facts, moments, obstacles)
def test_a_further_obstacle_never_makes_calling_allowed(
    facts: CallFacts, now: datetime, worsen: Callable[[CallFacts], CallFacts]
) -> None:
    """Adding a stop adds its reason and takes none of the others away."""
    worse = worsen(facts)
    assert set(may_call(facts, now).reasons) <= set(may_call(worse, now).reasons)
    assert not may_call(worse, now).allowed
