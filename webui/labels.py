"""The Japanese words that people read for the words of the domain; pages get them as one JSON object.

Decides wording and the order and keys of the agent's buttons, nothing else. A test proves that no word of
``campaigns.model`` is without a label.
"""

from __future__ import annotations

from typing import Any

from campaigns.candidates import Channel
from campaigns.closed_candidates import ClosedAs
from campaigns.model import Disposition, Outcome, Window
from dialer.accounts.languages import LANGUAGES

WINDOWS: dict[Window, str] = {
    Window.WEEKDAY: "平日",
    Window.EVENING: "平日夜間",
    Window.WEEKEND: "休日",
}

OUTCOMES: dict[Outcome, str] = {
    Outcome.ANSWERED: "応答",
    Outcome.MACHINE: "留守番電話",
    Outcome.BUSY: "話中",
    Outcome.NO_ANSWER: "不応答",
    Outcome.INVALID_NUMBER: "使われていない番号",
    Outcome.CONGESTION: "回線混雑",
    Outcome.REJECTED: "着信拒否",
    Outcome.FAILED: "発信失敗",
    Outcome.ABANDONED: "放棄",
    Outcome.HUNG_UP_EARLY: "応答直後に切断",
    Outcome.CANCELLED: "発信取消",
}

DISPOSITIONS: dict[Disposition, str] = {
    Disposition.CONTACT_PERSON: "本人と会話",
    Disposition.CONTACT_HOUSEHOLD: "同一世帯員と会話",
    Disposition.PROMISE: "納付約束",
    Disposition.PAID_ALREADY: "納付済みの申出",
    Disposition.CALL_BACK: "折り返し希望",
    Disposition.DIRECT_DEBIT_INVITED: "口座振替を勧奨",
    Disposition.SLIP_REISSUE: "納付書の再発行",
    Disposition.HANDED_OVER: "所管課へ引継ぎ",
    Disposition.DISPUTE: "内容に異議",
    Disposition.REFUSED: "納付を拒否",
    Disposition.COMPLAINT: "苦情",
    Disposition.VOICEMAIL: "留守番電話",
    Disposition.NO_CONVERSATION: "無言・すぐ切断",
    Disposition.CONTACT_THIRD_PARTY: "第三者が応答",
    Disposition.WRONG_NUMBER: "番号違い",
}

# One key each, usable while no field has the focus. Digits for what happens most.
KEYS: dict[Disposition, str] = {
    Disposition.PROMISE: "1",
    Disposition.CONTACT_PERSON: "2",
    Disposition.CONTACT_HOUSEHOLD: "3",
    Disposition.PAID_ALREADY: "4",
    Disposition.CALL_BACK: "5",
    Disposition.SLIP_REISSUE: "6",
    Disposition.DIRECT_DEBIT_INVITED: "7",
    Disposition.VOICEMAIL: "8",
    Disposition.NO_CONVERSATION: "9",
    Disposition.WRONG_NUMBER: "0",
    Disposition.CONTACT_THIRD_PARTY: "t",
    Disposition.REFUSED: "r",
    Disposition.DISPUTE: "d",
    Disposition.HANDED_OVER: "g",
    Disposition.COMPLAINT: "c",
}

GROUPS: tuple[tuple[str, tuple[Disposition, ...]], ...] = (
    (
        "話ができた",
        (
            Disposition.PROMISE,
            Disposition.CONTACT_PERSON,
            Disposition.CONTACT_HOUSEHOLD,
            Disposition.PAID_ALREADY,
            Disposition.CALL_BACK,
            Disposition.SLIP_REISSUE,
            Disposition.DIRECT_DEBIT_INVITED,
        ),
    ),
    (
        "対応が要る",
        (Disposition.REFUSED, Disposition.DISPUTE, Disposition.HANDED_OVER, Disposition.COMPLAINT),
    ),
    (
        "話ができなかった",
        (
            Disposition.VOICEMAIL,
            Disposition.NO_CONVERSATION,
            Disposition.WRONG_NUMBER,
            Disposition.CONTACT_THIRD_PARTY,
        ),
    ),
)

REASONS: dict[str, str] = {
    "break": "休憩",
    "meal": "食事",
    "training": "研修",
    "clerical": "事務処理",
    "meeting": "打合せ",
    "away": "離席",
    "other": "その他",
}

# Reasons that the engine gives by itself; nobody chooses them.
ENGINE_REASONS: dict[str, str] = {"login": "着席直後", "phone_lost": "電話が切断", "shift_over": "終業"}

AGENT_STATES: dict[str, str] = {
    "logged_out": "席なし",
    "not_ready": "離席",
    "ready": "待機",
    "reserved": "接続中",
    "talking": "通話",
    "wrap_up": "後処理",
}

CALL_STATES: dict[str, str] = {
    "claimed": "準備",
    "dialing": "発信",
    "ringing": "呼出",
    "detecting": "留守電判定中",
    "answered": "応答",
    "joining": "接続中",
    "talking": "通話",
    "abandoning": "放棄",
    "ended": "終了",
}

CAMPAIGN_STATES: dict[str, str] = {"running": "稼働中", "paused": "一時停止", "stopped": "停止"}

DIAL_MODES: dict[str, str] = {
    "preview": "プレビュー", "progressive": "1対1", "fixed_ratio": "固定倍率", "predictive": "予測",
}  # fmt: skip

PHONE_KINDS: dict[str, str] = {"mobile": "携帯", "landline": "固定", "voip": "IP電話", "other": "その他"}

PHONE_SOURCES: dict[str, str] = {
    "import": "市のデータ", "call": "通話で判明", "household": "同一世帯員", "history": "過去の記録",
}  # fmt: skip

CHANNELS: dict[Channel, str] = {
    Channel.SMS: "SMS",
    Channel.LETTER: "催告書",
    Channel.VISIT: "訪問",
    Channel.RESEARCH: "電話番号の調査",
}

CLOSED_AS: dict[Channel, dict[ClosedAs, str]] = {
    Channel.SMS: {ClosedAs.DONE: "送信済み", ClosedAs.CALLED_OFF: "取りやめ"},
    Channel.LETTER: {ClosedAs.DONE: "送付済み", ClosedAs.CALLED_OFF: "取りやめ"},
    Channel.VISIT: {ClosedAs.DONE: "訪問済み", ClosedAs.CALLED_OFF: "取りやめ"},
    Channel.RESEARCH: {ClosedAs.DONE: "調査済み", ClosedAs.CALLED_OFF: "取りやめ"},
}


def for_pages() -> dict[str, Any]:
    """Everything above, as pages read it."""
    return {
        "windows": WINDOWS,
        "outcomes": OUTCOMES,
        "dispositions": DISPOSITIONS,
        "groups": [
            {"label": label, "items": [{"value": d, "label": DISPOSITIONS[d], "key": KEYS[d]} for d in items]}
            for label, items in GROUPS
        ],
        "reasons": REASONS,
        "engine_reasons": ENGINE_REASONS,
        "agent_states": AGENT_STATES,
        "call_states": CALL_STATES,
        "campaign_states": CAMPAIGN_STATES,
        "dial_modes": DIAL_MODES,
        "phone_kinds": PHONE_KINDS,
        "phone_sources": PHONE_SOURCES,
        "languages": LANGUAGES,
        "channels": CHANNELS,
        "closed_as": CLOSED_AS,
    }
