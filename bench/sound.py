"""When a tone begins in a recording, and for how long it is there.

Pure but for reading files. Frames of 5 ms: a tone of 600 or 1000 Hz has 3 or 5 whole periods in one, so each falls on
a line of its own of the discrete Fourier transform and the other is not seen.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
FRAME_S = 0.005
AGENT_HZ = 600
CALLEE_HZ = 1000

_FRAME = round(RATE_HZ * FRAME_S)
_STEADY_FRAMES = 4  # 20 ms, one packet: a click is shorter
_AUDIBLE = 10 ** (-30 / 20)  # of full scale; the tones are at about -6 to -16 dBFS
_DECODE_TIMEOUT_S = 30.0

Samples = NDArray[np.float64]


def samples(wav: Path) -> Samples:
    """All samples of an 8 kHz 16-bit mono WAV as Asterisk writes it, -1..1, whatever its header says of its length."""
    raw = wav.read_bytes()[44:]
    return np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.float64) / 32768


def decoded(path: Path) -> tuple[Samples, Samples]:
    """Left and right of an encoded stereo file, -1..1 at 8 kHz; blocks while ffmpeg works."""
    command = [
        "ffmpeg",
        "-nostdin",
        "-v",
        "error",
        "-i",
        str(path),
        "-f",
        "s16le",
        "-ac",
        "2",
        "-ar",
        str(RATE_HZ),
        "-",
    ]
    raw = subprocess.run(command, capture_output=True, check=True, timeout=_DECODE_TIMEOUT_S).stdout
    both = np.frombuffer(raw, "<i2").astype(np.float64).reshape(-1, 2) / 32768
    return both[:, 0], both[:, 1]


def onset_s(x: Samples, hz: int) -> float | None:
    """Seconds into `x` at which `hz` begins to sound for at least 20 ms; None = never."""
    heard = _heard(x, hz)
    for start in np.nonzero(heard)[0]:
        if heard[start : start + _STEADY_FRAMES].sum() == _STEADY_FRAMES:
            return float(start * FRAME_S)
    return None


def heard_for_s(x: Samples, hz: int) -> float:
    """Seconds in all in which `hz` sounds."""
    return float(_heard(x, hz).sum() * FRAME_S)


def _heard(x: Samples, hz: int) -> NDArray[np.bool_]:
    frames = x[: len(x) // _FRAME * _FRAME].reshape(-1, _FRAME)
    turn = np.exp(-2j * np.pi * hz * np.arange(_FRAME) / RATE_HZ)
    return np.asarray(np.abs(frames @ turn) * 2 / _FRAME > _AUDIBLE)
