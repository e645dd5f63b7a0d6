"""The doctor finds what is wrong, says how to mend it, and changes nothing."""

from __future__ import annotations

import asyncio
import socket
import wave
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest

from dialer.clock import SystemClock
from dialer.settings import Settings
from dialer.site import doctor
from dialer.site.checks import machine, servers, telephony
from dialer.site.checks.finding import Finding, Patient, State


class LateClock(SystemClock):
    """Two seconds behind the machine's."""

    def now(self) -> datetime:
        return super().now() - timedelta(seconds=2)


@pytest.fixture
async def patient(tmp_path: Path, dsn: str) -> AsyncIterator[Patient]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))  # held, not listening: nobody else can take it
        settings = Settings(
            var_dir=str(tmp_path), database_url=dsn, ami_port=probe.getsockname()[1], asterisk="external"
        )
        yield Patient(settings, SystemClock(), runs=True)


def with_settings(patient: Patient, **changes: object) -> Patient:
    return replace(patient, settings=msgspec.structs.replace(patient.settings, **changes))


def one(findings: list[Finding], part: str) -> Finding:
    return next(finding for finding in findings if finding.part == part)


async def test_a_right_database_is_found_right(patient: Patient) -> None:
    """Version, schema and clock, one line each."""
    findings = await servers.database(patient)
    assert [finding.state for finding in findings] == [State.OK] * 3
    assert [finding.part for finding in findings] == ["PostgreSQL", "スキーマ", "時計のずれ"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DROP TABLE schema_file", "まだ作られていません"),
        ("DELETE FROM schema_file WHERE name LIKE 'webui/%'", "古い版"),
        ("INSERT INTO schema_file VALUES ('campaigns/9999_future.sql', '-', now())", "9999_future"),
        ("UPDATE schema_file SET sha256 = '-' WHERE name LIKE 'dialer/0001%'", "適用後に変えられた"),
    ],
)
async def test_each_way_in_which_a_schema_can_be_wrong(
    patient: Patient, db: asyncpg.Connection, change: str, words: str
) -> None:
    """Missing, older, newer, changed: each has its own words and its own way to mend it."""
    await db.execute(change)
    finding = one(await servers.database(patient), "スキーマ")
    assert finding.state is State.WRONG
    assert words in finding.what
    assert finding.mend


async def test_a_clock_that_differs_from_the_database_is_found(patient: Patient) -> None:
    """More than a second is wrong: due times are compared in the database."""
    finding = one(await servers.database(replace(patient, clock=LateClock())), "時計のずれ")
    assert finding.state is State.WRONG
    assert "+2.0" in finding.what


async def test_a_database_out_of_reach_is_found_without_showing_its_address(patient: Patient) -> None:
    """The address may hold a password."""
    away = with_settings(patient, database_url="postgresql://someone:hunter2@127.0.0.1:9/x")
    (finding,) = await servers.database(away)
    assert finding.state is State.WRONG
    assert "hunter2" not in finding.what + finding.mend


async def test_private_servers_that_rest_are_not_wrong(patient: Patient) -> None:
    """Before the first `dialer up` the doctor finds nothing to mend in them."""
    resting = with_settings(replace(patient, runs=False), database_url="", asterisk="private")
    findings = [
        *await servers.database(resting),
        *await servers.redis_server(resting),
        *await servers.processes(resting),
        *await telephony.manager(resting),
    ]
    assert {finding.state for finding in findings} == {State.IDLE}


async def test_redis_out_of_reach_is_found(patient: Patient, tmp_path: Path) -> None:
    """A socket that is not there."""
    (finding,) = await servers.redis_server(with_settings(patient, redis_url=f"unix://{tmp_path}/none.sock"))
    assert finding.state is State.WRONG


