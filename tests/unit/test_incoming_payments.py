"""Rows of payments and promises, before the database is asked."""

from __future__ import annotations

from datetime import date

from campaigns.importing.intake_checking import Batch
from campaigns.importing.payments.checking import Checker
from campaigns.importing.payments.mapping import load_payment_mapping
from campaigns.importing.problems import Problems
from campaigns.importing.reading import Chunk

TODAY = date(2026, 11, 20)
PAID = {"税目(料)": "市税", "賦課": "2025", "通知書番号": "N1", "期別": "1", "納付日": "20261119", "納付額": "1,000"}
BOTH = {
    "種別": "納付", "税目": "法人市民税", "賦課年度": "2025", "通知書番号": "N1", "期別": "全期", "日付": "R8.11.19",
    "金額": "1000", "取消": "有効", "宛名番号": "", "約束期日": "", "余分": "",
}  # fmt: skip
PROMISED = {"種別": "約束", "宛名番号": "7", "税目": "全税目", "約束期日": "R8.12.15"}


class File:
    """Rows given as differences from one good row."""

    def __init__(self, name: str, good: dict[str, str], *, strict: bool = False) -> None:
        self.problems = Problems()
        self.good = good
        self.checker = Checker(load_payment_mapping(name), list(good), TODAY, self.problems, strict=strict)
        self._line = 2

    def add(self, *rows: dict[str, str]) -> Batch:
        lines = range(self._line, self._line + len(rows))
        self._line += len(rows)
        return self.checker.check(Chunk([list((self.good | row).values()) for row in rows], list(lines), []))

    @property
    def found(self) -> list[tuple[int, str, str, bool]]:
        return [(p.line, p.column, p.code, p.is_warning) for p in self.problems.kept]


def test_a_good_row_is_a_payment() -> None:
    """Every field arrives; without a receipt number and a mark of settlement."""
    file = File("niigata", PAID)
    assert file.add({})["stage_payment"] == [
        (2, "city_tax", 2025, "N1", 1, date(2026, 11, 19), 1000, False, False, "")
    ]  # fmt: skip
    assert file.found == []


def test_an_amount_below_zero_takes_a_payment_back() -> None:
    """With any sign that accountants use."""
    file = File("niigata", PAID)
    rows = file.add({"納付額": "-1000"}, {"納付額": "▲1,000"}, {"納付額": "△ １，０００円"})["stage_payment"]
    assert [(row[6], row[8]) for row in rows] == [(1000, True)] * 3


def test_a_debt_type_that_is_not_ours_leaves_the_row_out_unless_strictness_is_asked_for() -> None:
    """A city's daily file holds all its taxes; the clerk may want to see a typing error refused."""
    for strict in (False, True):
        file = File("niigata", PAID, strict=strict)
        assert len(file.add({}, {"税目(料)": "入湯税"})["stage_payment"]) == 1
        assert file.found == [(3, "税目(料)", "debt_type_unknown", not strict)]
        assert file.checker.left_out == (0 if strict else 1)
        assert file.problems.bad_rows == (1 if strict else 0)


def test_a_bad_row_is_named_by_line_column_and_reason() -> None:
    """Nothing is paid tomorrow, and a payment has an amount."""
    file = File("niigata", PAID)
    rows = file.add({"納付日": "20261121"}, {"納付額": ""}, {"納付額": "0"}, {"納付額": "千円"}, {"期別": ""}, {})
    assert file.found == [
        (2, "納付日", "date_range", False),
        (3, "納付額", "amount_missing", False),
        (4, "納付額", "amount_missing", False),
        (5, "納付額", "yen_invalid", False),
        (6, "期別", "required", False),
    ]
    assert [row[0] for row in rows["stage_payment"]] == [7]
    assert (file.problems.bad_rows, file.checker.rows) == (5, 6)


def test_a_file_may_hold_payments_and_promises() -> None:
    """Told apart by a column; a promise may be for all debts; other kinds of row are only counted."""
    file = File("isehara", BOTH)
    batch = file.add({}, PROMISED, {"種別": "還付"}, {"種別": "速報", "取消": "取消"}, PROMISED | {"税目": ""})
    assert [(row[0], row[8]) for row in batch["stage_payment"]] == [(2, False), (5, True)]
    made_on, due_on = date(2026, 11, 19), date(2026, 12, 15)
    assert batch["stage_promise"] == [(3, "7", None, due_on, 1000, made_on), (6, "7", None, due_on, 1000, made_on)]
    assert (file.checker.rows, file.checker.skipped, file.found) == (5, 1, [])
    assert file.checker.unused == ["余分"]


def test_a_kind_of_row_that_the_mapping_does_not_know_is_an_error() -> None:
    """It could be a payment."""
    file = File("isehara", BOTH)
    file.add({"種別": "充当"})
    assert file.found == [(2, "種別", "row_kind_unknown", False)]


def test_a_promise_is_not_due_before_it_is_made() -> None:
    """Two columns were mixed up."""
    file = File("isehara", BOTH)
    assert file.add(PROMISED | {"約束期日": "R8.11.18"})["stage_promise"] == []
    assert file.found == [(2, "約束期日", "promise_before_made", False)]


def test_the_word_settled_needs_no_amount() -> None:
    """A list of what is paid in full says no more."""
    settled = {"債権名": "市税", "年度": "07", "通知書番号": "N1", "期": "3", "完納日": "5081119"}
    file = File("kurume", settled)
    assert file.add({})["stage_payment"] == [
        (2, "city_tax", 2025, "N1", 3, date(2026, 11, 19), None, True, False, "")
    ]  # fmt: skip


def test_missing_columns_are_named_once() -> None:
    """Those of both sections, and that which tells them apart."""
    file = File("isehara", {"日付": "", "税目": ""})
    missing = [p.column for p in file.problems.kept]
    assert {p.code for p in file.problems.kept} == {"column_missing"}
    assert len(missing) == len(set(missing))
    assert {"種別", "金額", "宛名番号", "約束期日"} <= set(missing)
