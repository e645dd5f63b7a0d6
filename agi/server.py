"""The FastAGI server: takes connections of Asterisk's ``AGI(agi://…)`` and hands each to its question.

Decides who is let in and what happens when something goes wrong: then nothing is set and the
session ends, so that the dialplan's own branch speaks a sentence to the caller. It is panoramisk's
``Application`` with its connection handler replaced; that one spins for ever when a peer connects and
closes, which any port probe does (docs/adr/0005-panoramisk.md).

Invariants:
    * No peer can hold the event loop, a file descriptor or memory for longer than the limits say.
    * A handler's failure ends its own session only. No log line holds what a session carried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from asterisk.agi import AGIHangup
from panoramisk.fast_agi import Application

from agi.session import AgiSession

log = structlog.get_logger()

Handler = Callable[[AgiSession], Awaitable[None]]

MAX_ENV_BYTES = 16 * 1024  # Asterisk sends about 700
_CLOSE_S = 1.0


@dataclass(slots=True)
class AgiCounts:
    """What happened since the start.

    Attributes:
        sessions: questions handed to a handler.
        probes: connections that ended without a byte.
        garbage: connections that sent something else than a session's beginning, or were too slow.
        refused: connections beyond the limit, and questions that nobody answers.
        hung_up: callers who left before their question was answered.
        failed: handlers that raised or ran out of time.
    """

    sessions: int = 0
    probes: int = 0
    garbage: int = 0
    refused: int = 0
    hung_up: int = 0
    failed: int = 0


class AgiServer(Application):  # type: ignore[misc]  # panoramisk has no types
    """Routes sessions by the path of their address; query strings don't matter.

    Args:
        max_sessions: connections at the same time; more are closed at once.
        env_limit_s: seconds in which a peer must have introduced its channel.
    """

    def __init__(self, *, max_sessions: int = 1000, env_limit_s: float = 5.0) -> None:
        super().__init__(loop=())  # it would ask for a loop here, and nothing of ours needs it
        self._max_sessions = max_sessions
        self._env_limit_s = env_limit_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.counts = AgiCounts()

    def add_route(self, path: str, endpoint: Handler) -> None:
        """Have `endpoint` answer ``agi://host/<path>``.

        Raises:
            ValueError: the path is taken.
        """
        if path in self._route:
            raise ValueError(f"a handler of {path} exists already")
        self._route[path] = endpoint

    @property
    def open_sessions(self) -> int:
        """Connections that are open now."""
        return len(self._tasks)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen; return the port (a free one when 0 is given). FastAGI knows no password: keep it local.

        Raises:
            OSError: the port is taken or the address is not ours.
        """
        self._server = await asyncio.start_server(self.handler, host, port, limit=MAX_ENV_BYTES)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and end all sessions: their callers hear the dialplan's sentence."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_CLOSE_S)
        if self._server is not None:
            await self._server.wait_closed()
            self._server = None

    # --- one connection --------------------------------------------------------------------------------

    async def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection from accept to close."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            if len(self._tasks) > self._max_sessions:
                self.counts.refused += 1
                log.warning("agi_too_many_sessions", limit=self._max_sessions)
            else:
                env = await self._introduction(reader)
                if env is not None:
                    await self._serve(AgiSession(self, env, reader, writer))
        except asyncio.CancelledError:
            pass  # the server closes
        finally:
            self._tasks.discard(task)
            await _close(writer)

    async def _introduction(self, reader: asyncio.StreamReader) -> dict[str, str] | None:
        """The ``agi_name: value`` lines up to the empty one; None when they don't come."""
        try:
            async with asyncio.timeout(self._env_limit_s):
                raw = await reader.readuntil(b"\n\n")
        except asyncio.IncompleteReadError as short:
            if short.partial:
                self._garbage("ended early")
            else:
                self.counts.probes += 1
            return None
        except asyncio.LimitOverrunError:
            self._garbage("too long")
            return None
        except TimeoutError:
            self._garbage("too slow")
            return None
        except ConnectionError:
            self.counts.probes += 1
            return None
        pairs = (line.partition(": ") for line in raw.decode(errors="replace").splitlines())
        env = {name.removeprefix("agi_"): value for name, _, value in pairs if name.startswith("agi_")}
        if "uniqueid" not in env or "network_script" not in env:
            self._garbage("not FastAGI")
            return None
        return env

    def _garbage(self, what: str) -> None:
        self.counts.garbage += 1
        log.warning("agi_not_a_session", what=what)

    async def _serve(self, session: AgiSession) -> None:
        try:
            answer = self._route.get(session.question)
            if answer is None:
                self.counts.refused += 1
                log.error("agi_no_such_question", call_id=session.uniqueid)
                return
            self.counts.sessions += 1
            await answer(session)
        except AGIHangup:
            self.counts.hung_up += 1
        except Exception as error:
            # The outer edge: the session ends with nothing set, and the dialplan says its sentence.
            self.counts.failed += 1
            log.error(
                "agi_question_failed",
                question=session.question,
                call_id=session.uniqueid,
                error=type(error).__name__,
                at=_where(error),
            )
        finally:
            await session.close()


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        async with asyncio.timeout(_CLOSE_S):
            await writer.wait_closed()
    except TimeoutError:
        writer.transport.abort()  # the peer takes no bytes any more
    except OSError:
        pass  # it was cut: closed all the same


def _where(error: BaseException) -> str:
    """Module and line of the raise; no message, for it may hold a person's data."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}"
