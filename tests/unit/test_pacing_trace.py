"""The trace of decisions: written, read again, cut by a crash, bounded, replayed."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
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
from dialer.pacing.trace import Trace
from dialer.pacing.trace_file import TraceUnreadable, read_trace
from dialer.pacing.traced import LineWriter, TracedDecision
from tests.fixtures_people import TUESDAY


class StillClock(SystemClock):
    """Its seconds are set."""

    at_s = 100.0

    def monotonic_s(self) -> float:
        return self.at_s


class WatchedClock(SystemClock):
    """Says when somebody begins to wait."""

    def __init__(self) -> None:
        self.awaited = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.awaited.set()
        await super().sleep(seconds)


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
    """Snapshot, forecast, decision and limit, to the last digit; chances and risks to six decimals."""
    one = traced()
    kept = Trace(tmp_path / "pacing", clock, keep_days=7)
    kept.write([one, one])
    first, second = read_trace(tmp_path / "pacing" / "2026-11-24.jsonl.gz")
    assert first == second == rounded(one)


def rounded(one: TracedDecision) -> TracedDecision:
    decided = one.decision
    chances, risks = (tuple(round(x, 6) for x in given) for given in (decided.chances, decided.risks))
    return replace(one, decision=replace(decided, chances=chances, risks=risks))


def test_what_changes_from_one_moment_to_the_next_is_read_as_it_was(tmp_path: Path, clock: StillClock) -> None:
    """Agents move, come and go, calls end anywhere and begin, of two campaigns in turn."""
    chance = random.Random(7)
    agents = [AgentView(AgentState.READY, 900.0)] * 20
    since = [[round(chance.uniform(1.0, 20.0), 1) for _ in range(30)] for _ in range(2)]
    said, base = [], moment()
    for n in range(300):
        agents = [replace(agent, elapsed_s=round(agent.elapsed_s + 0.1, 1)) for agent in agents]
        agents[chance.randrange(len(agents))] = AgentView(chance.choice(list(AgentState)), 0.0, chance.random() < 0.2)
        if n % 50 == 49:
            agents = agents[1:] if n % 100 == 49 else [AgentView(AgentState.NOT_READY, 0.0), *agents]
        for of in since:
            of[:] = [round(age + 0.1, 1) for age in of if chance.random() < 0.9] + [0.0] * chance.randrange(6)
        pending = [PendingCall(age, None if n % 3 else 0.25) for age in since[n % 2]]
        forecast = replace(base.forecast, risk=chance.random()) if base.forecast and n > 9 else None
        seen = replace(base, agents=list(agents), pending=pending, forecast=forecast, waiting=n % 4, lines_free=n)
        one = replace(
            traced(seen), campaign_id=n % 2, at=TUESDAY + timedelta(milliseconds=100 * n + chance.randrange(99))
        )
        said.append(replace(one, mode=DialMode.PREDICTIVE if n < 200 else DialMode.PROGRESSIVE, limited_by=None))
    kept = Trace(tmp_path, clock, keep_days=7)
    kept.write(said[:150])
    kept.write(said[150:])
    assert list(read_trace(tmp_path / "2026-11-24.jsonl.gz")) == [rounded(one) for one in said]


def test_a_file_of_an_earlier_release_is_read_as_ever(tmp_path: Path) -> None:
    """Uncompressed, each line whole."""
    file = tmp_path / "2026-11-24.jsonl"
    file.write_bytes(msgspec.json.encode(traced()) + b"\n" + msgspec.json.encode(traced(moment(ready=0))) + b"\n")
    first, second = read_trace(file)
    assert (first.decision, second.decision) == (traced().decision, traced(moment(ready=0)).decision)
    assert replay([first, second], Name.PREDICTIVE).differences == []


@pytest.mark.parametrize("lost", [0, 8, 40])
def test_a_crash_loses_what_was_not_written_yet(tmp_path: Path, clock: StillClock, lost: int) -> None:
    """Each write is whole on the disk, though the file has no end; of one that was cut the lines before are read."""
    kept = Trace(tmp_path, clock, keep_days=7)
    kept.write([traced(), traced()])
    file = tmp_path / "2026-11-24.jsonl.gz"
    before = file.stat().st_size
    kept.write([traced(moment(ready=0)), traced(moment(ready=2, talking=8))])
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(file.read_bytes()[: file.stat().st_size - lost])
    found = list(read_trace(cut))
    assert len(found) == 4 if lost == 0 else 2 <= len(found) < 4
    cut.write_bytes(file.read_bytes()[:before])
    assert len(list(read_trace(cut))) == 2


def test_an_engine_that_starts_again_begins_another_file_of_the_day(tmp_path: Path, clock: StillClock) -> None:
    """What the one before it left is as it was, with its end or without."""
    for ends in (True, False, True):
        kept = Trace(tmp_path, clock, keep_days=7)
        kept.write([traced()])
        if ends:
            kept.close()
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["2026-11-24-2.jsonl.gz", "2026-11-24-3.jsonl.gz", "2026-11-24.jsonl.gz"]
    assert [len(list(read_trace(tmp_path / name))) for name in names] == [1, 1, 1]
    assert gzip.decompress((tmp_path / names[1]).read_bytes()).count(b"\n") == 1


async def test_what_is_left_is_written_at_the_stop(tmp_path: Path) -> None:
    """And the file ended, so that every tool reads it."""
    clock = WatchedClock()
    kept = Trace(tmp_path, clock, keep_days=7)
    running = asyncio.get_running_loop().create_task(kept.run())
    await clock.awaited.wait()
    kept.tell(traced())
    running.cancel()
    await asyncio.wait([running])
    assert gzip.decompress((tmp_path / "2026-11-24.jsonl.gz").read_bytes()).count(b"\n") == 1


def test_after_a_fault_of_the_disk_a_new_file_is_begun(tmp_path: Path, clock: StillClock) -> None:
    """What was being written is lost: its place in the old one is not known."""
    kept = Trace(tmp_path, clock, keep_days=7)
    kept.write([traced()])
    (file,) = tmp_path.iterdir()
    file.unlink()
    file.mkdir()
    with pytest.raises(OSError, match="directory"):
        kept.write([traced()])
    kept.write([traced()])
    assert len(list(read_trace(tmp_path / "2026-11-24-2.jsonl.gz"))) == 1


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
    for name in ("2026-11-20.jsonl", "2026-11-21-2.jsonl.gz", "2026-11-22.jsonl", "2026-11-23.jsonl.gz", "notes.txt"):
        (tmp_path / name).write_text("")
    Trace(tmp_path, clock, keep_days=3).write([traced()])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026-11-22.jsonl", "2026-11-23.jsonl.gz", "2026-11-24.jsonl.gz", "notes.txt",
    ]  # fmt: skip


def test_a_day_ends_at_its_size(tmp_path: Path, clock: StillClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often an engine starts in it; the next day begins a file of its own."""
    monkeypatch.setattr(trace, "_MOST_BYTES", 1)
    for _ in range(2):
        kept = Trace(tmp_path, clock, keep_days=3)
        kept.write([traced()])
        kept.write([traced()])
    kept.write([traced(hours=24)])
    assert [len(list(read_trace(path))) for path in sorted(tmp_path.iterdir())] == [1, 1]


