"""Reads the WAV files that Asterisk writes, also those whose writer was killed.

Asterisk 22 writes the header with length 0 when it opens the file, the sound in pieces of 32 KiB (every 2.05 s),
and the true length when it closes the file; a killed Asterisk leaves the 0 and loses the last piece. So the
length is taken from the size of the file, and the header only tells whether the file was closed. In its first two
seconds an open file looks like a closed one without sound (44 bytes, length 0): that is not taken for closed.

Invariant: a source is only read, never written: what Asterisk left stays as it is.

Source: Asterisk 22 ``formats/format_wav.c``; RIFF "Multimedia Programming Interface and Data
Specifications 1.0", chapter 3 (WAVE).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from recordings.errors import Missing
from recordings.model import SAMPLE_BYTES, SAMPLE_RATE

_HEADER_AT_MOST = 4096  # bytes before the sound; Asterisk writes 44
_PCM = 1


@dataclass(frozen=True, slots=True)
class WavShape:
    """Where the sound of one file lies. `closed`: there is sound and the header agrees with the size."""

    path: Path
    offset: int
    frames: int
    closed: bool


def shape_of(path: Path) -> WavShape:
    """Look at the header and the size of `path`.

    A file that is too short to hold a header (its writer had written nothing yet) has no frames.

    Raises:
        Missing: there is no such file, or it isn't 8 kHz 16-bit mono PCM.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_AT_MOST)
            size = file.seek(0, 2)
    except FileNotFoundError as error:
        raise Missing(f"{path.name} is not in the spool") from error
    if size < 12:
        return WavShape(path, size, 0, closed=False)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        raise Missing(f"{path.name} is no WAV file")
    at = 12
    while at + 8 <= len(head):
        kind, length = struct.unpack_from("<4sI", head, at)
        at += 8
        if kind == b"data":
            frames = max(0, size - at) // SAMPLE_BYTES
            return WavShape(path, at, frames, closed=0 < length == size - at)
        if kind == b"fmt " and at + 16 <= len(head):
            coding, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", head, at)
            if (coding, channels, rate, bits) != (_PCM, 1, SAMPLE_RATE, 8 * SAMPLE_BYTES):
                raise Missing(f"{path.name} is not 8 kHz 16-bit mono but {rate} Hz {bits}-bit, {channels} channels")
        at += length + length % 2
    return WavShape(path, size, 0, closed=False)


class WavReader:
    """The sound of one file in pieces; silence after its end.

    Reads by the length in `shape`, whatever the header says. Use as a context manager.
    """

    def __init__(self, shape: WavShape) -> None:
        self._file = shape.path.open("rb")
        self._file.seek(shape.offset)
        self._left = shape.frames

    def read(self, frames: int) -> bytes:
        """Exactly `frames` frames; what the file lacks is silence."""
        take = min(frames, self._left)
        data = self._file.read(take * SAMPLE_BYTES)
        self._left -= take
        return data.ljust(frames * SAMPLE_BYTES, b"\0")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
