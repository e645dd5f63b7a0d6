"""A calendar's file: what it says, what it leaves unsaid, and how it is refused."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.model import Window
from campaigns.opening.checking import check
from campaigns.opening.compiling import calendar_of
from campaigns.opening.day_rules import Holidays
from campaigns.opening.document import (
    CalendarDocument,
    DatesEntry,
    DayEntry,
    HoursEntry,
    PatternEntry,
    RuleEntry,
    YearlyEntry,
)
from campaigns.opening.faults import CalendarInvalid, CalendarUnknown
from campaigns.opening.operating import OperatingCalendar
from campaigns.opening.reading import parse_document, read_document
from campaigns.opening.writing import to_toml

HEAD = """
title = "試験"
[patterns.day]
label = "平日"
hours = [{ from = "9:00", until = "17:00", counts_as = "weekday" }]
"""


def parse(more: str, head: str = HEAD) -> CalendarDocument:
    return parse_document(f"{head}\n{more}".encode(), "x.toml")


def compiled(more: str) -> OperatingCalendar:
    return calendar_of("x", parse(more))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[[rules]]\npattern = 'night'", ["rules 1.pattern", "'night'", "day, closed"]),
        ("[[rules]]\npattern = 'day'\n[[rules]]\npattern = 'day'\nweekday = ['mon']", ["rules 2", "weekday"]),
        ("[[rules]]\npattern = 'day'\nweekdays = ['monday']", ["rules 1.weekdays", "monday"]),
        ("[[rules]]\npattern = 'day'\nweekdays = ['sat']\nnth = [6]", ["rules 1.nth", "6"]),
        ("[[rules]]\npattern = 'day'\nnth = [2]", ["rules 1.nth", "weekdays"]),
        ("[[rules]]\npattern = 'day'\nholidays = 'yes'", ["rules 1.holidays", "yes"]),
        ("[[rules]]\npattern = 'day'\ndates = {}", ["rules 1.dates", "from or until"]),
        ("[[rules]]\npattern='day'\ndates = {from = 2026-05-02, until = 2026-05-01}", ["rules 1.dates", "after"]),
        ("[[rules]]\npattern='day'\ndates = {from = '1 May'}", ["rules 1.dates.from"]),
        ("[[rules]]\npattern='day'\nyearly = {from = '12-28', until = '02-30'}", ["rules 1.yearly", "02-30"]),
        ("[[rules]]\npattern='day'\nyearly = {from = '12-28'}", ["rules 1.yearly", "until"]),
        ("[[days]]\non = 2026-12-05\npattern = 'day'\n" * 2, ["days 2 (2026-12-05)", "twice"]),
        ("[[days]]\non = 2026-12-05\npattern = 'night'", ["days 1 (2026-12-05).pattern", "night"]),
        ("[[days]]\npattern = 'day'", ["days 1", "on"]),
        ("[[days]]\non = 2026-12-05\npattern = 'day'\nreason = \"a\\nb\"", ["days 1", "reason", "line breaks"]),
        ("[days]\n", ["days", "[[…]]"]),
        ("[patterns.late]\nlabel = '夜'\nhours = []", ["patterns.late.hours", "at least one"]),
        ("[patterns.late]\nlabel = '平日'\nhours = []", ["patterns.late.label", "label of day"]),
        ("[patterns.closed]\nlabel = '休'\nhours = []", ["patterns.closed", "closed"]),
        ("[patterns.Late]\nlabel = '夜'\nhours = []", ["patterns.Late", "lower-case"]),
        ("[patterns.late]\nlabel = ''\nhours = []", ["patterns.late.label", "empty"]),
        ("[patterns.late]\nlabel = '夜'", ["patterns.late", "hours"]),
    ],
)
def test_a_wrong_entry_is_refused_with_file_key_and_reason(more: str, words: list[str]) -> None:
    """Whoever wrote the file finds the place."""
    with pytest.raises(CalendarInvalid) as refused:
        parse(more)
    for word in ["x.toml", *words]:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (("17:00", "9:00", "weekday"), ["start before it ends"]),
        (("9:00", "24:01", "weekday"), ["'24:01'"]),
        (("9:60", "10:00", "weekday"), ["'9:60'"]),
        (("9", "10:00", "weekday"), ["'9'"]),
        (("9:00", "10:00", "night"), ["counts_as", "night"]),
        (("16:00", "20:00", "evening"), ["09:00–17:00", "16:00–20:00", "overlap"]),
    ],
)
def test_wrong_hours_are_refused(hours: tuple[str, str, str], words: list[str]) -> None:
    """Backwards, beyond the day, no time at all, an unknown kind of hour, or two at once."""
    starts, ends, kind = hours
    added = f'{{ from = "9:00", until = "17:00", counts_as = "weekday" }}, {{ from = "{starts}", until = "{ends}"'
    head = f'title = "x"\n[patterns.day]\nlabel = "x"\nhours = [{added}, counts_as = "{kind}" }}]'
    with pytest.raises(CalendarInvalid) as refused:
        parse("", head)
    for word in ["patterns.day.hours", *words]:
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"title = \n", ["not TOML", "line 1"]),
        (b"title = '\xff'", ["not UTF-8", "byte 9"]),
        (b"", ["title", "patterns"]),
        (b"titel = 'x'", ["titel"]),
        (b"title = 1", ["title", "str"]),
        (b"title = 'x'\npatterns = 3", ["patterns", "[patterns."]),
        (HEAD.replace("title", "exchanged_weekday = 'x'\ntitle").encode(), ["exchanged_weekday", "'x'"]),
    ],
)
def test_a_file_that_is_no_calendar_is_refused(text: bytes, words: list[str]) -> None:
    """Broken, of another kind, or empty."""
    with pytest.raises(CalendarInvalid) as refused:
        parse_document(text, "x.toml")
    for word in words:
        assert word in str(refused.value)


def test_all_problems_of_a_file_are_told_at_once() -> None:
    """One round of corrections, not three."""
    with pytest.raises(CalendarInvalid) as refused:
        parse("[[rules]]\npattern = 'a'\n[[rules]]\npattern = 'b'\n[[days]]\non = 2026-12-05\npattern = 'c'")
    assert len(refused.value.problems) == 3


def test_a_rule_leaves_holidays_alone_when_it_opens_and_takes_them_when_it_closes() -> None:
    """What nobody thought of calls nobody."""
    opening, closing = parse("[[rules]]\npattern = 'day'\n[[rules]]\npattern = 'closed'").rules
    assert (opening.holidays, closing.holidays) == (None, None)
    rules = compiled("[[rules]]\npattern = 'day'\n[[rules]]\npattern = 'closed'").rules
    assert [rule.holidays for rule in rules] == [Holidays.NEVER, Holidays.ALSO]
    assert [rule.weekdays for rule in rules] == [frozenset(range(7))] * 2


def test_every_key_reaches_the_calendar() -> None:
    """None of them is lost on the way."""
    made = compiled(
        "[[rules]]\npattern = 'closed'\nweekdays = ['tue', 'sat']\nnth = [1, -1]\nholidays = 'only'\nreason = '理由'\n"
        "dates = { from = 2026-04-01, until = 2027-03-31 }\nyearly = { from = '12-20', until = '01-10' }\n"
        "[[days]]\non = 2026-12-05\npattern = 'day'\nreason = '振替'"
    )
    (rule,) = made.rules
    assert (rule.pattern, rule.reason) == (None, "理由")
    assert (rule.weekdays, rule.nth) == (frozenset({1, 5}), frozenset({1, -1}))
    assert (rule.first_on, rule.last_on, rule.holidays) == (date(2026, 4, 1), date(2027, 3, 31), Holidays.ONLY)
    assert rule.yearly == ((12, 20), (1, 10))
    single = made.single_days[date(2026, 12, 5)]
    assert (single.pattern, single.reason) == (made.patterns[0], "振替")
    assert (made.exchanged_weekday, made.year_end_closed) == (None, True)


def test_a_file_is_found_by_name_or_path(tmp_path: Path) -> None:
    """Of this release, or anywhere else; the name of the calendar is the file's."""
    assert read_document("sendai")[0] == "sendai"
    (tmp_path / "own.toml").write_text(HEAD, encoding="utf-8")
    assert read_document(str(tmp_path / "own.toml")) == ("own", parse(""))