def test_a_line_holds_no_text_but_states_modes_and_the_reason(tmp_path: Path, clock: StillClock) -> None:
    """Nothing in it could be a person's name or number."""
    Trace(tmp_path, clock, keep_days=3).write([traced()])
    (decision,) = read_trace(tmp_path / "2026-11-24.jsonl.gz")
    line = json.loads(LineWriter().line(decision))

    def texts(value: object) -> set[str]:
        if isinstance(value, dict):
            return {text for one in value.values() for text in texts(one)}
        if isinstance(value, list):
            return {text for one in value for text in texts(one)}
        return {value} if isinstance(value, str) else set()

    assert texts(line) == {line["at"], "predictive", "ready", "talking", "wrap_up", line["because"], "rate"}


def test_the_policy_that_decided_differs_from_itself_nowhere(tmp_path: Path, clock: StillClock) -> None:
    """The same snapshot gives the same decision, after it was written and read, too."""
    moments = [moment(ready, talking, pending) for ready in range(4) for talking in (0, 6) for pending in (0, 8)]
    Trace(tmp_path, clock, keep_days=3).write([traced(one) for one in moments])
    found = replay(read_trace(tmp_path / "2026-11-24.jsonl.gz"), Name.PREDICTIVE)
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
    kept = Trace(tmp_path, clock, keep_days=3)
    kept.write([traced(moment(ready=3, pending=0)), traced(moment(ready=0))])
    kept.close()
    return tmp_path / "2026-11-24.jsonl.gz"


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
    [
        ("{}", ["line 3", "at"]),
        ("nonsense", ["line 3", "malformed"]),
        ('{"at": 5}', ["line 3", "$.at"]),
        (
            '{"at":"2026-11-24T01:30:00Z","campaign_id":9,"lines_free":1,"place":1,"placed":1,"because":""}',
            ["line 3", "missing"],
        ),
    ],
)
def test_a_wrong_line_is_named(file: Path, line: str, words: list[str]) -> None:
    """File, line, field and reason."""
    file.write_bytes(gzip.compress(gzip.decompress(file.read_bytes()) + line.encode() + b"\n"))
    with pytest.raises(TraceUnreadable) as caught:
        list(read_trace(file))
    said = CliRunner().invoke(command, ["pacing", str(file), "--policy", "predictive"])
    assert said.exit_code == 1
    for word in ["2026-11-24.jsonl.gz", *words]:
        assert word in str(caught.value)
        assert word in said.output


def test_a_file_that_is_damaged_is_named(file: Path) -> None:
    """Bytes in the middle are others than were written, or it is no gzip at all."""
    told = file.read_bytes()
    for damaged in (told[:40] + b"\xff" * 40 + told[80:], b"nonsense" * 9):
        file.write_bytes(damaged)
        with pytest.raises(TraceUnreadable, match=r"2026-11-24\.jsonl\.gz"):
            list(read_trace(file))
