"""A made-up town for tests: people with debts, numbers and households, and campaigns that call them."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import asyncpg

from campaigns.attempts import end, join_call, move, open_call
from campaigns.calendar import JST, WindowRule
from campaigns.campaign import (
    DEFAULT_WINDOWS,
    Campaign,
    CampaignState,
    Choosing,
    NewCampaign,
    add_campaign,
    load_campaign,
)
from campaigns.campaign import set_state as set_campaign_state
from campaigns.claiming import Claim, claim, claim_reserved
from campaigns.listing import refresh_progress
from campaigns.model import E164, AttemptState, Outcome, Window
from campaigns.opening.day_rules import Holidays
from campaigns.opening.document import CalendarDocument, HoursEntry, PatternEntry, RuleEntry
from campaigns.opening.store import save_calendar, use_for_debt_type

TUESDAY = datetime(2026, 11, 24, 10, 30, tzinfo=JST).astimezone(UTC)
"""10:30 in Japan, in the weekday window; no holiday within a week."""

WeekdayName = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
OVERDUE = date(2026, 6, 30)
BY_DEFAULT = Choosing()


class Town:
    """Writes rows as an import would, through one connection."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self.conn = conn
        self._serial = itertools.count(1)

    async def debt_types(self, *codes: str) -> None:
        """Debt types with caller ids +81250000001, +81250000002 … in the order given."""
        for place, code in enumerate(codes, 1):
            await self.conn.execute(
                "INSERT INTO debt_type VALUES ($1, $1, '納税課', $2)", code, f"+8125000{place:04}"
            )  # fmt: skip

    def number(self) -> E164:
        """A number that nobody has yet."""
        return E164(f"+81900000{next(self._serial):04}")

    async def household(self) -> int:
        serial = next(self._serial)
        return int(
            await self.conn.fetchval(
                "INSERT INTO household (household_no) VALUES ($1) RETURNING household_id", f"H{serial}"
            )
        )

    async def person(
        self,
        *,
        owes: Mapping[str, int] | None = None,
        due_on: date = OVERDUE,
        numbers: Sequence[E164] | None = None,
        household_id: int | None = None,
        language: str = "ja",
    ) -> int:
        """One debtor.

        Args:
            owes: principal in yen by debt type; default 10,000 of ``city_tax``.
            numbers: in the order of their rank; default one of their own.
        """
        serial = next(self._serial)
        debtor_id = await self.conn.fetchval(
            "INSERT INTO debtor (addressee_no, household_id, name, language, updated_at)"
            " VALUES ($1, $2, '作成 太郎', $3, $4) RETURNING debtor_id",
            f"A{serial}", household_id, language, TUESDAY,
        )  # fmt: skip
        for debt_type, yen in ({"city_tax": 10_000} if owes is None else owes).items():
            await self.conn.execute(
                "INSERT INTO debt_item (debtor_id, debt_type, assessment_year, levy_year, notice_no, instalment,"
                " due_on, principal_yen) VALUES ($1, $2, 2026, 2026, $3, 1, $4, $5)",
                debtor_id, debt_type, f"N{serial}", due_on, yen,
            )  # fmt: skip
        for rank, number in enumerate([self.number()] if numbers is None else numbers, 1):
            await self.conn.execute("INSERT INTO phone VALUES ($1, 'mobile') ON CONFLICT DO NOTHING", number)
            await self.conn.execute(
                "INSERT INTO debtor_phone (debtor_id, number, rank, source, added_at)"
                " VALUES ($1, $2, $3, 'import', $4)",
                debtor_id, number, rank, TUESDAY,
            )  # fmt: skip
        return int(debtor_id)

    async def campaign(
        self,
        *debt_types: str,
        windows: tuple[WindowRule, ...] = DEFAULT_WINDOWS,
        name: str = "市税",
        choosing: Choosing = BY_DEFAULT,
    ) -> Campaign:
        """A running campaign, its list made. Call it after the people are there, or `listed` later."""
        new = NewCampaign(name=name, debt_types=debt_types or ("city_tax",), windows=windows, choosing=choosing)
        campaign_id = await add_campaign(self.conn, new)
        await set_campaign_state(self.conn, campaign_id, CampaignState.RUNNING)
        return await load_campaign(self.conn, campaign_id)

    async def campaign_again(self, campaign_id: int) -> Campaign:
        """A campaign as it is now, read anew."""
        return await load_campaign(self.conn, campaign_id)

    async def listed(self) -> None:
        """What an import does last."""
        await refresh_progress(self.conn, None)

    async def claim(
        self,
        campaign: Campaign,
        now: datetime = TUESDAY,
        *,
        limit: int = 100,
        window: Window = Window.WEEKDAY,
    ) -> list[Claim]:
        return await claim(self.conn, campaign, limit, window, now)

    async def claim_reserved(
        self,
        campaign: Campaign,
        now: datetime = TUESDAY,
        *,
        agent_id: int = 7,
        languages: Collection[str] = (),
        window: Window = Window.WEEKDAY,
    ) -> Claim | None:
        return await claim_reserved(self.conn, campaign, window, now, agent_id=agent_id, languages=languages)

    async def own_hours(self, code: str, weekdays: Sequence[WeekdayName], starts: str, ends: str) -> None:
        """Give a debt type a calendar of its own.

        Args:
            weekdays: ``mon`` …; holidays among them count, too.
            starts, ends: ``H:MM``.
        """
        pattern = PatternEntry("独自", (HoursEntry(starts, ends, Window.WEEKDAY),))
        rules = (RuleEntry("own", weekdays=tuple(weekdays), holidays=Holidays.ALSO),)
        await save_calendar(
            self.conn, f"only-{code}".replace("_", "-"), CalendarDocument(code, {"own": pattern}, rules)
        )
        await use_for_debt_type(self.conn, f"only-{code}".replace("_", "-"), code)

    async def closed(self, first_on: date, days: int) -> None:
        """So many days on which nobody is called, from `first_on` on."""
        await self.conn.executemany(
            "INSERT INTO calendar_day VALUES ($1, 'closed', '研修')",
            [(first_on + timedelta(days=n),) for n in range(days)],
        )

    async def grades(
        self, debtor_id: int, weekday: int, evening: int | None = None, weekend: int | None = None
    ) -> None:
        """What the planner would write; the kinds of hour left out are graded as `weekday`."""
        await self.conn.execute(
            "UPDATE list_entry SET weekday_grade = $2, evening_grade = $3, weekend_grade = $4, graded = true"
            " WHERE debtor_id = $1",
            debtor_id, weekday, weekday if evening is None else evening, weekday if weekend is None else weekend,
        )  # fmt: skip

    async def dial(self, claimed: Claim, outcome: Outcome, at: datetime = TUESDAY) -> None:
        """Let a claimed attempt be dialed and end at once with `outcome`."""
        await move(
            self.conn, claimed.attempt_id, frm=AttemptState.CLAIMED, to=AttemptState.DIALING, at=at, dialed_at=at
        )
        await end(
            self.conn, claimed.attempt_id, frm=AttemptState.DIALING, at=at, outcome=outcome, hangup_cause=None
        )  # fmt: skip

    async def talk(self, claimed: Claim, agent_id: int, at: datetime = TUESDAY) -> None:
        """Let a claimed attempt be answered and joined to an agent."""
        steps = [AttemptState.CLAIMED, AttemptState.DIALING, AttemptState.ANSWERED, AttemptState.TALKING]
        for frm, to in itertools.pairwise(steps):
            await move(
                self.conn, claimed.attempt_id, frm=frm, to=to, at=at,
                dialed_at=at if to is AttemptState.DIALING else None,
                answered_at=at if to is AttemptState.ANSWERED else None,
            )  # fmt: skip
        await open_call(self.conn, claimed.attempt_id, answered_at=at)
        await join_call(self.conn, claimed.attempt_id, agent_id, at)
