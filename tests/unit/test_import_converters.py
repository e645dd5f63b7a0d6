"""Single cells: text, codes, amounts, instalments, kinds."""

from __future__ import annotations

import pytest

from campaigns.importing.converters import (
    Cached,
    Text,
    read_choice,
    read_code,
    read_instalment,
    read_postal_code,
    read_yen,
)
from campaigns.importing.problems import Flaw


@pytest.mark.parametrize(
    "name", ["髙﨑　邉", "𠮷田 太郎", "葛\U000e0100城　花子", "神\ufa19", "㈱見本", "Ａｎｎａ　ｶﾅ"]
)
def test_a_name_keeps_every_character(name: str) -> None:
    """No normalisation: variation selectors, compatibility characters and width stay (DATA-3)."""
    assert Text(max_length=50).read([f"　{name} "]) == [name]


def test_line_breaks_inside_a_cell_become_a_space() -> None:
    """Addresses come with them; a label or a letter can't hold them."""
    assert Text(max_length=50).read(["緑丘1丁目\r\n2番"]) == ["緑丘1丁目 2番"]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("山\ufffd", "undecodable"),
        ("山\x00", "control_character"),
        ("山\tA", "control_character"),
        ("あ" * 51, "too_long"),
    ],
)
def test_text_that_can_not_be_kept_is_a_flaw(cell: str, code: str) -> None:
    """One bad cell does not spoil its neighbours."""
    column = Text(max_length=50)
    assert column.read(["木", cell, ""]) == ["木", Flaw(code), None]
    assert column.flawed


def test_a_required_cell_must_not_be_blank() -> None:
    """Full-width space alone is blank."""
    assert Text(max_length=5, required=True).read(["　", "木"]) == [Flaw("required"), "木"]
    assert Cached(read_code, Flaw("required")).read(["　", "1"]) == [Flaw("required"), "1"]


def test_a_repeated_cell_is_converted_once() -> None:
    """The speed of the import rests on it."""
    seen: list[str] = []

    def length(text: str) -> int:
        seen.append(text)
        return len(text)

    column = Cached(length)
    assert column.read(["ab", "c", "ab", "", "ab"]) == [2, 1, 2, None, 2]
    assert seen == ["ab", "c"]


def test_broken_bytes_are_reported_in_every_kind_of_column() -> None:
    """U+FFFD stands for bytes that could not be decoded."""
    assert Cached(read_yen).read(["12\ufffd"]) == [Flaw("undecodable")]


@pytest.mark.parametrize(
    ("text", "yen"),
    [
        ("12340", 12340),
        ("12,340", 12340),
        ("１２，３４０円", 12340),
        ("¥1,200", 1200),
        ("￥1200", 1200),
        ("(1,200)", 1200),
        ("0", 0),
    ],
)
def test_an_amount_is_read_however_it_is_written(text: str, yen: int) -> None:
    """Separators, signs and estimated amounts in parentheses (催告書ひながた)."""
    assert read_yen(text) == yen


@pytest.mark.parametrize("text", ["-100", "1,2", "12.5", "千円", "要す"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    """A negative or garbled amount must not be read out to anybody."""
    assert read_yen(text) == Flaw("yen_invalid")


def test_a_late_charge_may_be_open() -> None:
    """要す: the whole charge is due but not yet fixed."""
    assert read_yen("要す", none=frozenset({"要す"})) is None
    assert read_yen("1" + "0" * 13) == Flaw("yen_range")


def test_a_code_keeps_its_leading_zeros() -> None:
    """宛名番号 00123 and 123 are different people; width and spaces make no difference."""
    assert read_code("００１２３") == "00123"
    assert read_code("12 34-5") == "1234-5"
    assert read_code("12あ") == Flaw("code_invalid")
    assert read_code("1" * 41) == Flaw("too_long")


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1), ("０３", 3), ("第3期", 3), ("10期", 10), ("7月", 7), ("全期", 0)]
)
def test_an_instalment_is_read_in_each_form(text: str, number: int) -> None:
    """期別 comes as a number or in words of which the mapping has a table."""
    assert read_instalment(text, {"全期": 0}) == number
    assert read_instalment("随時", {}) == Flaw("instalment_invalid")


def test_postal_codes_lose_their_hyphen() -> None:
    """Seven digits, however they are written."""
    assert [read_postal_code(t) for t in ("950-0000", "〒９５０－００００", "9500000")] == ["9500000"] * 3
    assert read_postal_code("950-00") == Flaw("postal_invalid")


def test_words_of_a_table_match_in_any_width() -> None:
    """（種別割） and (種別割) are the same debt type."""
    assert read_choice("軽自動車税（種別割）", {"軽自動車税(種別割)": "car"}) == "car"
    assert read_choice("車", {"軽自動車税(種別割)": "car"}) == Flaw("choice_unknown")
