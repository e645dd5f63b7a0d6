"""What is refused before anything is started: a taken port, a full disk, a ``var/`` that can't be written.

Decides on the settings and on the machine as it is at this moment; starts and changes nothing. All problems are
found at once and said in one sentence each, with the setting that mends them.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dialer.errors import PortTaken, StartError
from dialer.settings import Settings

_MB = 1_000_000


@dataclass(frozen=True)
class PortNeeded:
    """A port that one of our processes will listen on; `setting` is its name in ``.env``."""

    setting: str
    host: str
    port: int
    kind: Literal["tcp", "udp"]


def ports_needed(settings: Settings, *, simulated: bool = False) -> list[PortNeeded]:
    """Every port that has to be free.

    Args:
        simulated: the simulated carrier is started as well.
    """
    needed = [
        PortNeeded("WEB_PORT", settings.web_host, settings.web_port, "tcp"),
        PortNeeded("AGI_PORT", settings.agi_host, settings.agi_port, "tcp"),
    ]
    if settings.asterisk == "private":
        media_host = "127.0.0.1" if settings.media_host.startswith("127.") else "0.0.0.0"  # noqa: S104  # as Asterisk will
        needed += [
            PortNeeded("AMI_PORT", settings.ami_host, settings.ami_port, "tcp"),
            PortNeeded("SIP_PORT", media_host, settings.sip_port, "udp"),
            PortNeeded("ASTERISK_HTTP_PORT", media_host, settings.asterisk_http_port, "tcp"),
        ]
    if simulated:
        needed += [
            PortNeeded("CARRIER_SIP_PORT", "127.0.0.1", settings.carrier_sip_port, "udp"),
            PortNeeded("CARRIER_AMI_PORT", "127.0.0.1", settings.carrier_ami_port, "tcp"),
            PortNeeded("CARRIER_AGI_PORT", "127.0.0.1", settings.carrier_agi_port, "tcp"),
        ]
    return needed


def check(settings: Settings, *, simulated: bool = False) -> None:
    """Refuse what can't work.

    Raises:
        PortTaken: only ports are in the way; every one is named.
        StartError: anything else, ports included.
    """
    ports = [*_same_port_twice(settings, simulated), *_taken_ports(settings, simulated)]
    others = [*_ranges(settings, simulated), *_folder(settings)]
    if others:
        raise StartError("; ".join([*others, *ports]))
    if ports:
        raise PortTaken("; ".join(ports))


def taken(needed: PortNeeded) -> str | None:
    """Why `needed` can't be listened on, in one sentence; None = it is free."""
    kind = socket.SOCK_STREAM if needed.kind == "tcp" else socket.SOCK_DGRAM
    family = socket.AF_INET6 if ":" in needed.host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if needed.kind == "tcp":  # connections of a site that has just ended may linger, a listener may not
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((needed.host, needed.port))
        except OSError as error:
            what = f"{needed.kind} port {needed.port} on {needed.host}"
            if error.errno == errno.EADDRINUSE:
                return f"{what} is taken by another program: set {needed.setting}"
            return f"{what} can't be used ({error.strerror}): set {needed.setting}"
    return None


def _taken_ports(settings: Settings, simulated: bool) -> Iterator[str]:
    for needed in ports_needed(settings, simulated=simulated):
        if problem := taken(needed):
            yield problem


def _same_port_twice(settings: Settings, simulated: bool) -> Iterator[str]:
    needed = ports_needed(settings, simulated=simulated)
    for (kind, port), count in Counter((one.kind, one.port) for one in needed).items():
        if count > 1:
            names = ", ".join(one.setting for one in needed if (one.kind, one.port) == (kind, port))
            yield f"{names} name the same port {port}"


def _ranges(settings: Settings, simulated: bool) -> Iterator[str]:
    ours = (settings.rtp_start, settings.rtp_end)
    if ours[0] >= ours[1]:
        yield "RTP_START must be smaller than RTP_END"
    if simulated:
        theirs = (settings.carrier_rtp_start, settings.carrier_rtp_end)
        if theirs[0] >= theirs[1]:
            yield "CARRIER_RTP_START must be smaller than CARRIER_RTP_END"
        if ours[0] <= theirs[1] and theirs[0] <= ours[1]:
            yield "RTP_START…RTP_END and CARRIER_RTP_START…CARRIER_RTP_END overlap"


def _folder(settings: Settings) -> Iterator[str]:
    var = settings.var
    try:
        var.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        yield f"{var} can't be made ({error.strerror}): set VAR_DIR"
        return
    if not os.access(var, os.W_OK | os.X_OK):
        yield f"{var} can't be written by this user: set VAR_DIR"
    if problem := disk_problem(var, settings.min_free_disk_mb):
        yield problem


def disk_problem(var: Path, least_mb: int) -> str | None:
    """Why the disk below `var` is too full, in one sentence; None = there is room."""
    free_mb = shutil.disk_usage(var).free // _MB
    if free_mb >= least_mb:
        return None
    return f"only {free_mb} MB are free below {var}, {least_mb} are needed: make room, or set MIN_FREE_DISK_MB"
