"""Only one site at a time writes below one ``var/``.

The kernel's lock is used (flock(2)): it ends with the process that holds it, however that process ends,
so no file left behind by a crash ever stands in the way.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from dialer.errors import StartError


class VarLock:
    """Held from `__enter__` to `__exit__`, or until the process ends."""

    def __init__(self, var: Path) -> None:
        self._path = var / "lock"
        self._handle: int | None = None

    def __enter__(self) -> Self:
        """Take the lock.

        Raises:
            StartError: another process holds it (named by its id), or ``var/`` can't be written.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StartError(f"{self._path.parent} can't be written: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(handle, 20).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            raise StartError(
                f"another dialer (process {holder}) already runs in {self._path.parent}: stop it, or set VAR_DIR"
            ) from error
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        self._handle = handle
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


def is_held(var: Path) -> bool:
    """Whether a site runs in `var` at this moment."""
    try:
        with VarLock(var):
            return False
    except StartError:
        return True
