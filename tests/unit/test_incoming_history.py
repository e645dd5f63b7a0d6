"""Rows of a former system's records, before the database is asked."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest

from campaigns.calendar import JST
from campaigns.importing.history.checking import Checker, window_of_day
from campaigns.importing.history.mapping import load_history_mapping
from campaigns.importing.history.results import HITS, MISSES, NOT_THEIRS, RESULTS
from campaigns.importing.problems import Problems
from campaigns.importing.reading import Chunk
from campaigns.model import Outcome, Window
from dialer.simulation.population import window_of

TODAY = date(2026, 11, 20)
CALLED = {
    "宛名番号": "1",
    "処理日": "20261119",
    "処理時刻": "0905",
    "区分": "架電",
    "架電番号": "090-0000-0001",
    "結果": "不在",
}
AT = datetime(2026, 11, 19, 0, 5, tzinfo=UTC)


class File:
    """Rows given as differences from one good row."""

    def __init__(self, name: str = "niigata", good: dict[str, str] = CALLED, *, strict: bool = False) -> None:
        self.problems = Problems()
        self.good = good
        self.checker = Checker(load_history_mapping(name), list(good), TODAY, self.problems, strict=strict)
        self._line = 2

    def add(self, *rows: dict[str, str]) -> list[tuple[object, ...]]:
        lines = range(self._line, self._line + len(rows))
        self._line += len(rows)
        chunk = Chunk([list((self.good | row).values()) for row in rows], list(lines), [])
        return self.checker.check(chunk)["stage_past_call"]

    @property
    def found(self) -> list[tuple[int, str, str, bool]]:
        return [(p.line, p.column, p.code, p.is_warning) for p in self.problems.kept]


def test_a_good_row_is_a_past_call() -> None:
    """Who, when, on which number, in which kind of hour, with what result in our words."""
    assert File().add({}) == [(2, "1", AT, "outbound", "+819000000001", "mobile", Window.WEEKDAY, "no_answer")]


@pytest.mark.parametrize(
    ("day", "hour", "window"),
    [
        (date(2026, 11, 19), 9, Window.WEEKDAY), (date(2026, 11, 19), 16, Window.WEEKDAY),
        (date(2026, 11, 19), 17, Window.EVENING), (date(2026, 11, 21), 18, Window.WEEKEND),
        (date(2026, 11, 23), 10, Window.WEEKEND), (date(2026, 12, 30), 10, Window.WEEKEND),
    ],
)  # fmt: skip
def test_the_kind_of_hour_follows_the_calendar_of_japan(day: date, hour: int, window: Window) -> None:
    """17:00 begins the evening; holidays and the closed days of the new year are days off, as the people live them."""
    assert window_of_day(day, hour * 3600) is window
    assert window_of(datetime(day.year, day.month, day.day, hour, tzinfo=JST)) is window, "as the simulation has it"


def test_records_of_other_channels_are_counted_and_left() -> None:
    """Letters, SMS and visits teach nothing about the telephone; what stands in their other cells is no error."""
    file = File()
    assert file.add({"区分": "催告書", "結果": "返戻", "処理時刻": "昼"}, {"区分": "ＳＭＳ", "結果": ""}) == []
    assert (file.checker.rows, file.checker.skipped, file.checker.left_out, file.found) == (2, 2, 0, [])


def test_a_return_call_needs_neither_result_nor_number() -> None:
    """That the person called says when she is free."""
    assert File().add({"区分": "返電", "結果": "", "架電番号": ""}) == [
        (2, "1", AT, "inbound", None, None, Window.WEEKDAY, None)
    ]


def test_what_teaches_nothing_is_left_out_with_a_warning_or_refused_when_strict() -> None:
    """A record without a time, and a call without a result."""
    for strict in (False, True):
        file = File(strict=strict)
        assert len(file.add({"処理時刻": ""}, {"結果": ""}, {})) == 1
        assert file.found == [(2, "処理時刻", "time_missing", not strict), (3, "結果", "result_missing", not strict)]
        assert file.checker.left_out == (0 if strict else 2)


def test_a_flawed_cell_that_may_pass_is_named_once() -> None:
    """A time that can't be read leaves its row out; a number that can't be read is as if it were not told."""
    file = File()
    rows = file.add({"処理時刻": "昼頃"}, {"架電番号": "0990-000-000"})
    assert [(row[0], row[4]) for row in rows] == [(3, None)]
    assert file.found == [(2, "処理時刻", "time_invalid", True), (3, "架電番号", "phone_premium", True)]
    assert file.checker.left_out == 1


def test_a_row_may_lack_more_than_one_thing() -> None:
    """A flawed number doesn't hide that the time is missing, which is why the row isn't used."""
    file = File()
    assert file.add({"処理時刻": "", "架電番号": "110"}) == []
    assert file.found == [(2, "架電番号", "phone_emergency", True), (2, "処理時刻", "time_missing", True)]


def test_a_blank_direction_may_mean_that_the_record_is_left_out() -> None:
    """Where the former system marks calls only."""
    mapping = load_history_mapping("niigata")
    entry = msgspec.structs.replace(mapping.columns["direction"], default="催告書")
    mapping = msgspec.structs.replace(mapping, columns=mapping.columns | {"direction": entry})
    checker = Checker(mapping, list(CALLED), TODAY, Problems(), strict=False)
    rows = [list((CALLED | {"区分": way}).values()) for way in ("", "架電")]
    assert [row[0] for row in checker.check(Chunk(rows, [2, 3], []))["stage_past_call"]] == [3]
    assert (checker.rows, checker.skipped) == (2, 1)


def test_words_that_the_mapping_does_not_know_are_errors() -> None:
    """They could mean that somebody picked up."""
    file = File()
    assert file.add({"結果": "要再架電"}, {"区分": "FAX"}) == []
    assert file.found == [(2, "結果", "result_unknown", False), (3, "区分", "direction_unknown", False)]


def test_a_mapping_may_let_unknown_results_pass() -> None:
    """One of four hundred codes must not keep half a year of records out."""
    good = {"宛名番号": "1", "交渉年月日": "2026/11/19", "交渉時間帯": "18", "発着区分": "1",
            "相手先電話番号": "022-000-0001", "交渉結果コード": "31"}  # fmt: skip
    file = File("sendai", good)
    rows = file.add({}, {"交渉結果コード": "99"})
    assert [(row[4], row[6]) for row in rows] == [("+81220000001", Window.EVENING)]
    assert file.found == [(3, "交渉結果コード", "result_unknown", True)]
    assert file.checker.left_out == 1


def test_a_moment_in_one_column_tells_the_kind_of_hour_too() -> None:
    """日時 instead of day and time."""
    good = {"宛名番号": "1", "交渉日時": "令和8年11月19日 18:30", "交渉手段": "電話（発信）", "交渉結果": "応答なし"}
    assert File("isehara", good).add({}) == [
        (2, "1", datetime(2026, 11, 19, 9, 30, tzinfo=UTC), "outbound", None, None, Window.EVENING, "no_answer")
    ]  # fmt: skip
    file = File("isehara", good)
    assert file.add({"交渉日時": "令和8年11月19日"}) == []
    assert file.found == [(2, "交渉日時", "time_missing", True)]


def test_every_result_teaches_one_thing_or_nothing() -> None:
    """Hit and miss exclude each other; lines that are busy, faulty, dead or a stranger's teach nothing."""
    assert not HITS & MISSES
    silent = {Outcome.BUSY, Outcome.CONGESTION} | NOT_THEIRS
    assert silent == RESULTS - HITS - MISSES
