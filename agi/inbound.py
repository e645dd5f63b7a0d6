"""The question ``inbound``: somebody calls us, where shall he go?

Sets ``ROOM`` (and ``CALL_ID`` when the recording has a name of its own), ``WAITS`` for a caller for whom nobody is
free yet, or ``PROMPT``. On every failure it sets nothing: the dialplan then says that nobody is free.
"""

from __future__ import annotations

from agi.questions import Answers, room_name
from agi.session import AgiSession

LIMIT_S = 4.5  # the dialplan decides by itself after 5 s


class Inbound:
    """Handler of ``agi://…/inbound``.

    Args:
        limit_s: seconds to wait for the engine.
    """

    def __init__(self, answers: Answers, limit_s: float = LIMIT_S) -> None:
        self._answers = answers
        self._limit_s = limit_s

    async def __call__(self, session: AgiSession) -> None:
        question = self._answers.inbound(session.uniqueid, session.dialled, session.caller)
        answer = await session.ask(question, self._limit_s)
        if answer.room is not None:
            if answer.call_id is not None:
                await session.set_variable("CALL_ID", answer.call_id)
            await session.set_variable("ROOM", room_name(answer.room))
        elif answer.waits:
            await session.set_variable("WAITS", "yes")
        elif answer.prompt is not None:
            await session.set_variable("PROMPT", str(answer.prompt))
