"""The course of a run's first minutes: ready agents and ringing calls, moment by moment.

Decides what is noted: the moment at which the dialer is asked, before it places calls, at most once a second.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from dialer.pacing.observed import Observed
from dialer.simulation.pacing.baselines.rhythm import Every
from dialer.simulation.pacing.dialers import Dialer, Moment
from dialer.simulation.pacing.scenario_file import Scenario
from dialer.simulation.pacing.world import World

_SHOWN_H = 1.0 / 6.0


@dataclass(slots=True)
class Course:
    """Args: at_s: seconds since the measured start, ascending; ready, ringing: agents and calls then."""

    at_s: list[float] = field(default_factory=list)
    ready: list[int] = field(default_factory=list)
    ringing: list[int] = field(default_factory=list)


class _Noted:
    """A dialer that is watched."""

    def __init__(self, dialer: Dialer, from_s: float) -> None:
        self._dialer = dialer
        self._from_s = from_s
        self._turn = Every(1.0)
        self.course = Course()

    def observe(self, seen: Observed) -> None:
        """Hear what became of a call or an agent."""
        self._dialer.observe(seen)

    def place(self, moment: Moment) -> int:
        """Calls to place now."""
        if self._turn.due(moment.now_s) and moment.now_s >= self._from_s:
            self.course.at_s.append(moment.now_s - self._from_s)
            self.course.ready.append(moment.ready)
            self.course.ringing.append(moment.ringing)
        return self._dialer.place(moment)


def course_of(scenario: Scenario, dialer: Dialer) -> Course:
    """Play the first ten measured minutes of the scenario's first run, and note their course."""
    short = msgspec.structs.replace(scenario, hours=min(scenario.hours, _SHOWN_H))
    noted = _Noted(dialer, short.warm_up_h * 3_600.0)
    World(short, noted, short.seed).play()
    return noted.course
