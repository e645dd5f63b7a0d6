"""Who calls us, and whose desk the dialled number is: what the tables know of it.

Decides who the caller is; which agents take the call is ``dialer.calls.inbound``'s to say, what it teaches
`return_calls`'.

Invariant: nobody is taken for another. A number that several people have is the one's whom we called on it last; was
none of them called, nobody knows who calls.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from campaigns.importing.phones import Phone, read_phone
from campaigns.model import E164
from campaigns.queries import queries

_JAPANESE = "ja"


@dataclass(frozen=True, slots=True)
class Behind:
    """A campaign behind one of our numbers.

    Args:
        debt_types: those of its debt types that show this number.
    """

    campaign_id: int
    debt_types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who has the calling number; `called_at`: when we called this person on it last, None = never."""

    debtor_id: int
    called_at: datetime | None


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """The person who calls.

    Args:
        campaign_id: where, of the campaigns asked for, we called this person last; None = in none of them.
        agent_id: who spoke with this person last, or was held for a call to them.
        wants: ``language:ne`` for somebody who doesn't speak Japanese; None for everybody else.
    """

    debtor_id: int
    campaign_id: int | None = None
    agent_id: int | None = None
    wants: str | None = None


def dialled_number(text: str) -> E164 | None:
    """The number of ours that was dialled, as trunks write it: ``0250000001``, ``+81250000001``; None = no number.

    Any number can be ours, free-phone and service numbers too, so it is not judged as one to call.
    """
    if not re.fullmatch(r"\+?[0-9]{7,15}", text):
        return None
    if text.startswith("+"):
        return E164(text)
    return E164("+81" + text[1:]) if text.startswith("0") else E164("+" + text)


async def campaigns_behind(conn: asyncpg.Connection, dialled: E164) -> list[Behind] | None:
    """The campaigns whose number this is, the oldest first; None when no debt type has it."""
    rows = [row async for row in queries.campaigns_behind(conn, dialled=dialled)]
    if not rows:
        return None
    return [Behind(row["campaign_id"], tuple(row["debt_types"])) for row in rows if row["campaign_id"] is not None]


async def who_calls(conn: asyncpg.Connection, caller: str | None, campaign_ids: Collection[int]) -> KnownCaller | None:
    """The person who calls; None when the number says nothing of it.

    Args:
        caller: as the trunk writes it; None when it is withheld.
        campaign_ids: see `KnownCaller`.

    Source: requirement IN-1.
    """
    phone = None if caller is None else read_phone(caller)
    if not isinstance(phone, Phone):
        return None
    held_by = [Holder(row["debtor_id"], row["called_at"]) async for row in queries.holders(conn, number=phone.number)]
    debtor_id = whose_number(held_by)
    if debtor_id is None:
        return None
    row = await queries.known_caller(conn, debtor_id=debtor_id, campaign_ids=list(campaign_ids))
    wants = None if row["language"] == _JAPANESE else f"language:{row['language']}"
    return KnownCaller(debtor_id, row["campaign_id"], row["agent_id"], wants)


def whose_number(held_by: Sequence[Holder]) -> int | None:
    """Who of those who have a number calls from it: whom we called on it last, else the only one; None = not known."""
    called = [one for one in held_by if one.called_at is not None]
    if called:
        return max(called, key=lambda one: (one.called_at, -one.debtor_id)).debtor_id
    return held_by[0].debtor_id if len(held_by) == 1 else None
