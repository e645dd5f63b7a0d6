"""When files are complete, what is said about them, where they go."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from recordings import spool
from recordings.archive import Archive
from recordings.errors import Empty, Missing, NoRoom, NotComplete, RecordingError
from recordings.model import Claim, Voices
from tests.fixtures_recordings import NOON, asterisk_wav, lay, lay_call, tone

CALL = UUID("00000000-0000-4000-8000-000000000001")
AT_ONCE, SETTLED = NOON + timedelta(seconds=0.1), NOON + timedelta(seconds=spool.SETTLE_S + 1)


def _claim(seconds: float) -> Claim:
    return Claim(CALL, NOON - timedelta(seconds=seconds), NOON, 1)


def test_closed_files_are_taken_at_once(tmp_path: Path) -> None:
    """An ordinary recording waits for nothing."""
    lay_call(tmp_path, CALL, 2.0)
    sources = spool.gather(tmp_path, _claim(2.0), AT_ONCE)
    assert (sources.frames, sources.cut) == (16000, False)
    assert spool.remarks(sources, _claim(2.0)) is None


def test_open_files_are_left_alone_until_nobody_writes(tmp_path: Path) -> None:
    """A file that Asterisk may still write is not stored half."""
    lay_call(tmp_path, CALL, 4.0, closed=False)
    with pytest.raises(NotComplete):
        spool.gather(tmp_path, _claim(4.0), AT_ONCE)
    sources = spool.gather(tmp_path, _claim(4.0), SETTLED)
    assert (sources.frames, sources.cut) == (32000, True)
    assert spool.remarks(sources, _claim(4.0)) == "Asterisk ended while it was being written"


def test_a_stamp_in_the_future_does_not_wait_for_ever(tmp_path: Path) -> None:
    """After the machine's clock was set back, open files are taken all the same."""
    lay_call(tmp_path, CALL, 4.0, closed=False, changed_at=NOON + timedelta(days=1))
    assert spool.gather(tmp_path, _claim(4.0), SETTLED).cut


@pytest.mark.parametrize(
    ("seconds", "files", "error"),
    [
        (0.3, {}, Empty),
        (0.3, {"-callee": b"", "-agent": b""}, Empty),
        (0.3, {"-callee": b""}, Empty),
        (30.0, {}, Missing),
        (30.0, {"-callee": b"", "-agent": b""}, Missing),
        (30.0, {"-callee": tone(1000, 30.0)}, Missing),
        (0.3, {"-agent": tone(1000, 0.3)}, Missing),
    ],
)
def test_a_short_call_without_sound_is_empty_a_long_one_is_missing(
    tmp_path: Path, seconds: float, files: dict[str, bytes], error: type[RecordingError]
) -> None:
    """Answered and gone at once is ordinary; a long call without its sound is a fault. Neither is judged too early."""
    for suffix, sound in files.items():
        lay(tmp_path / f"{CALL}{suffix}.wav", asterisk_wav(sound))
    with pytest.raises(NotComplete):
        spool.gather(tmp_path, _claim(seconds), AT_ONCE)
    with pytest.raises(error):
        spool.gather(tmp_path, _claim(seconds), SETTLED)


def test_a_spool_that_is_not_mounted_costs_no_recording(tmp_path: Path) -> None:
    """The rows wait until it is there again."""
    with pytest.raises(NoRoom):
        spool.gather(tmp_path / "gone", _claim(30.0), SETTLED)


def test_lengths_that_don_t_agree_are_remarked(tmp_path: Path) -> None:
    """What is there is stored, and people are told what is not."""
    lay(tmp_path / f"{CALL}-callee.wav", asterisk_wav(tone(1000, 10.0)))
    lay(tmp_path / f"{CALL}-agent.wav", asterisk_wav(tone(600, 5.0)))
    sources = spool.gather(tmp_path, _claim(30.0), SETTLED)
    said = spool.remarks(sources, _claim(30.0))
    assert said == "10.0 s recorded of a call of 30.0 s; one voice is 5.0 s shorter, filled with silence"


def test_only_old_calls_with_our_names_are_found(tmp_path: Path) -> None:
    """A call counts as old when its youngest file is."""
    old, fresh, mixed = uuid4(), uuid4(), uuid4()
    lay_call(tmp_path, old, 0.1)
    lay_call(tmp_path, fresh, 0.1, changed_at=NOON + timedelta(hours=2))
    lay_call(tmp_path, mixed, 0.1)
    lay(tmp_path / f"{mixed}.wav", b"", NOON + timedelta(hours=2))
    lay(tmp_path / "notes.wav", b"")
    found = dict(spool.calls_in(tmp_path, NOON + timedelta(hours=2), older_than_s=3600))
    assert set(found) == {old}
    assert len(found[old]) == 3


VOICES = Voices(8000, -12.0, -20.0, (200, 100), (30, 20))


def test_a_day_in_the_archive_is_a_day_in_japan(tmp_path: Path) -> None:
    """A call at 00:30 in Japan is found under that day, not under the UTC one."""
    at = datetime(2026, 11, 19, 15, 30, tzinfo=UTC)
    assert Archive(tmp_path).path_of(CALL, at, ".ogg") == f"2026/11/20/{CALL}.ogg"


def test_a_published_file_has_its_waveform_beside_it_and_nothing_temporary_is_left(tmp_path: Path) -> None:
    """The player finds both; others can't read either."""
    archive = Archive(tmp_path, free_at_least=0)
    path = archive.path_of(CALL, NOON, ".ogg")
    left = tmp_path / path
    part = archive.prepare(path, 1, 100)
    part.write_bytes(b"half")
    part = archive.prepare(path, 2, 100)  # a second run clears what the first left
    part.write_bytes(b"sound")
    size, sha256 = archive.settle(part)
    archive.publish(part, path, VOICES)
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == [f"{CALL}.json", f"{CALL}.ogg"]
    assert json.loads(left.with_suffix(".json").read_text()) == {
        "version": 1,
        "duration_ms": 1000,
        "full_scale": 255,
        "callee": [200, 100],
        "agent": [30, 20],
    }
    assert [oct(p.stat().st_mode)[-3:] for p in left.parent.iterdir()] == ["640", "640"]
    assert archive.holds(path, size, sha256)
    left.write_bytes(b"sounD")
    assert not archive.holds(path, size, sha256)


def test_what_a_killed_run_left_half_made_is_cleared_when_it_is_old(tmp_path: Path) -> None:
    """It holds a voice, so it must not lie there for ever; a file that is being written stays."""
    archive = Archive(tmp_path, free_at_least=0)
    lay(archive.prepare("2026/11/20/a.ogg", 1, 0), b"old", NOON)
    young = lay(archive.prepare("2026/11/20/b.ogg", 1, 0), b"young", NOON + timedelta(hours=2))
    assert archive.clear(NOON + timedelta(hours=2), older_than_s=3600) == 1
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == [young]


def test_a_full_archive_is_seen_before_it_is_written(tmp_path: Path) -> None:
    """The message says how much is free and how much was wanted."""
    with pytest.raises(NoRoom, match="MiB free, 1 MiB wanted"):
        Archive(tmp_path, free_at_least=2**60).prepare("2026/11/20/a.ogg", 1, 2**20)
