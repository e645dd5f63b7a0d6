"""Telephone numbers out of city files."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.importing.phones import Phone, read_phone
from campaigns.importing.problems import Flaw


@pytest.mark.parametrize(
    ("text", "number", "kind"),
    [
        ("090-0000-1234", "+819000001234", "mobile"),
        ("０９０－００００－１２３４", "+819000001234", "mobile"),
        ("070 0000 1234", "+817000001234", "mobile"),
        ("06000001234", "+816000001234", "mobile"),
        ("(025)000-1234", "+81250001234", "landline"),
        ("０２５（０００）１２３４", "+81250001234", "landline"),
        ("03‐0000−1234", "+81300001234", "landline"),
        ("0463ー00ー1234", "+81463001234", "landline"),
        ("050-0000-1234", "+815000001234", "voip"),
        ("0120-000-123", "+81120000123", "other"),
        ("0800-000-1234", "+818000001234", "other"),
        ("+81 90-0000-1234", "+819000001234", "mobile"),
        ("+81 (0)90 0000 1234", "+819000001234", "mobile"),
    ],
)
def test_a_number_is_read_however_it_is_written(text: str, number: str, kind: str) -> None:
    """Width, hyphens of every sort and parentheses make no difference."""
    assert read_phone(text) == Phone(number, kind)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("110", "phone_emergency"),
        ("119", "phone_emergency"),
        ("171", "phone_emergency"),
        ("0990-00-1234", "phone_premium"),
        ("0180-99-1234", "phone_premium"),
        ("020-0000-1234", "phone_pager"),
        ("184-090-0000-1234", "phone_prefix"),
        ("0033-090-0000-1234", "phone_prefix"),
        ("000-1234", "phone_prefix"),
        ("222-1234", "phone_no_area"),
        ("090-0000-123", "phone_length"),
        ("090-0000-12345", "phone_length"),
        ("025-000-12345", "phone_length"),
        ("不明", "phone_invalid"),
        ("090-0000-1234/025-000-1234", "phone_invalid"),
        ("090-0000-123x", "phone_invalid"),
        ("+81", "phone_length"),
        ("+999999", "phone_invalid"),
    ],
)
def test_what_must_not_or_cannot_be_called_is_refused(text: str, code: str) -> None:
    """Emergency, premium and pager numbers, prefixes and broken ones never become a number to dial."""
    assert read_phone(text) == Flaw(code)


def test_a_local_number_gets_the_area_code_of_the_mapping() -> None:
    """Lists of one city often leave the area code out."""
    assert read_phone("222-1234", area_code="025") == Phone("+81252221234", "landline")
    assert read_phone("119", area_code="025") == Flaw("phone_emergency")


def test_a_foreign_number_is_kept_in_its_own_form() -> None:
    """Someone may have moved abroad."""
    assert read_phone("+1 202-555-0123") == Phone("+12025550123", "other")


@pytest.mark.parametrize("text", ["", "　", "-", "（）"])
def test_a_blank_cell_is_no_number(text: str) -> None:
    """Signs alone are how some systems write "none"."""
    assert read_phone(text) is None


@example("+4900")
@given(st.text(alphabet="0123456789０１２３-－()（）+ 　内線", max_size=16))
def test_whatever_is_written_the_result_is_dialable_or_refused(text: str) -> None:
    """Nothing else than + and 7 to 15 digits may reach the line."""
    result = read_phone(text)
    if isinstance(result, Phone):
        assert result.number.startswith("+")
        assert result.number[1:].isdigit()
        assert 7 <= len(result.number) - 1 <= 15
