"""The converters that a mapping can name: one text of a column → one value, or the ``Flaw`` that it has.

Decides what a single cell means. Whether cells agree with each other is decided in ``checking``.

A column is converted as a whole, because a file has 60,000 cells in each: ``Cached`` converts a text that it
has seen by one dictionary look-up, ``Text`` checks all cells of a chunk joined together and looks at single
ones only when the joined text fails.

Invariants: names and addresses keep every character as given, variation selectors included; only outer white
space (half and full width) is taken off. A blank cell is None.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from campaigns.importing.dates import read_date, read_year
from campaigns.importing.phones import read_phone
from campaigns.importing.problems import Flaw
from campaigns.importing.times import read_moment, read_time

__all__ = ["Cached", "Column", "Text", "read_choice", "read_code", "read_date", "read_flag", "read_instalment",
           "read_moment", "read_payment_yen", "read_phone", "read_postal_code", "read_promised_type", "read_time",
           "read_year", "read_yen"]  # fmt: skip

MAX_YEN = 10**12
MAX_INSTALMENT = 999
_CACHED_TEXTS = 100_000
_SUSPICIOUS = re.compile("[\x00-\x1f\x7f\ufffd]")  # all that can't stand in a line of text as it is
_LINE_ENDS = re.compile("[\r\n]+")
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_/-]*")
_INSTALMENT = re.compile(r"(?:第)?\s*(\d{1,3})\s*(?:期別?|期分|回|月分?)?")
_YEN = re.compile(r"(\d{1,3}(?:,\d{3})+|\d+)")
_MINUS = re.compile(r"[-−‐▲△]\s*")


class Column(Protocol):
    """Converts the cells of one column."""

    flawed: bool
    """Some cell so far was a ``Flaw``: only then need the results be searched for flaws."""

    def read(self, cells: Sequence[str]) -> list[object]:
        """One value for each cell."""
        ...


class Cached(dict[str, object]):
    """A column whose texts repeat: dates, years, amounts, kinds.

    Args:
        convert: called once for each different text that is not blank.
        blank: what a blank cell means.
    """

    def __init__(self, convert: Callable[[str], object], blank: object = None) -> None:
        super().__init__()
        self._convert = convert
        self._blank = blank
        self.flawed = isinstance(blank, Flaw)

    def __missing__(self, cell: str) -> object:
        if "\ufffd" in cell:
            value: object = Flaw("undecodable")
        else:
            text = cell.strip()
            value = self._convert(text) if text else self._blank
        if type(value) is Flaw:
            self.flawed = True
        self[cell] = value
        return value

    def read(self, cells: Sequence[str]) -> list[object]:
        """One value for each cell."""
        if len(self) > _CACHED_TEXTS:  # keys that hardly ever repeat must not fill the memory
            self.clear()
        return list(map(self.__getitem__, cells))


class Text:
    """A column whose texts are kept as they are: names, addresses, remarks. Line breaks become one space.

    Args:
        max_length: in characters.
        required: a blank cell is a flaw.
    """

    def __init__(self, *, max_length: int, required: bool = False) -> None:
        self.flawed = False
        self._max_length = max_length
        self._required = required

    def read(self, cells: Sequence[str]) -> list[object]:
        """One value for each cell."""
        stripped = list(map(str.strip, cells))
        joined = "".join(stripped)
        short = max(map(len, stripped), default=0) <= self._max_length
        if short and not _SUSPICIOUS.search(joined) and (not self._required or all(stripped)):
            return [text or None for text in stripped]
        return [self._value(text) for text in stripped]

    def _value(self, text: str) -> object:
        text = _LINE_ENDS.sub(" ", text)
        if bad := _SUSPICIOUS.search(text):
            return self._flaw("undecodable" if bad[0] == "\ufffd" else "control_character")
        if len(text) > self._max_length:
            return self._flaw("too_long")
        if not text:
            return self._flaw("required") if self._required else None
        return text

    def _flaw(self, code: str) -> Flaw:
        self.flawed = True
        return Flaw(code)


def read_code(text: str, max_length: int = 40) -> str | Flaw:
    """A number that identifies (宛名番号, 通知書番号): half width, leading zeros kept, inner spaces taken out."""
    if not (text.isascii() and text.isalnum()):
        text = unicodedata.normalize("NFKC", text).replace(" ", "")
        if not _CODE.fullmatch(text):
            return Flaw("code_invalid")
    return text if len(text) <= max_length else Flaw("too_long")


def read_yen(text: str, none: frozenset[str] = frozenset()) -> int | Flaw | None:
    """An amount: 12,340, １２，３４０円, ¥12340; estimated ones in parentheses too.

    Args:
        text: the cell.
        none: texts that mean "not yet fixed", such as 要す for a late charge.

    Source: 催告書ひながた of seed N: 「要す」 and 「()内の金額は…概算にしたもの」.
    """
    if text.isascii() and text.isdigit():
        value = int(text)
    else:
        if text in none:
            return None
        plain = unicodedata.normalize("NFKC", text).strip().removeprefix("(").removesuffix(")")
        plain = plain.lstrip("¥\\").removesuffix("円").strip()
        if not _YEN.fullmatch(plain):
            return Flaw("yen_invalid")
        value = int(plain.replace(",", ""))
    return value if value <= MAX_YEN else Flaw("yen_range")


def read_payment_yen(text: str) -> int | Flaw:
    """An amount that was paid, or taken back when a minus stands before it: -1,200, ▲1,200, △１，２００."""
    value = read_yen(text)
    if isinstance(value, int):
        return value
    if sign := _MINUS.match(plain := unicodedata.normalize("NFKC", text).strip()):
        taken_back = read_yen(plain[sign.end() :])
        return -taken_back if isinstance(taken_back, int) else Flaw("yen_invalid")
    return Flaw("yen_invalid") if value is None else value


def read_instalment(text: str, table: Mapping[str, int]) -> int | Flaw:
    """期別: 3, ０３, 第3期, 7月; `table` gives the numbers of words (全期, 随時1)."""
    if text in table:
        return table[text]
    found = _INSTALMENT.fullmatch(unicodedata.normalize("NFKC", text).strip())
    return int(found[1]) if found else Flaw("instalment_invalid")


def read_postal_code(text: str) -> str | Flaw:
    """郵便番号 as seven digits without hyphen."""
    digits = unicodedata.normalize("NFKC", text).removeprefix("〒").strip()
    digits = digits.replace("-", "").replace("‐", "").replace("−", "").replace("ー", "")
    return digits if len(digits) == 7 and digits.isascii() and digits.isdigit() else Flaw("postal_invalid")


def read_flag(text: str, yes: frozenset[str], no: frozenset[str]) -> bool | Flaw:
    """True or False by the texts that the mapping names."""
    if text in yes:
        return True
    return False if text in no else Flaw("flag_unknown")


def read_choice(text: str, table: Mapping[str, str], code: str = "choice_unknown") -> str | Flaw:
    """The value that `table`, whose keys are in ``plain`` form, has for `text`."""
    value = table.get(plain(text))
    return Flaw(code) if value is None else value


def read_promised_type(text: str, table: Mapping[str, str], none: frozenset[str]) -> str | Flaw | None:
    """The debt type that a promise is for; None, as for a blank cell, means all of them.

    Args:
        text: the cell.
        table: the debt types, keys in ``plain`` form.
        none: words in ``plain`` form that mean all debt types.
    """
    return None if plain(text) in none else read_choice(text, table, "debt_type_unknown")


def plain(text: str) -> str:
    """A word without differences of width and space: 本税（料） = 本税(料)."""
    return unicodedata.normalize("NFKC", text).replace(" ", "")
