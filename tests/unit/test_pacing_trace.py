"""The trace of decisions: written, read again, bounded, replayed."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from campaigns.model import DialMode
from dialer.agents.machine import AgentState
from dialer.cli.replay import command
from dialer.clock import SystemClock
from dialer.pacing import trace
from dialer.pacing.estimating import Estimates
from dialer.pacing.limits import LimitedBy
from dialer.pacing.modes import Progressive
from dialer.pacing.observed import RingEnded, Talked, WrappedUp
from dialer.pacing.policy import AgentView, Decision, PendingCall, Snapshot
from dialer.pacing.predictive import Predictive
from dialer.pacing.replaying import Name, replay
from dialer.pacing.trace import Trace, TracedDecision, TraceUnreadable, read_trace
from tests.fixtures_people import TUESDAY


class StillClock(SystemClock):
    """Its seconds are set."""

    at_s = 100.0

    def monotonic_s(self) -> float:
        return self.at_s


def moment(ready: int = 3, talking: int = 4, pending: int = 2) -> Snapshot:
    """One with all that a snapshot can have."""
    estimates = Estimates(0.01)
    for n in range(60):
        estimates.observe(RingEnded(float(n), n % 4 == 0, 12.0, 0.25))
        estimates.observe(Talked(float(n), 40.0))
        estimates.observe(WrappedUp(float(n), 20.0))
    agents = [AgentView(AgentState.READY, 2.5)] * ready
    agents += [AgentView(AgentState.TALKING, 30.0), AgentView(AgentState.WRAP_UP, 9.0, leaving=True)] * (talking // 2)
    calls = [PendingCall(4.0, 0.25), PendingCall(9.5)] * (pending // 2)
    return Snapshot(agents, calls, 0, 1.0, 20, (0.2,), estimates.forecast(60.0))


def traced(snapshot: Snapshot | None = None, *, hours: float = 0.0) -> TracedDecision:
    seen = snapshot or moment()
    decision = Predictive(2.0).decide(seen)
    at = TUESDAY + timedelta(hours=hours)
    return TracedDecision(at, 5, DialMode.PREDICTIVE, 2.0, seen, decision, decision.place, LimitedBy.RATE)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


def test_what_was_written_is_read_again_unchanged(tmp_path: Path, clock: StillClock) -> None:
    """Snapshot, forecast, decision and limit, to the last digit."""
    one = traced()
    Trace(tmp_path / "pacing", clock, keep_days=7).write([one, one])
    first, second = read_trace(tmp_path / "pacing" / "2026-11-24.jsonl")
    assert first == second
    assert first.decision == one.decision
    assert first.snapshot.forecast == one.snapshot.forecast
    assert (list(first.snapshot.agents), list(first.snapshot.pending)) == (one.snapshot.agents, one.snapshot.pending)
    assert replace(first, snapshot=one.snapshot) == one


def test_a_decision_is_kept_when_it_places_calls_or_is_another_one(tmp_path: Path, clock: StillClock) -> None:
    """What places as little as before, for the same limit, is no news, and more than a few a second are not kept."""
    kept = Trace(tmp_path, clock, keep_days=7)
    nothing = replace(traced(), decision=Decision(0, "なし"), placed=0)
    expected = 0
    for one, worth in [(nothing, 1), (nothing, 0), (traced(), 1), (traced(), 1), (nothing, 1), (nothing, 0)]:
        clock.at_s += 1.0
        kept.tell(one)
        expected += worth
        assert len(kept._queue) == expected
    for n in range(50):
        kept.tell(replace(nothing, limited_by=None if n % 2 else LimitedBy.RATE))
    assert len(kept._queue) <= expected + 2


def test_every_decision_that_places_calls_is_kept(tmp_path: Path, clock: StillClock) -> None:
    """However many a second, up to what a slow disk may leave waiting."""
    kept = Trace(tmp_path, clock, keep_days=7)
    one = traced()
    for _ in range(trace._QUEUE + 1):
        kept.tell(one)
    assert len(kept._queue) == trace._QUEUE >= 1_000


def test_words_that_differ_by_a_tenth_are_no_news(tmp_path: Path, clock: StillClock) -> None:
    """How many agents are soon free changes at every look; the mode, the number and the limit do not."""
    kept = Trace(tmp_path, clock, keep_days=7)
    nothing = replace(traced(), decision=Decision(0, "まもなく空く 1.1人"), placed=0)
    others = [
        replace(nothing, decision=Decision(0, "まもなく空く 1.2人")),
        replace(nothing, mode=DialMode.PROGRESSIVE),
        replace(nothing, mode=DialMode.PROGRESSIVE, limited_by=LimitedBy.TRUNK_LINES),
        replace(nothing, mode=DialMode.PROGRESSIVE, limited_by=LimitedBy.TRUNK_LINES, decision=Decision(2, "")),
    ]
    found = []
    for one in [nothing, *others]:
        clock.at_s += 1.0
        kept.tell(one)
        found.append(len(kept._queue))
    assert found == [1, 1, 2, 3, 4]


def test_news_that_came_too_fast_is_kept_a_moment_later(tmp_path: Path, clock: StillClock) -> None:
    """It is still another decision than the last one that was kept."""
    kept = Trace(tmp_path, clock, keep_days=7)
    modes = [DialMode.PROGRESSIVE, DialMode.PREDICTIVE, DialMode.FIXED_RATIO]
    for mode in modes:
        kept.tell(replace(traced(), mode=mode, placed=0))
    assert len(kept._queue) < len(modes)
    clock.at_s += 1.0
    kept.tell(replace(traced(), mode=modes[-1], placed=0))
    assert kept._queue[-1].mode is modes[-1]


def test_zero_days_write_nothing(tmp_path: Path, clock: StillClock) -> None:
    """The setting that switches it off."""
    kept = Trace(tmp_path, clock, keep_days=0)
    kept.tell(traced())
    assert not kept._queue


def test_files_are_deleted_after_their_days_and_others_are_left_alone(tmp_path: Path, clock: StillClock) -> None:
    """Three days are kept: the new one and the two before."""
    for name in ("2026-11-21", "2026-11-22", "2026-11-23", "notes"):
        (tmp_path / f"{name}.jsonl").write_text("")
    Trace(tmp_path, clock, keep_days=3).write([traced()])
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["2026-11-22", "2026-11-23", "2026-11-24", "notes"]


def test_a_day_ends_at_its_size(tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next day begins a file of its own."""
    monkeypatch.setattr(trace, "_MOST_BYTES", 1)
    kept = Trace(tmp_path, clock, keep_days=3)
    kept.write([traced(), traced(), traced(hours=24)])
    assert [len(path.read_text().splitlines()) for path in sorted(tmp_path.iterdir())] == [1, 1]


