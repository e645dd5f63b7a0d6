"""Mappings: data files that must be right before any row is read."""

from __future__ import annotations

from datetime import date

import pytest

from campaigns.importing.columns import bind
from campaigns.importing.faults import MappingFault
from campaigns.importing.mapping import MAPPINGS, load_mapping, names, parse_mapping


def test_every_mapping_of_the_release_is_right() -> None:
    """One example for each of the four cities."""
    assert {"niigata", "sendai", "isehara", "kurume"} <= set(names())
    for name in names():
        assert load_mapping(name).name == name


def test_an_unknown_mapping_is_named_with_the_known_ones() -> None:
    """The clerk sees what she can choose from."""
    with pytest.raises(MappingFault, match=r"tokyo.*niigata"):
        load_mapping("tokyo")
    with pytest.raises(MappingFault, match="使えない文字"):
        load_mapping("../niigata")


NAME = 'name = { from = "氏名" }'
DUE = 'due_on = { from = "納期限", forms = ["yyyymmdd"] }'


@pytest.mark.parametrize(
    ("line", "wrong", "said"),
    [
        ("title =", "colour = 1\ntitle =", "colour"),
        (NAME, NAME + '\nshoe_size = { from = "靴" }', "columns.shoe_size"),
        (NAME, 'name = { form = "氏名" }', "form"),
        (NAME, "name = { }", "columns.name.*from"),
        (NAME, 'name = { from = "氏名", invalid = "warning" }', "columns.name.*invalid"),
        (DUE, 'due_on = { from = "納期限", convert = "datum" }', "columns.due_on.*datum"),
        (DUE, 'due_on = { from = "納期限", convert = "yen" }', "columns.due_on.*yen"),
        (DUE, 'due_on = { from = "納期限", forms = ["mdy"] }', "columns.due_on.*mdy"),
        (DUE, 'due_on = { from = "納期限", era = "令和" }', "columns.due_on.*era"),
        (DUE, "", "columns.due_on.*納期限"),
        ('from = "賦課"', 'from = "賦課", era = "文化"', "columns.levy_year.*文化"),
        (', yes = ["1"], no = ["0"]', "", "columns.contact_stop.*yes"),
        ('"全期" = 0', '"全期" = "0"', "columns.instalment.*整数"),
        ('values = ["介護保険料"]', 'values = ["市税"]', "debt_types.*市税.*2回"),
        ('caller_id = "+81250000004"', 'caller_id = "025-000-0004"', "care_insurance.*caller_id"),
        ('code = "childcare"', 'code = "Child Care"', "Child Care"),
        ("title =", 'encoding = "ebcdic"\ntitle =', "ebcdic"),
        ("title =", "absent_max_ratio = 2.0\ntitle =", "absent_max_ratio"),
        ("title =", "title", "niigata"),
    ],
)
def test_a_wrong_key_is_named(line: str, wrong: str, said: str) -> None:
    """Unknown keys, fields, converters and options, and missing ones: an error that names each."""
    text = (MAPPINGS / "niigata.toml").read_text(encoding="utf-8")
    assert line in text
    with pytest.raises(MappingFault, match=said):
        parse_mapping(text.replace(line, wrong).encode(), "niigata")


def test_missing_and_double_columns_of_a_file_are_problems_of_its_first_line() -> None:
    """The clerk learns all of them at once, and which columns were not used."""
    mapping = load_mapping("niigata")
    header = ["宛名番号", "氏名", "氏名", "税目（料）", "合計"]
    columns, problems = bind(mapping, header, date(2026, 11, 20))
    assert {p.line for p in problems} == {1}
    assert ("氏名", "column_twice") in {(p.column, p.code) for p in problems}
    assert ("納期限", "column_missing") in {(p.column, p.code) for p in problems}
    assert "税目（料）" not in {p.column for p in problems}, "width makes no difference"
    assert columns.unused[-1] == "合計"


def test_a_file_of_one_debt_type_needs_no_column_for_it() -> None:
    """`default` stands for the whole column; `from` may name alternatives, of which the first present is taken."""
    text = (MAPPINGS / "niigata.toml").read_text(encoding="utf-8")
    text = text.replace('debt_type = { from = "税目(料)" }', 'debt_type = { default = "市税" }')
    mapping = parse_mapping(text.encode(), "one")
    header = [entry.names[-1] for entry in mapping.columns.values() if any(entry.names)] + ["電話番号1", "電話番号2"]
    assert "カナ氏名" in header
    columns, problems = bind(mapping, header, date(2026, 11, 20))
    assert problems == []
    kind = next(c for c in columns.fields if c.field.name == "debt_type")
    assert (kind.place, kind.column.read([kind.default])) == (None, ["city_tax"])
    assert len(columns.phones) == 2, "the third is optional"
