"""All settings, read once from the environment (``.env`` first, then the process's own).

Names in the environment are the field names in capitals (``web_port`` ← ``WEB_PORT``). A wrong or
unknown value is one error that lists everything wrong. Units stand in the names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from dotenv import dotenv_values
from msgspec import Meta

from dialer.errors import SettingsError

Port = Annotated[int, Meta(ge=1, le=65535)]
Seconds = Annotated[float, Meta(gt=0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting with its default; a default suits the demo on one machine."""

    var_dir: str = "var"  # everything that is written goes below it
    min_free_disk_mb: Annotated[int, Meta(ge=0)] = 1000  # less than this free below var_dir: not started

    database_url: str = ""  # empty = a private PostgreSQL below var_dir
    redis_url: str = ""  # empty = a private Redis below var_dir

    web_host: str = "127.0.0.1"
    web_port: Port = 8090
    web_origin: str = ""  # as browsers see it behind a TLS proxy, e.g. https://dialer.example; empty = plain HTTP
    sip_ws_url: str = ""  # WebSocket of the telephones as browsers see it; "/ws" = same origin; empty = Asterisk's own
    audio_processing: bool = True  # echo cancellation etc. in the browser; tests with tones switch it off

    # The Asterisk that this system calls through. 'private' = started by us from rendered files.
    asterisk: Literal["private", "external"] = "private"
    ami_host: str = "127.0.0.1"
    ami_port: Port = 25038
    ami_user: str = "tsunagu"
    ami_secret: str = ""  # empty = made at set-up, kept in var_dir/secrets
    agi_host: str = "127.0.0.1"
    agi_port: Port = 24573
    sip_port: Port = 25060
    asterisk_http_port: Port = 28088  # WebSocket of the browsers' telephones
    rtp_start: Port = 22000
    rtp_end: Port = 22999
    media_host: str = "127.0.0.1"  # address that telephones and trunk reach

    trunk_host: str = ""  # empty = the simulated carrier
    trunk_port: Port = 5060
    trunk_user: str = ""  # empty = no registration
    trunk_secret: str = ""
    trunk_lines: Annotated[int, Meta(ge=1)] = 100
    spare_lines: Annotated[int, Meta(ge=0)] = 0  # of the trunk's, kept free for people who call
    calls_per_second: Annotated[float, Meta(gt=0, le=200)] = 20.0

    web_seats: Annotated[int, Meta(ge=0, le=400)] = 10
    sip_seats: Annotated[int, Meta(ge=0, le=400)] = 40

    abandon_after_s: Seconds = 2.0  # an answered call without an agent for this long is abandoned
    abandon_limit_ratio: Annotated[float, Meta(gt=0, le=0.05)] = (
        0.03  # of all campaigns together, over 24 h and 30 days
    )
    inbound_wait_s: Seconds = 180.0  # a caller for whom nobody became free for so long hears a sentence
    pacing_trace_days: Annotated[int, Meta(ge=0, le=366)] = 7  # days for which decisions are kept; 0 = none is written
    reconcile_every_s: Seconds = 5.0

    # The simulated carrier (a second Asterisk), used by the demo and the tests.
    carrier_sip_port: Port = 25160
    carrier_ami_port: Port = 25138
    carrier_agi_port: Port = 24673
    carrier_rtp_start: Port = 23000
    carrier_rtp_end: Port = 23999
    demo_file: str = ""  # empty = people are generated

    @property
    def var(self) -> Path:
        return Path(self.var_dir).resolve()

    @property
    def engine_socket(self) -> Path:
        """Unix socket of the engine's control interface."""
        return self.var / "run" / "engine.sock"

    @property
    def pacing_trace(self) -> Path:
        """Where the decisions of the pacing are written."""
        return self.var / "pacing"

    @property
    def spool(self) -> Path:
        """Where Asterisk writes recordings while a call is up."""
        return self.var / "spool"

    @property
    def archive(self) -> Path:
        """Where finished recordings are kept."""
        return self.var / "recordings"


def read_settings(env: Mapping[str, str] | None = None, dotenv: Path | None = Path(".env")) -> Settings:
    """Settings from `dotenv` (if the file exists) overlaid by `env` (the process's when None).

    Raises:
        SettingsError: every wrong value by name, without showing it (it may be a secret).
    """
    given: dict[str, str] = {}
    if dotenv is not None and dotenv.is_file():
        given.update({k: v for k, v in dotenv_values(dotenv).items() if v is not None})
    given.update(os.environ if env is None else env)
    values: dict[str, object] = {}
    problems: list[str] = []
    for field in msgspec.structs.fields(Settings):
        raw = given.get(field.name.upper(), "")
        if raw == "":
            continue
        try:
            values[field.name] = msgspec.convert(raw, field.type, strict=False)
        except msgspec.ValidationError as error:
            problems.append(f"{field.name.upper()}: {error}")
    if problems:
        raise SettingsError("; ".join(problems))
    return Settings(**values)  # type: ignore[arg-type]  # each value was converted to its field's type
