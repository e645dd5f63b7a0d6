"""The Japanese words of the page 計画: fields that supervisors set, what the last grading found, refusals.

Decides wording, and the steps of the fields; ranges are checked in ``campaigns.campaign`` (a test holds the two
together).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.learning.evidence import WINDOWS
from webui.labels import WINDOWS as WINDOW_LABELS

FIELDS: tuple[dict[str, Any], ...] = (
    {
        "name": "rotation",
        "kind": "choice",
        "label": "時間帯の順番",
        "help": "次にどの時間帯でかけるかを、つながる見込みで決めるか、3つの時間帯を必ず順に回すか。",
        "choices": [
            {"value": "by_worth", "label": "つながる見込みで決める"},
            {"value": "strict", "label": "必ず順に回す"},
        ],
    },
    {
        "name": "floor_attempts",
        "kind": "number",
        "label": "全員への最低回数（月）",
        "help": "つながりやすさに関係なく、全員に月にこの回数まではかけます。0は最低回数なし。",
        "least": 0,
        "most": 30,
        "step": 1,
    },
    {
        "name": "floor_each_window",
        "kind": "check",
        "label": "全員に各時間帯で1回以上",
        "help": "平日・平日夜間・休日のうち、架電する時間帯のすべてで1回はかけます。",
    },
    {
        "name": "lot_ratio",
        "kind": "percent",
        "label": "くじで選ぶ割合",
        "help": "見込みによらず無作為に選ぶ発信の割合（0〜50%）。見込みの偏りを防ぎ、正しさを確かめるために使います。",
        "least": 0,
        "most": 0.5,
        "step": 0.01,
    },
    {
        "name": "weight_broken",
        "kind": "number",
        "label": "重み：約束の不履行",
        "help": "納付約束を守らなかった方との接触を、どれだけ重く見るか。0は同じ、1は2倍。",
        "least": 0,
        "most": 10,
        "step": 0.1,
    },
    {
        "name": "weight_new",
        "kind": "number",
        "label": "重み：まだかけていない方",
        "help": "一度もかけたことのない方との接触を、どれだけ重く見るか。0は同じ、1は2倍。",
        "least": 0,
        "most": 10,
        "step": 0.1,
    },
    {
        "name": "weight_amount",
        "kind": "number",
        "label": "重み：金額",
        "help": "未納額の大きい方との接触を、どれだけ重く見るか。0は同じ、1は最も大きい方が2倍。",
        "least": 0,
        "most": 10,
        "step": 0.1,
    },
    {
        "name": "weight_age",
        "kind": "number",
        "label": "重み：滞納の古さ",
        "help": "納期限から長くたった方との接触を、どれだけ重く見るか。0は同じ、1は1年以上で2倍。",
        "least": 0,
        "most": 10,
        "step": 0.1,
    },
)

_STAFFING = {"sessions": "回数", "agents": "人数", "hours": "時間", "calls": "1人1時間あたりの発信"}


def out_of_range(field: str) -> str:
    """Why a setting was refused."""
    for one in FIELDS:
        if one["name"] == field and "least" in one:
            percent = one["kind"] == "percent"
            least, most = (f"{value:.0%}" if percent else f"{value:g}" for value in (one["least"], one["most"]))
            return f"「{one['label']}」は{least}〜{most}で入力してください。"
    return "入力内容が正しくありません。"


def plan_invalid(field: str) -> str:
    """Why a plan was refused."""
    if field == "month":
        return "計画できるのは今月から12か月先までです。"
    return f"「{_STAFFING.get(field.partition(' ')[0], field)}」の値が範囲の外です。"


def moved(by: Sequence[int]) -> str:
    """What another staffing changes."""
    names = [WINDOW_LABELS[window] for window in WINDOWS]
    more = [name for name, n in zip(names, by, strict=True) if n > 0]
    fewer = [name for name, n in zip(names, by, strict=True) if n < 0]
    return f"{fewer[0]}を1回減らし、{more[0]}を1回増やす" if fewer else f"{more[0]}を1回増やす"


_NOTABLE_PRICE = 0.005  # contacts: less is shown as 0.00


def grading(told: Mapping[str, Any]) -> list[str]:
    """What the last grading of a list found, in sentences."""
    people = int(told.get("people", 0))
    if not people:
        return ["前回の順位付けでは、リストに対象者がいませんでした。"]
    sentences = []
    prices = told.get("prices")
    if prices and max(prices) >= _NOTABLE_PRICE:
        worth = "、".join(
            f"{WINDOW_LABELS[window]} {price:.2f}件分" for window, price in zip(WINDOWS, prices, strict=True)
        )
        dearest = WINDOW_LABELS[WINDOWS[max(range(3), key=lambda place: float(prices[place]))]]
        sentences.append(f"1回の発信枠の価値（接触に換算）: {worth}。{dearest}の枠が最も不足しています。")
    elif prices:
        sentences.append("どの時間帯も発信枠に余裕があります。")
    sentences.append(
        f"リスト{people:,}人のうち、最低回数に達していない方は{int(told.get('below_floor', 0)):,}人、"
        f"くじで選ばれた方は{int(told.get('drawn', 0)):,}人です。"
    )
    if any(told.get("pick_up", ())):
        mean = "、".join(f"{WINDOW_LABELS[w]} {p:.0%}" for w, p in zip(WINDOWS, told["pick_up"], strict=True))
        sentences.append(f"1回かけて応答がある見込みの平均: {mean}。")
    return sentences
