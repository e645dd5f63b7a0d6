"""Our fields of a payment and of a promise, with the converter that each takes; see ``importing/fields.py``."""

from __future__ import annotations

from campaigns.importing.fields import Field

PAYMENT_FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        Field("debt_type", "税目（料）", "debt_type", required=True),
        Field("levy_year", "賦課年度", "year", required=True),
        Field("notice_no", "通知書番号", "code", required=True),
        Field("instalment", "期別", "instalment", required=True),
        Field("paid_on", "納付日", "date", required=True, highest=None),
        Field("amount_yen", "納付額", "payment_yen"),
        Field("settled", "完納", "flag"),
        Field("taken_back", "取消", "flag"),
        Field("receipt_no", "領収番号", "code"),
    )
}
PROMISE_FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        Field("addressee_no", "宛名番号", "code", required=True),
        Field("debt_type", "税目（料）", "promised_type"),
        Field("due_on", "約束期日", "date", required=True),
        Field("amount_yen", "約束額", "yen"),
        Field("made_on", "約束日", "date", required=True, highest=None),
    )
}

STAGES: dict[str, tuple[str, ...]] = {
    "stage_payment": ("line", "debt_type", "levy_year", "notice_no", "instalment", "paid_on", "amount_yen", "settled",
                      "taken_back", "receipt_no"),
    "stage_promise": ("line", "addressee_no", "debt_type", "due_on", "amount_yen", "made_on"),
}  # fmt: skip
