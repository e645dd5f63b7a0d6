"""The IPv4 addresses of this machine, and those of the trunk's host.

Asterisk needs both written down: it offers browsers the addresses of all interfaces, and it knows a trunk's
calls by the address that they come from. Read without a program of the system's, which a small
container may lack.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from pathlib import Path

from dialer.errors import SettingsError

_FIB_TRIE = Path("/proc/net/fib_trie")
_LOCAL = re.compile(r"\|-- (\d+\.\d+\.\d+\.\d+)\n\s+/32 host LOCAL")


def own_addresses(fib_trie: Path = _FIB_TRIE) -> list[str]:
    """The machine's own addresses without the loopback ones, in ascending order; none when it has no network.

    Source: proc(5), the kernel's route table; a line ``/32 host LOCAL`` marks an address of an interface.
    """
    try:
        text = fib_trie.read_text(encoding="ascii")
    except OSError:
        return []
    found = {ipaddress.IPv4Address(address) for address in _LOCAL.findall(text)}
    return [str(address) for address in sorted(found) if not address.is_loopback]


def addresses_of(host: str, setting: str) -> list[str]:
    """Every address that `host` (a name or an address) stands for.

    Args:
        setting: what the message calls it.

    Raises:
        SettingsError: the name can't be resolved.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise SettingsError(f"{setting}: the host can't be found ({error.strerror})") from error
    return sorted({str(address[0]) for *_, address in found})
