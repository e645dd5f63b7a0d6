"""Waiting for a server that has just been started."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from dialer.clock import Clock
from dialer.errors import StartError
from dialer.site.child import Child

_POLL_S = 0.03


async def until_serving(
    child: Child, serves: Callable[[], Awaitable[bool]], clock: Clock, *, within_s: float, one_try_s: float = 2.0
) -> None:
    """Ask `serves` again and again until it says yes.

    Args:
        serves: False or an `OSError` means not yet.
        within_s: seconds in all.
        one_try_s: seconds for one question; a server that accepts and stays silent is asked again.

    Raises:
        StartError: the child ended, or the time is over; the message ends with its last words.
    """
    deadline_s = clock.monotonic_s() + within_s
    while True:
        if not child.alive:
            raise StartError(f"{child.name} ended at once (status {child.exit_status}): {child.last_words()}")
        try:
            if await asyncio.wait_for(serves(), one_try_s):
                return
        except (OSError, TimeoutError):
            pass  # not yet
        if clock.monotonic_s() > deadline_s:
            raise StartError(f"{child.name} did not come up in {within_s:.0f} s: {child.last_words()}")
        await clock.sleep(_POLL_S)
