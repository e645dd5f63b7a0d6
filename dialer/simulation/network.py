"""A whole telephone network on this machine: our Asterisk, the carrier's Asterisk, and the people on it.

Starts and stops; what the two are told stands in ``dialer/asterisk/render.py``, what people do in
`carrier.py`. The demo takes the carrier alone (its own site starts our Asterisk), tests take both.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from campaigns.model import Window
from dialer.asterisk.box import find_root
from dialer.asterisk.process import AsteriskProcess
from dialer.asterisk.render import Seat, render_carrier, render_pbx
from dialer.asterisk.templates import PROMPTS
from dialer.clock import Clock
from dialer.settings import Settings
from dialer.simulation.carrier import CarrierDriver, RingBackHabit
from dialer.simulation.offers import Offer, RingBack
from dialer.simulation.population import Callees, window_of

FIRST_WEB_SEAT = 1001
FIRST_SIP_SEAT = 2001


@dataclass(frozen=True, slots=True)
class SimulatedSeat:
    """A seat that is in no database."""

    extension: str
    kind: str
    secret: str


def make_seats(web: int, sip: int) -> list[SimulatedSeat]:
    """`web` browser seats from 1001 and `sip` telephone seats from 2001 on, with fresh secrets."""
    numbers = [("web", FIRST_WEB_SEAT + n) for n in range(web)] + [("sip", FIRST_SIP_SEAT + n) for n in range(sip)]
    return [SimulatedSeat(str(number), kind, secrets.token_urlsafe(12)) for kind, number in numbers]


class SimulatedCarrier:
    """The carrier's Asterisk and its driver. A `Part` (``dialer/site/part.py``).

    Args:
        folder: everything that it writes lies below.
        phones: seats whose telephones it plays; those of kind ``sip`` register by themselves.
        population, window_at, ring_backs: as for `CarrierDriver`.
        rootfs: private root file system with Asterisk in it; None = the machine's own.
        prompts: folder of what callees and agents say.
    """

    name = "simulated carrier"

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        clock: Clock,
        *,
        phones: Sequence[Seat],
        rootfs: Path | None,
        prompts: Path = PROMPTS,
        population: Callees | None = None,
        window_at: Callable[[datetime], Window] = window_of,
        ring_backs: RingBackHabit | None = None,
    ) -> None:
        self._settings = settings
        self._folder = folder.resolve()
        self._phones = phones
        self._rootfs = rootfs
        self._prompts = prompts
        self._secret = secrets.token_urlsafe(16)
        self.asterisk = AsteriskProcess(self._folder, rootfs, clock, name=self.name, readable=[prompts])
        self.driver = CarrierDriver(
            settings, self._secret, clock, population=population, window_at=window_at, ring_backs=ring_backs
        )

    async def start(self) -> None:
        """Render, start, drive.

        Raises:
            DialerError, OSError: it could not be started; nothing of it runs.
        """
        render_carrier(
            self._settings,
            self._folder,
            phones=self._phones,
            ami_secret=self._secret,
            rootfs=self._rootfs,
            prompts=self._prompts,
        )
        try:
            await self.asterisk.start()
            await self.driver.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self.driver.stop()
        await self.asterisk.stop()

    async def wait(self) -> None:
        """Return when its Asterisk has ended."""
        await self.asterisk.wait()

    def heard(self, call: Offer | RingBack) -> Path:
        """Recording (8 kHz mono WAV) of what the person on `call` heard, from the answer on."""
        return self._folder / "recordings" / f"{call.uniqueid}-hears.wav"

    def said(self, call: Offer | RingBack) -> Path:
        """Recording of what the person said; as long as `heard`."""
        return self._folder / "recordings" / f"{call.uniqueid}-says.wav"


class SimulatedNetwork:
    """Our Asterisk and the carrier, started together.

    Args:
        settings: ports, folders (``<var>/asterisk`` and ``<var>/carrier``), number of seats.
        seats: None = ``settings.web_seats`` and ``settings.sip_seats`` made-up ones.
        prompts: folder of every sentence that is spoken.
        population, window_at, ring_backs: as for `CarrierDriver`.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        *,
        seats: Sequence[Seat] | None = None,
        prompts: Path = PROMPTS,
        population: Callees | None = None,
        window_at: Callable[[datetime], Window] = window_of,
        ring_backs: RingBackHabit | None = None,
    ) -> None:
        self.settings = settings
        self.seats: Sequence[Seat] = make_seats(settings.web_seats, settings.sip_seats) if seats is None else seats
        self.ami_secret = settings.ami_secret or secrets.token_urlsafe(16)
        self.folder = settings.var / "asterisk"
        self._prompts = prompts
        self._rootfs = find_root()
        self.pbx = AsteriskProcess(
            self.folder, self._rootfs, clock, name="Asterisk", writable=[settings.spool], readable=[prompts]
        )
        self.carrier = SimulatedCarrier(
            settings,
            settings.var / "carrier",
            clock,
            phones=self.seats,
            rootfs=self._rootfs,
            prompts=prompts,
            population=population,
            window_at=window_at,
            ring_backs=ring_backs,
        )

    @property
    def driver(self) -> CarrierDriver:
        return self.carrier.driver

    @property
    def journal(self) -> Path:
        """What happened to each channel of our Asterisk (CEL), as CSV."""
        return self.folder / "log" / "cel-custom" / "calls.csv"

    async def start(self) -> None:
        """Start both; on failure none is left running.

        Raises:
            DialerError, OSError: one clear sentence.
        """
        try:
            ends = await asyncio.gather(self.start_pbx(), self.carrier.start(), return_exceptions=True)
            for error in ends:
                if error is not None:
                    raise error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End both; calls in progress are hung up."""
        await asyncio.gather(self.carrier.stop(), self.pbx.stop())

    async def start_pbx(self) -> None:
        """Render and start our Asterisk, for the first time or again."""
        render_pbx(
            self.settings,
            self.folder,
            seats=self.seats,
            ami_secret=self.ami_secret,
            rootfs=self._rootfs,
            spool=self.settings.spool,
            prompts=self._prompts,
        )
        await self.pbx.start()

    async def kill_pbx(self) -> None:
        """SIGKILL to our Asterisk, as a crash would be; returns when it is gone."""
        self.pbx.kill()
        await self.pbx.wait()
