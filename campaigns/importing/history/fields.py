"""Our fields of a past call, with the converter that each takes; see ``importing/fields.py``."""

from __future__ import annotations

from campaigns.importing.fields import Field

HISTORY_FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        Field("addressee_no", "宛名番号", "code", required=True),
        Field("called_at", "日時", "moment", highest=None),
        Field("called_on", "日付", "date", highest=None),
        Field("called_time", "時刻", "time"),
        Field("direction", "発信・着信の別", "direction", required=True),
        Field("number", "電話番号", "phone"),
        Field("result", "交渉結果", "result"),
    )
}

STAGES: dict[str, tuple[str, ...]] = {
    "stage_past_call": ("line", "addressee_no", "at", "direction", "number", "kind", "call_window", "result"),
}
