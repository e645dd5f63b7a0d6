"""Waiting in tests: on a condition, with a deadline, never for a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import psutil

T = TypeVar("T")


async def until(condition: Callable[[], bool], *, within_s: float = 10.0, what: str = "condition") -> None:
    """Return as soon as `condition` holds; fail the test after `within_s` seconds."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + within_s
    while not condition():
        assert loop.time() < deadline_s, f"{what} not met within {within_s} s"
        await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    """Whether process `pid` does anything still; one that has ended but was not reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def until_found(ask: Callable[[], Awaitable[T | None]], *, within_s: float = 10.0, what: str = "it") -> T:
    """Ask until the answer is something true; return it, or fail the test after `within_s` seconds."""
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + within_s
    while not (found := await ask()):
        assert loop.time() < deadline_s, f"{what} not found within {within_s} s"
        await asyncio.sleep(0.02)
    return found
