"""Accounts as the command line keeps them: the languages that an agent speaks, and when her shift ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time
from typing import TypedDict, Unpack

import asyncpg
import pytest

from dialer.accounts.passwords import Passwords
from dialer.accounts.users import Role, add_user, list_users, set_languages, set_shift_end
from dialer.errors import AccountRefused
from tests.fixtures_people import TUESDAY


class Given(TypedDict, total=False):
    """What `add_user` has a default for."""

    languages: Sequence[str]
    shift_ends: time


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


async def test_the_end_of_a_shift_is_given_changed_listed_and_kept_in_the_history(db: asyncpg.Connection) -> None:
    """None unless said otherwise; today's alone leaves that of every day as it is."""
    await an_account(db, "plain")
    await an_account(db, "early", shift_ends=time(15, 30))
    await an_account(db, "clerk", takes_calls=False, shift_ends=time(15, 30))
    assert {u.login: u.shift_ends for u in await list_users(db)} == {
        "clerk": None, "early": time(15, 30), "plain": None,
    }  # fmt: skip
    await set_shift_end(db, login="plain", ends=time(17, 0), today=False, now=TUESDAY, done_by="tests")
    await set_shift_end(db, login="early", ends=time(20, 0), today=True, now=TUESDAY, done_by="tests")
    assert [u.shift_ends for u in await list_users(db)] == [None, time(15, 30), time(17, 0)]
    await set_shift_end(db, login="early", ends=None, today=False, now=TUESDAY, done_by="tests")
    row = await db.fetchrow("SELECT * FROM agent JOIN app_user ON user_id = agent_id WHERE login = 'early'")
    assert (row["shift_ends"], row["shift_moved_on"], row["shift_moved_to"]) == (None, date(2026, 11, 24), time(20, 0))
    told = await db.fetch("SELECT detail FROM account_history WHERE act = 'shift_set' ORDER BY account_history_id")
    assert [r["detail"] for r in told] == ["17:00", "2026-11-24 20:00", "none"]


@pytest.mark.parametrize("today", [True, False])
@pytest.mark.parametrize(("login", "said"), [("clerk", "電話を取らない"), ("nobody", "ありません")])
async def test_only_who_takes_calls_has_a_shift(db: asyncpg.Connection, login: str, said: str, today: bool) -> None:
    """One sentence, and nothing is kept."""
    await an_account(db, "clerk", takes_calls=False)
    with pytest.raises(AccountRefused, match=said):
        await set_shift_end(db, login=login, ends=time(17, 0), today=today, now=TUESDAY, done_by="tests")
    assert await db.fetchval("SELECT count(*) FROM account_history WHERE act = 'shift_set'") == 0
