"""Our fields: what a city's column can be mapped to, and the converter that each field takes.

Decides names, which are required, and the limits of each. The order is the one in which cells are checked and
problems of one row are reported. Here are the fields of the debts' file; payments and past records have theirs in
``payments/fields.py`` and ``history/fields.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Field:
    """One of our fields.

    Attributes:
        name: key under ``[columns]`` of a mapping.
        label: Japanese name, for reports and help.
        converter: the default; a mapping may name another of the same `result`.
        required: every row has a value (from its column, or the mapping's default).
        max_length: characters, for text.
        lowest, highest: bounds of dates; a `highest` of None is the day of the import.
    """

    name: str
    label: str
    converter: str
    required: bool = False
    max_length: int = 0
    lowest: date = date(1950, 1, 1)
    highest: date | None = date(2100, 12, 31)


FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        Field("addressee_no", "宛名番号", "code", required=True),
        Field("household_no", "世帯番号", "code"),
        Field("name", "氏名", "text", required=True, max_length=200),
        Field("kana", "カナ氏名", "text", max_length=200),
        Field("postal_code", "郵便番号", "postal_code"),
        Field("address", "住所", "text", max_length=500),
        Field("born_on", "生年月日", "date", lowest=date(1850, 1, 1), highest=None),
        Field("language", "使用言語", "choice"),
        Field("contact_stop", "催告中止", "flag"),
        Field("debt_type", "税目（料）", "debt_type", required=True),
        Field("assessment_year", "調定年度", "year"),
        Field("levy_year", "賦課年度", "year", required=True),
        Field("notice_no", "通知書番号", "code", required=True),
        Field("instalment", "期別", "instalment", required=True),
        Field("due_on", "納期限", "date", required=True),
        Field("principal_yen", "本税（料）", "yen", required=True),
        Field("late_charge_yen", "延滞金", "yen"),
        Field("remark", "備考", "text", max_length=1000),
        Field("paid", "納付済", "flag"),
        Field("paid_on", "納付日", "date", highest=None),
    )
}

PERSON_FIELDS = (
    "addressee_no",
    "household_no",
    "name",
    "kana",
    "postal_code",
    "address",
    "born_on",
    "language",
    "contact_stop",
)
DEBT_FIELDS = (
    "addressee_no",
    "debt_type",
    "assessment_year",
    "levy_year",
    "notice_no",
    "instalment",
    "due_on",
    "principal_yen",
    "late_charge_yen",
    "remark",
    "paid",
    "paid_on",
)
PHONE_FIELD = Field("phones", "電話番号", "phone")

# What a converter yields; a field takes every converter that yields the same as its default one.
RESULT_OF = {
    "text": "text",
    "code": "text",
    "postal_code": "text",
    "choice": "text",
    "debt_type": "debt_type",
    "date": "date",
    "year": "year",
    "instalment": "instalment",
    "yen": "yen",
    "flag": "flag",
    "phone": "phone",
    "payment_yen": "payment_yen",
    "promised_type": "promised_type",
    "moment": "moment",
    "time": "time",
    "direction": "direction",
    "result": "result",
}
# Options that a column's entry may hold for its converter.
OPTIONS_OF: dict[str, frozenset[str]] = {
    **dict.fromkeys(RESULT_OF, frozenset()),
    "date": frozenset({"forms"}),
    "year": frozenset({"era"}),
    "instalment": frozenset({"table"}),
    "choice": frozenset({"table"}),
    "yen": frozenset({"none"}),
    "flag": frozenset({"yes", "no"}),
    "phone": frozenset({"area_code"}),
    "promised_type": frozenset({"none"}),
    "moment": frozenset({"forms"}),
}
