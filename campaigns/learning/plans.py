"""The best plan of calls for each line over the sessions to come, when every call has a price.

A call in a scarce kind of hour takes the place of another person's; its price says what that place is worth. At given
prices lines don't compete any more, so each one's best plan is found for itself, by looking backwards over the sessions
and over its table of misses:

    W_t(n) = W_t+1(n) + served · max(0, stake · (S(n) − S(n + 1)) − price · S(n) + W_t'(n + 1) − W_t+1(n))

S(n) is the chance that n misses come to pass (``survival.py``), so a call is paid for only if it is placed; n + 1 is
one more miss in the session's kind of hour, t' the first session of a later day (one call a day). W_0(0) is the
expected worth of the whole plan. Below a floor the end of the sessions costs a penalty instead of nothing.

Decides nothing about capacity: ``prices.py`` finds the prices.

Source: relaxation of the shared budget in weakly coupled dynamic programs: Hawkins 2003 (MIT); Adelman & Mersereau
2008, Oper. Res. 56:712. With one kind of hour and one call it is Whittle's index (1988, J. Appl. Prob. 25A:287).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from campaigns.learning.evidence import Floats, Ints
from campaigns.learning.horizon import Timeline
from campaigns.learning.survival import Singles, Survival

SERVED = 0.5
"""Chance that a line whose plan has a call in a session gets it: sessions are full, so plans can't count on each. It
makes those hurry who need many of the sessions that are left. docs/learning.md compares others."""

_BANNED = np.float32(-1e6)


@dataclass(frozen=True, slots=True)
class Stakes:
    """What lines may win: the part of the plans that no price changes.

    Args:
        survival: the lines' table.
        gains: for each kind of hour, stake × chance of contact by a further call from each cell that has one (a
            block of the table without its last layer), far below 0 where the line can't be called so often.
        end: (a, b, c, n) worth of having done with the sessions: 0, or a penalty below the floor.
        barred: (T, n) sessions in which no call can be the first of that kind of hour; None = there are none.
    """

    survival: Survival
    gains: tuple[Singles, Singles, Singles]
    end: Singles
    barred: NDArray[np.bool_] | None = None

    @staticmethod
    def of(
        survival: Survival, stakes: Floats, limits: Ints, end: Singles | None = None,
        barred: NDArray[np.bool_] | None = None,
    ) -> Stakes:  # fmt: skip
        """From what a contact is worth (n,) and how often each line can be called (n, 3)."""
        table = survival.block
        stake = stakes.astype(np.float32)
        gains = []
        for w in range(3):
            before, after = layers(table, w)
            gain = stake * (before - after)
            number = np.arange(before.shape[w]).reshape([-1 if axis == w else 1 for axis in range(4)])
            np.copyto(gain, _BANNED, where=number >= limits[:, w])
            gains.append(gain)
        return Stakes(survival, (gains[0], gains[1], gains[2]), np.zeros_like(table) if end is None else end, barred)


def layers(block: Singles, window: int) -> tuple[Singles, Singles]:
    """Of a block (a, b, c, n): the cells from which one more call in a kind of hour is possible, and where it leads."""
    head: list[slice] = [slice(None)] * 4
    tail = head.copy()
    head[window], tail[window] = slice(None, -1), slice(1, None)
    return block[tuple(head)], block[tuple(tail)]


def look_back(stakes: Stakes, prices: Floats, timeline: Timeline, *, served: float = SERVED) -> list[Singles]:
    """The worth of every cell before each session: T + 1 blocks, of which the last is the end.

    Args:
        prices: (3,) or (3, n) of a call in each kind of hour, in the unit of the stakes.
        served: chance that a line whose plan has a call in a session gets it, 0..1.
    """
    net = _net(stakes, prices)
    worth: list[Singles] = [stakes.end] * (len(timeline) + 1)
    for t in range(len(timeline) - 1, -1, -1):
        w = int(timeline.windows[t])
        here = worth[t + 1].copy()
        base = layers(here, w)[0]
        better = net[w] + layers(worth[timeline.next_day(t)], w)[1]
        better -= base
        _bar(better, stakes, t, w)
        np.maximum(better, 0, out=better)
        better *= np.float32(served)
        base += better
        worth[t] = here
    return worth


@dataclass(frozen=True, slots=True)
class Expected:
    """What plans come to.

    Args:
        calls, contacts: (T, n) expected in each session.
        unreached: (a, b, c, n) chance that a line ends unreached after so many calls.
    """

    calls: Floats
    contacts: Floats
    unreached: Singles


def expected(stakes: Stakes, prices: Floats, timeline: Timeline, *, served: float = SERVED) -> Expected:
    """What the plans come to.

    Args:
        prices, served: as `look_back`.
    """
    worth, net = look_back(stakes, prices, timeline, served=served), _net(stakes, prices)
    survival, n = stakes.survival.block, len(stakes.survival)
    calls, contacts = np.zeros((len(timeline), n)), np.zeros((len(timeline), n))
    there = np.zeros_like(survival)  # how probably the plan has come to each cell, if all calls were in vain
    there[0, 0, 0] = 1
    called_today: list[tuple[int, Singles]] = []
    for t in range(len(timeline)):
        w = int(timeline.windows[t])
        before, after = layers(survival, w)
        better = net[w] + layers(worth[timeline.next_day(t)], w)[1] - layers(worth[t + 1], w)[0]
        _bar(better, stakes, t, w)
        moved = layers(there, w)[0] * (better > 0)
        moved *= np.float32(served)
        calls[t] = (moved * before).sum(axis=(0, 1, 2))
        contacts[t] = (moved * (before - after)).sum(axis=(0, 1, 2))
        stayed = layers(there, w)[0]
        stayed -= moved
        called_today.append((w, moved))
        if timeline.next_day(t) == t + 1:
            for window, arrived in called_today:
                reached = layers(there, window)[1]
                reached += arrived
            called_today = []
    return Expected(calls, contacts, there * survival)


def _bar(better: Singles, stakes: Stakes, place: int, window: int) -> None:
    """Take away what the lines would win by a first call of this kind in a session in which they can't have one."""
    if stakes.barred is not None and better.shape[window]:
        first: list[int | slice | NDArray[np.bool_]] = [slice(None)] * 4
        first[window], first[3] = 0, stakes.barred[place]
        better[tuple(first)] = _BANNED


def _net(stakes: Stakes, prices: Floats) -> list[Singles]:
    """For each kind of hour, what a further call brings less what it costs."""
    price = prices.astype(np.float32)
    return [stakes.gains[w] - layers(stakes.survival.block, w)[0] * price[w] for w in range(3)]
