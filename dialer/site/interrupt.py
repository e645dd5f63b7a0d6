"""What a signal does: the work is cancelled once, and is given the time to end in good order.

Ctrl-C pressed again, or the SIGTERM that ``make`` passes on to us after the terminal's SIGINT, must not cut the
ending short: that is how servers are left running.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def until_interrupted(work: Coroutine[Any, Any, T]) -> T | None:
    """The result of `work`, or None when a signal ended it.

    SIGINT, SIGTERM and SIGHUP cancel `work`; this returns when its cleaning up is done. Works in the main thread
    only, because only that one receives signals.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, interrupt)
    try:
        return await task
    except asyncio.CancelledError:
        if interrupted:
            return None
        raise
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
