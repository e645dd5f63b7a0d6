"""The languages that agents speak and people need, as codes and as the Japanese words for them.

Codes are ISO 639-1 in small letters, as ``debtor.language`` and ``agent.languages`` hold them. The words cover what the
cities' papers name and what their residents speak most; a code without a word is shown as it is.

Source: requirement CALL-11.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dialer.errors import AccountRefused

JAPANESE = "ja"

LANGUAGES: dict[str, str] = {
    "ja": "日本語",
    "ne": "ネパール語",
    "vi": "ベトナム語",
    "en": "英語",
    "zh": "中国語",
    "ko": "韓国語",
    "pt": "ポルトガル語",
    "tl": "タガログ語",
}

_CODE = re.compile(r"[a-z]{2,3}")


def check_languages(codes: Iterable[str]) -> tuple[str, ...]:
    """`codes` without repetition, in the order given.

    Raises:
        AccountRefused: none is given, or one is no code.
    """
    given = tuple(dict.fromkeys(codes))
    if not given:
        raise AccountRefused("話せる言語を1つ以上指定してください。")
    if wrong := [code for code in given if not _CODE.fullmatch(code)]:
        raise AccountRefused(f"言語は ja、ne、vi のようなコードで指定してください（{'、'.join(wrong)}）。")
    return given


def in_words(codes: Iterable[str]) -> str:
    """The languages as people read them, in one line."""
    return "・".join(LANGUAGES.get(code, code) for code in codes)
