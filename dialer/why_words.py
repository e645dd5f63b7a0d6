"""What ``dialer why`` says, in English: the answers of `campaigns.why` and `campaigns.standstill` as lines of text.

Decides wording only. Names are left out and numbers are masked unless `personal` is asked for.
"""

from __future__ import annotations

from datetime import datetime

from campaigns.calendar import to_jst
from campaigns.model import E164, Window
from campaigns.next_moment import NextMoment
from campaigns.rules import Reason
from campaigns.standstill import Hold, Standing
from campaigns.why_values import CampaignWhy, Line, ListPlace, PersonWhy, RuleAnswer

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_ENGLISH: dict[Reason | Hold, str] = {
    Reason.CAMPAIGN_STOPPED: "the campaign is not running",
    Reason.OUTSIDE_CALENDAR: "no window is open",
    Reason.PAID: "nothing is owed",
    Reason.NOT_YET_DUE: "nothing is overdue yet",
    Reason.OPEN_PROMISE: "a promise is open",
    Reason.CONTACT_STOP: "contact stop",
    Reason.ALREADY_CONTACTED_THIS_MONTH: "contacted this month",
    Reason.NO_NUMBER: "no number is known",
    Reason.DEAD_NUMBER: "no number is live",
    Reason.TOO_SOON: "the retry delay is not over",
    Reason.CAP_REACHED: "the cap of attempts is reached",
    Reason.SAME_HOUR_REPEATED: "missed in this hour of this weekday",
    Reason.SAME_DAY_REPEATED: "missed on this weekday, others not tried",
    Reason.SAME_WINDOW_REPEATED: "other kinds of hour come first",
    Reason.PERSON_BUSY: "is being called, or calls us",
    Reason.HOUSEHOLD_BUSY: "the household is or was just called",
    Reason.NUMBER_BUSY: "the number is or was just called",
    Reason.WANTS_WAITING_AGENT: "needs an agent reserved",
    Reason.WANTS_LANGUAGE: "needs an agent of the language",
    Reason.WANTS_NAMED_AGENT: "needs the named agent",
    Hold.BETTER_HOUR: "another day or hour comes first",
    Hold.NOT_LISTED: "the list is behind the facts",
}


def person_lines(why: PersonWhy, *, personal: bool = False) -> list[str]:
    """Everything about one person."""
    said = f"Person {why.addressee_no}" + (f" {why.name}" if personal else "") + f", as of {_moment(why.now)}"
    model = "the stated prior (no model was fitted yet)" if why.fitted_at is None else f"of {_moment(why.fitted_at)}"
    lines = [said, "", f"Numbers (model: {model})"]
    lines += [text for line in why.lines for text in _line(line, personal)] or ["  none is known"]
    for one in why.campaigns:
        lines += ["", *_campaign(one, personal)]
    if not why.campaigns:
        lines += ["", "No campaign is about what this person owes or owed."]
    lines += ["", "Last attempts and calls"]
    lines += [
        f"  {_moment(tried.at)}  {tried.direction}  "
        + ", ".join(str(part) for part in (tried.window, tried.outcome, tried.disposition) if part is not None)
        + ("" if tried.answer_probability is None else f", expected {tried.answer_probability:.0%}")
        + (", by lot" if tried.by_lot else "")
        for tried in why.tried
    ] or ["  none"]
    return lines


def campaign_lines(standing: Standing, because: str | None) -> list[str]:
    """Why a campaign dials nobody, or so few.

    Args:
        because: the pacing's own word (Japanese, as on the board); None = the engine isn't up.
    """
    campaign = standing.campaign
    when = "now" if standing.open_now else "at the next opening, " + _moment(standing.at)
    lines = [
        f"Campaign {campaign.name}: {campaign.state}",
        f"  window: {standing.window if standing.open_now else 'closed'}",
        f"  engine: {'is not up' if because is None else because or 'says nothing'}",
        f"  looked at {when}" if standing.window else "  nothing opens within 400 days",
        "",
        f"  {standing.people_n:>9,}  owe or owed something of its debt types",
        f"  {standing.callable_n:>9,}  callable",
    ]
    if standing.reasons:
        lines += ["", "      first      total   not on the list"]
    for one in standing.reasons:
        lines.append(f"  {one.first_n:>9,}  {one.total_n:>9,}  {one.unlisted_n:>9,}  {_ENGLISH[one.reason]}")
    if standing.opens:
        lines += ["", "Waits that end next (within the hour that begins)"]
        lines += [f"  {_moment(opening.at)}  {opening.people_n:>9,}" for opening in standing.opens]
    return lines


