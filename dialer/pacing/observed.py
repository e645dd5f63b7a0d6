"""What a dialer sees of its calls and agents as they go on: the estimators' and feedback's only food."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Placed:
    """Calls were placed.

    Args:
        answers: how many of them are expected to be answered.
        abandoned: how many people are expected to be abandoned because of them.
    """

    at_s: float
    answers: float
    abandoned: float


@dataclass(frozen=True, slots=True)
class RingEnded:
    """A call that was placed rings no more: somebody or something answered, or it failed.

    Args:
        after_s: seconds since the Originate.
        told: the answer probability that the pick-up model had given it, 0..1; None = no model.
    """

    at_s: float
    answered: bool
    after_s: float
    told: float | None = None


@dataclass(frozen=True, slots=True)
class Joined:
    """An answered call got its agent.

    Args:
        waited_s: since the answer.
    """

    at_s: float
    waited_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Abandoned:
    """An answered call got no agent within the threshold."""

    at_s: float


@dataclass(frozen=True, slots=True)
class Talked:
    """A talk is over, `talk_s` seconds after the join; wrap-up begins."""

    at_s: float
    talk_s: float


@dataclass(frozen=True, slots=True)
class WrappedUp:
    """An agent's wrap-up is over after `wrap_s` seconds."""

    at_s: float
    wrap_s: float


@dataclass(frozen=True, slots=True)
class CameIn:
    """An inbound call for these agents came in."""

    at_s: float


Observed = CameIn | Placed | RingEnded | Joined | Abandoned | Talked | WrappedUp
