"""The small parts that a site is made of: secrets, the lock, child processes, signals."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dialer.clock import SystemClock
from dialer.errors import StartError
from dialer.site.child import Child
from dialer.site.interrupt import until_interrupted
from dialer.site.lock import VarLock, is_held
from dialer.site.secrets import Secrets
from dialer.site.waiting import until_serving
from tests.deadline import until

STUBBORN = "trap '' TERM INT; echo deaf; while :; do read -t 1 line; done"


def test_a_secret_is_made_once_and_only_we_can_read_it(tmp_path: Path) -> None:
    """It has letters, digits, - and _ only, so that it fits into Asterisk's files."""
    secret = Secrets(tmp_path / "secrets").get("ami")
    assert len(secret) >= 32
    assert secret.replace("-", "").replace("_", "").isalnum()
    assert Secrets(tmp_path / "secrets").get("ami") == secret
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "secrets" / "ami").stat().st_mode) == 0o600


def test_all_who_ask_at_once_get_the_same_secret(tmp_path: Path) -> None:
    """Engine and Asterisk's files must not disagree because both were started first."""
    with ThreadPoolExecutor(16) as pool:
        got = set(pool.map(lambda _: Secrets(tmp_path).get("ami"), range(64)))
    assert len(got) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["ami"]


def test_the_lock_is_free_again_after_its_holder(tmp_path: Path) -> None:
    """What was left in the file says nothing; the kernel's lock does."""
    with VarLock(tmp_path):
        assert is_held(tmp_path)
        with pytest.raises(StartError, match="VAR_DIR"), VarLock(tmp_path):
            pass
    assert not is_held(tmp_path)
    with VarLock(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


async def test_a_child_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    """A stop ends within its time whatever the child thinks of it."""
    child = Child("deaf", ["bash", "-c", STUBBORN], tmp_path / "log")
    await child.start()
    await until(lambda: "deaf" in child.last_words())
    await child.stop(within_s=0.2)
    assert child.exit_status == -signal.SIGKILL
    await child.stop()  # may be called again


async def test_a_child_does_not_get_our_terminals_interrupt(tmp_path: Path) -> None:
    """It has a session of its own: Ctrl-C reaches us, and we end it in order."""
    child = Child("apart", ["sleep", "60"], tmp_path / "log")
    await child.start()
    try:
        assert child.pid is not None
        assert os.getsid(child.pid) == child.pid
    finally:
        await child.stop()


async def test_last_words_are_those_of_this_start(tmp_path: Path) -> None:
    """What an earlier run complained of is not told again."""
    child = Child("talker", ["sh", "-c", 'echo "first line"; echo "dialer: $0 is wrong"', "one"], tmp_path / "log")
    await child.start()
    await child.wait()
    assert child.last_words() == "one is wrong"
    again = Child("talker", ["sh", "-c", "echo two; echo three"], tmp_path / "log")
    await again.start()
    await again.wait()
    assert again.last_words() == "two | three"


async def test_a_missing_program_is_said_in_one_line(tmp_path: Path) -> None:
    """No traceback from deep inside."""
    child = Child("ghost", ["/nonexistent/program"], tmp_path / "log", boxed=True)
    with pytest.raises(StartError, match="ghost can't be started"):
        await child.start()
    await child.stop()


async def test_a_server_that_never_serves_is_given_up(tmp_path: Path) -> None:
    """In time, with what it said."""

    async def never() -> bool:
        return False

    child = Child("mute", ["sh", "-c", "echo still thinking; exec sleep 60"], tmp_path / "log")
    await child.start()
    try:
        with pytest.raises(StartError, match=r"mute did not come up in 0 s: still thinking"):
            await until_serving(child, never, SystemClock(), within_s=0.3)
    finally:
        await child.stop()


async def test_interrupted_work_may_finish_its_cleaning_up() -> None:
    """The second and third signal change nothing; the work's own cancellation is not taken for a signal."""
    steps: list[str] = []

    async def work() -> str:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            for number in (signal.SIGINT, signal.SIGHUP):
                os.kill(os.getpid(), number)
                await asyncio.sleep(0.05)
                steps.append(number.name)
        return "never"

    assert await until_interrupted(work()) is None
    assert steps == ["SIGINT", "SIGHUP"]


async def test_work_that_ends_by_itself_gives_its_result() -> None:
    """Nothing is swallowed when no signal came."""

    async def work() -> str:
        return "done"

    async def cancelled() -> None:
        raise asyncio.CancelledError

    assert await until_interrupted(work()) == "done"
    with pytest.raises(asyncio.CancelledError):
        await until_interrupted(cancelled())
