"""Adding, listing, disabling of accounts, setting of passwords, of an agent's languages and of the end of her shift.

Each change and its line in ``account_history`` are written in one transaction (SEC-1: grants, stops and
removals of IDs keep a history). An account that takes calls has a row in ``agent`` too. Accounts are
disabled, never deleted: calls and logs refer to them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiosql
import asyncpg

from campaigns.calendar import jst_date
from dialer.accounts.languages import JAPANESE, check_languages
from dialer.accounts.passwords import Passwords, faults
from dialer.accounts.shift_words import NO_END
from dialer.errors import AccountRefused

_sql: Any = aiosql.from_path(Path(__file__).parent / "sql", "asyncpg")
_LOGIN = re.compile(r"[a-z0-9._-]{2,40}")


class Role(StrEnum):
    """What an account may do; each role may do all that the one before may see."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class User:
    """One account, as listed; one that takes calls has `languages`, as codes, and perhaps an end of its shift (JST)."""

    user_id: int
    login: str
    display_name: str
    role: Role
    takes_calls: bool
    agent_group: str | None
    languages: tuple[str, ...]
    shift_ends: time | None
    disabled_at: datetime | None


async def add_user(
    conn: asyncpg.Connection,
    passwords: Passwords,
    *,
    login: str,
    display_name: str,
    role: Role,
    password: str,
    now: datetime,
    done_by: str,
    takes_calls: bool,
    agent_group: str = "all",
    languages: Sequence[str] = (JAPANESE,),
    shift_ends: time | None = None,
) -> int:
    """Make an account; return its user_id (= agent_id).

    Args:
        login: 2 to 40 of a–z, 0–9, ``.``, ``_``, ``-``.
        takes_calls: whether this person may take a seat at ``/desk``.
        languages: codes of those in which this person can talk; of no meaning without calls.
        shift_ends: when the shift ends every day, JST; None = no end is known. Of no meaning without calls.
        done_by: who did it, for the history.

    Raises:
        AccountRefused: the login is malformed or taken, the name is empty, a language is no code, or the password
            is too weak.
    """
    if not _LOGIN.fullmatch(login):
        raise AccountRefused("ログインIDは英小文字・数字・「.」「_」「-」の2～40文字です。")
    if not display_name.strip():
        raise AccountRefused("氏名を入力してください。")
    spoken = list(check_languages(languages))
    if wrong := faults(password, login):
        raise AccountRefused(" ".join(wrong))
    password_hash = await passwords.hash(password)
    async with conn.transaction():
        row = await _sql.add_user(
            conn, login=login, display_name=display_name.strip(), role=role, password_hash=password_hash
        )
        if row is None:
            raise AccountRefused(f"ログインID {login} は既に使われています。")
        user_id = int(row["user_id"])
        if takes_calls:
            await _sql.add_agent(
                conn, user_id=user_id, agent_group=agent_group, languages=spoken, shift_ends=shift_ends, now=now
            )
        await _sql.remember_password(conn, user_id=user_id, password_hash=password_hash, now=now)
        await _sql.note(conn, user_id=user_id, now=now, act="added", detail=role, done_by=done_by)
    return user_id


async def list_users(conn: asyncpg.Connection) -> list[User]:
    """All accounts by login."""
    return [
        User(
            user_id=r["user_id"],
            login=r["login"],
            display_name=r["display_name"],
            role=Role(r["role"]),
            takes_calls=r["takes_calls"],
            agent_group=r["agent_group"],
            languages=tuple(r["languages"] or ()),
            shift_ends=r["shift_ends"],
            disabled_at=r["disabled_at"],
        )
        async for r in _sql.list_users(conn)
    ]


async def set_password(
    conn: asyncpg.Connection, passwords: Passwords, *, login: str, password: str, now: datetime, done_by: str
) -> None:
    """Give the account a new password, one that it never had (SEC-1).

    Raises:
        AccountRefused: no such account, too weak, or used before.
    """
    user_id = await _find(conn, login)
    if wrong := faults(password, login):
        raise AccountRefused(" ".join(wrong))
    async for used in _sql.used_passwords(conn, user_id=user_id):
        if await passwords.matches(password, used["password_hash"]):
            raise AccountRefused("過去に使ったパスワードは使えません。")
    password_hash = await passwords.hash(password)
    async with conn.transaction():
        await _sql.set_password(conn, user_id=user_id, password_hash=password_hash)
        await _sql.remember_password(conn, user_id=user_id, password_hash=password_hash, now=now)
        await _sql.note(conn, user_id=user_id, now=now, act="password_set", detail=None, done_by=done_by)


async def set_disabled(conn: asyncpg.Connection, *, login: str, disabled: bool, now: datetime, done_by: str) -> None:
    """Stop an account, or let it in again. Its open sessions end with their next request.

    Raises:
        AccountRefused: no such account.
    """
    user_id = await _find(conn, login)
    act = "disabled" if disabled else "enabled"
    async with conn.transaction():
        await _sql.set_disabled(conn, user_id=user_id, disabled_at=now if disabled else None)
        await _sql.note(conn, user_id=user_id, now=now, act=act, detail=None, done_by=done_by)


async def set_languages(
    conn: asyncpg.Connection, *, login: str, languages: Sequence[str], now: datetime, done_by: str
) -> None:
    """Set the languages in which an agent can talk; the engine goes by them within seconds.

    Raises:
        AccountRefused: no such account, one that takes no calls, or a language is no code.
    """
    user_id = await _find(conn, login)
    spoken = list(check_languages(languages))
    async with conn.transaction():
        if await _sql.set_languages(conn, user_id=user_id, languages=spoken) is None:
            raise AccountRefused(f"{login} は電話を取らないアカウントです。")
        await _sql.note(
            conn, user_id=user_id, now=now, act="languages_set", detail=" ".join(spoken), done_by=done_by
        )  # fmt: skip


async def set_shift_end(
    conn: asyncpg.Connection, *, login: str, ends: time | None, today: bool, now: datetime, done_by: str
) -> None:
    """Set when an agent's shift ends; the engine goes by it within seconds.

    Args:
        ends: JST time of day; None = no end.
        today: on this JST day only; else every day, which leaves what was said of today.

    Raises:
        AccountRefused: no such account, or one that takes no calls.
    """
    user_id = await _find(conn, login)
    said = NO_END if ends is None else f"{ends:%H:%M}"
    async with conn.transaction():
        if today:
            done = await _sql.move_shift_end(conn, user_id=user_id, on=jst_date(now), to=ends)
            said = f"{jst_date(now)} {said}"
        else:
            done = await _sql.set_shift_end(conn, user_id=user_id, ends=ends)
        if done is None:
            raise AccountRefused(f"{login} は電話を取らないアカウントです。")
        await _sql.note(conn, user_id=user_id, now=now, act="shift_set", detail=said, done_by=done_by)


async def _find(conn: asyncpg.Connection, login: str) -> int:
    row = await _sql.user_by_login(conn, login=login)
    if row is None:
        raise AccountRefused(f"ログインID {login} はありません。")
    return int(row["user_id"])
