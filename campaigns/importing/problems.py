"""A problem found in a file: line, column, stable code, Japanese reason.

Decides the wording and how many problems are kept; what counts as a problem is decided by the
converters and by ``checking``.

Invariant: a problem never holds the value that caused it; the clerk finds it by line and column, and
the report can be sent around (it holds no personal data).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

KEPT_PROBLEMS = 100_000  # beyond it they are counted only

REASONS = {
    # the table
    "column_missing": "必要な列がありません",
    "column_twice": "同じ名前の列が2つ以上あります",
    "column_count": "列の数が見出しと違います",
    "quoting": "引用符（\"）の閉じ方が正しくないか、項目が長すぎます",
    # any field
    "required": "必須の項目が空です",
    "undecodable": "文字コードとして読めない文字、または文字化けした文字（U+FFFD）があります",
    "control_character": "制御文字があります",
    "too_long": "文字数が多すぎます",
    "private_character": "外字（私用領域の文字）があります。他の機器では表示できません",
    # single converters
    "code_invalid": "番号に使えない文字があります",
    "date_invalid": "日付として読めません",
    "date_range": "日付が扱える範囲の外です",
    "year_invalid": "年度として読めません",
    "instalment_invalid": "期別として読めません",
    "yen_invalid": "金額として読めません",
    "yen_range": "金額が扱える範囲の外です",
    "postal_invalid": "郵便番号は数字7桁です",
    "flag_unknown": "対応表にない区分です",
    "choice_unknown": "対応表にない値です",
    "debt_type_unknown": "対応表にない税目（料）です",
    "phone_invalid": "電話番号として読めません",
    "phone_length": "電話番号の桁数が正しくありません",
    "phone_no_area": "市外局番がありません",
    "phone_emergency": "緊急通報・3桁の番号には発信できません",
    "phone_premium": "有料情報サービスなどの番号には発信できません",
    "phone_pager": "020番号（無線呼出し・M2M）には発信できません",
    "phone_prefix": "184・186 や事業者識別番号は付けずに入力してください",
    "time_invalid": "時刻として読めません",
    "time_missing": "時刻がありません（どの時間帯か分からないため使いません）",
    "direction_unknown": "対応表にない区分（発信・着信など）です",
    "result_unknown": "対応表にない交渉結果です",
    "result_missing": "発信の結果が空です（使いません）",
    "row_kind_unknown": "対応表にない行の区分です",
    "amount_missing": "納付額がなく、完納の区分もありません",
    "promise_before_made": "約束の期日が約束した日より前です",
    # rows against what is held
    "item_unknown": "この税目・賦課年度・通知書番号・期別の債権はありません（使いません）",
    "person_unknown": "この宛名番号の対象者はいません（使いません）",
    "debt_type_not_held": "この税目（料）の債権はまだ取り込まれていません（使いません）",
    "payment_unknown": "取り消す納付がありません（使いません）",
    # rows against each other
    "payment_twice": "同じ期別・納付日・金額の行がすでにあります（別の納付として数えます）",
    "duplicate_key": "税目・賦課年度・通知書番号・期別が同じ行がすでにあります",
    "name_conflict": "同じ宛名番号で氏名または生年月日が違う行があります",
    "details_conflict": "同じ宛名番号で住所などが違う行があります（後の行を使います）",
    "household_conflict": "同じ宛名番号で世帯番号が違う行があります（後の行を使います）",
}  # fmt: skip


class Flaw(NamedTuple):
    """What a converter returns in place of a value."""

    code: str


class Problem(NamedTuple):
    """One problem.

    Attributes:
        line: physical line in the file, 1 = header; the first one of a row that spans several.
        column: the column's name as the file writes it; empty when the whole row is meant.
        code: key of ``REASONS``.
        is_warning: the file is applied all the same.
        other_line: the earlier line that this one contradicts; 0 = none.
    """

    line: int
    column: str
    code: str
    is_warning: bool = False
    other_line: int = 0

    @property
    def reason(self) -> str:
        """One Japanese sentence."""
        return REASONS[self.code] + (f"（{self.other_line}行目）" if self.other_line else "")


@dataclass(slots=True)
class Problems:
    """All problems of one file, in the order found; at most ``KEPT_PROBLEMS`` are kept."""

    kept: list[Problem] = field(default_factory=list)
    errors: int = 0
    warnings: int = 0
    bad_rows: int = 0

    def add(self, problem: Problem) -> None:
        """Count `problem`, and keep it while there is room."""
        if problem.is_warning:
            self.warnings += 1
        else:
            self.errors += 1
        if len(self.kept) < KEPT_PROBLEMS:
            self.kept.append(problem)

    def extend(self, problems: Iterable[Problem]) -> None:
        """Add each."""
        for problem in problems:
            self.add(problem)

    def of_chunk(self, found: list[Problem]) -> None:
        """Add what one chunk had, in the order of its lines; count its bad rows."""
        self.bad_rows += len({problem.line for problem in found if not problem.is_warning})
        self.extend(sorted(found, key=lambda problem: problem.line))
