"""The folder in which recordings are kept: ``YYYY/MM/DD/<call_id>.ogg`` (day of the answer in Japan), and
beside each its waveform ``<call_id>.json``.

A file appears under its own name only when it is complete, verified and on the disk: it is written in the folder
``.making`` of the same file system, flushed, and renamed.

Invariant: nothing under a final name is ever partial. Files are readable by their owner and group only.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

from recordings.errors import NoRoom
from recordings.model import Voices

_JST = timezone(timedelta(hours=9), "JST")
_PART = ".part"
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FREE_AT_LEAST = 64 * 2**20  # bytes that always stay free, for the database on the same disk


@dataclass(frozen=True, slots=True)
class Archive:
    """The archive below `root`. Methods block on the disk."""

    root: Path
    free_at_least: int = _FREE_AT_LEAST

    @property
    def _making(self) -> Path:
        return self.root / ".making"

    def path_of(self, call_id: UUID, started_at: datetime, suffix: str) -> str:
        """Where a recording belongs, relative to the root."""
        return f"{started_at.astimezone(_JST):%Y/%m/%d}/{call_id}{suffix}"

    def prepare(self, path: str, token: int, need_bytes: int) -> Path:
        """The temporary file to write for `path`; its folder is made.

        Args:
            token: the claim's number, so that two workers never write into one file.
            need_bytes: the most that will be written.

        Raises:
            NoRoom: less than that is free, or the archive can't be written.
        """
        target = self.root / path
        try:
            target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            self._making.mkdir(mode=0o750, exist_ok=True)
            free = shutil.disk_usage(self._making).free
        except OSError as error:
            raise NoRoom(f"the archive can't be written: {error.strerror}") from error
        if free < need_bytes + self.free_at_least:
            raise NoRoom(f"the disk of the archive is full: {free >> 20} MiB free, {need_bytes >> 20} MiB wanted")
        for left in self._making.glob(f"{target.stem}.*{_PART}"):  # of a run that was killed
            left.unlink(missing_ok=True)
        return self._making / f"{target.stem}.{token}{_PART}"

    def settle(self, part: Path) -> tuple[int, str]:
        """Flush `part` to the disk; return its size in bytes and its SHA-256 as hexadecimal."""
        part.chmod(0o640)
        digest = hashlib.sha256()
        size = 0
        with part.open("rb") as file:
            os.fsync(file.fileno())
            while piece := file.read(1 << 18):
                digest.update(piece)
                size += len(piece)
        return size, digest.hexdigest()

    def publish(self, part: Path, path: str, voices: Voices) -> None:
        """Give `part` its final name and put its waveform beside it. Repeating it changes nothing.

        Raises:
            NoRoom: the disk is full.
        """
        target = self.root / path
        waveform = peaks_path(target)
        drawing = part.with_name(f"{part.name}.json{_PART}")
        try:
            with drawing.open("w", encoding="ascii") as file:
                json.dump(_drawing(voices), file, separators=(",", ":"))
                file.flush()
                os.fchmod(file.fileno(), 0o640)
                os.fsync(file.fileno())
            drawing.replace(waveform)
            part.replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            if error.errno in _FULL:
                raise NoRoom("the disk of the archive is full") from error
            raise

    def clear(self, now: datetime, *, older_than_s: float) -> int:
        """Remove what killed runs left half made and nobody has written for so long; return how many files."""
        removed = 0
        for left in self._making.glob(f"*{_PART}"):
            try:
                changed_at = datetime.fromtimestamp(left.stat().st_mtime, UTC)
                if (now - changed_at).total_seconds() >= older_than_s:
                    left.unlink()
                    removed += 1
            except FileNotFoundError:  # its worker was quicker
                continue
        return removed

    def holds(self, path: str, size: int, sha256: str) -> bool:
        """Whether the stored file is there, byte for byte."""
        target = self.root / path
        try:
            if target.stat().st_size != size:
                return False
            with target.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == sha256
        except FileNotFoundError:
            return False


def peaks_path(stored: Path) -> Path:
    """The waveform that belongs to a stored file."""
    return stored.with_suffix(".json")


def _drawing(voices: Voices) -> dict[str, object]:
    return {
        "version": 1,
        "duration_ms": voices.duration_ms,
        "full_scale": 255,
        "callee": voices.callee_peaks,
        "agent": voices.agent_peaks,
    }


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