def fact(answer: RuleAnswer, why: CampaignWhy) -> str:
    """What a reason that stands rests on; empty when its own words say it all."""
    facts, known = why.facts, why.known
    if answer.reason is Reason.OUTSIDE_CALENDAR:
        opening = known.next_opening_at
        return "nothing opens within 400 days" if opening is None else f"next opening {_moment(opening)}"
    if answer.reason is Reason.CONTACT_STOP:
        return ", ".join(f"since {_moment(stop.since)} by {stop.source}" for stop in known.stops)
    if answer.reason is Reason.ALREADY_CONTACTED_THIS_MONTH and facts.contacted_at is not None:
        return f"contacted {_moment(facts.contacted_at)}"
    if answer.reason is Reason.TOO_SOON:
        return f"last attempt {_moment(known.last_attempt_at)}: {known.last_outcome}" if known.last_attempt_at else ""
    if answer.reason is Reason.CAP_REACHED:
        return ", ".join(f"{hit.at_most} a {hit.period} for the {hit.scope}" for hit in known.caps)
    if answer.reason is Reason.SAME_HOUR_REPEATED and facts.missed_hour_of_week is not None:
        day, hour = divmod(facts.missed_hour_of_week, 24)
        return f"{_DAYS[day]} {hour}:00"
    if answer.reason is Reason.SAME_WINDOW_REPEATED:
        return "tries: " + ", ".join(f"{window} {facts.attempts.get(window, 0)}" for window in Window)
    if answer.reason is Reason.WANTS_LANGUAGE or answer.reason is Reason.WANTS_NAMED_AGENT:
        return str(facts.wants)
    return ""


def _campaign(why: CampaignWhy, personal: bool) -> list[str]:
    words = "may be called now" if why.allowed else "not now"
    lines = [f"Campaign {why.campaign.name}: {words}"]
    for answer in why.answers:
        mark = "x" if answer.stands else "-"
        detail = [fact(answer, why), f"until {_moment(answer.until)}" if answer.until else ""] if answer.stands else []
        tail = "; ".join(part for part in detail if part)
        lines.append(f"  {mark} {answer.reason:<29}" + (f" {_ENGLISH[answer.reason]}" if answer.stands else "")
                     + (f" ({tail})" if tail else ""))  # fmt: skip
    lines.append(f"  next possible moment: {_next(why.next)}")
    if why.facts.number is not None:
        lines.append(f"  number that would be called: {_number(why.facts.number, personal)}")
    lines.append(f"  urgency: {why.facts.urgency.name.lower()}; wants: {why.facts.wants or 'nobody in particular'}")
    if why.known.callback_due_at is not None:
        lines.append(f"  callback agreed for {_moment(why.known.callback_due_at)}")
    return lines + (["  not on the list"] if why.place is None else _place(why.place))


def _place(place: ListPlace) -> list[str]:
    grades = ", ".join(f"{window} {place.grades[window]}" for window in Window)
    lot = "; drawn by lot" if place.by_lot else ""
    fresh = "" if place.graded else "; to be graded anew"
    at = f"at {_moment(place.at)} ({place.window or 'closed'})"
    return [
        f"  grades: {grades}{lot}{fresh}",
        f"  on the list from {_moment(place.callable_from)}",
        f"  ahead in the order {at}: {place.ahead_n:,} of {place.callable_n:,} callable",
    ]


def _next(moment: NextMoment) -> str:
    because = ", ".join(_ENGLISH[reason] for reason in moment.because)
    if moment.at is None:
        return f"none: {because}" if because else "none within 400 days"
    return _moment(moment.at) + (f", provided that: not ({because})" if because else "")


def _line(line: Line, personal: bool) -> list[str]:
    marks = [line.kind, f"source {line.source}", f"rank {line.rank}"]
    if line.dead_at is not None:
        marks.append(f"dead since {_moment(line.dead_at)} ({line.dead_reason or 'reason unknown'})")
    if line.removed_at is not None:
        marks.append(f"taken off {_moment(line.removed_at)} ({line.removed_by or 'wrong number'})")
    if line.busy:
        marks.append("in use now")
    if line.rests_until is not None:
        marks.append(f"left alone until {_moment(line.rests_until)}")
    lines = [f"  {_number(line.number, personal)}  " + ", ".join(marks)]
    for row in line.table:
        held = line.in_force[row.window]
        lines.append(
            f"    {row.window:<8} anybody {row.population:5.1%}  segment {row.segment:5.1%}  own {row.hits:.1f} hits "
            f"{row.misses:.1f} misses  ->  {row.pick_up:5.1%}" + ("" if held is None else f"  (in force {held:.1%})")
        )
    return lines


def _number(number: E164, personal: bool) -> str:
    return number if personal else f"{number[:3]}…{number[-2:]}"


def _moment(moment: datetime | None) -> str:
    return "never" if moment is None else f"{to_jst(moment):%Y-%m-%d %a %H:%M}"
