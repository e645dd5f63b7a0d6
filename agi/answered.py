"""The question ``answered``: a callee has picked up, which room shall he enter?

Sets ``ROOM`` when there is one. Otherwise, and on every failure, it sets nothing: the dialplan then
plays the apology. It never leaves the callee waiting beyond its limit.
"""

from __future__ import annotations

from agi.questions import Answers, room_name
from agi.session import AgiSession

LIMIT_S = 4.5  # the dialplan decides by itself after 5 s (ARCHITECTURE.md, step 5)


class Answered:
    """Handler of ``agi://…/answered``.

    Args:
        limit_s: seconds to wait for the engine; longer than its own threshold of abandoning, shorter than
            the dialplan's limit.
    """

    def __init__(self, answers: Answers, limit_s: float = LIMIT_S) -> None:
        self._answers = answers
        self._limit_s = limit_s

    async def __call__(self, session: AgiSession) -> None:
        room = await session.ask(self._answers.answered(session.uniqueid), self._limit_s)
        if room is not None:
            await session.set_variable("ROOM", room_name(room))
