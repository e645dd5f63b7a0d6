"""When a periodic step is due, and counts within a sliding window: what most dialers are made of."""

from __future__ import annotations

from collections import deque


class Every:
    """True once a period.

    Args:
        period_s: seconds, positive.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._next_s = 0.0

    def due(self, now_s: float) -> bool:
        """Whether the step is due at `now_s`, which never goes back."""
        if now_s < self._next_s:
            return False
        missed = (now_s - self._next_s) // self._period_s
        self._next_s += (missed + 1.0) * self._period_s
        return True


class Window:
    """How often something happened lately.

    Args:
        length_s: what is older is forgotten, seconds.
    """

    def __init__(self, length_s: float) -> None:
        self._length_s = length_s
        self._at: deque[float] = deque()

    def add(self, at_s: float) -> None:
        """It happened at `at_s`."""
        self._at.append(at_s)

    def count(self, now_s: float) -> int:
        """How often up to `now_s`."""
        while self._at and self._at[0] <= now_s - self._length_s:
            self._at.popleft()
        return len(self._at)
