"""The doctor at a real Asterisk: log-in, rights, trunk and seats."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from dialer.asterisk import console
from dialer.clock import SystemClock
from dialer.settings import Settings
from dialer.site.checks import telephony
from dialer.site.checks.finding import Patient, State
from dialer.site.pbx import render_private, seats_of

pytestmark = pytest.mark.asterisk


@pytest.fixture
async def patient(dsn: str) -> AsyncIterator[Patient]:
    """A site whose Asterisk runs, with two seats and a trunk that is not there."""
    with ExitStack() as held, tempfile.TemporaryDirectory(prefix="ts-doc-") as var:
        probes = [held.enter_context(socket.socket()) for _ in range(4)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        ami, sip, http, trunk = (int(probe.getsockname()[1]) for probe in probes)
        held.pop_all().close()
        settings = Settings(
            var_dir=var,
            database_url=dsn,
            ami_port=ami,
            sip_port=sip,
            asterisk_http_port=http,
            trunk_host="127.0.0.1",
            trunk_port=trunk,
            trunk_user="made-up",
            trunk_secret="made-up",
            web_seats=1,
            sip_seats=1,
        )
        clock = SystemClock()
        asterisk = render_private(settings, await seats_of(settings, dsn), clock)
        try:
            await asterisk.start()
            yield Patient(settings, clock, runs=True)
        finally:
            await asterisk.stop()


async def test_log_in_and_rights_are_right_and_a_dead_trunk_is_found(patient: Patient) -> None:
    """The engine's own user, as it was rendered, has all that the engine needs."""
    findings = await telephony.manager(patient)
    assert [(finding.part, finding.state) for finding in findings] == [
        ("AMI", State.OK),
        ("回線", State.WRONG),
        ("回線の登録", State.WRONG),
        ("席", State.OK),
    ]
    assert "Unregistered" in findings[2].what or "Rejected" in findings[2].what


async def test_a_wrong_secret_is_refused_without_being_shown(patient: Patient) -> None:
    """The finding names the settings, not their values."""
    settings = msgspec.structs.replace(patient.settings, ami_secret="hunter2")
    (finding,) = await telephony.manager(replace(patient, settings=settings))
    assert finding.state is State.WRONG
    assert "hunter2" not in finding.what + finding.mend
    assert "AMI_SECRET" in finding.mend


async def test_a_missing_right_is_named(patient: Patient) -> None:
    """An administrator who cut the rights down reads which one is missing."""
    manager = Path(patient.settings.var_dir) / "asterisk" / "etc" / "manager.conf"
    text = manager.read_text()
    assert "write = " in text
    manager.write_text("".join(_without_originate(line) for line in text.splitlines(keepends=True)))
    await console.ask(manager.parents[1] / "run" / "asterisk.ctl", "manager reload")
    (finding,) = await telephony.manager(patient)
    assert finding.state is State.WRONG
    assert "originate" in finding.what


def _without_originate(line: str) -> str:
    return line.replace("originate,", "").replace(",originate", "") if line.startswith("write = ") else line
