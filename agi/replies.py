"""Answers of Asterisk to AGI commands, from lines to values or exceptions.

Decides what a status line means. Reads no socket. The exceptions are pyst2's (``asterisk.agi``), the names that
AGI programmers know: `AGIHangup` (the caller is gone), `AGIAppError`, `AGIUsageError`, `AGIInvalidCommand`,
`AGIUnknownError`, all of them `AGIError`.

Source: https://docs.asterisk.org/Configuration/Interfaces/Asterisk-Gateway-Interface-AGI/ ; res_agi.c of Asterisk 22.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from asterisk.agi import AGIAppError, AGIInvalidCommand, AGIUnknownError, AGIUsageError

_RESULT = re.compile(r"result=(?P<result>[^\s(]*)(?:\s*\((?P<data>.*)\))?(?:\s+endpos=(?P<endpos>\d+))?\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reply:
    """A command that Asterisk has carried out.

    Attributes:
        result: what stands after ``result=``; may be empty.
        data: what stands in the brackets: a variable's value, ``timeout``, ``hangup``; None = no brackets.
        endpos: sample at which a playback ended, None when it isn't told.
    """

    result: str
    data: str | None = field(default=None, repr=False)
    endpos: int | None = None


def is_whole(lines: list[str]) -> bool:
    """Whether `lines` are a complete answer.

    Two answers have several lines: the usage text (``520-`` up to ``520 ``), and a variable's value that holds
    line breaks (up to the closing bracket).
    """
    first, last = lines[0], lines[-1]
    if first.startswith("520-"):
        return len(lines) > 1 and last.startswith("520 ")
    if first.startswith("200 result=1 ("):
        return last.endswith(")")
    return True


def parse_reply(lines: list[str]) -> Reply | None:
    """The reply in a whole answer; None for ``100 Trying``, after which the real one comes.

    Raises:
        AGIInvalidCommand: 510, or 511 (not possible on a channel that has hung up).
        AGIUsageError: 520.
        AGIAppError: the command failed (``result=-1``).
        AGIUnknownError: anything else. No message repeats what Asterisk said beyond its status.
    """
    code, _, rest = lines[0].partition(" ")
    if code == "100":
        return None
    if code in ("510", "511"):
        raise AGIInvalidCommand(f"status {code}")
    if code[:3] == "520":
        raise AGIUsageError("status 520")
    text = "\n".join([rest, *lines[1:]])
    match = _RESULT.fullmatch(text)
    if code != "200" or match is None:
        raise AGIUnknownError("not a status line of AGI")
    if match["result"] == "-1":
        raise AGIAppError("result=-1")
    endpos = match["endpos"]
    return Reply(match["result"], match["data"], None if endpos is None else int(endpos))
