"""The values in which `why` answers; they decide nothing.

Personal data is in `PersonWhy` and `Line` only. Moments are aware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.campaign import Campaign
from campaigns.caps import CapPeriod, CapScope, Counts
from campaigns.learning.model import Explained
from campaigns.model import E164, Disposition, Outcome, Window
from campaigns.next_moment import NextMoment
from campaigns.rules import CallFacts, Reason

WANTS = frozenset({Reason.WANTS_WAITING_AGENT, Reason.WANTS_LANGUAGE, Reason.WANTS_NAMED_AGENT})
"""Conditions on the agent, not on the moment: such a person is called, but only with that agent reserved."""


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """One rule: does it stand in the way now, and until when (aware; None = no moment can be named)."""

    reason: Reason
    stands: bool
    until: datetime | None


@dataclass(frozen=True, slots=True)
class CapHit:
    """A cap that is reached: at most `at_most` attempts a `period` for this `scope`."""

    scope: CapScope
    period: CapPeriod
    at_most: int


@dataclass(frozen=True, slots=True)
class Stop:
    """A contact stop; `source` is ``staff`` or ``import:<mapping>``."""

    since: datetime
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the answers rest on beside `CallFacts`; moments aware, None = never or nothing.

    Args:
        window: the kind of hour in which the campaign is now.
        next_opening_at: when somebody who owes what this person owes can be called next.
    """

    window: Window | None
    next_opening_at: datetime | None
    stops: tuple[Stop, ...]
    caps: tuple[CapHit, ...]
    last_attempt_at: datetime | None
    last_outcome: Outcome | None
    callback_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Line:
    """One of the person's numbers.

    Args:
        dead, removed_at: why it isn't called any more; `removed_by` is None when an agent marked it as wrong.
        rests_until: its line is left alone until then. busy: an attempt is open on it.
        in_force: by kind of hour the probability by which the claim orders numbers; None = the planner hasn't seen it.
        table: the same explained by the model in force, as of now.
    """

    number: E164
    kind: str
    source: str
    rank: int
    added_at: datetime
    removed_at: datetime | None
    removed_by: str | None
    dead_at: datetime | None
    dead_reason: str | None
    rests_until: datetime | None
    capped_until: datetime | None
    counts: Counts
    busy: bool
    in_force: Mapping[Window, float | None]
    table: tuple[Explained, ...]

    @property
    def live(self) -> bool:
        return self.dead_at is None and self.removed_at is None


@dataclass(frozen=True, slots=True)
class ListPlace:
    """The person's entry in a list.

    Args:
        grades: by kind of hour, see `grading.grades`; orders: the greater of grade and urgency.
        ahead_n: people who would be claimed before; of `callable_n` callable at `at` in the kind of hour `window`.
    """

    callable_from: datetime
    grades: Mapping[Window, int]
    orders: Mapping[Window, int]
    by_lot: bool
    graded: bool
    at: datetime
    window: Window | None
    ahead_n: int
    callable_n: int


@dataclass(frozen=True, slots=True)
class CampaignWhy:
    """One campaign's answer about one person.

    Args:
        answers: every rule, in the order of `Reason`.
        place: None = not on the list at all.
    """

    campaign: Campaign
    facts: CallFacts
    known: Known
    answers: tuple[RuleAnswer, ...]
    next: NextMoment
    place: ListPlace | None

    @property
    def standing(self) -> tuple[Reason, ...]:
        """The reasons that stand in the way, agents left out."""
        return tuple(a.reason for a in self.answers if a.stands and a.reason not in WANTS)

    @property
    def allowed(self) -> bool:
        return not self.standing


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt of ours or an inbound call of theirs; newest first in `PersonWhy`."""

    at: datetime
    direction: str
    window: Window | None
    outcome: Outcome | None
    disposition: Disposition | None
    answer_probability: float | None
    by_lot: bool


@dataclass(frozen=True, slots=True)
class PersonWhy:
    """Everything about one person, as of `now`. `fitted_at` None = no model was stored yet: the stated prior."""

    debtor_id: int
    addressee_no: str
    name: str
    language: str
    now: datetime
    fitted_at: datetime | None
    campaigns: tuple[CampaignWhy, ...]
    lines: tuple[Line, ...]
    tried: tuple[Tried, ...]
