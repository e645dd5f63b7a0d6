"""The Japanese sentences of the pages 架電の理由 and 候補者: what an answer of `campaigns.why` rests on.

Decides wording only. Percent and Japanese local time appear here and in the pages, nowhere else.
"""

from __future__ import annotations

from datetime import date, datetime

from campaigns.calendar import to_jst
from campaigns.candidates import Candidate, Channel
from campaigns.caps import CapPeriod, CapScope
from campaigns.model import Urgency, Window
from campaigns.rules import Reason
from campaigns.why_values import CampaignWhy, Line, RuleAnswer
from dialer.accounts.languages import in_words
from webui.labels import CAMPAIGN_STATES, CHANNELS, OUTCOMES, WINDOWS

_DAYS = "月火水木金土日"
_PERIODS = {CapPeriod.DAY: "1日", CapPeriod.WEEK: "1週間", CapPeriod.MONTH: "1か月"}
_SCOPES = {CapScope.PERSON: "本人", CapScope.NUMBER: "電話番号", CapScope.HOUSEHOLD: "世帯"}
_OUT, _WORTH_MOST, _FLOOR_MOST, _OVERDUE = 0, 200, 230, 240  # see campaigns/grading/grades.py


def fact(answer: RuleAnswer, why: CampaignWhy) -> str:
    """What one rule's answer rests on, whether it stands in the way or not; empty when there is nothing to say."""
    facts, known = why.facts, why.known
    match answer.reason:
        case Reason.CAMPAIGN_STOPPED:
            return CAMPAIGN_STATES[why.campaign.state]
        case Reason.OUTSIDE_CALENDAR if known.window is not None:
            return f"いまは{WINDOWS[known.window]}の時間帯です"
        case Reason.OUTSIDE_CALENDAR:
            opening = known.next_opening_at
            return "400日以内に開く時間帯がありません" if opening is None else f"次の開始は{moment(opening)}"
        case Reason.PAID | Reason.NOT_YET_DUE if facts.debts:
            return f"最も早い納期限は{_day(min(debt.due_on for debt in facts.debts))}"
        case Reason.OPEN_PROMISE if facts.promises:
            return "約束の期日は" + "、".join(_day(p.due_on) for p in sorted(facts.promises, key=lambda p: p.due_on))
        case Reason.CONTACT_STOP if known.stops:
            return "、".join(f"{moment(stop.since)}から（{stop.reason}）" for stop in known.stops)
        case Reason.ALREADY_CONTACTED_THIS_MONTH if facts.contacted_at is not None:
            later = facts.recall_from is not None and facts.recall_from > facts.contacted_at
            again = f"、{moment(facts.recall_from)}に再架電の対象になりました" if later and facts.recall_from else ""
            return f"最後の接触は{moment(facts.contacted_at)}{again}"
        case Reason.TOO_SOON if known.last_attempt_at is not None:
            outcome = "" if known.last_outcome is None else f"（{OUTCOMES[known.last_outcome]}）"
            return f"最後の架電は{moment(known.last_attempt_at)}{outcome}"
        case Reason.CAP_REACHED:
            return "、".join(
                f"{_SCOPES[hit.scope]}への架電は{_PERIODS[hit.period]}{hit.at_most}回まで" for hit in known.caps
            )
        case Reason.SAME_HOUR_REPEATED if facts.missed_hour_of_week is not None:
            day, hour = divmod(facts.missed_hour_of_week, 24)
            return f"前回つながらなかったのは{_DAYS[day]}曜日の{hour}時台"
        case Reason.SAME_DAY_REPEATED if facts.missed_cells:
            return f"つながらなかった曜日は{_cells(facts.missed_cells)}"
        case Reason.SAME_WINDOW_REPEATED if facts.strict_rotation:
            return "これまでの回数は" + "・".join(f"{WINDOWS[w]}{facts.attempts.get(w, 0)}" for w in Window)
        case Reason.WANTS_LANGUAGE | Reason.WANTS_NAMED_AGENT if answer.stands:
            return wants(facts.wants)
        case _:
            return ""


def wants(wanted: str | None) -> str:
    """Who must be reserved for the call."""
    kind, _, which = (wanted or "").partition(":")
    match kind:
        case "language":
            return f"{in_words([which])}のオペレーター"
        case "agent":
            return f"担当のオペレーター（{which}）"
        case "any":
            return "待機中のオペレーター"
        case _:
            return "指定なし"


def order(place: int) -> str:
    """What a place in the claim's order means; see ``campaigns/grading/grades.py`` and `Urgency`."""
    if place == Urgency.CALLBACK:
        return "約束の時刻"
    if place == Urgency.BROKEN_PROMISE:
        return "納付約束の不履行"
    if place == _OUT:
        return "別の曜日・時間帯が先"
    if place <= _WORTH_MOST:
        return f"見込み {place}/{_WORTH_MOST}"
    if place <= _FLOOR_MOST:
        return "最低回数に満たない"
    return "再架電の期限超過" if place == _OVERDUE else "くじ"


def line_state(line: Line, now: datetime) -> str:
    """Whether a number can be called."""
    if line.dead_at is not None:
        return f"使われていません（{moment(line.dead_at)}に判明）"
    if line.removed_at is not None:
        by = {None: "番号違い", "import": "市のデータから削除", "household": "借用の終了"}
        return f"{by.get(line.removed_by, '取り外し')}（{moment(line.removed_at)}）"
    if line.busy:
        return "いま使用中"
    until = max([m for m in (line.rests_until, line.capped_until) if m is not None], default=None)
    return f"{moment(until)}まで待機" if until is not None and until > now else "架電できます"


def candidate_reason(candidate: Candidate) -> str:
    """Why somebody is on the list, in one sentence."""
    by_window = "・".join(f"{WINDOWS[window]}{n}" for window, n in candidate.tries.items() if n)
    parts = [f"接触のないまま{candidate.tries_n}回架電（{by_window}）"] if candidate.tries_n else []
    rules = candidate.rules
    due = {Channel.SMS: rules.sms_after, Channel.LETTER: rules.letter_after, Channel.VISIT: rules.visit_after}
    parts += [f"{CHANNELS[one]}は{due[one]}回から{_anew(candidate, one)}" for one in candidate.channels if one in due]
    if Channel.RESEARCH in candidate.channels:
        known = [f"使われていない番号{candidate.dead_n}"] if candidate.dead_n else []
        known += [f"番号違い{candidate.wrong_n}"] if candidate.wrong_n else []
        if (before := candidate.before.get(Channel.RESEARCH)) is not None:
            known.append(f"前回の調査は{moment(before.closed_at)}")
        parts.append("架電できる番号がありません" + (f"（{'、'.join(known)}）" if known else ""))
    return "。".join(parts)


def _anew(candidate: Candidate, channel: Channel) -> str:
    """That the tries are counted from the last time on."""
    before = candidate.before.get(channel)
    return "" if before is None else f"（前回は{moment(before.closed_at)}、その後{before.tries}回）"


def moment(at: datetime | None) -> str:
    """A moment as people here read it."""
    if at is None:
        return "—"
    local = to_jst(at)
    return f"{local.year}年{local.month}月{local.day}日({_DAYS[local.weekday()]}){local:%H:%M}"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _cells(cells: int) -> str:
    said = []
    for place, window in enumerate(Window):
        days = [_DAYS[day] for day in range(7) if cells >> (7 * place + day) & 1]
        said += [f"{WINDOWS[window]}の{'・'.join(days)}"] if days else []
    return "、".join(said)
