"""The limits that a supervisor sets: caps of attempts over all campaigns, and each campaign's retry rules.

Decides what may be set; what a cap and a delay mean is decided in `caps` and `progress`.

Invariant: after `set_caps` everybody's ``capped_until`` and the lists are as the new caps have them. Only whoever is
being called at that very moment may keep the old cap, until the next attempt.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from campaigns.calendar import jst_date
from campaigns.caps import CapPeriod, Caps, CapScope
from campaigns.errors import CampaignInvalid
from campaigns.listing import refresh_progress
from campaigns.model import Outcome
from campaigns.progress import DEFAULT_RETRY_DELAY_S
from campaigns.queries import queries

AllCaps = Mapping[CapScope, Caps]
MOST_ATTEMPTS = 1000
_MOST_DELAY_S = 366 * 86_400


@dataclass(frozen=True, slots=True)
class RetryRule:
    """When to try again after an outcome, counted from the end of the attempt.

    Args:
        delay_s: not before, seconds.
        at_latest_s: from then on this person comes before the graded ones, seconds; None = no such moment.
        is_default: the campaign has no rule of its own for this outcome.
    """

    delay_s: int
    at_latest_s: int | None = None
    is_default: bool = False


async def load_caps(conn: asyncpg.Connection) -> dict[CapScope, dict[CapPeriod, int]]:
    """The caps in force, each scope present."""
    return caps_of([(row["scope"], row["period"], row["at_most"]) async for row in queries.call_caps(conn)])


def caps_of(rows: Iterable[tuple[str, str, int]]) -> dict[CapScope, dict[CapPeriod, int]]:
    """Rows of ``call_cap``, as (scope, period, at most); each scope present."""
    caps: dict[CapScope, dict[CapPeriod, int]] = {scope: {} for scope in CapScope}
    for scope, period, at_most in rows:
        caps[CapScope(scope)][CapPeriod(period)] = at_most
    return caps


async def set_caps(conn: asyncpg.Connection, caps: AllCaps, now: datetime) -> None:
    """Replace all caps; everybody's attempts of this day, week and month are held against the new ones at once.

    Args:
        caps: a scope or period that is missing has no cap.
        now: aware; what has ended before is not capped.

    Raises:
        CampaignInvalid: a cap is not between 1 and 1,000.
    """
    given = [(scope, period, at_most) for scope, of_scope in caps.items() for period, at_most in of_scope.items()]
    for scope, period, at_most in given:
        if not 1 <= at_most <= MOST_ATTEMPTS:
            raise CampaignInvalid(f"{scope}_{period}", f"{at_most} is not between 1 and {MOST_ATTEMPTS}")
    async with conn.transaction():
        await queries.lock_caps(conn)
        await queries.delete_caps(conn)
        await queries.insert_caps(
            conn,
            scopes=[scope for scope, _, _ in given],
            periods=[period for _, period, _ in given],
            at_mosts=[at_most for _, _, at_most in given],
        )
        recaps = {
            CapScope.PERSON: queries.recap_people,
            CapScope.NUMBER: queries.recap_numbers,
            CapScope.HOUSEHOLD: queries.recap_households,
        }
        for scope, recap in recaps.items():
            by_period = {f"{period}_cap": caps.get(scope, {}).get(period) for period in CapPeriod}
            await recap(conn, **by_period, today=jst_date(now))
        await refresh_progress(conn, None)


async def load_retry_rules(conn: asyncpg.Connection, campaign_id: int) -> dict[Outcome, RetryRule]:
    """What holds for each outcome in this campaign: its own rule, or the default."""
    rules = {outcome: RetryRule(delay_s, is_default=True) for outcome, delay_s in DEFAULT_RETRY_DELAY_S.items()}
    async for row in queries.retry_rules(conn, campaign_id=campaign_id):
        rules[Outcome(row["outcome"])] = RetryRule(row["delay_s"], row["at_latest_s"])
    return rules


async def set_retry_rule(conn: asyncpg.Connection, campaign_id: int, outcome: Outcome, rule: RetryRule | None) -> None:
    """Give the campaign a rule of its own for `outcome`; None = the default again. It holds from the next end on.

    Raises:
        CampaignInvalid: an outcome after which nothing is tried again, a delay that is negative or longer than a
            year, or a latest moment before the earliest.
    """
    if outcome not in DEFAULT_RETRY_DELAY_S:
        raise CampaignInvalid("outcome", f"{outcome} is no attempt: there is nothing to try again")
    if rule is None:
        await queries.delete_retry_rule(conn, campaign_id=campaign_id, outcome=outcome)
        return
    if not 0 <= rule.delay_s <= _MOST_DELAY_S:
        raise CampaignInvalid("delay", f"{rule.delay_s} seconds is not between 0 and {_MOST_DELAY_S}")
    if rule.at_latest_s is not None and not rule.delay_s <= rule.at_latest_s <= _MOST_DELAY_S:
        raise CampaignInvalid("at_latest", f"{rule.at_latest_s} seconds is not between the delay and {_MOST_DELAY_S}")
    await queries.set_retry_rule(
        conn, campaign_id=campaign_id, outcome=outcome, delay_s=rule.delay_s, at_latest_s=rule.at_latest_s
    )