async def test_a_manager_port_where_nobody_listens_is_named(patient: Patient) -> None:
    """With the settings that decide it."""
    (finding,) = await telephony.manager(with_settings(patient, ami_secret="made-up"))
    assert finding.state is State.WRONG
    assert str(patient.settings.ami_port) in finding.what
    assert "AMI_PORT" in finding.mend


async def test_processes_that_should_run_and_do_not_are_found(patient: Patient) -> None:
    """Each by its name."""
    findings = [*await servers.processes(patient), *await servers.background(patient)]
    assert {finding.part: finding.state for finding in findings} == {
        "エンジン": State.WRONG,
        "画面": State.WRONG,
        "録音の保存": State.WRONG,
        "架電順の計算": State.WRONG,
    }


async def test_taken_ports_are_named_with_their_settings(patient: Patient) -> None:
    """Only while the site rests: a running one uses them itself."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        resting = with_settings(replace(patient, runs=False), web_port=other.getsockname()[1])
        (finding,) = await machine.ports(resting)
        assert "WEB_PORT" in finding.what
        assert (await machine.ports(replace(resting, runs=True)))[0].state is State.OK


async def test_a_full_disk_is_found(patient: Patient) -> None:
    """The limit is the one at which `dialer up` refuses."""
    (finding,) = await machine.disk(with_settings(patient, min_free_disk_mb=10**9))
    assert finding.state is State.WRONG


async def test_prompts_in_the_wrong_form_are_named(
    patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asterisk would play them too slowly, or not at all, and the caller would hear silence."""
    for name, rate, frames in (("abandoned", 8000, 80), ("interrupted", 44100, 80), ("closed", 8000, 0)):
        with wave.open(str(tmp_path / f"{name}.wav"), "wb") as sound:
            sound.setparams((1, 2, rate, 0, "NONE", ""))
            sound.writeframes(bytes(2 * frames))
    monkeypatch.setattr(machine, "PROMPTS", tmp_path)
    (finding,) = await machine.prompts(patient)
    assert "abandoned" not in finding.what
    for words in ("interrupted.wav の形式", "closed.wav が空", "busy_desk.wav がありません"):
        assert words in finding.what


async def test_the_prompts_of_this_release_are_right(patient: Patient) -> None:
    """Those that are committed."""
    assert [finding.state for finding in await machine.prompts(patient)] == [State.OK]


async def test_a_package_of_another_version_is_named(
    patient: Patient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock file is what was tested."""
    lock = tmp_path / "requirements.lock"
    lock.write_text("aiohttp==0.0.1\n")
    monkeypatch.setattr(machine, "_LOCK", lock)
    (finding,) = await machine.python(patient)
    assert "0.0.1" in finding.what
    assert finding.state is State.WRONG


@pytest.mark.parametrize(("error_us", "state"), [(5_000, State.OK), (16_000_000, State.WRONG)])
async def test_a_clock_that_nobody_synchronises_is_found(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, error_us: int, state: State
) -> None:
    """16 s is the kernel's bound when it has not heard from anybody."""
    monkeypatch.setattr(servers, "kernel_clock_error_us", lambda: error_us)
    (finding,) = await servers.clock(patient)
    assert finding.state is state


def test_the_kernel_is_asked_for_its_clock() -> None:
    """The number is the kernel's own: positive, and never above its bound by much."""
    assert 0 <= servers.kernel_clock_error_us() <= 16_000_000 + 1_000_000


async def test_checks_that_hang_or_break_do_not_hide_the_others(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each becomes a finding of its own."""

    async def hangs(patient: Patient) -> list[Finding]:
        await asyncio.Event().wait()
        return []

    async def breaks(patient: Patient) -> list[Finding]:
        raise RuntimeError

    monkeypatch.setattr(doctor, "_LONGEST_CHECK_S", 0.05)
    checks = (hangs, breaks, machine.disk)
    found = [finding async for finding in doctor.examine(patient.settings, SystemClock(), checks)]
    assert [finding.state for finding in found] == [State.WRONG, State.WRONG, State.OK]
