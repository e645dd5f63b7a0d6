"""The spoken sentences are what a telephone line takes."""

from __future__ import annotations

import array
import math
import wave
from pathlib import Path

import pytest

from dialer.asterisk.templates import PROMPTS

SPEECH = sorted(path for path in PROMPTS.glob("*.wav") if path.stem not in ("beep", "waiting_music"))


def level_dbfs(values: array.array[int]) -> float:
    return 20 * math.log10(math.sqrt(sum(v * v for v in values) / len(values)) / 32768)


@pytest.mark.parametrize("path", sorted(PROMPTS.glob("*.wav")), ids=lambda path: path.stem)
def test_a_prompt_is_8_khz_mono_16_bit(path: Path) -> None:
    """Asterisk plays it as it is, without resampling, and nothing is cut at the top."""
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        values = array.array("h", file.readframes(file.getnframes()))
    assert 20 * math.log10(max(map(abs, values)) / 32768) < -3


@pytest.mark.parametrize("path", SPEECH, ids=lambda path: path.stem)
def test_speech_is_as_loud_as_the_other_sentences(path: Path) -> None:
    """-20 dBFS ± 2 without the pauses around it, and it begins after a pause, so that no first syllable is lost."""
    with wave.open(str(path)) as file:
        values = array.array("h", file.readframes(file.getnframes()))
    pause, end = values[: 8000 // 5], values[-8000 // 4 :]
    assert max(map(abs, pause)) < 200
    assert max(map(abs, end)) < 200
    assert -22 < level_dbfs(values[8000 // 5 : -8000 * 3 // 10]) < -18


def test_each_text_has_its_sound_and_each_sound_its_text() -> None:
    """texts.tsv and the files say the same list."""
    texts = [line.split("\t") for line in (PROMPTS / "texts.tsv").read_text(encoding="utf-8").splitlines()]
    assert {name for name, _ in texts} == {path.stem for path in SPEECH}
    assert all(text.endswith("。") for _, text in texts)
