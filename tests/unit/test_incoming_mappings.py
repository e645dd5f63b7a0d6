"""Mappings of payments and past records: data files that must be right before any row is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.importing.faults import MappingFault
from campaigns.importing.history.fields import HISTORY_FIELDS
from campaigns.importing.history.mapping import HISTORY_MAPPINGS, load_history_mapping, parse_history_mapping
from campaigns.importing.mapping import names
from campaigns.importing.payments.fields import PAYMENT_FIELDS, PROMISE_FIELDS
from campaigns.importing.payments.mapping import PAYMENT_MAPPINGS, load_payment_mapping, parse_payment_mapping
from campaigns.importing.problems import REASONS

CITIES = {"niigata", "sendai", "isehara", "kurume"}
DATE = 'paid_on = { from = "日付", forms = ["era"] }'


def test_every_mapping_of_the_release_is_right() -> None:
    """One of each kind for each of the four cities, beside those of debts and not among them."""
    assert set(names(PAYMENT_MAPPINGS)) >= CITIES
    assert set(names(HISTORY_MAPPINGS)) >= CITIES
    for name in names(PAYMENT_MAPPINGS):
        assert load_payment_mapping(name).name == name
    for name in names(HISTORY_MAPPINGS):
        assert load_history_mapping(name).name == name
    assert "niigata_promises" not in names()


def test_an_unknown_mapping_is_named_with_the_known_ones() -> None:
    """The clerk sees what she can choose from."""
    with pytest.raises(MappingFault, match=r"tokyo.*niigata_promises"):
        load_payment_mapping("tokyo")
    with pytest.raises(MappingFault, match=r"tokyo.*niigata"):
        load_history_mapping("tokyo")


@pytest.mark.parametrize(
    ("line", "wrong", "said"),
    [
        ("title =", "colour = 1\ntitle =", "colour"),
        (DATE, DATE + '\nshoe_size = { from = "靴" }', "payments.shoe_size"),
        (DATE, "", "payments.paid_on.*納付日"),
        (DATE, 'paid_on = { from = "日付", convert = "time" }', "payments.paid_on.*time"),
        (DATE, 'paid_on = { from = "日付", optional = true }', "payments.paid_on.*optional"),
        ('amount_yen = { from = "金額" }\ntaken_back', "taken_back", "amount_yen.*settled"),
        ('none = ["全税目"]', 'yes = ["全税目"]', "promises.debt_type.*yes"),
        ('light_vehicle_tax = ["軽自動車税（種別割）"]', 'light_vehicle_tax = ["法人市民税"]', "法人市民税.*2回"),
        ("corporate_tax = [", '"Corporate Tax" = [', "Corporate Tax"),
        ('skip = ["還付"]', 'skip = ["約束"]', "row_kind.*約束.*2回"),
        ('promise = ["約束"]', "", "row_kind"),
        (
            '[row_kind]\nfrom = "種別"\npayment = ["納付", "速報"]\npromise = ["約束"]\nskip = ["還付"]\n',
            "",
            "row_kind",
        ),
    ],
)
def test_a_wrong_key_of_payments_is_named(line: str, wrong: str, said: str) -> None:
    """Unknown keys, fields, converters and options, missing ones, and kinds of row that nothing tells apart."""
    text = (PAYMENT_MAPPINGS / "isehara.toml").read_text(encoding="utf-8")
    assert line in text
    with pytest.raises(MappingFault, match=said):
        parse_payment_mapping(text.replace(line, wrong).encode(), "isehara")


@pytest.mark.parametrize(
    ("line", "wrong", "said"),
    [
        ('called_time = { from = "処理時刻", invalid = "warning" }', "", "called_at.*called_time"),
        ("called_on =", 'called_at = { from = "日時" }\ncalled_on =', "どちらか一方"),
        ('direction = { from = "区分" }', "", "columns.direction"),
        ('inbound = ["受電", "返電"]', 'incoming = ["受電"]', "directions.incoming"),
        ('busy = ["話中"]', 'engaged = ["話中"]', "results.engaged"),
        ('busy = ["話中"]', 'busy = ["不在"]', "results.*不在.*2回"),
        ("mark_dead = false", 'mark_dead = "no"', "mark_dead"),
    ],
)
def test_a_wrong_key_of_past_records_is_named(line: str, wrong: str, said: str) -> None:
    """A word of ours that doesn't exist, a word of theirs with two meanings, no way to tell the time."""
    text = (HISTORY_MAPPINGS / "niigata.toml").read_text(encoding="utf-8")
    assert line in text
    with pytest.raises(MappingFault, match=said):
        parse_history_mapping(text.replace(line, wrong).encode(), "niigata")


def test_every_reason_is_explained_to_the_clerk() -> None:
    """docs/import.md says of each code what it means and what to do."""
    text = (Path(__file__).parents[2] / "docs" / "import.md").read_text(encoding="utf-8")
    assert [code for code in REASONS if f"`{code}`" not in text] == []


def test_every_field_is_in_the_readme_of_its_mappings() -> None:
    """A clerk who writes a mapping finds each field with its converter."""
    for folder, fields in (
        (PAYMENT_MAPPINGS, [*PAYMENT_FIELDS.values(), *PROMISE_FIELDS.values()]),
        (HISTORY_MAPPINGS, list(HISTORY_FIELDS.values())),
    ):
        rows = (folder / "README.md").read_text(encoding="utf-8").splitlines()
        for field in fields:
            assert any(f"| `{field.name}` |" in row and f"`{field.converter}`" in row for row in rows), field.name
