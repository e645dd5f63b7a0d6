"""Machine detection, the pure parts: what a verdict makes of a call, its patience, and what the pacing sees of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from campaigns.campaign import Campaign, CampaignState
from campaigns.detection import AbandonFrom, AmdStatus, Detection, Verdict, verdict_of
from campaigns.model import E164, AttemptState, Outcome
from dialer.calls.live_call import Happening, LiveCall
from dialer.calls.machine import Effect, Event
from dialer.calls.outcomes import LISTENED_AT_MOST_S
from dialer.calls.steps import PlannedStep, steps_for, understood
from dialer.pacing.moment import snapshot_of
from dialer.pacing.noticing import Noticing
from dialer.pacing.observed import Abandoned, Joined, Observed, RingEnded
from dialer.pacing.patience import DetectionTimes
from tests.fixtures_people import TUESDAY

S = AttemptState
CAMPAIGN = Campaign("市税", ("city_tax",), detection=Detection(amd=True), campaign_id=5, state=CampaignState.RUNNING)


def at(seconds: float) -> datetime:
    return TUESDAY + timedelta(seconds=seconds)


async def call(
    state: AttemptState = S.DETECTING,
    *,
    abandon_from: AbandonFrom = AbandonFrom.ANSWER,
    verdict: AmdStatus | None = None,
    verdict_s: float = 2.5,
) -> LiveCall:
    """Claimed at 0; picked up at 10 unless it still rings; the verdict `verdict_s` later."""
    of = LiveCall(
        UUID(int=7), 5, 1, E164("+81900000001"), E164("+81250000001"), "all", 25, state, TUESDAY, TUESDAY,
        answer_probability=0.4, detects=True, abandon_from=abandon_from,
    )  # fmt: skip
    if state not in (S.DIALING, S.RINGING):
        of.answered_at = at(10)
    if verdict is not None:
        of.verdict = Verdict(verdict, "", at(10 + verdict_s))
    return of


def steps(of: LiveCall, event: Event, at_s: float, verdict: Verdict | None = None) -> list[PlannedStep]:
    return steps_for(of, understood(of, Happening(event, at(at_s), verdict=verdict)), None, 2.0)


@pytest.mark.parametrize(
    ("said", "status"),
    [("MACHINE", "machine"), ("HUMAN", "human"), ("NOTSURE", "notsure"), ("HANGUP", "notsure"), ("", "notsure")],
)
def test_only_a_machine_is_a_machine(said: str, status: str) -> None:
    """Whatever Asterisk says else, or doesn't say, is taken for a person."""
    verdict = verdict_of(said, "X" * 100, TUESDAY)
    assert (verdict.status, verdict.is_machine) == (status, said == "MACHINE")
    assert len(verdict.cause) == 60


@pytest.mark.parametrize("state", [S.DIALING, S.RINGING])
async def test_an_answer_without_a_verdict_takes_no_agent(state: AttemptState) -> None:
    """The line was picked up, by whom is being listened to."""
    (only,) = steps(await call(state), Event.ANSWERED, 10)
    assert (only.to, only.effects) == (S.DETECTING, ())


async def test_an_answer_found_afterwards_is_not_apologised_for() -> None:
    """The dialplan may still be listening; it asks, or hangs up, by itself."""
    of = await call(S.RINGING)
    missed = understood(of, Happening(Event.ANSWERED, at(10), nobody_asks=True))
    assert [step.to for step in steps_for(of, missed, None, 2.0)] == [S.DETECTING]


async def test_the_verdict_of_a_person_looks_for_an_agent() -> None:
    """From here on it is a call like any other; the verdict is written with it."""
    verdict = Verdict(AmdStatus.HUMAN, "HUMAN-600-600", at(12.5))
    (only,) = steps(await call(), Event.ANSWERED, 12.5, verdict)
    assert (only.to, only.effects, only.verdict) == (S.ANSWERED, (Effect.FIND_AGENT,), verdict)


