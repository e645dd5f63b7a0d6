"""Accounts as the command line keeps them: the languages that an agent speaks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

import asyncpg
import pytest

from dialer.accounts.passwords import Passwords
from dialer.accounts.users import Role, add_user, list_users, set_languages
from dialer.errors import AccountRefused
from tests.fixtures_people import TUESDAY


class Given(TypedDict, total=False):
    """What `add_user` has a default for."""

    languages: Sequence[str]


async def an_account(conn: asyncpg.Connection, login: str, *, takes_calls: bool = True, **given: Unpack[Given]) -> None:
    await add_user(
        conn, Passwords(), login=login, display_name="試験 花子", role=Role.AGENT, password="Correct-Horse-9",
        now=TUESDAY, done_by="tests", takes_calls=takes_calls, **given,
    )  # fmt: skip


async def test_languages_are_given_changed_listed_and_kept_in_the_history(db: asyncpg.Connection) -> None:
    """Japanese unless said otherwise; each code once, in the order given."""
    await an_account(db, "plain")
    await an_account(db, "speaker", languages=["ja", "ne", "ja"])
    await an_account(db, "clerk", takes_calls=False)
    assert {u.login: u.languages for u in await list_users(db)} == {
        "clerk": (), "plain": ("ja",), "speaker": ("ja", "ne"),
    }  # fmt: skip
    await set_languages(db, login="plain", languages=["vi", "ja"], now=TUESDAY, done_by="tests")
    assert {u.login: u.languages for u in await list_users(db)}["plain"] == ("vi", "ja")
    assert await db.fetchval("SELECT detail FROM account_history WHERE act = 'languages_set'") == "vi ja"


@pytest.mark.parametrize(
    ("login", "languages", "said"),
    [
        ("plain", [], "1つ以上"),
        ("plain", ["ネパール"], "コード"),
        ("plain", ["ja", "NE"], "NE"),
        ("clerk", ["ne"], "電話を取らない"),
        ("nobody", ["ne"], "ありません"),
    ],
)
async def test_languages_that_can_not_be_set_are_refused(
    db: asyncpg.Connection, login: str, languages: list[str], said: str
) -> None:
    """One sentence, and nothing is changed."""
    await an_account(db, "plain")
    await an_account(db, "clerk", takes_calls=False)
    before = await list_users(db)
    with pytest.raises(AccountRefused, match=said):
        await set_languages(db, login=login, languages=languages, now=TUESDAY, done_by="tests")
    assert await list_users(db) == before
