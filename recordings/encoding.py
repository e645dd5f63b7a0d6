"""Encodes joined stereo with ffmpeg, and decodes what was written to see that it is whole.

ffmpeg runs as a process of its own with one thread: an encoder that crashes or hangs costs one try, not
the worker. The default is Opus in Ogg at 32 kbit/s at most for both voices: 100 hours a seat (requirement
CALL-2) are about 1.3 GB. Ogg's pages and FLAC's frames carry checksums, which the decoder checks.

Invariant: the same sound gives the same bytes (``bitexact``), so a repeated run changes nothing.

Source: RFC 6716 and 7845 (Opus, Ogg Opus); ffmpeg 5.1 manual, "libopus" and "Format Options".
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from recordings.errors import EncodeFailed, NoRoom, VerifyFailed
from recordings.joining import Joining
from recordings.model import SAMPLE_RATE, Voices

Format = Literal["opus", "flac", "wav"]

TIMEOUT_S = 900.0  # for ten hours of sound and more: an hour takes about 10 s of a processor
_CHUNK_TIMEOUT_S = 60.0  # for one piece of some seconds

_QUIET = ("ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-threads", "1")
_INPUT = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "2", "-i", "pipe:0")
_EXACT = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:a", "+bitexact")


@dataclass(frozen=True, slots=True)
class Encoder:
    """How one format is written."""

    suffix: str
    muxer: str
    options: tuple[str, ...]


ENCODERS: dict[Format, Encoder] = {
    # 'audio', not 'voip': the latter couples the sides, so that one hears the agent on the callee's (−14 dB at 24k,
    # measured; here −36 dB and less). Level 5 of 10: three fifths of the processor time for the same size at 8 kHz.
    "opus": Encoder(
        ".ogg",
        "ogg",
        ("-c:a", "libopus", "-b:a", "32k", "-application", "audio", "-compression_level", "5"),
    ),
    "flac": Encoder(".flac", "flac", ("-c:a", "flac")),
    "wav": Encoder(".wav", "wav", ("-c:a", "pcm_s16le")),
}


async def encode(joining: Joining, target: Path, encoder: Encoder) -> Voices:
    """Write `joining` to `target`; return what was measured on the way.

    The loop stays free: pieces are read and joined in a thread, ffmpeg is awaited. When cancelled,
    ffmpeg is killed and the unfinished file stays for the next run to overwrite.

    Raises:
        NoRoom: the disk is full.
        EncodeFailed: ffmpeg is missing, refused, hung or died.
    """
    process = await _start(*_QUIET, "-y", *_INPUT, *encoder.options, *_EXACT, "-f", encoder.muxer, str(target))
    assert process.stdin is not None
    assert process.stderr is not None
    complaints = asyncio.create_task(process.stderr.read())
    try:
        async with asyncio.timeout(TIMEOUT_S):
            with suppress(BrokenPipeError, ConnectionResetError):  # it died; its words follow
                while piece := await asyncio.to_thread(joining.read):
                    process.stdin.write(piece)
                    async with asyncio.timeout(_CHUNK_TIMEOUT_S):
                        await process.stdin.drain()
            process.stdin.close()
            said = (await complaints).decode(errors="replace").strip()
            status = await process.wait()
    except TimeoutError as error:
        raise EncodeFailed("ffmpeg did not finish in time") from error
    finally:
        await _end(process)
        complaints.cancel()
    if status != 0 or said:
        # ffmpeg 5.1 exits with 0 when the trailer can't be written: its words count as much as its status.
        if "No space left" in said or "Disk quota exceeded" in said:
            raise NoRoom("the disk of the archive is full")
        raise EncodeFailed(f"ffmpeg ended with {status}: {_last_line(said)}")
    return joining.voices


async def decoded_ms(path: Path) -> int:
    """Decode all of `path` and return its length in milliseconds.

    Raises:
        VerifyFailed: anything in it can't be decoded.
        EncodeFailed: ffmpeg is missing or hung.
    """
    process = await _start(
        *_QUIET, "-xerror", "-i", str(path),
        "-f", "null", "-nostats", "-progress", "pipe:1", "-",
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT_S):
            told, said = await process.communicate()
    except TimeoutError as error:
        raise EncodeFailed("ffmpeg did not finish decoding in time") from error
    finally:
        await _end(process)
    if process.returncode != 0 or said:
        raise VerifyFailed(f"the encoded file can't be decoded: {_last_line(said.decode(errors='replace'))}")
    times = [line.partition(b"=")[2] for line in told.splitlines() if line.startswith(b"out_time_us=")]
    if not times or not times[-1].isdigit():
        raise VerifyFailed("the encoded file holds no sound")
    return round(int(times[-1]) / 1000)


async def _start(*command: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    try:
        return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    except OSError as error:
        raise EncodeFailed(f"ffmpeg can't be started: {error.strerror}") from error


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _last_line(said: str) -> str:
    return said.strip().rpartition("\n")[2][-200:] or "no reason given"
