"""The end of a shift as administrators write and read it: a time of day in Japan, ``17:00``, or none."""

from __future__ import annotations

import re
from datetime import time

from dialer.errors import AccountRefused

NO_END = "none"
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def read_shift_end(text: str) -> time | None:
    """``17:00`` → that time of day; `NO_END` → None.

    Raises:
        AccountRefused: it is neither.
    """
    if text == NO_END:
        return None
    found = _TIME.fullmatch(text)
    if found is None:
        raise AccountRefused(f"終業時刻は 17:00 のように指定してください。なしは {NO_END}（{text}）。")
    return time(int(found[1]), int(found[2]))


def in_words(ends: time | None) -> str:
    """The end as people read it."""
    return "終業の設定なし" if ends is None else f"終業 {ends:%H:%M}"
