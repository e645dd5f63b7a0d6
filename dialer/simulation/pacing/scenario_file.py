"""A pacing scenario: TOML that describes a team, its people's habits and a seed.

Decides what such a file may say and refuses everything else, naming the key; ``world.py`` plays it. The shipped ones
are in ``scenarios/``.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

FOLDER = Path(__file__).parent / "scenarios"

Share = Annotated[float, Meta(ge=0, le=1)]
Probability = Annotated[float, Meta(gt=0, lt=1)]
Seconds = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]


class ScenarioError(ValueError):
    """A scenario's file can't be used; names the file, the key and the reason."""


class Law(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A duration: gamma or lognormal, plus a constant.

    Args:
        mean_s: of the random part.
        shape: of the gamma law; 1 is exponential.
        sigma: of the lognormal law's logarithm; 0 = gamma.
        least_s: added to each.
        weight: in a mixture of laws.
    """

    mean_s: Seconds
    shape: Seconds = 1.0
    sigma: NotNegative = 0.0
    least_s: NotNegative = 0.0
    weight: Seconds = 1.0

    @property
    def whole_mean_s(self) -> float:
        return self.mean_s + self.least_s


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The answer probability from a moment on.

    Args:
        from_h: hours since the start.
        probability: mean over the calls placed then.
    """

    from_h: NotNegative
    probability: Probability


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A team and its calls.

    Args:
        name: short name for tables.
        agents: logged in at the start.
        levels: answer probability over time, ascending, the first one at 0.
        change: whether it jumps from level to level, or drifts.
        talk, wrap: mixtures of laws.
        answer: from the Originate to the answer of those who answer within `ring_timeout_s`.
        ring_timeout_s: after which an unanswered call is given up.
        quick_failures: share of the calls not answered that end within `quick_failure_s` (busy, no such number).
        spread: concentration a + b of the Beta distribution of the calls' own answer probabilities; 0 = all alike.
        told: whether the dialer is told each call's own probability.
        told_bias: factor on the odds of what it is told.
        hours: measured, after the warm-up.
        warm_up_h: played before, not measured: estimators and the rush of the first calls settle.
        break_every_h: mean time between two breaks of one agent; 0 = none.
        shift_ends_h: when the agents leave one after another, hours since the measured start; each gives
            one agent's end. Whoever isn't in it stays.
        inbound_per_h: calls that come in and take agents first.
        threshold_s: an answered call without an agent for this long is abandoned.
        seed: of the first run; the others follow. The shipped scenarios lie 100 apart, so that none shares runs with
            another, but for a town that is told twice.
        note: for people.
    """

    name: str
    agents: Annotated[int, Meta(ge=1, le=1000)]
    levels: Annotated[tuple[Level, ...], Meta(min_length=1)]
    talk: Annotated[tuple[Law, ...], Meta(min_length=1)]
    wrap: Annotated[tuple[Law, ...], Meta(min_length=1)]
    answer: Annotated[tuple[Law, ...], Meta(min_length=1)]
    change: Literal["steps", "drifts"] = "steps"
    ring_timeout_s: Seconds = 30.0
    quick_failures: Share = 0.1
    quick_failure_s: Seconds = 2.0
    spread: NotNegative = 0.0
    told: bool = False
    told_bias: Seconds = 1.0
    hours: Seconds = 8.0
    warm_up_h: NotNegative = 0.5
    break_every_h: NotNegative = 0.0
    break_s: Seconds = 600.0
    shift_ends_h: tuple[NotNegative, ...] = ()
    inbound_per_h: NotNegative = 0.0
    threshold_s: NotNegative = 2.0
    seed: int = 1
    note: str = ""


def shipped() -> tuple[Path, ...]:
    """The files that come with the release, by name."""
    return tuple(sorted(FOLDER.glob("*.toml")))


def read(path: Path) -> Scenario:
    """Read a scenario's file.

    Raises:
        ScenarioError: it is no TOML, or a key is missing, unknown or out of its range.
        OSError: it can't be read.
    """
    try:
        told = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Scenario)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ScenarioError(f"{path.name}: {error}") from error
    starts = [level.from_h for level in told.levels]
    if starts[0] != 0 or starts != sorted(starts):
        raise ScenarioError(f"{path.name}: `levels` must begin at from_h = 0 and ascend")
    if len(told.shift_ends_h) > told.agents:
        raise ScenarioError(f"{path.name}: `shift_ends_h` names more agents than there are")
    return told
