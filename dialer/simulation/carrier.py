"""Drives the simulated carrier: decides the calls of a population, keeps the book of offers, rings back.

The carrier itself is an Asterisk of its own (``asterisk-conf/carrier``) and works without this driver when
the last digits of the numbers script the calls; then the driver only keeps the book. Switches are global
variables of its dialplan, set anew at each log-in, so a restarted carrier goes on as before.

Invariant: the book is written from the carrier's own events, not from what the driver decided.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import structlog

from agi.server import AgiServer
from agi.session import AgiSession
from campaigns.model import E164, Window
from dialer.ami.actions import channels, hang_up, originate
from dialer.ami.connection import AmiConnection
from dialer.ami.events import AmiEvent, ChannelCreated, ChannelGone, ChannelState, LineState
from dialer.asterisk.render import CARRIER_AMI_USER
from dialer.clock import Clock
from dialer.errors import AmiError
from dialer.settings import Settings
from dialer.simulation.offers import OfferBook, RingBack, to_e164
from dialer.simulation.population import Callees, CallPlan, window_of

log = structlog.get_logger()

_HOST = "127.0.0.1"
_RING_OUT_S = 60.0
# Q.850 causes after which nobody knows of a missed call: unallocated, rejected, no circuit.
_NOTHING_MISSED = frozenset({1, 21, 34})
_NEEDED_ACTIONS = {"Originate": "originate", "Hangup": "call", "Setvar": "call", "CoreShowChannels": "reporting"}


@dataclass(frozen=True, slots=True)
class RingBackHabit:
    """How people who missed a call behave.

    Attributes:
        ratio: those who ring back ÷ those who missed a call.
        after_s: mean seconds until they do.
        talk_s: seconds from the answer until they hang up.
    """

    ratio: float
    after_s: float
    talk_s: float = 20.0


class CarrierDriver:
    """The people's side of the line.

    Args:
        ami_secret: of the carrier's AMI user.
        population: decides every call; None = the last digits of the numbers do.
        window_at: kind of hour at a moment; a demo may let its day pass faster.
        ring_backs: None = nobody rings back by himself; `ring_back` always works.
        seed: of who rings back.
    """

    def __init__(
        self,
        settings: Settings,
        ami_secret: str,
        clock: Clock,
        *,
        population: Callees | None = None,
        window_at: Callable[[datetime], Window] = window_of,
        ring_backs: RingBackHabit | None = None,
        seed: int = 1,
    ) -> None:
        self._clock = clock
        self._population = population
        self._window_at = window_at
        self._ring_back_habit = ring_backs
        self._chance = random.Random(seed)  # noqa: S311  # people, not secrets
        self._calls_before: Counter[E164] = Counter()
        self._switches = {
            "RECORD": "no",
            "AGENT_SPEECH": "no",
            "CALLEE_LISTENS_S": "0",
            "POPULATION": "no" if population is None else "yes",
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._agi = AgiServer()
        self._agi.add_route("callee", self._decide)
        self._agi_port = settings.carrier_agi_port
        self._ami = AmiConnection(
            _HOST,
            settings.carrier_ami_port,
            CARRIER_AMI_USER,
            ami_secret,
            clock=clock,
            on_event=self._take,
            on_connected=self._catch_up,
            on_lost=lambda: None,
            needs=_NEEDED_ACTIONS,
        )
        self.offers = OfferBook()
        self.ring_backs: dict[str, RingBack] = {}

    # --- life ------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to decide and to count; the carrier's Asterisk must be up.

        Raises:
            OSError: the FastAGI port is taken.
            AmiError: the carrier's manager interface can't be used.
        """
        await self._agi.start(_HOST, self._agi_port)
        try:
            await self._ami.start()
        except BaseException:
            await self._agi.close()
            raise

    async def stop(self) -> None:
        """End; calls in progress go on by themselves. May be called twice."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._ami.close()
        await self._agi.close()

    # --- switches ----------------------------------------------------------------------------------------

    async def record(self, on: bool) -> None:
        """From the next call on, record what each callee hears and says, from the moment of the answer."""
        await self._switch("RECORD", on)

    async def let_agents_speak(self, on: bool) -> None:
        """From the next call on, simulated telephones say a sentence before their tone."""
        await self._switch("AGENT_SPEECH", on)

    async def let_callees_listen(self, for_s: float) -> None:
        """From the next call on, a callee is silent for so many seconds after his hello; 0 = he goes on at once."""
        await self._set("CALLEE_LISTENS_S", f"{for_s:g}")

    async def _switch(self, name: str, on: bool) -> None:
        await self._set(name, "yes" if on else "no")

    async def _set(self, name: str, value: str) -> None:
        self._switches[name] = value
        await self._ami.action("Setvar", {"Variable": name, "Value": value})

    # --- calls to us -------------------------------------------------------------------------------------

    async def ring_back(self, number: E164, *, talk_s: float = 20.0) -> str:
        """`number` calls the caller id that called it last; returns the id of its call in `ring_backs`.

        Args:
            talk_s: seconds from our answer until it hangs up; 0 = it waits until we do.

        Raises:
            LookupError: `number` was never called.
            AmiError: the carrier refused, or did not answer.
        """
        offers = self.offers.of(number)
        if not offers:
            raise LookupError("a number that was never called can't ring back")
        return await self.call_in(number, offers[-1].caller, talk_s=talk_s)

    def nobody_rings_back(self) -> None:
        """From now on nobody rings back by himself; who was about to lets it be."""
        self._ring_back_habit = None
        for task in self._tasks:
            task.cancel()

    async def call_in(self, number: E164, dialled: str, *, talk_s: float = 20.0) -> str:
        """`number` calls `dialled`, one of our numbers; as `ring_back` otherwise."""
        call_id = f"in-{uuid4()}"
        self.ring_backs[call_id] = RingBack(call_id, number, self._clock.now())
        await originate(
            self._ami,
            channel=f"PJSIP/{dialled}@pbx",
            channel_id=call_id,
            context="ring-back",
            ring_timeout_s=_RING_OUT_S,
            caller_id=number,
            variables={"TALK_S": f"{talk_s:g}"},
        )
        return call_id

    async def hang_up(self, uniqueid: str) -> bool:
        """The person on a channel of the book hangs up now; False when the call is over already."""
        return await hang_up(self._ami, uniqueid)

    async def hang_up_people(self) -> None:
        """Everybody who is on a call, ours or his own, hangs up now."""
        called = [offer.uniqueid for offer in self.offers.calls.values() if offer.ended_at is None]
        calling = [one.uniqueid for one in self.ring_backs.values() if one.ended_at is None]
        for uniqueid in called + calling:
            await self.hang_up(uniqueid)

    async def hang_up_telephones(self) -> int:
        """Every simulated agent's telephone hangs up its leg; returns how many did."""
        here = await channels(self._ami)
        legs = [channel.uniqueid for channel in here if channel.context == "agent-voice"]
        return sum([await hang_up(self._ami, leg) for leg in legs])

    # --- the dialplan's question -------------------------------------------------------------------------

    async def _decide(self, session: AgiSession) -> None:
        plan = self._plan(session.arguments[0])
        await session.set_variable("RING_S", f"{plan.ring_s:g}")
        await session.set_variable("TALK_S", f"{plan.talk_s:g}")
        await session.set_variable("OUTCOME", plan.fate)

    def _plan(self, dialled: str) -> CallPlan:
        assert self._population is not None, "the dialplan asks only when POPULATION is set"
        number = to_e164(dialled)
        before = self._calls_before[number]
        self._calls_before[number] += 1
        return self._population.plan(number, before, self._window_at(self._clock.now()))

    # --- the book ----------------------------------------------------------------------------------------

    def _take(self, event: AmiEvent) -> None:
        match event:
            case ChannelCreated(context="from-pbx"):
                # Seats' telephones and our own ring-backs pass here, too: their extension is no number.
                with contextlib.suppress(ValueError):
                    self.offers.offered(event.uniqueid, to_e164(event.extension), event.caller, event.at)
            case ChannelState(state=LineState.UP):
                self.offers.answered(event.uniqueid, event.at)
                if (ringing := self.ring_backs.get(event.uniqueid)) is not None:
                    ringing.answered_at = event.at
            case ChannelGone():
                offer = self.offers.ended(event.uniqueid, event.cause, event.at)
                if offer is not None and offer.answered_at is None and event.cause not in _NOTHING_MISSED:
                    self._perhaps_ring_back(offer.number)
                if (ended := self.ring_backs.get(event.uniqueid)) is not None:
                    ended.ended_at, ended.cause = event.at, event.cause

    async def _catch_up(self) -> None:
        for name, value in self._switches.items():
            await self._ami.action("Setvar", {"Variable": name, "Value": value})
        here = {channel.uniqueid for channel in await channels(self._ami)}
        self.offers.lost_all_but(here, self._clock.now())

    def _perhaps_ring_back(self, number: E164) -> None:
        habit = self._ring_back_habit
        if habit is not None and self._chance.random() < habit.ratio:
            self._spawn(self._ring_back_later(number, self._chance.expovariate(1 / habit.after_s), habit.talk_s))

    async def _ring_back_later(self, number: E164, after_s: float, talk_s: float) -> None:
        await self._clock.sleep(after_s)
        try:
            await self.ring_back(number, talk_s=talk_s)
        except AmiError as error:
            log.warning("ring_back_failed", error=error.code)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
