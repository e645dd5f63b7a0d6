"""What Asterisk's files say: settings and seats in, ``<folder>/etc/*.conf`` out.

Decides the values of the templates in ``asterisk-conf/pbx`` and ``asterisk-conf/carrier``; starts nothing.

Invariant: everything that an Asterisk writes lies below its folder, except recordings, which go to the spool.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from dialer.asterisk.addresses import addresses_of, own_addresses
from dialer.asterisk.templates import PROMPTS, fill, find_modules, module_names
from dialer.errors import SettingsError
from dialer.settings import Settings

CARRIER_AMI_USER = "carrier"
TRUNK_WATCH = "trunk-watch"
"""Endpoint of `pbx/pjsip.conf.j2` whose device state tells whether the trunk answers OPTIONS; no call uses it."""
_CARRIER_HOST = "127.0.0.1"  # both Asterisks of a simulation are on this machine
_QUESTION_MARGIN_S = 3  # what the engine may take for its answer beyond the abandon threshold
_WAIT_MARGIN_S = 5  # a caller whom nobody takes out of the queue hears the sentence so much later than by the engine
# Asterisk complains of these when they are missing; its defaults are meant.
_EMPTY_FILES = (
    "acl.conf",
    "ccss.conf",
    "confbridge.conf",
    "features.conf",
    "geolocation.conf",
    "pjproject.conf",
    "stasis.conf",
    "statsd.conf",
    "udptl.conf",
)
_OPUS = ("codec_opus_open_source", "codec_opus")


class Seat(Protocol):
    """A telephone place; `kind` is ``web`` (browser) or ``sip`` (telephone)."""

    @property
    def extension(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def secret(self) -> str: ...


def render_pbx(
    settings: Settings,
    folder: Path,
    *,
    seats: Sequence[Seat],
    ami_secret: str,
    rootfs: Path | None,
    spool: Path,
    prompts: Path = PROMPTS,
) -> None:
    """Write the files of our own Asterisk.

    Args:
        folder: everything but the recordings lies below it.
        seats: every telephone place, `kind` ``web`` or ``sip``.
        ami_secret: of ``settings.ami_user``.
        rootfs: private root file system with Asterisk in it; None = the machine's own.
        spool: recordings of calls that are up.
        prompts: folder of the spoken sentences.

    Raises:
        SettingsError: a value that can't stand in the files, a trunk host that can't be found.
        StartError: Asterisk lacks a module.
    """
    folder, modules = folder.resolve(), module_names(rootfs)
    own = own_addresses()
    is_simulated = settings.trunk_host == ""
    trunk_host = settings.trunk_host or _CARRIER_HOST
    media_host = str(_literal(settings.media_host))
    # Behind a router MEDIA_HOST is no address of this machine: then Asterisk listens on all that it has.
    bind_host = media_host if media_host in own or _literal(media_host).is_loopback else "0.0.0.0"  # noqa: S104
    has_opus = not modules.isdisjoint(_OPUS)
    _make_folders(folder, spool)
    fill(
        "pbx",
        folder / "etc",
        {
            **_common(folder, rootfs),
            "rtp_start": settings.rtp_start,
            "rtp_end": _above(settings.rtp_start, settings.rtp_end, "RTP_END"),
            "media_host": media_host,
            "bind_host": bind_host,
            "local_nets": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8"],
            "ice_mapping": [address for address in own if address != media_host],
            "sip_port": settings.sip_port,
            "http_port": settings.asterisk_http_port,
            "http_sessions": 100 + 2 * settings.web_seats,  # a page that reloads has two for a moment
            "ami_host": settings.ami_host,
            "ami_port": settings.ami_port,
            "ami_user": settings.ami_user,
            "ami_secret": ami_secret,
            "agi_host": settings.agi_host,
            "agi_port": settings.agi_port,
            "question_s": math.ceil(settings.abandon_after_s) + _QUESTION_MARGIN_S,
            "wait_s": math.ceil(settings.inbound_wait_s) + _WAIT_MARGIN_S,
            "trunk_host": trunk_host,
            "trunk_port": settings.carrier_sip_port if is_simulated else settings.trunk_port,
            "trunk_addresses": addresses_of(trunk_host, "TRUNK_HOST"),
            "trunk_user": settings.trunk_user,
            "trunk_secret": settings.trunk_secret,
            "seats": seats,
            "web_codecs": "opus,ulaw" if has_opus else "ulaw",
            "prompts": prompts.resolve(),
            "spool": spool.resolve(),
        },
        modules,
    )


def render_carrier(
    settings: Settings,
    folder: Path,
    *,
    phones: Sequence[Seat],
    ami_secret: str,
    rootfs: Path | None,
    prompts: Path = PROMPTS,
) -> None:
    """Write the files of the second Asterisk, which plays the telephone network and the people on it.

    Args:
        folder: as for `render_pbx`; what callees hear is recorded in ``<folder>/recordings`` when switched on.
        phones: seats whose telephones it plays; only those of kind ``sip`` are taken.
        ami_secret: of the user ``carrier``.
        rootfs, prompts: as for `render_pbx`.

    Raises:
        SettingsError, StartError: as for `render_pbx`.
    """
    folder, modules = folder.resolve(), module_names(rootfs)
    _make_folders(folder, folder / "recordings")
    fill(
        "carrier",
        folder / "etc",
        {
            **_common(folder, rootfs),
            "rtp_start": settings.carrier_rtp_start,
            "rtp_end": _above(settings.carrier_rtp_start, settings.carrier_rtp_end, "CARRIER_RTP_END"),
            "media_host": _CARRIER_HOST,
            "ice_mapping": [],
            "sip_port": settings.carrier_sip_port,
            "ami_port": settings.carrier_ami_port,
            "ami_user": CARRIER_AMI_USER,
            "ami_secret": ami_secret,
            "agi_port": settings.carrier_agi_port,
            "pbx_port": settings.sip_port,
            "trunk_user": settings.trunk_user if settings.trunk_host == "" else "",
            "trunk_secret": settings.trunk_secret,
            "phones": [seat for seat in phones if seat.kind == "sip"],
            "prompts": prompts.resolve(),
            "recordings": folder / "recordings",
        },
        modules,
    )


def _common(folder: Path, rootfs: Path | None) -> dict[str, object]:
    return {"folder": folder, "modules_dir": find_modules(rootfs)}


def _make_folders(folder: Path, spool: Path) -> None:
    for path in (*(folder / name for name in ("etc", "lib", "log", "log/cel-custom", "run", "spool")), spool):
        path.mkdir(parents=True, exist_ok=True)
    for name in _EMPTY_FILES:
        (folder / "etc" / name).touch()


def _literal(host: str) -> ipaddress.IPv4Address:
    try:
        return ipaddress.IPv4Address(host)
    except ValueError as error:
        raise SettingsError("MEDIA_HOST: must be an IPv4 address") from error


def _above(start: int, end: int, setting: str) -> int:
    if end <= start:
        raise SettingsError(f"{setting}: must be greater than the start of the range")
    return end
