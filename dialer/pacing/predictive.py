"""The predictive mode: as many calls as can ring without somebody answering to nobody.

Each further call is judged by its own risk and use. Answered at t, it takes an agent from then on: somebody is without
one if agents run out at t or later while the calls of now still ring (risk: people abandoned per answer), and an agent
who would sit idle has work (use: share of the next `_SOON_S` seconds in which there is one). A call is placed while its
risk is at most the forecast's bound times the square of its use: abandonments are spent where they save the most idle
time, the Lagrangian form of "most work at a given abandonment" (the square is measured: it buys a little more than the
use itself). Talking and wrapping agents count by how long they have been at it, ringing calls by how long they have
rung and by who is called; a call may come in and take an agent first. No rate since midnight, no level.

Pure: the same snapshot gives the same decision. Invariant: without a forecast that is sure of itself, no more calls
than ready agents.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from dialer.agents.machine import AgentState
from dialer.pacing.answering import STRANGER, shifted
from dialer.pacing.forecast import Forecast
from dialer.pacing.hazard import Hazard
from dialer.pacing.policy import Decision, Snapshot, per_ready_agent
from dialer.pacing.supply import Meeting

Floats = npt.NDArray[np.float64]

STEP_S = 2.0
HORIZON_S = 34.0
MOMENTS: Floats = np.arange(STEP_S, HORIZON_S + STEP_S / 2, STEP_S)
_AT_MOST = 60
_SOON_S = 24.0
_SOON = slice(0, int(_SOON_S / STEP_S))
_SOON_MOMENT = int(10.0 / STEP_S) - 1
_AGES: Floats = np.concatenate((np.arange(0, 90, 2), np.arange(90, 240, 10), np.geomspace(240, 3600, 18)))
_BETWEEN: Floats = (_AGES[1:] + _AGES[:-1]) / 2


class Predictive:
    """As many calls as the forecast lets dare.

    Args:
        patience_s: how long an answered call waits before it counts as abandoned, seconds.
    """

    def __init__(self, patience_s: float = 2.0) -> None:
        self._patience_s = patience_s

    def decide(self, snapshot: Snapshot) -> Decision:
        """Calls to place now; 1:1 while the forecast is missing or not sure."""
        forecast = snapshot.forecast
        if forecast is None or not forecast.sure:
            place = per_ready_agent(snapshot, 1.0)
            return Decision(place, f"学習中(1対1): 待機 {snapshot.ready}人 → {place}件発信")
        freed = self._freed(snapshot, forecast)
        return self.fill(snapshot, forecast, freed)

    def fill(self, snapshot: Snapshot, forecast: Forecast, freed: Floats) -> Decision:
        """As many calls as the bound allows.

        Args:
            freed: (b, j) probability that each busy agent is ready by each of `MOMENTS`, or within the patience after.
        """
        meeting = Meeting(snapshot.ready - snapshot.waiting, freed, _answered(snapshot, forecast))
        if forecast.inbound_per_s:
            meeting.add(-np.expm1(-forecast.inbound_per_s * MOMENTS))
        answered = forecast.answer.ended(MOMENTS)
        when, held = np.diff(answered, prepend=0.0) / answered[-1], answered[_SOON] / answered[_SOON].sum()
        chances, risks = list[float](), list[float]()
        limit = "目標放棄率"
        while len(chances) < _AT_MOST:
            run_out = meeting.run_out()
            risk = float(when @ np.maximum.accumulate(run_out[::-1])[::-1])
            use = float(held @ (1.0 - run_out[_SOON]))
            if risk > forecast.risk * use**2:
                break
            if len(chances) >= snapshot.lines_free:
                limit = "回線数"
                break
            chance = _next(snapshot.next_probabilities, len(chances), forecast)
            chances.append(chance)
            risks.append(risk * chance)
            meeting.add(chance * answered)
        soon = float(freed[:, _SOON_MOMENT].sum()) if freed.size else 0.0
        return Decision(
            len(chances),
            f"待機 {snapshot.ready}人・まもなく空く {soon:.1f}人・呼出中 {len(snapshot.pending)}件"
            f" → {len(chances)}件発信({limit})",
            tuple(chances),
            tuple(risks),
        )

    def _freed(self, snapshot: Snapshot, forecast: Forecast) -> Floats:
        """(b, j) probability that each busy agent is ready by each moment, or within the patience after it."""
        talking = [
            (0.0 if one.state is AgentState.RESERVED else one.elapsed_s)
            for one in snapshot.agents
            if one.state in (AgentState.TALKING, AgentState.RESERVED) and not one.leaving
        ]
        wrapping = [a.elapsed_s for a in snapshot.agents if a.state is AgentState.WRAP_UP and not a.leaving]
        return np.concatenate(
            (
                _rows(_after_talk(forecast.talk, forecast.wrap, self._patience_s), talking),
                _rows(_after_wrap(forecast.wrap, self._patience_s), wrapping),
            )
        )


def _rows(table: Floats, ages_s: Sequence[float]) -> Floats:
    """The rows of a table over `_AGES` for these ages, nearest."""
    return table[np.searchsorted(_BETWEEN, ages_s)]


@lru_cache(maxsize=8)
def _after_wrap(wrap: Hazard, patience_s: float) -> Floats:
    """(ages, j) probability that a wrap-up of that age is over by each moment + patience."""
    alive = np.maximum(wrap.survival(_AGES), 1e-12)[:, None]
    return 1.0 - wrap.survival(_AGES[:, None] + MOMENTS + patience_s) / alive


@lru_cache(maxsize=8)
def _after_talk(talk: Hazard, wrap: Hazard, patience_s: float) -> Floats:
    """(ages, j) probability that a talk of that age, and the wrap-up after it, are over by each moment + patience."""
    seconds = np.arange(0.0, HORIZON_S + patience_s)
    alive = talk.survival(_AGES[:, None] + np.append(seconds, seconds[-1] + 1.0))
    ends = -np.diff(alive, axis=1) / np.maximum(alive[:, :1], 1e-12)
    wrapped = wrap.ended(np.maximum(MOMENTS + patience_s - seconds[:, None] - 0.5, 0.0))
    return ends @ wrapped


def _answered(snapshot: Snapshot, forecast: Forecast) -> Floats:
    """(m, j) probability that each ringing call is answered by each moment."""
    if not snapshot.pending:
        return np.zeros((0, len(MOMENTS)))
    ages = np.array([call.elapsed_s for call in snapshot.pending])[:, None]
    told = [STRANGER if c.answer_probability is None else c.answer_probability for c in snapshot.pending]
    chance = shifted(np.array(told), forecast.shift)[:, None]
    still = chance * forecast.answer.survival(ages)
    neither = still + (1.0 - chance) * forecast.failure.survival(ages)
    return (still - chance * forecast.answer.survival(ages + MOMENTS)) / np.maximum(neither, 1e-12)


def _next(known: Sequence[float], place: int, forecast: Forecast) -> float:
    told = known[place] if place < len(known) else (known[-1] if known else STRANGER)
    return float(shifted(np.array(told), forecast.shift))