@pytest.mark.parametrize("name", ["osaka", "../mappings/sendai", "no/such.toml"])
def test_a_missing_file_is_named(name: str) -> None:
    """With those that are there."""
    with pytest.raises(CalendarUnknown, match="niigata"):
        read_document(name)


def test_a_file_whose_name_no_calendar_can_have_is_refused(tmp_path: Path) -> None:
    """Names are typed on command lines."""
    (tmp_path / "新潟.toml").write_text(HEAD, encoding="utf-8")
    with pytest.raises(CalendarInvalid, match="lower-case"):
        read_document(str(tmp_path / "新潟.toml"))


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
pattern_names = st.sampled_from(["day", "late", "closed"])
years = st.dates(date(2020, 1, 1), date(2040, 1, 1))
documents = st.builds(
    CalendarDocument,
    title=texts.filter(str.strip),
    patterns=st.just(
        {
            "day": PatternEntry('平"日\\', (HoursEntry("09:00", "17:00", Window.WEEKDAY),)),
            "late": PatternEntry("夜", (HoursEntry("20:00", "24:00", Window.EVENING),)),
        }
    ),
    rules=st.lists(
        st.builds(
            RuleEntry,
            pattern_names,
            weekdays=st.lists(st.sampled_from(["mon", "sun"]), min_size=1, max_size=2).map(tuple),
            nth=st.lists(st.sampled_from([1, 5, -1]), max_size=2).map(tuple),
            holidays=st.none() | st.sampled_from(Holidays),
            dates=st.none() | st.builds(DatesEntry, years, st.none()) | st.builds(DatesEntry, st.none(), years),
            yearly=st.none() | st.just(YearlyEntry("12-20", "02-29")),
            reason=texts,
        ),
        max_size=3,
    ).map(tuple),
    days=st.lists(st.builds(DayEntry, years, pattern_names, texts), max_size=3, unique_by=lambda d: d.on).map(tuple),
    exchanged_weekday=st.sampled_from([None, "day", "late"]),
    year_end_closed=st.booleans(),
)


@settings(deadline=None, max_examples=50)
@given(documents)
def test_what_is_written_reads_the_same(document: CalendarDocument) -> None:
    """Export and import lose nothing, whatever people wrote as titles and reasons."""
    assert check(document) == []
    assert parse_document(to_toml(document).encode(), "x") == document
