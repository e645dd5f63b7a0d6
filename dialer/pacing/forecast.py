"""What was learnt of a campaign's calls, as plain numbers: part of a snapshot, so that it can be recorded and replayed.

Decides nothing; ``estimating`` makes it, ``predictive`` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialer.pacing.hazard import Hazard


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long things last, who answers, and how much may be dared.

    Args:
        talk, wrap: from the join to the end of the talk, and of the wrap-up from there.
        answer, failure: from the Originate to the answer of those who answer, and to the end of the others.
        shift, shift_sd: what the outcomes add to the pick-up model's log odds, and how unsure that is.
        inbound_per_s: calls that come in for the same agents and take them first.
        risk: people abandoned per answer, 0..1, up to which one more call is placed that is sure to be of use.
        sure: there is enough data to place more calls than there are ready agents.
    """

    talk: Hazard
    wrap: Hazard
    answer: Hazard
    failure: Hazard
    shift: float
    shift_sd: float
    inbound_per_s: float
    risk: float
    sure: bool
