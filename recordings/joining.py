"""Joins callee (left) and agent (right) to stereo and measures both on the way.

One pass over both files in pieces of some seconds, so an hour needs no more memory than a minute.
pydub does the joining and the measuring: at one rate that is cutting and interleaving, which it does
right and in a sixth of the processor time of an ffmpeg filter graph (docs/recordings.md has the figures). It
never changes a rate here.

Invariant: the shorter voice is followed by silence; nothing of the longer is cut.
"""

from __future__ import annotations

import math
from types import TracebackType
from typing import Self

from pydub import AudioSegment

from recordings.model import SAMPLE_BYTES, SAMPLE_RATE, Voices
from recordings.voices import LevelMeter, segment
from recordings.wav import WavReader, WavShape

POINTS = 600  # of a waveform at most; a player is about as wide
_POINT_AT_LEAST = SAMPLE_RATE // 50  # frames: 20 ms
_PIECE_FRAMES = 10 * SAMPLE_RATE


class _Meter:
    """Level and peaks of one voice."""

    def __init__(self, point_frames: int) -> None:
        self._point_bytes = point_frames * SAMPLE_BYTES
        self._level = LevelMeter()
        self.peaks: list[int] = []

    def add(self, piece: AudioSegment) -> None:
        self._level.add(piece)
        data = piece.raw_data
        for start in range(0, len(data), self._point_bytes):
            self.peaks.append(min(255, segment(data[start : start + self._point_bytes]).max >> 7))

    @property
    def dbfs(self) -> float:
        return self._level.dbfs


class Joining:
    """Both voices as interleaved 16-bit stereo, piece by piece.

    Use as a context manager; read until ``b""``, then ask for `voices`.
    """

    def __init__(self, callee: WavShape, agent: WavShape) -> None:
        self._callee, self._agent = WavReader(callee), WavReader(agent)
        self._frames = max(callee.frames, agent.frames)
        self._left = self._frames
        point = max(_POINT_AT_LEAST, math.ceil(self._frames / POINTS))
        self._piece = max(1, _PIECE_FRAMES // point) * point  # whole points in each piece
        self._callee_meter, self._agent_meter = _Meter(point), _Meter(point)

    def read(self) -> bytes:
        """The next piece, some seconds of stereo; empty at the end. Blocks on the disk: call it in a thread."""
        frames = min(self._piece, self._left)
        if frames == 0:
            return b""
        self._left -= frames
        callee, agent = segment(self._callee.read(frames)), segment(self._agent.read(frames))
        self._callee_meter.add(callee)
        self._agent_meter.add(agent)
        stereo: bytes = AudioSegment.from_mono_audiosegments(callee, agent).raw_data
        return stereo

    @property
    def voices(self) -> Voices:
        """What was measured; complete when `read` has returned ``b""``."""
        assert self._left == 0, "read to the end first"
        return Voices(
            self._frames,
            self._callee_meter.dbfs,
            self._agent_meter.dbfs,
            tuple(self._callee_meter.peaks),
            tuple(self._agent_meter.peaks),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._callee.__exit__(kind, error, trace)
        self._agent.__exit__(kind, error, trace)
