"""Telephone numbers as people write them → E.164 and the kind of line.

Decides which numbers may be called at all: emergency and three-digit services, premium services and
020 numbers are refused. Numbers of the 000 ranges (090-0000-…, 03-0000-…) are accepted: they belong to
nobody and are what sample files hold. Whether a number is in service is not known here.

Source: 電気通信番号計画 (令和元年総務省告示第6号): 0A0 for mobile (060/070/080/090), 050 for IP telephony, 020 for
paging and M2M, 0120/0800 free of charge, 0570 uniform, 0990 and 0180 information services; geographic numbers have
ten digits. 080-0… is 0800 free of charge, no mobile number.
"""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from campaigns.importing.problems import Flaw

_MOBILE = ("060", "070", "080", "090")
_NOISE = str.maketrans("", "", "-‐‑‒–—―−ーｰ()[]. 　\t･・‧")  # separators seen in real lists
_TEN_DIGITS = 10
_ELEVEN_DIGITS = 11
_SERVICE_DIGITS = 3
_LOCAL_DIGITS = range(5, 9)
_E164_DIGITS = range(7, 16)


class Phone(NamedTuple):
    """A number that may be called: E.164, and 'mobile', 'landline', 'voip' or 'other'."""

    number: str
    kind: str


def read_phone(text: str, area_code: str = "") -> Phone | Flaw | None:
    """The number in `text`; None when it is blank.

    Args:
        text: one number, digits of any width, with or without hyphens and parentheses, national (0…)
            or international (+81…, +1…).
        area_code: put before a local number (one that doesn't begin with 0), for example ``025``.
    """
    digits = text.replace("-", "")
    if not (digits.isascii() and digits.isdigit()):
        digits = unicodedata.normalize("NFKC", text).translate(_NOISE)
        if not digits:
            return None
        if digits.startswith("+"):
            if not digits.startswith("+81"):
                return _foreign(digits)
            digits = "0" + digits[3:].removeprefix("0")
        if not (digits.isascii() and digits.isdigit()):
            return Flaw("phone_invalid")
    if digits[0] != "0":
        if len(digits) <= _SERVICE_DIGITS:
            return Flaw("phone_emergency")
        if digits.startswith(("184", "186")):
            return Flaw("phone_prefix")
        if not area_code or len(digits) not in _LOCAL_DIGITS:
            return Flaw("phone_no_area")
        digits = area_code + digits
    return _national(digits)


def _national(digits: str) -> Phone | Flaw:
    head = digits[:3]
    if head == "020":
        return Flaw("phone_pager")
    if digits.startswith(("0990", "0180")):
        return Flaw("phone_premium")
    if digits.startswith("00"):
        return Flaw("phone_prefix")
    number = "+81" + digits[1:]
    if len(digits) == _ELEVEN_DIGITS:
        if digits.startswith("0800"):
            return Phone(number, "other")
        if head in _MOBILE:
            return Phone(number, "mobile")
        if head == "050":
            return Phone(number, "voip")
        return Flaw("phone_length")
    if len(digits) != _TEN_DIGITS or head in _MOBILE or head == "050":
        return Flaw("phone_length")
    if head == "010":
        return Flaw("phone_prefix")
    return Phone(number, "other" if digits.startswith(("0120", "0570")) else "landline")


def _foreign(digits: str) -> Phone | Flaw:
    import phonenumbers  # large and slow to load; files hold almost no foreign numbers

    try:
        parsed = phonenumbers.parse(digits)
    except phonenumbers.NumberParseException:
        return Flaw("phone_invalid")
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    # "Possible" includes short local numbers, which can't be called from here.
    if not phonenumbers.is_possible_number(parsed) or len(number) - 1 not in _E164_DIGITS:
        return Flaw("phone_length")
    return Phone(number, "other")
