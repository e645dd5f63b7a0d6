"""``CampaignHours``: when a campaign calls, and for which of its debt types.

A campaign calls while its calendar is open. A debt type with a calendar of its own may be dialed only while
that one is open too. What kind of hour it is, is said by the campaign's calendar.

Invariant: when it is open, at least one debt type may be dialed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from campaigns.opening.hours import Hours, Session
from campaigns.opening.operating import OperatingCalendar


@dataclass(frozen=True)
class CampaignHours(Hours):
    """The hours of one campaign.

    Args:
        calendar: the campaign's.
        debt_types: codes of those that it calls for.
        own: the calendars of those debt types that have one; others follow the campaign's.
    """

    calendar: OperatingCalendar
    debt_types: tuple[str, ...]
    own: Mapping[str, OperatingCalendar] = field(default_factory=dict)

    def debt_types_at(self, now: datetime) -> tuple[str, ...]:
        """The debt types that may be dialed at `now` (aware), in their order; none while it is closed.

        Raises:
            ValueError: `now` is naive.
        """
        if self.calendar.window_at(now) is None:
            return ()
        return tuple(
            code for code in self.debt_types if code not in self.own or self.own[code].window_at(now) is not None
        )

    def for_debt_types(self, codes: Collection[str]) -> CampaignHours:
        """The hours in which somebody can be dialed who owes only these of the campaign's debt types."""
        return replace(self, debt_types=tuple(code for code in self.debt_types if code in codes))

    def sessions_on(self, day: date) -> tuple[Session, ...]:
        ours = self.calendar.sessions_on(day)
        if any(code not in self.own for code in self.debt_types):
            return ours
        theirs = [session for code in self.debt_types for session in self.own[code].sessions_on(day)]
        return tuple(
            Session(day, session.window, max(session.starts_at, starts_at), min(session.ends_at, ends_at))
            for session in ours
            for starts_at, ends_at in _merged(theirs)
            if starts_at < session.ends_at and session.starts_at < ends_at
        )


def _merged(sessions: Collection[Session]) -> list[tuple[datetime, datetime]]:
    """The time that the sessions cover together, as stretches apart from each other, in order."""
    merged: list[tuple[datetime, datetime]] = []
    for session in sorted(sessions, key=lambda s: s.starts_at):
        if merged and session.starts_at <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], session.ends_at))
        else:
            merged.append((session.starts_at, session.ends_at))
    return merged
