"""Calls per second: a token bucket, so that the trunk never sees a burst above its rate."""

from __future__ import annotations


class CallRate:
    """At most `per_second` calls in any second, with a burst of a fifth of a second's worth.

    Pure but for its own counters; time is passed in.
    """

    def __init__(self, per_second: float, now_s: float) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second / 5)
        self._tokens = self._burst
        self._at_s = now_s

    def allows(self, now_s: float) -> int:
        """Calls that may be placed at `now_s` (monotonic seconds)."""
        self._tokens = min(self._burst, self._tokens + (now_s - self._at_s) * self._per_second)
        self._at_s = now_s
        return int(self._tokens)

    def take(self, calls: int) -> None:
        """Count `calls` as placed."""
        self._tokens -= calls
