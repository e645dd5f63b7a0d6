"""What is wrong with a calendar's document.

Decides which calendars are taken; a key that is unknown or of the wrong type was refused before (``reading``).

Invariant: a document with which nothing is wrong can be compiled, kept and written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from campaigns.opening.compiling import month_day, seconds_of, stretches_of
from campaigns.opening.document import CLOSED, CalendarDocument, HoursEntry, RuleEntry
from campaigns.opening.patterns import Pattern

_PATTERN_NAME = re.compile(r"[a-z][a-z0-9_]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
MAX_TITLE, MAX_LABEL, MAX_REASON = 80, 40, 200


def check(document: CalendarDocument) -> list[str]:
    """Everything that is wrong with it, each as "key: reason"; empty when it is right."""
    found = text_problems("title", document.title, MAX_TITLE, needed=True)
    if not document.patterns:
        found.append("patterns: at least one is needed, or nobody is ever called")
    labels: dict[str, str] = {}
    for name, pattern in document.patterns.items():
        key = f"patterns.{name}"
        if not _PATTERN_NAME.fullmatch(name) or name == CLOSED:
            found.append(f"{key}: lower-case letters, digits and _ only, and not {CLOSED!r}")
        found += text_problems(f"{key}.label", pattern.label, MAX_LABEL, needed=True)
        if pattern.label in labels:
            found.append(f"{key}.label: {pattern.label!r} is the label of {labels[pattern.label]} already")
        labels[pattern.label] = name
        found += _hours_problems(f"{key}.hours", pattern.hours)
    for place, rule in enumerate(document.rules, 1):
        found += _rule_problems(f"rules {place}", rule, document)
    seen: set[date] = set()
    for place, day in enumerate(document.days, 1):
        key = f"days {place} ({day.on})"
        found += _pattern_problems(key, day.pattern, document)
        found += text_problems(f"{key}.reason", day.reason, MAX_REASON)
        if day.on in seen:
            found.append(f"{key}: this day is there twice")
        seen.add(day.on)
    if document.exchanged_weekday is not None and document.exchanged_weekday not in document.patterns:
        found.append(f"exchanged_weekday: {document.exchanged_weekday!r} is no pattern of this calendar")
    return found


def _hours_problems(key: str, hours: Sequence[HoursEntry]) -> list[str]:
    found = [
        f"{key}: {text!r} is no time between 0:00 and 24:00"
        for entry in hours
        for text in (entry.starts, entry.ends)
        if seconds_of(text) is None
    ]
    if found:
        return found
    try:
        Pattern("", "", stretches_of(hours))
    except ValueError as error:
        return [f"{key}: {error}"]
    return []


def _rule_problems(key: str, rule: RuleEntry, document: CalendarDocument) -> list[str]:
    found = _pattern_problems(key, rule.pattern, document)
    found += text_problems(f"{key}.reason", rule.reason, MAX_REASON)
    if rule.nth and not rule.weekdays:
        found.append(f"{key}.nth: it counts days of the week, so weekdays is needed")
    if (dates := rule.dates) is not None:
        if dates.first_on is None and dates.last_on is None:
            found.append(f"{key}.dates: from or until is needed")
        elif dates.first_on is not None and dates.last_on is not None and dates.first_on > dates.last_on:
            found.append(f"{key}.dates: from {dates.first_on} is after until {dates.last_on}")
    if rule.yearly is not None:
        found += [
            f"{key}.yearly: {text!r} is no day of the year, written 12-29"
            for text in (rule.yearly.first, rule.yearly.last)
            if month_day(text) is None
        ]
    return found


def _pattern_problems(key: str, pattern: str, document: CalendarDocument) -> list[str]:
    if pattern == CLOSED or pattern in document.patterns:
        return []
    return [f"{key}.pattern: {pattern!r} is none of {', '.join([*document.patterns, CLOSED])}"]


def text_problems(key: str, text: str, max_length: int, *, needed: bool = False) -> list[str]:
    if needed and not text.strip():
        return [f"{key}: must not be empty"]
    if len(text) > max_length:
        return [f"{key}: longer than {max_length} characters"]
    if _CONTROL.search(text):
        return [f"{key}: line breaks and control characters can't be used"]
    return []
