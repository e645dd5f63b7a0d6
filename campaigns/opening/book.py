"""``OpeningBook``: every calendar and who goes by which, as an immutable value.

Made of the one JSON text that the database gives (``sql/opening.sql``: openings), in which a calendar has the same
shape as in a file. Decides nothing about days.

Invariant: the same text gives the same object, so that asking again before each call costs no work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import msgspec

from campaigns.campaign import Campaign
from campaigns.opening.campaign_hours import CampaignHours
from campaigns.opening.compiling import calendar_of
from campaigns.opening.document import CalendarDocument
from campaigns.opening.faults import CalendarUnknown
from campaigns.opening.operating import OperatingCalendar, SiteDay, calendar_of_windows


@dataclass(frozen=True)
class OpeningBook:
    """Everything that decides about open and closed, as it was at one moment. It can be kept and shared.

    Args:
        documents: calendars by name, as they were written.
        calendars: the same, compiled.
        campaigns: campaign id → name of its calendar; only those that have one.
        debt_types: code → name of its calendar; only those that have one.
        site_days: the table ``calendar_day``.
        only_campaign: the campaign that all of it is about; None = all of them.
    """

    documents: Mapping[str, CalendarDocument]
    calendars: Mapping[str, OperatingCalendar]
    campaigns: Mapping[int, str]
    debt_types: Mapping[str, str]
    site_days: Mapping[date, SiteDay]
    only_campaign: int | None = None

    def hours_of(self, campaign: Campaign) -> CampaignHours:
        """When `campaign` calls; without a calendar, in its windows.

        Raises:
            ValueError: the book was loaded for another campaign.
        """
        if self.only_campaign not in (None, campaign.campaign_id):
            raise ValueError(f"this book is about campaign {self.only_campaign} only")
        name = self.campaigns.get(campaign.campaign_id)
        return CampaignHours(
            calendar_of_windows(campaign.windows, self.site_days) if name is None else self.calendars[name],
            campaign.debt_types,
            {code: self.calendars[self.debt_types[code]] for code in campaign.debt_types if code in self.debt_types},
        )

    def find(self, name: str) -> OperatingCalendar:
        """The calendar `name`.

        Raises:
            CalendarUnknown: there is none.
        """
        if (calendar := self.calendars.get(name)) is None:
            raise CalendarUnknown(f"{name}: no calendar has this name (see `dialer calendar list`)")
        return calendar


class _Book(msgspec.Struct, frozen=True):
    """The JSON of the query ``openings``."""

    calendars: dict[str, CalendarDocument]
    campaigns: dict[int, str]
    debt_types: dict[str, str]
    site_days: dict[date, SiteDay]


@lru_cache(maxsize=64)
def book_of(text: str, only_campaign: int | None) -> OpeningBook:
    """The book in the JSON of the query ``openings``.

    Args:
        only_campaign: the campaign to which the query was limited.
    """
    book = msgspec.json.decode(text, type=_Book)
    return OpeningBook(
        book.calendars,
        {name: calendar_of(name, document, book.site_days) for name, document in book.calendars.items()},
        book.campaigns,
        book.debt_types,
        book.site_days,
        only_campaign,
    )
