"""The result of an import for the city's clerk: a short text, and all problems as CSV.

Decides wording and order. Neither holds a value out of the file, so both may be passed on.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Protocol

from campaigns.importing.importer import ImportResult
from campaigns.importing.intake import IntakeResult
from campaigns.importing.problems import REASONS, Problems

FIRST_PROBLEMS = 20
_MANY_COLUMNS = 12
_REFUSED = "結果: 取り込みませんでした。ファイルを直してから、もう一度実行してください。"
_SAME = "結果: すでに取り込まれている内容と同じです。何も変わりませんでした。"
_CHANGES = {
    "payments_new": "納付 新規",
    "payments_settled": "納付 完納に変更",
    "payments_taken_back": "納付 取消",
    "items_paid": "納付済になった期別",
    "items_reopened": "未納に戻った期別",
    "promises_new": "納付約束 新規",
    "promises_replaced": "納付約束 差替え",
    "past_calls_new": "過去の通話 新規",
    "evidence_new": "時間帯の手がかり",
    "contacted_new": "今月接触済になった人",
    "links_new": "電話番号 新規",
    "numbers_dead": "不通になった電話番号",
}


class Reported(Protocol):
    """Anything that has problems."""

    @property
    def problems(self) -> Problems: ...


def text_report(result: ImportResult) -> list[str]:
    """The lines to show at the end of an import."""
    problems = result.problems
    lines = [
        f"ファイル: {result.file_name}（対応表 {result.mapping}、文字コード {result.encoding}）",
        f"行数: {result.rows:,}　正しい行: {result.good_rows:,}　誤りのある行: {problems.bad_rows:,}"
        f"　対象者: {result.persons:,} 人",
    ]
    lines += _unused(result.unused_columns) + _counts(result.problems)
    lines.append(_outcome(result))
    return lines


def intake_report(result: IntakeResult) -> list[str]:
    """The lines to show at the end of an import of payments or past records."""
    lines = [
        f"ファイル: {result.file_name}（対応表 {result.mapping}、文字コード {result.encoding}）",
        f"行数: {result.rows:,}　誤りのある行: {result.problems.bad_rows:,}　使わなかった行: {result.left_out:,}"
        + (f"　対象外の行: {result.skipped:,}" if result.skipped else ""),
        *_unused(result.unused_columns),
        *_counts(result.problems),
    ]
    if result.problems.errors:
        return [*lines, _REFUSED]
    if not result.changed:
        return [*lines, _SAME]
    changes = "、".join(f"{_CHANGES[name]} {count:,}" for name, count in result.changes.items() if count)
    if result.dry_run:
        return [*lines, f"結果: 試行です。保存していません（{changes}）。"]
    return [*lines, f"結果: 取り込みました（{changes}）。"]


def _unused(columns: list[str]) -> list[str]:
    if not columns:
        return []
    shown = "、".join(columns[:_MANY_COLUMNS])
    return [f"使わなかった列: {shown}" + (" ほか" if len(columns) > _MANY_COLUMNS else "")]


def _counts(problems: Problems) -> list[str]:
    if not (problems.errors or problems.warnings):
        return []
    kept = problems.kept
    lines = [f"誤り: {problems.errors:,} 件　注意: {problems.warnings:,} 件"]
    for (code, is_warning), count in Counter((p.code, p.is_warning) for p in kept).most_common():
        lines.append(f"  {'注意' if is_warning else '誤り'} {count:,} 件: {REASONS[code]} [{code}]")
    first = sorted(kept, key=lambda p: p.is_warning)[:FIRST_PROBLEMS]  # stable: errors first, each in the file's order
    lines.append(f"初めの {len(first)} 件:")
    lines += [
        f"  {p.line}行目 {p.column or '行全体'}: {p.reason}" + ("（注意）" if p.is_warning else "") for p in first
    ]
    return lines


def _outcome(result: ImportResult) -> str:
    if result.problems.errors:
        return _REFUSED
    c = result.changes
    if not c.any:
        return _SAME
    changes = "、".join(
        f"{label} {count:,}"
        for label, count in (
            ("対象者 新規", c.persons_new),
            ("対象者 変更", c.persons_changed),
            ("世帯 新規", c.households),
            ("電話番号 新規", c.links_new),
            ("電話番号 除外", c.links_removed),
            ("同一世帯の電話番号を使う人", c.borrowers),
            ("債権 新規", c.debts_new),
            ("債権 変更", c.debts_changed),
            ("ファイルにない債権を納付済に", c.debts_absent),
            ("催告中止 設定", c.stops_set),
            ("催告中止 解除", c.stops_lifted),
            ("債権の種類 設定", c.debt_types),
        )
        if count
    )
    if result.dry_run:
        return f"結果: 試行です。保存していません（{changes}）。"
    return f"結果: 取り込みました（{changes}）。"


def write_csv_report(result: Reported, path: Path) -> None:
    """All problems kept, one a line: UTF-8 with BOM, so that spreadsheets show Japanese.

    Raises:
        OSError: `path` can't be written.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(["行", "列", "区分", "コード", "理由"])
        for p in result.problems.kept:
            writer.writerow([p.line, p.column, "注意" if p.is_warning else "誤り", p.code, p.reason])