async def test_without_detection_an_answer_is_an_answer() -> None:
    """Off by default: the way is as it was."""
    of = await call(S.RINGING)
    of.detects = False
    (only,) = steps(of, Event.ANSWERED, 10)
    assert only.to is S.ANSWERED
    of.answered_at = at(10)
    assert of.person_at == of.waits_from == at(10)


@pytest.mark.parametrize("event", [Event.HUNG_UP, Event.VANISHED])
@pytest.mark.parametrize("state", [S.DETECTING, S.ANSWERED, S.JOINING])
async def test_a_machine_is_never_abandoned(state: AttemptState, event: Event) -> None:
    """However long it lasted, and whatever we believed of it before the verdict."""
    (only,) = steps(await call(state, verdict=AmdStatus.MACHINE), event, 14)
    assert (only.outcome, only.to) == (Outcome.MACHINE, S.ENDED)
    assert only.ended_by == ("lost" if event is Event.VANISHED else "engine")


@pytest.mark.parametrize(
    ("abandon_from", "outcome"),
    [(AbandonFrom.ANSWER, Outcome.ABANDONED), (AbandonFrom.VERDICT, Outcome.HUNG_UP_EARLY)],
)
async def test_whoever_leaves_while_listened_to_waited_by_the_definition(
    abandon_from: AbandonFrom, outcome: Outcome
) -> None:
    """2.4 s of silence: too long from the answer; from the verdict the patience had not begun."""
    (only,) = steps(await call(abandon_from=abandon_from), Event.HUNG_UP, 12.4)
    assert only.outcome is outcome


@pytest.mark.parametrize(("lasted_s", "outcome"), [(4.9, Outcome.HUNG_UP_EARLY), (5.0, Outcome.ABANDONED)])
async def test_a_verdict_that_nobody_heard_came_in_its_time(lasted_s: float, outcome: Outcome) -> None:
    """An engine died meanwhile: three seconds of detection and two of patience later, somebody was abandoned."""
    (only,) = steps(await call(abandon_from=AbandonFrom.VERDICT), Event.HUNG_UP, 10 + lasted_s)
    assert only.outcome is outcome


def test_detection_listens_no_longer_than_is_counted() -> None:
    """The outcome of a call whose verdict was lost rests on it."""
    conf = (Path(__file__).parents[2] / "asterisk-conf/pbx/amd.conf.j2").read_text(encoding="utf-8")
    assert f"total_analysis_time = {LISTENED_AT_MOST_S * 1000:.0f}\n" in conf


@pytest.mark.parametrize(
    ("abandon_from", "outcome"),
    [(AbandonFrom.ANSWER, Outcome.ABANDONED), (AbandonFrom.VERDICT, Outcome.HUNG_UP_EARLY)],
)
async def test_patience_is_counted_from_where_the_campaign_says(abandon_from: AbandonFrom, outcome: Outcome) -> None:
    """The verdict after 2.5 s, the hang-up 1 s later."""
    of = await call(S.ANSWERED, abandon_from=abandon_from, verdict=AmdStatus.HUMAN)
    (only,) = steps(of, Event.HUNG_UP, 13.5)
    assert only.outcome is outcome


# --- what the pacing sees ------------------------------------------------------------------------------------


async def seen_of(of: LiveCall, *changes: tuple[AttemptState, float]) -> tuple[list[Observed], list[float]]:
    """What is noticed while `of` goes through states at seconds, each told twice."""
    heard: list[Observed] = []
    detected: list[float] = []
    noticing = Noticing(
        lambda _, seen, __: heard.append(seen),
        lambda _, __: None,
        seconds=lambda moment: (moment - TUESDAY).total_seconds(),
        threshold_s=lambda _: 2.0,
        detected=lambda _, after_s: detected.append(after_s),
    )
    verdict, answered_at, of.verdict, of.answered_at = of.verdict, of.answered_at, None, None
    for state, at_s in ((S.DIALING, 0.0), (S.RINGING, 1.0), (S.DETECTING, 10.0), *changes):
        of.state, of.since = state, at(at_s)
        if state is S.DETECTING:
            of.answered_at = answered_at or at(10)
        if verdict is not None and of.since >= verdict.at:
            of.verdict = verdict
        if state is S.TALKING:
            of.joined_at = of.since
        for _ in range(1 if state is S.ENDED else 2):
            noticing.call_changed(of)
    return heard, detected


