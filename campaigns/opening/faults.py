"""What can be wrong with an operating calendar.

CampaignError
└── CalendarFault        everything below; the message is for people      calendar_fault
    ├── CalendarInvalid  a calendar is wrong; names source, key, reason   calendar_invalid
    └── CalendarUnknown  no calendar, pattern or user of one is so named  calendar_unknown
"""

from __future__ import annotations

from collections.abc import Sequence

from campaigns.errors import CampaignError


class CalendarFault(CampaignError):
    code = "calendar_fault"


class CalendarInvalid(CalendarFault):
    """Args:
    source: the file, or the name of the calendar.
    problems: each one "key: reason"; at least one.
    """

    code = "calendar_invalid"

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        super().__init__(f"calendar {source}: " + "; ".join(problems))
        self.source = source
        self.problems = tuple(problems)


class CalendarUnknown(CalendarFault):
    code = "calendar_unknown"
