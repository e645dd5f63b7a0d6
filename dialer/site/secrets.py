"""Secrets that nobody has to think of: made once, kept in ``var/secrets/``, one file each, mode 600.

Invariant: a secret is made at most once. Two processes that ask for a new one at the same time get the same:
it is written aside and linked into place, and the link fails for the second.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from dialer.errors import StartError

_BYTES = 24  # 192 bits; letters, digits, - and _ only, so that it fits into any configuration file


class Secrets:
    """The secrets of one site.

    Args:
        folder: usually ``var/secrets``; made when missing, mode 700.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> str:
        """The secret called `name` (``[a-z0-9-]+``), made now when there is none.

        Raises:
            StartError: the folder can't be read or written.
        """
        path = self._folder / name
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not path.exists():
                self._make(path)
            return path.read_text(encoding="ascii").strip()
        except OSError as error:
            raise StartError(f"secret {name}: {error.strerror}") from error

    def _make(self, path: Path) -> None:
        aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, f"{secrets.token_urlsafe(_BYTES)}\n".encode())
            os.fsync(handle)
        finally:
            os.close(handle)
        try:
            os.link(aside, path)
        except FileExistsError:
            pass  # another process was quicker: its secret counts
        finally:
            aside.unlink()
