"""The question ``detected``: Asterisk has listened to whoever picked up, and says whether it is a machine.

Nothing is asked back: the dialplan hangs up on a machine, and asks ``answered`` for everybody else, whatever becomes of
this. Its arguments are AMDSTATUS and AMDCAUSE; both are empty when there was no detection.
"""

from __future__ import annotations

from agi.questions import Answers
from agi.session import AgiSession

LIMIT_S = 1.0  # the callee is waiting


class Detected:
    """Handler of ``agi://…/detected``.

    Args:
        limit_s: seconds to wait for the engine.
    """

    def __init__(self, answers: Answers, limit_s: float = LIMIT_S) -> None:
        self._answers = answers
        self._limit_s = limit_s

    async def __call__(self, session: AgiSession) -> None:
        status, cause = [*session.arguments, "", ""][:2]
        await session.ask(self._answers.detected(session.uniqueid, status, cause), self._limit_s)
