"""Requests to the manager interface and its answers: panoramisk's, with their surprises removed.

Decides how an action is written and when it is answered. Nothing here touches a socket.

Invariants:
    * A value can't end its line: CR, LF and NUL are refused before anything is written.
    * An answer is given once: a second, late or surplus message changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from panoramisk.actions import Action
from panoramisk.message import Message

from dialer.errors import AmiError

_NUMBER = re.compile(r"\+?\d{7,}")

HeaderValue = str | Sequence[str]
"""One value, or several lines with the same name (``Variable``)."""


class AmiMessage(Message):  # type: ignore[misc]  # panoramisk has no types
    """A response, or one entry of a list: a case-insensitive mapping of headers to text.

    panoramisk undoes URL quoting in a header called ``Result``; here every value is as it was sent.
    """

    quoted_keys = ()

    def text(self, header: str) -> str:
        """The value of `header`; empty when it is missing, the first when it came several times."""
        value: Any = self.get(header, "")
        return str(value[0]) if isinstance(value, list) else str(value)


AmiResponse = AmiMessage


class Request(Action):  # type: ignore[misc]  # panoramisk has no types
    """One action on its way: its lines, and a future for the answer.

    panoramisk guesses from an answer's wording whether a list follows; here the asker says it.

    Args:
        name: the action.
        headers: further lines; an ``ActionID`` among them replaces the generated one.
        complete: name of the event that ends the list; None = a single response.

    Raises:
        ValueError: a name or value would break out of its line, or is no Unicode text. It names the
            header, never the value.
    """

    def __init__(self, name: str, headers: Mapping[str, HeaderValue], complete: str | None = None) -> None:
        checked: dict[str, str | list[str]] = {"Action": _line_safe("Action", name)}
        for header, value in headers.items():
            _line_safe("a header's name", header)
            checked[header] = (
                _line_safe(header, value) if isinstance(value, str) else [_line_safe(header, v) for v in value]
            )
        super().__init__(checked)
        self.name = name
        self.complete = complete
        self.entries: list[AmiMessage] = []

    @property
    def takes_events(self) -> bool:
        """Whether events with this ActionID belong to the answer (else they are events of their own)."""
        return self.complete is not None

    def add_message(self, message: AmiMessage) -> bool:
        """Take a message with this ActionID; True when the answer is complete."""
        if self.future.done():
            return True
        event = message.text("Event")
        if not event:
            if message.text("Response") not in Message.success_responses:
                self.future.set_exception(AmiError(f"{self.name}: {_masked(message.text('Message'))}"))
            elif self.complete is None:
                self.future.set_result(message)
            return bool(self.future.done())
        if event == self.complete:
            self.future.set_result(self.entries)
            return True
        self.entries.append(message)
        return False


def _masked(words: str) -> str:
    """Asterisk's words of refusal; they may repeat a channel's name, and that a telephone number."""
    return _NUMBER.sub("*", words) or "refused"


def _line_safe(what: str, value: str) -> str:
    if any(c in value for c in "\r\n\0"):
        raise ValueError(f"{what}: a line break or NUL in an AMI header")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{what}: not encodable as UTF-8") from None
    return value
