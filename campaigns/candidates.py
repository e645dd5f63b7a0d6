"""Who becomes a candidate for SMS, letter, visit or number research, because calls have failed.

Decides who is on these lists and why; sending, printing and visiting are others' work. A person is a candidate of a
campaign after as many *tries without a contact* as its settings say (`CandidateRules`): tries since the last contact,
or ever when there was none, as `results` counts tries. Number research needs no tries: it is for those who have no live
number at all, their own or borrowed.

Whoever was served, or called off, in one way (`closed_candidates`) is a candidate for it again after as many tries
anew; for number research, after a number has come and gone since.

Invariant: nobody is a candidate who has paid, whose overdue debts are all promised, who is under a contact stop, was
contacted this month (Japan), or has agreed on an hour to be called.
Invariant: an SMS candidate's number is a live mobile number of their own, never one borrowed from the household.

Source: requirements SMS-1, SMS-2, CALL-8, CALL-9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg

from campaigns.calendar import jst_date, month_start
from campaigns.errors import CampaignInvalid, CampaignUnknown
from campaigns.model import E164, Outcome, Window
from campaigns.progress import TRIES
from campaigns.queries import queries

_EVERYBODY = 10_000_000


class Channel(StrEnum):
    """Another way than a call."""

    SMS = "sms"
    LETTER = "letter"
    VISIT = "visit"
    RESEARCH = "research"  # finding a number


@dataclass(frozen=True, slots=True)
class CandidateRules:
    """After how many tries without a contact, 1–100; None = never."""

    sms_after: int | None = 3
    letter_after: int | None = 5
    visit_after: int | None = 8


@dataclass(frozen=True, slots=True)
class Before:
    """That somebody was closed for this way before, and is a candidate again.

    Args:
        closed_at: the last time, aware.
        tries: without a contact since then; None = tries play no part (number research).
    """

    closed_at: datetime
    tries: int | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One person of one campaign. Personal data.

    Args:
        channels: at least one.
        before: of `channels`, those that were closed before.
        tries: without a contact, by kind of hour.
        mobile: where an SMS would go; None = no live mobile number of their own.
        numbers_n, dead_n, wrong_n: numbers ever known; of them out of service; marked by an agent as another's.
        yen: principal that is overdue and not promised.
    """

    campaign_id: int
    campaign: str
    rules: CandidateRules
    debtor_id: int
    addressee_no: str
    name: str
    postal_code: str | None
    address: str | None
    language: str
    channels: tuple[Channel, ...]
    before: Mapping[Channel, Before]
    tries: Mapping[Window, int]
    last_attempt_at: datetime | None
    last_outcome: Outcome | None
    mobile: E164 | None
    numbers_n: int
    dead_n: int
    wrong_n: int
    yen: int

    @property
    def tries_n(self) -> int:
        return sum(self.tries.values())


@dataclass(frozen=True, slots=True)
class CandidatePage:
    """A stretch of the list, most tries first.

    Args:
        totals: candidates of each channel in all, whatever channel was asked for; a person can be in several.
        total_n: candidates of the channel that was asked for, or of any.
    """

    candidates: tuple[Candidate, ...]
    totals: Mapping[Channel, int]
    total_n: int


async def read_candidates(
    conn: asyncpg.Connection,
    now: datetime,
    *,
    channel: Channel | None = None,
    campaign_id: int | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> CandidatePage:
    """The candidates as of `now` (aware).

    Args:
        channel: None = any.
        campaign_id: None = of all campaigns; then a person may come once for each.
        limit: people, 1 or more; None = all.
        offset: people passed over, 0 or more.
    """
    async with conn.transaction():
        # Right after an import the planner believes the tables empty, and nested loops would take minutes.
        await queries.only_hash_joins(conn, nested_loops="off")
        rows = [
            row
            async for row in queries.candidates(
                conn,
                today=jst_date(now),
                month_start=month_start(now),
                campaign_id=campaign_id,
                reached=sorted(TRIES),
                channel=channel,
                limit=_EVERYBODY if limit is None else limit,
                offset=offset,
            )
        ]
        await queries.only_hash_joins(conn, nested_loops="on")
    totals = {one: int(rows[0][f"{one}_total"]) for one in Channel}
    return CandidatePage(
        candidates=tuple(_candidate(row) for row in rows if row["debtor_id"] is not None),
        totals=totals,
        total_n=int(rows[0]["any_total"]) if channel is None else totals[channel],
    )


def safe_cell(text: str | None) -> str:
    """Text for a cell of a CSV file which a spreadsheet must not take for a formula.

    Source: OWASP, CSV Injection.
    """
    return f"'{text}" if text and text[0] in "=+-@\t\r" else text or ""


def plain_cell(text: str) -> str:
    """What `safe_cell` made the cell of."""
    return text[1:] if text[:1] == "'" and safe_cell(text[1:]) == text else text


def _candidate(row: asyncpg.Record) -> Candidate:
    plain = ("campaign_id", "campaign", "debtor_id", "addressee_no", "name", "postal_code", "address", "language",
             "last_attempt_at", "mobile", "numbers_n", "dead_n", "wrong_n", "yen")  # fmt: skip
    channels = tuple(Channel(one) for one in row["channels"])
    return Candidate(
        **{name: row[name] for name in plain},
        rules=CandidateRules(row["sms_after"], row["letter_after"], row["visit_after"]),
        channels=channels,
        before={one: _before(row, one) for one in channels if row[f"{one}_closed_at"] is not None},
        tries={window: int(row[f"{window}_n"]) for window in Window},
        last_outcome=None if row["last_outcome"] is None else Outcome(row["last_outcome"]),
    )


def _before(row: asyncpg.Record, channel: Channel) -> Before:
    tries = None if channel is Channel.RESEARCH else int(row[f"{channel}_anew_n"])
    return Before(row[f"{channel}_closed_at"], tries)


async def candidate_rules(conn: asyncpg.Connection, campaign_id: int) -> CandidateRules:
    """The rules of a campaign.

    Raises:
        CampaignUnknown: there is none with that id.
    """
    row = await queries.candidate_rules(conn, campaign_id=campaign_id)
    if row is None:
        raise CampaignUnknown(f"no campaign has the id {campaign_id}")
    return CandidateRules(**row)


async def set_candidate_rules(conn: asyncpg.Connection, campaign_id: int, rules: CandidateRules) -> None:
    """Replace the rules of a campaign.

    Raises:
        CampaignInvalid: a number of tries is out of range.
        CampaignUnknown: there is none with that id.
    """
    for field, tries in asdict(rules).items():
        if tries is not None and not 1 <= tries <= 100:
            raise CampaignInvalid(field, f"{tries} is not between 1 and 100")
    if await queries.set_candidate_rules(conn, campaign_id=campaign_id, **asdict(rules)) is None:
        raise CampaignUnknown(f"no campaign has the id {campaign_id}")
