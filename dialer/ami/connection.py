"""The engine's connection to Asterisk's manager interface: logged in, watched, made anew when lost.

Decides when to connect, when a peer counts as dead and how long to wait before the next try. It
knows nothing of calls.

Invariants:
    * An action is written at most once. When its answer is missing (`AmiLost`, `AmiTimeout`), the
      asker finds out in Asterisk what became of it; nothing is sent again by itself.
    * Between `on_lost` and the return of `on_connected` no event is delivered: the engine rebuilds its
      picture first, then gets what has happened since the log-in.
    * `on_lost` follows each `on_connected`, unless we closed ourselves; every event that
      is delivered comes before it.
    * After `close` nothing is called any more, and nothing is left running.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from dialer.ami.events import AmiEvent
from dialer.ami.messages import AmiMessage, AmiResponse, HeaderValue, Request
from dialer.ami.session import NEEDED_ACTIONS, Session
from dialer.ami.wire import AmiCounts, Wire
from dialer.clock import Clock
from dialer.errors import AmiError, AmiLost, AmiNotSent, AmiRefused, AmiTimeout

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Timing:
    """All seconds of the connection.

    Attributes:
        connect_s: for TCP and the greeting.
        answer_s: for each answer at log-in, and for the answer to a ping.
        boot_s: for Asterisk to finish booting after the log-in.
        ping_every_s: between an answered ping and the next; a dead peer is found within this + `answer_s`.
        start_within_s: how long `start` tries to reach the port.
        retry_first_s, retry_most_s: wait before the next try; doubles, with jitter, until a connection has lasted to
            its first answered ping.
        refused_retry_s: wait after a refused log-in, so that Asterisk's security log is not flooded.
    """

    connect_s: float = 5.0
    answer_s: float = 5.0
    boot_s: float = 20.0
    ping_every_s: float = 5.0
    start_within_s: float = 10.0
    retry_first_s: float = 0.2
    retry_most_s: float = 5.0
    refused_retry_s: float = 30.0


class AmiConnection:
    """One user's connection to one Asterisk.

    Args:
        on_event: called with each event, in order, from one task; must not block.
        on_connected: awaited after each log-in, before any event; may use `action`. When it raises, the
            connection is given up and tried anew (at `start` the exception is raised there).
        on_lost: called when a connection that `on_connected` was told of has ended.
        needs: actions that will be sent, checked at each log-in; the engine's when not given.
    """

    def __init__(
        self,
        host: str,
        port: int,
        user: str,
        secret: str,
        *,
        clock: Clock,
        on_event: Callable[[AmiEvent], None],
        on_connected: Callable[[], Awaitable[None]],
        on_lost: Callable[[], None],
        needs: Mapping[str, str] = NEEDED_ACTIONS,
        timing: Timing | None = None,
    ) -> None:
        self._host, self._port, self._user, self._secret = host, port, user, secret
        self._clock = clock
        self._on_event = on_event
        self._on_connected = on_connected
        self._on_lost = on_lost
        self._needs = needs
        self._timing = timing or Timing()
        self._wire: Wire | None = None
        self._session: Session | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._retry_s = self._timing.retry_first_s
        self.counts = AmiCounts()
        self.version = ""
        self.problem = ""

    # --- state -----------------------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Logged in, rights checked, and not known to be lost."""
        return self._wire is not None and not self._wire.closed

    @property
    def lost_count(self) -> int:
        """Established connections that ended without our asking."""
        return self.counts.lost

    @property
    def queued(self) -> int:
        """Events that wait for `on_event`; thousands mean that the engine is too slow."""
        return 0 if self._session is None else self._session.queued

    # --- life --------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect, log in, run `on_connected` once; from then on the connection is kept up.

        Raises:
            AmiRefused: wrong secret, a right that is missing, or no manager interface on that port.
            AmiLost: the port can't be reached for `Timing.start_within_s`.
        """
        up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keeper = asyncio.create_task(self._keep(up), name="ami")
        try:
            await up
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Log off and end, also in the middle of a wait. May be called twice."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)

    # --- actions -----------------------------------------------------------------------------------------

    async def action(self, name: str, headers: Mapping[str, HeaderValue], *, timeout_s: float = 5.0) -> AmiResponse:
        """Send one action once; return its response.

        Raises:
            ValueError: a header would break out of its line; nothing was sent.
            AmiNotSent: not connected; nothing was sent.
            AmiLost, AmiTimeout: no answer; Asterisk may have acted.
            AmiError: Asterisk refused, in its words.
        """
        answer = await self._ask(Request(name, headers), timeout_s)
        assert isinstance(answer, AmiMessage)
        return answer

    async def list_action(
        self, name: str, headers: Mapping[str, HeaderValue], *, complete: str, timeout_s: float = 5.0
    ) -> list[AmiMessage]:
        """Send one action whose answer is a list; return the entries up to the event `complete`.

        Raises: as `action`.
        """
        answer = await self._ask(Request(name, headers, complete), timeout_s)
        assert isinstance(answer, list)
        return answer

    async def _ask(self, request: Request, timeout_s: float) -> AmiResponse | list[AmiMessage]:
        if self._wire is None:
            raise AmiNotSent(f"{request.name}: not connected")
        return await self._wire.ask(request, timeout_s)

    # --- keeping it up -------------------------------------------------------------------------------------

    async def _keep(self, up: asyncio.Future[None]) -> None:
        give_up_at_s = self._clock.monotonic_s() + self._timing.start_within_s
        while True:
            try:
                await self._live(up)
                wait_s = self._next_wait_s()
            except AmiRefused as refusal:
                if _fail(up, refusal):
                    return
                self._report(str(refusal))
                wait_s = self._timing.refused_retry_s
            except (AmiLost, AmiTimeout) as loss:
                if self._clock.monotonic_s() >= give_up_at_s and _fail(up, AmiLost(str(loss))):
                    return
                wait_s = self._next_wait_s()
            except Exception as error:
                # `on_connected` failed: without a rebuilt picture the engine must not dial.
                if _fail(up, error):
                    return
                self._report(
                    str(error) if isinstance(error, AmiError) else f"rebuilding failed: {type(error).__name__}"
                )
                wait_s = self._next_wait_s()
            await self._clock.sleep(wait_s)

    async def _live(self, up: asyncio.Future[None]) -> None:
        """One connection from its first byte until it is lost."""
        session = Session(self._clock, self.counts)
        wire = await self._connect(session)
        pinger: asyncio.Task[None] | None = None
        told = False
        try:
            self.version = await session.log_in(
                wire,
                self._user,
                self._secret,
                needs=self._needs,
                answer_s=self._timing.answer_s,
                boot_s=self._timing.boot_s,
            )
            self._wire, self._session = wire, session
            pinger = asyncio.create_task(self._ping(wire), name="ami-ping")
            self.problem = ""
            log.info("ami_connected", asterisk=self.version)
            told = True
            await self._on_connected()
            if not up.done():
                up.set_result(None)
            await session.deliver(self._on_event)
        except asyncio.CancelledError:
            told = False  # we close ourselves: the engine is not told of a loss
            raise
        finally:
            self._wire = self._session = None
            if pinger is not None:
                pinger.cancel()
                await asyncio.gather(pinger, return_exceptions=True)
            await wire.log_off()
            if told:
                self._tell_lost()

    async def _connect(self, session: Session) -> Wire:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timing.connect_s):
                _, wire = await loop.create_connection(lambda: Wire(session, self.counts), self._host, self._port)
        except (OSError, TimeoutError) as error:
            raise AmiLost(f"Asterisk's manager port {self._host}:{self._port} can't be reached: {error}") from None
        try:
            async with asyncio.timeout(self._timing.connect_s):
                await asyncio.shield(wire.greeted)
        except BaseException as error:
            wire.abort()
            if isinstance(error, TimeoutError):
                raise AmiRefused(f"{self._host}:{self._port} does not greet like a manager interface") from None
            raise
        return wire

    async def _ping(self, wire: Wire) -> None:
        """Ask every few seconds; end the connection when an answer does not come."""
        try:
            while True:
                await self._clock.sleep(self._timing.ping_every_s)
                await wire.ask(Request("Ping", {}), self._timing.answer_s)
                # Only a connection that lasts counts as a good one: an Asterisk that keeps dying isn't flooded.
                self._retry_s = self._timing.retry_first_s
        except AmiTimeout:
            log.warning("ami_peer_silent", silent_s=self._timing.answer_s)
            wire.abort()
        except AmiError:
            wire.abort()

    def _tell_lost(self) -> None:
        self.counts.lost += 1
        log.warning("ami_lost")
        try:
            self._on_lost()
        except Exception as error:
            log.error("ami_on_lost_failed", error=type(error).__name__)

    def _next_wait_s(self) -> float:
        wait_s = self._retry_s
        self._retry_s = min(2 * wait_s, self._timing.retry_most_s)
        return wait_s * random.uniform(0.75, 1.0)  # noqa: S311 - spreads retries, guards nothing

    def _report(self, problem: str) -> None:
        if problem != self.problem:
            self.problem = problem
            log.error("ami_unusable", problem=problem)


def _fail(up: asyncio.Future[None], error: BaseException) -> bool:
    """Give `start` its error; False when it has returned long ago."""
    if up.done():
        return False
    up.set_exception(error)
    return True
