"""Candidates for whom something was done leave the list, stay findable, and come back after new tries only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import asyncpg
import pytest

from campaigns.campaign import Campaign
from campaigns.candidates import Before, CandidateRules, Channel, read_candidates, set_candidate_rules
from campaigns.closed_candidates import (
    ClosedAs,
    ClosingUnknown,
    close_candidates,
    people_by_addressee_no,
    read_closed,
    reopen_candidate,
)
from campaigns.errors import CampaignInvalid, CampaignUnknown
from campaigns.model import E164, Window
from campaigns.numbers import learn_number
from tests.fixtures_people import TUESDAY, Town

ALL = (Channel.SMS, Channel.LETTER, Channel.VISIT)
LATER = TUESDAY + timedelta(days=30)


@pytest.fixture
async def town(db: asyncpg.Connection) -> Town:
    made = Town(db)
    await made.debt_types("city_tax", "care")
    return made


async def tried(town: Town, debtor_id: int, times: int, since: datetime) -> None:
    """So many weekday attempts in vain, a day apart, as the engine writes and counts them."""
    for day in range(times):
        at = since + timedelta(days=day)
        await town.conn.execute(
            "INSERT INTO attempt (campaign_id, debtor_id, number, caller_id, call_window, state, state_at, claimed_at,"
            " dialed_at, ended_at, outcome) SELECT 1, $1, min(number), '+81250000001', 'weekday', 'ended', $2, $2, $2,"
            " $2, 'no_answer' FROM debtor_phone WHERE debtor_id = $1",
            debtor_id, at,
        )  # fmt: skip
    await town.conn.execute(
        "UPDATE debtor_progress SET weekday_attempts = weekday_attempts + $2 WHERE debtor_id = $1", debtor_id, times
    )


async def channels(town: Town, now: datetime = LATER) -> Mapping[int, tuple[Channel, ...]]:
    return {one.debtor_id: one.channels for one in (await read_candidates(town.conn, now)).candidates}


async def close(
    town: Town, people: list[int], channel: Channel, now: datetime = TUESDAY, closed_as: ClosedAs = ClosedAs.DONE
) -> int:
    return await close_candidates(town.conn, 1, people, channel, closed_as, by="boss", now=now)


async def nine_tries(town: Town) -> tuple[int, Campaign]:
    debtor_id = await town.person()
    campaign = await town.campaign()
    await tried(town, debtor_id, 9, TUESDAY - timedelta(days=20))
    return debtor_id, campaign


@pytest.mark.parametrize("closed_as", list(ClosedAs))
async def test_who_was_served_is_a_candidate_again_after_as_many_tries_anew(town: Town, closed_as: ClosedAs) -> None:
    """Only this way waits: five tries for the next letter, counted from the last one on."""
    debtor_id, _ = await nine_tries(town)
    assert await close(town, [debtor_id], Channel.LETTER, closed_as=closed_as) == 1
    assert await channels(town) == {debtor_id: (Channel.SMS, Channel.VISIT)}
    await tried(town, debtor_id, 4, TUESDAY + timedelta(days=1))
    assert await channels(town) == {debtor_id: (Channel.SMS, Channel.VISIT)}
    await tried(town, debtor_id, 1, TUESDAY + timedelta(days=9))
    assert await channels(town) == {debtor_id: ALL}
    (one,) = (await read_candidates(town.conn, LATER)).candidates
    assert one.before == {Channel.LETTER: Before(TUESDAY, 5)}
    assert one.tries[Window.WEEKDAY] == 14


async def test_a_contact_since_then_begins_the_count_anew(town: Town) -> None:
    """Three tries after the SMS, one of them after a contact of the month before: no SMS yet."""
    debtor_id, _ = await nine_tries(town)
    await close(town, [debtor_id], Channel.SMS)
    await tried(town, debtor_id, 3, TUESDAY + timedelta(days=1))
    assert Channel.SMS in (await channels(town))[debtor_id]
    await town.conn.execute("UPDATE debtor_progress SET contacted_at = $1", TUESDAY + timedelta(days=2, hours=1))
    next_month = LATER + timedelta(days=10)
    assert await channels(town, next_month) == {}
    await set_candidate_rules(town.conn, 1, CandidateRules(1, 1, 1))
    assert await channels(town, next_month) == {debtor_id: ALL}


async def test_a_number_is_looked_for_again_after_one_has_come_and_gone(town: Town) -> None:
    """Looked for in vain, for all campaigns at once; then a number is told, and dies."""
    debtor_id = await town.person(owes={"city_tax": 1, "care": 1}, numbers=[E164("+81900000001")])
    await town.campaign()
    await town.campaign("care", name="介護")
    await town.conn.execute("UPDATE phone SET dead_at = $1", TUESDAY - timedelta(days=1))
    assert [one.channels for one in (await read_candidates(town.conn, LATER)).candidates] == [(Channel.RESEARCH,)] * 2
    await close(town, [debtor_id], Channel.RESEARCH)
    assert await channels(town) == {}
    await learn_number(town.conn, debtor_id, "090-0000-0009", TUESDAY + timedelta(days=1), None)
    await town.conn.execute(
        "UPDATE phone SET dead_at = $1 WHERE number = '+819000000009'", TUESDAY + timedelta(days=2)
    )  # fmt: skip
    (one, _) = (await read_candidates(town.conn, LATER)).candidates
    assert (one.channels, one.before) == ((Channel.RESEARCH,), {Channel.RESEARCH: Before(TUESDAY, None)})


async def test_another_campaign_keeps_its_own_list(town: Town) -> None:
    """A letter about the tax is none about the care insurance."""
    debtor_id = await town.person(owes={"city_tax": 1, "care": 1})
    await town.campaign()
    care = await town.campaign("care", name="介護")
    await tried(town, debtor_id, 9, TUESDAY - timedelta(days=20))
    for channel in ALL:
        await close(town, [debtor_id], channel)
    (one,) = (await read_candidates(town.conn, LATER)).candidates
    assert (one.campaign_id, one.channels) == (care.campaign_id, ALL)


async def test_closings_stay_findable_with_who_and_when(town: Town) -> None:
    """Newest first, by way and campaign; a payment since then hides none of them."""
    debtor_id, campaign = await nine_tries(town)
    other = await town.person()
    await close_candidates(
        town.conn, campaign.campaign_id, [debtor_id, other], Channel.SMS, ClosedAs.DONE, by="boss", now=TUESDAY,
        note="  11月便　",
    )  # fmt: skip
    await close(town, [other], Channel.VISIT, TUESDAY + timedelta(hours=1), ClosedAs.CALLED_OFF)
    await town.conn.execute("UPDATE debt_item SET paid_on = '2026-11-20'")
    page = await read_closed(town.conn)
    assert [(one.debtor_id, one.channel, one.closed_as, one.note) for one in page.closed] == [
        (other, Channel.VISIT, ClosedAs.CALLED_OFF, None),
        (other, Channel.SMS, ClosedAs.DONE, "11月便"),
        (debtor_id, Channel.SMS, ClosedAs.DONE, "11月便"),
    ]
    assert {(one.closed_by, one.campaign) for one in page.closed} == {("boss", "市税")}
    assert page.closed[1].closed_at == TUESDAY
    assert page.totals == {Channel.SMS: 2, Channel.LETTER: 0, Channel.VISIT: 1, Channel.RESEARCH: 0}
    second = await read_closed(town.conn, channel=Channel.SMS, campaign_id=campaign.campaign_id, limit=1, offset=1)
    assert ([one.debtor_id for one in second.closed], second.total_n) == ([debtor_id], 2)
    nobody = await read_closed(town.conn, campaign_id=99)
    assert (nobody.closed, nobody.total_n) == ((), 0)


async def test_the_same_closing_of_one_day_counts_once(town: Town) -> None:
    """A button pressed twice, a file read twice; on another day it was another letter."""
    debtor_id, _ = await nine_tries(town)
    assert await close(town, [debtor_id, debtor_id], Channel.LETTER) == 1
    assert await close(town, [debtor_id], Channel.LETTER, TUESDAY + timedelta(hours=3)) == 0
    assert await close(town, [debtor_id], Channel.LETTER, TUESDAY + timedelta(days=1)) == 1
    assert await close(town, [], Channel.LETTER) == 0


async def test_a_closing_by_mistake_is_taken_back_and_kept(town: Town) -> None:
    """The person is on the list at once; it can be closed anew the same day; a second taking back is refused."""
    debtor_id, _ = await nine_tries(town)
    await close(town, [debtor_id], Channel.LETTER)
    (closed,) = (await read_closed(town.conn)).closed
    await reopen_candidate(town.conn, closed.closing_id, by="chief", now=TUESDAY + timedelta(minutes=1))
    assert await channels(town) == {debtor_id: ALL}
    assert (await read_closed(town.conn)).total_n == 0
    with pytest.raises(ClosingUnknown):
        await reopen_candidate(town.conn, closed.closing_id, by="chief", now=TUESDAY)
    kept = await town.conn.fetchrow("SELECT closed_by, reopened_by FROM candidate_closed")
    assert tuple(kept) == ("boss", "chief")
    assert await close(town, [debtor_id], Channel.LETTER) == 1


async def test_what_makes_no_sense_closes_nobody(town: Town) -> None:
    """A long note, one of two lines, an unknown person or campaign: one error, nothing written."""
    debtor_id, _ = await nine_tries(town)
    for note in ("あ" * 201, "一\n二", "\x00"):
        with pytest.raises(CampaignInvalid, match="note"):
            await close_candidates(
                town.conn, 1, [debtor_id], Channel.SMS, ClosedAs.DONE, by="boss", now=TUESDAY, note=note
            )
    with pytest.raises(CampaignInvalid, match="people"):
        await close(town, [debtor_id, 999], Channel.SMS)
    with pytest.raises(CampaignUnknown):
        await close_candidates(town.conn, 99, [debtor_id], Channel.SMS, ClosedAs.DONE, by="boss", now=TUESDAY)
    assert await town.conn.fetchval("SELECT count(*) FROM candidate_closed") == 0
    assert await people_by_addressee_no(town.conn, ["A1", "nobody"]) == {"A1": debtor_id}
