"""Levels, tones, and the joining of two voices."""

from __future__ import annotations

import tempfile
from array import array
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.joining import POINTS, Joining
from recordings.voices import SILENCE_DBFS, level, tone_level
from recordings.wav import shape_of
from tests.fixtures_recordings import asterisk_wav, lay, tone


def _samples(sound: bytes) -> array[int]:
    return array("h", sound)


@pytest.mark.parametrize("dbfs", [-3.1, -12.0, -40.0])
def test_the_level_of_a_tone_is_its_rms(tmp_path: Path, dbfs: float) -> None:
    """The same figure as sox and pydub give, to a tenth of a decibel."""
    assert level(lay(tmp_path / "a.wav", asterisk_wav(tone(1000, 12.0, dbfs)))) == pytest.approx(dbfs, abs=0.1)


def test_silence_has_a_level_that_is_a_number(tmp_path: Path) -> None:
    """Minus infinity is no JSON and no useful column."""
    assert level(lay(tmp_path / "a.wav", asterisk_wav(b"\0" * 1600))) == SILENCE_DBFS
    assert level(lay(tmp_path / "b.wav", asterisk_wav(b""))) == SILENCE_DBFS


def test_a_tone_is_found_and_another_is_not() -> None:
    """600 and 1000 Hz, the voices of the simulation, are told apart by more than 40 dB."""
    samples = _samples(tone(1000, 1.0, -12.0))
    assert tone_level(samples, 1000) == pytest.approx(-12.0, abs=0.1)
    assert tone_level(samples, 600) < -55


def test_a_tone_that_jumps_in_phase_is_still_found() -> None:
    """A jitter buffer that skips must not hide an agent's voice."""
    pieces = b"".join(tone(600, 0.33 + 0.0007 * n, -12.0) for n in range(10))
    assert tone_level(_samples(pieces), 600) == pytest.approx(-12.0, abs=1.0)


def test_a_tone_half_of_the_time_reads_3_db_less() -> None:
    """The level is over the whole length, pauses included."""
    assert tone_level(_samples(tone(600, 1.0, -12.0) + b"\0" * 16000), 600) == pytest.approx(-15.0, abs=0.2)


def test_too_short_a_sound_has_no_tone() -> None:
    """Less than one block gives silence, not an error."""
    assert tone_level(_samples(tone(600, 0.05)), 600) == SILENCE_DBFS


def _join(folder: Path, callee: bytes, agent: bytes) -> tuple[bytes, Joining]:
    a, b = (lay(folder / f"{n}.wav", asterisk_wav(sound)) for n, sound in (("callee", callee), ("agent", agent)))
    with Joining(shape_of(a), shape_of(b)) as joining:
        return b"".join(iter(joining.read, b"")), joining


@given(
    st.lists(st.integers(-32768, 32767), max_size=2500),
    st.lists(st.integers(-32768, 32767), max_size=2500),
)
def test_the_callee_is_left_the_agent_right_and_nothing_is_lost(callee: list[int], agent: list[int]) -> None:
    """Sample for sample, whatever the lengths; the shorter ends in silence."""
    with tempfile.TemporaryDirectory() as folder:
        stereo, joining = _join(Path(folder), array("h", callee).tobytes(), array("h", agent).tobytes())
    frames = max(len(callee), len(agent))
    expected = np.zeros((frames, 2), np.int16)
    expected[: len(callee), 0] = callee
    expected[: len(agent), 1] = agent
    assert np.array_equal(np.frombuffer(stereo, np.int16).reshape(-1, 2), expected)
    assert joining.voices.frames == frames


@pytest.mark.parametrize("seconds", [0.08, 0.5, 30.0, 95.3])
def test_a_waveform_has_one_peak_a_stretch_and_never_too_many(tmp_path: Path, seconds: float) -> None:
    """Both voices have the same number of points, at most as many as a player shows."""
    _, joining = _join(tmp_path, tone(1000, seconds, -3.1), tone(600, seconds / 2, -20.0))
    voices = joining.voices
    assert len(voices.callee_peaks) == len(voices.agent_peaks) <= POINTS
    assert max(voices.callee_peaks) == pytest.approx(252, abs=4)
    assert voices.agent_peaks[-1] == 0
    assert max(voices.agent_peaks) == pytest.approx(36, abs=2)


def test_pieces_stay_small_however_long_the_call_is(tmp_path: Path) -> None:
    """An hour must not need more memory than a minute."""
    hour = asterisk_wav(b"")[:44] + b"\0"
    for name in ("a.wav", "b.wav"):
        with (tmp_path / name).open("wb") as file:
            file.write(hour)
            file.truncate(44 + 3600 * 16000)
    with Joining(shape_of(tmp_path / "a.wav"), shape_of(tmp_path / "b.wav")) as joining:
        sizes = [len(piece) for piece in iter(joining.read, b"")]
    assert max(sizes) <= 400_000
    assert sum(sizes) == 3600 * 32000
    assert joining.voices.duration_ms == 3_600_000
