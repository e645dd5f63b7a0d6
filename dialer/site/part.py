"""What can be started and stopped as part of a site: a server, or a process of our own."""

from __future__ import annotations

from typing import Protocol


class Part(Protocol):
    """One thing that runs.

    `start` returns when it serves; `stop` may be called at any time, also after a start that failed
    half-way or was cancelled, and leaves nothing of it running.
    """

    @property
    def name(self) -> str:
        """What the person who reads a message calls it."""
        ...

    async def start(self) -> None:
        """Start and wait until it serves.

        Raises:
            StartError: one clear sentence; what had been started of it may still run until `stop`.
        """
        ...

    async def stop(self) -> None: ...

    async def wait(self) -> None:
        """Return when it has ended without having been asked to."""
        ...
