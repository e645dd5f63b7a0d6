"""Hashing, checking and judging of passwords.

Decides what a good password is and how it is hashed; does not know where hashes are kept.

Hashing is argon2id with 19 MiB, two passes, one lane: the smallest set that OWASP's Password Storage
Cheat Sheet recommends, chosen because a whole shift logs in within the same minute and the processes
share 400 MB. It runs in a thread, at most `_AT_ONCE` at a time, so the event loop never waits for it.

Invariant: no password is logged, kept or named in a message.
"""

from __future__ import annotations

import asyncio
import unicodedata

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 12
MAX_LENGTH = 200
_AT_ONCE = 2  # 2 × 19 MiB at the same time, and one core left for calls


class Passwords:
    """Hashes and checks with limited concurrency; one object a process."""

    def __init__(self) -> None:
        self._hasher = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._turn = asyncio.Semaphore(_AT_ONCE)
        # Checked when there is no such account, so that the answer takes the same time.
        self._nobody = self._hasher.hash("no account has this password")

    async def hash(self, password: str) -> str:
        """The argon2id hash of `password`, with its parameters and salt, as one string."""
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def matches(self, password: str, password_hash: str | None) -> bool:
        """Whether `password` gave `password_hash`; None = no such account (always False, in the usual time)."""
        async with self._turn:
            found = await asyncio.to_thread(self._verify, _normal(password), password_hash or self._nobody)
        return found and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _verify(self, password: str, password_hash: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def faults(password: str, login: str) -> list[str]:
    """What is wrong with a new password, one Japanese sentence each; empty = it is good.

    Source: requirement SEC-1 (seed N 17(2)カ: long enough, letters of both cases, digits and symbols mixed).
    """
    found = []
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        found.append(f"パスワードは{MIN_LENGTH}文字以上にしてください。")
    kinds = (
        (any(c.islower() for c in password), "英小文字"),
        (any(c.isupper() for c in password), "英大文字"),
        (any(c.isdigit() for c in password), "数字"),
        (any(not c.isalnum() and not c.isspace() for c in password), "記号"),
    )
    if missing := [name for there, name in kinds if not there]:
        found.append(f"{'・'.join(missing)}を含めてください。")
    if login.casefold() in password.casefold():
        found.append("ログインIDを含めないでください。")
    return found


def _normal(password: str) -> str:
    # The same keys give the same password on every keyboard and input method (RFC 8265, OpaqueString: NFC).
    return unicodedata.normalize("NFC", password)
