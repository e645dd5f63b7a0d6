"""When log-ins are refused without looking at the password. Pure.

Counted are the failures of the last `WINDOW`: of one login from one address (someone guesses a password),
of one login from anywhere (many guess one password), and from one address (one guesses many logins). The limits
of the latter two are wide, so that nobody can lock a colleague out by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

WINDOW = timedelta(minutes=5)
_OF_BOTH = 5
_OF_LOGIN = 20
_OF_REMOTE = 40


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed log-ins within the last `WINDOW`."""

    of_both: int
    of_login: int
    of_remote: int


def is_refused(failures: Failures) -> bool:
    """Whether the next attempt is refused unseen."""
    return failures.of_both >= _OF_BOTH or failures.of_login >= _OF_LOGIN or failures.of_remote >= _OF_REMOTE