async def test_the_ring_of_a_person_ends_with_the_verdict() -> None:
    """Seconds since the Originate include the detection; the join is late by the strict definition."""
    of = await call(verdict=AmdStatus.HUMAN)
    heard, detected = await seen_of(of, (S.ANSWERED, 12.5), (S.TALKING, 12.6), (S.ENDED, 60))
    assert heard == [RingEnded(12.5, True, 12.5, 0.4), Abandoned(12.6)]
    assert detected == [2.5]


async def test_from_the_verdict_the_same_join_is_in_time() -> None:
    """A quarter of a second after the verdict."""
    of = await call(abandon_from=AbandonFrom.VERDICT, verdict=AmdStatus.HUMAN)
    heard, _ = await seen_of(of, (S.ANSWERED, 12.5), (S.TALKING, 12.75), (S.ENDED, 60))
    assert heard == [RingEnded(12.5, True, 12.5, 0.4), Joined(12.75, 0.25)]


async def test_a_machine_is_a_ring_that_nobody_answered() -> None:
    """It needs no agent and abandons nobody."""
    of = await call(verdict=AmdStatus.MACHINE)
    heard, detected = await seen_of(of, (S.DETECTING, 12.5), (S.ENDED, 12.6))
    assert heard == [RingEnded(12.5, False, 12.5, 0.4)]
    assert detected == []


async def test_whoever_leaves_before_the_verdict_needed_no_agent() -> None:
    """The ring ends unanswered with the hang-up."""
    heard, _ = await seen_of(await call(abandon_from=AbandonFrom.VERDICT), (S.ENDED, 11.0))
    assert heard == [RingEnded(11.0, False, 11.0, 0.4)]


@pytest.mark.parametrize(
    ("state", "verdict", "pending", "waiting"),
    [(S.DETECTING, None, 1, 0), (S.DETECTING, AmdStatus.MACHINE, 0, 0), (S.ANSWERED, AmdStatus.HUMAN, 0, 1)],
)
async def test_a_call_that_is_listened_to_still_rings_for_the_pacing(
    state: AttemptState, verdict: AmdStatus | None, pending: int, waiting: int
) -> None:
    """It asks for an agent when the verdict says so, and not before."""
    snapshot = snapshot_of(
        CAMPAIGN, at(13), agents=[], calls=[await call(state, verdict=verdict)], callers=0, lines_free=9,
        next_probabilities=(), forecast_of=lambda _: None,
    )  # fmt: skip
    assert (len(snapshot.pending), snapshot.waiting) == (pending, waiting)


def test_the_policy_gets_the_patience_that_nine_in_ten_verdicts_left() -> None:
    """Whole tenths; nothing before twenty verdicts were seen; all of it where detection doesn't count."""
    times = DetectionTimes()
    assert times.patience_s(CAMPAIGN) == 0.0
    for n in range(100):
        times.add(CAMPAIGN.campaign_id, 1.0 if n < 90 else 3.0)
    assert times.patience_s(CAMPAIGN) == 0.0
    times.add(CAMPAIGN.campaign_id, 1.0)
    times.add(CAMPAIGN.campaign_id, 1.0)
    assert times.patience_s(CAMPAIGN) == 1.0
    assert times.patience_s(replace(CAMPAIGN, campaign_id=6)) == 0.0
    assert times.patience_s(replace(CAMPAIGN, detection=Detection(True, AbandonFrom.VERDICT))) == 2.0
    assert times.patience_s(replace(CAMPAIGN, detection=Detection())) == 2.0