def test_a_line_holds_no_text_but_states_modes_and_the_reason(tmp_path: Path, clock: StillClock) -> None:
    """Nothing in it could be a person's name or number."""
    Trace(tmp_path, clock, keep_days=3).write([traced()])
    line = json.loads((tmp_path / "2026-11-24.jsonl").read_text())

    def texts(value: object) -> set[str]:
        if isinstance(value, dict):
            return {text for one in value.values() for text in texts(one)}
        if isinstance(value, list):
            return {text for one in value for text in texts(one)}
        return {value} if isinstance(value, str) else set()

    assert texts(line) == {line["at"], "predictive", "ready", "talking", "wrap_up", line["decision"]["because"], "rate"}


def test_the_policy_that_decided_differs_from_itself_nowhere(tmp_path: Path, clock: StillClock) -> None:
    """The same snapshot gives the same decision, after it was written and read, too."""
    moments = [moment(ready, talking, pending) for ready in range(4) for talking in (0, 6) for pending in (0, 8)]
    Trace(tmp_path, clock, keep_days=3).write([traced(one) for one in moments])
    found = replay(read_trace(tmp_path / "2026-11-24.jsonl"), Name.PREDICTIVE)
    assert (found.moments, found.differences) == (16, [])
    assert found.recorded_calls == found.replayed_calls > 0


def test_another_policy_is_told_apart_by_line(tmp_path: Path) -> None:
    """With both numbers and both reasons; another campaign's moments are left out when one is asked for."""
    lines = [traced(moment(ready=0, pending=0)), replace(traced(moment(ready=3, pending=0)), campaign_id=6)]
    found = replay(lines, Name.PROGRESSIVE)
    by_line = {one.line: one for one in found.differences}
    for number, one in enumerate(lines, 1):
        decided = Progressive().decide(one.snapshot)
        if decided.place != one.decision.place:
            assert (by_line[number].recorded, by_line[number].replayed) == (one.decision.place, decided.place)
            assert by_line[number].replayed_because == decided.because
    assert replay(lines, Name.PROGRESSIVE, campaign_id=6).moments == 1
    assert replay(lines, Name.FIXED_RATIO, ratio=4.0).replayed_calls == 12


@pytest.fixture
def file(tmp_path: Path, clock: StillClock) -> Path:
    Trace(tmp_path, clock, keep_days=3).write([traced(moment(ready=3, pending=0)), traced(moment(ready=0))])
    return tmp_path / "2026-11-24.jsonl"


def test_the_command_shows_where_two_policies_differ(file: Path) -> None:
    """For people, and as JSON."""
    said = CliRunner().invoke(command, ["pacing", str(file), "--policy", "fixed_ratio", "--ratio", "5"])
    assert said.exit_code == 0, said.output
    assert said.output.startswith("2 decisions; fixed_ratio differs in ")
    assert re.search(r"line 1\t10:30:00\tcampaign 5\t\d+ → 15\t", said.output)
    told = json.loads(CliRunner().invoke(command, ["pacing", str(file), "--policy=progressive", "--json"]).output)
    assert (told["policy"], told["moments"], told["replayed_calls"]) == ("progressive", 2, 3)


def test_a_ratio_without_the_fixed_ratio_is_refused(file: Path) -> None:
    """It would mean nothing."""
    said = CliRunner().invoke(command, ["pacing", str(file), "--policy", "predictive", "--ratio", "5"])
    assert said.exit_code != 0
    assert "fixed_ratio" in said.output


@pytest.mark.parametrize(
    ("line", "words"),
    [("{}", ["line 3", "at"]), ("nonsense", ["line 3", "malformed"]), ('{"at": 5}', ["line 3", "$.at"])],
)
def test_a_wrong_line_is_named(file: Path, line: str, words: list[str]) -> None:
    """File, line, field and reason."""
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(TraceUnreadable) as caught:
        list(read_trace(file))
    said = CliRunner().invoke(command, ["pacing", str(file), "--policy", "predictive"])
    assert said.exit_code == 1
    for word in ["2026-11-24.jsonl", *words]:
        assert word in str(caught.value)
        assert word in said.output
