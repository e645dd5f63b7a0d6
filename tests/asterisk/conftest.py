"""A real telephone network for each test: our Asterisk, the simulated carrier, and a manager connection."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dialer.clock import SystemClock
from dialer.settings import Settings
from dialer.simulation.network import SimulatedNetwork
from tests.asterisk.desk import Desk
from tests.asterisk.ports import free_ports, free_range
from tests.asterisk.sound import write_test_prompts
from tests.asterisk.watching import Watched


@pytest.fixture
def network_settings(request: pytest.FixtureRequest) -> Iterator[Settings]:
    """Settings with free ports and a short folder of their own (the console's socket must fit in 107 bytes).

    A test's own fields are given as the fixture's parameter.
    """
    with tempfile.TemporaryDirectory(prefix="ts-net-") as folder:
        yield settings_in(Path(folder), **getattr(request, "param", {}))


def settings_in(var: Path, **more: object) -> Settings:
    """As the fixture, with a few fields of the test's own."""
    ami, agi, sip, http, carrier_sip, carrier_ami, carrier_agi = free_ports(7)
    rtp_start, rtp_end = free_range(400)
    carrier_rtp_start, carrier_rtp_end = free_range(400)
    values: dict[str, object] = {
        "var_dir": str(var),
        "ami_port": ami,
        "agi_port": agi,
        "sip_port": sip,
        "asterisk_http_port": http,
        "rtp_start": rtp_start,
        "rtp_end": rtp_end,
        "carrier_sip_port": carrier_sip,
        "carrier_ami_port": carrier_ami,
        "carrier_agi_port": carrier_agi,
        "carrier_rtp_start": carrier_rtp_start,
        "carrier_rtp_end": carrier_rtp_end,
        "web_seats": 1,
        "sip_seats": 2,
    }
    return Settings(**{**values, **more})  # type: ignore[arg-type]


@pytest.fixture
def test_prompts(network_settings: Settings) -> Path:
    """Short tones in place of the sentences."""
    folder = network_settings.var / "prompts"
    write_test_prompts(folder)
    return folder


@pytest.fixture
async def pbx_and_carrier(network_settings: Settings, test_prompts: Path) -> AsyncIterator[SimulatedNetwork]:
    """Both Asterisks up (half a second), every callee's line recorded."""
    network = SimulatedNetwork(network_settings, SystemClock(), prompts=test_prompts)
    await network.start()
    try:
        await network.driver.record(True)
        yield network
    finally:
        await network.stop()


@pytest.fixture
async def pbx(pbx_and_carrier: SimulatedNetwork) -> AsyncIterator[Watched]:
    """Our Asterisk as the engine sees it."""
    watched = Watched(pbx_and_carrier)
    await watched.ami.start()
    try:
        yield watched
    finally:
        await watched.ami.close()


@pytest.fixture
async def desk(network_settings: Settings) -> AsyncIterator[Desk]:
    """Somebody who answers the dialplan's questions."""
    desk = Desk()
    await desk.server.start(network_settings.agi_host, network_settings.agi_port)
    try:
        yield desk
    finally:
        await desk.server.close()
