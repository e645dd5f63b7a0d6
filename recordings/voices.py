"""How loud a voice is, and whether a tone is in it.

Levels are RMS against a full 16-bit scale (a full-scale sine is −3.0 dBFS), as ``sox stats`` and pydub
measure them; silence is `SILENCE_DBFS`, not minus infinity, so that a level is a number everywhere.

The tone detector is for tests and the demo, whose agents and callees sound a tone each: it is plain
Python and meant for files of seconds, not hours.
"""

from __future__ import annotations

import math
import subprocess
from collections.abc import Sequence
from pathlib import Path

from pydub import AudioSegment

from recordings.model import SAMPLE_BYTES, SAMPLE_RATE
from recordings.wav import WavReader, shape_of

SILENCE_DBFS = -96.0  # below one step of 16 bit
NO_VOICE_DBFS = -60.0  # comfort noise and echo lie below, a voice on the telephone far above

_FULL_SCALE = 32768.0
_BLOCK_S = 0.1
_DECODE_TIMEOUT_S = 60.0


def dbfs(rms: float) -> float:
    """Level of an RMS amplitude 0..32768, −96.0..0.0 dBFS."""
    if rms <= 0:
        return SILENCE_DBFS
    return max(SILENCE_DBFS, 20 * math.log10(rms / _FULL_SCALE))


def level(path: Path) -> float:
    """RMS level of a voice's WAV file, dBFS.

    Raises:
        Missing: no such file, or not 8 kHz 16-bit mono.
    """
    shape = shape_of(path)
    meter = LevelMeter()
    with WavReader(shape) as reader:
        left = shape.frames
        while left:
            piece = min(left, 10 * SAMPLE_RATE)
            meter.add(segment(reader.read(piece)))
            left -= piece
    return meter.dbfs


def segment(data: bytes, channels: int = 1) -> AudioSegment:
    """8 kHz 16-bit sound as pydub's type."""
    return AudioSegment(data=data, sample_width=SAMPLE_BYTES, frame_rate=SAMPLE_RATE, channels=channels)


class LevelMeter:
    """RMS over pieces of one voice."""

    def __init__(self) -> None:
        self._energy = 0.0
        self._frames = 0

    def add(self, piece: AudioSegment) -> None:
        frames = int(piece.frame_count())
        self._energy += float(piece.rms) ** 2 * frames
        self._frames += frames

    @property
    def dbfs(self) -> float:
        """Level of all pieces so far, −96.0..0.0 dBFS."""
        return dbfs(math.sqrt(self._energy / self._frames)) if self._frames else SILENCE_DBFS


def tone_level(source: Path | Sequence[int], hz: float, *, channel: int = 0, rate: int = SAMPLE_RATE) -> float:
    """Level of a tone of `hz` hertz, dBFS RMS (a full-scale tone is −3.0).

    Goertzel's filter over blocks of 0.1 s whose powers are averaged, so a tone that starts late, pauses
    or jumps in phase is still found: one that sounds half of the time reads 3 dB less. Neighbours more
    than 20 Hz away leak in below −40 dB relative to themselves (Hann window).

    Args:
        source: a file (WAV, or anything that ffmpeg decodes), or samples of 16 bit.
        channel: of a file: 0 = left (callee), 1 = right (agent).
        rate: of the samples, Hz; files are always taken at 8 kHz.

    Source: G. Goertzel, "An Algorithm for the Evaluation of Finite Trigonometric Series", 1958.
    """
    samples = read_channel(source, channel) if isinstance(source, Path) else source
    size = round(_BLOCK_S * rate)
    window = [0.5 - 0.5 * math.cos(2 * math.pi * n / size) for n in range(size)]
    turn = 2 * math.cos(2 * math.pi * hz / rate)
    powers = []
    for start in range(0, len(samples) - size + 1, size):
        before = last = 0.0
        for weight, sample in zip(window, samples[start : start + size], strict=True):
            before, last = last, weight * sample + turn * last - before
        amplitude_squared = (last * last + before * before - turn * last * before) * (4 / size) ** 2
        powers.append(amplitude_squared / 2)
    return dbfs(math.sqrt(sum(powers) / len(powers))) if powers else SILENCE_DBFS


def read_channel(path: Path, channel: int) -> Sequence[int]:
    """Samples of one channel of a file at 8 kHz, the whole file in memory: for short files.

    Raises:
        subprocess.CalledProcessError: ffmpeg can't decode it.
    """
    made = subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", str(path), "-af", f"pan=mono|c0=c{channel}",
         "-ar", str(SAMPLE_RATE), "-f", "s16le", "-"],
        stdout=subprocess.PIPE, check=True, timeout=_DECODE_TIMEOUT_S,
    )  # fmt: skip
    samples: Sequence[int] = segment(made.stdout).get_array_of_samples()
    return samples
