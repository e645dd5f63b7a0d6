"""Rows that must agree with each other."""

from __future__ import annotations

from datetime import date

import msgspec

from campaigns.importing.checking import Batch, Checker
from campaigns.importing.columns import bind
from campaigns.importing.mapping import Mapping, load_mapping
from campaigns.importing.problems import Problems
from campaigns.importing.reading import Chunk

COLUMNS = {
    "宛名番号": "1", "世帯番号": "10", "氏名": "見本　太郎", "カナ": "ミホン　タロウ", "郵便番号": "950-0000",
    "住所": "緑丘1",
    "生年月日": "19600101", "税目(料)": "市税", "調定": "2025", "賦課": "2025", "通知書番号": "N1", "期別": "1",
    "納期限": "20250630", "本税(料)": "1,000", "延滞金": "要す", "備考": "", "納付日": "", "催告中止": "0",
    "電話番号1": "090-0000-0001", "電話番号2": "", "電話番号3": "",
}  # fmt: skip


class File:
    """Rows given as differences from one good row."""

    def __init__(self, mapping: Mapping | None = None) -> None:
        self.problems = Problems()
        mapping = mapping or load_mapping("niigata")
        columns, missing = bind(mapping, list(COLUMNS), date(2026, 11, 20))
        assert not missing
        self.checker = Checker(mapping, columns, self.problems)
        self._line = 2

    def add(self, *rows: dict[str, str]) -> Batch:
        """Check one chunk; each row has an instalment of its own unless it says otherwise."""
        cells, lines = [], []
        for row in rows:
            cells.append(list((COLUMNS | {"期別": str(self._line)} | row).values()))
            lines.append(self._line)
            self._line += 1
        return self.checker.check(Chunk(cells, lines, []))

    @property
    def found(self) -> list[tuple[int, str, str, bool]]:
        return [(p.line, p.column, p.code, p.is_warning) for p in self.problems.kept]


def test_a_good_row_gives_a_person_a_number_and_a_debt() -> None:
    """All three, with nothing to complain about."""
    file = File()
    batch = file.add({})
    assert batch.persons == [
        ("1", "10", "見本　太郎", "ミホン　タロウ", "9500000", "緑丘1", date(1960, 1, 1), None, False)
    ]
    assert batch.phones == [("1", "+819000000001", "mobile", 1)]
    assert batch.debts == [
        ("1", "city_tax", 2025, 2025, "N1", 2, date(2025, 6, 30), 1000, None, None, None, None)
    ]  # fmt: skip
    assert file.found == []


def test_a_bad_row_is_named_by_line_column_and_reason_and_taken_out() -> None:
    """Several flaws in one row are all reported; the row counts as bad once."""
    file = File()
    batch = file.add({}, {"納期限": "20250631", "本税(料)": "x"}, {})
    assert file.found == [(3, "納期限", "date_invalid", False), (3, "本税(料)", "yen_invalid", False)]
    assert (file.problems.errors, file.problems.bad_rows, file.checker.rows) == (2, 1, 3)
    assert len(batch.debts) == 2
    assert file.problems.kept[0].reason == "日付として読めません"


def test_a_row_of_another_width_is_reported() -> None:
    """A missing separator shifts everything; nothing of such a row is believed."""
    file = File()
    file.checker.check(Chunk([["1", "2"], list(COLUMNS.values())], [2, 3], [4]))
    assert file.found == [(2, "", "column_count", False), (4, "", "quoting", False)]
    assert file.problems.bad_rows == 2
    assert file.checker.rows == 3


def test_the_same_debt_twice_is_an_error_in_one_chunk_and_across_chunks() -> None:
    """Same type, levy year, notice and instalment: one of the two amounts is wrong."""
    file = File()
    file.add({"期別": "1"}, {"期別": "1"})
    file.add({"期別": "1"}, {"期別": "1", "税目(料)": "介護保険料"})
    assert [(p.line, p.code, p.other_line) for p in file.problems.kept] == [
        (3, "duplicate_key", 2),
        (4, "duplicate_key", 2),
    ]


def test_another_name_for_one_addressee_number_is_an_error() -> None:
    """One of the two debts would be told to the wrong person."""
    file = File()
    file.add({})
    file.add({"氏名": "別人　花子"})
    assert file.found == [(3, "氏名", "name_conflict", False)]


def test_a_name_that_differs_by_space_or_variation_selector_is_the_same() -> None:
    """Systems of one city write spaces and selectors differently; the first form stays."""
    file = File()
    file.add({"氏名": "葛\U000e0100　一"}, {"氏名": "葛 一"})
    assert file.found == []
    assert file.checker.persons["1"][2] == "葛\U000e0100　一"
    assert not file.checker.reconciled


def test_a_mapping_may_turn_a_name_conflict_into_a_warning() -> None:
    """Where the city's systems are known to disagree."""
    file = File(msgspec.structs.replace(load_mapping("niigata"), name_conflict="warning"))
    file.add({}, {"氏名": "見本　タロウ"})
    assert file.found == [(3, "氏名", "name_conflict", True)]
    assert file.problems.errors == 0


def test_another_address_is_a_warning_and_the_later_row_wins() -> None:
    """One department knows of the move before the other."""
    file = File()
    file.add({}, {"住所": "東浜2"})
    assert file.found == [(3, "住所", "details_conflict", True)]
    assert file.checker.persons["1"][5] == "東浜2"
    assert file.checker.reconciled == {"1"}


def test_a_blank_never_wins_over_what_is_known() -> None:
    """Rows of another debt type may lack the birthday."""
    file = File()
    file.add({"カナ": ""}, {"生年月日": "", "カナ": "ミホン　タロウ"})
    assert file.found == []
    assert file.checker.persons["1"][3] == "ミホン　タロウ"
    assert file.checker.persons["1"][6] == date(1960, 1, 1)


def test_a_contact_stop_in_any_row_stops() -> None:
    """催告中止 is by person."""
    file = File()
    file.add({"催告中止": "1"}, {"催告中止": "0"})
    assert file.checker.persons["1"][8] is True


def test_numbers_of_several_rows_are_joined_in_order() -> None:
    """Each once, the first given called first."""
    file = File()
    first = file.add({"電話番号2": "025-000-0001"}, {"電話番号1": "025-000-0001", "電話番号2": "090-0000-0002"})
    second = file.add({"電話番号1": "090-0000-0003"})
    assert [(number, rank) for _, number, _, rank in first.phones + second.phones] == [
        ("+819000000001", 1),
        ("+81250000001", 2),
        ("+819000000002", 3),
        ("+819000000003", 4),
    ]


def test_a_lenient_column_warns_and_counts_as_blank() -> None:
    """A birthday that is unknown (昭和20年00月00日) must not stop a whole file."""
    file = File()
    file.add({"生年月日": "19450000"})
    assert file.found == [(2, "生年月日", "date_invalid", True)]
    assert file.checker.persons["1"][6] is None


def test_characters_of_the_private_area_are_kept_with_a_warning() -> None:
    """外字 mean something only on the city's own machines."""
    file = File()
    file.add({"氏名": "\ue000田　一"})
    assert file.found == [(2, "氏名", "private_character", True)]
    assert file.checker.persons["1"][2] == "\ue000田　一"


def test_a_missing_assessment_year_is_the_levy_year() -> None:
    """調定 is blank for debts of the running year in some systems."""
    file = File()
    assert file.add({"調定": "", "賦課": "2024"}, {"調定": "2025", "賦課": "2024"}).debts[0][2:4] == (2024, 2024)
