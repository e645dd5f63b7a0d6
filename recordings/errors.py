"""The tree of errors of this folder; each class says what the worker does with the row.

    RecordingError
    ├── TryLater                nothing is wrong with the recording; not counted as a try
    │   ├── NotComplete         Asterisk may still be writing                  not_complete
    │   └── NoRoom              archive full, or a folder is not there         no_room
    ├── StepFailed              tried again with a growing delay
    │   ├── EncodeFailed        ffmpeg refused or died                         encode_failed
    │   └── VerifyFailed        the encoded file is not what went in           verify_failed
    └── NothingToStore          final at once, the sources are kept
        ├── Missing             a voice's file is not there, or not ours       missing
        └── Empty               the call ended before anything was recorded    empty

Invariant: no message names a person or a telephone number; a call's id is no secret.
"""

from __future__ import annotations

from typing import ClassVar


class RecordingError(Exception):
    """Root of the tree; `code` is stable and begins the row's ``problem``."""

    code: ClassVar[str] = "recording_error"

    @property
    def problem(self) -> str:
        """``code: sentence``, as written into the row."""
        return f"{self.code}: {self}"


class TryLater(RecordingError):
    """Nothing is wrong with the recording itself. `delay_s` seconds until the next look."""

    delay_s: ClassVar[float] = 2.0


class NotComplete(TryLater):
    code = "not_complete"


class NoRoom(TryLater):
    code = "no_room"
    delay_s = 60.0


class StepFailed(RecordingError):
    code = "step_failed"


class EncodeFailed(StepFailed):
    code = "encode_failed"


class VerifyFailed(StepFailed):
    code = "verify_failed"


class NothingToStore(RecordingError):
    code = "nothing_to_store"


class Missing(NothingToStore):
    code = "missing"


class Empty(NothingToStore):
    code = "empty"
