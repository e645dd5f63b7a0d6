"""The folder into which Asterisk records while a call is up, and when its files are complete.

Three files a call, 8 kHz 16-bit mono WAV: ``<call_id>-callee.wav`` (what the callee says), ``<call_id>-agent.wav``
(what the agent, or a prompt, says to the callee) and ``<call_id>.wav`` (both mixed: a reserve for people, never used
by the worker).

Invariant: a file is removed only by `remove`, and that is called only for what is verified in the archive
or holds no sound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from recordings.errors import Empty, Missing, NoRoom, NotComplete
from recordings.model import SAMPLE_RATE, Claim
from recordings.wav import WavShape, shape_of

SETTLE_S = 10.0  # Asterisk writes every 2 s; a file that is unchanged for this long has no writer
TOLERANCE_S = 2.0  # between the length of the call and that of its files

_NAME = re.compile(r"(?P<call>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:-callee|-agent)?\.wav")


@dataclass(frozen=True, slots=True)
class Sources:
    """Both voices of one call, complete. `cut`: the writer was killed, the end may be missing."""

    callee: WavShape
    agent: WavShape
    cut: bool

    @property
    def frames(self) -> int:
        return max(self.callee.frames, self.agent.frames)


def files_of(spool: Path, call_id: UUID) -> tuple[Path, Path, Path]:
    """Callee's voice, agent's voice, mixed."""
    return spool / f"{call_id}-callee.wav", spool / f"{call_id}-agent.wav", spool / f"{call_id}.wav"


def gather(spool: Path, claim: Claim, now: datetime) -> Sources:
    """The voices of a call that has hung up.

    Raises:
        NotComplete: Asterisk may still be writing; look again later.
        NoRoom: the spool itself is not there (not mounted).
        Empty: the call was shorter than `TOLERANCE_S` and nothing was recorded.
        Missing: it was longer, and a voice's file is not there or nothing is in either.
    """
    if not spool.is_dir():
        raise NoRoom(f"the spool folder {spool.name} is not there")
    short = claim.expected_s is not None and claim.expected_s <= TOLERANCE_S
    settled = (now - claim.ended_at).total_seconds() >= SETTLE_S
    callee_path, agent_path, _ = files_of(spool, claim.call_id)
    there = [path for path in (callee_path, agent_path) if path.exists()]
    if len(there) < 2:
        if not settled:
            raise NotComplete("the files are not there yet")
        if short and all(shape_of(path).frames == 0 for path in there):
            raise Empty("the call ended before anything was recorded")
        lacking = [path.name for path in (callee_path, agent_path) if path not in there]
        raise Missing(f"not in the spool: {', '.join(lacking)}")
    callee, agent = shape_of(callee_path), shape_of(agent_path)
    for shape in (callee, agent):
        if not shape.closed and not _quiet(shape.path, now):
            raise NotComplete("Asterisk has not closed the files yet")
    sources = Sources(callee, agent, cut=not (callee.closed and agent.closed))
    if sources.frames == 0:
        if short:
            raise Empty("the call ended before anything was recorded")
        raise Missing("the files are there but hold no sound")
    return sources


def _quiet(path: Path, now: datetime) -> bool:
    # A stamp in the future (a stepped clock) must not keep a recording waiting for ever: hence abs().
    return abs((now - datetime.fromtimestamp(path.stat().st_mtime, UTC)).total_seconds()) >= SETTLE_S


def remarks(sources: Sources, claim: Claim) -> str | None:
    """What people should know about a recording that is stored all the same; None = as it should be."""
    found = []
    length_s = sources.frames / SAMPLE_RATE
    if sources.cut:
        found.append("Asterisk ended while it was being written")
    if claim.expected_s is not None and abs(length_s - claim.expected_s) > TOLERANCE_S:
        found.append(f"{length_s:.1f} s recorded of a call of {claim.expected_s:.1f} s")
    apart_s = abs(sources.callee.frames - sources.agent.frames) / SAMPLE_RATE
    if apart_s > TOLERANCE_S:
        found.append(f"one voice is {apart_s:.1f} s shorter, filled with silence")
    return "; ".join(found) or None


def remove(spool: Path, call_id: UUID) -> None:
    """Remove the files of one call; those already gone don't matter."""
    for path in files_of(spool, call_id):
        path.unlink(missing_ok=True)


def calls_in(spool: Path, now: datetime, *, older_than_s: float) -> Iterator[tuple[UUID, list[Path]]]:
    """Calls with files in the spool of which none was changed in the last `older_than_s` seconds."""
    found: dict[UUID, list[Path]] = {}
    fresh: set[UUID] = set()
    for path in spool.glob("*.wav"):
        if (name := _NAME.fullmatch(path.name)) is None:
            continue
        call_id = UUID(name["call"])
        try:
            changed_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except FileNotFoundError:  # a worker took it meanwhile
            continue
        found.setdefault(call_id, []).append(path)
        if (now - changed_at).total_seconds() < older_than_s:
            fresh.add(call_id)
    yield from ((call_id, paths) for call_id, paths in found.items() if call_id not in fresh)
