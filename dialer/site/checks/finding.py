"""What a check says, and what it is given.

Decides the three states of a finding; what is right and wrong, each check decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dialer.clock import Clock
from dialer.settings import Settings


class State(StrEnum):
    """`IDLE` = it can't be looked at, because the site does not run; nothing is wrong with that."""

    OK = "ok"
    WRONG = "wrong"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report, in Japanese.

    Attributes:
        part: what was looked at.
        what: what was found.
        mend: what to do about it; empty unless `state` is wrong.
    """

    part: str
    state: State
    what: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """The site that is looked at.

    Attributes:
        runs: a `dialer up` or `dialer demo` holds its folder at this moment.
    """

    settings: Settings
    clock: Clock
    runs: bool


def ok(part: str, what: str) -> Finding:
    return Finding(part, State.OK, what)


def wrong(part: str, what: str, mend: str) -> Finding:
    return Finding(part, State.WRONG, what, mend)


def idle(part: str) -> Finding:
    return Finding(part, State.IDLE, "動いていないため確認していません（dialer up で起動します）")
