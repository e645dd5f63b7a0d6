"""What is in a recording: tones, and prompts that are tones of their own."""

from __future__ import annotations

import wave
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
FRAME_S = 0.02
AUDIBLE = 10 ** (-25 / 20)  # amplitude of full scale: the test's tones lie between -16 and -12 dBFS

AGENT_HZ = 600
CALLEE_HZ = 1000
# Each far from the others and from their harmonics; the frames of 20 ms are 50 Hz wide.
PROMPT_HZ: Mapping[str, int] = {
    "abandoned": 1500, "interrupted": 1700, "closed": 2100, "busy_desk": 2500, "waiting": 2300, "waiting_music": 2700,
}  # fmt: skip
SIMULATED: Mapping[str, int] = {"callee_hello": 2900, "voicemail_greeting": 3100, "beep": 1400, "agent_hello": 3300}
PROMPT_S = 0.6
AGENT_SPEECH_S = 3.0


def write_test_prompts(folder: Path) -> None:
    """A short tone in place of each sentence: quick to play, and sure to be told from the others."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, hz in {**PROMPT_HZ, **SIMULATED}.items():
        length_s = AGENT_SPEECH_S if name == "agent_hello" else PROMPT_S
        t = np.arange(round(length_s * RATE_HZ)) / RATE_HZ
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes((np.sin(2 * np.pi * hz * t) * 0.25 * 32767).astype("<i2").tobytes())


def samples(path: Path) -> NDArray[np.float64]:
    """All samples of a recording, -1..1; read by size, for a file that is still written has no length yet."""
    raw = path.read_bytes()[44:]
    return np.frombuffer(raw[: len(raw) // 2 * 2], "<i2").astype(np.float64) / 32768


def seconds_of(path: Path) -> float:
    return len(samples(path)) / RATE_HZ


def frames_with(path: Path, hz: int) -> list[float]:
    """Starts (seconds into the file) of the 20 ms frames in which `hz` is heard."""
    size = round(FRAME_S * RATE_HZ)
    x = samples(path)
    frames = x[: len(x) // size * size].reshape(-1, size)
    wave_hz = np.exp(-2j * np.pi * hz * np.arange(size) / RATE_HZ)
    level = np.abs(frames @ wave_hz) * 2 / size
    return [float(i * FRAME_S) for i in np.nonzero(level > AUDIBLE)[0]]


def heard_for_s(path: Path, hz: int) -> float:
    """Seconds in all in which `hz` is heard."""
    return len(frames_with(path, hz)) * FRAME_S


def prompts_in(path: Path) -> set[str]:
    """Names of the prompts of our own Asterisk that are heard in full."""
    return {name for name, hz in PROMPT_HZ.items() if heard_for_s(path, hz) > 0.9 * PROMPT_S}
