"""A decision as the trace keeps it, and how it stands on a line.

A line is JSON. It says of each agent and ringing call since when (tenths of a second since 0:00 in Japan), not for how
long: what goes on is then the same from line to line, and a line says of its campaign only what has changed since that
campaign's line before: who of the agents moved, which calls ring no more, which are new. So a decision costs little
however large the team is, and a file can only be read from its beginning.

Elapsed times are kept to a tenth of a second, as ``moment`` has them; chances and risks of the calls that were to be
placed to six decimals. All else is kept to the last digit, so that a replay decides the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec
from msgspec import UNSET, UnsetType

from campaigns.calendar import jst_date, start_of_day
from campaigns.model import DialMode
from dialer.agents.machine import AgentState
from dialer.pacing.forecast import Forecast
from dialer.pacing.limits import LimitedBy
from dialer.pacing.policy import AgentView, Decision, PendingCall, Snapshot

_TENTH = timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True)
class TracedDecision:
    """One decision.

    Args:
        mode: the policy that decided: of a campaign over its limit ``progressive``.
        patience_s: what the policy took for the threshold of abandonment.
        decision: the policy's own, before the limits.
        placed: calls that were placed, or people shown: no more than the limits left, fewer when fewer were found.
        limited_by: the limit that was reached, if any.
    """

    at: datetime
    campaign_id: int
    mode: DialMode
    patience_s: float
    snapshot: Snapshot
    decision: Decision
    placed: int
    limited_by: LimitedBy | None = None


class _Agent(msgspec.Struct, array_like=True, frozen=True):
    state: AgentState
    since: int
    leaving: bool


class _Ring(msgspec.Struct, array_like=True, frozen=True):
    since: int
    answer_probability: float | None


class _Rest(msgspec.Struct, frozen=True):
    """What seldom changes. The forecast's `risk` isn't in it: it is another one with every line."""

    mode: DialMode
    patience_s: float
    ratio: float
    forecast: Forecast | None


class _Line(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    """What is unset is as in the campaign's line before.

    `moved` and `gone` are places in its lists of agents and rings; `rings` are new ones, behind those that are left.
    """

    at: datetime
    campaign_id: int
    lines_free: int
    place: int
    placed: int
    because: str
    chances: list[float] = []
    risks: list[float] = []
    limited_by: LimitedBy | None = None
    waiting: int = 0
    next_probabilities: list[float] = []
    risk: float = 0.0
    moved: list[tuple[int, _Agent]] = []
    gone: list[int] = []
    rings: list[_Ring] = []
    agents: list[_Agent] | UnsetType = UNSET
    rest: _Rest | UnsetType = UNSET


@dataclass(slots=True)
class _Known:
    """What a campaign's last line left known."""

    rest: _Rest | None = None
    agents: list[_Agent] = field(default_factory=list)
    rings: list[_Ring] = field(default_factory=list)


class LineWriter:
    """Makes the lines of one file."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._encoder = msgspec.json.Encoder()

    def line(self, one: TracedDecision) -> bytes:
        """The next line, with its end."""
        seen, now = one.snapshot, _tenths(one.at)
        agents = [_Agent(a.state, now - round(a.elapsed_s * 10), a.leaving) for a in seen.agents]
        rings = [_Ring(now - round(c.elapsed_s * 10), c.answer_probability) for c in seen.pending]
        forecast = None if seen.forecast is None else replace(seen.forecast, risk=0.0)
        rest = _Rest(one.mode, one.patience_s, seen.ratio, forecast)
        known = self._known.get(one.campaign_id) or _Known()
        gone, left = _gone(known.rings, rings)
        is_same_team = len(agents) == len(known.agents)
        said = _Line(
            at=one.at,
            campaign_id=one.campaign_id,
            lines_free=seen.lines_free,
            place=one.decision.place,
            placed=one.placed,
            because=one.decision.because,
            chances=[round(chance, 6) for chance in one.decision.chances],
            risks=[round(risk, 6) for risk in one.decision.risks],
            limited_by=one.limited_by,
            waiting=seen.waiting,
            next_probabilities=list(seen.next_probabilities),
            risk=0.0 if seen.forecast is None else seen.forecast.risk,
            moved=[(n, a) for n, a in enumerate(agents) if a != known.agents[n]] if is_same_team else [],
            gone=gone,
            rings=rings[left:],
            agents=UNSET if is_same_team else agents,
            rest=UNSET if rest == known.rest else rest,
        )
        self._known[one.campaign_id] = _Known(rest, agents, rings)
        return self._encoder.encode(said) + b"\n"


class LineReader:
    """Reads the lines of one file, from the first."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}
        self._decoder = msgspec.json.Decoder(_Line)

    def read(self, line: bytes) -> TracedDecision:
        """The decision on the next line.

        Raises:
            msgspec.DecodeError: it is no such line.
            LookupError: it goes on from a line that isn't there.
        """
        said = self._decoder.decode(line)
        known = self._known.setdefault(said.campaign_id, _Known())
        if said.rest is not UNSET:
            known.rest = said.rest
        if said.agents is not UNSET:
            known.agents = said.agents
        for n, agent in said.moved:
            known.agents[n] = agent
        for n in reversed(said.gone):
            del known.rings[n]
        known.rings += said.rings
        if known.rest is None:
            raise LookupError
        return self._decision(said, known, known.rest)

    def _decision(self, said: _Line, known: _Known, rest: _Rest) -> TracedDecision:
        now = _tenths(said.at)
        snapshot = Snapshot(
            [AgentView(a.state, (now - a.since) / 10, a.leaving) for a in known.agents],
            [PendingCall((now - c.since) / 10, c.answer_probability) for c in known.rings],
            said.waiting,
            rest.ratio,
            said.lines_free,
            tuple(said.next_probabilities),
            None if rest.forecast is None else replace(rest.forecast, risk=said.risk),
        )
        decision = Decision(said.place, said.because, tuple(said.chances), tuple(said.risks))
        of = (said.at, said.campaign_id, rest.mode, rest.patience_s)
        return TracedDecision(*of, snapshot, decision, said.placed, said.limited_by)


def _tenths(at: datetime) -> int:
    """Whole tenths of a second since the beginning of its day in Japan."""
    return (at - start_of_day(jst_date(at))) // _TENTH


def _gone(before: Sequence[_Ring], now: Sequence[_Ring]) -> tuple[list[int], int]:
    """Which of `before` are not in `now`, and how many of `now`, from its beginning, are those that are left."""
    gone, left = list[int](), 0
    for n, ring in enumerate(before):
        if left < len(now) and now[left] == ring:
            left += 1
        else:
            gone.append(n)
    return gone, left
